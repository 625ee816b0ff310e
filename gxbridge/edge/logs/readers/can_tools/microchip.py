"""Microchip CAN Bus Analyzer: `1247;RX;0x1CEFFF29;8;0x66;0x99;0x90;0x03;0x18;0x15;0x00;0x00`.

Milliseconds, direction, identifier, length, always eight bytes; before the lines a heading between two rows of
dashes. Identifiers above 0x7FF have 29 bits. (SavvyCAN framefileio.cpp.)
"""

from __future__ import annotations

import re

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    SIZES,
    Comment,
    FrameIds,
    LogRow,
    Parse,
    frame_data,
    frame_id,
    refuse,
    seconds_of,
    spaced_bytes,
)

MICROCHIP = re.compile(
    rb"\s*(\d+(?:\.\d+)?);[RT]X;0x([0-9A-Fa-f]{1,8});(\d);((?:0x[0-9A-Fa-f]{2};?)*)\s*", re.IGNORECASE
)
LAST_11_BITS = 0x7FF
DIRECTIONS = (b"RX", b"TX")


def microchip() -> Parse:
    heading, ids = False, FrameIds(b"0x", least=1)

    def parse(line: bytes) -> LogRow | None:
        nonlocal heading
        try:  # the usual line, in a few operations
            stamp, way, digits, size, rest = line.split(b";", 4)
            pairs = rest.rstrip(b"; \r\n")
            if way not in DIRECTIONS or pairs[::5].strip(b"0") or pairs[1::5].strip(b"x") or pairs[4::5].strip(b";"):
                raise ValueError(line)
            count = SIZES.index(size)
            data = spaced_bytes(pairs.replace(b"0x", b"").replace(b";", b" "))[:count]
            can_id, t = ids[digits], int(stamp) / 1000
            if (
                stamp.isdigit()
                and can_id > LAST_11_BITS
                and len(data) == count
                and 0.0 <= t < FAR_FUTURE_S
                and not heading
            ):
                return t, "can0", can_id, data
        except ValueError:
            pass
        if line.lstrip().startswith(b"//"):
            heading = not heading
            raise Comment
        found = MICROCHIP.fullmatch(line)
        if found is None:
            if heading:
                raise Comment
            refuse("milliseconds;RX;0xid;length;0xdata;...", line)
        stamp, digits, size, data = found.groups()
        other_id = frame_id(digits)
        if other_id is None or other_id <= LAST_11_BITS:
            return None
        digits = data.lower().replace(b"0x", b"").replace(b";", b"")[: 2 * int(size)]
        return seconds_of(stamp, line, 1000), "can0", other_id, frame_data(digits, int(size), line)

    return parse
