"""What a device shows after it was told something, rule by rule and to the exact bound."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState, disturbs
from gxbridge.core.dvcc.run.masters.masters import (
    MONITOR,
    Standing,
    another_master,
    apart_chargers,
    differing,
    owes,
    standing,
    unjudged,
)
from gxbridge.core.dvcc.run.masters.read_back import Written, agrees, clamped, rewritten, strikes
from gxbridge.core.dvcc.run.masters.release import lower, no_raise
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import MULTI, SUN, SUN_2

CURRENT = p.CHARGE_CURRENT
TOLD = 35.0


def strike(
    reads: float | None, age_s: float = 5.0, own: float | None = None, *, calm: bool = True, path: str = CURRENT,
    **written: object,
) -> int:  # fmt: skip
    """One reading of a device that was told 35 A at 1000 s."""
    known = Written(written.pop("value", TOLD), 1000.0, **written)  # type: ignore[arg-type]
    return strikes(known, path, reads, own, 1000.0 + age_s, calm=calm)


def test_another_value_is_one_strike_more_and_the_same_one_is_none() -> None:
    assert strike(20.0) == 1
    assert strike(20.0, strikes=1) == 2
    assert strike(TOLD, strikes=1) == 0
    assert strike(20.0, strikes=1, calm=False) == 0
    assert strike(None, strikes=1) == 0
    assert strike(20.0, strikes=1, value=None) == 0
    assert strike(20.0, strikes=1, judged=True) == 1
    assert strike(20.0, strikes=1, path=p.NETWORK_MODE + "x") == 1, "a path that is not read back"


@pytest.mark.parametrize(("age_s", "found"), [(0.795, 0), (0.81, 1), (1000.0, 1)])
def test_a_write_is_read_back_after_its_time(age_s: float, found: int) -> None:
    assert strike(20.0, age_s) == found


@pytest.mark.parametrize(("age_s", "found"), [(1.99, 0), (2.0, 1), (2.5, 1)])
def test_what_was_there_before_our_first_write_is_shown_for_two_seconds_at_most(age_s: float, found: int) -> None:
    assert strike(20.0, age_s, previous=20.0) == found
    assert strike(20.0, age_s, previous=21.0) == 1


@pytest.mark.parametrize(("ago_s", "found"), [(9.95, 0), (10.0, 0), (10.05, 1), (11.0, 1), (1500.0, 1)])
def test_what_it_was_told_up_to_ten_seconds_ago_only_shows_that_it_is_slow(ago_s: float, found: int) -> None:
    assert strike(20.0, 5.0, recent=((20.0, 1005.0 - ago_s),)) == found


def test_a_reading_agrees_within_a_rounding_step_and_a_mode_exactly() -> None:
    assert agrees(CURRENT, 1.0, 1.15)
    assert agrees(CURRENT, 1.0, 0.86)
    assert not agrees(CURRENT, 1.0, 1.151)
    assert not agrees(CURRENT, None, 0.0)
    assert not agrees(CURRENT, "1", 1.0)
    assert agrees(p.NETWORK_MODE, 13, 13.0)
    assert not agrees(p.NETWORK_MODE, 13, 13.1)


def test_a_device_cuts_off_at_its_own_limit_and_nowhere_else() -> None:
    assert clamped(TOLD, 30.0, 30.0)
    assert clamped(TOLD, 29.875, 30.0)
    assert not clamped(TOLD, 29.8, 30.0)
    assert clamped(TOLD, 0.15, 0.0), "the bound itself"
    assert not clamped(TOLD, 30.0, None)
    assert not clamped(TOLD, 30.0, 15.0), "a half is not near"
    assert not clamped(30.0, 30.0, 30.0)
    assert not clamped(30.0, 30.1, 30.0), "more than it was told"


def test_four_values_before_the_last_are_remembered_without_repetitions() -> None:
    known = rewritten(None, 1.0, 7.0, 10.0)
    assert known == Written(1.0, 10.0, 7.0)
    for value in (2.0, 3.0, 4.0, 5.0, 6.0):
        known = rewritten(known, value, None, 10.0 + value)
    assert [before for before, _ in known.recent] == [5.0, 4.0, 3.0, 2.0]
    again = rewritten(known, 4.0, None, 30.0)
    assert [before for before, _ in again.recent] == [6.0, 5.0, 3.0, 2.0]
    assert (again.previous, again.judged) == (7.0, False)


@pytest.mark.parametrize(
    ("path", "before", "after", "found"),
    [
        (p.STATE, 0, 3, True),
        (p.STATE, 3, 0, True),
        (p.STATE, 3, 5, False),
        (p.STATE, 3, -1, False),
        (p.STATE, 0, 0, False),
        (p.STATE, None, 3, False),
        (p.STATE, None, 0, True),
        (p.CONNECTED, 1, 0, True),
        (p.CONNECTED, 0, 1, True),
        (p.CONNECTED, 1, 1, False),
        (p.MODE, 1, 4, True),
        (p.MODE, 4, 1, True),
        (p.MODE, 1000, int("1000"), False),
        (p.CURRENT, 1.0, 2.0, False),
    ],
)
def test_what_disturbs_a_device(path: str, before: Value, after: Value, found: bool) -> None:
    assert disturbs(path, before, after) is found


@pytest.mark.parametrize(
    ("value", "last", "shows", "found"),
    [
        (0, None, None, True), (0.5, None, None, False), (-1, None, None, True), (-1, 5.0, 5.0, True),
        (4.0, 5.0, 6.0, True),
        (5.0, 5.0, 6.0, False), (5.0, 6.0, 5.0, False), (4.0, None, 5.0, True), (1.0, 1.0, 1.0, False),
    ],
)  # fmt: skip
def test_what_is_lower(value: Value, last: Value, shows: float | None, found: bool) -> None:
    assert lower(value, last, shows) is found


@pytest.mark.parametrize(
    ("value", "last", "found"),
    [
        (0, None, True),
        (0.9, None, False),
        (1, None, False),
        (5.0, 5.0, True),
        (5.1, 5.0, False),
        (None, 5.0, False),
        (-1, None, True),
    ],
)
def test_what_is_no_raise(value: Value, last: Value, found: bool) -> None:
    assert no_raise(value, last) is found


@pytest.mark.parametrize(
    ("mode", "reason"), [("monitor", MONITOR), ("off", "DVCC is off in the configuration.")], ids=["monitor", "off"]
)
def test_without_control_the_reason_is_the_configuration(mode: str, reason: str) -> None:
    found, writes = standing(mode, DbusState({}), Standing(overruled="x"))
    assert (found.effective, found.reason, found.overruled, writes) == (mode, reason, "x", ())


def test_only_what_was_told_in_control_is_judged() -> None:
    key = (SUN, CURRENT)
    bus = DbusState({SUN: {CURRENT: 20.0}})
    for effective, struck in (("control", 2), ("monitor", 1), ("off", 1)):
        before = Standing(effective, told={key: Written(TOLD, 1000.0, strikes=1)})
        found, _ = standing("control", bus, before, writes=[Write(SUN, CURRENT, TOLD)], now=1005.0)
        assert found.told[key].strikes == struck if effective != "control" else found.apart == {SUN: CURRENT}


def test_two_strikes_and_more_set_apart_and_one_does_not() -> None:
    for count, apart in ((1, False), (2, True), (3, True)):
        assert bool(differing({(SUN, CURRENT): Written(1.0, 0.0, strikes=count)})) is apart


def test_one_charger_alone_is_no_other_master_but_a_multi_and_two_are() -> None:
    assert another_master({}) == ""
    assert another_master({SUN: CURRENT}) == ""
    assert another_master({MULTI: CURRENT}) == f"{MULTI} {CURRENT}"
    assert another_master({SUN: CURRENT, SUN_2: CURRENT}) == f"{SUN_2} {CURRENT}"
    later = "com.victronenergy.vecan.can0"
    assert another_master({later: CURRENT}) == "", "only a Multi"


def test_one_that_is_set_apart_counts_with_what_it_was_told_last() -> None:
    def last(value: Value) -> float:
        told = {} if value == "never" else {(SUN, CURRENT): Written(value, 0.0)}
        return apart_chargers(Standing("control", "", "", told=told, apart={SUN: CURRENT}))[SUN]

    assert (last(12.0), last(0.0), last(None), last("never"), last(1e12)) == (12.0, 0.0, 0.0, 0.0, 0.0)


def test_what_was_refused_is_judged_no_more_and_begins_anew() -> None:
    key, other = (SUN, CURRENT), (SUN_2, CURRENT)
    for written in (Written(1.0, 0.0, strikes=1), Written(1.0, 0.0, strikes=1, judged=True), Written(1.0, 0.0)):
        before = Standing("control", "", "", told={key: written, other: written})
        after = unjudged(before, [key, (SUN, p.NETWORK_MODE)])
        assert after.told == {key: Written(1.0, 0.0, judged=True), other: written}
        assert unjudged(after, [key]) is after


@pytest.mark.parametrize(("ago_s", "owed"), [(2.9, False), (3.0, True), (3.5, True), (1001.0, True)])
def test_what_was_told_a_round_ago_is_owed_again(ago_s: float, owed: bool) -> None:
    told = {(SUN, CURRENT): Written(5.0, 1000.0)}
    decided: dict[tuple[str, str], Value] = {(SUN, CURRENT): 5.0}
    assert owes(decided, told, {SUN}, 1000.0 + ago_s) is owed
    assert not owes(decided, told, {SUN_2}, 1000.0 + ago_s)
    assert owes({(SUN, CURRENT): 6.0}, told, {SUN}, 1000.1)
    assert owes({(SUN, p.NETWORK_MODE): 13}, told, {SUN}, 1000.1)
