"""Garmin's CSV of NMEA 2000 diagnostics, with milliseconds or a date: `0,486942,127508,Battery Status,Garmin,36,...`.

Some versions have a column more, `Processed PGN`, so that only its two ends are fixed: sequence, time and PGN; then
sender, addressee, priority, single frame, size and packet, a whole message. (canboat common/parse.c and samples.)
"""

from __future__ import annotations

import re
from binascii import unhexlify

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    BadLine,
    Comment,
    LogRow,
    Moments,
    Parse,
    message_row,
    refuse,
    seconds_of,
)

HEADING = b"Sequence #,"
GARMIN = re.compile(
    rb"\s*\d+,(?:(\d+)|(\d\d?)_(\d\d?)_(\d{4})_(\d\d?)_(\d\d?)_(\d\d?)_(\d+)),(\d{1,6}),[^0-9]*(?:.*?,)??"
    rb"(\d{1,3}),(\d{1,3}),(\d),[01],(\d{1,4}),0x((?:[0-9A-Fa-f]{2})*)\s*",
    re.DOTALL,
)


def garmin() -> Parse:
    """The ticks after a date are milliseconds of a clock of their own, and count from its first second on."""
    moments = Moments()
    start: tuple[float, int] | None = None

    def parse(line: bytes) -> LogRow | None:
        nonlocal start
        cells = line.split(b",")
        try:  # the usual line, in a few operations
            sender, addressee, urgency, single, length, packet = cells[-6:]
            data, t = unhexlify(packet.strip()[2:]), int(cells[1]) / 1000
            if not b"".join((*cells[1:3], sender, addressee, urgency, length)).isdigit() or single not in (b"0", b"1"):
                raise ValueError(line)
            if not cells[0].strip().isdigit():
                raise ValueError(line)
            if packet[:2] == b"0x" and len(data) == int(length) and 0.0 <= t < FAR_FUTURE_S and len(cells[2]) <= 6:
                return message_row(t, (int(urgency), int(cells[2]), int(sender), int(addressee)), data)
        except (ValueError, IndexError):
            pass
        found = GARMIN.fullmatch(line)
        if found is None:
            if line.startswith(HEADING):
                raise Comment
            refuse("number,time,pgn,...,sender,addressee,priority,single,size,0xdata", line)
        stamp, month, day, year, hours, minutes, seconds, ticks, pgn, *numbers, size, digits = found.groups()
        if ticks is None:
            t = seconds_of(stamp, line, 1000)
        else:
            date = b"%s-%02d-%02d" % (year, int(month), int(day))
            second = moments.read(b"%sT%02d:%02d:%02d" % (date, int(hours), int(minutes), int(seconds)))
            start = start or (second, int(ticks))
            t = max(0.0, start[0] + (int(ticks) - start[1]) / 1000)
        data = unhexlify(digits)
        if len(data) != int(size):
            raise BadLine(f"{int(size)} data bytes promised, {len(data)} there")
        source, destination, priority = map(int, numbers)
        return message_row(t, (priority, int(pgn), source, destination), data)

    return parse
