"""First-order low passes, fed once a second: y += (x - y) * w.

Weights: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import tau
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import Device, Installation

CHARGER_WEIGHT: Final = tau / 20
VEBUS_WEIGHT: Final = tau / 30
DC_LOADS_WEIGHT: Final = tau / 20


def low_pass(before: float, now: float, weight: float) -> float:
    """One step."""
    return before + (now - before) * weight


def fed_current(device: Device) -> float | None:
    """What an inverter/charger's filter is fed (A): its DC current, or the sun's, if that is more."""
    current = number(device.items, p.CURRENT)
    power, voltage = number(device.items, p.YIELD_POWER), number(device.items, p.VOLTAGE)
    return None if current is None or power is None or not voltage else max(power / voltage, current)


def begin(smoothed: Mapping[str, float], chargers: Sequence[Device]) -> Mapping[str, float]:
    """A charger's filter starts at the current it has when it appears; one that has gone is forgotten."""
    fresh: dict[str, float] = {}
    for name, _, items, _ in chargers:
        known = smoothed.get(name)
        fresh[name] = number(items, p.CURRENT) or 0.0 if known is None else known
    return fresh


def advance(smoothed: Mapping[str, float], chargers: Sequence[Device]) -> Mapping[str, float]:
    """One second for every charger's filter; an unknown current leaves it where it is."""
    fresh = dict(smoothed)
    for device in chargers:
        name, kind, items, _ = device
        current = number(items, p.CURRENT) if kind == p.SOLAR else fed_current(device)
        if current is not None:
            before = smoothed[name]
            fresh[name] = before + (current - before) * CHARGER_WEIGHT
    return fresh


def advance_vebus(before: float, installation: Installation, multi: Device | None) -> float:
    """One second for the Multi's DC current (A, + = into the battery); without a Multi it decays to 0.

    It cannot wind up: whatever all chargers could make together is the most that it follows a discharge.
    """
    current = (number(multi.items, p.CURRENT) or 0.0) if multi is not None else 0.0
    if current < 0:
        limits = [charger.own_a for charger in installation.chargers if charger.own_a is not None]
        if limits:
            current = max(current, -sum(limits))
    return low_pass(before, current, VEBUS_WEIGHT)
