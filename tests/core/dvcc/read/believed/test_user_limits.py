"""The user's limits by themselves: which hold although nobody says them, and what of them is remembered."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.user_limits import (
    UserLimits,
    keep_limits,
    limits_in_force,
    recall_limits,
    unheard_limits,
    user_settings,
)
from gxbridge.core.model.remembered import MOST_LIMIT, RememberedLimit

CURRENT, VOLTAGE = p.SET_MAX_CURRENT, p.SET_MAX_VOLTAGE
AMPS, VOLTS = "max_charge_current_a", "max_charge_voltage_v"


@pytest.mark.parametrize(("later_s", "found"), [(9.95, []), (10.0, [CURRENT, VOLTAGE]), (1001.0, [CURRENT, VOLTAGE])])
def test_what_nobody_says_for_ten_seconds_is_a_finding(later_s: float, found: list[str]) -> None:
    limits = UserLimits({}, {CURRENT: 30.0, VOLTAGE: 28.4}, 1000.0)
    findings = list(limits.findings(1000.0 + later_s))
    assert [one.subject for one in findings] == found
    assert [(one.first, one.arguments["limit"]) for one in findings] == [(1000.0, "30 A"), (1000.0, "28.4 V")][
        : len(found)
    ]
    assert list(limits._replace(since=None).findings(2000.0)) == []


def test_since_when_a_limit_is_not_heard_is_kept_until_it_is_heard() -> None:
    first, settings = user_settings(UserLimits({CURRENT: 30.0}), {}, {}, 5.0, strict=True)
    assert (first.since, first.unheard, settings) == (5.0, {CURRENT: 30.0}, {CURRENT: 30.0})
    assert user_settings(first, {}, {}, 9.0, strict=True)[0].since == 5.0
    heard, settings = user_settings(first, {CURRENT: 40}, {CURRENT: 20}, 9.0, strict=True)
    assert (heard.since, heard.unheard, settings) == (None, {}, {CURRENT: 40})
    assert user_settings(first, {}, {CURRENT: 20}, 9.0, strict=False) == (UserLimits({CURRENT: 30.0}), {CURRENT: 20})


@pytest.mark.parametrize(
    ("path", "last", "holds"),
    [(CURRENT, -1.0, False), (CURRENT, 0.0, True), (VOLTAGE, 0.0995, False), (VOLTAGE, 0.1, True)],
)
def test_the_least_value_that_is_a_limit(path: str, last: float, holds: bool) -> None:
    assert unheard_limits({}, {path: last}) == ({path: last} if holds else {})
    assert unheard_limits({path: 5.0}, {path: last}) == {}
    lower = limits_in_force({}, {path: 20.0}, {path: last})
    assert lower == {path: last if holds else 20.0}
    assert limits_in_force({}, {path: last}, {path: 20.0}) == {path: last if holds else 20.0}
    assert limits_in_force({path: 20.0}, {path: 20.0}, {path: last}) == {path: 20.0}
    kept = keep_limits((), {path: last}, 7.0)
    assert [one.value for one in kept] == ([last] if holds else [])


def test_what_is_remembered_of_them() -> None:
    other = RememberedLimit("somebody", AMPS, 1.0, 1.0, "D-Bus")
    strange = RememberedLimit(p.SETTINGS, "strange", 1.0, 1.0, "D-Bus")
    amps, volts = (RememberedLimit(p.SETTINGS, *one, 3.0, "D-Bus") for one in ((AMPS, 30.0), (VOLTS, 28.0)))
    assert recall_limits((other, strange, amps, volts)) == {CURRENT: 30.0, VOLTAGE: 28.0}
    before = (other, amps, volts)
    assert keep_limits(before, {CURRENT: 30.0, VOLTAGE: 28.0}, 9.0) == before
    lowered = keep_limits(before, {CURRENT: 20.0, VOLTAGE: 28.0}, 9.0)
    assert lowered == (other, volts, RememberedLimit(p.SETTINGS, AMPS, 20.0, 9.0, "D-Bus"))
    assert keep_limits(before, {}, 9.0) == (other,)
    assert keep_limits((strange,), {}, 9.0) == ()
    assert [one.value for one in keep_limits((), {CURRENT: MOST_LIMIT}, 9.0)] == [MOST_LIMIT]
    assert keep_limits((), {CURRENT: MOST_LIMIT * 1.01}, 9.0) == ()


@pytest.mark.parametrize("subject", ["a", "z"])
def test_what_is_remembered_of_others_is_left_alone(subject: str) -> None:
    other = RememberedLimit(subject, AMPS, 1.0, 1.0, "D-Bus")
    loaded = RememberedLimit("".join(list(p.SETTINGS)), AMPS, float("30"), 3.0, "D-Bus")
    assert keep_limits((other, loaded), {CURRENT: 30.0}, 9.0) == (other, loaded)
    assert keep_limits((other,), {CURRENT: 1.0}, 9.0) == (other, RememberedLimit(p.SETTINGS, AMPS, 1.0, 9.0, "D-Bus"))
