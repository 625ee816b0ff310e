"""Hours on a boat in a few seconds, with every fault: nothing is granted wrongly, and nothing grows.

The whole week is in tests/faults/soak_week.py (`make soak-week`, and part of `make check-slow`).
"""

from __future__ import annotations

import pytest

from tests.faults.weather import WEATHER
from tests.faults.week import Week


@pytest.mark.slow
def test_hours_with_every_fault_leave_nothing_behind() -> None:
    week = Week(seed=1, frames_per_s=4.0)
    week.run(25, WEATHER, hour_s=300)
    assert week.happened.keys() == {fault.__name__ for fault in WEATHER}
    first, last = week.samples[9], week.samples[-1]
    assert last.objects - first.objects < 3000, week.samples
    assert week.played > 10
    assert week.boxes > 0
