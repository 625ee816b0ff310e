"""A BlueZ with one adapter, as a program: it lets one device advertise what its command line says.

    python -m tests.edge.fake_bluez BUS_ADDRESS DEVICE_ADDRESS COMPANY HEX [HEX...]

Prints "ready" once its name is there. It answers only what a scanner asks.
"""

from __future__ import annotations

import asyncio
import sys

from dbus_next import Message, MessageType, Variant
from dbus_next.aio import MessageBus

ADAPTER = "/org/bluez/hci0"


async def main(bus_address: str, device_address: str, company: int, contents: list[bytes]) -> None:
    device = f"{ADAPTER}/dev_{device_address.replace(':', '_')}"
    objects = {
        ADAPTER: {
            "org.bluez.Adapter1": {
                "Address": Variant("s", "00:01:02:03:04:05"),
                "Powered": Variant("b", True),
                "Roles": Variant("as", ["central", "peripheral"]),
            }
        },
        device: {
            "org.bluez.Device1": {
                "Address": Variant("s", device_address),
                "Adapter": Variant("o", ADAPTER),
                "Alias": Variant("s", "battery"),
                "Connected": Variant("b", False),
                "ServicesResolved": Variant("b", False),
                "UUIDs": Variant("as", []),
            }
        },
    }
    bus = await MessageBus(bus_address=bus_address).connect()
    advertising: list[asyncio.Task[None]] = []

    async def advertise() -> None:
        while True:
            for strength, content in enumerate(contents):
                changed = {
                    "ManufacturerData": Variant("a{qv}", {company: Variant("ay", content)}),
                    "RSSI": Variant("n", strength - 60),
                }
                body = ["org.bluez.Device1", changed, []]
                interface = "org.freedesktop.DBus.Properties"
                await bus.send(Message.new_signal(device, interface, "PropertiesChanged", "sa{sv}as", body))
                await asyncio.sleep(0.05)

    def answer(message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        if message.member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
        if message.member == "StartDiscovery":
            advertising.append(asyncio.create_task(advertise()))
        return Message.new_method_return(message)

    bus.add_message_handler(answer)
    await bus.request_name("org.bluez")
    print("ready", flush=True)
    await bus.wait_for_disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3], 0), [bytes.fromhex(text) for text in sys.argv[4:]]))
