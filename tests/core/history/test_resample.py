"""Blocks become one table: spans, overlaps, what is not known; and the budget of a day."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.history.block import StateChange
from gxbridge.core.history.resample import MOST_CHANGES, resample
from gxbridge.core.history.table import table_of
from gxbridge.core.history.write_budget import DAY_S, WriteBudget
from tests.core.history.blocks import block, column, plain


def test_minutes_become_quarters_of_an_hour() -> None:
    fine = block([60.0 * n for n in range(30)], {"x": range(30)})
    assert plain(resample([fine], 0.0, 1800.0, 900.0)) == (
        900.0, [0.0, 900.0], {"x": [(0.0, 7.0, 14.0), (15.0, 22.0, 29.0)]},
    )  # fmt: skip


def test_what_is_not_known_stays_so_and_empty_spans_are_left_out() -> None:
    nan = math.nan
    rows = block([0.0, 60.0, 300.0], {"x": [nan, nan, 1.0], "y": [nan, 2.0, nan], "z": [nan] * 3})
    assert plain(resample([rows], 0.0, 400.0, 100.0))[1:] == (
        [0.0, 300.0], {"x": [(None,) * 3, (1.0,) * 3], "y": [(2.0,) * 3, (None,) * 3]},
    )  # fmt: skip


def test_blocks_that_overlap_add_up_whatever_their_order() -> None:
    one, other = block([0.0], {"x": [1.0]}), block([10.0], {"x": [3.0]})
    for blocks in ([one, other], [other, one]):
        assert plain(resample(blocks, 0.0, 60.0, 60.0))[2] == {"x": [(1.0, 2.0, 3.0)]}


def test_only_the_time_and_the_series_that_are_asked_for() -> None:
    rows = block(
        [0.0, 60.0, 120.0, 180.0],
        {"x": range(4), "y": range(4)},
        StateChange(0.0, "a", "1"),
        StateChange(70.0, "b", "1"),
    )
    found = resample([rows], 60.0, 180.0, 60.0, frozenset("x"))
    assert plain(found)[1:] == ([60.0, 120.0], {"x": [(1.0,) * 3, (2.0,) * 3]})
    assert found.changes == (StateChange(70.0, "b", "1"),)
    assert resample([rows], 60.0, 0.0, 60.0).times == ()
    assert resample([block([], {})], 0.0, 60.0, 60.0).times == ()


def test_times_out_of_order_fall_into_their_spans() -> None:
    rows = block([120.0, 0.0, 60.0], {"x": [3.0, 1.0, 2.0]})
    assert plain(resample([rows], 0.0, 180.0, 60.0))[2]["x"] == [(1.0,) * 3, (2.0,) * 3, (3.0,) * 3]


def test_the_newest_changes_are_kept() -> None:
    rows = block([0.0], {}, *(StateChange(float(n), "a", str(n)) for n in range(MOST_CHANGES + 10)))
    found = resample([rows], 0.0, 1e6, 1e6).changes
    assert (len(found), found[0].value) == (MOST_CHANGES, "10")


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(-100, 100, width=32)), max_size=40), st.integers(1, 20))
def test_no_extreme_is_lost_and_none_is_invented(points: list[tuple[int, float]], step: int) -> None:
    blocks = [block([float(t)], {"x": [value]}) for t, value in points]
    found = resample(blocks, 0.0, 51.0, float(step)).columns.get("x")
    if points:
        assert found is not None
        assert min(found.least) == min(value for _, value in points)
        assert max(found.most) == max(value for _, value in points)


def test_a_table_is_rounded_and_says_null() -> None:
    rows = block(
        [1.0], {"soc_percent": [62.6179123], "made_a solarcharger.x": [math.nan]}, StateChange(1.0, "a", "1", "t")
    )
    table = table_of(rows)
    assert table["series"]["soc_percent"] == {
        "title": "State of charge", "unit": "%", "least": [62.6179], "mean": [62.6179], "most": [62.6179],
    }  # fmt: skip
    made = table["series"]["made_a solarcharger.x"]
    assert (made["title"], made["mean"]) == ("made_a solarcharger.x, made", [None])
    assert table["changes"] == [{"time": 1.0, "name": "a", "value": "1", "text": "t"}]
    assert column(1.0).mean[0] == 1.0


def test_a_day_has_so_many_bytes_and_the_next_one_again() -> None:
    budget = WriteBudget(100)
    budget.spend(0.0, 60)
    budget.spend(10.0, 30)
    assert budget.left(20.0) == 10
    assert budget.left(DAY_S - 0.1) == 10
    assert budget.left(DAY_S) == 70
    assert budget.left(DAY_S + 10.0) == 100
