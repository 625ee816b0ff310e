"""Where the parameters of a group function (PGN 126208) stand, as far as they are understood: what is left is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.field import FieldInfo
from gxbridge.core.nmea2000.group_function import ACKNOWLEDGE, COMMAND, REQUEST, slots

PARAMETERS_AT: Final = 4
"""Bytes of function code and PGN."""
HEAD_BYTES: Final = {REQUEST: 6, COMMAND: 1, ACKNOWLEDGE: 1}
"""Interval and offset, a priority, or two answers; a count of parameters follows."""
OCTET: Final = FieldInfo("octet", "unsigned", 0, 8)
"""A count, the number of a field, an answer: no value of any field."""
EMPTY: Final = FieldInfo("empty", "bytes", 0, 8)
"""A byte that has 0 where none of the fields is that follow."""


def group_parameters(db: Database, payload: bytes) -> Iterator[tuple[FieldInfo, int]]:
    """Each field with the bit of the payload at which it begins, up to the first that is not understood."""
    if len(payload) <= PARAMETERS_AT or payload[0] not in HEAD_BYTES:
        return
    code, pgn = payload[0], int.from_bytes(payload[1:PARAMETERS_AT], "little")
    at = PARAMETERS_AT + HEAD_BYTES[code]
    yield from ((OCTET, 8 * byte) for byte in range(PARAMETERS_AT, min(at + 1, len(payload))))
    if at >= len(payload):
        return
    count, at = payload[at], at + 1
    if code == ACKNOWLEDGE:
        yield from ((OCTET, 8 * byte) for byte in range(at, min(at + (count + 1) // 2, len(payload))))
        return
    by_number = slots(db, pgn)
    for _ in range(count):
        if at + 1 >= len(payload) or not 0 < payload[at] <= len(by_number):
            return
        first, length, fields = by_number[payload[at] - 1]
        size = payload[at + 1] if fields and fields[0].kind == "lau" else -(-length // 8)
        if not size or at + 1 + size > len(payload):
            return
        yield OCTET, 8 * at
        yield from ((EMPTY, 8 * byte) for byte in range(at + 1, at + 1 + size))
        yield from ((field, 8 * (at + 1) + field.offset - first) for field in fields)
        at += 1 + size
