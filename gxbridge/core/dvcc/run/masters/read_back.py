"""What was told to each device, and whether what it shows says that somebody else tells it something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import sensible
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple

READ_BACK: Final = frozenset(
    {
        p.NETWORK_MODE,
        p.CHARGE_VOLTAGE,
        p.CHARGE_CURRENT,
        p.DISCHARGE_CURRENT,
        p.BOL_CHARGE_VOLTAGE,
        p.BOL_CHARGE_CURRENT,
        p.BOL_DISCHARGE_CURRENT,
    }
)
"""Paths that show what was written to them. `/Dc/0/MaxChargeCurrent` is not among them: the Multi clamps it."""
ROUNDING: Final = 0.15
"""Devices round what they are told; a difference up to this is no sign of anybody else (A or V)."""
SETTLE_S: Final = 0.8
"""A write is read back at the earliest after this time."""
SLOW_S: Final = 2.0
"""A device that still shows the value from before our first write may only be slow, up to this time."""
LAG_S: Final = 10.0
"""A device that shows what we told it in this time is only slow."""
CALM_S: Final = 10.0
"""So long after a device appeared, was connected, or changed its mode, what it shows says nothing."""
STRIKES: Final = 2
"""So many of our writes in a row that read back differently are somebody else's work."""
MOST_RECENT: Final = 4


class Written(NamedTuple):
    """What we wrote to a path and when, what was there before our first write, and how it read back.

    `recent`: (value, when) of the writes before it; `strikes`: so many writes in a row, up to the one before, read back
    differently; `judged`: no more is to be read into what the device shows.
    """

    value: Value
    at: float
    previous: float | None = None
    recent: tuple[tuple[Value, float], ...] = ()
    strikes: int = 0
    judged: bool = False


LastWrites: TypeAlias = Mapping[tuple[str, str], Written]
"""(service, path) -> our last write."""


def strikes(
    written: Written, path: str, reads: float | None, own_limit: float | None, now: float, *, calm: bool
) -> int:
    """How many of our writes in a row, with this one, read back as somebody else's. `reads`: what the device shows
    there; `own_limit`: where it may cut off what it is told; `calm`: nothing happened to it for a while."""
    if written.judged or path not in READ_BACK:
        return written.strikes
    told = sensible(written.value)
    if not calm or reads is None or told is None or agrees(path, told, reads) or clamped(told, reads, own_limit):
        return 0
    if any(now - at <= LAG_S and agrees(path, value, reads) for value, at in written.recent):
        return 0
    age_s = now - written.at
    if age_s < SETTLE_S or (age_s < SLOW_S and agrees(path, written.previous, reads)):
        return written.strikes  # too early to tell
    return written.strikes + 1


def agrees(path: str, told: Value, reads: float) -> bool:
    """Does a reading agree with what we wrote?"""
    if not isinstance(told, int | float):
        return False
    return abs(told - reads) <= (0 if path == p.NETWORK_MODE else ROUNDING)


def clamped(told: float, reads: float, own_limit: float | None) -> bool:
    """Does the device cut off what it is told at its own limit?"""
    return own_limit is not None and reads < told and abs(reads - own_limit) <= ROUNDING


def rewritten(written: Written | None, value: Value, shows: float | None, now: float) -> Written:
    """A path that is written now, after `written`."""
    if written is None:
        return Written(value, now, shows)
    recent = [(before, at) for before, at in ((written.value, written.at), *written.recent) if before != value]
    return Written(value, now, written.previous, tuple(recent[:MOST_RECENT]), written.strikes)
