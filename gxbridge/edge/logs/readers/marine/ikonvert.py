"""Digital Yacht iKonvert: `!PDGY,127508,6,36,255,481.706,APcE/3////8=`.

PGN, priority, source, destination, seconds since the device started, a whole message in base64; what is sent to the
device has only PGN, destination and message. `$PDGY` lines are its own status. (iKonvert user manual; canboatjs
lib/stringMsg.ts.)
"""

from __future__ import annotations

import re
from binascii import a2b_base64

from gxbridge.edge.logs.lines import BadLine, LogRow, Parse, message_row, refuse, seconds_of, shown

IKONVERT = re.compile(rb"\s*!PDGY,(\d{1,6}),(?:(\d),(\d{1,3}),)?(\d{1,3}),(?:(\d+(?:\.\d+)?),)?([A-Za-z0-9+/]*)=*\s*")


def ikonvert() -> Parse:
    def parse(line: bytes) -> LogRow | None:
        found = IKONVERT.fullmatch(line)
        if found is None:
            if line.lstrip().startswith(b"$PDGY,"):
                return None
            refuse("!PDGY,pgn,priority,source,destination,seconds,data", line)
        pgn, priority, source, destination, stamp, text = found.groups()
        try:
            data = a2b_base64(text + b"=" * (-len(text) % 4))
        except ValueError:
            raise BadLine(f"data is not base64: {shown(line)}") from None
        t = 0.0 if stamp is None else seconds_of(stamp, line)
        return message_row(t, (int(priority or 0), int(pgn), int(source or 0), int(destination)), data)

    return parse
