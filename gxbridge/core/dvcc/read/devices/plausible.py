"""What may not be believed: nonsense numbers, and charge voltages that do not fit the battery.

Windows: our own, from lithium and lead batteries of 12, 24 and 48 V; the class limits are those of register 0xEDEF's
automatic detection in our notes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.named_tuple import NamedTuple

LOWEST: Final = 10
HIGHEST: Final = 16
PER: Final = 12
"""The window of a nominal voltage: 10 to 16 V at 12 V, 20 to 32 V at 24 V, 40 to 64 V at 48 V."""
CLASSES: Final = ((18.0, 12.0), (36.0, 24.0))
"""A measured voltage below this belongs to this nominal voltage; above the last one it is 48 V."""
LOWEST_CLASS: Final = 12.0
HIGHEST_CLASS: Final = 48.0
ALL_CLASSES: Final = (*(nominal_v for _, nominal_v in CLASSES), HIGHEST_CLASS)
NO_LIMIT_A: Final = 10000.0
"""What "no limit" is as a number."""
LEAST_V: Final = 8.0
MOST_V: Final = 100.0
"""What is below or above is not the voltage of a battery."""


class Window(NamedTuple):
    """The nominal voltage and the charge voltages that make sense for it (V)."""

    nominal_v: float
    low_v: float
    high_v: float


def sane(value: float | None, options: Options) -> float | None:
    """A limit; where that guard is on, one below 0 is nonsense and unknown, and one beyond any current is no limit."""
    if value is None or not options.clean_limits:
        return value
    return None if value < 0 else min(value, NO_LIMIT_A)


def nominal_voltage(bms: Bms | None, options: Options, measured_v: float | None) -> float | None:
    """The nominal voltage: configured, else the battery's own setting, else the class of what is measured."""
    if options.nominal_voltage_v is not None:
        return options.nominal_voltage_v
    own = None if bms is None else bms.nominal_v
    if own is not None and own > 0:
        return own
    voltage = (None if bms is None else bms.voltage_v) or measured_v
    return (voltage or None) and nearest_class(voltage)


def nearest_class(voltage_v: float) -> float:
    """The nominal voltage of a battery that measures this."""
    return next((nominal for below, nominal in CLASSES if voltage_v < below), HIGHEST_CLASS)


def class_of_voltage(voltage_v: float) -> float | None:
    """The same, None where no battery measures this."""
    return nearest_class(voltage_v) if LEAST_V <= voltage_v < MOST_V else None


@lru_cache(maxsize=16, typed=True)
def window(nominal_v: float) -> Window:
    """The window of a nominal voltage."""
    return Window(nominal_v, nominal_v * LOWEST / PER, nominal_v * HIGHEST / PER)


def class_of_charge_voltage(cvl: float | None) -> float | None:
    """The nominal voltage whose window a charge voltage is in; None in none."""
    return None if cvl is None else next((volts for volts in ALL_CLASSES if implausible(cvl, volts) is None), None)


def implausible(cvl: float, nominal_v: float | None) -> Window | None:
    """The window that a charge voltage is not in; None when it is fine, or in any window without a nominal voltage."""
    if nominal_v is not None:
        found = window(nominal_v)
        return None if found.low_v <= cvl <= found.high_v else found
    windows = [window(nominal_v) for nominal_v in ALL_CLASSES]
    return None if any(w.low_v <= cvl <= w.high_v for w in windows) else windows[0]
