"""What one charger is told, with the name of the reason, and the bounds that every order keeps."""

from __future__ import annotations

from collections.abc import Sequence

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger, RsSystem
from gxbridge.core.dvcc.tell.write import Write, put
from gxbridge.core.model.named_tuple import NamedTuple


class ChargerOrder(NamedTuple):
    """What one charger is told (A; None: nothing) and the name of the reason.

    `system_a`: the limit it is a share of; `extra_a`: what a feeding Multi RS adds to it; `taken_by`: who takes
    some of the limit before it is shared, because it cannot be told.
    """

    charger: Charger
    current_a: float | None
    why: str
    system_a: float | None = None
    extra_a: float = 0.0
    taken_by: str = ""


def no_orders(chargers: Sequence[Charger], why: str, current_a: float | None = None) -> list[ChargerOrder]:
    """Every charger with one reason."""
    return [ChargerOrder(charger, current_a, why) for charger in chargers]


def clamp(own_a: float | None, current_a: float) -> float:
    """Never beyond the charger's own setting, never below 0."""
    if own_a is not None and current_a > own_a:
        return own_a
    return current_a if current_a > 0 else 0.0


def push_out(rs: RsSystem | None, excess_a: float) -> list[Write]:
    """What a Multi RS system that feeds in is to take out of the battery."""
    return [] if rs is None else put(rs, p.DISCHARGE_SETPOINT, max(round(excess_a, 1), 0.0))
