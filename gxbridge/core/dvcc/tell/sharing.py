"""How one charge current is shared by several chargers.

`vendor_share`: dbus-systemcalc-py 9730db0 (2026-06-26) as observed. `strict_share`: ours, with properties that hold in
any state: the sum is at most the limit (and 0.1 A for each charger that is off), nobody is told more than its own
limit, a lower limit never gives anybody more, and the order of the chargers does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor
from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple

NEARLY_ALL: Final = 0.95
"""Above this part of the whole capacity the vendor lets every charger do its maximum."""
STEP_A: Final = 0.1
"""Chargers are told whole steps of this; one that is off is told at least one, so that it can wake up."""
TINY: Final = 1e-7
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


def vendor_share(limit_a: float, sharers: Sequence[Sharer]) -> list[float] | None:
    """Every charger keeps the same part of its headroom, in 0.1 A steps; the rounding error goes to the next.

    None where they make all they could: nobody is told anything new.
    """
    if len(sharers) == 1:
        return [min(float(ceil(limit_a)), sharers[0].own_limit_a)]
    capacity = sum(sharer.own_limit_a for sharer in sharers)
    if limit_a > NEARLY_ALL * capacity:
        return [sharer.own_limit_a for sharer in sharers]
    actual = min(sum(sharer.actual_a for sharer in sharers), sum(sharer.told_a for sharer in sharers))
    if capacity <= actual:
        return None
    part = (limit_a - actual) / (capacity - actual)
    shares: list[float] = []
    carry = 0.0
    for sharer in sharers:
        exact = max(sharer.actual_a + part * (sharer.own_limit_a - sharer.actual_a) + carry, 0.0)
        share = round(exact, 1)
        carry = exact - share
        shares.append(share)
    return shares


ACTUAL_FIRST, ACTUAL_OTHERS, ROOM_FIRST, ROOM_OTHERS, ASLEEP = range(5)
"""The steps in which the limit is filled up: what is made now before what could be made, the sun before the others."""


def strict_share(limit_a: float, sharers: Sequence[Sharer]) -> list[float]:
    """Fill the chargers step by step with the limit, each step in proportion to its size, and round down."""
    if limit_a <= 0:
        return [0.0] * len(sharers)
    sizes = [0.0] * 5
    rows: list[tuple[int, float, int, float, float]] = []
    for actual_a, own_a, _, first, awake in sharers:
        now_a = 0.0 if actual_a < 0 else own_a if actual_a > own_a else actual_a
        if not awake:
            now, now_a, room = ASLEEP, own_a, ASLEEP
        elif first:
            now, room = ACTUAL_FIRST, ROOM_FIRST
        else:
            now, room = ACTUAL_OTHERS, ROOM_OTHERS
        room_a = own_a - now_a
        sizes[now] += now_a
        sizes[room] += room_a
        rows.append((now, now_a, room, room_a, own_a))
    parts = fill(limit_a, sizes)
    return [
        round_down(parts[now] * now_a + parts[room] * room_a, own_a, asleep=now == ASLEEP)
        for now, now_a, room, room_a, own_a in rows
    ]


def fill(limit_a: float, sizes: Sequence[float]) -> list[float]:
    """What part of each step the limit fills."""
    parts = []
    left = limit_a
    for size in sizes:
        parts.append(1.0 if size <= left else left / size)
        left = max(left - size, 0.0)
    return parts


def round_down(share_a: float, own_a: float, *, asleep: bool) -> float:
    """Whole steps of 0.1 A; the charger's own limit where it gets all of it; one step at least for one that sleeps."""
    if share_a >= own_a - TINY:
        return own_a
    told_a = floor(share_a * 10 + TINY) / 10
    return min(max(told_a, STEP_A), own_a) if asleep else told_a
