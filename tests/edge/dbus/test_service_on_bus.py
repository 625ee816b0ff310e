"""A published service on a real bus: BusItem, whole."""

from __future__ import annotations

import asyncio
import math
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus.bus import CallFailed
from gxbridge.edge.dbus.busitem import OnWrite
from gxbridge.edge.dbus.service import PublishedService
from tests.edge.aio import run, until
from tests.edge.dbus_client import ITEM, Client, client

pytestmark = pytest.mark.usefixtures("each_library")

NAME = "com.victronenergy.battery.test"

SPECS = {
    "/DeviceInstance": ItemSpec("u"),
    "/Dc/0/Voltage": ItemSpec("d", "{:.2f}V"),
    "/Dc/0/Current": ItemSpec("d", "{:.1f}A"),
    "/Dc/1/Voltage": ItemSpec("d", "{:.2f}V"),
    "/Dcx": ItemSpec("i"),
    "/Capacity": ItemSpec("q", "{}Ah"),
    "/State": ItemSpec("y"),
    "/ProductId": ItemSpec("q", "0x{:X}"),
    "/Mode": ItemSpec("u", writable=True),
    "/CustomName": ItemSpec("s", writable=True),
    "/Setpoint": ItemSpec("d", "{:.1f}V", writable=True, minimum=10, maximum=60.5, default=24),
}
VALUES: dict[str, Value] = {
    "/DeviceInstance": 1,
    "/Dc/0/Voltage": 26.39,
    "/Capacity": 800,
    "/ProductId": 0xA3E5,
    "/Mode": 3,
    "/CustomName": "House",
    "/Setpoint": 24.0,
}


@asynccontextmanager
async def published(
    bus: str, on_write: OnWrite | None = None, specs: Mapping[str, ItemSpec] = SPECS
) -> AsyncIterator[tuple[PublishedService, Client]]:
    service = PublishedService(bus, NAME, specs, VALUES if specs is SPECS else {}, on_write)
    await service.start()
    try:
        async with client(bus, NAME) as found:
            yield service, found
    finally:
        await service.close()


