"""Clocks that run: what will happen, and when at the earliest.

Sources as in `audit.py`. The pre-alarm has a least delay for BMSes that announce it themselves; for VE.Bus BMSes it is
not known, so there is no such clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.vecan.readings import LINK_S


class Clock(NamedTuple):
    """`name` is stable; `ends_at` in monotonic seconds; `text` says what happens then."""

    name: str
    ends_at: float
    text: str


MULTI_S: Final = 300.0
"""A Multi stops about this long after its last limits."""


class ClockKind(NamedTuple):
    """How long a clock runs (s) and what happens at its end."""

    duration_s: float
    text: str


CLOCKS: Final[Mapping[str, ClockKind]] = {
    "charge-link": ClockKind(LINK_S, "the chargers lose their link and stop with error #67"),
    "multi": ClockKind(MULTI_S, "the Multi stops by its own timer (about 5 min after its last limits)"),
    "pre-alarm": ClockKind(30.0, "discharging may be refused, not before"),
    "alternator": ClockKind(2.0, "the contactor may open: the alternator must be off by then"),
}


def clock(name: str, began: float) -> Clock:
    """A clock that began at a moment."""
    kind = CLOCKS[name]
    return Clock(name, began + kind.duration_s, kind.text)


def running(
    charge_link_ends_at: float | None,
    multi_stops_at: float | None,
    pre_alarm_at: float | None,
    alternator_at: float | None,
) -> tuple[Clock, ...]:
    """Every clock that runs: the two ends as decided, the pre-alarm from when it began, and the alternator from when
    its permission was withdrawn."""
    found: list[Clock] = []
    if charge_link_ends_at is not None:
        found.append(Clock("charge-link", charge_link_ends_at, CLOCKS["charge-link"].text))
    if multi_stops_at is not None:
        found.append(Clock("multi", multi_stops_at, CLOCKS["multi"].text))
    if pre_alarm_at is not None:
        found.append(clock("pre-alarm", pre_alarm_at))
    if alternator_at is not None:
        found.append(clock("alternator", alternator_at))
    return tuple(found)
