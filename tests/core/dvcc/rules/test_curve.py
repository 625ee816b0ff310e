"""Curves: what is allowed at each input, and the least within a band."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.rules.curve import Curve

COLD = Curve(((0.0, 0.0), (5.0, 20.0), (10.0, 100.0)))
NIGHT = Curve(((7 * 60.0, 100.0), (22 * 60.0, 20.0)), daily=True)


def test_it_is_straight_between_points_and_level_beyond() -> None:
    assert [COLD.at(at) for at in (-5, 0, 2.5, 5, 7.5, 10, 40)] == [0, 0, 10, 20, 60, 100, 100]
    assert COLD.least == 0


def test_one_point_holds_everywhere() -> None:
    one = Curve(((20.0, 30.0),))
    assert [one.at(at) for at in (-1e9, 20, 1e9)] == [30, 30, 30]
    assert one.within(-1e9, 1e9) == 30


def test_by_the_day_a_point_holds_until_the_next_also_over_midnight() -> None:
    hours = {0: 20, 6: 20, 7: 100, 12: 100, 21: 100, 22: 20, 23: 20}
    assert {hour: NIGHT.at(hour * 60.0) for hour in hours} == hours


def test_the_least_within_a_band_is_found_between_its_ends_too() -> None:
    dip = Curve(((0.0, 50.0), (5.0, 10.0), (10.0, 50.0)))
    assert dip.within(0, 10) == 10
    assert dip.within(6, 10) == 18
    assert dip.within(0, 4) == 18


POINTS = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(0, 1000)), min_size=1, max_size=6, unique_by=lambda point: point[0]
).map(lambda points: Curve(tuple(sorted(points))))


@given(POINTS, st.floats(-200, 200), st.floats(0, 50))
def test_nothing_within_a_band_is_below_its_least(curve: Curve, at: float, band: float) -> None:
    least = curve.within(at - band, at + band)
    assert least <= curve.at(at) + 1e-9
    assert all(least <= curve.at(at - band + band * step / 5) + 1e-6 for step in range(11))
    assert curve.least - 1e-9 <= least
