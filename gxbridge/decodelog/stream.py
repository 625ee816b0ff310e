"""A log's rows through the decoders to lines, in constant memory."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, TextIO

from gxbridge.core.channels.vebus.mk2_rows import MK2_FRAME, mk2_message
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.decodelog.filters import Filter
from gxbridge.decodelog.progress import Progress
from gxbridge.decodelog.statistics import Statistics
from gxbridge.decodelog.widelines import WideColumns
from gxbridge.decodelog.words import LineFormat
from gxbridge.edge.logs.reader import LogReader

BATCH = 256
"""Lines written at once."""
MOST_BUSES = 64
"""Buses with a decoder of their own; in a log with more names (a broken one) the rest share one."""


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
        self.waiting: list[str] = []
        """Lines that `flush` will write."""
        self._broken: BrokenPipeError | None = None
        self.put = self.waiting.append

    def flush(self) -> None:
        """Write what waits. Raises BrokenPipeError when nobody reads any more, from then on each time."""
        if self._broken is not None:
            raise self._broken
        if self.waiting:
            text = "".join(self.waiting)
            self.waiting.clear()
            try:
                self._stream.write(text)
                self._stream.flush()
            except BrokenPipeError as error:
                self._broken = error
                raise


class Stream:
    """Decodes a log. One decoder for each bus, because address claims and fast packets belong to a bus."""

    def __init__(self, db: Database, chosen: Filter | None, progress: Progress | None = None) -> None:
        self._db = db
        self._chosen = chosen
        self.progress = progress or Progress(sys.stderr, None, False)
        self.decoders: dict[str, Decoder] = {}
        self.vebus_frames = 0
        self.wanted = chosen is None
        """Whether any message was wanted."""

    def write(self, reader: LogReader, lines: LineFormat, output: Output) -> None:
        """Write every wanted message as it completes."""
        line, put, waiting = lines.line, output.put, output.waiting
        for t, bus, message in self._messages(reader, None):
            if text := line(t, bus, message):
                put(text)
            if len(waiting) >= BATCH:
                output.flush()
                self.progress.at(reader.position)
        self.progress.clear()
        output.flush()

    def look(self, reader: LogReader, columns: WideColumns) -> None:
        """Only find out which quantities the wanted messages have."""
        self.give(reader, lambda _t, bus, message: columns.note(bus, message))

    def give(self, reader: LogReader, take: Callable[[float, str, Message], None]) -> None:
        """Give every wanted message to `take`, with its time and its bus."""
        for number, (t, bus, message) in enumerate(self._messages(reader, None)):
            take(t, bus, message)
            if not number % BATCH:
                self.progress.at(reader.position)
        self.progress.clear()

    def count(self, reader: LogReader, statistics: Statistics) -> None:
        """Only take the statistics of every wanted message."""
        for number, (_, bus, message) in enumerate(self._messages(reader, statistics)):
            statistics.message(bus, message)
            if not number % BATCH:
                self.progress.at(reader.position)
        self.progress.clear()

    def _messages(self, reader: LogReader, statistics: Statistics | None) -> Iterator[tuple[float, str, Message]]:
        decoders, chosen = self.decoders, self._chosen
        for t, bus, can_id, data in reader:
            if chosen is not None and chosen.over(t):
                return
            decoder = decoders.get(bus)
            if decoder is None:
                decoder = self._decoder(bus)
            if statistics is not None and (chosen is None or chosen.in_time(t)):
                statistics.frame(t, bus, can_id, len(data))
            message = decoder.feed(can_id, data, t) if can_id < MK2_FRAME else self._vebus(data)
            if message is not None and (chosen is None or chosen.passes(t, bus, message, decoder)):
                self.wanted = True
                yield t, bus, message

    def _vebus(self, payload: bytes) -> Message:
        self.vebus_frames += 1
        return mk2_message(payload)

    def _decoder(self, bus: str) -> Decoder:
        if len(self.decoders) >= MOST_BUSES:
            bus = next(iter(self.decoders))
        return self.decoders.setdefault(bus, Decoder(self._db, keep_unknown=True))
