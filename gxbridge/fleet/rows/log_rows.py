"""A recorded log as rows: read once to see who is there and how the bus was, once more to play it through the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

from gxbridge import __version__
from gxbridge.core.log_play import BmsFinder, FoundBms, LoggedFrame, play_frames
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import PRODUCT_INFO_PGN, Message
from gxbridge.core.nmea2000.field import text
from gxbridge.core.setup import Setup
from gxbridge.decodelog.filters import SERIAL_REGISTER
from gxbridge.edge.logs.logged_frames import logged_frames
from gxbridge.edge.logs.reader import LogError, open_log
from gxbridge.fleet.columns.messages import MessageTable
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.rows.bus_rows import BusCounts, unknown_rows
from gxbridge.fleet.rows.cycle_rows import CycleRows
from gxbridge.fleet.rows.devices import KnownDevices
from gxbridge.fleet.rows.row_tables import RowTables

SERIAL_CODE = slice(100, 132)
"""Where PGN 126996 has it."""


class FirstPass:
    """Who is on the buses of a record, and how they were."""

    def __init__(self, db: Database, devices: KnownDevices, messages: MessageTable | None = None) -> None:
        self._finder = BmsFinder(db)
        self._devices = devices
        self._messages = messages
        self.counts = BusCounts()
        self.decoders = self._finder.decoders

    def hear(self, frames: Iterable[LoggedFrame]) -> list[FoundBms]:
        """Go through it. Raises OSError."""
        hear, count, messages = self._finder.hear, self.counts.frame, self._messages
        for frame in frames:
            now, offset, bus, can_id, data = frame
            count(now, bus, can_id, len(data))
            message = hear(frame)
            if message is None:
                continue
            if messages is not None:
                messages.add(now + offset, bus, message)
            if message[0].register == SERIAL_REGISTER or message[0].pgn == PRODUCT_INFO_PGN:
                self._serial(bus, message)
        return self._finder.found()

    def _serial(self, bus: str, message: Message) -> None:
        layout, source, _, values, payload = message
        serial = values[0] if layout.kind == "vreg" else text(payload[SERIAL_CODE])
        if isinstance(serial, str) and serial.strip():
            self._devices.serials[bus, source] = serial.split()[-1]


def log_rows(
    path: str,
    db: Database,
    tables: RowTables,
    devices: KnownDevices,
    privacy: Privacy,
    messages: MessageTable | None,
) -> dict[str, Any]:
    """Add the rows of a log; what there is to know of it as a whole. Raises LogError, OSError."""
    first = FirstPass(db, devices, messages)
    with closing(open_log(path)) as reader:
        if reader.format.name == "mk2":
            raise LogError("a trace of VE.Bus, not of a CAN bus; `gxbridge decode` shows it")
        found = first.hear(logged_frames(reader))
        about = {"format": reader.format.name, "bad_lines": reader.bad_lines, "frames": first.counts.frames}
    if not first.counts.frames:
        raise LogError("no frames are in it")
    setup = Setup(version=__version__, configured=tuple(bms for bms, _ in found))
    rows = CycleRows(tables, devices)
    with closing(open_log(path)) as reader:
        play_rows(setup, logged_frames(reader), rows.look)
    begins = rows.begins or 0.0
    first.counts.write(tables, privacy, begins, first.decoders, rows.silences)
    unknown_rows(tables, db, begins, first.decoders)
    return about | {"begins": begins, "seconds": max(load.duration_s for load in first.counts.loads.values())}


def play_rows(setup: Setup, frames: Iterator[LoggedFrame], look: Callable[[Any, float], None]) -> None:
    """Every look of a record that was not made by gxbridge."""
    for cycle, at in play_frames(setup, frames):
        look(cycle, at)
