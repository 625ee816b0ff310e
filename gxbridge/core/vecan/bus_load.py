"""How full a CAN bus is, from the frames and data bytes that it carried."""

from __future__ import annotations

from typing import Final

from gxbridge.core.model.record import record

BITRATE: Final = 250_000
"""NMEA 2000 and VE.Can (Victron, VE.Can registers public, v20)."""
FRAME_BITS: Final = 67
"""An extended data frame without data: start, identifier, control, checksum, acknowledge, end, pause (ISO 11898-1)."""
STUFFED_BITS: Final = 54
"""The part of these in which stuff bits may be put, together with the data."""
STUFF_EVERY: Final = 16
"""One stuff bit in about so many bits of ordinary traffic; the worst case is one in four."""


@record
class Carried:
    """What a bus carried since some moment, whoever sent it."""

    frames: int
    data_bytes: int


def bits_of(carried: Carried) -> float:
    """Bits on the wire, with the usual share of stuff bits."""
    data = 8 * carried.data_bytes
    return FRAME_BITS * carried.frames + data + (STUFFED_BITS * carried.frames + data) / STUFF_EVERY


def load_percent(first: Carried, later: Carried, seconds: float, bitrate: int = BITRATE) -> float | None:
    """Share of the bit rate that was used between two readings, at most 100; None when that cannot be said."""
    passed = Carried(later.frames - first.frames, later.data_bytes - first.data_bytes)
    if seconds <= 0 or passed.frames < 0 or passed.data_bytes < 0:
        return None
    return min(100.0, bits_of(passed) / bitrate / seconds * 100)
