r"""SLCAN, the text protocol of serial CAN adapters: `T1CEFFF2986699900318150000`, each line ended by \r.

T: data frame of 29 bits; t, R, r: of 11 bits, remote; identifier, length, data, and where the adapter was told so (Z1)
the milliseconds of the minute in four digits. Other lines are its answers. (Lawicel CANUSB manual; python-can
can/interfaces/slcan.py.)
"""

from __future__ import annotations

import re

from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, Parse, frame_data, frame_id, refuse, shown

FRAME = re.compile(
    rb"\s*(?:T([0-9A-Fa-f]{8})([0-8])([0-9A-Fa-f]*)|R[0-9A-Fa-f]{8}[0-8]\w*|[tr][0-7][0-9A-Fa-f]{2}[0-8]\w*)\s*"
)
ANSWER = re.compile(rb"[\s\a]*(?:[zZ]|[VvNFAS][0-9A-Fa-f]{0,8}|[COL])?[\s\a]*")
MINUTE_MS = 60_000


def slcan() -> Parse:
    minutes, last = 0, 0

    def parse(line: bytes) -> LogRow | None:
        nonlocal minutes, last
        found = FRAME.fullmatch(line)
        if found is None:
            if ANSWER.fullmatch(line):
                raise Comment
            refuse("Tiiiiiiiildd...", line)
        digits, size, rest = found.groups()
        if digits is None:
            return None
        can_id, end = frame_id(digits), 2 * int(size)
        if can_id is None:
            return None
        if len(rest) not in (end, end + 4):
            raise BadLine(f"{int(size)} data bytes promised, {len(rest) // 2} there: {shown(line)}")
        now = int(rest[end:] or b"0", 16)
        minutes += now < last
        last = now
        return (minutes * MINUTE_MS + now) / 1000, "can0", can_id, frame_data(rest[:end], int(size), line)

    return parse
