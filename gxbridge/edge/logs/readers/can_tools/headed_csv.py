"""CSV whose heading names the columns, whatever their order: SavvyCAN's GVRET form, and tables of other programs.

    Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8      GVRET: whole numbers are microseconds
    ID,Data Bytes                                                   SavvyCAN's generic form, without a time
    time,addr,bus,data                                              openpilot's cabana

A heading may tell the unit of its time (`Time [ms]`); a number with a point is seconds, a whole one above 1e11 is in
milliseconds, above 1e14 in microseconds since 1970. Identifiers are hexadecimal. (SavvyCAN framefileio.cpp.)
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable

from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    MOST_KEPT,
    SIZES,
    BadLine,
    Comment,
    LogRow,
    Moments,
    Parse,
    frame_data,
    refuse,
    shown,
)

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
        cells = line.rstrip().split(mark)
        return read([cell.strip(b' \t"') for cell in cells] if b'"' in line or b" " in line else cells, line)

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
    size_at, data_at, id_at = places.get("size"), places.get("data"), places["id"]
    first = octets[0] if octets else 0
    in_order = octets == list(range(first, first + len(octets)))
    at, bus, buses, ids = places.get("time"), places.get("bus"), _CellBuses(), _CellIds()
    marks = [places[name] for name in ("remote", "error") if name in places]
    moments, last = Moments(), max(places[name] for name in places if not name.isdigit())

    def read(cells: list[bytes], line: bytes) -> LogRow | None:
        if len(cells) <= last:
            raise BadLine(f"{len(cells)} columns, {last + 1} promised: {shown(line)}")
        if marks and any(cells[place].lower() in TRUE for place in marks):
            return None
        try:
            can_id = ids[cells[id_at]]
        except ValueError:
            raise BadLine(f"the identifier is not hexadecimal: {shown(line)}") from None
        if can_id >> 29 or (can_id < FIRST_29_BITS and not _is_extended(cells, places)):
            return None
        size = None if size_at is None else _SIZES.get(cells[size_at])
        if size is None and size_at is not None and cells[size_at].isdigit():
            size = int(cells[size_at])
        if data_at is not None:
            digits = cells[data_at].removeprefix(b"0x").translate(None, b" \t")
        else:
            found = cells[first : first + size] if size is not None and in_order else _found(cells, octets, size)
            digits = b"".join(found)
            if len(digits) != 2 * len(found):
                digits = b"".join([octet.zfill(2) for octet in found if octet or size is not None])
        t = 0.0 if at is None else _seconds(cells[at], per_second, moments, line)
        name = "can0" if bus is None else buses[cells[bus]]
        try:
            data = unhexlify(digits)
            if size is not None and len(data) == size <= 8:
                return t, name, can_id, data
        except ValueError:  # told below
            pass
        return t, name, can_id, frame_data(digits, len(digits) // 2 if size is None else size, line)

    return read


def _found(cells: list[bytes], octets: list[int], size: int | None) -> list[bytes]:
    return [cells[place] for place in octets[:size] if place < len(cells)]


def _is_extended(cells: list[bytes], places: dict[str, int]) -> bool:
    return "extended" in places and cells[places["extended"]].lower() in TRUE


def _seconds(text: bytes, per_second: float | None, moments: Moments, line: bytes) -> float:
    if b":" in text:
        return moments.read(text)
    try:
        t = float(text)
    except ValueError:
        t = -1.0
    if per_second is None:
        whole = b"." not in text
        per_second = 1e6 if whole and t >= MICROSECONDS_FROM else 1e3 if whole and t >= MILLISECONDS_FROM else 1.0
    t /= per_second
    if not 0.0 <= t < FAR_FUTURE_S:
        raise BadLine(f"{shown(text)} is not a time: {shown(line)}")
    return t


_SIZES = {text: size for size, text in enumerate(SIZES)}


class _CellIds(dict[bytes, int]):
    """Identifiers by their digits; raises ValueError."""

    def __missing__(self, text: bytes) -> int:
        if len(self) > MOST_KEPT:
            self.clear()
        can_id = self[text] = int(text, 16)
        return can_id


class _CellBuses(dict[bytes, str]):
    """Buses by what stands in their column: a number, or a name."""

    def __missing__(self, text: bytes) -> str:
        if len(self) > MOST_KEPT:
            self.clear()
        number = text.isdigit() and len(text) < 4
        name = self[text] = f"can{int(text)}" if number else text.decode("utf-8", "replace") or "can0"
        return name
