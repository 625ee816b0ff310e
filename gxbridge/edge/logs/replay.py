"""A recorded log in place of a bus: the recording's own timing, faster, or as fast as it goes."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable
from typing import Final, TypeAlias

from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.fast_packet import KEY, TIMEOUT_S, frames_of, is_fast
from gxbridge.core.nmea2000.frame import MAX_DATA, WHOLE, TimedFrame, pgn_of
from gxbridge.edge.can.can_stats import BusState, CanStats, OnFrames, OnState
from gxbridge.edge.logs.lines import MOST_KEPT
from gxbridge.edge.logs.reader import LogError, LogReader, open_log
from gxbridge.edge.logs.steady_clock import UNTIMED_PER_S, SteadyClock
from gxbridge.edge.tasks import report_failure

log = logging.getLogger("gxbridge.can")

TICK_S: Final = 0.02
"""Frames due within one tick are handed on together, as from a real bus."""
BATCH: Final = 256
"""Frames handed on at once where there is no timing to keep."""
LATE_S: Final = 3 * TIMEOUT_S
"""So much older is a frame made that came too late in the log: enough also beside a frame of the batch before."""
MAX: Final = math.inf


@record
class ReplaySpec:
    """A log and the factor it is played with; `MAX` (infinite): as fast as possible."""

    path: str
    speed: float = 1.0


def parse_replay(text: str) -> ReplaySpec:
    """`LOG[@SPEED]`, SPEED a factor above 0 or `max`. Raises ValueError saying what is wrong.

    A file whose own name has an `@` is found, too: when the whole text is a file, there is no speed in it.
    """
    path, at, speed_text = text.rpartition("@")
    if not at or os.path.exists(text):
        path, speed_text = text, "1"
    if path in ("", "-"):
        raise ValueError(f"{text!r} does not name a log file")
    if speed_text == "max":
        return ReplaySpec(path, MAX)
    try:
        speed = float(speed_text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise ValueError(f"{speed_text!r} is not a speed")
    return ReplaySpec(path, speed)


Batch: TypeAlias = dict[str, list[TimedFrame]]
"""Frames to hand on together, by the name of their bus."""


class _Gaps:
    """Which frames came too late, by the log's own time, to go on with the fast packet before them.

    What is played faster would bring together what did not belong together on the bus.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._last: dict[tuple[str, int], tuple[float, float]] = {}
        self._keys: dict[int, int] = {}

    def behind_s(self, t: float, steady: float, bus: str, can_id: int, data: bytes) -> float:
        """`LATE_S` for such a frame at `t`, 0 for others and where the pause is played (`steady`) and long enough."""
        key = self._keys.get(can_id)
        if key is None:
            if len(self._keys) > MOST_KEPT:  # a hostile log may count through all of them
                self._keys.clear()
                self._last.clear()
            key = self._keys[can_id] = can_id & KEY if is_fast(pgn_of(can_id)) and not can_id & WHOLE else -1
        if key < 0:
            return 0.0
        last, last_steady = self._last.get((bus, key), (t, steady))
        self._last[bus, key] = t, steady
        is_late = abs(t - last) > TIMEOUT_S >= (steady - last_steady) / self._speed
        return LATE_S if is_late and data and data[0] & 31 else 0.0


