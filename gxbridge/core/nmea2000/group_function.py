"""What a group function (PGN 126208) asks for, sets or answers: its parameters, read by the PGN that they belong to.

    0 request       interval, offset, pairs          1 command   priority, pairs
    2 acknowledge   two codes, one code a parameter  3-6 read and write fields, and their replies

A pair is the number of a field in the other PGN and its value in whole bytes. Fields count from 1, reserved ones too,
and go on where a group of fields repeats. (canboat@01d0dc3 docs/canboat.json, PGN 126208, and analyzer/pgn.c getField.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gxbridge.core.nmea2000.database import SINGLE_PGN, Database
from gxbridge.core.nmea2000.fast_packet import PROPRIETARY_PAGE
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue, raw_number, read

GROUP_FUNCTION_PGN = 126208
REQUEST, COMMAND, ACKNOWLEDGE, READ, READ_REPLY, WRITE, WRITE_REPLY = range(7)

Part = tuple[FieldInfo, FieldValue]
_COUNT = FieldInfo("number_of_parameters", "unsigned", 0, 8)
_HEADS = {
    REQUEST: (
        FieldInfo("transmission_interval", "unsigned", 0, 32, "s", denominator=1000, missing=(0xFFFFFFFE, 0xFFFFFFFF)),
        FieldInfo("transmission_interval_offset", "unsigned", 32, 16, "s", denominator=100, missing=(0xFFFE, 0xFFFF)),
    ),
    COMMAND: (FieldInfo("priority", "unsigned", 0, 4, enum="group_priority", missing=(15,)),),
    ACKNOWLEDGE: (
        FieldInfo("pgn_answer", "unsigned", 0, 4, enum="group_pgn_answer", missing=(15,)),
        FieldInfo("interval_or_priority_answer", "unsigned", 4, 4, enum="group_interval_answer", missing=(15,)),
    ),
}
"""What stands before the number of parameters."""
_HEAD_BYTES = {REQUEST: 6, COMMAND: 1, ACKNOWLEDGE: 1}
_MAKER = (
    FieldInfo("manufacturer", "unsigned", 0, 11, enum="n2k_manufacturer"),
    FieldInfo("industry_group", "unsigned", 13, 3, enum="n2k_industry"),
)
"""How the payload of every manufacturer's own message begins; two reserved bits between them."""
_ID = FieldInfo("unique_id", "unsigned", 0, 8)
_SELECTED = FieldInfo("number_of_selection_pairs", "unsigned", 8, 8)

_WORDS = {127489: ((160, 176), (176, 192))}
"""Bits (first, end) that are one field in the standard and several here: the status words of an engine."""

Slot = tuple[int, int, tuple[FieldInfo, ...]]
"""First bit and bits of a field by its number in the standard, and our fields in it; none where it is reserved."""


def parameters_of(db: Database, values: tuple[FieldValue, ...]) -> list[Part]:
    """What stands in a group function beyond its first three fields, in order, as far as it is understood.

    `values` are those of PGN 126208: function code, PGN, and the bytes after it. What is not understood, because the
    PGN or a field of it is not known or the message ends, is left out; names that come twice get a number.
    """
    code, pgn, rest = values
    if not isinstance(code, int) or not isinstance(pgn, int) or not isinstance(rest, bytes):
        return []
    return _apart(_parameters(code, slots(db, pgn), _is_proprietary(pgn), rest))


def _parameters(code: int, by_number: list[Slot], proprietary: bool, rest: bytes) -> Iterator[Part]:
    if code in _HEADS:
        yield from zip(_HEADS[code], read(_HEADS[code], rest, 0), strict=True)
        at = _HEAD_BYTES[code]
        if len(rest) <= at:
            return
        count = rest[at]
        yield _COUNT, count
        if code == ACKNOWLEDGE:
            yield from _answers(rest[at + 1 :], count)
        else:
            yield from _pairs(rest[at + 1 :], count, by_number, "")[0]
    elif code in (READ, READ_REPLY, WRITE, WRITE_REPLY):
        if proprietary:
            yield from zip(_MAKER, read(_MAKER, rest, 0), strict=True)
            rest = rest[2:]
        if len(rest) < 3:
            return
        selections, count = rest[1], rest[2]
        yield from ((_ID, rest[0]), (_SELECTED, selections), (_COUNT, count))
        pairs, rest = _pairs(rest[3:], selections, by_number, "selected_")
        yield from pairs
        if code == READ:
            names = ", ".join(_name(number, by_number) for number in rest[:count])
            yield FieldInfo("fields", "string", 0, 0), names
        else:
            yield from _pairs(rest, count, by_number, "")[0]


