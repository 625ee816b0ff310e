"""The 29-bit identifier: ids of real traffic taken apart, and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000 import frame

# Victron, VE.Can registers public, v20, and canboat samples/victron-61184-vreg.raw.
KNOWN = [
    (0x1CEFFFE3, 61184, 0xE3, 255, 7),
    (0x1CEF4020, 61184, 0x20, 0x40, 7),
    (0x1DEFFF29, 126720, 0x29, 255, 7),
    (0x18EEFF29, 60928, 0x29, 255, 6),
    (0x18EAFFFE, 59904, 0xFE, 255, 6),
    (0x19F21429, 127508, 0x29, 255, 6),
    (0x0DF20D29, 127501, 0x29, 255, 3),
    (0x19F01429, 126996, 0x29, 255, 6),
]


@pytest.mark.parametrize(("can_id", "pgn", "source", "destination", "priority"), KNOWN)
def test_an_identifier_has_four_parts(can_id: int, pgn: int, source: int, destination: int, priority: int) -> None:
    assert frame.pgn_of(can_id) == pgn
    assert frame.destination_of(can_id) == destination
    assert frame.identifier(pgn, source, destination, priority) == can_id


def test_identity_ignores_priority_and_source_and_keeps_flags() -> None:
    assert 0x1CEFFFE3 & frame.IDENTITY == 0x00EFFF29 & frame.IDENTITY
    assert 0x19F21429 & frame.IDENTITY != 0x19F21529 & frame.IDENTITY
    assert (0x1CEFFFE3 | 0x20000000) & frame.IDENTITY != 0x1CEFFFE3 & frame.IDENTITY


@given(st.integers(0, 0x1FFFFFFF))
def test_every_identifier_survives_the_round_trip(can_id: int) -> None:
    made = frame.identifier(frame.pgn_of(can_id), can_id & 0xFF, frame.destination_of(can_id), can_id >> 26)
    assert made == can_id


@pytest.mark.parametrize(
    ("pgn", "source", "destination", "priority"),
    [
        (0x40000, 1, 255, 6),
        (-1, 1, 255, 6),
        (127508, 256, 255, 6),
        (61184, 1, 256, 6),
        (127508, 1, 255, 8),
        (127508, 1, 41, 6),  # a broadcast cannot be addressed
        (61185, 1, 255, 6),  # the low byte of an addressable PGN belongs to the destination
    ],
)
def test_what_no_frame_can_say_is_refused(pgn: int, source: int, destination: int, priority: int) -> None:
    with pytest.raises(ValueError, match=r"PGN"):
        frame.identifier(pgn, source, destination, priority)
