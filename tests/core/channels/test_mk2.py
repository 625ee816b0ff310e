"""MK2/MK3 frames: every public vector, the checksum that guards them, and streams with rubbish in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.vebus.mk2 import Fault, Mk2Frame, checksum, encode, parse_mk2, split
from gxbridge.core.channels.vebus.mk2_messages import (
    Ac,
    Address,
    Dc,
    Leds,
    Mk2Config,
    Mk2Memory,
    Mk2Message,
    Raw,
    Request,
    Version,
    decode,
)

CAPTURED = [
    # diebietse/invertergui mk2_test.go
    ("04 FF 41 01 00 BB", Address(1, 0)),
    ("02 FF 4C B3", Request("L", b"")),
    ("06 FF 4C 03 00 00 00 AC", Leds(3, 0, 0, 0, b"")),
    ("08 FF 4C 09 00 00 00 03 00 A1", Leds(9, 0, 0, 0, b"\x03\x00")),
    ("07 FF 56 96 3E 11 00 00 BF", Version("interface", 1130134, 0)),
    ("07 FF 56 98 3E 11 00 00 BD", Version("interface", 1130136, 0)),
    ("03 FF 46 00 B8", Request("F", b"\x00")),
    ("03 FF 46 01 B7", Request("F", b"\x01")),
    ("0F 20 F3 00 C8 02 0C A1 05 00 00 00 28 00 00 88 B2", Dc(14.41, 0, 40, 0x88)),
    ("0F 20 B6 89 6D B7 0C 4E 0A 00 00 00 00 00 00 88 82", Dc(26.38, 0, 0, 0x88)),
    ("0F 20 01 01 CA 09 08 AA 58 AB 00 AA 58 9A 00 C3 E8", Ac(8, 9, 226.98, 171, 226.98, 154, 0xC3)),
    ("05 FF 57 85 C8 00 58", Mk2Memory("W", 0x85, b"\xc8\x00")),
    # martiby/multiplus2 vebus.py, captured between a GX device and an MK3
    ("02 FF 56 A9", Request("V", b"")),
    ("08 FF 4C 01 0C 00 00 80 00 20", Leds(1, 0x0C, 0, 0, b"\x80\x00")),
    ("07 FF 56 24 DB 11 00 42 52", Version("interface", 1170212, 0x42)),
    ("0F 20 01 01 01 09 08 EC 5A 5F FF EC 5A 08 00 C3 08", Ac(8, 9, 232.76, -161, 232.76, 8, 0xC3)),
    ("05 FF 58 30 80 00 F4", Mk2Memory("X", 0x30, b"\x80\x00")),
    ("07 FF 58 85 90 00 61 59 D3", Mk2Memory("X", 0x85, b"\x90\x00\x61\x59")),
    ("06 FF 46 06 0E 10 0F 82", Request("F", b"\x06\x0e\x10\x0f")),
    ("03 FF 58 38 6E", Mk2Memory("X", 0x38, b"")),
    ("09 FF 58 99 89 FE 05 00 72 01 08", Mk2Memory("X", 0x99, bytes.fromhex("89fe05007201"))),
    # xcellsior/ve-bus-programming FINDINGS.md
    ("07 FF 56 28 DB 11 00 42 4E", Version("interface", 1170216, 0x42)),
]
DERIVED = [
    # built from the rules
    ("06 FF 4C 10 40 02 00 5D", Leds(0x10, 0x40, 0x02, 0, b"")),
    ("06 FF 4C 10 00 02 00 9D", Leds(0x10, 0, 0x02, 0, b"")),
    ("06 FF 4C 40 00 22 00 4D", Leds(0x40, 0, 0x22, 0, b"")),
    ("06 FF 4C 00 00 00 07 A8", Leds(0, 0, 0, 0x07, b"")),
    ("06 FF 4C 00 00 00 87 28", Leds(0, 0, 0, 0x87, b"")),
    ("06 FF 4C 1F 1F 00 00 71", Leds(0x1F, 0x1F, 0, 0, b"")),
    ("87 FF 57 85 C8 00 03 00 D3", Mk2Memory("W", 0x85, b"\xc8\x00")),
    ("02 FF 48 B7", Request("H", b"")),
    ("03 FF 48 03 B3", Request("H", b"\x03")),
    ("05 FF 57 0E 00 00 97", Mk2Memory("W", 0x0E, b"\x00\x00")),
    ("0A 20 00 00 00 00 83 F4 7C 11 00 D2", Version("BMS", 1146100)),
    ("0A 20 00 00 00 00 83 16 79 11 00 B3", Version("BMS", 1145110)),
]
VECTORS = CAPTURED + DERIVED


def message(text: str) -> Mk2Message:
    frame = parse_mk2(bytes.fromhex(text))
    assert isinstance(frame, Mk2Frame)
    return decode(frame)


@pytest.mark.parametrize(("text", "expected"), VECTORS)
def test_every_vector_is_read_and_written_again(text: str, expected: Mk2Message) -> None:
    data = bytes.fromhex(text)
    frame = parse_mk2(data)
    assert isinstance(frame, Mk2Frame)
    assert decode(frame) == expected
    assert encode(frame) == data


@pytest.mark.parametrize(("text", "_expected"), VECTORS)
def test_a_frame_with_any_byte_flipped_is_refused(text: str, _expected: Mk2Message) -> None:
    data = bytes.fromhex(text)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x41
        assert isinstance(parse_mk2(bytes(damaged)), Fault), position


def test_the_leds_at_the_end_are_kept_apart_from_the_data() -> None:
    assert parse_mk2(bytes.fromhex("87FF5785C8000300D3")) == Mk2Frame(bytes.fromhex("FF5785C800"), (3, 0))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "short"),
        ("00", "short"),
        ("02FF4C", "short"),
        ("00000000", "length"),
        ("03FF4CB2", "length"),
        ("02FF4CB4", "checksum"),
    ],
)
def test_what_is_no_frame_says_why(text: str, reason: str) -> None:
    assert parse_mk2(bytes.fromhex(text)) == Fault(reason)  # type: ignore[arg-type]


def test_a_led_bit_without_room_for_leds_is_no_frame() -> None:
    body = bytes.fromhex("82FF4C")
    assert parse_mk2(body + bytes([checksum(body)])) == Fault("length")


def test_the_led_frame_in_words() -> None:
    leds = message("06 FF 4C 10 40 02 00 5D")
    assert isinstance(leds, Leds)
    assert (leds.lit, leds.blinking) == (("inverter",), ("low battery",))
    assert leds.alarm_names == ("low battery pre-alarm",)
    assert (leds.vebus_error, leds.blocked, leds.valid) == (0, False, True)


def test_a_missing_assistant_and_a_blocked_mk2_share_the_error_byte() -> None:
    leds = message("06 FF 4C 00 00 00 87 28")
    assert isinstance(leds, Leds)
    assert (leds.vebus_error, leds.blocked) == (7, True)


def test_leds_that_are_not_valid_name_nothing() -> None:
    leds = message("06 FF 4C 1F 1F 00 00 71")
    assert isinstance(leds, Leds)
    assert (leds.valid, leds.lit, leds.blinking) == (False, (), ())


def test_a_short_led_frame_has_no_alarms_and_no_error() -> None:
    leds = decode(Mk2Frame(bytes.fromhex("FF4C0300")))
    assert leds == Leds(3, 0, None, None, b"")
    assert (leds.vebus_error, leds.blocked, leds.alarm_names) == (None, False, ())


def test_a_version_is_a_product_and_a_firmware() -> None:
    version = message("0A 20 00 00 00 00 83 F4 7C 11 00 D2")
    assert isinstance(version, Version)
    assert (version.product_id, version.firmware) == (0x1146, 100)


def test_the_version_of_a_digital_multi_control() -> None:
    number = (1140123).to_bytes(4, "little")
    assert decode(Mk2Frame(b"\x20\x00\x00\x00\x00\x80" + number)) == Version("Digital Multi Control", 1140123)


def test_a_version_of_zero_is_no_version() -> None:
    assert isinstance(decode(Mk2Frame(b"\x20\x00\x00\x00\x00\x83\x00\x00\x00\x00")), Raw)


def test_a_memory_value_is_signed_and_may_be_absent() -> None:
    assert message("05 FF 57 85 C8 00 58").value == 200  # type: ignore[union-attr]
    assert message("09 FF 58 99 89 FE 05 00 72 01 08").value == -375  # type: ignore[union-attr]
    assert message("03 FF 58 38 6E").value is None  # type: ignore[union-attr]


def test_the_configuration_of_the_input_limits() -> None:
    payload = bytes([0x41, 0x10, 0, 0, 0, 0b1010_0101, 0x2D, 0, 0x40, 1, 0xA0, 0, 0x02])
    assert decode(Mk2Frame(payload)) == Mk2Config(1, True, False, 2, True, 4.5, 32.0, 16.0, 2)
    assert decode(Mk2Frame(payload[:12])) == Mk2Config(1, True, False, 2, True, 4.5, 32.0, 16.0, None)


def test_values_without_their_last_byte_are_still_read() -> None:
    assert decode(Mk2Frame(bytes.fromhex("20F300C8020CA105000000280000"))) == Dc(14.41, 0, 40, None)
    assert decode(Mk2Frame(bytes.fromhex("200101CA0908AA58AB00AA589A00"))) == Ac(8, 9, 226.98, 171, 226.98, 154, None)


@pytest.mark.parametrize(
    "payload",
    [
        *("", "FF", "FF4101", "FF4C03", "FF56AA", "FF57", "FF99", "0000", "4012", "4100", "2101"),
        *(
            "20010203",
            "200102030405",
            "2001020304050C",
            "200000000008AA58",
            "20000000000CAA58",
            "20000000008300",
            "20000000007700",
        ),
    ],
)
def test_a_frame_of_no_known_kind_or_too_short_for_it_stays_raw(payload: str) -> None:
    assert decode(Mk2Frame(bytes.fromhex(payload))) == Raw(bytes.fromhex(payload))


def test_a_version_without_its_mode_byte() -> None:
    assert decode(Mk2Frame(bytes.fromhex("FF56963E1100"))) == Version("interface", 1130134, None)


def test_raw_requests_are_never_encoded() -> None:
    with pytest.raises(ValueError, match="are not made"):
        encode(Mk2Frame(bytes.fromhex("21FFFFFFFF83")))


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\xff" * 128])
def test_frames_of_impossible_length_are_not_encoded(payload: bytes) -> None:
    with pytest.raises(ValueError, match="2 to 127"):
        encode(Mk2Frame(payload))


def test_a_stream_in_pieces_with_rubbish_between() -> None:
    stream = b"\x02\xff\x4c\x00" + b"".join(bytes.fromhex(text) for text, _ in VECTORS)
    frames: list[Mk2Frame] = []
    rest, dropped = b"", 0
    for start in range(0, len(stream), 7):
        found, rest, lost = split(rest + stream[start : start + 7])
        frames += found
        dropped += lost
    assert [decode(frame) for frame in frames] == [expected for _, expected in VECTORS]
    assert (rest, dropped) == (b"", 4)


@given(st.binary(max_size=300))
def test_any_stream_is_split_without_loss(stream: bytes) -> None:
    frames, rest, dropped = split(stream)
    for frame in frames:
        decode(frame)
    assert (
        len(stream)
        == sum(len(encode(f)) if f.payload[0] != 0x21 else len(f.payload) + 2 + len(f.leds or ()) for f in frames)
        + len(rest)
        + dropped
    )
    assert len(rest) < 130


@given(st.binary(min_size=2, max_size=100), st.none() | st.tuples(st.integers(0, 255), st.integers(0, 255)))
def test_what_is_encoded_is_read_back(payload: bytes, leds: tuple[int, int] | None) -> None:
    frame = Mk2Frame(b"\xff" + payload[1:], leds)
    assert parse_mk2(encode(frame)) == frame
