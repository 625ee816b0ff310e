"""Values to payloads to frames, from the same layouts that the decoder reads. Nothing here transmits.

What cannot be said exactly is refused: a value out of range, a value whose bits mean "not available", an unknown
field, "not available" for a field that has no code for it. Numbers are rounded to the field's resolution.
"""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.nmea2000 import vreg
from gxbridge.core.nmea2000.database import SINGLE_PGN, Layout, database
from gxbridge.core.nmea2000.fast_packet import MAX_PAYLOAD, split
from gxbridge.core.nmea2000.field import LAU_ASCII, LAU_UTF16, FieldInfo, FieldValue, laus, text
from gxbridge.core.nmea2000.frame import BROADCAST, MAX_DATA, identifier

ISO_REQUEST_PGN = 59904
"""The one single-frame PGN that is not filled up to 8 bytes: its frames have 3."""

_LONGEST_LAU = 253

Frame = tuple[int, bytes]
"""29-bit identifier and data bytes."""


class EncodeError(ValueError):
    """A value that the message cannot carry; the text names message and field and says why."""


def encode(layout: Layout, values: Mapping[str, FieldValue], rest: int | None = None) -> bytes:
    """The payload (with header) that says `values`, by field name in the fields' units; None = not available.

    A field that is not mentioned is not available; one that has no code for this gets the raw number `rest`. Bits
    without a field are 1 in PGNs and 0 in registers, as on the wire. Raises EncodeError.
    """
    if layout.kind in ("write", "unknown"):
        raise EncodeError(f"{layout.name}: it has no layout to be written by; `vreg.payload` makes raw register frames")
    unknown = [name for name in values if name not in {field.name for field in layout.fields}]
    if unknown:
        known = ", ".join(field.name for field in layout.fields) or "none"
        raise EncodeError(f"{layout.name} has no field {', '.join(unknown)}; its fields are {known}")
    is_register = layout.register is not None
    size = max(layout.length, layout.header)
    open_field = next((field for field in layout.fields if not field.length), None)
    if open_field is not None:
        size = layout.header + open_field.offset // 8
    bits = 0 if is_register else (1 << size * 8) - 1
    if layout.header:
        bits = int.from_bytes(vreg.payload(layout.register or 0), "little")
    tail: list[tuple[FieldInfo, FieldValue]] = []
    for field in layout.fields:
        value = values.get(field.name)
        try:
            if not field.length:
                tail.append((field, value))
                continue
            raw = _number(field, value, rest if field.name not in values else None) if field.is_number else None
            if raw is None:
                raw = int.from_bytes(_fixed(field, value), "little")
        except EncodeError as wrong:
            raise EncodeError(f"{layout.name}: {field.name}: {wrong}") from None
        place, mask = layout.header * 8 + field.offset, (1 << field.length) - 1
        bits = bits & ~(mask << place) | (raw & mask) << place
    payload = bits.to_bytes(size, "little") + _tail(layout, tail)
    if len(payload) > MAX_PAYLOAD:
        raise EncodeError(f"{layout.name} would have {len(payload)} bytes; a message holds {MAX_PAYLOAD}")
    return payload


def _number(field: FieldInfo, value: FieldValue, rest: int | None) -> int:
    low, high = (-(1 << field.length - 1), (1 << field.length - 1) - 1)
    if field.kind == "unsigned":
        low, high = 0, (1 << field.length) - 1
    if value is None:
        if field.missing:
            return field.missing[-1]
        if rest is None:
            raise EncodeError("has no code for 'not available', so it needs a value")
        return rest
    if not isinstance(value, int | float):
        raise EncodeError(f"{value!r} is not a number")
    try:
        top, bottom = value.as_integer_ratio()
    except (ValueError, OverflowError):
        raise EncodeError(f"{value} is not a number a frame can carry") from None
    raw = _nearest(top * field.denominator - field.addend * bottom, bottom * field.numerator)
    if not low <= raw <= high:
        least, most = (_shown(field, edge) for edge in (low, high))
        raise EncodeError(f"{value} is out of range; {least} to {most} {field.unit}".rstrip() + " can be sent")
    if raw in field.missing:
        raise EncodeError(f"{value} would be read as 'not available'")
    return raw


def _shown(field: FieldInfo, raw: int) -> float:
    top = raw * field.numerator + field.addend
    return top if field.denominator == 1 else top / field.denominator


def _nearest(top: int, bottom: int) -> int:
    """top / bottom rounded to the nearest whole number, in whole numbers throughout."""
    return (2 * top + bottom) // (2 * bottom)


def _fixed(field: FieldInfo, value: FieldValue) -> bytes:
    """The bytes of a string or bytes field of fixed length."""
    size = field.length // 8
    if field.kind == "string":
        raw = b"\xff" * size if value is None else _text_bytes(value)
        if len(raw) > size:
            raise EncodeError(f"{value!r} has {len(raw)} bytes; there is room for {size}")
        # One zero ends the text where there is room; an empty text is not "not available".
        return (raw + b"\0")[:size].ljust(size, b"\xff")
    if not isinstance(value, bytes) or len(value) != size:
        raise EncodeError(f"{value!r} is not {size} bytes")
    return value


