"""Actisense N2K ASCII: `A173321.107 23FF7 1F513 012F3070002F30709F`, as Actisense's W2K and PRO-NDC write it.

Time of day, source, destination and priority, PGN, a whole message.
"""

from __future__ import annotations

import re
from binascii import unhexlify

from gxbridge.edge.logs.lines import LogRow, Moments, Parse, message_row, refuse

ACTISENSE = re.compile(
    rb"\s*A(\d\d)(\d\d)(\d\d(?:\.\d+)?)\s+([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-7])\s+([0-9A-Fa-f]{1,6})\s+"
    rb"([0-9A-Fa-f]*)\s*"
)


def actisense() -> Parse:
    moments = Moments()

    def parse(line: bytes) -> LogRow | None:
        found = ACTISENSE.fullmatch(line)
        if found is None or len(found[8]) % 2:
            refuse("Ahhmmss.ddd source+destination+priority pgn data", line)
        hours, minutes, rest, source, destination, priority, pgn, data = found.groups()
        t = moments.after_midnight(int(hours) * 3600 + int(minutes) * 60 + float(rest))
        return message_row(t, (int(priority), int(pgn, 16), int(source, 16), int(destination, 16)), unhexlify(data))

    return parse
