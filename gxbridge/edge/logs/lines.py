"""What all readers of logs share: a row, what is wrong with a line, identifiers, hexadecimal, and times."""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import BinaryIO, NoReturn, Protocol, TypeAlias

from gxbridge.core.nmea2000.frame import MAX_ID, WHOLE

LogRow: TypeAlias = tuple[float, str, int, bytes]
"""Seconds, bus, 29-bit identifier (with the mark `WHOLE` for a message that is put together already), payload."""
Parse: TypeAlias = Callable[[bytes], LogRow | None]
"""One line to its row; None for what is right but no data frame of 29 bits; raises BadLine or Comment."""

MOST_MESSAGE = 1785
"""The longest message there is: by ISO 11783 transport, 255 packets of 7 bytes. A fast packet ends at 223."""
FAR_FUTURE_S = 1e11
"""After the year 5000: a time is neither NaN, infinite nor negative."""
HALF_DAY_S, DAY_S = 43_200.0, 86_400.0
MOST_KEPT = 4096
"""Identifiers, or names of buses, that are kept ready."""
FIRST_PSEUDO_PGN = 0x40000
"""From here on are no PGNs: what an Actisense gateway says of itself has such numbers in a log."""


class BadLine(ValueError):
    """A line that is not what its format promises; the text says what is wrong."""


class Comment(Exception):
    """A line that says nothing of the bus: a heading, a remark."""


MARKS = (b"#", b";", b"//", b"***")
"""How remarks begin, in any text format."""


def is_remark(line: bytes) -> bool:
    """Whether a line that its reader does not know is a remark."""
    return line.lstrip().startswith(MARKS)


def shown(line: bytes) -> str:
    """The beginning of a line for an error message, printable."""
    text = line[:240].decode("utf-8", "replace").strip()
    return repr(text if len(text) <= 60 else text[:57] + "...")


def refuse(form: str, line: bytes) -> NoReturn:
    """Raise BadLine: the line does not have the form it should have."""
    raise BadLine(f"not `{form}`: {shown(line)}")


class FrameIds(dict[bytes, int]):
    """29-bit identifiers by their hexadecimal digits, read once: a log has some hundred different ones.

    Raises ValueError for what has not its `prefix`, `suffix` and `least` digits, or has more bits, which are flags.
    """

    def __init__(self, prefix: bytes = b"", suffix: bytes = b"", least: int = 8) -> None:
        super().__init__()
        self._prefix, self._suffix, self._least = prefix, suffix, least

    def __missing__(self, text: bytes) -> int:
        if not (text.startswith(self._prefix) and text.endswith(self._suffix) and text.isalnum()):
            raise ValueError(text)
        digits = text[len(self._prefix) : len(text) - len(self._suffix)]
        can_id = int(digits, 16)
        if not self._least <= len(digits) <= 8 or can_id > MAX_ID:
            raise ValueError(text)
        if len(self) > MOST_KEPT:  # a hostile log may count through all of them
            self.clear()
        self[text] = can_id
        return can_id


class ChannelNames(dict[bytes, str]):
    """Names of buses: as the log has them, or, with `first`, from numbers of channels of which that is the lowest.

    Raises ValueError for what is no number then.
    """

    def __init__(self, first: int | None = None) -> None:
        super().__init__()
        self._first = first

    def __missing__(self, name: bytes) -> str:
        if len(self) > MOST_KEPT:
            self.clear()
        first = self._first
        if first is not None and not name.isdigit():
            raise ValueError(name)
        text = name.decode("utf-8", "replace") if first is None else f"can{max(int(name) - first, 0)}"
        self[name] = text
        return text


def frame_id(text: bytes) -> int | None:
    """A 29-bit identifier from hexadecimal digits; None when it has more bits, which are flags."""
    can_id = int(text, 16)
    return can_id if can_id <= MAX_ID else None


def frame_data(text: bytes, size: int, line: bytes) -> bytes:
    """The `size` data bytes of a frame from hexadecimal digits in pairs, blanks between them or not."""
    try:
        data = unhexlify(text.translate(None, b" \t\r\n"))
    except ValueError:
        raise BadLine(f"data is not hexadecimal: {shown(line)}") from None
    return data if len(data) == size <= 8 else sized(data, size, line)


SIZES = tuple(b"%d" % size for size in range(9))
"""How the number of data bytes of a frame is written."""


def spaced_bytes(text: bytes) -> bytes:
    """Bytes of two hexadecimal digits each with one blank between them, and nothing else.

    Raises ValueError: a damaged line must not become other bytes.
    """
    data = bytes.fromhex(text.decode("ascii"))
    if len(text) != 3 * len(data) - 1 and text:
        raise ValueError(text)
    return data


def sized(data: bytes, size: int, line: bytes) -> bytes:
    """`data`, when it has the bytes that were promised and no more than a CAN frame holds."""
    if len(data) != size:
        raise BadLine(f"{size} data bytes promised, {len(data)} there: {shown(line)}")
    if size > 8:
        raise BadLine(f"{size} data bytes, but a CAN frame holds 8: {shown(line)}")
    return data


