"""`candump -l`, which python-can and others write too: `(1700000000.250000) can0 1CEFFF24#6699020152144E03`."""

from __future__ import annotations

import re
from binascii import unhexlify

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    ChannelNames,
    FrameIds,
    LogRow,
    Parse,
    frame_id,
    has_point,
    refuse,
    seconds_of,
    sized,
)

CANDUMP_LOG = re.compile(
    rb".*?\((\d{1,11}\.\d+)\)\s+(\S+)\s+([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})"
    rb"#(?:(#[0-9A-Fa-f])?((?:[0-9A-Fa-f]{2}\.?)*)(?:_[9A-Fa-f])?|R\d?(?:_[9A-Fa-f])?)(?:\s+[RT]\b.*)?\s*",
    re.DOTALL,
)
"""What stands before the time is the mark of a system log (`Nov 29 10:00:00 einstein candump[99]: `). After a classic
frame's eight bytes may stand its raw DLC of 9 to 15."""


XL_FRAME = re.compile(rb".*?\(\d{1,11}\.\d+\)\s+\S+\s+[0-9A-Fa-f]{5}#[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:\S*\s*", re.DOTALL)


def candump_log() -> Parse:
    """The careful parser; the reader has a fast one for the usual line and comes here when that one stumbles."""
    ids, buses = FrameIds(), ChannelNames()

    def parse(line: bytes) -> LogRow | None:
        try:  # the usual line behind the mark of a system log, in a few operations
            _, bracket, rest = line.rpartition(b"(")
            stamp, bus, frame = rest.split()
            digits, _, octets = frame.partition(b"#")
            row = float(stamp[:-1]), buses[bus], ids[digits], unhexlify(octets)
            if bracket and len(octets) <= 16 and stamp[-1:] == b")" and has_point(stamp[:-1]) and row[0] < FAR_FUTURE_S:
                return row
        except ValueError:
            pass
        found = CANDUMP_LOG.fullmatch(line)
        if found is None:
            if lost_frames(line) or XL_FRAME.fullmatch(line):
                return None
            refuse("(seconds) bus id#data", line)
        stamp, bus, digits, flexible, data = found.groups()
        can_id = frame_id(digits)
        if flexible is not None or data is None or len(digits) == 3 or can_id is None:
            return None
        payload = unhexlify(data.replace(b".", b""))
        return seconds_of(stamp, line), bus.decode("utf-8", "replace"), can_id, sized(payload, len(payload), line)

    return parse


def lost_frames(line: bytes) -> bool:
    """Whether candump says that the kernel dropped frames: nothing wrong with the log, but counted."""
    return line.lstrip().startswith(b"DROPCOUNT: ")
