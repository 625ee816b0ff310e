"""The black box on a desk: what was recorded is played again and every decision is the same, bit for bit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.blackbox.box import Box, lines, parse
from gxbridge.core.blackbox.recorder import Frozen, RecordingBridge
from gxbridge.core.blackbox.replay import replay
from tests.core.boat import MULTI, NO_CHARGE, SOLAR, Boat, multi, solar


class BoxedBoat(Boat):
    """A boat whose bridge has a black box of 4 MiB."""

    def __init__(self, max_bytes: int = 4 << 20, **setup: object) -> None:
        super().__init__(**setup)
        self.bridge = self.boxed = RecordingBridge(self.bridge.setup, max_bytes)

    def box(self) -> Box:
        frozen = self.boxed.keep_now("command", "a test asks", self.now)
        assert isinstance(frozen, Frozen), self.boxed.recorder_fault
        return parse(lines(frozen, "test", "digest"))


def test_a_recorded_day_out_is_played_again_with_the_same_decisions() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(130)
    boat.say(io=NO_CHARGE)
    boat.react()
    boat.tick(70, speaking=False)
    boat.tick(20)
    assert boat.boxed.recorder_fault == ""
    report = replay(boat.box())
    assert report.looks > 200
    assert report.differences == []
    assert report.frames > 1000
    assert report.skipped == 0
