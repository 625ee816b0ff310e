"""First-order low passes, fed once a second: y += (x - y) * w.

Weights: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, tau
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import Installation
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem

CHARGER_WEIGHT: Final = tau / 20
VEBUS_WEIGHT: Final = tau / 30
DC_LOADS_WEIGHT: Final = tau / 20


def low_pass(before: float, now: float, weight: float) -> float:
    """One step."""
    return before + (now - before) * weight


def fed_current(charger: Charger) -> float | None:
    """What an inverter/charger's filter is fed (A): its DC current, or the sun's, if that is more."""
    current, power, voltage = charger.current_a, charger.yield_w, charger.voltage_v
    return None if current is None or power is None or not voltage else max(power / voltage, current)


def begin(smoothed: Mapping[str, float], chargers: Sequence[Charger]) -> Mapping[str, float]:
    """A charger's filter starts at the current it has when it appears; one that has gone is forgotten. They are in the
    order of the chargers."""
    if [*smoothed] == [charger.name for charger in chargers]:
        return smoothed
    fresh: dict[str, float] = {}
    for charger in chargers:
        known = smoothed.get(charger.name)
        fresh[charger.name] = charger.current_a or 0.0 if known is None else known
    return fresh


def advance(smoothed: Mapping[str, float], chargers: Sequence[Charger]) -> Mapping[str, float]:
    """One second for every charger's filter; an unknown current leaves it where it is. `chargers`: those of `begin`."""
    currents = [charger.current_a if charger.kind == p.SOLAR else fed_current(charger) for charger in chargers]
    return {
        name: before if current is None else before + (current - before) * CHARGER_WEIGHT
        for (name, before), current in zip(smoothed.items(), currents, strict=True)
    }


def advance_vebus(before: float, installation: Installation, multi: VebusSystem | None) -> float:
    """One second for the Multi's DC current (A, + = into the battery); without a Multi it decays to 0.

    It cannot wind up: whatever all chargers could make together is the most that it follows a discharge.
    """
    current = (multi.current_a or 0.0) if multi is not None else 0.0
    if current < 0:
        current = max(current, -most_together(installation.chargers, -current))
    return low_pass(before, current, VEBUS_WEIGHT)


def most_together(chargers: Sequence[Charger], enough_a: float) -> float:
    """What all chargers may make together by their own settings (A), or as much of it as is enough; no end where no
    setting is known."""
    together_a = None
    for charger in chargers:
        if charger.own_limit_a is not None:
            together_a = (together_a or 0.0) + charger.own_limit_a
            if together_a >= enough_a:
                break
    return inf if together_a is None else together_a
