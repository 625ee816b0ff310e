"""What is published about the control: the flags of com.victronenergy.system, kept between control rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.model.fast import changed
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple


class Flags(NamedTuple):
    """Numbers as the vendor has them: 0 and 1, or a state. `effective_v` and `charge_v` are None while invalid."""

    dvcc: int = 0
    solar_voltage: int = 0
    solar_current: int = 0
    effective_v: float | None = None
    charge_v: float | None = None
    bms_parameters: int = 0
    max_current: int = 0
    alarm_firmware: int = 0
    alarm_multiple: int = 0
    multi_sense: int = 0
    voltage_sense: int = 0
    temperature_sense: int = 0
    current_sense: int = 0

    def but(self, **changes: Any) -> Flags:
        """These flags with some changed."""
        return changed(self, PLACES, changes)


PLACES: Final[Mapping[str, int]] = {name: place for place, name in enumerate(Flags._fields)}


def published(inputs: Inputs, flags: Flags) -> Mapping[str, Value]:
    """The control flags and what is selected, by the vendor's paths."""
    bms, monitor, multi = inputs.bms, inputs.selection.monitor, inputs.multi
    return {
        p.ACTIVE_BMS: None if bms is None else bms.name,
        p.ACTIVE_BMS_INSTANCE: None if bms is None else int(bms.instance),
        p.CONTROL_DVCC: flags.dvcc,
        p.CONTROL_SOLAR_VOLTAGE: flags.solar_voltage,
        p.CONTROL_SOLAR_CURRENT: flags.solar_current,
        p.CONTROL_EFFECTIVE_VOLTAGE: flags.effective_v,
        p.CONTROL_BMS_PARAMETERS: flags.bms_parameters,
        p.CONTROL_MAX_CURRENT: flags.max_current,
        p.CONTROL_MULTI_SENSE: flags.multi_sense,
        p.CONTROL_VOLTAGE_SENSE: flags.voltage_sense,
        p.CONTROL_TEMPERATURE_SENSE: flags.temperature_sense,
        p.CONTROL_CURRENT_SENSE: flags.current_sense,
        p.BATTERY_SERVICE: None if monitor is None else monitor.name,
        p.BATTERY_CHARGE_VOLTAGE: flags.charge_v,
        p.BATTERY_VOLTAGE: inputs.voltage_v,
        p.ALARM_FIRMWARE: flags.alarm_firmware,
        p.ALARM_MULTIPLE: flags.alarm_multiple,
        p.VEBUS_SERVICE: None if multi is None or multi.connected != 1 else multi.name,
    }
