"""PEAK TRC, versions 1.0 to 2.1: `     1)         2.7  Rx     09F11324  8  53 84 9E 01 00 FF FF FF`.

Up to version 1.3 the columns follow from the version, later a heading `;$COLUMNS=N,O,T,B,I,d,R,L,D` names them. Times
are milliseconds since `;$STARTTIME`, days since 30 December 1899. (PEAK, TRC file format; python-can can/io/trc.py.)
"""

from __future__ import annotations

import re

from gxbridge.core.nmea2000.frame import MAX_ID
from gxbridge.edge.logs.lines import FAR_FUTURE_S, BadLine, Comment, LogRow, Parse, frame_data, ole_time, refuse, shown

HEADING = re.compile(rb"\s*;\$(FILEVERSION|STARTTIME|COLUMNS)\s*=\s*(\S+)\s*")
VERSIONS = {b"1.0": b"N,O,I,L,D", b"1.1": b"N,O,T,I,L,D", b"1.2": b"N,O,B,T,I,L,D", b"1.3": b"N,O,B,T,I,R,L,D"}
NUMBER, NUMBER_OF_1 = re.compile(rb"\s*\d+\)?\s"), re.compile(rb"\s*\d+\)\s")
"""Before version 2 a bracket stands behind the number of a line, as in no other format."""
DATA_TYPES = (b"Rx", b"Tx", b"DT")


def trc(head: bytes = b"") -> Parse:
    """Without a heading the first line decides between the two oldest versions."""
    version = b"1.1" if re.search(rb"(?:^|\n)\s*\d+\)\s+\d+\.\d+\s+[RT]x\s", head) else b"1.0"
    columns = VERSIONS[version].split(b",")
    begin, number = 0.0, NUMBER_OF_1
    time_at, id_at, size_at, data_at, kind_at, bus_at, last = _places(columns)

    def parse(line: bytes) -> LogRow | None:
        nonlocal begin, number, columns, time_at, id_at, size_at, data_at, kind_at, bus_at, last
        if line.lstrip()[:1] == b";":
            if heading := HEADING.fullmatch(line):
                columns, begin = _told(heading[1], heading[2], columns, begin)
                if heading[1] == b"COLUMNS" or heading[2][:2] == b"2.":
                    number = NUMBER
                time_at, id_at, size_at, data_at, kind_at, bus_at, last = _places(columns)
            raise Comment
        if not number.match(line):
            refuse("number time id length data", line)
        cells = line.split(maxsplit=last)
        try:
            if kind_at and cells[kind_at] not in DATA_TYPES:  # an event, an error frame, a CAN FD frame
                return None
            digits, size = cells[id_at], int(cells[size_at])
            data = cells[data_at] if len(cells) > data_at else b""
            if len(digits) <= 4 or data[:3] == b"RTR":
                return None
            can_id, t = int(digits, 16), begin + float(cells[time_at]) / 1000
            if can_id > MAX_ID:
                return None
            bus = f"can{int(cells[bus_at])}" if bus_at else "can1"
        except (IndexError, ValueError):
            refuse(b" ".join(columns).decode("ascii", "replace"), line)
        if not 0.0 <= t < FAR_FUTURE_S:
            raise BadLine(f"{t} is not a time: {shown(line)}")
        return t, bus, can_id, frame_data(data, min(size, 8), line)

    return parse


def _places(columns: list[bytes]) -> tuple[int, int, int, int, int, int, int]:
    """Where time, identifier, length, data, kind and bus stand (0: nowhere), and the last column.

    `l` counts bytes where `L` has the code of the length, the same for a classic frame. Raises BadLine.
    """
    at = {name: place for place, name in enumerate(columns)}
    size = at.get(b"L", at.get(b"l"))
    if size is None or not at.keys() >= {b"O", b"I", b"D"}:
        raise BadLine("columns without time, identifier, length or data")
    return at[b"O"], at[b"I"], size, at[b"D"], at.get(b"T", 0), at.get(b"B", 0), len(columns) - 1


def _told(name: bytes, value: bytes, columns: list[bytes], begin: float) -> tuple[list[bytes], float]:
    if name == b"STARTTIME":
        try:
            moment = ole_time(float(value))
        except (ValueError, OverflowError):
            raise BadLine(f"no such start time: {value[:40]!r}") from None
        return columns, max(moment, 0.0)
    return (value.split(b",") if name == b"COLUMNS" else VERSIONS.get(value, b",".join(columns)).split(b",")), begin
