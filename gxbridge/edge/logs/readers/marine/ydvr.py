"""Yacht Devices Voyage Recorder, .DAT: milliseconds of the minute (2 bytes), identifier (4), then the payload.

The payload of a PGN in the recorder's own list is a whole message behind a sequence and a length; a request (59904) has
3 bytes, everything else 8. The identifier 0xFFFFFFFF marks a record of the recorder itself. (Manual of the YDVR-04,
appendix D; canboatjs@c584d70 lib/ydvr.js and test/data/00090013.DAT.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

from gxbridge.core.nmea2000.frame import MAX_ID, WHOLE, pgn_of
from gxbridge.edge.logs.lines import LogRow, OpenLog

SERVICE = 0xFFFFFFFF
MARK = b"\xff\xff\xff\xffYDVR"
REQUEST_PGN = 59904
MINUTE_MS = 60_000
HEAD = Struct("<HL")
WHOLE_RANGES = (
    *((65240, 65240), (126208, 126208), (126464, 126464), (126720, 126720), (126983, 126988), (126996, 126996)),
    *((126998, 126998), (127233, 127233), (127237, 127237), (127489, 127489), (127496, 127498), (127503, 127504)),
    *((127506, 127507), (127509, 127514), (128275, 128275), (128520, 128520), (129029, 129029), (129038, 129041)),
    *((129044, 129045), (129284, 129285), (129301, 129302), (129538, 129538), (129540, 129542), (129545, 129545)),
    *((129547, 129547), (129549, 129549), (129551, 129551), (129556, 129556), (129792, 129810), (130052, 130054)),
    *((130060, 130061), (130064, 130074), (130320, 130324), (130567, 130567), (130577, 130578), (130816, 130816)),
)
"""What the recorder itself puts together; other fast packets stand in its files frame by frame."""


def is_ydvr(head: bytes) -> bool:
    return head[2:10] == MARK


def ydvr_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """Frames and messages in order; t counts from the minute in which the file begins."""
    minutes, last = 0, 0
    wholes: dict[int, bool] = {}
    while head := stream.read(HEAD.size):
        log.number += 1
        if len(head) < HEAD.size:
            log.bad(log.number, "the log cannot be read any further: it ends inside a record")
            return
        milliseconds, can_id = HEAD.unpack(head)
        if milliseconds >= MINUTE_MS or (can_id > MAX_ID and can_id != SERVICE):
            log.bad(log.number, f"the log cannot be read any further: no record begins with {head.hex(' ')}")
            return
        minutes += milliseconds < last
        last = milliseconds
        size, whole = 8, False
        if can_id != SERVICE:
            pgn = pgn_of(can_id)
            if pgn not in wholes:
                wholes[pgn] = any(first <= pgn <= end for first, end in WHOLE_RANGES)
            whole = wholes[pgn]
            if whole:
                size = int.from_bytes(stream.read(2)[1:], "little")
            elif pgn == REQUEST_PGN:
                size = 3
        data = stream.read(size)
        if len(data) < size:
            log.bad(log.number, "the log cannot be read any further: it ends inside a record")
            return
        if can_id == SERVICE:
            log.skipped += 1
            continue
        yield minutes * 60 + milliseconds / 1000, "can0", can_id | WHOLE if whole else can_id, data
