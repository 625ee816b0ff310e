"""A pre-alarm counts down, and names what takes most out of the battery."""

from __future__ import annotations

from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.explain.pre_alarm import who_draws
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.setup import Setup
from tests.core.dvcc.world import LYNX, MULTI, RS, Items, lynx, multi, with_vebus_bms

WINDLASS = "com.victronenergy.dcload.ttyUSB1"
LOADS: Items = {"/Dc/0/Power": 400.0, "/ProductName": "SmartShunt", "/CustomName": "Windlass"}


def said(made: Bridge, now: float) -> tuple[str, str]:
    """Text and advice of the one pre-alarm."""
    cycle = made.tick(now)
    (found,) = [one for one in cycle.situation.findings if one.id.endswith("pre-alarm")]
    return found.text, found.advice


def test_a_lynx_says_how_long_there_is_and_what_to_switch_off() -> None:
    made = Bridge(Setup(mode="control"))
    made.service_added(LYNX, lynx(ALARM_LOW_CELL=1), 0.0)
    made.service_added(MULTI, multi(CURRENT=-40.0, VOLTAGE=24.0), 0.0)
    made.service_added(WINDLASS, LOADS, 0.0)
    for now in range(1, 12):
        made.tick(float(now))
    text, advice = said(made, 12.0)
    assert text.endswith("discharging may be refused in 20 s at the earliest")
    assert advice == "Charge now, or switch off MultiPlus (960 W) and Windlass (400 W) before the BMS does"
    assert said(made, 13.0)[0] == text, "it is told in steps"
    assert said(made, 60.0)[0].endswith("discharging may be refused at any moment")


def test_a_vebus_bms_does_so_too_and_without_metered_loads_they_are_named_in_general() -> None:
    made = Bridge(Setup(mode="monitor"))
    made.service_added(MULTI, with_vebus_bms(CURRENT=-0.1) | {"/Bms/PreAlarm": 1}, 0.0)
    text, advice = said(made, 1.0)
    assert "gives its pre-alarm" in text
    assert text.endswith("in 30 s at the earliest")
    assert "switch off the inverter and the large DC loads" in advice


def test_a_power_counts_before_current_and_voltage() -> None:
    services: dict[str, Items] = {RS: {p.POWER: -300.0, p.PRODUCT_NAME: "RS", "/IsInverterCharger": 1}, WINDLASS: {}}
    assert who_draws(DbusState(services)) == "RS (300 W)"
