"""What is known of the battery for shared sense and load compensation: of this moment, or as last shown to everybody.

com.victronenergy.system shows such values once a second, and the vendor's controller uses what is shown: after a change
up to a second late. Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.read.services import Device, Installation
from gxbridge.core.dvcc.read.user_settings import DEFAULT_TEMPERATURE

NO_SENSOR: Final = "nosensor"
BATTERY_SENSOR: Final = 0
"""`/TemperatureType` of a temperature sensor that sits on the battery."""


class Measurements(NamedTuple):
    """Services by name, "" for none. `source` measures `voltage_v`; `shared`: others may have it (not from behind an
    open contactor). `monitor` is a battery and measures `current_a`. `multi`: the connected VE.Bus system. `sensor`
    measures `temperature_c`. `dc_loads_a`: what the metered DC system draws.
    """

    voltage_v: float | None = None
    source: str = ""
    shared: bool = False
    monitor: str = ""
    current_a: float | None = None
    multi: str = ""
    sensor: str = ""
    temperature_c: float | None = None
    dc_loads_a: float | None = None


def read_measurements(inputs: Inputs) -> Measurements:
    """What is known now. What an insecure service measures is nobody's."""
    voltage, monitor, multi, sensor = inputs.voltage, inputs.selection.monitor, inputs.multi, temperature_sensor(inputs)
    if monitor is not None and (monitor.kind != p.BATTERY or monitor.items.get(p.INSECURE) == 1):
        monitor = None
    secure = voltage is not None and voltage.source.items.get(p.INSECURE) != 1
    return Measurements(
        voltage_v=inputs.voltage_v,
        source=voltage.source.name if voltage is not None and secure else "",
        shared=voltage is not None and voltage.shared and fits(inputs, voltage.value_v),
        monitor="" if monitor is None else monitor.name,
        current_a=None if monitor is None else number(monitor.items, p.CURRENT),
        multi=multi.name if multi is not None and multi.connected == 1 else "",
        sensor="" if sensor is None else sensor.device.name,
        temperature_c=None if sensor is None else sensor.temperature_c,
        dc_loads_a=dc_loads(inputs.installation, inputs.voltage_v),
    )


def fits(inputs: Inputs, voltage_v: float) -> bool:
    """Is it a voltage that the battery of the BMS in control can have? Another is that of another DC bus."""
    if inputs.bms is None or not inputs.options.measurements_checked:
        return True
    return implausible(voltage_v, nominal_voltage(inputs.bms, inputs.options, None)) is None


class Sensor(NamedTuple):
    """Whose temperature is shared."""

    device: Device
    path: str
    temperature_c: float


def temperature_sensor(inputs: Inputs) -> Sensor | None:
    """The battery monitor's temperature, or the chosen one; None without a valid one."""
    choice = inputs.settings.temperature
    if choice == NO_SENSOR:
        return None
    if choice == DEFAULT_TEMPERATURE:
        return measured(inputs.selection.monitor, p.TEMPERATURE)
    kind, _, rest = choice.removeprefix(p.PREFIX).partition("/")
    instance, _, path = rest.partition("/")
    device = next((d for d in inputs.installation.of(kind) if str(int(d.instance)) == instance), None)
    if kind == p.SENSOR and device is not None and device.items.get(p.SENSOR_TYPE) != BATTERY_SENSOR:
        return None
    return measured(device, f"/{path}")


def measured(device: Device | None, path: str) -> Sensor | None:
    """The temperature of a device, if it knows one; a text that is a number counts as that."""
    if device is None:
        return None
    value = device.items.get(path)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    known = number({path: value}, path)
    return None if known is None else Sensor(device, path, known)


def dc_loads(installation: Installation, voltage_v: float | None) -> float | None:
    """What the metered DC system draws (A); None when nothing is metered."""
    systems = installation.of(p.DCSYSTEM)
    if not systems or not voltage_v:
        return None
    return sum(number(system.items, p.POWER) or 0.0 for system in systems) / voltage_v
