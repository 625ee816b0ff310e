"""Watching services on a real bus: good ones, old ones, hostile ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus import client as ask
from gxbridge.edge.dbus import monitor as monitor_module
from gxbridge.edge.dbus import reconnecting
from gxbridge.edge.dbus.bus import BusError, opened
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.service import PublishedService
from tests.edge.aio import run, until
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.dbus_fakes import ITEM, Answer, fake, value

pytestmark = pytest.mark.usefixtures("each_library")

NAME = "com.victronenergy.solarcharger.ttyS1"
SPECS = {
    "/DeviceInstance": ItemSpec("u"),
    "/Dc/0/Voltage": ItemSpec("d"),
    "/Link/ChargeCurrent": ItemSpec("d", writable=True),
    "/Link/NetworkMode": ItemSpec("i", writable=True),
    "/CustomName": ItemSpec("s", writable=True),
}
VALUES = {"/DeviceInstance": 1, "/Dc/0/Voltage": 26.4, "/Link/ChargeCurrent": None, "/Link/NetworkMode": 0}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect and scan again without the waits of real life."""
    monkeypatch.setattr(reconnecting, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(monitor_module, "RETRY_S", (0.02,))


class Watch:
    """What a monitor told, in order."""

    def __init__(self, bus: str, wanted: Callable[[str], bool] | None = None) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.monitor = Monitor(
            bus,
            lambda name, items: self.told.append(("added", name, items)),
            lambda name, changes: self.told.append(("changed", name, changes)),
            lambda name: self.told.append(("removed", name)),
            wanted=wanted,
        )


@asynccontextmanager
async def watching(bus: str, wanted: Callable[[str], bool] | None = None) -> AsyncIterator[Watch]:
    watch = Watch(bus, wanted)
    await watch.monitor.start()
    try:
        yield watch
    finally:
        await watch.monitor.close()


@asynccontextmanager
async def charger(bus: str, name: str = NAME) -> AsyncIterator[PublishedService]:
    service = PublishedService(bus, name, SPECS, VALUES)
    await service.start()
    try:
        yield service
    finally:
        await service.close()


FULL = VALUES | {"/CustomName": None}


def test_a_service_is_added_complete_then_changes_then_goes(bus: str) -> None:
    async def main() -> None:
        async with watching(bus) as watch:
            async with charger(bus) as service:
                await until(lambda: watch.told)
                service.update({"/Dc/0/Voltage": 26.5, "/CustomName": "Roof"})
                await until(lambda: len(watch.told) == 2)
                assert watch.monitor.services[NAME]["/CustomName"] == "Roof"
            await until(lambda: len(watch.told) == 3)
            assert watch.told == [
                ("added", NAME, FULL),
                ("changed", NAME, {"/Dc/0/Voltage": 26.5, "/CustomName": "Roof"}),
                ("removed", NAME),
            ]
            assert not watch.monitor.services

    run(main)


def test_a_service_that_is_read_anew_is_announced_again_with_what_it_shows(bus: str) -> None:
    good, shown = True, 1

    def answers(_path: str, _member: str, _body: list[Any]) -> Answer:
        return ("a{sa{sv}}", [{"/A": value("i", shown)}]) if good else "Failed"

    async def main() -> None:
        nonlocal good, shown
        async with watching(bus) as watch, fake(bus, NAME, answers) as service:
            await until(lambda: watch.told)
            shown = 2
            watch.monitor.read_anew(NAME)
            watch.monitor.read_anew(NAME)
            await until(lambda: len(watch.told) == 2)
            good = False
            watch.monitor.read_anew(NAME)
            await until(lambda: len(watch.told) == 3)
            assert [items for _, _, items in watch.told] == [{"/A": 1}, {"/A": 2}, {"/A": 2}]
            assert watch.monitor.services[NAME] == {"/A": 2}
            assert [member for _, member, _ in service.calls] == ["GetItems", "GetItems", "GetItems", "GetValue"]
            watch.monitor.read_anew("com.victronenergy.nobody")

    run(main)


def test_services_that_were_there_before_are_found_in_the_first_scan(bus: str) -> None:
    async def main() -> None:
        async with charger(bus), charger(bus, NAME + "b"), watching(bus) as watch:
            assert await watch.monitor.scanned()
            assert {entry[:2] for entry in watch.told} == {("added", NAME), ("added", NAME + "b")}

    run(main)


def test_our_own_and_foreign_services_are_left_alone(bus: str) -> None:
    async def main() -> None:
        async with (
            watching(bus, lambda name: not name.endswith("ours")) as watch,
            charger(bus, NAME + "ours") as ours,
            charger(bus, "org.example.thing"),
            charger(bus),
        ):
            ours.update({"/Dc/0/Voltage": 1.0})
            await until(lambda: watch.told)
            assert [entry[:2] for entry in watch.told] == [("added", NAME)]

    run(main)


def old_service(path: str, member: str, body: list[Any]) -> Answer:
    """As services were before GetItems: the root's GetValue lists everything."""
    if (path, member) == ("/", "GetValue"):
        return "v", [("a{sv}", {"Dc/0/Voltage": ("d", 12.5), "Name": ("s", "old"), "Gone": ("ai", [])})]
    return "UnknownMethod"


def test_an_old_service_is_scanned_by_its_root_and_heard_by_properties_changed(bus: str) -> None:
    async def main() -> None:
        async with watching(bus) as watch, fake(bus, NAME, old_service) as service:
            await until(lambda: watch.told)
            assert watch.told == [("added", NAME, {"/Dc/0/Voltage": 12.5, "/Name": "old", "/Gone": None})]
            service.signal("/Dc/0/Voltage", "PropertiesChanged", "a{sv}", value("d", 12.75))
            service.signal("/Name", "PropertiesChanged", "a{sv}", {"Text": ("s", "only text")})
            service.signal("/Gone", "PropertiesChanged", "a{sv}", value("ai", [1, 2]))
            service.signal("/Gone", "PropertiesChanged", "a{sv}", value("au", []))
            await until(lambda: len(watch.told) == 4)
            assert [entry[2] for entry in watch.told[1:]] == [
                {"/Dc/0/Voltage": 12.75},
                {"/Gone": [1, 2]},
                {"/Gone": None},
            ]

    run(main)


def test_values_that_arrive_during_the_scan_win(bus: str) -> None:
    async def main() -> None:
        def answer(path: str, member: str, body: list[Any]) -> Answer:
            service.signal("/", "ItemsChanged", "a{sa{sv}}", {"/A": value("i", 2), "/New": value("i", 5)})
            return "a{sa{sv}}", [{"/A": value("i", 1), "/B": value("i", 1)}]

        async with watching(bus) as watch, fake(bus, NAME, answer) as service:
            await until(lambda: watch.told)
            assert watch.told == [("added", NAME, {"/A": 2, "/B": 1, "/New": 5})]

    run(main)


@pytest.mark.parametrize(
    "answer",
    [
        "UnknownMethod",
        ("s", ["rubbish"]),
        ("", []),
        ("v", [("s", "rubbish")]),
        ("a{sv}", [{"A": ("i", 1)}]),
        ("a{ss}", [{"/A": "text"}]),
    ],
)
def test_a_service_that_answers_nonsense_is_never_added_but_tried_again(bus: str, answer: Answer) -> None:
    good = False

    def answers(path: str, member: str, body: list[Any]) -> Answer:
        return ("a{sa{sv}}", [{"/A": value("i", 1)}]) if good and member == "GetItems" else answer

    async def main() -> None:
        nonlocal good
        async with watching(bus) as watch, fake(bus, NAME, answers) as service:
            service.signal("/", "ItemsChanged", "a{sa{sv}}", {"/A": value("i", 7)})
            await until(lambda: len(service.calls) > 4)
            assert watch.told == []
            good = True
            await until(lambda: watch.told)
            assert watch.told[0][:2] == ("added", NAME)

    run(main)


def test_a_service_that_never_answers_holds_up_nothing(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SCAN_TIMEOUT_S", 5.0)

    async def main() -> None:
        async with fake(bus, NAME + "mute", lambda *_: None), watching(bus) as watch, charger(bus):
            await until(lambda: watch.told)
            assert not await watch.monitor.scanned(0.05)
            assert [entry[:2] for entry in watch.told] == [("added", NAME)]

    run(main)


@pytest.mark.parametrize(
    ("path", "member", "signature", "body"),
    [
        ("/", "ItemsChanged", "s", ["rubbish"]),
        ("/", "ItemsChanged", "a{sv}", [{"A": ("i", 1)}]),
        ("/", "ItemsChanged", "a{sa{sv}}", [{}]),
        ("/", "ItemsChanged", "a{sa{sv}}", [{"/A": {"Text": ("s", "no value")}}]),
        ("/A", "PropertiesChanged", "s", ["rubbish"]),
        ("/A", "PropertiesChanged", "a{sv}", [{}]),
        ("/A", "SomethingElse", "a{sv}", [{}]),
    ],
)
def test_signals_that_make_no_sense_change_nothing(
    bus: str, path: str, member: str, signature: str, body: list[Any]
) -> None:
    def answer(path: str, member: str, body: list[Any]) -> Answer:
        return "a{sa{sv}}", [{"/A": value("i", 1)}]

    async def main() -> None:
        async with watching(bus) as watch, fake(bus, NAME, answer) as service:
            await until(lambda: watch.told)
            service.signal(path, member, signature, *body)
            service.signal("/", "ItemsChanged", "a{sa{sv}}", {"/A": value("i", 2)})
            await until(lambda: len(watch.told) == 2)
            assert watch.told[1] == ("changed", NAME, {"/A": 2})

    run(main)


def test_lists_and_dictionaries_come_as_plain_values(bus: str) -> None:
    async def main() -> None:
        rows = [{"name": ("s", "A"), "instance": ("i", 1)}, {"name": ("s", "B"), "instance": ("i", 2)}]

        def answer(path: str, member: str, body: list[Any]) -> Answer:
            return "a{sa{sv}}", [{"/Rows": value("aa{sv}", rows), "/On": value("b", True), "/X": value("v", ("y", 3))}]

        async with watching(bus) as watch, fake(bus, NAME, answer):
            await until(lambda: watch.told)
            assert watch.told[0][2] == {
                "/Rows": [{"name": "A", "instance": 1}, {"name": "B", "instance": 2}],
                "/On": 1,
                "/X": 3,
            }
            assert type(watch.told[0][2]["/On"]) is int

    run(main)


def test_two_names_on_one_connection_are_two_services(bus: str) -> None:
    async def main() -> None:
        def answer(path: str, member: str, body: list[Any]) -> Answer:
            return "a{sa{sv}}", [{"/A": value("i", 1)}]

        async with watching(bus) as watch, fake(bus, NAME, answer) as service:
            await service.own(NAME + "b")
            await until(lambda: len(watch.told) == 2)
            service.signal("/", "ItemsChanged", "a{sa{sv}}", {"/A": value("i", 2)})
            await until(lambda: len(watch.told) == 4)
            await service.disown(NAME)
            await until(lambda: len(watch.told) == 5)
            assert watch.told[4] == ("removed", NAME)
            assert set(watch.monitor.services) == {NAME + "b"}

    run(main)


def test_a_name_that_changes_hands_is_removed_and_added_again(bus: str) -> None:
    async def main() -> None:
        async with watching(bus) as watch:
            async with charger(bus):
                await until(lambda: watch.told)
            async with charger(bus):
                await until(lambda: len(watch.told) == 3)
            assert [entry[0] for entry in watch.told] == ["added", "removed", "added"]

    run(main)


def test_a_service_that_goes_while_it_is_scanned_was_never_there(bus: str) -> None:
    async def main() -> None:
        async with watching(bus) as watch:
            async with fake(bus, NAME, lambda *_: None) as service:
                await until(lambda: service.calls)
            async with charger(bus, NAME + "b"):
                await until(lambda: watch.told)
            assert watch.told[0][:2] == ("added", NAME + "b")

    run(main)


# --- writing and asking -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "written", "arrived"),
    [
        ("/Link/ChargeCurrent", 70.0, 70.0),
        ("/Link/ChargeCurrent", 70, 70.0),
        ("/Link/NetworkMode", 13, 13),
        ("/CustomName", "Roof", "Roof"),
        ("/CustomName", None, None),
    ],
)
def test_values_are_written(bus: str, path: str, written: Any, arrived: Any) -> None:
    async def main() -> None:
        async with charger(bus) as service, watching(bus) as watch:
            service.update({"/CustomName": "before"})
            assert await watch.monitor.set_value(NAME, path, written) == 0
            assert service.value(path) == arrived
            assert await watch.monitor.fetch(NAME, path) == arrived
            assert await watch.monitor.set_value(NAME, "/Dc/0/Voltage", 1) == 1

    run(main)


def test_writes_carry_the_types_that_services_expect(bus: str) -> None:
    async def main() -> None:
        def answer(path: str, member: str, body: list[Any]) -> Answer:
            return ("i", [-1]) if member == "SetValue" else "UnknownMethod"

        async with watching(bus) as watch, fake(bus, NAME, answer) as service:
            frames = []
            hear = service.connection.on_message
            assert hear is not None
            service.connection.on_message = lambda message: (frames.append(message), hear(message))[1]
            for written in (5, 1 << 33, 5.5, "x", None):
                assert await watch.monitor.set_value(NAME, "/A", written) == -1
            bodies = [m.frame[m.at :] for m in frames if m.header.member == "SetValue"]
            assert [body[1 : 1 + body[0]] for body in bodies] == [b"i", b"x", b"d", b"s", b"ai"]

    run(main)


def test_a_write_that_gets_no_code_is_an_error_in_words(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(path: str, member: str, body: list[Any]) -> Answer:
        if member != "SetValue":
            return "a{sa{sv}}", [{}]
        return {"/Text": ("s", ["yes"]), "/Empty": ("", []), "/Error": "Failed"}.get(path)

    async def main() -> None:
        async with watching(bus) as watch, fake(bus, NAME, answer):
            with monkeypatch.context() as patch:
                patch.setattr(ask, "WRITE_TIMEOUT_S", 0.05)
                with pytest.raises(SetValueError, match=f"cannot write 5 to {NAME} /Mute: .* did not answer SetValue"):
                    await watch.monitor.set_value(NAME, "/Mute", 5)
            for path, said in (
                ("/Text", "answered a write with 'yes' instead of a number"),
                ("/Empty", "answered without a value"),
                ("/Error", "as the test wants it"),
            ):
                with pytest.raises(SetValueError, match=said):
                    await watch.monitor.set_value(NAME, path, 5)
            with pytest.raises(SetValueError, match="nan is not a value"):
                await watch.monitor.set_value(NAME, "/A", float("nan"))
            with pytest.raises(SetValueError, match="ServiceUnknown"):
                await watch.monitor.set_value("com.victronenergy.nobody", "/A", 5)
        with pytest.raises(SetValueError, match="closed"):
            await watch.monitor.set_value(NAME, "/A", 5)
        with pytest.raises(BusError, match="closed"):
            await watch.monitor.fetch(NAME, "/A")

    run(main)


def test_commands_ask_without_a_monitor(bus: str) -> None:
    async def main() -> None:
        async with charger(bus), opened(bus) as connection:
            assert NAME in await ask.names(connection)
            assert await ask.items(connection, NAME) == FULL
            assert await ask.fetch(connection, NAME, "/Dc/0/Voltage") == 26.4
            assert await ask.write(connection, NAME, "/CustomName", "x") == 0
            with pytest.raises(BusError, match="UnknownObject"):
                await ask.fetch(connection, NAME, "/Nothing")

    run(main)


def test_nobody_gets_anything_from_a_monitor(bus: str) -> None:
    async def main() -> None:
        async with watching(bus) as watch, opened(bus) as connection:
            with pytest.raises(BusError, match="publishes nothing"):
                await ask.fetch(connection, watch.monitor.connection().unique_name, "/A")

    run(main)


# --- the bus goes and comes -------------------------------------------------------------------------------------------


def test_a_lost_bus_removes_everything_and_a_new_one_brings_it_back(own_daemon: DBusDaemon) -> None:
    async def main() -> None:
        bus = own_daemon.address
        async with charger(bus) as service, watching(bus) as watch:
            await until(lambda: watch.told)
            own_daemon.stop()
            await until(lambda: watch.monitor.trouble != "")
            assert watch.told[1:] == [("removed", NAME)]
            with pytest.raises(SetValueError, match="the connection to the bus ended"):
                await watch.monitor.set_value(NAME, "/Link/NetworkMode", 1)
            service.update({"/Dc/0/Voltage": 27.0})
            own_daemon.start()
            await until(lambda: len(watch.told) == 3)
            assert watch.told[2] == ("added", NAME, FULL | {"/Dc/0/Voltage": 27.0})
            assert watch.monitor.trouble == ""

    run(main)


def test_an_error_in_a_callback_is_loud_and_stops_nothing(bus: str) -> None:
    def wrong(name: str, changes: dict[str, Any]) -> None:
        heard.append(changes)
        raise RuntimeError("a mistake of ours")

    heard: list[dict[str, Any]] = []

    async def main() -> None:
        monitor = Monitor(bus, lambda name, items: None, wrong, lambda name: None)
        await monitor.start()
        async with charger(bus) as service:
            await until(lambda: monitor.services)
            for voltage in (1.0, 2.0):
                service.update({"/Dc/0/Voltage": voltage})
                await until(lambda: heard and heard[-1]["/Dc/0/Voltage"] == voltage)  # noqa: B023
            await monitor.close()

    run(main, raises_in_handlers=2)


def test_an_error_while_a_service_is_added_is_loud_too(bus: str) -> None:
    def wrong(name: str, items: dict[str, Any]) -> None:
        raise RuntimeError("a mistake of ours")

    async def main() -> None:
        monitor = Monitor(bus, wrong, lambda name, changes: None, lambda name: None)
        await monitor.start()
        async with charger(bus):
            await until(lambda: monitor.services)
        await monitor.close()

    assert [str(error) for error in run(main, raises_in_handlers=1)] == ["a mistake of ours"]


def test_hundreds_of_paths_from_many_services(bus: str) -> None:
    async def main() -> None:
        specs = {f"/Path/{number}": ItemSpec("d", "{:.3f}") for number in range(400)}
        services = [PublishedService(bus, f"{NAME}x{n}", specs, dict.fromkeys(specs, float(n))) for n in range(10)]
        for service in services:
            await service.start()
        async with watching(bus) as watch:
            assert await watch.monitor.scanned()
            assert sum(len(items) for items in watch.monitor.services.values()) == 4000
            for service in services:
                service.update(dict.fromkeys(specs, 99.0))
            await until(lambda: len(watch.told) == 20)
            assert all(number == 99.0 for items in watch.monitor.services.values() for number in items.values())
        for service in services:
            await service.close()

    run(main)


def test_a_changed_signal_of_another_interface_is_not_ours(bus: str) -> None:
    def answer(path: str, member: str, body: list[Any]) -> Answer:
        return "a{sa{sv}}", [{"/A": value("i", 1)}]

    async def main() -> None:
        async with watching(bus) as watch, fake(bus, NAME, answer) as service:
            await until(lambda: watch.told)
            monitor = watch.monitor
            message = monitor_module.wire.signal(1, "/", "a.b", "ItemsChanged", "s", b"\0\0\0\0\0")
            heard = monitor_module.wire.HeaderReader().read(message)
            assert heard is not None
            header = monitor_module.wire.Header("/", "a.b", "X", sender=service.connection.unique_name)
            monitor._hear(monitor.connection(), heard._replace(header=header))
            assert (len(watch.told), monitor.odd_messages) == (1, 0)
            assert heard.header.interface != ITEM
            await asyncio.sleep(0)

    run(main)