def test_every_item_is_answered_with_value_and_text(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            (items,) = await found.call("/", "GetItems")
            assert set(items) == set(SPECS)
            assert items["/Dc/0/Voltage"] == {"Value": 26.39, "Text": "26.39V"}
            assert items["/ProductId"] == {"Value": 0xA3E5, "Text": "0xA3E5"}
            assert items["/Dc/0/Current"] == {"Value": None, "Text": ""}
            assert await found.call("/Dc/0/Voltage", "GetValue") == [26.39]
            assert await found.call("/Dc/0/Voltage", "GetText") == ["26.39V"]
            assert await found.call("/State", "GetValue") == [None]
            assert await found.call("/State", "GetText") == [""]

    run(main)


def test_an_invalid_value_is_an_empty_array_of_int32(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            reply = await found.connection.call(NAME, "/State", ITEM, "GetValue")
            assert reply.frame[reply.at :] == bodies.INVALID_VARIANT

    run(main)


def test_nodes_answer_with_everything_below_them(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            below = {"0/Voltage": 26.39, "0/Current": None, "1/Voltage": None}
            assert await found.call("/Dc", "GetValue") == [below]  # and nothing of /Dcx
            assert await found.call("/Dc/0", "GetText") == [{"Voltage": "26.39V", "Current": ""}]
            (everything,) = await found.call("/", "GetValue")
            assert set(everything) == {path[1:] for path in SPECS}
            reply = await found.connection.call(NAME, "/Dc", ITEM, "GetValue")
            assert reply.frame[reply.at :].startswith(b"\x05a{sv}\0")

    run(main)


def test_calls_without_an_interface_are_answered(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            assert await found.call("/Capacity", "GetValue", interface=None) == [800]
            assert len((await found.call("/", "GetItems", interface=None))[0]) == len(SPECS)
            assert await found.call("/Mode", "SetValue", "v", ("i", 1), interface=None) == [0]
            assert "<node>" in (await found.call("/", "Introspect", interface=None))[0]
            assert await found.call("/", "Ping", interface=None) == []

    run(main)


@pytest.mark.parametrize(
    ("path", "member", "interface", "error"),
    [
        ("/Nothing", "GetValue", ITEM, "UnknownObject"),
        ("/Nothing", "GetItems", None, "UnknownObject"),
        ("/Dc/0/Voltage/X", "SetValue", ITEM, "UnknownObject"),
        ("/Nothing", "Introspect", "org.freedesktop.DBus.Introspectable", "UnknownObject"),
        ("/Dc", "GetItems", ITEM, "UnknownMethod"),
        ("/Dc", "SetValue", ITEM, "UnknownMethod"),
        ("/Mode", "SetDefault", ITEM, "UnknownMethod"),
        ("/Mode", "GetValue", "com.example.Other", "UnknownMethod"),
        ("/Mode", "SetValue", ITEM, "InvalidArgs"),
    ],
)
def test_what_we_do_not_have_is_refused_by_the_right_name(
    bus: str, path: str, member: str, interface: str | None, error: str
) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            with pytest.raises(CallFailed) as caught:
                await found.call(path, member, interface=interface)
            assert caught.value.name == f"org.freedesktop.DBus.Error.{error}"

    run(main)


def test_sliders_get_their_ends(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            assert await found.call("/Setpoint", "GetMin") == [10]
            assert await found.call("/Setpoint", "GetMax") == [60.5]
            assert await found.call("/Setpoint", "GetDefault") == [24]
            assert await found.call("/Mode", "GetMin") == [None]
            assert await found.call("/Mode", "GetDescription", "si", "en", 100) == ["No description given"]

    run(main)


def test_a_range_that_is_known_later_is_announced_with_its_value(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            before = service.signals
            service.respec({"/Mode": service._tree.items["/Mode"].spec})
            service.announce({})
            assert service.signals == before, "the same is no news"
            value = service.value("/Setpoint")
            service.respec({"/Setpoint": service._tree.items["/Setpoint"].spec._replace(minimum=12, maximum=30)})
            service.announce({})
            assert service.signals == before + 1
            assert await found.call("/Setpoint", "GetMin") == [12]
            (items,) = await found.call("/", "GetItems")
            assert (items["/Setpoint"]["Min"], items["/Setpoint"]["Max"], items["/Setpoint"]["Value"]) == (
                12,
                30,
                value,
            )
            service.respec({"/Setpoint": service._tree.items["/Setpoint"].spec._replace(signature="s")})
            assert await found.call("/Setpoint", "GetMax") == [30], "a type stays"

    run(main)


def test_the_ends_of_what_a_client_may_write_are_in_the_list_of_items(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            (items,) = await found.call("/", "GetItems")
            assert (items["/Setpoint"]["Min"], items["/Setpoint"]["Max"]) == (10, 60.5)
            assert "Min" not in items["/Mode"]

    run(main)


def test_the_peer_interface_is_there(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            peer = "org.freedesktop.DBus.Peer"
            assert await found.call("/Anything", "Ping", interface=peer) == []
            (machine,) = await found.call("/", "GetMachineId", interface=peer)
            assert len(machine) == 32
            assert await found.call("/", "GetAll", "s", "", interface="org.freedesktop.DBus.Properties") == [{}]

    run(main)


# --- introspection ----------------------------------------------------------------------------------------------------


async def walk(found: Client, path: str = "/") -> dict[str, set[str]]:
    """Path -> BusItem methods of every object that introspection leads to."""
    (document,) = await found.call(path, "Introspect", interface="org.freedesktop.DBus.Introspectable")
    root = ET.fromstring(document)  # noqa: S314 - our own
    methods = {
        str(method.get("name"))
        for interface in root.findall("interface")
        if interface.get("name") == ITEM
        for method in interface.findall("method")
    }
    seen = {path: methods}
    for child in root.findall("node"):
        seen |= await walk(found, f"{path.rstrip('/')}/{child.get('name')}")
    return seen


def test_introspection_leads_to_every_item_and_to_nothing_else(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            seen = await walk(found)
            assert set(seen) == {*SPECS, "/", "/Dc", "/Dc/0", "/Dc/1"}
            assert "GetItems" in seen["/"]
            assert seen["/Dc"] == {"GetValue", "GetText"}
            assert {"GetValue", "GetText", "SetValue"} <= seen["/Mode"]

    run(main)


# --- changes ----------------------------------------------------------------------------------------------------------


def test_one_signal_for_all_changes_of_a_turn_with_only_what_changed(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            service.update({"/Dc/0/Voltage": 26.4, "/Capacity": 800})
            service.update({"/Dc/0/Current": -0.3, "/State": 9})
            await until(lambda: found.changes)
            assert found.changes == [{"/Dc/0/Voltage": 26.4, "/Dc/0/Current": -0.3, "/State": 9}]
            assert service.signals == 1
            service.update({"/Dc/0/Voltage": None})
            await until(lambda: len(found.changes) == 2)
            assert found.changes[1] == {"/Dc/0/Voltage": None}
            assert found.signals == ["ItemsChanged"] * 2

    run(main)


def test_what_is_announced_leaves_before_the_loop_turns_and_takes_with_it_what_waited(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            service.update({"/State": 9})
            service.announce({"/Dc/0/Voltage": 26.4, "/Capacity": 800})
            assert service.signals == 1
            service.announce({"/Dc/0/Voltage": 26.4})
            await until(lambda: found.changes)
            await asyncio.sleep(0)
            assert found.changes == [{"/State": 9, "/Dc/0/Voltage": 26.4}]
            assert service.signals == 1

    run(main)


def test_no_signal_when_nothing_changed(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            service.update(VALUES)
            service.update({"/Dc/0/Voltage": 1.0})
            service.update({"/Dc/0/Voltage": 26.39})  # and back within the same turn
            await asyncio.sleep(0)
            service.update({"/Mode": True, "/DeviceInstance": 1.0})  # 3 -> 1, and the same 1 in another type
            await until(lambda: found.changes)
            assert found.changes == [{"/Mode": 1}]

    run(main)


def test_values_that_do_not_fit_become_invalid_and_are_counted(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            service.update({"/State": 9, "/Capacity": 70000, "/DeviceInstance": -1, "/Dc/0/Voltage": math.nan})
            service.update({"/State": 300, "/Setpoint": math.inf, "/CustomName": 5})
            await until(lambda: found.changes)
            gone = ["/Capacity", "/DeviceInstance", "/Dc/0/Voltage", "/Setpoint", "/CustomName"]
            assert found.changes == [dict.fromkeys(gone)]  # /State was invalid before, and is again
            assert service.misfits == 6
            assert await found.call("/Capacity", "GetValue") == [None]

    run(main)


def test_an_unknown_path_is_an_error_of_ours(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, _):
            with pytest.raises(KeyError):
                service.update({"/Dc/0/Volage": 1.0})

    run(main)


def test_items_come_and_go_later(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            service.add_items({"/Distributor/A/Status": ItemSpec("i")}, {"/Distributor/A/Status": 1})
            await until(lambda: found.changes)
            assert found.changes == [{"/Distributor/A/Status": 1}]
            assert await found.call("/Distributor", "GetValue") == [{"A/Status": 1}]
            assert "/Distributor/A" in await walk(found)
            service.remove_items(["/Distributor/A/Status", "/NeverThere"])
            await until(lambda: len(found.changes) == 2)
            assert found.changes[1] == {"/Distributor/A/Status": None}
            with pytest.raises(CallFailed, match="UnknownObject"):
                await found.call("/Distributor/A/Status", "GetValue")
            assert set(service.paths) == set(SPECS)

    run(main)


@pytest.mark.parametrize(
    ("path", "signature"),
    [("Dc", "d"), ("/Dc/", "d"), ("//Dc", "d"), ("/D-c", "d"), ("/", "d"), ("/A", "b"), ("/A", "")],
)
def test_what_cannot_be_published_is_refused_at_once(path: str, signature: str) -> None:
    with pytest.raises(ValueError, match=r"no D-Bus path|signature"):
        PublishedService("system", NAME, {path: ItemSpec(signature)})


def test_an_item_is_not_added_twice() -> None:
    service = PublishedService("system", NAME, SPECS)
    with pytest.raises(ValueError, match="there already"):
        service.add_items({"/Mode": ItemSpec("u")})


# --- writes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "signature", "value", "taken"),
    [
        *[("/Mode", signature, 4, 4) for signature in "ynqiuxt"],
        ("/Mode", "d", 4.0, 4),
        ("/Mode", "b", True, 1),
        ("/Mode", "ai", [], None),
        ("/Setpoint", "i", 28, 28.0),
        ("/Setpoint", "d", 28.5, 28.5),
        ("/CustomName", "s", "Boat ⚡", "Boat ⚡"),
        ("/CustomName", "i", 123, "123"),
        ("/CustomName", "s", "", ""),
    ],
)
def test_any_sensible_type_can_be_written(bus: str, path: str, signature: str, value: object, taken: Value) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            assert await found.written(path, signature, value) == 0
            assert service.value(path) == taken
            assert type(service.value(path)) is type(taken)
            await until(lambda: found.changes)
            assert found.changes == [{path: taken}]

    run(main)


def test_a_bare_empty_array_is_an_invalid_value(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (service, found):
            assert await found.call("/Mode", "SetValue", "ai", []) == [0]
            assert service.value("/Mode") is None
            assert await found.call("/Mode", "SetValue", "i", 7) == [0]
            assert service.value("/Mode") == 7

    run(main)


@pytest.mark.parametrize(
    ("path", "signature", "value"),
    [
        ("/Dc/0/Voltage", "d", 1.0),  # not writable
        ("/DeviceInstance", "i", 1),  # not even the value that it has
        ("/Mode", "s", "3"),
        ("/Mode", "i", -1),
        ("/Mode", "x", 1 << 40),
        ("/Mode", "d", 1.5),
        ("/Mode", "ai", [1, 2]),
        ("/Setpoint", "d", math.nan),
        ("/Setpoint", "s", "warm"),
    ],
)
def test_wrong_writes_answer_1_and_change_nothing(bus: str, path: str, signature: str, value: object) -> None:
    asked: list[str] = []

    def on_write(path: str, value: Value) -> int:
        asked.append(path)
        return 0

    async def main() -> None:
        async with published(bus, on_write) as (service, found):
            code = await found.written(path, signature, value)
            assert (code, asked, service.value(path)) == (1, [], VALUES[path])

    run(main)


def test_the_owner_decides_and_an_equal_value_is_not_asked_about(bus: str) -> None:
    asked: list[tuple[str, Value]] = []
    codes = {1: 0, 2: 1, 4: 2}

    def on_write(path: str, value: Value) -> int:
        asked.append((path, value))
        return codes[int(str(value))]

    async def main() -> None:
        async with published(bus, on_write) as (service, found):
            assert await found.written("/Mode", "i", 3) == 0
            assert asked == []
            assert await found.written("/Mode", "i", 4) == 2
            assert await found.written("/Mode", "i", 2) == 1
            assert service.value("/Mode") == 3
            assert await found.written("/Mode", "i", 1) == 0
            assert asked == [("/Mode", 4), ("/Mode", 2), ("/Mode", 1)]
            await until(lambda: found.changes)
            assert found.changes == [{"/Mode": 1}]

    run(main)


def test_the_owner_may_set_another_value_than_the_written_one(bus: str) -> None:
    async def main() -> None:
        def on_write(path: str, value: Value) -> int:
            service.update({path: 9})
            return 0 if value == 1 else 2

        async with published(bus, on_write) as (service, found):
            assert await found.written("/Mode", "i", 1) == 0
            await until(lambda: found.changes)
            assert found.changes == [{"/Mode": 9}]
            service.update({"/Mode": 3})
            await until(lambda: len(found.changes) == 2)
            assert await found.written("/Mode", "i", 4) == 2
            assert service.value("/Mode") == 9

    run(main)


def test_an_error_in_the_owner_is_loud_and_answers_refused(bus: str) -> None:
    def on_write(path: str, value: Value) -> int:
        raise RuntimeError("a mistake of ours")

    async def main() -> None:
        async with published(bus, on_write) as (service, found):
            assert await found.written("/Mode", "i", 1) == 2
            assert service.value("/Mode") == 3
            assert await found.call("/Mode", "GetValue") == [3]  # and the service lives on

    assert [str(error) for error in run(main, raises_in_handlers=1)] == ["a mistake of ours"]


def test_who_wants_no_answer_gets_none(bus: str) -> None:
    async def main() -> None:
        async with published(bus) as (_, found):
            connection = found.connection
            heard: list[int] = []
            connection.on_message = lambda message: heard.append(message.kind)
            answered: list[int] = []
            for member, body in (("SetValue", bodies.variant_body("i", 1)), ("Nonsense", b"")):
                serial = connection.next_serial()
                answer = connection._calls[serial] = asyncio.get_running_loop().create_future()
                answer.add_done_callback(lambda _answer: answered.append(1))
                signature = "v" if body else ""
                connection.send(wire.call(serial, NAME, "/Mode", ITEM, member, signature, body, flags=wire.NO_REPLY))
            await until(lambda: heard)  # the change is announced
            assert await found.call("/Mode", "GetValue") == [1]
            assert not answered
            connection._calls.clear()

    run(main)
