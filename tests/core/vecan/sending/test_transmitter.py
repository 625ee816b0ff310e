"""What the bridge says on the bus by itself: a lost device is asked for, where the level allows it."""

from __future__ import annotations

import pytest

from gxbridge.core.vecan.sending.transmit import TransmitLevel
from tests.core.boat import Boat

ASK_FOR_CLAIM = b"\x00\xee\x00"
LYNX = 0x29


def asked(level: TransmitLevel) -> list[tuple[float, int]]:
    """(seconds of silence, identifier) of each question to a Lynx that has fallen silent who it is."""
    boat = Boat(mode="monitor", transmit=level)
    for _ in range(20):
        boat.tick()
        boat.bridge.transmitter.outgoing(boat.now)
    silent_since = boat.now
    questions: list[tuple[float, int]] = []
    for _ in range(30):
        boat.tick(speaking=False)
        out = boat.bridge.transmitter.outgoing(boat.now)
        questions += [(boat.now - silent_since, can_id) for _, can_id, data in out if data == ASK_FOR_CLAIM]
    return questions


@pytest.mark.parametrize("level", ["requests", "writes"])
def test_a_device_silent_for_ten_seconds_is_asked_three_times_who_it_is(level: TransmitLevel) -> None:
    questions = asked(level)
    assert [seconds for seconds, _ in questions] == [10.0, 11.0, 12.0]
    assert {can_id >> 8 for _, can_id in questions} == {0x18EA00 | LYNX}


def test_with_transmit_off_it_is_not_asked() -> None:
    assert asked("off") == []
