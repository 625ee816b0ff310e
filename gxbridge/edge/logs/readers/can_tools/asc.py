"""Vector ASC: `0.600000 1 1CEFFF29x Rx d 8 66 99 90 03 18 15 00 00`, with a heading that tells the day and the base.

A frame on a CAN FD bus stands in a line of another form (`CANFD 1 Rx 1CEFFF29x 0 0 8 8 66 ... length bits flags`); it
is a classic one where bit 12 of the flags (EDL) is not set. (python-can can/io/asc.py; BusMaster and CANalyzer logs.)
"""

from __future__ import annotations

import re
from datetime import datetime

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    SIZES,
    BadLine,
    ChannelNames,
    Comment,
    FrameIds,
    LogRow,
    Parse,
    frame_id,
    has_point,
    local_time,
    shown,
    sized,
    spaced_bytes,
)

DATE = re.compile(
    rb"\s*(?:date|begin triggerblock)\s+\w+\s+(\w+)\s+(\d+)\s+(\d+):(\d\d):(\d\d)(?:\.(\d+))?\s*(am|pm)?\s+(\d{4})\s*",
    re.IGNORECASE,
)
BASE = re.compile(rb"\s*base\s+(hex|dec)(?:\s+timestamps\s+(absolute|relative))?\s*", re.IGNORECASE)
HEADING = re.compile(
    rb"\s*(?://.*|date\b.*|(?:no )?internal events logged|(?:begin|end) ?triggerblock.*"
    rb"|-?\d+\.\d+\s+start of measurement)\s*",
    re.IGNORECASE,
)
EVENT = re.compile(rb"\s*(-?\d+\.\d+)\s+(?!\d?(?:[RT]\d\d|C(?!AN\s)[A-Z]{2})\s)(\S+)\s+(.*)", re.DOTALL)
"""Not one of a CRTD log, which differs in its second word; `CAN 1 Status:...` is one of ASC."""
ID = re.compile(rb"([0-9A-Fa-f]+)x", re.IGNORECASE)
MONTHS = b"jan feb mar apr may jun jul aug sep oct nov dec".split()
OTHER_MONTHS = {b"mai": 5, b"okt": 10, b"dez": 12, b"m\xc3\xa4r": 3, b"mrz": 3}
EDL = 0x1000
DIRECTIONS = (b"Rx", b"Tx")
AFTER_DATA = re.compile(rb"\s*$|\s+[A-Z]\w\w", re.DOTALL)
"""Nothing, or `Length = ...`: no further byte."""


def asc() -> Parse:
    """Lines of events that are no CAN frame (statistics, errors, other buses) are passed over, and counted."""
    begin, last, base, relative = 0.0, 0.0, 16, False
    ids, buses = FrameIds(suffix=b"x", least=1), ChannelNames(first=1)

    def parse(line: bytes) -> LogRow | None:
        nonlocal begin, last, base, relative
        try:  # the usual line, in a few operations
            stamp, channel, digits, way, kind, size, rest = line.split(None, 6)
            end = max(3 * SIZES.index(size) - 1, 0)
            can_id, payload, now = ids[digits], spaced_bytes(rest[:end]), float(stamp)
            usual = base == 16 and kind == b"d" and way in DIRECTIONS and has_point(stamp)
            if usual and size == SIZES[len(payload)] and (not rest[end:].strip() or AFTER_DATA.match(rest, end)):
                now = last + now if relative else now
                if 0.0 <= begin + now < FAR_FUTURE_S:
                    last = now
                    return begin + now, buses[channel], can_id, payload
        except ValueError:
            pass
        found = EVENT.fullmatch(line)
        if found is None or HEADING.fullmatch(line):
            if date := DATE.fullmatch(line):
                begin = _begin(*date.groups())
            elif words := BASE.fullmatch(line):
                base = 10 if words[1].lower() == b"dec" else 16
                relative = (words[2] or b"").lower() == b"relative"
            elif not HEADING.fullmatch(line):
                raise BadLine(f"neither an event nor a heading: {shown(line)}")
            raise Comment
        stamp, channel, rest = found.groups()
        last = last + float(stamp) if relative else float(stamp)
        words_of_line = rest.split()
        if channel == b"CANFD":
            frame = _flexible(words_of_line)
        elif channel.isdigit() and len(words_of_line) > 3 and words_of_line[2] == b"d":
            frame = channel, words_of_line[0], words_of_line[3:]
        else:
            return None
        t = begin + last
        if frame is None or not ID.fullmatch(frame[1]):
            return None
        bus, other_id, (size, *data) = frame[0], frame_id_of(frame[1][:-1], base), frame[2]
        if other_id is None:
            return None
        if not 0.0 <= t < FAR_FUTURE_S:
            raise BadLine(f"{stamp.decode()} is before 1970")
        try:
            length = min(int(size, base), 8)
            payload = bytes([int(byte, base) for byte in data[:length]])
            if len(data) > length and len(data[length]) < 3 and data[length].isalnum() and channel != b"CANFD":
                raise BadLine(f"{length} data bytes promised, more there: {shown(line)}")
            if base == 16 and any(len(byte) > 2 for byte in data[:length]):
                raise BadLine(f"a data byte has more than two digits: {shown(line)}")
        except BadLine:
            raise
        except ValueError:
            raise BadLine(f"data is not {'hexadecimal' if base == 16 else 'decimal'}: {shown(line)}") from None
        return t, buses[bus], other_id, sized(payload, length, line)

    return parse


def frame_id_of(digits: bytes, base: int) -> int | None:
    return frame_id(digits if base == 16 else b"%x" % int(digits))


def _flexible(words: list[bytes]) -> tuple[bytes, bytes, list[bytes]] | None:
    """Channel, identifier, then length and data of a classic frame in a line of a CAN FD bus; None for others.

    Between identifier and the two bits may stand a name.
    """
    if len(words) < 7 or not words[0].isdigit():
        return None
    channel, _direction, can_id, *rest = words
    if not (rest[0].isdigit() and len(rest[0]) == 1):
        rest = rest[1:]
    if len(rest) < 4 or not rest[3].isdigit():
        return None
    size = int(rest[3])
    flags = rest[4 + size + 2 : 4 + size + 3]
    try:
        flexible = not flags or int(flags[0], 16) & EDL
    except ValueError:
        return None
    return None if flexible or size > 8 else (channel, can_id, rest[3:])


def _begin(month: bytes, *numbers: bytes | None) -> float:
    """The moment of a heading, as the clock of this machine would have it; 0 when it is none."""
    day, hours, minutes, seconds, rest, half, year = numbers
    name = month.lower()
    number = MONTHS.index(name[:3]) + 1 if name[:3] in MONTHS else OTHER_MONTHS.get(name, 0)
    hour = int(hours or 0)
    if half is not None and hour <= 12:
        hour = hour % 12 + (12 if half.lower() == b"pm" else 0)
    try:
        moment = datetime(int(year or 0), number, int(day or 0), hour, int(minutes or 0), int(seconds or 0))
    except ValueError:
        return 0.0
    return (local_time(moment) or 0.0) + (float(b"." + rest[:9]) if rest else 0.0)
