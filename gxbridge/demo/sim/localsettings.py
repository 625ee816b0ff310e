"""A small `com.victronenergy.settings`: `python -m gxbridge.demo.sim.localsettings --dbus ADDRESS`.

As the GX's localsettings it knows the settings that DVCC reads, and gives out device instances. It forgets everything.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from gxbridge.demo.sim.busitem import SimService, SimValue, from_variant, to_variant
from gxbridge.demo.sim.orders import Orders, SimOrder, say

NAME = "com.victronenergy.settings"
SETTINGS_INTERFACE = "com.victronenergy.Settings"
OK, UNKNOWN_TYPE, NOT_UNDER_SETTINGS = 0, -3, -9

SYSTEM = "/Settings/SystemSetup"
DEFAULTS: dict[str, SimValue] = {
    "/Settings/Services/Bol": 1,
    f"{SYSTEM}/MaxChargeCurrent": -1.0,
    f"{SYSTEM}/MaxChargeVoltage": 0.0,
    f"{SYSTEM}/BmsInstance": -1,
    f"{SYSTEM}/BatteryService": "default",
    f"{SYSTEM}/TemperatureService": "default",
    f"{SYSTEM}/SharedVoltageSense": 1,
    f"{SYSTEM}/SharedTemperatureSense": 1,
    f"{SYSTEM}/BatteryCurrentSense": 1,
    f"{SYSTEM}/DvccControlAllMultis": 0,
    f"{SYSTEM}/HasDcSystem": 0,
}


class SimSettings(SimService):
    """BusItem for the values, and the interface by which programs add their own."""

    def __init__(self, address: str) -> None:
        super().__init__(address, NAME, DEFAULTS, _Under())

    def _handle(self, message: Any) -> Any:
        if message.message_type == MessageType.METHOD_CALL and message.interface == SETTINGS_INTERFACE:
            return self._settings_call(message)
        return super()._handle(message)

    def _settings_call(self, message: Any) -> Any:
        if message.member == "AddSettings" and message.signature == "aa{sv}":
            entries = [{key: from_variant(value) for key, value in entry.items()} for entry in message.body[0]]
            results = [self._add(entry) for entry in entries]
            self.flush()
            return Message.new_method_return(message, "aa{sv}", [results])
        if message.member in ("AddSetting", "AddSilentSetting") and message.signature == "ssvsvv":
            group, name, default = message.body[:3]
            path = f"/Settings/{group}/{name}".replace("//", "/")
            result = self._add({"path": path, "default": from_variant(default)})
            self.flush()
            return Message.new_method_return(message, "i", [result["error"].value])
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", f"no method {message.member}")

    def _add(self, entry: dict[str, SimValue]) -> dict[str, Any]:
        path, default = str(entry.get("path")), entry.get("default")
        if not path.startswith("/Settings/"):
            return {"path": Variant("s", path), "error": Variant("i", NOT_UNDER_SETTINGS)}
        if default is None:
            return {"path": Variant("s", path), "error": Variant("i", UNKNOWN_TYPE)}
        if path not in self:
            self[path] = self._free_instance(str(default)) if path.endswith("/ClassAndVrmInstance") else default
        return {"path": Variant("s", path), "error": Variant("i", OK), "value": to_variant(self[path])}

    def _free_instance(self, wanted: str) -> str:
        kind, _, number = wanted.partition(":")
        taken = {value for path, value in self._items.items() if path.endswith("/ClassAndVrmInstance")}
        instance = int(number) if number.isdigit() else 0
        while f"{kind}:{instance}" in taken:
            instance += 1
        return f"{kind}:{instance}"


class _Under(frozenset[str]):
    """Every setting may be written."""

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and path.startswith("/Settings/")


async def live_settings(address: str) -> None:
    """Be the settings until there is nobody left to give orders, or the bus ends. An order is {path: value}."""
    settings = SimSettings(address)
    await settings.start()

    def order(order: SimOrder) -> None:
        for path, value in order.items():
            settings[path] = value
        settings.flush()

    orders = Orders(order)
    say(ready=True)
    lost = asyncio.ensure_future(settings.lost())
    await asyncio.wait([lost, asyncio.ensure_future(orders.done.wait())], return_when=asyncio.FIRST_COMPLETED)


def main() -> None:
    """The command line of the simulated settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dbus", required=True)
    asyncio.run(live_settings(parser.parse_args().dbus))


if __name__ == "__main__":
    main()
