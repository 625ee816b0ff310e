"""canboat's plain format: time, priority, PGN, source, destination, length, data.

`2011-11-24-22:42:04.388,2,127251,36,255,8,7d,0b,7d,02,00,ff,ff,ff`; the time may be that of the day only. Some
programs write frames in this form, some whole messages, which is the case from the first line with more than eight
bytes on, or in the whole log where its heading says so: `# format=FAST` (canboat common/parse.c).
"""

from __future__ import annotations

import re
from binascii import Error, unhexlify
from collections.abc import Callable

from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.edge.logs.lines import (
    CLOCK,
    DATE_TIME,
    MOST_KEPT,
    MOST_MESSAGE,
    BadLine,
    Comment,
    LogRow,
    Moments,
    Parse,
    message_id,
    refuse,
    shown,
)

CANBOAT = re.compile(
    rb"\s*(" + DATE_TIME + rb"|" + CLOCK + rb"),(\d,\d{1,8},\d{1,3},\d{1,3}),(\d{1,4})(?:,([0-9A-Fa-f, ]*))?\s*"
)
HEADING = re.compile(rb"#\s*format\s*=\s*(\w+)", re.IGNORECASE)
MIXED = b"PLAIN_MIX_FAST"
"""Every line is what its length says."""
SIZE = re.compile(rb",\d,\d{4,8},\d{1,3},\d{1,3},(\d{1,4}),")


def canboat(head: bytes = b"", moment_of: Callable[[bytes], float] | None = None) -> Parse:
    """`head`, the beginning of the log, tells whether it holds whole messages; `moment_of` reads times."""
    whole = any(int(size) > 8 for size in SIZE.findall(head)) and not HEADING.search(head)
    moment_of = moment_of or Moments().read
    ids, mixed = _MessageIds(), False

    def parse(line: bytes) -> LogRow | None:
        nonlocal whole, mixed
        try:  # the usual line, in a few operations
            moment, *message, length, digits = line.split(b",", 6)
            data = unhexlify(digits.translate(None, b", \r\n"))
            size = len(data)
            if (
                moment.find(b":") in (13, 2)
                and digits.count(b",") == size - 1
                and size == int(length)
                and size <= (MOST_MESSAGE if whole else 8)
            ):
                can_id = ids[tuple(message)]
                if can_id is not None:
                    return moment_of(moment), "can0", can_id | WHOLE if whole else can_id, data
        except ValueError:
            pass
        found = CANBOAT.fullmatch(line)
        if found is None:
            if heading := HEADING.match(line):
                whole, mixed = heading[1].upper() == b"FAST", heading[1].upper() == MIXED
                raise Comment
            refuse("time,priority,pgn,source,destination,length,data", line)
        moment, parts, length, digits = found.groups(b"")
        data = _octets(digits, line)
        size = len(data)
        if size != int(length):
            raise BadLine(f"{int(length)} data bytes promised, {size} there: {shown(line)}")
        if size > MOST_MESSAGE:
            raise BadLine(f"{size} data bytes, but a message holds {MOST_MESSAGE}")
        can_id = ids[tuple(parts.split(b","))]
        if can_id is None:
            return None
        if size > 8 and not whole:
            whole = not mixed
            return moment_of(moment), "can0", can_id | WHOLE, data
        return moment_of(moment), "can0", can_id | WHOLE if whole else can_id, data

    return parse


class _MessageIds(dict[tuple[bytes, ...], int | None]):
    """Identifiers by priority, PGN, source and destination; a log has some hundred different ones."""

    def __missing__(self, parts: tuple[bytes, ...]) -> int | None:
        priority, pgn, source, destination = map(int, parts)
        if not b"".join(parts).isdigit():
            raise ValueError(parts)
        can_id = message_id(priority, pgn, source, destination)
        if len(self) > MOST_KEPT:
            self.clear()
        self[parts] = can_id
        return can_id


def _octets(digits: bytes, line: bytes) -> bytes:
    """Some programs leave the leading zero of a byte off, or end the line with a comma."""
    try:
        data = unhexlify(digits.translate(None, b", "))
        if digits.count(b",") == len(data) - 1 or not digits:
            return data
    except Error:
        pass
    parts = [part.strip() for part in digits.split(b",") if part.strip()]
    if any(len(part) > 2 for part in parts):
        raise BadLine(f"a data byte has more than two digits: {shown(line)}")
    return bytes([int(part, 16) for part in parts])
