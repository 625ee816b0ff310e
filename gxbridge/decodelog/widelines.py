"""Messages as a table to plot: one row for each second of the log, one column for each quantity of each sender.

A column is called `41:battery_status[0].voltage`: address, message or register, instance where there is one, field;
before it the bus where the log has several. Its cell is the newest value, and empty when that is older than `HELD_S`
or the device has said that it has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.csvlines import cell_text
from gxbridge.decodelog.times import WriteTime, plain
from gxbridge.decodelog.words import CELSIUS, KELVIN, LineFormat, celsius, is_service

HELD_S = 10.0
"""Slower than this says hardly any message that is worth a curve."""
MOST_COLUMNS = 1000
INSTANCE = "instance"
KINDS = ("pgn", "vreg", "mk2")

Key = tuple[str, int, Layout, FieldValue]
"""Bus, sender, message, instance."""


class WideColumns:
    """The quantities of a log, found by going through it once. `wanted` are names with * and ?; empty: all."""

    def __init__(self, db: Database, wanted: Sequence[str] = ()) -> None:
        self._db = db
        self._wanted = wanted
        self._bus: str | None = None
        self.places: dict[Key, list[tuple[int, int]]] = {}
        """Where the fields of a message go: number of the field, number of the column."""
        self.heads: list[str] = []
        self.names: list[str] = []
        """The columns without their units."""
        self.fields: list[FieldInfo] = []
        self.left_out = 0
        """Quantities beyond the first `MOST_COLUMNS`."""

    def note(self, bus: str, message: Message) -> None:
        """One message of the log."""
        key = key_of(bus, message)
        if key is None or key in self.places:
            return
        self._bus = self._bus or bus
        _, source, layout, instance = key
        subject = layout.name.removeprefix("VE_REG_").lower() + (f"[{instance}]" if isinstance(instance, int) else "")
        places = self.places[key] = []
        for number, field in enumerate(layout.fields):
            name = f"{subject}.{field.name}"
            full = f"{'' if bus == self._bus else f'{bus}/'}{source}:{name}"
            if field.name == INSTANCE or not self._is_wanted((full, name, f"{source}:{name}")):
                continue
            if len(self.heads) >= MOST_COLUMNS:
                self.left_out += 1
                continue
            places.append((number, len(self.heads)))
            unit = CELSIUS if field.unit == KELVIN else field.unit
            self.names.append(full)
            self.heads.append(cell_text(f"{full} [{unit}]" if unit else full))
            self.fields.append(field)

    def _is_wanted(self, names: Iterable[str]) -> bool:
        return not self._wanted or any(fnmatchcase(name, pattern) for name in names for pattern in self._wanted)

    def text(self, column: int, value: FieldValue) -> str:
        """The cell of a value: a meaning instead of its number, degrees Celsius."""
        field = self.fields[column]
        if value is None:
            return ""
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, str):
            return cell_text(value)
        if field.unit == KELVIN:
            return str(celsius(value))
        return cell_text(self._db.text(field, value) or str(value)) if field.enum else str(value)


class WideLines(LineFormat):
    """Makes a row when the first message of another second comes, and the last one at the end."""

    def __init__(self, columns: WideColumns, write_time: WriteTime = plain) -> None:
        self._columns = columns
        self._time = write_time
        self._second: int | None = None
        self._cells: list[str] = [""] * len(columns.heads)
        self._until: list[float] = [-math.inf] * len(columns.heads)

    def begin(self) -> str:
        return ",".join(("t", *self._columns.heads)) + "\n"

    def line(self, t: float, bus: str, message: Message) -> str:
        second = math.floor(t)
        row = ""
        if second != self._second:
            row, self._second = self.end(), second
        places = self._columns.places.get(key_of(bus, message) or ("", 0, message[0], None), ())
        for number, column in places:
            self._cells[column] = self._columns.text(column, message[3][number])
            self._until[column] = t + HELD_S
        return row

    def end(self) -> str:
        if self._second is None:
            return ""
        begin = float(self._second)
        cells = (
            cell if until - HELD_S - 1.0 <= begin < until else ""
            for cell, until in zip(self._cells, self._until, strict=True)
        )
        return ",".join((self._time(begin), *cells)) + "\n"


def key_of(bus: str, message: Message) -> Key | None:
    """What tells a quantity from others; None for a message that holds no values of its sender."""
    layout, source, _, values, _ = message
    if layout.kind not in KINDS or is_service(layout):
        return None
    for field, value in zip(layout.fields, values, strict=True):
        if field.name == INSTANCE:
            return bus, source, layout, value
    return bus, source, layout, None
