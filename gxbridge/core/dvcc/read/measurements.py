"""What is known of the battery for shared sense and load compensation: of this moment, or as last shown to everybody.

com.victronenergy.system shows such values once a second, and the vendor's controller uses what is shown: after a change
up to a second late. Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import Installation
from gxbridge.core.dvcc.read.devices.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.model.named_tuple import NamedTuple


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
    voltage, monitor, multi, sensor = inputs.voltage, inputs.selection.monitor, inputs.multi, inputs.sensor
    if not isinstance(monitor, Bms) or not monitor.secure:
        monitor = None
    secure = voltage is not None and voltage.source.secure
    return Measurements(
        voltage_v=inputs.voltage_v,
        source=voltage.source.name if voltage is not None and secure else "",
        shared=voltage is not None and voltage.shared and fits(inputs, voltage.value_v),
        monitor="" if monitor is None else monitor.name,
        current_a=None if monitor is None else monitor.current_a,
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


def dc_loads(installation: Installation, voltage_v: float | None) -> float | None:
    """What the metered DC system draws (A); None when nothing is metered."""
    if not installation.dc_loads or not voltage_v:
        return None
    return sum(load.power_w or 0.0 for load in installation.dc_loads) / voltage_v
