"""Sample frames: their notation, and a fast packet put together, each fault said in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

VREG_HEADER_BYTES = 4
"""Manufacturer and industry (66 99), then the register: what precedes a register's value
(Victron, VE.Can registers public, v20)."""


def parse_frame(text: str) -> tuple[int, bytes]:
    """A frame in candump's notation: `1CEFFF29#6699FF0F10270000`. Raises ValueError with a plain sentence."""
    head, mark, data = text.partition("#")
    if not mark or len(head) != 8:
        raise ValueError("a frame is eight hex digits, `#`, then the data bytes in hex")
    try:
        can_id, payload = int(head, 16), bytes.fromhex(data)
    except ValueError:
        raise ValueError("it contains something other than hex digits") from None
    if can_id >= 1 << 29:
        raise ValueError("the id has more than 29 bits")
    if not 1 <= len(payload) <= 8:
        raise ValueError(f"it has {len(payload)} data bytes, and a CAN frame has 1 to 8")
    return can_id, payload


def pgn_of(can_id: int) -> int:
    """The PGN in a 29-bit id; below PDU format 240 the low byte is the destination and not part of it."""
    pgn = can_id >> 8 & 0x3FFFF
    return pgn if pgn >> 8 & 0xFF >= 240 else pgn & 0x3FF00


def is_addressed(can_id: int) -> bool:
    """True when the frame goes to one node instead of to all."""
    return can_id >> 16 & 0xFF < 240 and can_id >> 8 & 0xFF != 0xFF


def join(frames: Sequence[bytes], fast: bool) -> bytes:
    """The payload of a sample. Raises ValueError saying what a receiver would reject."""
    if not fast:
        if len(frames) != 1:
            raise ValueError(f"{len(frames)} frames for a single-frame message")
        return frames[0]
    first = frames[0]
    if len(first) < 3 or first[0] & 0x1F:
        raise ValueError("the first frame of a fast packet has counter 0 and at least three bytes")
    length = first[1]
    needed = 1 + max(0, -(-(length - 6) // 7))
    if length > 223 or needed != len(frames):
        raise ValueError(
            f"{length} bytes (second byte of the first frame) need {needed} frames, but there are {len(frames)}"
        )
    payload = first[2:]
    for number, frame in enumerate(frames[1:], 1):
        if frame[0] != first[0] + number:
            raise ValueError(f"frame {number + 1} begins with {frame[0]:02X}, expected {first[0] + number:02X}")
        payload += frame[1:]
    if len(payload) < length:
        raise ValueError(f"the frames hold {len(payload)} bytes, but {length} are announced")
    return payload[:length]
