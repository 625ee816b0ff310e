"""How one charge current is shared by several chargers.

`vendor_share`: dbus-systemcalc-py 9730db0 (2026-06-26) as observed. `strict_share`: ours, with properties that hold in
any state: the sum is at most the limit (and 0.1 A for each charger that is off), nobody is told more than its own
limit, a lower limit never gives anybody more, and the order of the chargers does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Final, NamedTuple

NEARLY_ALL: Final = 0.95
"""Above this part of the whole capacity the vendor lets every charger do its maximum."""
STEP_A: Final = 0.1
"""Chargers are told whole steps of this; one that is off is told at least one, so that it can wake up."""
TINY: Final = 1e-9
"""What sums of decimals are off by."""


class Sharer(NamedTuple):
    """One charger (A): what it makes (smoothed), the most it may by its own setting, what it is told now.

    `first`: it is served before the others (the sun). `awake`: it is not off.
    """

    actual_a: float
    own_limit_a: float
    told_a: float
    first: bool = True
    awake: bool = True


def vendor_share(limit_a: float, sharers: Sequence[Sharer]) -> list[float]:
    """Every charger keeps the same part of its headroom, in 0.1 A steps; the rounding error goes to the next."""
    if len(sharers) == 1:
        return [min(float(ceil(limit_a)), sharers[0].own_limit_a)]
    capacity = sum(sharer.own_limit_a for sharer in sharers)
    if limit_a > NEARLY_ALL * capacity:
        return [sharer.own_limit_a for sharer in sharers]
    actual = min(sum(sharer.actual_a for sharer in sharers), sum(sharer.told_a for sharer in sharers))
    if capacity == actual:
        return [sharer.told_a for sharer in sharers]
    part = (limit_a - actual) / (capacity - actual)
    shares: list[float] = []
    carry = 0.0
    for sharer in sharers:
        exact = max(sharer.actual_a + part * (sharer.own_limit_a - sharer.actual_a) + carry, 0.0)
        share = round(exact, 1)
        carry = exact - share
        shares.append(share)
    return shares


def strict_share(limit_a: float, sharers: Sequence[Sharer]) -> list[float]:
    """Fill the chargers step by step with the limit, each step in proportion, and round down.

    What the sun makes now, what the others make now, room for the sun, room for the others, then those that are off.
    """
    if limit_a <= 0:
        return [0.0] * len(sharers)
    left = limit_a
    shares = [0.0] * len(sharers)
    for rooms in steps(sharers):
        room = sum(rooms)
        if room <= 0:
            continue
        part = min(left / room, 1.0)
        shares = [share + part * own for share, own in zip(shares, rooms, strict=True)]
        left = max(left - part * room, 0.0)
    return [round_down(share, sharer) for share, sharer in zip(shares, sharers, strict=True)]


def steps(sharers: Sequence[Sharer]) -> list[list[float]]:
    """How much each charger can take in each step (A)."""
    present = [min(max(s.actual_a, 0.0), s.own_limit_a) if s.awake else 0.0 for s in sharers]
    spare = [max(s.own_limit_a - now, 0.0) if s.awake else 0.0 for s, now in zip(sharers, present, strict=True)]
    return [
        [now if s.first else 0.0 for s, now in zip(sharers, present, strict=True)],
        [0.0 if s.first else now for s, now in zip(sharers, present, strict=True)],
        [room if s.first else 0.0 for s, room in zip(sharers, spare, strict=True)],
        [0.0 if s.first else room for s, room in zip(sharers, spare, strict=True)],
        [0.0 if s.awake else max(s.own_limit_a, 0.0) for s in sharers],
    ]


def round_down(share_a: float, sharer: Sharer) -> float:
    """Whole steps of 0.1 A, or the charger's own limit where it has all of it."""
    own = max(sharer.own_limit_a, 0.0)
    if share_a >= own - TINY:
        return own
    told = floor(share_a / STEP_A + 1e-6) / 10
    return told if sharer.awake else min(max(told, STEP_A), own)
