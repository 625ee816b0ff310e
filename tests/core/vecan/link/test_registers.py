"""Which path becomes which register, and which bytes: by the tables of the vendor's header."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.gate.link import LINK_FRAMES, may_link
from gxbridge.core.vecan.link.registers import DEVICE_ROWS, PORT_ROWS, REGISTERS, ROWS, LinkRow, number_of
from gxbridge.core.vecan.sending.transmit import LINKABLE, SENDABLE


@pytest.mark.parametrize(
    ("path", "value", "data"),
    [
        ("/Link/VoltageSense", 12.72, "F804"),  # real: canboat samples/victron-61184-vreg.raw, a GX
        ("/Link/ExtraBatteryCurrent", -2.8, "10F5FFFF"),  # real: the same
        ("/Link/ChargeVoltage", 27.4, "B40A"),  # constructed from the tables, as those below
        ("/Link/ChargeVoltage", 28.399, "170B"),
        ("/Link/NetworkMode", 13, "0D"),
        ("/Link/TemperatureSense", 22.3, "B608"),
        ("/Link/TemperatureSense", -10.0, "18FC"),
        ("/Link/BatteryCurrent", -120.5, "4C29FEFF"),
    ],
)
def test_what_goes_to_everybody(path: str, value: float, data: str) -> None:
    row = PORT_ROWS[path]
    assert row.data(row.raw(value)).hex().upper() == data
    assert may_link(row.register, row.data(row.raw(value)))


@pytest.mark.parametrize(
    ("path", "value", "data"),
    [
        ("/Link/ChargeCurrent", 50.0, "F401"),
        ("/Link/ChargeCurrent", 0.0, "0000"),
        ("/Link/ChargeCurrent", 0.3, "0300"),
        ("/Link/ChargeCurrent", 10.19, "6500"),
        ("/Link/ChargeCurrent", 9999.0, "FEFF"),
        ("/Link/DischargeCurrent", 600.0, "7017"),
        ("/Link/NetworkMode", 5, "05"),
    ],
)
def test_what_goes_to_one_device(path: str, value: float, data: str) -> None:
    row = DEVICE_ROWS[path]
    assert row.data(row.raw(value)).hex().upper() == data


def test_the_lists_of_the_rooms_are_the_same() -> None:
    """The transmitter and the gate have their own, on purpose: nobody widens all three by accident."""
    assert REGISTERS == LINKABLE == LINK_FRAMES.keys()
    assert not LINKABLE & SENDABLE
    assert all(
        (size, low < 0) == (row.size, row.signed) for row in ROWS for size, low, _ in [LINK_FRAMES[row.register]]
    )


@pytest.mark.parametrize(
    "value", [None, "50", True, float("nan"), float("inf"), -float("inf"), -0.1], ids=lambda value: f"{value!r}"
)
def test_what_is_no_limit_is_refused(value: float | None) -> None:
    assert number_of(DEVICE_ROWS["/Link/ChargeCurrent"], value) is None


def test_bits_are_whole_numbers_of_a_byte() -> None:
    row = PORT_ROWS["/Link/NetworkMode"]
    assert [number_of(row, value) for value in (13, 13.0, 13.5, 256, -1, 255)] == [13, 13.0, None, None, None, 255]


def test_what_is_measured_may_be_negative() -> None:
    assert number_of(PORT_ROWS["/Link/BatteryCurrent"], -5.0) == -5.0
    assert number_of(PORT_ROWS["/Link/VoltageSense"], -5.0) is None


def test_not_available_is_no_value() -> None:
    row = DEVICE_ROWS["/Link/ChargeCurrent"]
    assert [row.heard(bytes.fromhex(data)) for data in ("F401", "FFFF", "F4")] == [500, None, None]
    assert PORT_ROWS["/Link/TemperatureSense"].heard(bytes.fromhex("FF7F")) is None
    assert PORT_ROWS["/Link/NetworkMode"].heard(b"\xff") == 255


@given(row=st.sampled_from(ROWS), value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_limit_is_never_sent_higher_than_it_was_written(row: LinkRow, value: float) -> None:
    number = number_of(row, value)
    if number is None:
        return
    raw = row.raw(number)
    assert row.heard(row.data(raw)) == raw, "and never as `not available`"
    if row.limits:
        assert raw * row.step <= max(number, 0) + row.step * 1e-5 + math.ulp(number)


@given(register=st.integers(0, 0xFFFF), data=st.binary(max_size=6))
def test_the_gate_lets_nothing_else_leave(register: int, data: bytes) -> None:
    allowed = may_link(register, data)
    assert not allowed or (register in REGISTERS and len(data) == LINK_FRAMES[register][0])


@pytest.mark.parametrize(
    ("register", "data"),
    [(0x0200, "04"), (0x2015, "FFFF"), (0x2015, "0000FFFF"), (0x200E, "0E"), (0x2001, "591B"), (0x2003, "00F0")],
)
def test_frames_that_never_leave(register: int, data: str) -> None:
    assert not may_link(register, bytes.fromhex(data))
