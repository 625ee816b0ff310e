"""The storage profile, and the full charges that suspend it."""

from __future__ import annotations

import math

from gxbridge.core.dvcc.rules.clock import DAY_S, LocalClock
from gxbridge.core.dvcc.rules.rule import MeasuredInput
from gxbridge.core.dvcc.rules.storage import (
    AGAIN_S,
    DIFFERS_S,
    FULL_S,
    NO_STORAGE,
    NOTE_S,
    FullCharge,
    StorageProfile,
    StorageState,
    is_charging_full,
    rests_at,
    trusted,
    watch_full,
)

NOW = 1_796_126_400.0
"""2026-12-01 12:00 UTC."""
PROFILE = StorageProfile(soc_percent=60.0)
MONTHLY = FullCharge(every_days=30.0, at_most_hours=12.0)


def soc(*values: float) -> tuple[MeasuredInput, ...]:
    return tuple(map(MeasuredInput, values))


def at(epoch: float | None, zone_s: float | None = 0.0) -> LocalClock:
    return LocalClock(epoch, zone_s)


def test_charging_stops_at_the_state_of_charge_and_begins_again_3_percent_below() -> None:
    rests, found = False, []
    for value in (59.0, 60.0, 58.0, 57.1, 57.0, 58.0, 60.0):
        rests = rests_at(PROFILE, NO_STORAGE._replace(rests=rests), soc(value))
        found.append(rests)
    assert found == [False, True, True, True, False, False, True]


def test_after_a_start_within_the_band_it_rests() -> None:
    assert rests_at(PROFILE, NO_STORAGE, soc(58.0))
    assert not rests_at(PROFILE, NO_STORAGE, soc(57.0))


def test_an_unknown_state_of_charge_rests_and_the_fullest_battery_counts() -> None:
    assert rests_at(PROFILE, NO_STORAGE._replace(rests=False), ())
    assert rests_at(PROFILE, NO_STORAGE._replace(rests=False), soc(math.nan))
    assert rests_at(PROFILE, NO_STORAGE._replace(rests=False), soc(50.0, 61.0))


def test_a_profile_by_voltage_alone_stops_no_charging() -> None:
    assert not rests_at(StorageProfile(voltage_v=26.4), NO_STORAGE, ())


def test_it_is_over_from_the_beginning_of_the_day_on_and_never_while_the_day_is_not_known() -> None:
    profile = StorageProfile(60.0, until_day=20788)
    assert not profile.is_over(at(NOW - 43_201))
    assert profile.is_over(at(NOW - 43_200))
    assert not profile.is_over(at(NOW, None))
    assert not profile.is_over(at(None))
    assert not PROFILE.is_over(at(NOW))


TODAY = LocalClock(NOW, 0.0)


def watched(
    state: StorageState, *, soc_percent: float = 60.0, differ_v: float | None = 0.01, clock: LocalClock = TODAY,
    full: FullCharge = MONTHLY, now: float = 0.0, active: bool = True,
) -> StorageState:  # fmt: skip
    return watch_full(full, state, soc(soc_percent), differ_v, clock, now, active=active)


def test_counting_begins_when_nothing_is_known() -> None:
    state = watched(NO_STORAGE)
    assert (state.last_full, state.seen_full, state.tried_at) == (NOW, False, None)


def test_full_is_seen_after_ten_minutes_and_noted_once_an_hour() -> None:
    state = watched(NO_STORAGE, soc_percent=99.5)
    assert not state.seen_full
    assert not watched(state, soc_percent=99.5, now=FULL_S - 1).seen_full
    state = watched(state, soc_percent=99.5, now=FULL_S, clock=at(NOW + FULL_S))
    assert (state.last_full, state.seen_full) == (NOW + FULL_S, True)
    soon = watched(state, soc_percent=100.0, now=FULL_S + 60, clock=at(NOW + FULL_S + 60))
    assert soon.last_full == NOW + FULL_S
    later = watched(state, soc_percent=100.0, now=FULL_S + NOTE_S, clock=at(NOW + FULL_S + NOTE_S))
    assert later.last_full == NOW + FULL_S + NOTE_S
    assert watched(state, soc_percent=99.4).full_since is None


