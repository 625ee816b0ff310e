"""Yacht Devices RAW: `17:33:21.107 R 19F51323 01 2F 30 70 00 2F 30 70` (manual of the YDNU-02, appendix E).

Time of day, direction, identifier, data. What is sent to the gateway has neither time nor direction: then t is 0.
"""

from __future__ import annotations

import re
from binascii import unhexlify

from gxbridge.edge.logs.lines import CLOCK, DATE_TIME, FrameIds, LogRow, Moments, Parse, frame_id, refuse, spaced_bytes

YACHT_DEVICES = re.compile(
    rb"\s*(?:(" + DATE_TIME + rb"|" + CLOCK + rb")\s+[RT]\s+)?([0-9A-Fa-f]{8})((?:\s+[0-9A-Fa-f]{2}){0,8})\s*"
)

DIRECTIONS = (b"R", b"T")


def yacht_devices() -> Parse:
    moments, ids = Moments(), FrameIds()

    def parse(line: bytes) -> LogRow | None:
        try:  # the usual line, in a few operations
            clock, way, digits, rest = line.split(None, 3)
            payload = spaced_bytes(rest.rstrip())
            if way in DIRECTIONS and len(payload) <= 8:
                return moments.read(clock), "can0", ids[digits], payload
        except ValueError:
            pass
        found = YACHT_DEVICES.fullmatch(line)
        if found is None:
            refuse("hh:mm:ss.ddd R id data", line)
        moment, digits, data = found.groups()
        can_id = frame_id(digits)
        if can_id is None:
            refuse("a 29-bit id", line)
        t = 0.0 if moment is None else moments.read(moment)
        return t, "can0", can_id, unhexlify(data.translate(None, b" \t\r\n"))

    return parse
