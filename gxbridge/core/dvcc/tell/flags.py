"""What is published about the control: the flags of com.victronenergy.system, kept from one adjust to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from gxbridge.core.model.fast import changed


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
