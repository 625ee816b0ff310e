"""A log's rows through the decoders to lines, in constant memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol, TextIO

from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.frame import MAX_DATA
from gxbridge.decodelog.filters import Filter
from gxbridge.decodelog.progress import Progress
from gxbridge.decodelog.statistics import Statistics
from gxbridge.edge.logs.reader import LogReader

BATCH = 256
"""Lines written at once."""
MOST_BUSES = 64
"""Buses with a decoder of their own; in a log with more names (a broken one) the rest share one."""


class LineFormat(Protocol):
    """A form of output."""

    def begin(self) -> str: ...

    def line(self, t: float, bus: str, message: Message) -> str: ...


class Prompt(io.RawIOBase):
    """Standard input that has `before` called before it waits for more, so that what was understood is shown at once
    although lines are written in batches. It ends when that fails."""

    def __init__(self, stream: BinaryIO, before: Callable[[], None]) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._before = before

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            self._before()
        except BrokenPipeError:
            return 0  # for the reader simply the end; `Output` raises it again where it is understood
        part = self._read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


class Output:
    """Lines on their way to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []
        self._broken: BrokenPipeError | None = None
        self.put = self._waiting.append

    def __len__(self) -> int:
        return len(self._waiting)

    def flush(self) -> None:
        """Write what waits. Raises BrokenPipeError when nobody reads any more, from then on each time."""
        if self._broken is not None:
            raise self._broken
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            try:
                self._stream.write(text)
                self._stream.flush()
            except BrokenPipeError as error:
                self._broken = error
                raise


class Stream:
    """Decodes a log. One decoder for each bus, because address claims and fast packets belong to a bus."""

    def __init__(self, db: Database, chosen: Filter | None, progress: Progress) -> None:
        self._db = db
        self._chosen = chosen
        self._progress = progress
        self.decoders: dict[str, Decoder] = {}
        self.wanted = chosen is None
        """Whether any message was wanted."""

    def write(self, reader: LogReader, lines: LineFormat, output: Output) -> None:
        """Write every wanted message as it completes."""
        line, put = lines.line, output.put
        put(lines.begin())
        for t, bus, message in self._messages(reader, None):
            put(line(t, bus, message))
            if len(output) >= BATCH:
                output.flush()
                self._progress.at(reader.position)
        self._progress.clear()
        output.flush()

    def count(self, reader: LogReader, statistics: Statistics) -> None:
        """Only take the statistics of every wanted message."""
        for number, (t, bus, message) in enumerate(self._messages(reader, statistics)):
            statistics.message(t, bus, message)
            if not number % BATCH:
                self._progress.at(reader.position)
        self._progress.clear()

    def _messages(self, reader: LogReader, statistics: Statistics | None) -> Iterator[tuple[float, str, Message]]:
        decoders, chosen = self.decoders, self._chosen
        for t, bus, can_id, data in reader:
            if chosen is not None and chosen.over(t):
                return
            decoder = decoders.get(bus)
            if decoder is None:
                decoder = self._decoder(bus)
            if statistics is not None and (chosen is None or chosen.in_time(t)):
                statistics.frame(t, bus, len(data))
            if len(data) > MAX_DATA or reader.assembled:
                message = decoder.feed_payload(can_id, data)
            else:
                message = decoder.feed(can_id, data, t)
            if message is not None and (chosen is None or chosen.passes(t, bus, message, decoder)):
                self.wanted = True
                yield t, bus, message

    def _decoder(self, bus: str) -> Decoder:
        if len(self.decoders) >= MOST_BUSES:
            bus = next(iter(self.decoders))
        return self.decoders.setdefault(bus, Decoder(self._db, keep_unknown=True))
