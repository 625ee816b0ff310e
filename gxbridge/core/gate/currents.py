"""What everything that charges may be told together, at the last gate: a sum over all, and what each may have of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.allowed import ALLOWED, CHARGERS, SUN, VE_BUS, class_of
from gxbridge.core.gate.bounds import Bounds
from gxbridge.core.gate.raw_words import RawWords, finite, limit, lowest
from gxbridge.core.model.items import Items

CHARGING: Final = CHARGERS | VE_BUS | {"charger"}
"""What shares the charge current limit, Multis and AC chargers too."""
PER_CHARGER_A: Final = 0.1
"""Rounding, for each charger that is told a current."""


def share(
    part: Iterable[Write],
    words: RawWords,
    bounds: Bounds,
    told: Mapping[str, tuple[float, float]],
    made: Mapping[str, float],
) -> dict[tuple[str, str], float | None]:
    """The highest lawful current for each that is told one: its own limit, and what the others leave of the sum."""
    asked = [write for write in part if can_be_told(write, words)]
    names = {write.service for write in asked}
    left = None if bounds.limit_a is None else bounds.limit_a + bounds.dc_loads_a + bounds.ac_loads_a + bounds.fed_a
    others = 0.0
    if left is not None:
        left += PER_CHARGER_A * len(names)
        for name, items in words.services.items():
            if name not in names and class_of(name) in CHARGING and of_this_bank(items):
                made_a = untold(name, items, told, made.get(name, 0.0), managed=bounds.managed)
                left -= made_a
                others += 0.0 if class_of(name) in SUN else made_a
    shares: dict[tuple[str, str], float | None] = {}
    for service, path, value in asked:
        kind, own = class_of(service), limit(words.services[service].get("/Settings/ChargeCurrentLimit"))
        if bounds.stop and not (bounds.exports and kind in SUN):
            highest: float | None = 0.0
        else:
            rest = left if kind in SUN else without_sun(bounds, others, own_draw=kind == "vebus")
            highest = lowest(own, None if left is None or rest is None else max(min(left, rest), 0.0))
        shares[service, path] = highest
        if left is not None:
            passed = min(limit(value) or 0.0, highest or 0.0)
            left -= passed
            others += 0.0 if kind in SUN else passed
    return shares


def without_sun(bounds: Bounds, told_a: float, *, own_draw: bool) -> float | None:
    """What is left for others than the sun, of which `told_a` is told to them or made: nothing that is fed in.

    `own_draw`: for who takes the current of the AC loads itself, and no longer does when it charges.
    """
    if bounds.limit_a is None:
        return None
    loads_a = bounds.dc_loads_a + (0.0 if own_draw else bounds.ac_loads_a)
    return bounds.limit_a + loads_a + PER_CHARGER_A - told_a


def can_be_told(write: Write, words: RawWords) -> bool:
    """Is it a current that may be told at all, less or more?"""
    row, value = ALLOWED.get(write.path), limit(write.value)
    return (
        row is not None
        and row.quantity == "current"
        and value is not None
        and value <= row.high
        and (write.path in words.services.get(write.service, {}) and class_of(write.service) in row.classes)
    )


def of_this_bank(items: Items) -> bool:
    """Not a charger in another network, and no mere inverter."""
    return items.get("/N2kDeviceInstance") in (0, None) and items.get("/IsInverterCharger") in (1, None)


def last_made(words: RawWords, before: Mapping[str, float]) -> Mapping[str, float]:
    """What each that can never be told made when it said so last (A). One that is off makes nothing."""
    found: dict[str, float] = {}
    for name, items in words.services.items():
        kind = class_of(name)
        if kind in ("charger", "dcgenset") or (kind in ("alternator", "dcdc") and "/Link/ChargeCurrent" not in items):
            off = finite(items.get("/Connected")) == 0 or finite(items.get("/State")) == 0
            made_a = finite(items.get("/Dc/0/Current"))
            if made_a is None and not off:
                made_a = before.get(name)
            if made_a is not None:
                found[name] = made_a
    return found


def untold(name: str, items: Items, told: Mapping[str, tuple[float, float]], made_a: float, *, managed: bool) -> float:
    """What one that is not told now makes, or may make by what it was told; `made_a`: as it said last. A Multi without
    a BMS is told by its own setting, and makes no more than that."""
    shown = finite(items.get("/Dc/0/Current"))
    made = made_a if shown is None else shown
    own = None if managed or class_of(name) not in VE_BUS else limit(items.get("/Dc/0/MaxChargeCurrent"))
    return max(made if own is None else min(made, own), told.get(name, (0.0, 0.0))[0], 0.0)
