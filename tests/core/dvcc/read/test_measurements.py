"""What is shown from one second to the next: whose voltage, current and temperature it is."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.measurements import Measurements, read_measurements
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_settings import DEFAULT_TEMPERATURE
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, Items, World, can_bms, multi

SENSOR = "com.victronenergy.temperature.a"


def shown(services: dict[str, Items], temperature: str = DEFAULT_TEMPERATURE, **settings: Value) -> Measurements:
    """What is shown of an installation."""
    values = {getattr(p, name): value for name, value in settings.items()}
    return read_measurements(read_inputs(Snapshot(services, values | {p.SET_TEMPERATURE: temperature})))


def test_nothing_is_shown_of_nothing() -> None:
    assert shown({}) == Measurements() == (None, "", False, "", None, "", "", None, None)


@pytest.mark.parametrize(("insecure", "hidden"), [(None, False), (0, False), (1, True), (1.0, True), (2, False)])
def test_an_insecure_monitor_shows_neither_voltage_nor_current(insecure: Value, hidden: bool) -> None:
    found = shown({CAN_BMS: can_bms(INSECURE=insecure, STATE=9, CURRENT=4.0)})
    assert found.voltage_v == 52.0
    assert (found.source, found.monitor) == (("", "") if hidden else (CAN_BMS, CAN_BMS))
    assert (found.shared, found.current_a) == ((False, None) if hidden else (True, 4.0))


def test_only_a_battery_is_a_monitor_of_current() -> None:
    found = shown({MULTI: multi(CURRENT=4.0)})
    assert (found.voltage_v, found.source, found.shared) == (26.4, MULTI, True)
    assert (found.monitor, found.current_a, found.multi) == ("", None, MULTI)
    system: Items = {p.CONNECTED: 1, p.PRODUCT_NAME: "x", p.CONNECTION: "VE.Can", p.SOC: 50, p.CURRENT: 7.0}
    assert shown({"com.victronenergy.acsystem.a": system}).monitor == ""


@pytest.mark.parametrize(("connected", "there"), [(1, True), (0, False), (2, False), (None, False)])
def test_a_multi_is_shown_while_its_system_is_connected(connected: Value, there: bool) -> None:
    services: dict[str, Items] = {CAN_BMS: can_bms(), MULTI: multi(CONNECTED=connected)}
    assert shown(services).multi == (MULTI if there else "")
    assert World(services).decision.published[p.VEBUS_SERVICE] == (MULTI if there else None)


@pytest.mark.parametrize(
    ("choice", "kind", "value"),
    [
        ("default", None, 18.0),
        ("nosensor", None, None),
        ("temperature/9/Temperature", 0, 9.0),
        ("temperature/9/Temperature", 1, None),
        ("temperature/9/Temperature", -1, None),
        ("temperature/9/Temperature", None, None),
        ("com.victronenergy.temperature/9/Temperature", 0, 9.0),
        ("temperature/90/Temperature", 0, None),
        ("battery/512/Dc/0/Temperature", 0, 18.0),
        ("battery/512/Dc/0/Nothing", 0, None),
    ],
)
def test_whose_temperature_is_shown(choice: str, kind: Value, value: Value) -> None:
    sensor: Items = {p.DEVICE_INSTANCE: 9, p.SENSOR_TYPE: kind, "/Temperature": 9.0}
    found = shown({CAN_BMS: can_bms(TEMPERATURE=18.0), SENSOR: sensor}, choice)
    assert found.temperature_c == value
    assert (found.sensor == "") == (value is None)
