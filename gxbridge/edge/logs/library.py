"""The log formats python-can reads for us: Vector ASC and BLF, PEAK TRC, its own sqlite and CSV.

Its readers end at the first broken line. The text ones are given the file through a tap that counts lines, and are
started again behind the line they stumbled over, with a line that stands in for the header they look for.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Protocol

import can
from can.io.asc import ASCReader
from can.io.blf import BLFParseError, BLFReader
from can.io.csv import CSVReader
from can.io.sqlite import SqliteReader
from can.io.trc import TRCReader

from gxbridge.edge.logs.formats import FAR_FUTURE_S, MAX_ID, LogFormat, LogRow, shown

LONGEST_LINE = 1 << 15

STUMBLES = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
    EOFError,
    OSError,
    MemoryError,
    can.CanError,
    sqlite3.Error,
)
"""What the readers let out on broken input (BLFParseError is a plain Exception: see _binary)."""


class OpenLog(Protocol):
    """What is needed of the log reader whose rows these are."""

    name: str
    format: LogFormat
    size: int | None
    compressed: bool
    skipped: int

    def bad(self, number: int, what: str) -> None:
        """Count a bad line and report it."""


def library_rows(reader: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """Rows of a log in one of python-can's formats; broken lines go to `reader.bad`, other frames are counted."""
    logging.getLogger("can.io").setLevel(logging.ERROR)  # it comments on every line it does not know
    kind = reader.format.name
    if kind == "sqlite":
        return _sqlite(reader, stream)
    if kind == "blf":
        return _binary(reader, lambda: _whole(reader, BLFReader(stream)))
    make, stand_in = TEXT_READERS[kind]
    return _text(reader, make, _Tap(stream), stand_in)


class _Tap:
    """A text file for python-can's readers: one line at a time, counted, none longer than LONGEST_LINE."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._first = ""
        self.number = 0
        self.line = b""
        self.ended = False

    def restart(self, first: str) -> None:
        """The next line handed out is `first`, which stands in for a header."""
        self._first = first

    def read(self) -> str:
        """Not used by the readers: older ones only look whether it is there, to tell a file from a path."""
        return ""

    def write(self, text: str) -> int:
        """As `read`."""
        return len(text)

    def close(self) -> None:
        """The stream belongs to the log reader."""

    def __iter__(self) -> _Tap:
        return self

    def __next__(self) -> str:
        if self._first:
            first, self._first = self._first, ""
            return first
        self.line = self._stream.readline(LONGEST_LINE)
        if not self.line:
            self.ended = True
            raise StopIteration
        self.number += 1
        return self.line.decode("utf-8", "replace")


class _StrictTRCReader(TRCReader):
    """python-can drops a line with too few columns without a word; here it is a broken line."""

    def _parse_line(self, line: str) -> can.Message | None:
        if not line or line.startswith(";"):
            return None
        return self._parse_cols(tuple(line.split(maxsplit=self._num_columns)))


TEXT_READERS: dict[str, tuple[Callable[[Any], Iterable[can.Message]], str]] = {
    "asc": (lambda tap: ASCReader(tap, relative_timestamp=False), "internal events logged\n"),
    "trc": (_StrictTRCReader, ";\n"),
    "csv": (CSVReader, "timestamp\n"),
}
"""Reader and the line that stands in for the header when it is started again."""


def _row(reader: OpenLog, message: can.Message, number: int) -> LogRow | None:
    if (
        message.is_error_frame
        or message.is_remote_frame
        or message.is_fd
        or not message.is_extended_id
        or message.arbitration_id > MAX_ID
    ):
        reader.skipped += 1
        return None
    if len(message.data) != message.dlc or message.dlc > 8:
        reader.bad(number, f"{message.dlc} data bytes promised, {len(message.data)} there")
        return None
    if not 0.0 <= message.timestamp < FAR_FUTURE_S:
        reader.bad(number, f"{message.timestamp} is not a time")
        return None
    channel = message.channel
    bus = channel if isinstance(channel, str) else f"can{channel or 0}"
    return message.timestamp, bus, message.arbitration_id, bytes(message.data)


def _text(reader: OpenLog, make: Callable[[Any], Iterable[can.Message]], tap: _Tap, stand_in: str) -> Iterator[LogRow]:
    source = make(tap)
    while not tap.ended:
        before = tap.number
        try:
            for message in source:
                row = _row(reader, message, tap.number)
                if row is not None:
                    yield row
        except STUMBLES as error:
            reader.bad(tap.number, f"{_first_line(error)}: {shown(tap.line)}")
            if tap.number == before:  # nothing was read: the file itself is the trouble
                return
            tap.restart(stand_in)


def _binary(reader: OpenLog, make: Callable[[], Iterable[can.Message]]) -> Iterator[LogRow]:
    number = 0
    try:
        for message in make():
            number += 1
            row = _row(reader, message, number)
            if row is not None:
                yield row
    except (*STUMBLES, BLFParseError) as error:
        reader.bad(number + 1, f"the log cannot be read any further: {_first_line(error)}")


def _whole(reader: OpenLog, source: BLFReader) -> Iterator[can.Message]:
    """The messages of a BLF file, and an error at the end of one that was cut short (python-can does not notice)."""
    yield from source
    if reader.size is not None and not reader.compressed and source.file_size > reader.size:
        raise EOFError(f"its header promises {source.file_size} bytes, the file has {reader.size}")


def _sqlite(reader: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """sqlite needs a file it can seek in: a compressed or piped database is unpacked to a temporary one first."""
    if reader.size is not None and not reader.compressed:
        yield from _binary(reader, lambda: SqliteReader(reader.name))
        return
    with tempfile.NamedTemporaryFile(suffix=".db") as copy:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        yield from _binary(reader, lambda: SqliteReader(copy.name))


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