class ReplaySource:
    """Plays a log to `on_frames`, bus by bus, each batch as a list of (monotonic seconds, 29-bit id, data).

    A log may hold several buses: `sink_of(bus)` is asked once for each bus's name and gives the function its frames go
    to, None to drop them. When the log is over the buses are simply silent (state "ended").
    """

    def __init__(
        self,
        spec: ReplaySpec,
        sink_of: Callable[[str], OnFrames | None],
        *,
        on_state: OnState | None = None,
        on_row: Callable[[float, str, int, bytes], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_row` gets each row with the log's own time, as it is played."""
        self.spec = spec
        self._on_row = on_row
        self.stats = CanStats("replay", log_s=0.0)
        self.bad_lines = 0
        self._sink_of = sink_of
        self._sinks: dict[str, OnFrames | None] = {}
        self._on_state = on_state
        self._clock = clock
        self._reader: LogReader | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the log and begin to play it. Raises LogError when it cannot be read."""
        self._reader = open_log(self.spec.path, on_bad=self._bad)
        if self._reader.format.name == "mk2":
            self._reader.close()
            raise LogError(f"{self.spec.path}: a trace of VE.Bus, not of a CAN bus; `gxbridge decode` shows it")
        self.stats.opened_at = self._clock()
        self._set("open", "")
        self._task = asyncio.create_task(self._play(self._reader), name="replay")
        report_failure(self._task)

    @property
    def over(self) -> bool:
        """Whether nothing more is played."""
        return self._task is not None and self._task.done()

    async def ended(self) -> None:
        """Wait until the log is over."""
        if self._task is not None:
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.result()

    async def close(self) -> None:
        """Stop playing."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._reader is not None:
            self._reader.close()
        self._set("closed", "")

    def send(self, can_id: int, data: bytes) -> bool:  # noqa: ARG002
        """Nobody is there to hear it."""
        self.stats.unsent += 1
        return False

    def _bad(self, line: int, what: str) -> None:
        self.bad_lines += 1
        if self.bad_lines <= 3:
            log.warning("%s: line %d: %s", self.spec.path, line, what)
        elif self.bad_lines == 4:
            log.warning("%s: more lines cannot be read; only counted from here", self.spec.path)

    async def _play(self, reader: LogReader) -> None:
        if self.spec.speed == MAX:
            await self._play_unpaced(reader)
        else:
            await self._play_paced(reader)
        reader.close()
        self.stats.ignored = reader.skipped
        self._set("ended", "the log has ended")

    async def _play_unpaced(self, reader: LogReader) -> None:
        batch: Batch = {}
        clock, first, gaps = SteadyClock(), None, _Gaps(self.spec.speed)
        for number, (t, bus, can_id, data) in enumerate(reader):
            if self._on_row is not None:
                self._on_row(t if reader.timed else number / UNTIMED_PER_S, bus, can_id, data)
            steady = clock.at(t)
            self.stats.log_s = steady - (first := t if first is None else first)
            batch.setdefault(bus, []).append((-gaps.behind_s(t, steady, bus, can_id, data), can_id, data))
            if number % BATCH == BATCH - 1:
                self._hand_on_now(batch)
                batch = {}
                await asyncio.sleep(0)
        self._hand_on_now(batch)

    def _hand_on_now(self, batch: Batch) -> None:
        """Frames that have come at this moment, or so many seconds from it as they say."""
        now = self._clock()
        self._hand_on({bus: [(now + behind, i, d) for behind, i, d in frames] for bus, frames in batch.items()})

    async def _play_paced(self, reader: LogReader) -> None:
        """Each frame gets the moment it is due; what is due is handed on once a tick."""
        now = begin = self._clock()
        batch: Batch = {}
        held = 0
        timed, speed, on_row, stats = reader.timed, self.spec.speed, self._on_row, self.stats
        clock, first, gaps = SteadyClock(), None, _Gaps(speed)
        for number, (log_t, bus, can_id, data) in enumerate(reader):
            if not timed:
                log_t = number / UNTIMED_PER_S
            t = clock.at(log_t)  # where the recorder's clock was set, or a second recording was appended, is no gap
            if first is None:
                first = t
            since = t - first
            if timed:
                stats.log_s = since
            due = begin + since / speed
            if due > now:  # by a clock that was read a while ago
                now = self._clock()
            if due > now:
                self._hand_on(batch)
                batch, held = {}, 0
                await asyncio.sleep(max(due - self._clock(), TICK_S))
            elif held >= BATCH:
                self._hand_on(batch)
                batch, held = {}, 0
                await asyncio.sleep(0)
            if on_row is not None:
                on_row(log_t, bus, can_id, data)
            frames = batch.get(bus)
            if frames is None:
                frames = batch[bus] = []
            frames.append((due - gaps.behind_s(log_t, t, bus, can_id, data), can_id, data))
            held += 1
        self._hand_on(batch)

    def _hand_on(self, batch: Batch) -> None:
        for bus, frames in batch.items():
            if bus not in self._sinks:
                self._sinks[bus] = self._sink_of(bus)
            sink = self._sinks[bus]
            if sink is None:
                continue
            whole = [frame for frame in frames if frame[1] & WHOLE or len(frame[2]) > MAX_DATA]
            self.stats.frames += len(frames) + sum(frames_of(can_id, len(data)) - 1 for _, can_id, data in whole)
            self.stats.last_frame_at = frames[-1][0]
            sink(frames)

    def _set(self, state: BusState, reason: str) -> None:
        if self.stats.state == state:
            return
        self.stats.state, self.stats.reason = state, reason
        log.info("replay of %s: %s", self.spec.path, reason or state)
        if self._on_state is not None:
            self._on_state(self.stats)


__all__ = ["MAX", "LogError", "ReplaySource", "ReplaySpec", "parse_replay"]
