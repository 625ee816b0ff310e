"""python-can's CSV: `1700000000.25,0x1CEFFF24,1,0,0,8,ZpkCAVIUTgM=`, under a line that names the columns."""

from __future__ import annotations

import re
from binascii import a2b_base64

from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, Parse, frame_id, refuse, seconds_of, shown, sized

HEADING = b"timestamp,arbitration_id,extended,remote,error,dlc,data"
ROW = re.compile(rb"\s*(\d+(?:\.\d+)?),(?:0x)?([0-9A-Fa-f]{1,8}),([01]),([01]),([01]),(\d{1,2}),([A-Za-z0-9+/=]*)\s*")


def python_can_csv() -> Parse:
    def parse(line: bytes) -> LogRow | None:
        found = ROW.fullmatch(line)
        if found is None:
            if line.strip() == HEADING:
                raise Comment
            refuse(HEADING.decode(), line)
        stamp, digits, extended, remote, error, size, text = found.groups()
        can_id = frame_id(digits)
        if extended == b"0" or b"1" in (remote, error) or can_id is None:
            return None
        try:
            data = a2b_base64(text, strict_mode=True)
        except ValueError:
            raise BadLine(f"data is not base64: {shown(line)}") from None
        return seconds_of(stamp, line), "can0", can_id, sized(data, int(size), line)

    return parse
