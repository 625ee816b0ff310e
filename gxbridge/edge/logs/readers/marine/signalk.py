"""Signal K's raw data log: `1731371761281;A;2024-11-12T00:36:01.281Z,6,127508,36,255,8,00,f7,...`.

Milliseconds, the kind of source, then the line as it came from there, in any of the forms that Signal K reads. Lines
that are not NMEA 2000 (NMEA 0183, JSON) are counted. (signalk-server src/streams and docs, data logging.)
"""

from __future__ import annotations

import re

from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, Parse, refuse
from gxbridge.edge.logs.readers.can_tools.candump import candump_log
from gxbridge.edge.logs.readers.can_tools.candump_screen import candump_text
from gxbridge.edge.logs.readers.marine.actisense_ascii import actisense
from gxbridge.edge.logs.readers.marine.canboat import canboat
from gxbridge.edge.logs.readers.marine.ikonvert import ikonvert
from gxbridge.edge.logs.readers.marine.nmea0183 import nmea0183
from gxbridge.edge.logs.readers.marine.yacht_devices import yacht_devices

OF_NMEA_2000 = re.compile(
    rb"\s*(?:\d{4}-\d\d-\d\d[-T ][\d:.]+Z?,|A\d{6}\.|\(\d+\.|!PDGY,|\$(?:PCDIN|MXPGN),|\d\d:\d\d:\d\d\.\d+ [RT] )"
)
"""How lines begin that should be a message."""


def _no_moment(_text: bytes) -> float:
    return 0.0  # the line has a time before it


def signalk(head: bytes) -> Parse:
    """`head` tells, as with canboat, whether lines of that form hold whole messages."""
    parsers = [
        canboat(head, _no_moment),
        candump_text(),
        candump_log(),
        yacht_devices(),
        actisense(),
        ikonvert(),
        nmea0183(),
    ]

    def parse(line: bytes) -> LogRow | None:
        stamp, mark, rest = line.partition(b";")
        source, other_mark, sentence = rest.partition(b";")
        if not mark or not other_mark or not 10 <= len(stamp) <= 14 or not stamp.isdigit() or len(source) > 40:
            refuse("milliseconds;source;line", line)
        damaged: BadLine | None = None
        for place, inner in enumerate(parsers):
            try:
                row = inner(sentence)
            except BadLine as error:
                damaged = damaged or error
                continue
            except Comment:
                return None
            if place:  # the next line is most likely of the same form
                parsers.insert(0, parsers.pop(place))
            return None if row is None else (int(stamp) / 1000, row[1], row[2], row[3])
        if damaged is not None and OF_NMEA_2000.match(sentence):
            raise damaged
        return None

    return parse
