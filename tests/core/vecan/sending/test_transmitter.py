"""What the bridge says on the bus by itself: a lost device is asked for, where the level allows it."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.sending.transmit import DESCRIPTION, MODE, TransmitLevel
from gxbridge.core.vecan.sending.transmitter import Transmitter
from tests.core.boat import Boat
from tests.core.lynx_frames import CLAIM, CLAIM_ID, LYNX

ASK_FOR_CLAIM = b"\x00\xee\x00"
THE_LYNX = Name(int.from_bytes(CLAIM, "little"))


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


def told(transmitter: Transmitter, bus: str, can_id: int, data: bytes, now: float) -> None:
    message = Decoder().feed(can_id, data, now)
    assert message is not None
    transmitter.hear(bus, message, now)


def claimed(level: TransmitLevel = "writes", **options: bool) -> Transmitter:
    """It has its address on can0 and knows where the Lynx is; now is 2.0."""
    transmitter = Transmitter(level, 77, **options)
    told(transmitter, "can0", CLAIM_ID | LYNX, CLAIM, 0.0)
    for now in (0.0, 1.25, 1.5):
        transmitter.outgoing(now)
    return transmitter


def test_a_bus_is_spoken_on_after_something_was_heard_on_it() -> None:
    transmitter = Transmitter("requests", 77)
    assert (transmitter.state("can0"), transmitter.next_deadline(), transmitter.outgoing(0.0)) == ("off", None, [])
    told(transmitter, "can0", CLAIM_ID | LYNX, CLAIM, 0.0)
    assert (transmitter.state("can0"), transmitter.state("can1")) == ("listening", "off")
    assert transmitter.outgoing(0.0) == [("can0", 0x18EAFFFE, ASK_FOR_CLAIM)]
    transmitter.outgoing(1.25)
    transmitter.outgoing(1.5)
    assert transmitter.state("can0") == "claimed"
    told(transmitter, "can0", CLAIM_ID | LYNX, CLAIM, 2.0)
    assert transmitter.state("can0") == "claimed", "it is the same transmitter"


def test_with_transmit_off_no_bus_is_spoken_on() -> None:
    transmitter = claimed("off")
    assert (transmitter.state("can0"), transmitter.next_deadline(), transmitter.outgoing(2.0)) == ("off", None, [])


def test_the_first_deadline_of_all_buses_counts() -> None:
    transmitter = claimed()
    for bus, now in (("can1", 2.0), ("can2", 2.5)):
        told(transmitter, bus, CLAIM_ID | LYNX, CLAIM, now)
    transmitter.outgoing(2.5)
    assert transmitter.next_deadline() == 3.25


def test_a_write_goes_to_a_device_on_a_bus_that_is_spoken_on() -> None:
    transmitter = claimed()
    assert not transmitter.write("can1", THE_LYNX, DESCRIPTION, b"A\0", 2.0)
    assert transmitter.write("can0", THE_LYNX, DESCRIPTION, b"A\0", 2.0)
    assert [(bus, can_id & 0xFF00) for bus, can_id, _ in transmitter.outgoing(2.0)] == [("can0", LYNX << 8)]
    assert not claimed("requests").write("can0", THE_LYNX, DESCRIPTION, b"A\0", 2.0)


def test_the_mode_is_written_only_where_the_configuration_says_so() -> None:
    assert not claimed().write("can0", THE_LYNX, MODE, b"\x03", 2.0)
    assert claimed(mode_switch=True).write("can0", THE_LYNX, MODE, b"\x03", 2.0)
