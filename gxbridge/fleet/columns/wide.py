"""A log as a table to plot: a row a second, a column for each quantity of each sender, the unit in its metadata."""

from __future__ import annotations

import math
from typing import Any, Final

from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.widelines import HELD_S, WideColumns, key_of
from gxbridge.decodelog.words import CELSIUS, KELVIN, celsius
from gxbridge.fleet.columns.parts import PartFiles, Target, day_of

BATCH_SECONDS: Final = 4096


class WideTable:
    """Takes messages in the order of the log, and writes the table `wide`. `columns` were found by going through it
    before; a cell is the newest value, null when that is older than `HELD_S` or not available."""

    def __init__(self, db: Database, columns: WideColumns, target: Target, site: str, name: str) -> None:
        self._db = db
        self._columns = columns
        self._is_number = [_is_number(field) for field in columns.fields]
        self._parts = PartFiles(target, "wide", self._schema(), site, name)
        self._second: int | None = None
        self._cells: list[FieldValue] = [None] * len(columns.fields)
        self._until = [-math.inf] * len(columns.fields)
        self._rows: list[tuple[int, list[FieldValue]]] = []
        self.abort = self._parts.abort

    def _schema(self) -> Any:
        import pyarrow as pa

        fields = [pa.field("t", pa.timestamp("us", tz="UTC"), metadata={"unit": "UTC"})]
        for head, field, number in zip(self._columns.names, self._columns.fields, self._is_number, strict=True):
            unit = CELSIUS if field.unit == KELVIN else field.unit
            fields.append(pa.field(head, pa.float64() if number else pa.string(), metadata={"unit": unit}))
        return pa.schema(fields, metadata={"gxbridge_table": "wide"})

    def add(self, t: float, bus: str, message: Message) -> None:
        """One message heard at `t`. Raises OSError."""
        second = math.floor(t)
        if second != self._second:
            self._end_row()
            self._second = second
        for number, column in self._columns.places.get(key_of(bus, message) or ("", 0, message[0], None), ()):
            self._cells[column] = self._cell(column, message[3][number])
            self._until[column] = t + HELD_S

    def _cell(self, column: int, value: FieldValue) -> FieldValue:
        field = self._columns.fields[column]
        if value is None:
            return None
        if self._is_number[column]:
            return celsius(value) if field.unit == KELVIN and isinstance(value, int | float) else value
        if isinstance(value, bytes):
            return value.hex()
        return value if isinstance(value, str) else self._db.text(field, value) or str(value)

    def _end_row(self) -> None:
        if self._second is None:
            return
        begin = self._second
        pairs = zip(self._cells, self._until, strict=True)
        self._rows.append((begin, [cell if until - HELD_S - 1.0 <= begin < until else None for cell, until in pairs]))
        if len(self._rows) >= BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the whole rows. Raises OSError."""
        import pyarrow as pa

        by_day: dict[str, list[tuple[int, list[FieldValue]]]] = {}
        for row in self._rows:
            by_day.setdefault(day_of(row[0]), []).append(row)
        self._rows = []
        schema = self._parts.schema
        for day, rows in by_day.items():
            columns = [pa.array([second * 1_000_000 for second, _ in rows], schema.field("t").type)]
            for field, cells in zip(list(schema)[1:], zip(*(cells for _, cells in rows), strict=True), strict=True):
                columns.append(pa.array(cells, field.type))
            self._parts.write(day, pa.Table.from_arrays(columns, schema=schema))

    def commit(self) -> list[str]:
        """Have all files appear; their paths. Raises OSError."""
        self._end_row()
        self._second = None
        self.flush()
        return self._parts.commit()


def _is_number(field: FieldInfo) -> bool:
    return field.is_number and field.enum is None