def _answers(codes: bytes, count: int) -> Iterator[Part]:
    """Four bits for each parameter."""
    for number in range(min(count, 2 * len(codes))):
        name = f"parameter_{number + 1}_answer"
        field = FieldInfo(name, "unsigned", 4 * number, 4, enum="group_parameter_answer", missing=(15,))
        yield field, read((field,), codes, 0)[0]


def _pairs(rest: bytes, count: int, by_number: list[Slot], prefix: str) -> tuple[list[Part], bytes]:
    """The values of `count` fields, and what comes after them; nothing when one has no width that is known."""
    found: list[Part] = []
    for _ in range(count):
        if not rest or not 0 < rest[0] <= len(by_number):
            return found, b""
        first, length, fields = by_number[rest[0] - 1]
        size = rest[1] if fields and fields[0].kind == "lau" and len(rest) > 1 else -(-length // 8)
        value = rest[1 : 1 + size]
        if not value or len(value) < size:
            return found, b""
        for field in fields:
            moved = _renamed(field, f"{prefix}{field.name}")
            moved.offset = field.offset - first
            if field.kind in ("unsigned", "signed"):
                raw = raw_number(value, moved.offset, field.length, field.kind == "signed")
                found.append((moved, None if raw is None else field.scaled(raw)))
            else:
                found.append((moved, read((moved,), value, 0)[0]))
        rest = rest[1 + size :]
    return found, rest


def _name(number: int, by_number: list[Slot]) -> str:
    fields = by_number[number - 1][2] if 0 < number <= len(by_number) else ()
    return " + ".join(field.name for field in fields) or str(number)


def _renamed(field: FieldInfo, name: str) -> FieldInfo:
    return FieldInfo(
        name,
        field.kind,
        field.offset,
        field.length,
        field.unit,
        field.enum,
        field.numerator,
        field.denominator,
        field.addend,
        field.missing,
    )


def _apart(found: Iterable[Part]) -> list[Part]:
    """Every name once: the first three fields of the message have theirs already."""
    seen = {"function_code": 1, "pgn": 1, "parameters": 1}
    apart: list[Part] = []
    for field, value in found:
        times = seen[field.name] = seen.get(field.name, 0) + 1
        apart.append((field if times == 1 else _renamed(field, f"{field.name}_{times}"), value))
    return apart


def _is_proprietary(pgn: int) -> bool:
    """Whether the payload of a PGN begins with its manufacturer."""
    return pgn & 0xFF00 in (SINGLE_PGN, 0xFF00)


def slots(db: Database, pgn: int) -> list[Slot]:
    """The fields of a PGN by their numbers in the standard (the first has number 1). A gap is one reserved field."""
    layout = None if pgn >> 8 == PROPRIETARY_PAGE else db.pgns.get(pgn)  # what is known there is of RV-C
    fields = layout.fields if layout is not None else _MAKER if _is_proprietary(pgn) else ()
    found: list[Slot] = []
    end = 0
    words = _WORDS.get(pgn, ())
    for field in fields:
        if field.offset > end:
            found.append((end, field.offset - end, ()))
        word = next(((first, last) for first, last in words if first <= field.offset < last), None)
        if word is not None and found and found[-1][0] == word[0]:
            found[-1] = (*found[-1][:2], (*found[-1][2], field))
        elif word is not None:
            found.append((word[0], word[1] - word[0], (field,)))
        else:
            found.append((field.offset, field.length, (field,)))
        end = field.offset + field.length
    return found
