"""Our own batteries enter the decision typed: the same values that their D-Bus service shows, without the detour."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.doubted import NO_DOUBTS, Doubts, read_checked
from gxbridge.core.dvcc.read.devices.bank import ALONE
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.dvcc.read.devices.own_bms import own_bms
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.battery import BMS_PENDING, Battery, Known
from gxbridge.core.model.items import Value
from gxbridge.core.publish.battery_paths import battery_items, service_name

SAID: dict[str, Value] = {
    "bms_state": 9,
    "bms_error": 0,
    "voltage_v": 26.4,
    "current_a": -3.5,
    "temperature_c": 21.0,
    "min_cell_voltage_v": 3.3,
    "max_cell_voltage_v": 3.32,
    "min_cell_temperature_c": 20.0,
    "max_cell_temperature_c": 22.0,
    "charge_voltage_limit_v": 28.4,
    "charge_current_limit_a": 200.0,
    "discharge_current_limit_a": 600.0,
    "low_voltage_limit_v": 21.6,
    "nominal_voltage_v": 24,
    "allow_to_charge": 1,
    "allow_to_discharge": 0,
    "alternator_allow_to_charge": 1,
    "low_cell_voltage_alarm": 0,
}
ALARMS = ("high_current", "high_bms_temperature", "high_temperature", "contactor", "bms_cable", "low_soc")


def battery(serial: str | None = "HQ21302VUDQ", **said: Value) -> Battery:
    values = {name: Known(value, 1.0, "test") for name, value in (SAID | said).items() if value is not None}
    who: dict[str, Any] = {"key": "uc167120", "bus": "can0", "address": 41, "unique_number": 167120}
    product = {"product_id": 0xA3E5, "product_name": "Lynx Smart BMS 500", "family": "lynx-smart-bms"}
    rest = {"firmware": None, "firmware_text": None, "description": None, "state": "live", "since": 0.0}
    heard = {"silent_since": None, "last_heard": 1.0, "values": values, "device_instance": 2, "serial": serial}
    return Battery(**who, **product, **rest, **heard)


def cases() -> list[Battery]:
    unknown = [battery(**{quantity: None}) for quantity in SAID]
    alarms = [battery(**{f"{name}_alarm": level}) for name in ALARMS for level in (1, 2)]
    states = [battery(bms_state=state) for state in (0, 10, 14, 17, BMS_PENDING)]
    several = battery(bms_error=35, bms_state=10, low_cell_voltage_alarm=1, contactor_alarm=2)
    refuses = battery(allow_to_charge=0, allow_to_discharge=3)
    return [battery(), battery(serial=None), *unknown, *alarms, *states, several, refuses]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_it_is_what_its_service_shows(case: Battery) -> None:
    """What the decision has of our own battery is what everybody else can read of it."""
    name = service_name(case)
    shown = read_bms(name, battery_items(case, 220))
    assert own_bms(case, name, shown.title, 220) == shown


def test_while_it_is_pending_it_gives_no_limits() -> None:
    pending = own_bms(battery(bms_state=BMS_PENDING), "x", "Lynx", 0)
    assert (pending.max_charge_voltage_v, pending.max_charge_current_a, pending.low_voltage_v) == (None, None, None)
    assert (pending.charge, pending.voltage_v) == (1, 26.4)


NAME = service_name(battery())


def inputs_of(temperature: str = "default", **said: Value) -> tuple[Inputs, Doubts]:
    own = own_bms(battery(**said), NAME, "Lynx", 220)
    snapshot = Snapshot({}, {p.SET_TEMPERATURE: temperature}, batteries=(own,))
    return read_checked(snapshot, ALONE, NO_DOUBTS, 0.0, None)


def test_it_is_monitor_and_bms_in_control_as_any_other() -> None:
    inputs, _ = inputs_of()
    assert (inputs.selection.monitor, inputs.selection.bms) == (inputs.batteries[0], inputs.bms)
    assert (inputs.voltage_v, inputs.voltage and inputs.voltage.source) == (26.4, inputs.bms)


def test_what_it_measures_is_doubted_as_that_of_any_other() -> None:
    inputs, doubts = inputs_of(temperature_c=300.0)
    assert [(one.why, one.service, one.path) for one in doubts.doubted] == [
        ("temperature-impossible", NAME, p.TEMPERATURE)
    ]
    assert inputs.bms is not None
    assert (inputs.bms.temperature_c, inputs.bms.voltage_v, inputs.sensor) == (None, 26.4, None)


@pytest.mark.parametrize(
    ("path", "shared"), [("Dc/0/Temperature", 21.0), ("System/MinCellTemperature", 20.0), ("Dc/1/Temperature", None)]
)
def test_its_temperature_may_be_the_one_that_is_shared(path: str, shared: float | None) -> None:
    sensor = inputs_of(f"com.victronenergy.battery/220/{path}")[0].sensor
    assert (sensor and sensor.temperature_c) == shared