@lru_cache(MOST_KEPT)
def message_id(priority: int, pgn: int, source: int, destination: int) -> int | None:
    """The 29-bit id of a message given by its parts; None for a number that a gateway uses to speak of itself.

    Raises BadLine when a part is out of range.
    """
    if not (0 <= priority <= 7 and 0 <= source <= 255 and 0 <= destination <= 255 and 0 <= pgn < 1 << 24):
        raise BadLine(f"priority {priority}, PGN {pgn}, source {source} or destination {destination} is out of range")
    if pgn >= FIRST_PSEUDO_PGN:
        return None
    if pgn >> 8 & 0xFF < 0xF0:
        pgn = pgn & 0x3FF00 | destination
    return priority << 26 | pgn << 8 | source


def message_row(t: float, parts: tuple[int, int, int, int], data: bytes, whole: bool = True) -> LogRow | None:
    """The row of a message whose priority, PGN, source and destination are `parts`; None as in `message_id`."""
    can_id = message_id(*parts)
    if can_id is None:
        return None
    if len(data) > MOST_MESSAGE:
        raise BadLine(f"{len(data)} data bytes, but a message holds {MOST_MESSAGE}")
    return t, "can0", can_id | WHOLE if whole or len(data) > 8 else can_id, data


# --- times ------------------------------------------------------------------------------------------------------------

DATE_TIME = rb"\d{4}-\d\d-\d\d[-T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
CLOCK = rb"\d?\d:\d\d:\d\d(?:[.,]\d+)?"
_MOMENT = re.compile(rb"(?:(\d{4}-\d\d-\d\d)[-T ])?(\d?\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:?\d\d)?")
EPOCH = datetime(1970, 1, 1)


class Moments:
    """Dates or times of day to seconds: since 1970, or since the midnight before the log, going on over midnights.

    The usual line has the same second, or at least the same day, as the one before it.
    """

    def __init__(self) -> None:
        self._days: dict[tuple[bytes | None, bytes | None], float] = {}
        self._midnights, self._last = 0.0, 0.0
        self._second, self._second_at = b"", 0.0

    def read(self, text: bytes) -> float:
        """`2011-11-24-22:42:04.388`, with T, Z or an offset, or only the time of day. Raises BadLine."""
        second, _, rest = text.partition(b".")
        digits = rest[:-1] if rest[-1:] == b"Z" else rest
        if second == self._second and digits.isdigit():
            return self._second_at + _fraction(digits)
        t = self._read(text)
        if digits.isdigit():
            self._second, self._second_at = second, t - _fraction(digits)
        return t

    def _read(self, text: bytes) -> float:
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise BadLine(f"no such moment: {shown(text)}")
        day, hours, minutes, seconds, rest, zone = found.groups()
        if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 60:
            raise BadLine(f"no such moment: {shown(text)}")
        clock = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + (0.0 if rest is None else _fraction(rest[1:]))
        if day is None:
            return self.after_midnight(clock)
        t = self._day(day, zone) + clock
        if -DAY_S <= t < 0.0:  # the epoch of a recorder without a clock, in a zone behind UTC
            t += DAY_S
        if not 0.0 <= t < FAR_FUTURE_S:
            raise BadLine(f"no such moment: {shown(text)}")
        return t

    def after_midnight(self, clock: float) -> float:
        """Seconds of the day, with those of the days that have passed since the log began."""
        if clock < self._last - HALF_DAY_S:
            self._midnights += DAY_S
        self._last = clock
        return self._midnights + clock

    def _day(self, day: bytes, zone: bytes | None) -> float:
        begin = self._days.get((day, zone))
        if begin is None:
            try:
                moment = datetime.fromisoformat(day.decode())
            except ValueError:
                raise BadLine(f"no such day: {shown(day)}") from None
            begin = (moment - EPOCH).total_seconds()
            if zone is not None and zone != b"Z":
                ahead = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
                begin -= -ahead if zone[:1] == b"-" else ahead
            if len(self._days) > 64:
                self._days.clear()
            self._days[day, zone] = begin
        return begin


def _fraction(digits: bytes) -> float:
    return float(b"." + digits[:9])


def has_point(text: bytes) -> bool:
    """Whether a time is digits with a point among them: a damaged one could be another number too, such as 1e9."""
    before, _, after = text.partition(b".")
    return before.isdigit() and after.isdigit()


def seconds_of(text: bytes, line: bytes, per_second: float = 1.0) -> float:
    """Seconds from decimal digits, of which `per_second` are one. Raises BadLine for what is no time."""
    try:
        t = float(text) / per_second
    except ValueError:
        t = -1.0
    if not 0.0 <= t < FAR_FUTURE_S:
        raise BadLine(f"{shown(text)} is not a time: {shown(line)}")
    return t


def local_time(day: datetime) -> float | None:
    """Seconds of a date without a time zone, as the clock of this machine has it; None before 1970."""
    try:
        t = day.timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return t if 0.0 <= t < FAR_FUTURE_S else None


def ole_time(days: float) -> float:
    """Seconds from days since 30 December 1899, as Windows programs count them."""
    return (datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=days)).timestamp()


# --- binary logs ------------------------------------------------------------------------------------------------------


class LogError(Exception):
    """The log as a whole cannot be read; the text says why and what to do."""


class OpenLog(Protocol):
    """What the reader of a binary log needs of the log whose rows it makes."""

    name: str
    size: int | None
    skipped: int
    number: int
    """The record it is at, from 1."""

    @property
    def compressed(self) -> bool: ...

    def bad(self, number: int, what: str) -> None:
        """Count a bad record and report it."""


Records: TypeAlias = Callable[[OpenLog, BinaryIO], Iterator[LogRow]]
