"""What may leave on CAN: nothing when off, claims and paced requests, four registers, never another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.sending.claim import PREFERRED_ADDRESS, own_name
from gxbridge.core.vecan.sending.transmit import (
    LONGEST_WAIT_S,
    MOST_WAITING,
    SENDABLE,
    SETTABLE,
    BusTransmitter,
    TransmitLevel,
    TransmitOrder,
)
from tests.core.lynx_frames import CLAIM, CLAIM_ID, LYNX, name_of, vreg_id

OURS = own_name(77)
THE_LYNX = Name(int.from_bytes(CLAIM, "little"))
US = PREFERRED_ADDRESS
REQUEST_2108 = (vreg_id(US, LYNX), bytes.fromhex("669901000821FFFF"))


def ready(level: TransmitLevel = "requests", **more: bool) -> BusTransmitter:
    """A transmitter that has its address and knows where the Lynx is; now is 2.0."""
    transmitter = BusTransmitter(level, OURS, 0.0, **more)
    transmitter.frames(0.0)
    hear(transmitter, CLAIM_ID | LYNX, CLAIM, 0.5)
    transmitter.frames(1.25)
    transmitter.frames(1.5)
    assert transmitter.address == (US if level != "off" else None)
    return transmitter


def hear(transmitter: BusTransmitter, can_id: int, data: bytes, now: float) -> None:
    message = Decoder().feed(can_id, data, now)
    assert message is not None
    transmitter.hear(message, now)


def test_off_means_off() -> None:
    transmitter = BusTransmitter("off", OURS, 0.0)
    hear(transmitter, 0x18EAFF00 | LYNX, bytes.fromhex("00EE00"), 0.0)
    assert not transmitter.order(TransmitOrder(LYNX, register=0x2108), 0.0)
    assert transmitter.frames(100.0) == []
    assert (transmitter.state, transmitter.address, transmitter.next_deadline()) == ("off", None, None)


def test_first_it_asks_who_is_there_then_claims_then_waits() -> None:
    transmitter = BusTransmitter("requests", OURS, 0.0)
    assert transmitter.order(TransmitOrder(LYNX, register=0x2108), 0.0)
    assert transmitter.frames(0.0) == [(0x18EAFFFE, bytes.fromhex("00EE00"))]
    assert transmitter.frames(1.0) == []
    assert transmitter.next_deadline() == 1.25
    assert transmitter.frames(1.25) == [(CLAIM_ID | US, OURS.payload)]
    assert transmitter.frames(1.4) == []
    assert transmitter.next_deadline() == 1.5
    assert transmitter.frames(1.5) == [REQUEST_2108]
    assert transmitter.state == "claimed"
    assert transmitter.sent == 3


def test_a_bus_that_was_silent_is_asked_anew_who_is_there() -> None:
    """Bus off, or switched off: another device may have come to an address, and its claim was not heard."""
    transmitter = ready()
    ask = (0x18EAFFFE, bytes.fromhex("00EE00"))
    hear(transmitter, vreg_id(LYNX), bytes.fromhex("669902210900FFFF"), 10.0)
    assert ask not in transmitter.frames(10.0)
    hear(transmitter, vreg_id(LYNX), bytes.fromhex("669902210900FFFF"), 20.0)
    assert transmitter.frames(20.0)[0] == ask
    assert ask not in transmitter.frames(21.0)


def test_requests_are_a_tenth_of_a_second_apart() -> None:
    transmitter = ready()
    for register in (0x2108, 0x0390, 0x0391):
        transmitter.order(TransmitOrder(LYNX, register=register), 2.0)
    sent = {now: len(transmitter.frames(now)) for now in (2.0, 2.05, 2.1, 2.15, 2.21, 2.5)}
    assert sent == {2.0: 1, 2.05: 0, 2.1: 1, 2.15: 0, 2.21: 1, 2.5: 0}


def test_the_same_request_waits_only_once() -> None:
    transmitter = ready()
    for _ in range(3):
        assert transmitter.order(TransmitOrder(LYNX, register=0x2108), 2.0)
    assert [len(transmitter.frames(now)) for now in (2.0, 2.2, 2.4)] == [1, 0, 0]


def test_one_request_asks_for_all_registers_of_a_mask() -> None:
    transmitter = ready()
    transmitter.order(TransmitOrder(LYNX, register=0x0130, mask=0xFFF8), 2.0)
    assert transmitter.frames(2.0) == [(0x1CEF0000 | LYNX << 8 | US, bytes.fromhex("669901003001F8FF"))]


def test_an_iso_request_has_three_bytes() -> None:
    transmitter = ready()
    transmitter.order(TransmitOrder(LYNX, pgn=126996), 2.0)
    assert transmitter.frames(2.0) == [(0x18EA0000 | LYNX << 8 | US, bytes.fromhex("14F001"))]


@pytest.mark.parametrize("destination", [255, US])
def test_it_answers_who_asks_for_its_claim(destination: int) -> None:
    transmitter = ready()
    hear(transmitter, 0x18EA0000 | destination << 8 | LYNX, bytes.fromhex("00EE00"), 2.0)
    assert transmitter.frames(2.0) == [(CLAIM_ID | US, OURS.payload)]


@pytest.mark.parametrize(("destination", "data"), [(0x30, "00EE00"), (255, "14F201")])
def test_it_does_not_answer_for_others_or_for_other_things(destination: int, data: str) -> None:
    transmitter = ready()
    hear(transmitter, 0x18EA0000 | destination << 8 | LYNX, bytes.fromhex(data), 2.0)
    assert transmitter.frames(2.0) == []


def test_a_claim_that_is_too_short_is_nothing() -> None:
    transmitter = ready()
    message = Decoder().feed(CLAIM_ID | US, CLAIM, 2.0)
    assert message is not None
    layout, source, destination, values, _ = message
    transmitter.hear((layout, source, destination, values, b"\x00"), 2.0)
    assert transmitter.address == US


def test_after_a_lost_address_nothing_is_sent_before_the_next_one_is_ours() -> None:
    transmitter = ready()
    transmitter.order(TransmitOrder(LYNX, register=0x2108), 2.0)
    hear(transmitter, CLAIM_ID | US, name_of(5).payload, 2.0)
    assert transmitter.frames(2.0) == [(CLAIM_ID | US + 1, OURS.payload)]
    assert transmitter.address is None
    assert transmitter.frames(2.2) == []
    assert transmitter.frames(2.25) == [(vreg_id(US + 1, LYNX), REQUEST_2108[1])]


def test_a_write_goes_to_the_device_wherever_it_is_now() -> None:
    transmitter = ready("writes")
    transmitter.order(TransmitOrder(THE_LYNX, register=0x1000, data=b"\x20\x03"), 2.0)
    hear(transmitter, CLAIM_ID | 0x2B, CLAIM, 2.0)
    assert transmitter.frames(2.0) == [(vreg_id(US, 0x2B), bytes.fromhex("6699001020030000"))]


def test_a_long_write_goes_as_fast_packet() -> None:
    transmitter = ready("writes")
    transmitter.order(TransmitOrder(THE_LYNX, register=0x010C, data=b"House bank\x00"), 2.0)
    frames = transmitter.frames(2.0)
    assert [can_id for can_id, _ in frames] == [0x1DEF0000 | LYNX << 8 | US] * 3
    assert frames[0][1][1:] == b"\x0f\x66\x99\x0c\x01Ho"


def test_a_write_whose_device_is_not_there_expires() -> None:
    transmitter = ready("writes")
    transmitter.order(TransmitOrder(name_of(99), register=0x1000, data=b"\x20\x03"), 2.0)
    transmitter.order(TransmitOrder(LYNX, register=0x2108), 2.5)
    assert transmitter.frames(2.5) == [REQUEST_2108], "what can be sent does not wait for it"
    assert transmitter.next_deadline() == 2.0 + LONGEST_WAIT_S
    assert transmitter.frames(2.0 + LONGEST_WAIT_S) == []
    assert transmitter.expired == 1
    assert transmitter.next_deadline() == 60.0, "the heartbeat"


NEVER = (0x0004, 0x1029, 0x102C, 0x1030, 0x1031, 0x2001, 0x200E, 0x2015, 0x2103, 0x2105, 0x0380, 0x03FF)


@pytest.mark.parametrize(
    ("level", "order", "switch"),
    [
        ("requests", TransmitOrder(THE_LYNX, register=0x1000, data=b"\x20\x03"), True),
        ("writes", TransmitOrder(THE_LYNX, register=0x0200, data=b"\xfc"), False),
        ("writes", TransmitOrder(LYNX, register=0x1000, data=b"\x20\x03"), True),
        *(("writes", TransmitOrder(THE_LYNX, register=register, data=b"\x00"), True) for register in NEVER),
    ],
)  # fmt: skip
def test_what_may_not_be_written_is_refused(level: TransmitLevel, order: TransmitOrder, switch: bool) -> None:
    transmitter = ready(level, mode_switch=switch)
    assert not transmitter.order(order, 2.0)
    assert transmitter.refused == 1
    assert transmitter.frames(2.0) == []


def test_mode_is_written_with_its_switch() -> None:
    transmitter = ready("writes", mode_switch=True)
    transmitter.order(TransmitOrder(THE_LYNX, register=0x0200, data=b"\xfc"), 2.0)
    assert transmitter.frames(2.0) == [(vreg_id(US, LYNX), bytes.fromhex("66990002FC000000"))]


def test_a_full_queue_takes_nothing_more() -> None:
    transmitter = ready()
    for register in range(1, MOST_WAITING + 1):
        assert transmitter.order(TransmitOrder(LYNX, register=register), 2.0)
    assert not transmitter.order(TransmitOrder(LYNX, register=0x2108), 2.0)


def test_without_an_address_left_it_is_silent_and_orders_expire() -> None:
    transmitter = BusTransmitter("requests", OURS, 0.0)
    transmitter.frames(0.0)
    for address in range(252):
        hear(transmitter, vreg_id(address), bytes.fromhex("6699082195150000"), 0.5)
    transmitter.order(TransmitOrder(LYNX, register=0x2108), 1.0)
    assert transmitter.frames(1.25) == []
    assert transmitter.state == "silent"
    assert transmitter.next_deadline() == 31.0
    assert transmitter.frames(31.0) == []
    assert transmitter.next_deadline() is None


ORDERS = [
    TransmitOrder(LYNX, register=0x2108), TransmitOrder(THE_LYNX, register=0x1000, data=b"\x01\x00"),
    TransmitOrder(255, pgn=60928),
    TransmitOrder(THE_LYNX, register=0x0200, data=b"\x03"), TransmitOrder(THE_LYNX, register=0x1030, data=b""),
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["off", "requests", "writes"]),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 6), st.floats(0, 0.4)), max_size=60),
)
def test_never_more_than_the_level_allows_and_never_faster_than_the_pace(
    level: TransmitLevel, switch: bool, steps: list[tuple[int, float]]
) -> None:
    transmitter = BusTransmitter(level, OURS, 0.0, mode_switch=switch)
    now, last = 0.0, float("-inf")
    for step, pause in steps:
        now += pause
        if step < len(ORDERS):
            transmitter.order(ORDERS[step], now)
        elif step == 5:
            hear(transmitter, CLAIM_ID | LYNX, CLAIM, now)
        else:
            hear(transmitter, CLAIM_ID | (transmitter.address or US), name_of(5).payload, now)
        frames: list[Frame] = transmitter.frames(now)
        assert level != "off" or not frames
        orders = [frame for frame in frames if not is_claim(frame)]
        if orders:
            assert transmitter.address is not None
            assert now - last >= 0.0999
            last = now
        for can_id, data in orders:
            if can_id >> 8 & 0xFF00 == 0xEF00 and data[2:4] != b"\x01\x00":
                register = int.from_bytes(data[2:4], "little")
                assert level == "writes"
                assert register in SENDABLE | SETTABLE
                assert switch or register != 0x0200


def is_claim(frame: Frame) -> bool:
    return frame[0] & 0xFF0000 == 0xEE0000 or frame == (0x18EAFFFE, bytes.fromhex("00EE00"))


def test_the_four_registers() -> None:
    assert {0x0200, 0x010C, 0x1000, 0xEDEF} == SENDABLE


def test_the_settings_of_a_port_s_devices() -> None:
    assert {0x0200, 0x010C, 0x0214, 0x0224, 0xEDF0, 0x0333, 0x034E, 0xD050, 0xD053} == SETTABLE


def test_a_device_instance_is_commanded_by_its_two_fields() -> None:
    transmitter = ready("writes")
    assert transmitter.order(TransmitOrder(THE_LYNX, instance=0b01101_011), 3.0)
    # Six and four bytes: function 1, PGN 60928, priority as it is, two fields: the third and the fourth.
    assert transmitter.frames(3.0) == [
        (0x0DED2900 | US, bytes.fromhex("200A0100EE00F802")),
        (0x0DED2900 | US, bytes.fromhex("210303040DFFFFFF")),
    ]


def test_a_device_instance_is_a_write_to_a_name() -> None:
    assert not ready("link").order(TransmitOrder(THE_LYNX, instance=1), 3.0)
    assert not ready("writes").order(TransmitOrder(LYNX, instance=1), 3.0), "who is at an address may change"
    assert ready("writes").order(TransmitOrder(THE_LYNX, instance=253), 3.0)
    assert not ready("writes").order(TransmitOrder(THE_LYNX, instance=254), 3.0)
    assert not ready("writes").order(TransmitOrder(THE_LYNX, instance=-1), 3.0)


@pytest.mark.parametrize(
    ("can_id", "data", "answered"),
    [
        (0x18EA0029, "00EE00", True),
        (0x18EA0029, "00EE01", False),
        (0x18EA0029, "00EA00", False),
        (0x18EA0029, "14F001", False),
        (0x18E80029, "00EE00FFFFFFFFFF", False),
        (0x19F21429, "00EE00FFFFFFFFFF", False),
    ],
    ids=["claims", "another-page", "requests", "product", "acknowledgement", "battery"],
)
def test_only_a_request_for_claims_is_answered_with_ours(can_id: int, data: str, answered: bool) -> None:
    transmitter = ready()
    to_us = can_id | US << 8 if can_id >> 16 & 0xFF < 0xF0 else can_id
    hear(transmitter, to_us, bytes.fromhex(data), 3.0)
    assert ((CLAIM_ID | US, OURS.payload) in transmitter.frames(3.0)) is answered


def test_each_long_message_has_a_number_of_its_own() -> None:
    transmitter = ready("writes")
    heads = []
    for number, letter in enumerate("abc"):
        now = 2.0 + number
        assert transmitter.order(TransmitOrder(THE_LYNX, register=0x010C, data=letter.encode() * 30), now)
        heads.append(transmitter.frames(now)[0][1][0] >> 5)
    assert heads == [1, 2, 3]


def waiting(*moments: float) -> BusTransmitter:
    """Requests for a device that is not there, ordered at these moments."""
    transmitter = ready()
    for number, moment in enumerate(moments):
        assert transmitter.order(TransmitOrder(name_of(99), register=0x2100 + number), moment)
        transmitter.frames(moment)
    return transmitter


def test_what_waits_for_half_a_minute_goes_one_after_the_other() -> None:
    transmitter = waiting(3.0, 23.0)
    assert transmitter.next_deadline() == 33.0
    for now, expired in ((23.0, 0), (32.9, 0), (33.0, 1), (52.9, 1), (60.0, 2)):
        transmitter.frames(now)
        assert transmitter.expired == expired
    late = waiting(3.0)
    late.frames(50.0)
    assert late.expired == 1


def test_one_that_can_be_sent_is_not_held_up_by_one_that_waits() -> None:
    transmitter = waiting(3.0)
    assert transmitter.order(TransmitOrder(LYNX, register=0x2108), 3.0)
    assert transmitter.order(TransmitOrder(LYNX, register=0x0390), 3.0)
    assert transmitter.frames(3.0) == [REQUEST_2108]
    assert transmitter.frames(3.0995) == []
    assert transmitter.next_deadline() == pytest.approx(3.1)
    assert len(transmitter.frames(3.1)) == 1


def test_so_many_wait_at_most() -> None:
    assert MOST_WAITING == 64
    full = ready()
    orders = [TransmitOrder(name_of(99), register=number) for number in range(65)]
    assert [full.order(order, 3.0) for order in orders] == [True] * 64 + [False]


def test_the_mode_is_only_written_where_that_was_allowed() -> None:
    order = TransmitOrder(THE_LYNX, register=0x0200, data=b"\x03")
    assert not ready("writes").order(order, 2.0)
    assert ready("writes", mode_switch=True).order(order, 2.0)


def test_a_request_with_a_filled_frame_is_one_too() -> None:
    transmitter = ready()
    hear(transmitter, 0x18EAFF29, bytes.fromhex("00EE00FFFFFFFFFF"), 3.0)
    assert (CLAIM_ID | US, OURS.payload) in transmitter.frames(3.0)
