"""One value out of a payload: width, sign, scale, "not available", text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.field import FieldInfo, laus, quarters, raw_number, read, text


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (b"HQ21302VUDQ\0\xff\xff", "HQ21302VUDQ"),
        (b"HQ21302VUDQ", "HQ21302VUDQ"),
        (b"Lynx Smart BMS 500   ", "Lynx Smart BMS 500"),
        (b"v1.13\xff\xff\xff", "v1.13"),
        (b"v1.13 \xff \xff", "v1.13"),
        (b"a\0rest of an older text", "a"),
        (b"\0\0\0", ""),
        (b"    ", ""),
        (b"\xff\xff\xff", None),
        (b"", None),
        ("Küche".encode(), "Küche"),
        ("Küche".encode("latin-1"), "Küche"),
    ],
)
def test_text_ends_at_zero_and_loses_its_padding(raw: bytes, meant: str | None) -> None:
    assert text(raw) == meant


def test_a_lau_counts_its_own_two_bytes() -> None:
    payload = b"\x08\x01Boat 1" + b"\x02\x01" + b"\x06\x00H\0i\0"
    assert laus(payload, 0, 3) == ("Boat 1", "", "Hi")


@pytest.mark.parametrize("tail", [b"", b"\x00\x01", b"\x01", b"\x09\x01abc"])
def test_after_a_broken_lau_nothing_is_known(tail: bytes) -> None:
    assert laus(b"\x03\x01a" + tail, 0, 3) == ("a", None, None)


def test_four_values_in_a_byte() -> None:
    table = quarters((3,))
    assert len(table) == 256
    assert table[0b11_10_01_00] == (0, 1, 2, None)


FIELDS = (
    FieldInfo("flag", "unsigned", 0, 1),
    FieldInfo("level", "signed", 1, 7),
    FieldInfo("volt", "signed", 8, 16, "V", None, 1, 100, 0, (0x7FFF,)),
    FieldInfo("name", "string", 24, 0),
)


def test_values_behind_a_header() -> None:
    assert read(FIELDS, b"\x66\x99" + b"\x81\x4f\x0aAB", 2) == (1, -64, 26.39, "AB")


def test_what_the_payload_does_not_hold_is_none() -> None:
    assert read(FIELDS, b"\x66\x99\x81\x4f", 2) == (1, -64, None, None)
    assert read(FIELDS, b"", 2) == (None, None, None, None)


def test_a_text_of_fixed_length_ends_there_and_may_be_cut() -> None:
    fields = (FieldInfo("name", "string", 0, 32), FieldInfo("more", "bytes", 32, 16), FieldInfo("rest", "bytes", 48, 0))
    assert read(fields, b"FuseXYrest", 0) == ("Fuse", b"XY", b"rest")
    assert read(fields, b"Fu", 0) == ("Fu", None, None)


def test_laus_follow_each_other_and_a_number_field_ends_the_row() -> None:
    lau = FieldInfo("text", "lau", 0, 0)
    number = FieldInfo("number", "unsigned", 0, 8)
    assert read((lau, lau, number, lau), b"\x03\x01a\x03\x01b", 0) == ("a", "b", 3, "a")


def test_scale_and_offset_of_the_unit() -> None:
    kelvin = FieldInfo("t", "unsigned", 0, 16, "°C", None, 1, 100, -27315, (0xFFFF,))
    assert kelvin.scaled(29530) == 22.15
    assert kelvin.scaled(0xFFFF) is None
    assert kelvin.scale == 0.01
    assert kelvin.add == -273.15
    assert FieldInfo("e", "unsigned", 0, 32, "VAh", None, 10).scaled(7) == 70
    assert type(FieldInfo("e", "unsigned", 0, 32).scaled(7)) is int


def test_kinds_that_are_numbers() -> None:
    assert FieldInfo("n", "signed", 0, 8).is_number
    assert not FieldInfo("s", "string", 0, 8).is_number
    assert repr(FieldInfo("n", "signed", 0, 8)) == "FieldInfo('n', 'signed', offset=0, length=8)"


@given(st.integers(0, 2639), st.sampled_from([10, 100, 1000]))
def test_decimals_print_clean(raw: int, denominator: int) -> None:
    value = FieldInfo("v", "unsigned", 0, 16, denominator=denominator).scaled(raw)
    assert len(repr(value).partition(".")[2]) <= 3


@given(st.integers(0, 63), st.integers(1, 64), st.integers(0, 2**64 - 1))
def test_raw_numbers_are_the_bits_counted_from_the_first_byte(start: int, length: int, raw: int) -> None:
    raw &= (1 << length) - 1
    payload = (raw << start).to_bytes(16, "little")
    assert raw_number(payload, start, length, False) == raw
    signed = raw_number(payload, start, length, True)
    assert signed is not None
    assert signed % (1 << length) == raw
    assert -(1 << (length - 1)) <= signed < 1 << (length - 1)


@given(st.binary())
def test_text_never_raises_nor_keeps_padding(raw: bytes) -> None:
    found = text(raw)
    if found:
        assert "\0" not in found


@given(st.binary(), st.integers(0, 5))
def test_laus_never_raise_and_keep_their_number(payload: bytes, count: int) -> None:
    assert len(laus(payload, 0, count)) == count
