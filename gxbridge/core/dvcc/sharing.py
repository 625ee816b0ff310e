"""How one charge current is shared by several chargers.

`vendor_share`: dbus-systemcalc-py 9730db0 (2026-06-26) as observed. `strict_share`: ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

NEARLY_ALL: Final = 0.95
"""Above this part of the whole capacity the vendor lets every charger do its maximum."""
STEP_A: Final = 0.1


class Sharer(NamedTuple):
    """One charger (A): what it makes (smoothed), the most it may by its own setting, what it is told now."""

    actual_a: float
    own_limit_a: float
    told_a: float


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
