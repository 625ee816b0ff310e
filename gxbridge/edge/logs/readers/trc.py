"""PEAK TRC, versions 1.0 to 2.1: `     1)         2.7  Rx     09F11324  8  53 84 9E 01 00 FF FF FF`.

Up to version 1.3 the columns follow from the version, later a heading `;$COLUMNS=N,O,T,B,I,d,R,L,D` names them. Times
are milliseconds since `;$STARTTIME`, days since 30 December 1899. (PEAK, TRC file format; python-can can/io/trc.py.)
"""

from __future__ import annotations

import re

from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, Parse, frame_data, frame_id, ole_time, refuse, seconds_of

HEADING = re.compile(rb"\s*;\$(FILEVERSION|STARTTIME|COLUMNS)\s*=\s*(\S+)\s*")
VERSIONS = {b"1.0": b"N,O,I,L,D", b"1.1": b"N,O,T,I,L,D", b"1.2": b"N,O,B,T,I,L,D", b"1.3": b"N,O,B,T,I,R,L,D"}
NUMBER = re.compile(rb"\s*\d+\)?\s")
DATA_TYPES = (b"Rx", b"Tx", b"DT")


def trc(head: bytes = b"") -> Parse:
    """Without a heading the first line decides between the two oldest versions."""
    version = b"1.1" if re.search(rb"(?:^|\n)\s*\d+\)\s+\d+\.\d+\s+[RT]x\s", head) else b"1.0"
    columns = VERSIONS[version].split(b",")
    begin, at = 0.0, _places(columns)

    def parse(line: bytes) -> LogRow | None:
        nonlocal begin, columns, at
        if line.lstrip()[:1] == b";":
            if heading := HEADING.fullmatch(line):
                columns, begin = _told(heading[1], heading[2], columns, begin)
                at = _places(columns)
            raise Comment
        if not NUMBER.match(line):
            refuse("number time id length data", line)
        cells = line.split(maxsplit=len(columns) - 1)
        try:
            kind, digits, size = cells[at.get(b"T", -1)] if b"T" in at else b"DT", cells[at[b"I"]], cells[at[b"L"]]
            t = begin + seconds_of(cells[at[b"O"]], line) / 1000
            data = cells[at[b"D"]] if len(cells) > at[b"D"] else b""
            if kind not in DATA_TYPES or len(digits) <= 4 or data[:3] == b"RTR":
                return None
            can_id = frame_id(digits)
            if can_id is None:
                return None
            return t, _bus(cells, at), can_id, frame_data(data, min(int(size), 8), line)
        except BadLine:
            raise
        except (LookupError, ValueError):
            refuse(b" ".join(columns).decode("ascii", "replace"), line)

    return parse


def _bus(cells: list[bytes], at: dict[bytes, int]) -> str:
    number = cells[at[b"B"]] if b"B" in at else b"1"
    return f"can{int(number)}" if number.isdigit() else "can1"


def _places(columns: list[bytes]) -> dict[bytes, int]:
    """Where each column stands; `l` counts bytes where `L` has the code of the length, the same for a classic frame."""
    at = {name: place for place, name in enumerate(columns)}
    return at | {b"L": at[b"l"]} if b"l" in at else at


def _told(name: bytes, value: bytes, columns: list[bytes], begin: float) -> tuple[list[bytes], float]:
    if name == b"STARTTIME":
        try:
            moment = ole_time(float(value))
        except (ValueError, OverflowError):
            raise BadLine(f"no such start time: {value[:40]!r}") from None
        return columns, max(moment, 0.0)
    return (value.split(b",") if name == b"COLUMNS" else VERSIONS.get(value, b",".join(columns)).split(b",")), begin
