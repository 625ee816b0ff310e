"""What candump prints on the screen, with or without a time: `can0  1CEFFF24   [8]  66 99 02 01 52 14 4E 03`.

Before it may stand `(seconds)` or `(date time)`, where with -td the seconds count from the line before, and the mark
of a system log or the time of day from `ts`. With -i the data bytes are binary. The candump of 2009 (socketcan 4.0.6)
wrote `<0x1cefff24> [8] 66 99 02 01 52 14 4e 03` and a line on the interface before it. Without a time, t is 0.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    BadLine,
    ChannelNames,
    Comment,
    FrameIds,
    LogRow,
    Parse,
    frame_data,
    frame_id,
    local_time,
    refuse,
    shown,
    spaced_bytes,
)
from gxbridge.edge.logs.readers.can_tools.candump import lost_frames

CANDUMP_TEXT = re.compile(
    rb"(?:[^(]*?(?:\w\[\d+\]:|\d\d:\d\d:\d\d(?:[.,]\d+)?)\s)?\s*(?:\(([^)]*)\)\s+)?(?:(\S+)\s+(?:[RT]X\s+\S\s+\S\s+)?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})|<0x([0-9A-Fa-f]{3,8})>)"
    rb"\s+([\[{])(\d{1,3})[\]}]\s*(.*)",
    re.DOTALL,
)
BINARY = re.compile(rb"[01]{8}(?:\s+[01]{8}){0,7}(?=\s|$)")
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
IN_BRACKETS = tuple(b"[%d]" % size for size in range(9))
INTERFACE = re.compile(rb"\s*interface = (\S+), family = \d+, type = \d+, proto = \d+\s*")


STAMP = re.compile(rb"(?:^|\n)[^\n(]*\((\d{3,9}\.\d+)\)")
"""Seconds since the start, or since the line before: the date of today has ten digits."""


def _is_since_the_line_before(head: bytes) -> bool:
    """Whether the times of a log go back again and again."""
    stamps = [float(stamp) for stamp in STAMP.findall(head)]
    back = sum(later < earlier for earlier, later in pairwise(stamps))
    return back * 4 > len(stamps)


def candump_text(head: bytes = b"") -> Parse:
    """The bus of old logs stands in their first line."""
    parse = _screen()
    if not _is_since_the_line_before(head):
        return parse
    now = 0.0

    def add_up(line: bytes) -> LogRow | None:
        nonlocal now
        row = parse(line)
        if row is None:
            return None
        now += row[0]
        return (now, *row[1:])

    return add_up


def _screen() -> Parse:
    named, ids, buses, moment_of = "can0", FrameIds(), ChannelNames(), _ScreenTimes()
    explained = False

    def parse(line: bytes) -> LogRow | None:
        nonlocal named, explained
        try:  # the usual line, in a few operations
            stamp, bus, digits, length, rest = line.split(None, 4)
            if stamp[:1] != b"(":
                raise ValueError(stamp)
            if stamp[-1:] == b")":
                t = float(stamp[1:-1])
            else:  # a date: day and time of day
                stamp, bus, digits, (length, rest) = stamp + b" " + bus, digits, length, rest.split(None, 1)
                t = moment_of(stamp[1:-1], line)
            data = spaced_bytes(rest.rstrip())
            if stamp[-1:] == b")" and length == IN_BRACKETS[len(data)] and 0.0 <= t < FAR_FUTURE_S:
                return t, buses[bus], ids[digits], data
        except (ValueError, IndexError):
            pass
        if explained and line[:1] == b"\t":  # candump -e explains an error frame on lines of their own
            return None
        if b"\x1b" in line:
            line = COLOUR.sub(b"", line)
        found = CANDUMP_TEXT.fullmatch(line)
        if found is None:
            if interface := INTERFACE.fullmatch(line):
                named = interface[1].decode("utf-8", "replace")
                raise Comment
            if lost_frames(line):
                return None
            refuse("bus id [length] data", line)
        stamp, bus, digits, old_digits, bracket, length, rest = found.groups()
        explained = explained or b"ERRORFRAME" in rest
        # In braces stands the raw DLC of a classic frame, which has eight bytes then.
        size = int(length) if bracket == b"[" else min(int(length), 8)
        can_id = frame_id(digits or old_digits)
        if len(digits or old_digits) == 3 or can_id is None or size > 8 or rest.startswith((b"remote", b"ERRORFRAME")):
            return None
        pairs = rest.translate(None, b" \r\n")
        if size and (bits := BINARY.match(rest)):
            pairs = b"".join([b"%02x" % int(octet, 2) for octet in bits[0].split()])
        if len(pairs) != 2 * size:  # candump -a and others write more behind the data
            pairs = b"".join(rest.split()[:size])
        data = frame_data(pairs, size, line)
        return moment_of(stamp, line), named if bus is None else bus.decode("utf-8", "replace"), can_id, data

    return parse


class _ScreenTimes:
    """Seconds of what stands in brackets; the usual date has the same second as the one before it."""

    def __init__(self) -> None:
        self._second, self._second_at = b"", 0.0

    def __call__(self, stamp: bytes | None, line: bytes) -> float:
        if stamp is None:
            return 0.0
        second, _, fraction = stamp.partition(b".")
        if second == self._second and fraction.isdigit():
            return self._second_at + float(b"." + fraction)
        is_date = b"-" in stamp
        try:
            t = local_time(datetime.fromisoformat(stamp.decode())) if is_date else float(stamp)
            if t is not None and is_date and fraction.isdigit():
                self._second, self._second_at = second, t - float(b"." + fraction)
        except ValueError:
            t = None
        if t is None or not 0.0 <= t < FAR_FUTURE_S:
            raise BadLine(f"the time {shown(stamp)} is neither seconds nor a date: {shown(line)}")
        return t
