"""Frames of the MK2/MK3 serial protocol as pure functions: for traces and tests. No port is opened, nothing is sent.

On a GX device the port belongs to the vendor's own driver; a second reader would steal its bytes. The charge and
discharge permission of a VE.Bus BMS is in no published frame: read it from D-Bus (`vebus.py`).

A frame is `length header command data... checksum`: the length counts what stands between itself and the checksum, and
all bytes together sum to 0 modulo 256. Bit 7 of the length says that two LED bytes (on, blinking) end the frame.
Sources: diebietse/invertergui mk2driver, j9brown/victron-mk3, martiby/multiplus2, yvesf/ve-ctrl-tool, which agree where
not said otherwise; the LED bytes at the end, alarm bits and version replies rest on a single source each.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gxbridge.core.model.record import record

HEADER_COMMAND = 0xFF
HEADER_INFO = 0x20
HEADER_RAW = 0x21
HEADER_CONFIG = 0x41

LEDS_FOLLOW = 0x80
SHORTEST = 2
"""Header and command; anything shorter is noise that happens to sum to zero."""
LONGEST = 0x7F

FaultReason: TypeAlias = Literal["short", "length", "checksum"]


@record
class Mk2Frame:
    """`payload` from the header to the last data byte; `leds` the (on, blinking) bytes, where they were appended."""

    payload: bytes
    leds: tuple[int, int] | None = None


@record
class Fault:
    reason: FaultReason


def checksum(data: bytes) -> int:
    """The byte that makes the sum of `data` and itself 0 modulo 256."""
    return -sum(data) & 0xFF


def parse_mk2(data: bytes) -> Mk2Frame | Fault:
    """Exactly one frame, length and checksum included."""
    if len(data) < SHORTEST + 2:
        return Fault("short")
    length = data[0] & ~LEDS_FOLLOW
    tail = 2 if data[0] & LEDS_FOLLOW else 0
    if length < SHORTEST + tail or len(data) != length + 2:
        return Fault("length")
    if sum(data) & 0xFF:
        return Fault("checksum")
    body = data[1:-1]
    return Mk2Frame(body[:-2], (body[-2], body[-1])) if tail else Mk2Frame(body)


def split(stream: bytes) -> tuple[tuple[Mk2Frame, ...], bytes, int]:
    """The frames in a piece of a serial stream, the unfinished rest to put in front of the next piece, bytes dropped.

    The protocol has no start byte: after a damaged frame one byte is dropped and the search goes on from the next.
    The rest is never longer than one frame.
    """
    frames: list[Mk2Frame] = []
    position = dropped = 0
    while position < len(stream):
        end = position + (stream[position] & ~LEDS_FOLLOW) + 2
        if end > len(stream):
            break
        frame = parse_mk2(stream[position:end])
        if isinstance(frame, Mk2Frame):
            frames.append(frame)
            position = end
        else:
            position += 1
            dropped += 1
    return tuple(frames), stream[position:], dropped


def encode(frame: Mk2Frame) -> bytes:
    """The bytes of a frame, for traces and tests. Raises ValueError for a raw VE.Bus request, which is never made."""
    body = frame.payload + bytes(frame.leds or ())
    if len(frame.payload) < SHORTEST or len(body) > LONGEST:
        raise ValueError(f"a frame has {SHORTEST} to {LONGEST} bytes, this one {len(body)}")
    if frame.payload[0] == HEADER_RAW:
        raise ValueError("raw VE.Bus requests are not made: their published checksums contradict the rule")
    data = bytes([len(body) | (LEDS_FOLLOW if frame.leds else 0)]) + body
    return data + bytes([checksum(data)])
