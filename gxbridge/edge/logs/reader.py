"""Recorded CAN logs of every kind, read as one stream of rows in constant memory.

A row is `(t, bus, can_id, data)`: seconds (epoch where the log knows the date, else since its own zero), the bus as the
log names it, the 29-bit id, and the payload: one CAN frame, exactly as it was on the wire. Where the recorder has put
fast packets together already (Actisense, often canboat), the id has the mark `WHOLE`, and the payload is that of the
message. A decoder takes both.
"""

from __future__ import annotations

import codecs
import re
import sys
from binascii import unhexlify
from collections.abc import Callable, Iterator
from operator import length_hint
from types import TracebackType
from typing import BinaryIO, cast

from gxbridge.edge.logs.formats import FORMATS, LogFormat, detect, line_end
from gxbridge.edge.logs.lines import (
    FAR_FUTURE_S,
    BadLine,
    ChannelNames,
    Comment,
    FrameIds,
    LogError,
    LogRow,
    Parse,
    is_remark,
)
from gxbridge.edge.logs.streams import CHUNK, LONGEST_LINE, Recoded, beginning, file_size, utf_16_of
from gxbridge.edge.logs.unpack import Packing, faults, packed_twice, packing_of, unpacked

__all__ = ["FORMATS", "LogError", "LogFormat", "LogReader", "LogRow", "OnBad", "open_log"]

NOT_A_LOG = "its beginning does not look like any log format known to gxbridge"
"""What is said of a file that is no log."""
UTF_8_MARK = codecs.BOM_UTF8
BEGIN, END = b"()"
"""Of the time of a candump line."""
MAYBE_TIMED = {
    "candump-text": re.compile(rb"^[^'\n]*\(\d", re.MULTILINE),
    "yacht-devices": re.compile(rb":"),
    "nmea0183": re.compile(rb"\\[^\\\n]*\bc:\d{9}"),
    "gvret": re.compile(rb"time", re.IGNORECASE),
}
"""Formats with or without a time, and what stands in a log with one."""

OnBad = Callable[[int, str], None]
"""Called with the line number (frame number for binary logs) and what is wrong."""


def open_log(path: str, format: str | None = None, on_bad: OnBad | None = None) -> LogReader:
    """Open a log file, or standard input for `-`; compressed ones too. `format` forces one of FORMATS.

    Raises LogError when the file cannot be opened or its format is not known.
    """
    if format is not None and format not in FORMATS:
        raise LogError(f"{format}: no such log format; there are {', '.join(FORMATS)}")
    if path == "-":
        return LogReader(sys.stdin.buffer, "standard input", format, on_bad)
    try:
        stream = open(path, "rb", buffering=CHUNK)  # noqa: SIM115 - the reader owns and closes it
    except (OSError, ValueError) as error:
        raise LogError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        return LogReader(stream, path, format, on_bad)
    except BaseException:
        stream.close()
        raise


