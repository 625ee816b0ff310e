"""How each CAN bus of a file was, and what was heard on it that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.fast_packet import frames_of
from gxbridge.core.nmea2000.frame import MAX_DATA
from gxbridge.decodelog.statistics import BusLoad, bits_of
from gxbridge.decodelog.words import register_text
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.rows.row_tables import RowTables


class BusCounts:
    """Frames of every bus, with their load."""

    def __init__(self) -> None:
        self.loads: dict[str, BusLoad] = {}
        self.errors: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.down: dict[str, int] = {}

    def frame(self, t: float, bus: str, can_id: int, size: int) -> None:
        """One frame, or a whole message as the frames it took."""
        load = self.loads.get(bus)
        if load is None:
            load = self.loads[bus] = BusLoad(t)
        frames = frames_of(can_id, size)
        for _ in range(frames):
            load.frame(t, bits_of(size if frames == 1 else MAX_DATA))

    @property
    def frames(self) -> int:
        return sum(load.frames for load in self.loads.values())

    def write(
        self,
        tables: RowTables,
        privacy: Privacy,
        t: float,
        decoders: Mapping[str, Decoder],
        silences: Mapping[str, int],
    ) -> None:
        """A row for each bus, at the time the file begins. Raises OSError."""
        for bus in sorted({*self.loads, *self.errors, *silences}):
            load, decoder = self.loads.get(bus), decoders.get(bus)
            tables.add(
                "buses",
                t,
                bus=privacy.bus(bus),
                frames=load.frames if load else 0,
                seconds=round(load.duration_s, 3) if load else 0.0,
                load=load.load_percent if load else None,
                busiest=load.busiest_percent if load else None,
                errors=self.errors.get(bus),
                lost=self.lost.get(bus),
                down=self.down.get(bus),
                incomplete=decoder.incomplete if decoder else None,
                silences=silences.get(bus, 0),
            )


def unknown_rows(tables: RowTables, db: Database, t: float, decoders: Mapping[str, Decoder]) -> None:
    """A row for each kind of message that the database does not know. Raises OSError."""
    for decoder in decoders.values():
        for (pgn, register), kind in decoder.unknown_kinds.items():
            number = decoder.product(kind.source)
            product = None if number is None else db.products.get(number)
            tables.add(
                "unknown",
                t,
                pgn=pgn,
                vreg=None if register is None else register_text(register),
                product=None if number is None else product.name if product else f"0x{number:04X}",
                messages=kind.count,
                length=len(kind.payload),
            )