def test_every_battery_must_be_full() -> None:
    state = watch_full(MONTHLY, NO_STORAGE, soc(100.0, 98.0), None, at(NOW), 0.0, active=True)
    assert state.full_since is None
    assert watch_full(MONTHLY, NO_STORAGE, (), None, at(NOW), 0.0, active=True).full_since is None


LONG_AGO = NO_STORAGE._replace(last_full=NOW - 30 * DAY_S, seen_full=True)


def test_a_full_charge_is_tried_when_the_days_are_over_and_the_profile_holds() -> None:
    assert watched(LONG_AGO).tried_at == NOW
    assert watched(LONG_AGO, active=False).tried_at is None
    assert watched(LONG_AGO._replace(last_full=NOW - 30 * DAY_S + 1)).tried_at is None
    assert watched(LONG_AGO, full=FullCharge(cell_difference_v=0.1)).tried_at is None


def test_without_a_clock_nothing_is_tried_and_a_try_ends() -> None:
    assert watched(LONG_AGO, clock=at(None)).tried_at is None
    trying = LONG_AGO._replace(tried_at=NOW)
    assert is_charging_full(MONTHLY, trying, at(NOW))
    assert not is_charging_full(MONTHLY, trying, at(None))


def test_a_try_ends_after_its_hours_or_when_the_battery_was_full() -> None:
    trying = LONG_AGO._replace(tried_at=NOW)
    assert is_charging_full(MONTHLY, trying, at(NOW + 12 * 3600 - 1))
    assert not is_charging_full(MONTHLY, trying, at(NOW + 12 * 3600))
    assert not is_charging_full(MONTHLY, trying, at(NOW - 1)), "the clock was set back"
    assert not is_charging_full(MONTHLY, trying._replace(last_full=NOW + 60), at(NOW + 3600))
    assert not is_charging_full(MONTHLY, LONG_AGO, at(NOW))
    counting = NO_STORAGE._replace(last_full=NOW, tried_at=NOW)
    assert is_charging_full(MONTHLY, counting, at(NOW)), "nobody has seen it full"


def test_the_next_try_begins_a_day_after_the_last_began_and_after_as_long_a_rest() -> None:
    tried = LONG_AGO._replace(tried_at=NOW)
    for epoch, wanted in ((NOW + 13 * 3600, NOW), (NOW + AGAIN_S - 1, NOW), (NOW + AGAIN_S, NOW + AGAIN_S)):
        assert watched(tried, clock=at(epoch)).tried_at == wanted
    long = FullCharge(every_days=1.0, at_most_hours=48.0)
    rested = NOW + 2 * 48 * 3600
    assert not is_charging_full(long, tried, at(NOW + 48 * 3600))
    assert watched(tried, clock=at(rested - 1), full=long).tried_at == NOW, "it rests as long as it was tried"
    assert watched(tried, clock=at(rested), full=long).tried_at == rested


def test_cells_that_differ_for_a_minute_call_for_a_full_charge() -> None:
    cells = FullCharge(cell_difference_v=0.05)
    lately = NO_STORAGE._replace(last_full=NOW - DAY_S, seen_full=True)
    differs = watched(lately, differ_v=0.051, full=cells)
    assert differs.tried_at is None
    assert watched(differs, differ_v=0.051, full=cells, now=DIFFERS_S - 1).tried_at is None
    assert watched(differs, differ_v=0.051, full=cells, now=DIFFERS_S).tried_at == NOW
    for differ_v in (0.05, None):
        assert watched(differs, differ_v=differ_v, full=cells, now=DIFFERS_S).differs_since is None


def test_a_clock_that_is_earlier_than_what_is_remembered_was_not_set() -> None:
    state = NO_STORAGE._replace(last_full=NOW, tried_at=NOW - DAY_S)
    assert trusted(at(NOW - DAY_S), state) == at(NOW - DAY_S)
    assert trusted(at(NOW - DAY_S - 1), state) == at(None)
    assert trusted(at(NOW - DAY_S - 1), NO_STORAGE._replace(tried_at=NOW)) == at(None)
    assert trusted(at(None), state) == at(None)
    assert trusted(at(NOW), NO_STORAGE) == at(NOW)
