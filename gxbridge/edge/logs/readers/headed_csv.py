"""CSV whose heading names the columns, whatever their order: SavvyCAN's GVRET form, and tables of other programs.

    Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8      GVRET: whole numbers are microseconds
    ID,Data Bytes                                                   SavvyCAN's generic form, without a time
    time,addr,bus,data                                              openpilot's cabana

A heading may tell the unit of its time (`Time [ms]`); a number with a point is seconds, a whole one above 1e11 is in
milliseconds, above 1e14 in microseconds since 1970. Identifiers are hexadecimal. (SavvyCAN framefileio.cpp.)
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, Moments, Parse, frame_data, refuse, seconds_of, shown

NAMES = {
    "time": (
        "time",
        "timestamp",
        "t",
        "times",
        "timems",
        "timeus",
        "timestampms",
        "timestampus",
        "timestamps",
        "abstime",
    ),
    "id": ("id", "canid", "arbitrationid", "identifier", "messageid", "msgid", "addr", "address", "idhex", "canidhex"),
    "extended": ("extended", "ext", "ide", "xtd", "isextended", "isextendedid"),
    "bus": ("bus", "channel", "chn", "interface", "ch"),
    "size": ("len", "length", "dlc", "size", "datalength"),
    "data": ("data", "databytes", "payload", "datahex", "bytes"),
    "remote": ("remote", "rtr", "isremote", "isremoteframe"),
    "error": ("error", "iserror", "iserrorframe"),
}
COLUMNS = {name: column for column, names in NAMES.items() for name in names}
OCTET = re.compile(r"(?:d|data|byte|b|db)([0-8])")
NOT_WORD = re.compile(rb"[^a-z0-9]+")
UNITS = ((re.compile(rb"\b(?:us|\xc2\xb5s|\xb5s)\b|microsec"), 1e6), (re.compile(rb"\bms\b|millisec"), 1e3))
TRUE = (b"true", b"1", b"x", b"yes", b"ext", b"extended")
FIRST_29_BITS = 0x800
MILLISECONDS_FROM, MICROSECONDS_FROM = 1e11, 1e14


def headed_csv() -> Parse:
    """Nothing is read before a heading with an identifier and data."""
    read: Callable[[list[bytes], bytes], LogRow | None] | None = None
    mark = b","

    def parse(line: bytes) -> LogRow | None:
        nonlocal read, mark
        if read is None:
            mark = max((b",", b";", b"\t"), key=line.count)
            read = _reader(line, mark)
            if read is None:
                refuse("a heading with an identifier and data", line)
            raise Comment
        return read([cell.strip(b' \t\r\n"') for cell in line.rstrip().split(mark)], line)

    return parse


def _column(cell: bytes) -> str:
    name = NOT_WORD.sub(b"", cell.strip().lower()).decode()
    octet = OCTET.fullmatch(name)
    return octet[1] if octet else COLUMNS.get(name, "")


def _reader(heading: bytes, mark: bytes) -> Callable[[list[bytes], bytes], LogRow | None] | None:
    cells = heading.split(mark)
    places = {column: place for place, column in reversed(list(enumerate(map(_column, cells)))) if column}
    octets = [places[digit] for digit in "012345678" if digit in places]
    if "id" not in places or not ("data" in places or octets):
        return None
    time_heading = cells[places["time"]].lower() if "time" in places else b""
    per_second = next((parts for pattern, parts in UNITS if pattern.search(time_heading)), None)
    if per_second is None and "extended" in places and octets and NOT_WORD.sub(b"", time_heading) == b"timestamp":
        per_second = 1e6  # GVRET
    moments, last = Moments(), max(places[name] for name in places if not name.isdigit())

    def read(cells: list[bytes], line: bytes) -> LogRow | None:
        if len(cells) <= last:
            raise BadLine(f"{len(cells)} columns, {last + 1} promised: {shown(line)}")
        if any(name in places and cells[places[name]].lower() in TRUE for name in ("remote", "error")):
            return None
        try:
            can_id = int(cells[places["id"]], 16)
        except ValueError:
            raise BadLine(f"the identifier is not hexadecimal: {shown(line)}") from None
        extended = cells[places["extended"]].lower() if "extended" in places else b""
        if can_id >> 29 or (can_id < FIRST_29_BITS and extended not in TRUE):
            return None
        digits = cells[places["data"]].removeprefix(b"0x") if "data" in places else b""
        size = int(cells[places["size"]]) if "size" in places and cells[places["size"]].isdigit() else None
        if "data" not in places:
            found = [cells[place] for place in octets[:size] if place < len(cells)]
            digits = b"".join(octet.zfill(2) for octet in found if octet or size is not None)
        digits = digits.translate(None, b" \t")
        t = _seconds(cells[places["time"]], per_second, moments, line) if "time" in places else 0.0
        data = frame_data(digits, len(digits) // 2 if size is None else size, line)
        return t, _bus(cells[places["bus"]]) if "bus" in places else "can0", can_id, data

    return read


def _seconds(text: bytes, per_second: float | None, moments: Moments, line: bytes) -> float:
    if b":" in text:
        return moments.read(text)
    t = seconds_of(text, line) if per_second is None and b"." in text else float(_number(text, line))
    if per_second is None:
        per_second = 1e6 if t >= MICROSECONDS_FROM else 1e3 if t >= MILLISECONDS_FROM else 1.0
    t /= per_second
    if not 0.0 <= t < 1e11:
        raise BadLine(f"{shown(text)} is not a time: {shown(line)}")
    return t


def _number(text: bytes, line: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadLine(f"{shown(text)} is not a time: {shown(line)}") from None


def _bus(text: bytes) -> str:
    return f"can{int(text)}" if text.isdigit() and len(text) < 4 else text.decode("utf-8", "replace") or "can0"