class LogReader:
    """An iterable of rows (once), which counts what it passes over.

    bad_lines   lines that could not be parsed; each was reported to `on_bad` and skipped
    skipped     right, but no 29-bit data frame: standard ids, remote and error frames, CAN FD, other events
    number      of the record that was read last, in a binary log
    timed       False when the log has no times at all (every t is 0)
    compressed  the log is compressed
    size, position   bytes of the file (None for a pipe) and how far the reader is, for a progress bar
    """

    def __init__(self, stream: BinaryIO, name: str, format: str | None = None, on_bad: OnBad | None = None) -> None:
        self.name = name
        self.bad_lines = 0
        self.skipped = 0
        self.number = 0
        self._on_bad = on_bad
        self._file = stream
        self._stream = stream
        self._packing: Packing | None = None
        self._faults: tuple[type[BaseException], ...] = (OSError, EOFError, ValueError)
        self.size = file_size(stream)
        try:
            self._open(format)
        except self._faults as error:
            raise LogError(f"{name}: cannot be read: {self._what(error)}") from None

    @property
    def compressed(self) -> bool:
        return self._packing is not None

    def _what(self, error: BaseException) -> str:
        return str(error) if self._packing is None else f"{self._packing.title}: {error}"

    def _open(self, format: str | None) -> None:
        head, self._stream = beginning(self._stream)
        self._packing = packing_of(head)
        if self._packing is not None:
            self._faults = faults()
            head, self._stream = beginning(unpacked(self._packing, self._stream, self.name))
            if inner := packing_of(head):
                raise LogError(packed_twice(self.name, self._packing, inner))
        if head.startswith(UTF_8_MARK):
            self._stream.read(len(UTF_8_MARK))
            head = head[len(UTF_8_MARK) :]
        elif coding := utf_16_of(head):
            head, self._stream = beginning(cast("BinaryIO", Recoded(self._stream, coding)))
        found = FORMATS[format] if format is not None else detect(head)
        if found is None and head.strip():
            known = "; ".join(f"{item.name} = {item.title}" for item in FORMATS.values())
            raise LogError(f"{self.name}: {NOT_A_LOG}; one can be forced ({known})")
        self.format: LogFormat = found or FORMATS["candump"]
        in_a_timed_one = MAYBE_TIMED.get(self.format.name)
        self.timed = in_a_timed_one is None or in_a_timed_one.search(head) is not None
        self._head = head

    @property
    def position(self) -> int:
        """Bytes of the (compressed) file read so far; 0 where that cannot be told."""
        try:
            return self._file.tell()
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Close the file (standard input stays open)."""
        if self._file is not sys.stdin.buffer:
            self._file.close()

    def __enter__(self) -> LogReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def bad(self, number: int, what: str) -> None:
        """Count a bad line and report it."""
        self.bad_lines += 1
        if self._on_bad is not None:
            self._on_bad(number, what)

    def __iter__(self) -> Iterator[LogRow]:
        if self.format.records is not None:
            return self._records(self.format.records(self, self._stream))
        assert self.format.parse is not None  # noqa: S101 - every format has one or the other
        parse = self.format.parse(self._head)
        return self._candump(parse) if self.format.name == "candump" else self._lines(parse)

    def _records(self, rows: Iterator[LogRow]) -> Iterator[LogRow]:
        try:
            yield from rows
        except self._faults as error:
            self.bad(self.number + 1, f"the log cannot be read any further: {self._what(error)}")

    def _blocks(self) -> Iterator[tuple[int, list[bytes]]]:
        """The text in lists of whole lines, each with the number of its first line less one."""
        read = getattr(self._stream, "read1", self._stream.read)
        done, tail, endless, end = 0, b"", False, line_end(self._head)
        while True:
            try:
                chunk = read(CHUNK)
            except self._faults as error:
                self.bad(done + 1, f"the log cannot be read any further: {self._what(error)}")
                return
            if not chunk:
                break
            lines = (tail + chunk).split(end)
            tail = lines.pop()
            if endless and lines:  # the rest of a line already reported
                del lines[0]
                done, endless = done + 1, False
            if lines:
                yield done, lines
                done += len(lines)
            if len(tail) > LONGEST_LINE:
                if not endless:
                    self.bad(done + 1, f"no line end within {LONGEST_LINE} bytes: this is not text")
                tail, endless = b"", True
        if tail and not endless:
            yield done, [tail]

    def _candump(self, careful: Parse) -> Iterator[LogRow]:
        """The usual candump line in a few operations; anything that does not fit goes to the careful parser."""
        ids, buses = FrameIds(), ChannelNames()
        for done, lines in self._blocks():
            rest = iter(lines)
            for line in rest:
                try:
                    stamp, bus, frame = line.split()
                    can_id, _, data = frame.partition(b"#")
                    t = float(stamp[1:-1])
                    row = t, buses[bus], ids[can_id], unhexlify(data)
                    if len(data) > 16 or not 0.0 <= t < FAR_FUTURE_S or stamp[0] != BEGIN or stamp[-1] != END:
                        raise ValueError(line)
                except ValueError:
                    careful_row = self._parse(careful, line, done + len(lines) - length_hint(rest))
                    if careful_row is None:
                        continue
                    row = careful_row
                yield row

    def _lines(self, parse: Parse) -> Iterator[LogRow]:
        for done, lines in self._blocks():
            rest = iter(lines)
            for line in rest:
                try:
                    row = parse(line)
                except (BadLine, Comment) as error:
                    self._not_read(error, line, done + len(lines) - length_hint(rest))
                    continue
                if row is None:
                    self.skipped += 1
                else:
                    yield row

    def _parse(self, parse: Parse, line: bytes, number: int) -> LogRow | None:
        try:
            row = parse(line)
        except (BadLine, Comment) as error:
            self._not_read(error, line, number)
            return None
        if row is None:
            self.skipped += 1
        return row

    def _not_read(self, error: BadLine | Comment, line: bytes, number: int) -> None:
        if isinstance(error, BadLine) and line.strip() and not is_remark(line):
            self.bad(number, str(error))
