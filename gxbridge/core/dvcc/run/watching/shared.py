"""What is shared now, for the explanation: sensed voltage, current and temperature, and the low-voltage limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.named_tuple import NamedTuple

KEPT_S: Final = 12.0
"""Temperature is shared every nine seconds, the rest more often."""
SHARED: Final = {
    p.VOLTAGE_SENSE: ("Shared battery voltage", "V"),
    p.MULTI_VOLTAGE_SENSE: ("Shared battery voltage", "V"),
    p.BATTERY_CURRENT: ("Shared battery current", "A"),
    p.TEMPERATURE_SENSE: ("Shared battery temperature", "°C"),
    p.MULTI_TEMPERATURE_SENSE: ("Shared battery temperature", "°C"),
    p.BOL_LOW_VOLTAGE: ("Low-voltage limit", "V"),
}
"""The paths, and what stands there."""


NUMBER: Final = (int, float)


class SharedValue(NamedTuple):
    """`source` is the service that measures or says it, `receivers` those for which it is; `at`: monotonic seconds."""

    path: str
    value: float
    source: str
    receivers: tuple[str, ...]
    at: float


def read_shared(
    writes: Iterable[Write], inputs: Inputs, before: Mapping[str, SharedValue], now: float
) -> Mapping[str, SharedValue]:
    """By path, what these writes share, and what was shared a moment ago."""
    sharing = [write for write in writes if write.path in SHARED]
    if not sharing and not [path for path, known in before.items() if now - known.at >= KEPT_S]:
        return before
    found = {path: known for path, known in before.items() if now - known.at < KEPT_S}
    values: dict[str, float] = {}
    receivers: dict[str, list[str]] = {}
    for service, path, value in sharing:
        if isinstance(value, NUMBER):
            values[path] = value
            receivers.setdefault(path, []).append(service)
    for path, value in values.items():
        found[path] = SharedValue(path, value, source_of(path, value, inputs), tuple(receivers[path]), now)
    return found


def source_of(path: str, value: float, inputs: Inputs) -> str:
    """Whose value it is: with ESS the chargers get the Multi's voltage."""
    selection, sensor = inputs.selection, inputs.sensor
    device: BatteryMonitor | None
    if path == p.BOL_LOW_VOLTAGE:
        device = selection.bms
    elif path == p.BATTERY_CURRENT:
        device = selection.monitor
    elif path in (p.TEMPERATURE_SENSE, p.MULTI_TEMPERATURE_SENSE):
        device = None if sensor is None else sensor.device
    else:
        device = None if inputs.voltage is None else inputs.voltage.source
        if inputs.multi is not None and value == inputs.multi.voltage_v and value != inputs.voltage_v:
            device = inputs.multi
    return "" if device is None else device.name
