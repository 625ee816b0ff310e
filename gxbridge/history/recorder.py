"""Reads the services once a second, remembers, and has the minutes appended to the disk every quarter of an hour."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import Final

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.memory import HistoryMemory
from gxbridge.core.history.resample import resample
from gxbridge.core.history.series import sample
from gxbridge.core.history.write_budget import WriteBudget
from gxbridge.history.folder import HistoryFolder, most_written
from gxbridge.history.services import SeenServices
from gxbridge.live.session import ends_by_signal

log = logging.getLogger("gxbridge.history")

WRITE_EVERY_S: Final = 900.0
MOST_A_DAY: Final = 10_000_000
"""Bytes written to the disk in 24 hours, at most."""
LEFT_FOR_MINUTES: Final = 300_000
"""Bytes that making room leaves for what is newer."""


class Recorder:
    """`folder` is None where nothing is to be kept on a disk. `clock` gives epoch seconds, `now` monotonic ones."""

    def __init__(
        self,
        services: SeenServices,
        folder: HistoryFolder | None,
        *,
        clock: Callable[[], float] = time.time,
        now: Callable[[], float] = time.monotonic,
        write_every_s: float = WRITE_EVERY_S,
    ) -> None:
        self.trouble = ""
        """Why the disk takes nothing, for people; empty where it does."""
        self._services = services
        self._folder = folder
        self._clock = clock
        self._now = now
        self._write_every_s = write_every_s
        self.budget = WriteBudget(MOST_A_DAY)
        """What may still be written in these 24 hours."""
        self._memory = HistoryMemory()
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is in memory is written."""
        written_at = self._now()
        while not stop.is_set():
            self.look()
            if self._now() - written_at >= self._write_every_s:
                written_at = self._now()
                await self.write()
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0 - self._now() % 1.0):
                    await stop.wait()
        await self.write()

    def look(self) -> None:
        """Remember what the services show now."""
        self._memory.add(self._now(), sample(self._services.items))

    async def write(self) -> None:
        """Append what waits, and make room. What does not work is tried again with the next."""
        folder = self._folder
        if folder is None:
            return
        async with self._writing:
            now = self._now()
            block = self._memory.waiting(now, self._offset())
            try:
                if block.times:
                    most = most_written(block)
                    if self.budget.left(now) < most:
                        return
                    self.budget.spend(now, most)
                    self.budget.spend(now, await asyncio.to_thread(folder.append, block) - most)
                    self._memory.written(now)
                left = self.budget.left(now) - LEFT_FOR_MINUTES
                self.budget.spend(now, await asyncio.to_thread(folder.make_room, left))
            except (OSError, ValueError) as error:
                trouble = f"the history cannot be written to {folder.folder}: {error}"
                if trouble != self.trouble:
                    log.warning("%s", trouble)
                self.trouble = trouble
            else:
                self.trouble = ""

    async def query(self, since: float, until: float, points: int, names: frozenset[str] | None = None) -> HistoryBlock:
        """The history between two epoch seconds in at most so many spans; what is newest comes from memory."""
        async with self._reading:  # one at a time: a reader with many wishes must not take every core
            offset = self._offset()
            oldest = self._memory.oldest
            edge = until if oldest is None else min(max(oldest + offset, since), until)
            parts = []
            if edge < until:
                parts.append(self._memory.recent(edge - offset, until - offset, offset, names))
            finest = parts[0].step_s if parts and edge == since else 60.0
            step_s = max(finest, (until - since) / points)
            return await asyncio.to_thread(self._resampled, parts, since, until, edge, step_s, names)

    def _resampled(
        self,
        parts: list[HistoryBlock],
        since: float,
        until: float,
        edge: float,
        step_s: float,
        names: frozenset[str] | None,
    ) -> HistoryBlock:
        old = self._folder.blocks(since, edge, names) if self._folder is not None and since < edge else iter(())
        cut = (resample((block,), block.times[0], edge, block.step_s, names) if block.times[-1:] > (edge,) else block
               for block in old)  # fmt: skip
        # One after the other: all of 90 days at once would not fit.
        return resample(chain(cut, parts), since, until, step_s, names)

    def _offset(self) -> float:
        return self._clock() - self._now()


async def record(bus: str, folder: HistoryFolder) -> None:
    """Record until a signal ends it. Raises BusUnreachable."""
    stop = asyncio.Event()
    services = SeenServices(bus)
    with ends_by_signal(stop):
        await services.start()
        try:
            await Recorder(services, folder).run(stop)
        finally:
            await services.close()
