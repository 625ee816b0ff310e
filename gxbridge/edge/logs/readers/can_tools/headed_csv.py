"""CSV whose heading names the columns, whatever their order: SavvyCAN's GVRET form, and tables of other programs.

    Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8      GVRET: whole numbers are microseconds
    ID,Data Bytes                                                   SavvyCAN's generic form, without a time
    time,addr,bus,data                                              openpilot's cabana
    TimestampEpoch;BusChannel;ID;IDE;DLC;DataLength;...;DataBytes   CANedge of CSS Electronics

A heading may tell the unit of its time (`Time [ms]`); a number with a point is seconds, a whole one above 1e11 is in
milliseconds, above 1e14 in microseconds since 1970. Identifiers are hexadecimal. (SavvyCAN framefileio.cpp.)
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gxbridge.core.nmea2000.frame import MAX_ID
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
    seconds_of,
    shown,
    sized,
    spaced_bytes,
)

NAMES = {
    "time": ("t", "abstime"),
    "id": (
        "id",
        "canid",
        "arbitrationid",
        "identifier",
        "messageid",
        "msgid",
        "addr",
        "address",
        "idhex",
        "canidhex",
        "frameid",
    ),
    "extended": ("extended", "ext", "ide", "xtd", "isextended", "isextendedid"),
    "bus": ("bus", "channel", "chn", "interface", "ch", "buschannel", "canchannel"),
    "size": ("len", "length", "dlc", "size", "datalength"),
    "data": ("data", "databytes", "payload", "datahex", "bytes"),
    "remote": ("remote", "rtr", "isremote", "isremoteframe"),
    "error": ("error", "iserror", "iserrorframe"),
}
COLUMNS = {name: column for column, names in NAMES.items() for name in names}
OCTET = re.compile(r"(?:d|data|byte|b|db|databyte)([0-8])")
COMPACT = re.compile(rb"(?:(\d{4})(\d\d))?(\d\d)T(\d\d)(\d\d)(\d\d)(\d{0,6})")
"""`20231114T221320250`, or less of the date, as loggers of CSS Electronics write it."""
NOT_WORD = re.compile(rb"[^a-z0-9]+")
UNITS = ((re.compile(rb"\b(?:us|\xc2\xb5s|\xb5s)\b|microsec"), 1e6), (re.compile(rb"\bms\b|millisec"), 1e3))
TRUE = (b"true", b"1", b"x", b"yes", b"ext", b"extended")
FIRST_29_BITS = 0x800
MILLISECONDS_FROM, MICROSECONDS_FROM = 1e11, 1e14


def headed_csv(head: bytes = b"") -> Parse:
    """Nothing is read before a heading with an identifier and data; `head` tells whether identifiers are decimal."""
    read: Callable[[list[bytes], bytes], LogRow | None] | None = None
    mark, heading = b",", b""

    def parse(line: bytes) -> LogRow | None:
        nonlocal read, mark, heading
        if read is None:
            mark = max((b",", b";", b"\t"), key=line.count)
            heading = line.strip()
            read = _reader(line, mark, head)
            if read is None:
                refuse("a heading with an identifier and data", line)
            raise Comment
        if line[:1] == heading[:1] and line.strip() == heading:  # of a second log behind the first
            raise Comment
        cells = line.rstrip().split(mark)
        return read([cell.strip(b' \t"') for cell in cells] if b'"' in line or b" " in line else cells, line)

    return parse


def _column(cell: bytes) -> str:
    name = NOT_WORD.sub(b"", cell.strip().lower()).decode()
    octet = OCTET.fullmatch(name)
    return octet[1] if octet else COLUMNS.get(name, "time" if name.startswith("time") else "")


def _has_decimal_ids(head: bytes, mark: bytes, place: int) -> bool:
    """Whether identifiers have digits only, and so many of them as no hexadecimal one has."""
    cells = [line.split(mark)[place].strip(b' \t"') for line in head.split(b"\n")[:-1] if line.count(mark) >= place]
    return any(len(cell) > 8 for cell in cells if cell.isdigit()) and sum(not cell.isdigit() for cell in cells) <= 1


def _reader(heading: bytes, mark: bytes, head: bytes) -> Callable[[list[bytes], bytes], LogRow | None] | None:
    cells = heading.split(mark)
    places = {column: place for place, column in reversed(list(enumerate(map(_column, cells)))) if column}
    octet_places = [places[digit] for digit in "012345678" if digit in places]
    if "id" not in places or not ("data" in places or octet_places):
        return None
    time_heading = cells[places["time"]].lower() if "time" in places else b""
    per_second = next((parts for pattern, parts in UNITS if pattern.search(time_heading)), None)
    if per_second is None and "extended" in places and octet_places and NOT_WORD.sub(b"", time_heading) == b"timestamp":
        per_second = 1e6  # GVRET
    size_at, data_at, id_at = places.get("size"), places.get("data"), places["id"]
    first = octet_places[0] if octet_places else 0
    in_order = octet_places == list(range(first, first + len(octet_places)))
    at, bus, buses, ids = (
        places.get("time"),
        places.get("bus"),
        _CellBuses(),
        _CellIds(10 if _has_decimal_ids(head, mark, id_at) else 16),
    )
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
            raise BadLine(f"the identifier is not a number: {shown(line)}") from None
        if can_id >> 29 or (can_id < FIRST_29_BITS and not _is_extended(cells, places)):
            return None
        size = None if size_at is None else _SIZES.get(cells[size_at])
        if size is None and size_at is not None and cells[size_at].isdigit():
            size = int(cells[size_at])
        t = 0.0 if at is None else _seconds(cells[at], per_second, moments, line)
        name = "can0" if bus is None else buses[cells[bus]]
        if data_at is not None:
            digits = cells[data_at].translate(None, b" \t").replace(b"0x", b"")
            return t, name, can_id, frame_data(digits, len(digits) // 2 if size is None else size, line)
        found = cells[first : first + size] if size is not None and in_order else _found(cells, octet_places, size)
        try:
            data = spaced_bytes(b" ".join(found))
        except ValueError:
            data = _careful(found, size, line)
        if len(data) != size or size > 8:
            data = sized(data, len(data) if size is None else size, line)
        return t, name, can_id, data

    if (
        size_at is None
        or at is None
        or bus is None
        or per_second is None
        or marks
        or data_at is not None
        or not in_order
    ):
        return read

    def usual(cells: list[bytes], line: bytes) -> LogRow | None:
        """GVRET and what is like it, in a few operations."""
        try:
            can_id, size, t = ids[cells[id_at]], _SIZES[cells[size_at]], float(cells[at]) / per_second
            data = spaced_bytes(b" ".join(cells[first : first + size]))
            if FIRST_29_BITS <= can_id <= MAX_ID and len(data) == size and 0.0 <= t < FAR_FUTURE_S:
                return t, buses[cells[bus]], can_id, data
        except (ValueError, LookupError):
            pass
        return read(cells, line)

    return usual


def _careful(found: list[bytes], size: int | None, line: bytes) -> bytes:
    """Bytes with 0x before them, of one digit, or none where the row is shorter."""
    pairs = [octet.removeprefix(b"0x") for octet in found if octet or size is not None]
    if any(not 1 <= len(pair) <= 2 for pair in pairs):
        raise BadLine(f"a data byte is not one or two digits: {shown(line)}")
    return frame_data(b"".join([pair.zfill(2) for pair in pairs]), len(pairs), line)


def _found(cells: list[bytes], octets: list[int], size: int | None) -> list[bytes]:
    return [cells[place] for place in octets[:size] if place < len(cells)]


def _is_extended(cells: list[bytes], places: dict[str, int]) -> bool:
    return "extended" in places and cells[places["extended"]].lower() in TRUE


def _other_time(text: bytes, per_second: float, moments: Moments, line: bytes) -> float:
    """A time of day, a date, or seconds with a decimal comma."""
    if b":" in text:
        return moments.read(text)
    if compact := COMPACT.fullmatch(text):
        year, month, _, hours, minutes, seconds, rest = compact.groups(b"0")
        clock = b"%s:%s:%s.%s" % (hours, minutes, seconds, rest)
        return moments.read(clock if compact[1] is None else b"%s-%s-%sT%s" % (year, month, compact[3], clock))
    return seconds_of(text.replace(b",", b"."), line, per_second)


def _seconds(text: bytes, per_second: float | None, moments: Moments, line: bytes) -> float:
    try:
        t = float(text)
    except ValueError:
        return _other_time(text, per_second or 1.0, moments, line)
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

    def __init__(self, base: int) -> None:
        super().__init__()
        self._base = base

    def __missing__(self, text: bytes) -> int:
        if len(self) > MOST_KEPT:
            self.clear()
        can_id = self[text] = int(text, self._base)
        return can_id


class _CellBuses(dict[bytes, str]):
    """Buses by what stands in their column: a number, or a name."""

    def __missing__(self, text: bytes) -> str:
        if len(self) > MOST_KEPT:
            self.clear()
        number = text.isdigit() and len(text) < 4
        name = self[text] = f"can{int(text)}" if number else text.decode("utf-8", "replace") or "can0"
        return name
