"""One rule: it falls at once and rises late."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import MeasuredInput, Rule, RuledLimit, RuleState, allow, rounded

EIGHTY = Curve(((78.0, 100.0), (80.0, 0.0)))


def rule(curve: Curve = EIGHTY, limits: RuledLimit = "CCL", **steady: float) -> Rule:
    return Rule("eighty", limits, "soc", curve, **steady)  # type: ignore[arg-type]


def played(one: Rule, values: Sequence[float | None], base_a: float | None = None, step_s: float = 1.0) -> list[float]:
    """What it allows at each value; None: not known."""
    state, found = None, []
    for second, value in enumerate(values):
        readings = () if value is None else (MeasuredInput(value),)
        state, _ = allow(one, state, readings, base_a, second * step_s)
        found.append(state.value)
    return found


def test_without_steadiness_it_is_its_curve() -> None:
    assert played(rule(), [50, 79, 81, 79, 50]) == [100, 50, 0, 50, 100]


def test_it_rises_only_as_far_as_the_curve_allows_in_the_whole_band() -> None:
    assert played(rule(hysteresis=2), [50, 80, 78.5, 77, 76, 75]) == [100, 0, 0, 50, 100, 100]


def test_it_falls_at_once_within_the_band_too() -> None:
    assert played(rule(hysteresis=2), [76, 79]) == [100, 50]


def test_it_rises_when_more_was_allowed_for_the_hold_time_without_a_break() -> None:
    one = rule(hold_s=3, limits="DCL")
    assert played(one, [85, 50, 50, 50, 50]) == [0, 0, 0, 0, 100]
    assert played(one, [85, 50, 50, 85, 50, 50, 50, 50]) == [0, 0, 0, 0, 0, 0, 0, 100]


def test_it_rises_by_its_rate() -> None:
    assert played(rule(rise_per_s=10, limits="DCL"), [85, 50, 50, 50]) == [0, 10, 20, 30]


def test_a_long_pause_is_no_long_rise() -> None:
    state = RuleState(0.0, 0.0, 0.0)
    risen, _ = allow(rule(rise_per_s=1), state, (MeasuredInput(50),), None, 3600.0)
    assert risen.value == 5


def test_time_that_goes_back_is_no_rise() -> None:
    risen, _ = allow(rule(rise_per_s=1), RuleState(7.0, 100.0, 0.0), (MeasuredInput(50),), None, 90.0)
    assert risen.value == 7


def test_after_a_start_within_a_hold_it_begins_at_its_most_careful_point() -> None:
    assert played(rule(hold_s=2), [50, 50, 50]) == [0, 0, 100]
    assert played(rule(rise_per_s=30), [50, 50, 50]) == [0, 30, 60]


def test_a_discharge_limit_begins_where_its_curve_is_or_every_restart_would_darken_the_ship() -> None:
    assert played(rule(hold_s=60, limits="DCL"), [50, 50]) == [100, 100]


def test_what_is_not_known_is_the_most_careful_point_at_once() -> None:
    for nothing in (None, math.nan, math.inf, -math.inf):
        assert played(rule(), [50, nothing, 50]) == [100, 0, 100]
    assert played(rule(hold_s=2, limits="DCL"), [50, None, 50, 50, 50]) == [100, 0, 0, 0, 100]


def test_what_is_not_known_never_raises() -> None:
    dip = Curve(((0.0, 30.0), (50.0, 0.0), (100.0, 30.0)))
    assert played(rule(dip, hysteresis=1), [50, None]) == [0, 0]


def test_its_most_careful_point_rises_with_the_limit_of_which_it_is_a_part() -> None:
    part = rule(Curve(((0.0, 20.0), (50.0, 80.0)), percent=True))
    state, _ = allow(part, None, (), 0.0, 0.0)
    assert state.value == 0
    state, decides = allow(part, state, (), 100.0, 1.0)
    assert (state.value, decides) == (20, None)


def test_a_percentage_is_a_part_of_the_bms_s_limit() -> None:
    part = rule(Curve(((0.0, 50.0),), percent=True))
    assert played(part, [50], base_a=80.0) == [40]
    for unknown in (None, -5.0):
        assert played(part, [50], base_a=unknown) == [0]


def test_a_bms_that_restarts_begins_a_hold_anew() -> None:
    part = rule(Curve(((0.0, 50.0),), percent=True), hold_s=2)
    state, _ = allow(part, None, (MeasuredInput(50),), 80.0, 0.0)
    for second, base_a, wanted in ((1, 80.0, 40), (2, 80.0, 40), (3, None, 0), (4, 80.0, 0), (6, 80.0, 40)):
        state, _ = allow(part, state, (MeasuredInput(50),), base_a, float(second))
        assert state.value == wanted, second


def test_of_several_batteries_the_most_careful_decides() -> None:
    state, decides = allow(rule(), None, (MeasuredInput(50, "A"), MeasuredInput(79, "B")), None, 0.0)
    assert (state.value, decides) == (50, MeasuredInput(79, "B"))
    state, decides = allow(rule(), state, (MeasuredInput(50), MeasuredInput(math.nan)), None, 1.0)
    assert (state.value, decides) == (0, None)


def test_it_is_rounded_down() -> None:
    assert rounded(19.99, "A") == 19.9
    assert rounded(27.199, "V") == 27.19
    assert rounded(20.0, "A") == 20.0
    assert rounded(0.3, "A") == 0.3


RULES = st.builds(
    lambda points, limits, hysteresis, hold_s, rise: Rule(
        "any", limits, "soc", Curve(tuple(sorted(points.items()))), hysteresis, hold_s, rise
    ),
    st.dictionaries(st.floats(0, 100), st.floats(0, 500), min_size=1, max_size=5),
    st.sampled_from(("CCL", "DCL", "CVL")),
    st.floats(0, 20),
    st.floats(0, 10),
    st.none() | st.floats(0.001, 50),
)


@given(RULES, st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=30))
def test_it_never_allows_more_than_its_curve(one: Rule, values: list[float | None]) -> None:
    for value, allowed in zip(values, played(one, values), strict=True):
        assert allowed <= (one.curve.least if value is None else one.curve.at(value)) + 1e-9
        assert allowed >= one.curve.least - 1e-9
