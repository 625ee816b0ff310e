"""BusMaster: `11:49:12:9420 Rx 1 0x1CEFFF29 x 8 66 99 90 03 18 15 00 00`, under a heading of lines in asterisks.

Hours, minutes, seconds and 100 us, of the day (`***SYSTEM MODE***`), since the start, or since the line before
(`***RELATIVE MODE***`); direction, channel, identifier, x for 29 bits (xr: remote), length, data in `***HEX***` or
`***DEC***`. (BusMaster's log format as SavvyCAN framefileio.cpp reads it.)
"""

from __future__ import annotations

import re
from datetime import datetime

from gxbridge.core.nmea2000.frame import MAX_ID
from gxbridge.edge.logs.lines import (
    SIZES,
    BadLine,
    ChannelNames,
    Comment,
    FrameIds,
    LogRow,
    Moments,
    Parse,
    frame_data,
    local_time,
    refuse,
    shown,
    sized,
    spaced_bytes,
)

BUSMASTER = re.compile(
    rb"\s*(\d\d?:\d\d?:\d\d?):(\d{1,4})\s+[RT]x\s+(\d+)\s+(?:0x)?([0-9A-Fa-f]+)\s+(s|x|sr|xr|S|X|SR|XR)\s+"
    rb"(\d+)((?:\s+[0-9A-Fa-f]+)*)\s*"
)
HEADING = re.compile(rb"\s*\*\*\*(.*)\*\*\*\s*")
DIRECTIONS = (b"Rx", b"Tx")
START = re.compile(rb"START DATE AND TIME (\d+):(\d+):(\d{4}) (\d+):(\d+):(\d+):(\d+)")


def busmaster() -> Parse:
    """With the day of the heading, times are dates of this machine's clock."""
    base, relative, absolute = 16, False, False
    midnight, start, now = 0.0, 0.0, 0.0
    moments, last_text, whole = Moments(), b"", 0
    ids, buses = FrameIds(b"0x", least=1), ChannelNames(first=0)

    def moment(text: bytes, parts: bytes) -> float:
        nonlocal now, last_text, whole
        if text != last_text:
            hours, minutes, seconds = text.split(b":")
            if not (hours + minutes + seconds).isdigit():
                raise ValueError(text)
            last_text, whole = text, int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        clock = whole + int(parts) / 10_000
        if relative:
            now += clock
            return start + now
        return start + clock if absolute else midnight + moments.after_midnight(clock)

    def parse(line: bytes) -> LogRow | None:
        nonlocal base, relative, absolute, midnight, start, now
        try:  # the usual line, in a few operations
            stamp, way, channel, digits, kind, size, rest = line.split(None, 6)
            text, _, parts = stamp.rpartition(b":")
            can_id, payload = ids[digits], spaced_bytes(rest.rstrip())
            if len(parts) != 4 or not parts.isdigit():
                raise ValueError(parts)
            if base == 16 and kind == b"x" and way in DIRECTIONS and size == SIZES[len(payload)] and len(text) == 8:
                return moment(text, parts), buses[channel], can_id, payload
        except (ValueError, IndexError):
            pass
        found = BUSMASTER.fullmatch(line)
        if found is None:
            heading = HEADING.fullmatch(line)
            if heading is None:
                refuse("hh:mm:ss:tttt Rx channel id x length data", line)
            words = heading[1].strip()
            if words in (b"HEX", b"DEC"):
                base = 16 if words == b"HEX" else 10
            elif words.endswith(b" MODE"):
                relative, absolute = words.startswith(b"RELATIVE"), words.startswith(b"ABSOLUTE")
            elif begin := START.fullmatch(words):
                midnight, start = _start(*map(int, begin.groups()))
                now = 0.0
            raise Comment
        text, parts, channel, digits, kind, size, rest = found.groups()
        t = moment(text, parts)
        if kind not in (b"x", b"X"):
            return None
        try:
            can_id = int(digits, base)
            data = _octets(rest, int(size), base, line)
        except ValueError as error:
            raise BadLine(f"a number is not {'hexadecimal' if base == 16 else 'decimal'}: {shown(line)}") from error
        return None if can_id > MAX_ID else (t, buses[channel], can_id, data)

    return parse


def _octets(text: bytes, size: int, base: int, line: bytes) -> bytes:
    return frame_data(text, size, line) if base == 16 else sized(bytes(map(int, text.split())), size, line)


def _start(day: int, month: int, year: int, *clock: int) -> tuple[float, float]:
    """Midnight of the day on which the log begins, and its moment; zeros when it is none."""
    try:
        midnight = local_time(datetime(year, month, day))
    except ValueError:
        midnight = None
    if midnight is None:
        return 0.0, 0.0
    hours, minutes, seconds, milliseconds = clock
    return midnight, midnight + hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
