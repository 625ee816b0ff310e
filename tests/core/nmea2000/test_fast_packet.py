"""Fast packets: what comes together, what is dropped and why, and how much memory it may take."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.fast_packet import MAX_OPEN, MAX_PAYLOAD, FastPackets, split

SERIAL = [bytes.fromhex(text) for text in ("40106699 0A014851", "4132313330325655", "42445100FFFFFFFF")]
"""Register 0x010A "HQ21302VUDQ", sequence 2, made by the rules of Victron, VE.Can registers public, v20."""
WHOLE = bytes.fromhex("66990A01") + b"HQ21302VUDQ\0"


def take(packets: FastPackets, frames: list[bytes], key: int = 0x1DEFFF29, at: float = 0.0) -> list[bytes]:
    """Payloads that come out when the frames come 1 ms apart."""
    taken = [packets.take(key, frame, at + number / 1000) for number, frame in enumerate(frames)]
    return [payload for payload in taken if payload is not None]


def test_a_payload_comes_together_with_its_last_frame() -> None:
    packets = FastPackets()
    assert packets.take(1, SERIAL[0], 0.0) is None
    assert packets.is_open(1, 0.5)
    assert packets.under_way == 1
    assert packets.take(1, SERIAL[1], 0.1) is None
    assert packets.take(1, SERIAL[2], 0.2) == WHOLE
    assert packets.under_way == 0
    assert packets.incomplete == 0


@pytest.mark.parametrize("length", [1, 6, 7, 13, 14, 134, 222, 223])
def test_every_length_survives_the_round_trip(length: int) -> None:
    payload = bytes(range(256))[:length]
    frames = list(split(payload, 5))
    assert all(len(frame) == 8 for frame in frames)
    assert take(FastPackets(), frames) == [payload]


@pytest.mark.parametrize("length", [0, 224])
def test_a_length_that_no_fast_packet_holds_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"1 to 223"):
        list(split(bytes(length), 0))


def test_a_short_payload_is_complete_with_its_first_frame() -> None:
    assert take(FastPackets(), [b"\x00\x06abcdef"]) == [b"abcdef"]
    assert take(FastPackets(), [b"\x00\x02ab"]) == [b"ab"]


def test_the_last_frame_needs_no_padding() -> None:
    assert take(FastPackets(), [SERIAL[0], SERIAL[1], SERIAL[2][:4]]) == [WHOLE]


def test_a_missing_frame_drops_the_message() -> None:
    packets = FastPackets()
    assert take(packets, [SERIAL[0], SERIAL[2], SERIAL[1], SERIAL[2]]) == []
    assert (packets.wrong_order, packets.strays, packets.incomplete) == (1, 2, 1)


def test_a_repeated_frame_drops_the_message() -> None:
    packets = FastPackets()
    assert take(packets, [SERIAL[0], SERIAL[1], SERIAL[1], SERIAL[2]]) == []
    assert packets.wrong_order == 1


def test_a_frame_of_another_sequence_drops_the_message() -> None:
    packets = FastPackets()
    assert take(packets, [SERIAL[0], b"\x61" + SERIAL[1][1:], SERIAL[1]]) == []
    assert packets.wrong_order == 1


def test_counter_0_always_begins_anew() -> None:
    packets = FastPackets()
    assert take(packets, [SERIAL[0], SERIAL[1], *SERIAL]) == [WHOLE]
    assert (packets.restarted, packets.incomplete) == (1, 1)


def test_the_sequence_need_not_count_up_by_one() -> None:
    packets = FastPackets()
    for sequence in (3, 3, 7, 0):
        assert take(packets, list(split(WHOLE, sequence))) == [WHOLE]


def test_750_ms_between_frames_are_just_allowed_and_each_frame_starts_them_again() -> None:
    packets = FastPackets()
    assert packets.take(1, SERIAL[0], 10.0) is None
    assert packets.take(1, SERIAL[1], 10.75) is None
    assert packets.take(1, SERIAL[2], 11.5) == WHOLE
    assert packets.take(1, SERIAL[0], 20.0) is None
    assert not packets.is_open(1, 20.76)
    assert packets.take(1, SERIAL[1], 20.76) is None
    assert packets.take(1, SERIAL[2], 20.77) is None
    assert (packets.late, packets.strays) == (1, 1)


def test_a_clock_that_jumps_back_ends_the_message_too() -> None:
    packets = FastPackets()
    assert packets.take(1, SERIAL[0], 1_700_000_000.0) is None
    assert packets.take(1, SERIAL[1], 5.0) is None
    assert packets.late == 1


def test_senders_and_pgns_do_not_mix() -> None:
    packets = FastPackets()
    assert packets.take(0x1DEFFF29, SERIAL[0], 0.0) is None
    assert packets.take(0x1DEFFF2A, SERIAL[0], 0.0) is None
    assert packets.take(0x1DEFFF2A, SERIAL[1], 0.0) is None
    assert packets.take(0x1DEFFF29, SERIAL[1], 0.0) is None
    assert packets.take(0x1DEFFF29, SERIAL[2], 0.0) == WHOLE
    assert packets.take(0x1DEFFF2A, SERIAL[2], 0.0) == WHOLE


@pytest.mark.parametrize("length", [0, 224, 255])
def test_a_declared_length_beyond_223_or_none_is_ignored(length: int) -> None:
    packets = FastPackets()
    assert take(packets, [bytes((0, length)) + b"abcdef", b"\x01ghijklm"]) == []
    assert (packets.oversize, packets.strays) == (1, 1)


@pytest.mark.parametrize("stub", [b"", b"\x00", b"\x01", bytes(9)])
def test_a_frame_of_impossible_size_is_no_frame(stub: bytes) -> None:
    packets = FastPackets()
    assert take(packets, [stub]) == []
    assert (packets.malformed, packets.incomplete) == (1, 0)
    assert take(packets, [SERIAL[0], stub, SERIAL[1]]) == []
    assert (packets.malformed, packets.cut, packets.incomplete) == (2, 1, 1)


def test_a_frame_cut_short_in_the_middle_would_shift_the_rest_and_is_dropped() -> None:
    packets = FastPackets()
    assert take(packets, [SERIAL[0], SERIAL[1][:5], SERIAL[2]]) == []
    assert packets.cut == 1
    assert take(packets, [SERIAL[0][:5], SERIAL[1]]) == []
    assert packets.malformed == 2


def test_endless_beginnings_take_bounded_memory_and_the_oldest_gives_way() -> None:
    packets = FastPackets()
    for key in range(10 * MAX_OPEN):
        packets.take(key, SERIAL[0], 0.0)
    assert packets.under_way == MAX_OPEN
    assert packets.evicted == 9 * MAX_OPEN
    assert not packets.is_open(0, 0.0)
    assert packets.take(10 * MAX_OPEN - 1, SERIAL[1], 0.0) is None
    assert packets.take(10 * MAX_OPEN - 1, SERIAL[2], 0.0) == WHOLE


class Naive:
    """The rules once more, as plainly as can be: keep the frames of a sender, look at all of them each time."""

    def __init__(self) -> None:
        self.heard: dict[int, list[tuple[float, bytes]]] = {}

    def take(self, key: int, data: bytes, now: float) -> bytes | None:
        if not 2 <= len(data) <= 8:
            self.heard.pop(key, None)
            return None
        if data[0] % 32 == 0:
            self.heard[key] = []
        row = self.heard.get(key)
        if row is None:
            return None
        row.append((now, data))
        first = row[0][1]
        fits = all(data[0] == first[0] + number for number, (_, data) in enumerate(row))
        quick = all(abs(after - before) <= 0.75 for (before, _), (after, _) in pairwise(row))
        body = first[2:] + b"".join(data[1:] for _, data in row[1:])
        full = all(len(data) == 8 for _, data in row[:-1])
        complete = len(body) >= first[1]
        if not (fits and quick and full and 0 < first[1] <= MAX_PAYLOAD) or (len(data) < 8 and not complete):
            del self.heard[key]
            return None
        if not complete:
            return None
        del self.heard[key]
        return body[: first[1]]


@st.composite
def traffic(draw: st.DrawFn) -> list[tuple[int, bytes, float]]:
    """Fast packets of a few senders, interleaved; frames lost, repeated, swapped, cut, delayed; rubbish between."""
    queues = []
    for _ in range(draw(st.integers(1, 6))):
        key = draw(st.integers(1, 3))
        payload = draw(st.binary(min_size=1, max_size=40))
        frames = list(split(payload, draw(st.integers(0, 7))))
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(frames) - 1)) if frames else 0
            change = draw(st.sampled_from(["lose", "repeat", "swap", "cut", "rubbish"]))
            if change == "lose" and frames:
                del frames[at]
            elif change == "repeat" and frames:
                frames.insert(at, frames[at])
            elif change == "swap" and len(frames) > 1:
                frames[at], frames[at - 1] = frames[at - 1], frames[at]
            elif change == "cut" and frames:
                frames[at] = frames[at][: draw(st.integers(0, 7))]
            else:
                frames.insert(at, draw(st.binary(max_size=9)))
        queues.append((key, frames))
    mixed: list[tuple[int, bytes, float]] = []
    now = 0.0
    while any(frames for _, frames in queues):
        key, frames = draw(st.sampled_from([queue for queue in queues if queue[1]]))
        now += draw(st.sampled_from([0.0, 0.001, 0.001, 0.75, 0.8]))
        mixed.append((key, frames.pop(0), now))
    return mixed


@given(traffic())
def test_the_result_is_that_of_the_plainest_reading_of_the_rules(frames: list[tuple[int, bytes, float]]) -> None:
    packets, naive = FastPackets(), Naive()
    for key, data, now in frames:
        assert packets.take(key, data, now) == naive.take(key, data, now)


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=12), st.floats(0, 10)), max_size=60))
def test_rubbish_never_raises(frames: list[tuple[int, bytes, float]]) -> None:
    packets = FastPackets()
    for key, data, now in frames:
        payload = packets.take(key, data, now)
        assert payload is None or 0 < len(payload) <= MAX_PAYLOAD
