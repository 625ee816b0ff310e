"""Register frames of our own making, byte for byte as in Victron's paper."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000 import vreg


def test_a_request_for_one_register() -> None:
    # Victron, VE.Can registers public, v20: 0x20 asks 0x40 for its firmware version.
    assert vreg.request(0x0102) == bytes.fromhex("669901000201FFFF")


def test_a_request_for_a_page() -> None:
    assert vreg.request(0x0100, 0xFF00) == bytes.fromhex("66990100000100FF")


def test_an_answer_that_refuses() -> None:
    assert vreg.ack(0x0102, 0x8000) == bytes.fromhex("6699020002010080")
    assert 0x8000 & vreg.REFUSED


def test_a_register_with_its_value() -> None:
    assert vreg.payload(0x0214, b"\x64\0\0\0") == bytes.fromhex("6699140264000000")
    assert vreg.payload(0x1030) == bytes.fromhex("66993010")


def test_long_values_go_by_fast_packet() -> None:
    assert vreg.pgn_for(vreg.payload(0x2160, b"abcd")) == 61184
    assert vreg.pgn_for(vreg.payload(0x2160, b"abcde")) == 126720


@pytest.mark.parametrize("register", [0, -1, 0x10000])
def test_a_register_that_cannot_be_on_the_wire_is_refused(register: int) -> None:
    with pytest.raises(ValueError, match=r"registers are 0x0001 to 0xFFFF"):
        vreg.payload(register)


def test_a_value_that_fits_no_fast_packet_is_refused() -> None:
    assert len(vreg.payload(0x0001, bytes(219))) == 223
    with pytest.raises(ValueError, match=r"at most 219 bytes"):
        vreg.payload(0x0001, bytes(220))


@pytest.mark.parametrize(("register", "other"), [(-1, 0), (0x10000, 0), (1, -1), (1, 0x10000)])
def test_numbers_beyond_16_bits_are_refused(register: int, other: int) -> None:
    with pytest.raises(ValueError, match=r"no request"):
        vreg.request(register, other)
    with pytest.raises(ValueError, match=r"no answer"):
        vreg.ack(register, other)
