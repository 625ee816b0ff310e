"""The storage profile: a battery that rests at a state of charge or voltage; and full charges, which suspend it.

Nothing here grants anything: what the profile takes away comes back as what the limits and the other rules leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Final

from gxbridge.core.dvcc.rules.clock import DAY_S, LocalClock
from gxbridge.core.dvcc.rules.rule import MeasuredInput
from gxbridge.core.model.named_tuple import NamedTuple

BAND_PERCENT: Final = 3.0
"""A battery that rests at a state of charge is charged again when it has lost so much."""
FULL_PERCENT: Final = 99.5
"""Full is this state of charge, in every battery that says one,"""
FULL_S: Final = 600.0
"""for so long."""
DIFFERS_S: Final = 60.0
"""Cells that differ count after so long: a step of the load is none."""
NOTE_S: Final = 3600.0
"""While it is full, that is noted so often."""
AGAIN_S: Final = DAY_S
"""A full charge that was not reached is tried again after so long, at the earliest; and the battery rests for at least
as long as a try may last, else one that is never full would not be in storage at all."""


class StorageProfile(NamedTuple):
    """`soc_percent`, `voltage_v`: what the battery is held at, at least one. `until_day`: the day (days since 1970,
    local time) with whose beginning it ends. `on`: the configuration switches it on, and no client off."""

    soc_percent: float | None = None
    voltage_v: float | None = None
    until_day: int | None = None
    on: bool = False

    def is_over(self, clock: LocalClock) -> bool:
        """Is its last day past? While the day is not known it is not."""
        return self.until_day is not None and clock.day is not None and clock.day >= self.until_day


class FullCharge(NamedTuple):
    """When a battery in storage is charged full: `every_days` after the last time, or when cells differ by more than
    `cell_difference_v`; a try ends after `at_most_hours`."""

    every_days: float | None = None
    cell_difference_v: float | None = None
    at_most_hours: float = 12.0


class StorageState(NamedTuple):
    """`on`: a client has switched it on. `rests`: the state of charge was reached. Moments of the full charge are
    seconds since 1970; `full_since` and `differs_since` are monotonic."""

    on: bool = False
    rests: bool = True
    last_full: float | None = None
    seen_full: bool = False
    """False: nobody has seen the battery full; `last_full` is when the counting began."""
    tried_at: float | None = None
    full_since: float | None = None
    differs_since: float | None = None


NO_STORAGE: Final = StorageState()


def rests_at(profile: StorageProfile, state: StorageState, soc: Sequence[MeasuredInput]) -> bool:
    """Is the state of charge that it is held at reached? Where that is not known, it is."""
    hold = profile.soc_percent
    if hold is None:
        return False
    if not soc or not all(isfinite(one.value) for one in soc):
        return True
    highest = max(one.value for one in soc)
    return highest >= hold or (state.rests and highest > hold - BAND_PERCENT)


def watch_full(
    full: FullCharge,
    state: StorageState,
    soc: Sequence[MeasuredInput],
    difference_v: float | None,
    clock: LocalClock,
    now: float,
    *,
    active: bool,
) -> StorageState:
    """What is known of full charges after this look. `active`: the profile would hold the battery."""
    is_full = bool(soc) and all(one.value >= FULL_PERCENT for one in soc)
    wanted_v = full.cell_difference_v
    differs = wanted_v is not None and difference_v is not None and difference_v > wanted_v
    state = state._replace(
        full_since=(now if state.full_since is None else state.full_since) if is_full else None,
        differs_since=(now if state.differs_since is None else state.differs_since) if differs else None,
    )
    if clock.epoch is None:
        return state
    if state.last_full is None:
        state = state._replace(last_full=clock.epoch)
    if state.full_since is not None and now - state.full_since >= FULL_S and is_news(state, clock.epoch):
        return state._replace(last_full=clock.epoch, seen_full=True)
    if active and not is_charging_full(full, state, clock) and is_due(full, state, clock.epoch, now):
        return state._replace(tried_at=clock.epoch)
    return state


def is_news(state: StorageState, epoch: float) -> bool:
    """Is a battery that is full to be noted? Each note is a write to the disk."""
    last, tried = state.last_full or 0.0, state.tried_at or 0.0
    return not state.seen_full or last < tried or epoch - last >= NOTE_S


def is_due(full: FullCharge, state: StorageState, epoch: float, now: float) -> bool:
    """Is it time for a full charge?"""
    if state.tried_at is not None and epoch - state.tried_at < max(AGAIN_S, 2 * full.at_most_hours * 3600):
        return False
    days = full.every_days
    if days is not None and state.last_full is not None and epoch - state.last_full >= days * DAY_S:
        return True
    return state.differs_since is not None and now - state.differs_since >= DIFFERS_S


def is_charging_full(full: FullCharge, state: StorageState, clock: LocalClock) -> bool:
    """Is a full charge tried now? Not without a clock that says when it ends, and not after the battery was full."""
    if state.tried_at is None or clock.epoch is None:
        return False
    done = state.seen_full and state.last_full is not None and state.last_full >= state.tried_at
    return not done and 0 <= clock.epoch - state.tried_at < full.at_most_hours * 3600


def trusted(clock: LocalClock, state: StorageState) -> LocalClock:
    """The clock, or none where it is earlier than what is remembered: then it was not set."""
    latest = max(state.last_full or 0.0, state.tried_at or 0.0)
    return clock._replace(epoch=None) if clock.epoch is not None and clock.epoch < latest - DAY_S else clock
