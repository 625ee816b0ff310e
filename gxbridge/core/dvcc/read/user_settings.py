"""The settings that DVCC looks at, with the defaults they have on a GX that never changed them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record

NO_BMS: Final = -255
"""`BmsInstance` for "none"; -1 is automatic, 0 and above a device instance."""
AUTOMATIC_BMS: Final = -1
ON: Final = 1
"""Bit 0 of the DVCC and shared-sense settings; bit 1 says that it is forced."""

DEFAULTS: Final[Mapping[str, float]] = {
    p.SET_DVCC: 0,
    p.SET_MAX_CURRENT: -1,
    p.SET_MAX_VOLTAGE: 0,
    p.SET_BMS_INSTANCE: AUTOMATIC_BMS,
    p.SET_SVS: 1,
    p.SET_STS: 1,
    p.SET_SCS: 1,
    p.SET_ALL_MULTIS: 0,
    p.SET_DC_SYSTEM: 0,
    p.SET_AC_INPUT_1: 1,
    p.SET_AC_INPUT_2: 2,
    p.SET_FEED_IN: 0,
    p.SET_MOST_FEED_IN: -1,
}
DEFAULT_BATTERY: Final = "default"
DEFAULT_TEMPERATURE: Final = "default"


@record
class UserSettings:
    """`dvcc`, `svs`, `sts`: the stored numbers (bit 0 on, bit 1 forced). Below 0 A, below 0 W and 0 V: no limit."""

    dvcc: int
    svs: int
    sts: int
    scs: bool
    max_current_a: float
    max_voltage_v: float
    bms_instance: int
    battery: str
    temperature: str
    all_multis: bool
    has_dc_system: bool
    ac_inputs: tuple[int, int]
    feed_in: bool
    most_feed_in_w: float


PATHS: Final = (*DEFAULTS, p.SET_BATTERY, p.SET_TEMPERATURE)


def read_settings(values: Mapping[str, Value]) -> UserSettings:
    """The settings from what com.victronenergy.settings holds; what is missing or nonsense has its default."""
    return settings_of(tuple(map(values.get, PATHS)))


@lru_cache(maxsize=64, typed=True)
def settings_of(shown: tuple[Value, ...]) -> UserSettings:
    """The settings that are so, in the order of `PATHS`. They hardly ever change, and are read every second."""
    values = dict(zip(PATHS, shown, strict=True))

    def value_of(path: str) -> float:
        value = number(values, path)
        return DEFAULTS[path] if value is None else value

    return UserSettings(
        dvcc=int(value_of(p.SET_DVCC)),
        svs=int(value_of(p.SET_SVS)),
        sts=int(value_of(p.SET_STS)),
        scs=value_of(p.SET_SCS) != 0,
        max_current_a=value_of(p.SET_MAX_CURRENT),
        max_voltage_v=value_of(p.SET_MAX_VOLTAGE),
        bms_instance=int(value_of(p.SET_BMS_INSTANCE)),
        battery=text(values, p.SET_BATTERY) or DEFAULT_BATTERY,
        temperature=text(values, p.SET_TEMPERATURE) or DEFAULT_TEMPERATURE,
        all_multis=value_of(p.SET_ALL_MULTIS) == 1,
        has_dc_system=value_of(p.SET_DC_SYSTEM) == 1,
        ac_inputs=(int(value_of(p.SET_AC_INPUT_1)), int(value_of(p.SET_AC_INPUT_2))),
        feed_in=value_of(p.SET_FEED_IN) == 1,
        most_feed_in_w=value_of(p.SET_MOST_FEED_IN),
    )
