"""`gxbridge capture` while it runs: every frame and every D-Bus value on its way into the file, made anonymous."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Final

from gxbridge import __version__
from gxbridge.config import Config
from gxbridge.core.capture.frame_anonymiser import CapturedRow, FrameAnonymiser
from gxbridge.core.capture.remarks import FIRST_LINE, remark, service_remarks
from gxbridge.core.capture.replacements import Replacements
from gxbridge.core.capture.service_values import ServiceAnonymiser
from gxbridge.core.model.items import plain_items
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.vecan.devices import DeviceView
from gxbridge.decodelog.filters import Wanted
from gxbridge.edge.can.can_stats import CanStats
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.logs.candump_file import CandumpFile
from gxbridge.edge.machine import platform
from gxbridge.live.buses import BusListener
from gxbridge.live.device_readings import WatchedDevices
from gxbridge.live.session import Recording, ends_by_signal, quiet_log

LOOK_S: Final = 0.5
FLUSH_S: Final = 2.0
"""What was heard is in the file so soon, also where the power fails."""
WORDS: Final = (
    "A recording of CAN buses for people who help: serial numbers, unique numbers, names and positions are replaced,",
    "unknown texts and messages are left out. `gxbridge capture --show FILE` says what is in it.",
)


@record
class CaptureOrder:
    """How long is recorded, and whether unknown registers of one frame are."""

    seconds: float
    keep_unknown: bool
    dbus: bool


class Capturing:
    """Writes to `stream`. `run` raises LogError; `recording` tells whether the file could be written."""

    def __init__(
        self, config: Config, db: Database, order: CaptureOrder, stream: BinaryIO, tell: Callable[[str], None]
    ) -> None:
        """`tell` is told of a bus that is not there or fails, and when it is well again."""
        replacements = Replacements()
        self._config = config
        self._order = order
        self._stream = stream
        self._file = CandumpFile(stream)
        self._frames = FrameAnonymiser(db, replacements, order.keep_unknown)
        self._services = ServiceAnonymiser(db, replacements)
        self._devices = WatchedDevices(db, Wanted())
        self._listener = BusListener(config, lambda _bus, _frames: None, self._record, self._told)
        self._tell = tell
        self._troubled: set[str] = set()
        self._flushed_at = time.monotonic()
        self._first_t: float | None = None
        self._last_t = 0.0
        self._values = 0
        self._names: set[str] = set()
        self._written: Counter[str] = Counter()
        self.dbus_trouble = ""
        """Why there are no D-Bus values, for people."""
        self.recording = Recording()

    @property
    def written(self) -> int:
        """Frames in the file."""
        return self._file.frames

    @property
    def bad_lines(self) -> int:
        """Lines of the log that could not be read."""
        return self._listener.bad_lines

    async def run(self) -> None:
        """Until the time is over, the log has ended, or the user asks for the end."""
        stop = self.recording.stop
        with ends_by_signal(stop), quiet_log(not self._listener.is_log):
            begin = time.monotonic()
            self._put(FIRST_LINE)
            for words in WORDS:
                self._put(f"# {words}\n")
            self._put(remark({"capture": self._head(self._listener.epoch(begin))}))
            monitor = None
            try:
                await self._listener.start()
                monitor = await self._watch_services()
                while not stop.is_set() and not self._listener.over:
                    left = begin + self._order.seconds - time.monotonic()
                    if left <= 0:
                        break
                    self._flush()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(min(LOOK_S, left)):
                            await stop.wait()
            finally:
                if monitor is not None:
                    await monitor.close()
                await self._listener.close()
            if self._listener.over:
                await self._listener.ended()  # and if it ended by a fault, that is told
            self.recording.attempt(self._write, self._frames.end())
            live = self._config.replay is None
            self._put_end(time.monotonic() - begin if live else self._last_t - (self._first_t or 0.0))

    def _head(self, t: float) -> dict[str, Any]:
        replay = self._config.replay is not None
        return {
            "format": 1,
            "gxbridge": __version__,
            "machine": platform(),
            "t": None if replay else round(t, 6),
            "buses": [] if replay else [self._frames.bus(spec.name) for spec in self._config.can],
            "keep_unknown": self._order.keep_unknown,
        }

    def _told(self, stats: CanStats) -> None:
        """Nobody should wait five minutes for a bus that is down."""
        if stats.state in ("waiting", "down", "bus-off"):
            self._troubled.add(stats.name)
            self._tell(f"{stats.name}: {stats.state}: {stats.reason}")
        elif stats.state == "open" and stats.name in self._troubled:
            self._troubled.remove(stats.name)
            self._tell(f"{stats.name}: open")

    # --- frames -------------------------------------------------------------------------------------------------------

    def _record(self, t: float, bus: str, can_id: int, data: bytes) -> None:
        self.recording.attempt(self._write, self._frames.feed(t, bus, can_id, data))

    def _write(self, rows: Iterable[CapturedRow]) -> None:
        for t, bus, can_id, data in rows:
            self._file.put(t, bus, can_id, data)
            self._written[bus] += 1
            self._first_t = t if self._first_t is None else self._first_t
            self._last_t = max(self._last_t, t)
            self._devices.hear(bus, [(t, can_id, data)])

    # --- D-Bus --------------------------------------------------------------------------------------------------------

    async def _watch_services(self) -> Monitor | None:
        if not self._order.dbus or self._config.replay is not None:
            return None
        monitor = Monitor(
            self._config.dbus_address,
            self._changed,
            self._changed,
            self._gone,
            wanted=lambda name: self._services.name(name) is not None,
        )
        try:
            await monitor.start()
        except (BusError, OSError) as error:
            self.dbus_trouble = str(error)
            return None
        return monitor

    def _changed(self, service: str, items: Mapping[str, WireValue]) -> None:
        name = self._services.name(service)
        values = self._services.values(plain_items(items))
        if name is None or not values:
            return
        self._names.add(name)
        self._values += len(values)
        for line in service_remarks(self._now(), name, values):
            self._put(line)

    def _gone(self, service: str) -> None:
        name = self._services.name(service)
        if name is not None:
            self._put(remark({"t": self._now(), "service": name, "gone": True}))

    def _now(self) -> float:
        return round(self._listener.epoch(time.monotonic()), 6)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _put_end(self, seconds: float) -> None:
        for device in self._devices.devices(self._last_t):
            self._put(remark({"device": device_facts(device.view)}))
        stats = self._listener.stats
        self._put(
            remark(
                {
                    "end": {
                        "seconds": round(seconds, 1),
                        "frames": dict(self._written),
                        "heard": self._frames.frames,
                        "too_long": self._file.left_out,
                        "lost": sum(bus.lost for bus in stats),
                        "not_vecan": sum(bus.ignored for bus in stats),
                        "error_frames": sum(bus.error_count for bus in stats),
                        "left_out": dict(self._frames.left_out.most_common()),
                        "unknown": dict(self._frames.unknown.most_common()),
                        "services": len(self._names),
                        "values": self._values,
                        "values_left_out": self._services.left_out,
                    }
                }
            )
        )

    def _put(self, line: str) -> None:
        self.recording.attempt(self._stream.write, line.encode())

    def _flush(self) -> None:
        now = time.monotonic()
        if now - self._flushed_at >= FLUSH_S:
            self._flushed_at = now
            self.recording.attempt(self._stream.flush)


def device_facts(view: DeviceView) -> dict[str, Any]:
    """A device as the capture lists it: everything of it was replaced before."""
    return {
        "bus": view.bus,
        "address": view.address,
        "kind": view.kind,
        "product_id": view.product_id,
        "product": view.product_name,
        "manufacturer": view.manufacturer,
        "unique_number": view.unique_number,
        "device_instance": view.device_instance,
        "serial": view.serial,
        "firmware": view.firmware_text,
        "name": view.description,
        "messages": view.messages,
    }
