"""`gxbridge watch` while it runs: listen, write the log, and show what is now until somebody wants the end."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import Final

from gxbridge.config import Config
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.database import Database
from gxbridge.decodelog.filters import Wanted
from gxbridge.edge.logs.candump_file import CandumpFile
from gxbridge.live.buses import BusListener
from gxbridge.live.device_readings import WatchedDevices
from gxbridge.live.session import Recording, ends_by_signal, quiet_log
from gxbridge.live.terminal import LiveTerminal
from gxbridge.live.watch_table import Line, WatchTable

REFRESH_S: Final = 0.5


@record
class WatchOrder:
    """What is wanted: which messages, for how long, and how often the table is printed where it is not live."""

    wanted: Wanted
    seconds: float
    every_s: float
    plain_width: int


class Watching:
    """`dump` takes every frame. `run` raises LogError."""

    def __init__(self, config: Config, db: Database, order: WatchOrder, dump: CandumpFile | None) -> None:
        self._order = order
        self._dump = dump
        self.recording = Recording()
        """Whether the log could be written."""
        self._page = WatchTable(db)
        self.heard = WatchedDevices(db, order.wanted)
        self.buses = BusListener(config, self.heard.hear, None if dump is None else self._record)

    @property
    def frames(self) -> int:
        """Heard on all buses."""
        return sum(stats.frames for stats in self.buses.stats)

    async def run(self, live: bool) -> None:
        """Until the time is over, the printed log has ended, or the user asks for the end."""
        stop = self.recording.stop
        with ends_by_signal(stop), quiet_log(live or not self.buses.is_log):
            terminal = LiveTerminal(stop.set) if live else None
            try:
                await self.buses.start()
                if terminal is not None:
                    with terminal.open():
                        await self._until_the_end(stop, terminal)
                else:
                    await self._until_the_end(stop, None)
            finally:
                await self.buses.close()
                self._flush()

    async def _until_the_end(self, stop: asyncio.Event, terminal: LiveTerminal | None) -> None:
        begin = printed = time.monotonic()
        while not stop.is_set():
            now = time.monotonic()
            self.buses.measure(now)
            if self.buses.over:
                await self.buses.ended()  # and if it ended by a fault, that is told
            if now - begin >= self._order.seconds or (terminal is None and self.buses.over):
                break
            if terminal is not None:
                terminal.show(*self.table(terminal.width), now - begin)
            elif now - printed >= self._order.every_s:
                printed = now
                self._print()
            self._flush()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(REFRESH_S, max(begin + self._order.seconds - now, 0.01))):
                    await stop.wait()
        if terminal is None:
            self._print()

    def table(self, width: int) -> tuple[list[Line], list[Line]]:
        """How the buses are, and every device with its newest values. A log that has ended stays as it was."""
        now = time.monotonic()
        head = list(self._page.buses(self.buses.stats, self.buses.measure(now), width))
        if self.buses.over:
            now = max(
                (stats.last_frame_at for stats in self.buses.stats if stats.last_frame_at is not None), default=now
            )
        lines = list(self._page.devices(self.heard.devices(now), now, width))
        notes = [self.heard.not_decoded()]
        if self.heard.refused():
            notes.append("more devices than one bus can have: the others are not shown")
        head += [Line(note, "dim") for note in notes if note]
        return head, lines or [
            Line("nothing is heard yet" if not self.frames else "nothing that is heard passes the filters")
        ]

    def _print(self) -> None:
        head, lines = self.table(self._order.plain_width)
        clock = time.strftime("%Y-%m-%d %H:%M:%S")
        sys.stdout.write("".join(f"{line.text}\n" for line in (Line(clock), *head, *lines, Line(""))))
        sys.stdout.flush()

    def _flush(self) -> None:
        if self._dump is not None:
            self.recording.attempt(self._dump.flush)

    def _record(self, t: float, bus: str, can_id: int, data: bytes) -> None:
        if self._dump is not None:
            self.recording.attempt(self._dump.put, t, bus, can_id, data)
