"""CRTD of the Open Vehicle Monitoring System: `1320745424.002 R29 1CEFFF29 66 99 90 03 18 15 00 00`.

Seconds, kind of line (received or sent, 11 or 29 bits, before it perhaps the number of the bus), identifier, data.
Kinds that begin with C are remarks and events. (docs.openvehicles.com, CRTD log format.)
"""

from __future__ import annotations

import re

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    Comment,
    FrameIds,
    LogRow,
    Parse,
    frame_data,
    frame_id,
    has_point,
    refuse,
    seconds_of,
    spaced_bytes,
)

CRTD = re.compile(
    rb"\s*(\d+(?:\.\d+)?)\s+([1-9]?)(?:[RT](11|29)\s+([0-9A-Fa-f]{1,8})((?:\s+[0-9A-Fa-f]{2}){0,8})\s*|C[A-Z]{2}\b.*)",
    re.DOTALL,
)
BUSES = {b"": "can0"} | {b"%d" % bus: f"can{bus}" for bus in range(1, 10)}
KINDS = {bus + way: name for bus, name in BUSES.items() for way in (b"R29", b"T29")}


def crtd() -> Parse:
    ids = FrameIds()

    def parse(line: bytes) -> LogRow | None:
        try:  # the usual line, in a few operations
            stamp, kind, digits, rest = line.split(None, 3)
            t, payload = float(stamp), spaced_bytes(rest.rstrip())
            if kind in KINDS and len(payload) <= 8 and 0.0 <= t < FAR_FUTURE_S and has_point(stamp):
                return t, KINDS[kind], ids[digits], payload
        except ValueError:
            pass
        found = CRTD.fullmatch(line)
        if found is None:
            refuse("seconds R29 id data", line)
        stamp, bus, bits, digits, data = found.groups()
        if bits is None:
            raise Comment
        can_id = frame_id(digits)
        if bits == b"11" or can_id is None:
            return None
        pairs = data.split()
        payload = frame_data(b"".join(pairs), len(pairs), line)
        return seconds_of(stamp, line), BUSES[bus], can_id, payload

    return parse
