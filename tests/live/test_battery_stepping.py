"""`gxbridge learn --step`: batteries asked for one after the other on D-Bus, and nothing else written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.core.model.items import Value
from gxbridge.edge.dbus.bus import opened
from gxbridge.live import battery_stepping
from gxbridge.live.battery_stepping import COUNT, REQUEST, SteppingError, step_batteries
from tests.commands.gx import UNKNOWN
from tests.edge.dbus_fakes import Answer, fake, value

LYNX = "com.victronenergy.battery.socketcan_can0_vi0_uc478868"


class Driver:
    """The vendor's driver: it takes the number of a battery. `disturb`: what somebody else writes after a write."""

    def __init__(self, items: dict[str, Value], code: int = 0, disturb: int | None = None) -> None:
        self.items = items
        self.code = code
        self.disturb = disturb
        self.writes: list[tuple[str, Any]] = []

    def answer(self, path: str, member: str, body: list[Any]) -> Answer:
        kinds = {int: "i", float: "d", str: "s", type(None): "ai"}
        rows = {name: value(kinds[type(item)], [] if item is None else item) for name, item in self.items.items()}
        if (path, member) == ("/", "GetItems"):
            return "a{sa{sv}}", [rows]
        if member == "GetValue" and path in rows:
            return "v", [rows[path]["Value"]]
        if member == "SetValue":
            self.writes.append((path, body[0]))
            if self.code == 0:
                self.items[path] = body[0] if self.disturb is None else self.disturb
            return "i", [self.code]
        return UNKNOWN


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery_stepping, "LEAST_PAUSE_S", 0.0)


def step(bus: str, driver: Driver, service: str = LYNX) -> int:
    async def run() -> int:
        async with fake(bus, service, driver.answer), opened(bus) as connection:
            return await step_batteries(connection, service, 0.0, lambda _words: None)

    return asyncio.run(run())


def test_each_battery_is_asked_for_once_and_what_stood_there_comes_back(bus: str) -> None:
    driver = Driver({REQUEST: 2, COUNT: 3, "/Soc": 50.0})
    assert step(bus, driver) == 3
    assert driver.writes == [(REQUEST, 1), (REQUEST, 2), (REQUEST, 3), (REQUEST, 2)]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ({COUNT: 3}, "has no valid /Battery/Request/Id"),
        ({REQUEST: None, COUNT: 3}, "has no valid /Battery/Request/Id"),
        ({REQUEST: 1, COUNT: None}, "does not say how many batteries it has"),
        ({REQUEST: 1, COUNT: 51}, "does not say how many batteries it has"),
    ],
)
def test_nothing_is_written_where_it_cannot_be_asked(bus: str, items: dict[str, Value], words: str) -> None:
    driver = Driver(items)
    with pytest.raises(SteppingError, match=words):
        step(bus, driver)
    assert not driver.writes


def test_services_of_gxbridge_are_not_asked(bus: str) -> None:
    driver = Driver({REQUEST: 1, COUNT: 2})
    with pytest.raises(SteppingError, match="gxbridge's own"):
        step(bus, driver, "com.victronenergy.battery.gxbridge_can0_uc478868")
    assert not driver.writes


def test_a_refusal_ends_it(bus: str) -> None:
    driver = Driver({REQUEST: 1, COUNT: 2}, code=2)
    with pytest.raises(SteppingError, match="refuses"):
        step(bus, driver)
    assert driver.writes == [(REQUEST, 1)]


def test_somebody_who_looks_at_a_battery_meanwhile_is_left_alone(bus: str) -> None:
    driver = Driver({REQUEST: 1, COUNT: 9}, disturb=7)
    with pytest.raises(SteppingError, match="somebody else uses"):
        step(bus, driver)
    assert driver.writes == [(REQUEST, 1)]
    assert driver.items[REQUEST] == 7


def test_a_service_that_is_not_there_is_one_line(bus: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--step", LYNX, "--dbus", bus]) == 2
    err = capsys.readouterr().err
    assert err.startswith("gxbridge learn: ")
    assert err.count("\n") == 1
