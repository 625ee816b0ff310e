"""The rings and the memory: spans, gaps, bounds, and time that a clock cannot disturb."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.history.block import StateChange
from gxbridge.core.history.memory import CHANGES_A_MINUTE, MOST_LABELS, HistoryMemory
from gxbridge.core.history.ring import MOST_SERIES, NumberRing
from gxbridge.core.history.series import HistorySample
from tests.core.history.blocks import plain

STATES = {"charge": ("yes", "")}


def look(value: float, **states: tuple[str, str]) -> HistorySample:
    return HistorySample({"current_a": value}, STATES | states, {"current_a": "the bank"})


def test_a_span_keeps_the_least_the_mean_and_the_most() -> None:
    ring = NumberRing(10.0, 6, wide=True)
    for now, value in ((20.0, 1.0), (24.0, 5.0), (29.9, 3.0), (30.0, 7.0)):
        ring.add(now, {"x": value})
    assert plain(ring.block(0.0, 100.0, 1000.0)) == (10.0, [1020.0, 1030.0], {"x": [(1.0, 3.0, 5.0), (7.0, 7.0, 7.0)]})


def test_what_was_not_sampled_is_not_known_and_the_oldest_is_forgotten() -> None:
    ring = NumberRing(1.0, 4, wide=True)
    for now in (0.0, 1.0, 4.0, 5.0):
        ring.add(now, {"x": now})
    values = [row[1] for row in plain(ring.block(0.0, 9.0, 0.0))[2]["x"]]
    assert values == [None, None, 4.0, 5.0]
    ring.add(100.0, {})
    assert plain(ring.block(0.0, 200.0, 0.0))[1:] == ([97.0, 98.0, 99.0, 100.0], {"x": [(None,) * 3] * 4})


def test_a_series_that_comes_late_was_not_known_before() -> None:
    ring = NumberRing(1.0, 3, wide=False)
    ring.add(0.0, {"x": 1.0})
    ring.add(1.0, {"x": 1.0, "y": 2.0})
    assert plain(ring.block(0.0, 2.0, 0.0))[2]["y"] == [(None,) * 3, (2.0,) * 3]


def test_one_value_for_a_second_is_the_mean() -> None:
    ring = NumberRing(1.0, 3, wide=False)
    ring.add(0.0, {"x": 1.0})
    ring.add(0.5, {"x": 2.0})
    assert plain(ring.block(0.0, 2.0, 0.0))[2]["x"] == [(1.5,) * 3]


def test_a_part_of_the_time_and_of_the_series() -> None:
    ring = NumberRing(1.0, 10, wide=True)
    assert ring.oldest is None
    assert ring.block(0.0, 5.0, 0.0).times == ()
    for now in range(6):
        ring.add(float(now), {"x": now, "y": now})
    assert plain(ring.block(2.0, 4.0, 0.0, frozenset("x")))[1:] == ([2.0, 3.0], {"x": [(2.0,) * 3, (3.0,) * 3]})
    assert ring.block(4.0, 4.0, 0.0).times == ()
    ring.forget(3.0)
    assert (ring.oldest, ring.block(0.0, 9.0, 0.0).times) == (3.0, (3.0, 4.0, 5.0))
    ring.forget(99.0)
    assert ring.block(0.0, 9.0, 0.0).times == (5.0,), "the span under way stays"
    NumberRing(1.0, 1, wide=True).forget(1.0)


def test_no_more_series_than_there_is_memory_for() -> None:
    ring = NumberRing(1.0, 2, wide=True)
    ring.add(0.0, {f"s{n}": 1.0 for n in range(MOST_SERIES + 5)})
    assert len(ring.block(0.0, 1.0, 0.0).columns) == MOST_SERIES
    ring.add(5.0, {"s1": 1.0})
    ring.add(6.0, {"new": 1.0})
    columns = ring.block(0.0, 9.0, 0.0).columns
    assert "new" in columns
    assert "s1" in columns, "only what nothing is known of makes room"


def test_the_memory_of_everything_is_below_eight_megabytes() -> None:
    spans = (3600, False), (8640, True), (1440, True)
    numbers = {f"s{n}": 1.0 for n in range(MOST_SERIES)}
    size = 0
    for count, wide in spans:
        ring = NumberRing(1.0, count, wide=wide)
        ring.add(0.0, numbers)
        arrays = {id(part): part for column in ring._columns.values() for part in column}
        size += sum(len(part) * part.itemsize for part in arrays.values())
    assert size < 6_000_000  # the changes add 4000 times less than 400 bytes


def test_seconds_where_they_reach_and_tens_where_not() -> None:
    memory = HistoryMemory()
    assert memory.oldest is None
    assert memory.recent(0.0, 10.0, 0.0).times == ()
    for now in range(5000):
        memory.add(float(now), look(now))
    assert memory.recent(4000.0, 4010.0, 0.0).step_s == 1.0
    assert memory.recent(0.0, 5000.0, 0.0).step_s == 10.0
    assert memory.recent(0.0, 20.0, 0.0).times == (0.0, 10.0)
    assert memory.oldest == 0.0
    assert memory.recent(4000.0, 4001.0, 0.0).labels == {"current_a": "the bank"}


def test_what_waits_for_the_disk_is_whole_minutes_and_once() -> None:
    memory = HistoryMemory()
    for now in range(130):
        memory.add(float(now), look(now))
    first = memory.waiting(129.0, 1000.0)
    assert first.times == (1000.0, 1060.0)
    assert first.changes == (StateChange(1000.0, "charge", "yes", ""),)
    memory.written(129.0)
    assert memory.waiting(129.0, 1000.0).times == ()
    for now in range(130, 200):
        memory.add(float(now), look(now))
    assert memory.waiting(199.0, 1000.0).times == (1120.0,)


def test_a_clock_that_is_set_moves_all_of_it_together() -> None:
    memory = HistoryMemory()
    for now in range(61):
        memory.add(float(now), look(now))
    assert memory.waiting(61.0, -500.0).times == (-500.0,)
    assert memory.waiting(61.0, 1e9).times == (1e9,)


def test_a_state_is_noted_when_its_value_changes_and_again_each_quarter_of_an_hour() -> None:
    memory = HistoryMemory()
    memory.add(0.0, look(1.0, ccl=("bms-ccl", "CCL 50 A")))
    memory.add(1.0, look(1.0, ccl=("bms-ccl", "CCL 51 A")))
    memory.add(2.0, look(1.0, ccl=("charge-refused", "CCL 0 A")))
    memory.add(3.0, look(1.0))
    memory.add(900.0, look(1.0))
    memory.add(901.0, look(1.0))
    noted = [(change.t, change.name, change.value) for change in memory.recent(0.0, 999.0, 0.0).changes]
    assert noted == [
        (0.0, "charge", "yes"), (0.0, "ccl", "bms-ccl"), (2.0, "ccl", "charge-refused"), (3.0, "ccl", ""),
        (900.0, "charge", "yes"),
    ]  # fmt: skip


def test_a_state_that_flickers_costs_no_more_than_its_minute_allows_and_ends_right() -> None:
    memory = HistoryMemory()
    for n in range(3 * CHANGES_A_MINUTE):
        memory.add(10 + n / 10, look(1.0, ccl=(f"r{n % 2}", "")))
    assert len(memory.recent(0.0, 99.0, 0.0).changes) == CHANGES_A_MINUTE
    memory.add(60.0, look(1.0, ccl=("r7", "")))
    assert memory.recent(60.0, 61.0, 0.0).changes[-1].value == "r7"


def test_names_that_change_all_the_time_are_not_collected() -> None:
    memory = HistoryMemory()
    for n in range(2 * MOST_LABELS + 9):
        memory.add(float(n), HistorySample({}, {}, {f"made_a {n}": "x"}))
    assert len(memory._labels) <= MOST_LABELS + 1


@pytest.mark.parametrize("wide", [True, False])
def test_a_long_pause_leaves_no_old_numbers(wide: bool) -> None:
    ring = NumberRing(1.0, 5, wide=wide)
    for now in (*range(5), 7, 1_000_000):
        ring.add(float(now), {"x": 1.0})
    block = ring.block(0.0, 2_000_000.0, 0.0)
    assert sum(not math.isnan(value) for value in block.columns["x"].mean) == 1
