"""The 29-bit identifier of a VE.Can (NMEA 2000, J1939) frame, taken apart and put together.

    priority (3) | extended data page (1) | data page (1) | PDU format (8) | PDU specific (8) | source (8)

PDU format below 240 (PDU1): the PDU specific byte is the destination and does not belong to the PGN.
From 240 up (PDU2): a broadcast, and the byte belongs to the PGN. (Victron velib C stack, J1939_types.h.)
"""

from __future__ import annotations

from typing import TypeAlias

TimedFrame: TypeAlias = tuple[float, int, bytes]
"""Monotonic seconds, 29-bit identifier, data."""

BROADCAST = 255
"""Destination address of a frame for everybody."""

NULL_ADDRESS = 254
"""Source address of a node that could not claim one."""

MAX_ID = 0x1FFFFFFF
MAX_DATA = 8
"""Bytes of one classic CAN frame."""

IDENTITY = ~0x1C0000FF
"""Mask that drops priority and source: equal identity means the same PGN to the same destination. Bits above the 29
stay, so that a flagged identifier (error or remote frame) never looks like a data frame."""

WHOLE = 1 << 32
"""Mark above an identifier, beyond its bits and those of the kernel: the payload is a whole message, as some recorders
write it, and no frame. It may have any length."""

FIRST_PDU2 = 240


def pgn_of(can_id: int) -> int:
    """The PGN of an identifier; for PDU1 its low byte is 0."""
    return can_id >> 8 & (0x3FFFF if can_id & 0xFF0000 >= FIRST_PDU2 << 16 else 0x3FF00)


def destination_of(can_id: int) -> int:
    """Address the frame is for; `BROADCAST` for every PDU2 frame."""
    return BROADCAST if can_id & 0xFF0000 >= FIRST_PDU2 << 16 else can_id >> 8 & 0xFF


def is_addressable(pgn: int) -> bool:
    """Whether frames of this PGN carry a destination (PDU1)."""
    return pgn >> 8 & 0xFF < FIRST_PDU2


def identifier(pgn: int, source: int, destination: int = BROADCAST, priority: int = 6) -> int:
    """The 29-bit identifier of a frame.

    Raises ValueError when a part is out of range, or when a broadcast PGN is given a destination.
    """
    if not 0 <= pgn <= 0x3FFFF or not 0 <= source <= 0xFF or not 0 <= destination <= 0xFF or not 0 <= priority <= 7:
        raise ValueError(f"no identifier for PGN {pgn} from {source} to {destination} with priority {priority}")
    if is_addressable(pgn):
        if pgn & 0xFF:
            raise ValueError(f"PGN {pgn} is addressable (PDU1), so its low byte must be 0")
        return priority << 26 | pgn << 8 | destination << 8 | source
    if destination != BROADCAST:
        raise ValueError(f"PGN {pgn} is a broadcast (PDU2) and cannot be sent to address {destination}")
    return priority << 26 | pgn << 8 | source