def _text_bytes(value: FieldValue) -> bytes:
    if not isinstance(value, str):
        raise EncodeError(f"{value!r} is not text")
    raw = value.encode("utf-8", "surrogatepass")
    if value and text(raw) != value:
        raise EncodeError(f"{value!r} cannot be sent: it ends in blanks or holds a zero")
    return raw


def _tail(layout: Layout, tail: list[tuple[FieldInfo, FieldValue]]) -> bytes:
    """The fields of open length, which end the payload."""
    given = list(tail)
    while given and given[-1][1] is None:
        given.pop()
    payload = b""
    for field, value in given:
        try:
            if field.kind == "lau":
                payload += _lau(value)
            elif field.kind == "string":
                payload += _text_bytes(value) + b"\0"
            elif isinstance(value, bytes):
                payload += value
            else:
                raise EncodeError(f"{value!r} is not bytes")
        except EncodeError as wrong:
            raise EncodeError(f"{layout.name}: {field.name}: {wrong}") from None
    return payload


def _lau(value: FieldValue) -> bytes:
    if value is None:
        raise EncodeError("only the last texts of the message can be left out")
    if not isinstance(value, str):
        raise EncodeError(f"{value!r} is not text")
    plain = value.isascii()
    body = value.encode("ascii") if plain else value.encode("utf-16-le", "surrogatepass")
    if len(body) > _LONGEST_LAU:
        raise EncodeError(f"{value!r} has {len(body)} bytes; there is room for {_LONGEST_LAU}")
    raw = bytes((len(body) + 2, LAU_ASCII if plain else LAU_UTF16)) + body
    if laus(raw, 0, 1) != (value,):
        raise EncodeError(f"{value!r} cannot be sent: it ends in blanks or holds a zero")
    return raw


def frames(
    layout: Layout,
    payload: bytes,
    source: int,
    destination: int = BROADCAST,
    sequence: int = 0,
    priority: int | None = None,
    fast: bool | None = None,
) -> tuple[Frame, ...]:
    """The CAN frames that carry a payload of this layout.

    `sequence` counts a sender's fast packets of one PGN (only its last three bits matter); `fast` decides for PGNs
    that come in both forms (by default fast packet, as the standard has it). Raises EncodeError.
    """
    priority = layout.priority if priority is None else priority
    single = len(payload) <= MAX_DATA and (layout.header or layout.transport == "single")
    if single and any(field.kind == "bytes" and not field.length for field in layout.fields):
        # Filled up, nobody could tell where the value ends.
        return _addressed(layout.pgn, (payload,), source, destination, priority)
    if layout.header:
        return vreg_frames(payload, source, destination, sequence, priority)
    if fast is None or layout.transport != "either":
        fast = layout.transport != "single"
    parts = _parts_of(payload, sequence) if fast else (_single(layout.pgn, payload),)
    return _addressed(layout.pgn, parts, source, destination, priority)


def pgn_frames(
    pgn: int, values: Mapping[str, FieldValue], source: int, destination: int = BROADCAST, sequence: int = 0
) -> tuple[Frame, ...]:
    """The CAN frames of a message that says `values`, see `encode` and `frames`. Raises EncodeError."""
    layout = database().pgns[pgn]
    return frames(layout, encode(layout, values), source, destination, sequence)


def vreg_frames(
    payload: bytes, source: int, destination: int = BROADCAST, sequence: int = 0, priority: int = 7
) -> tuple[Frame, ...]:
    """The CAN frames of a VREG payload (as `encode` or `core.vreg` makes them): one, or a fast packet if it is long.

    Raises EncodeError.
    """
    pgn = vreg.pgn_for(payload)
    parts = (payload.ljust(MAX_DATA, b"\0"),) if pgn == SINGLE_PGN else _parts_of(payload, sequence)
    return _addressed(pgn, parts, source, destination, priority)


def _single(pgn: int, payload: bytes) -> bytes:
    if len(payload) > MAX_DATA:
        raise EncodeError(f"PGN {pgn} goes in one frame of {MAX_DATA} bytes; the payload has {len(payload)}")
    return payload if pgn == ISO_REQUEST_PGN else payload.ljust(MAX_DATA, b"\xff")


def _parts_of(payload: bytes, sequence: int) -> tuple[bytes, ...]:
    try:
        return tuple(split(payload, sequence))
    except ValueError as wrong:
        raise EncodeError(str(wrong)) from None


def _addressed(pgn: int, parts: tuple[bytes, ...], source: int, destination: int, priority: int) -> tuple[Frame, ...]:
    try:
        can_id = identifier(pgn, source, destination, priority)
    except ValueError as wrong:
        raise EncodeError(str(wrong)) from None
    return tuple((can_id, part) for part in parts)
