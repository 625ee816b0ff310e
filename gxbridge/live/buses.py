"""The buses that are listened to, or a log in their place: opened, counted, closed. Nothing is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from gxbridge.config import Config, Overrides, load
from gxbridge.config.interfaces import MULTICAST
from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.core.vecan.bus_load import Carried, load_percent
from gxbridge.edge.can.can_stats import CanStats, OnState
from gxbridge.runtime.can_watch import carried_by

if TYPE_CHECKING:
    from gxbridge.edge.can.can_bus import CanSource
    from gxbridge.edge.logs.replay import ReplaySource

OnBusFrames: TypeAlias = Callable[[str, list[TimedFrame]], None]
Recorded: TypeAlias = Callable[[float, str, int, bytes], None]
"""Each frame with its time in seconds since 1970, or of the log."""

MEASURE_S: Final = 2.0
MOST_BUSES: Final = 64
"""Of a log; a broken one may have more names, whose frames are not looked at."""


class BusTraffic(NamedTuple):
    """Frames a second, and the share of 250 kbit/s in percent; None where it cannot be told."""

    frames_per_s: float
    load_percent: float | None


def configured(buses: list[str], replay: str | None, file: str | None, dbus: str | None = None) -> Config:
    """The configuration with these buses; `can0` alone is an interface of SocketCAN. Without buses and file it is the
    one that a GX has, if it has one. Raises ConfigError."""
    can = tuple(bus if ":" in bus or bus == MULTICAST else f"socketcan:{bus}" for bus in buses)
    if file is None and not can and replay is None:
        from gxbridge.doctor.gather import USUAL_CONFIG

        file = str(USUAL_CONFIG) if USUAL_CONFIG.is_file() else None
    return load(file, Overrides(can=can, replay=replay, dbus=dbus))


class BusListener:
    """`on_frames(bus, frames)` hears everything; `record` gets each frame with the time at which it was on the bus."""

    def __init__(
        self,
        config: Config,
        on_frames: OnBusFrames,
        record: Recorded | None = None,
        on_state: OnState | None = None,
    ) -> None:
        self._on_frames = on_frames
        self._record = record
        self._to_epoch = time.time() - time.monotonic()
        self._names: set[str] = set()
        self._replay: ReplaySource | None = None
        self._sources: list[CanSource] = []
        if config.replay is not None:
            from gxbridge.edge.logs.replay import ReplaySource

            self._replay = ReplaySource(config.replay, self._played, on_row=record)
            stats = [self._replay.stats]
        else:
            from gxbridge.edge.can.can_bus import CanSource

            self._sources = [CanSource(spec, self._hearer(spec.name), on_state=on_state) for spec in config.can]
            stats = [source.stats for source in self._sources]
        self.stats: tuple[CanStats, ...] = tuple(stats)
        self._measured: dict[str, BusTraffic] = {}
        self._before: dict[str, tuple[float, int, Carried]] = {}

    def measure(self, now: float) -> Mapping[str, BusTraffic]:
        """What each bus carries, by its own time, over the last seconds; to be asked again and again."""
        for stats in self.stats:
            at = now if stats.log_s is None else stats.log_s  # a log may be played faster or slower than the bus was
            carried = carried_by(stats) or Carried(0, 0)
            then, frames, before = self._before.setdefault(stats.name, (at, stats.frames, carried))
            if at - then >= MEASURE_S:
                load = None if carried_by(stats) is None else load_percent(before, carried, at - then)
                self._measured[stats.name] = BusTraffic((stats.frames - frames) / (at - then), load)
                self._before[stats.name] = at, stats.frames, carried
        return self._measured

    async def start(self) -> None:
        """Open everything; a bus that is missing or down is waited for. Raises LogError."""
        if self._replay is not None:
            await self._replay.start()
        for source in self._sources:
            await source.start()

    async def close(self) -> None:
        """Close everything."""
        for source in (*self._sources, *((self._replay,) if self._replay is not None else ())):
            await source.close()

    @property
    def is_log(self) -> bool:
        """Whether a recorded log is played in place of buses."""
        return self._replay is not None

    @property
    def over(self) -> bool:
        """Whether the log has ended; a bus never does."""
        return self._replay is not None and self._replay.over

    async def ended(self) -> None:
        """Wait until the log is over."""
        if self._replay is not None:
            await self._replay.ended()

    @property
    def bad_lines(self) -> int:
        return 0 if self._replay is None else self._replay.bad_lines

    def epoch(self, now: float) -> float:
        """Seconds since 1970 of a monotonic moment; set clocks do not move it."""
        return now + self._to_epoch

    def _played(self, bus: str) -> Callable[[list[TimedFrame]], None] | None:
        if len(self._names) >= MOST_BUSES:
            return None
        self._names.add(bus)
        return lambda frames: self._on_frames(bus, frames)

    def _hearer(self, bus: str) -> Callable[[list[TimedFrame]], None]:
        record, shift = self._record, self._to_epoch

        def hear(frames: list[TimedFrame]) -> None:
            if record is not None:
                for now, can_id, data in frames:
                    record(now + shift, bus, can_id, data)
            self._on_frames(bus, frames)

        return hear
