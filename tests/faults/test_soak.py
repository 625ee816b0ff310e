"""An hour on a boat in a few seconds, with every fault: nothing is granted wrongly, and nothing grows.

The whole week is in tests/faults/soak_week.py (`make check-slow`).
"""

from __future__ import annotations

import pytest

from gxbridge.core.blackbox.recorder import RecordingBridge
from tests.faults.week import Week


@pytest.mark.slow
def test_an_hour_with_every_fault_leaves_nothing_behind() -> None:
    week = Week(seed=1, frames_per_s=4.0, bridge=lambda bridge: RecordingBridge(bridge.setup, 1 << 18))
    week.run(11, hour_s=400)
    assert len(week.happened) == 9, week.happened
    first, last = week.samples[4], week.samples[-1]
    assert last.objects - first.objects < 3000, week.samples
    assert isinstance(week.bridge, RecordingBridge)
    assert not week.bridge.recorder_fault
