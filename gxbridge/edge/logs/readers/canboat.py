"""canboat's plain format: time, priority, PGN, source, destination, length, data.

`2011-11-24-22:42:04.388,2,127251,36,255,8,7d,0b,7d,02,00,ff,ff,ff`; the time may be that of the day only. Some
programs write frames in this form, some whole messages, which is the case from the first line with more than eight
bytes on, or in the whole log where its heading says so: `# format=FAST` (canboat common/parse.c).
"""

from __future__ import annotations

import re
from binascii import Error, unhexlify

from gxbridge.edge.logs.lines import (
    CLOCK,
    DATE_TIME,
    BadLine,
    Comment,
    LogRow,
    Moments,
    Parse,
    message_row,
    refuse,
    shown,
)

CANBOAT = re.compile(
    rb"\s*(" + DATE_TIME + rb"|" + CLOCK + rb"),(\d),(\d{1,8}),(\d{1,3}),(\d{1,3}),(\d{1,4}),([0-9A-Fa-f, ]*)\s*"
)
HEADING = re.compile(rb"#\s*format\s*=\s*(\w+)", re.IGNORECASE)
MIXED = b"PLAIN_MIX_FAST"
"""Every line is what its length says."""
SIZE = re.compile(rb",\d,\d{4,8},\d{1,3},\d{1,3},(\d{1,4}),")


def canboat(head: bytes = b"") -> Parse:
    """`head`, the beginning of the log, tells whether it holds whole messages."""
    whole = any(int(size) > 8 for size in SIZE.findall(head)) and not HEADING.search(head)
    moments, mixed = Moments(), False

    def parse(line: bytes) -> LogRow | None:
        nonlocal whole, mixed
        found = CANBOAT.fullmatch(line)
        if found is None:
            if heading := HEADING.match(line):
                whole, mixed = heading[1].upper() == b"FAST", heading[1].upper() == MIXED
                raise Comment
            refuse("time,priority,pgn,source,destination,length,data", line)
        moment, priority, pgn, source, destination, length, digits = found.groups()
        parts = digits.replace(b" ", b"").rstrip(b",").split(b",") if digits.strip(b" ,") else []
        try:
            data = unhexlify(b"".join(parts))
        except Error:
            data = _short_digits(parts, line)
        if not len(data) == len(parts) == int(length):
            raise BadLine(f"{int(length)} data bytes promised, {len(data)} there, in {len(parts)} parts: {shown(line)}")
        whole = whole or (len(data) > 8 and not mixed)
        message = int(priority), int(pgn), int(source), int(destination)
        return message_row(moments.read(moment), message, data, whole)

    return parse


def _short_digits(parts: list[bytes], line: bytes) -> bytes:
    """Some programs leave the leading zero of a byte off."""
    try:
        return bytes([int(part, 16) for part in parts])
    except ValueError:
        raise BadLine(f"a data byte is none: {shown(line)}") from None
