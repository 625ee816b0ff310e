"""Rows of one table on their way to Parquet, in batches and by day."""

from __future__ import annotations

from typing import Any, Final

from gxbridge.fleet.columns.arrow import arrow_schema
from gxbridge.fleet.columns.parts import PartFiles, Target, day_of
from gxbridge.fleet.columns.tables import FleetTable

BATCH_ROWS: Final = 8192


class RowTable:
    """Takes rows as dictionaries without `file`; the time `t` in seconds. What is missing is null."""

    def __init__(self, table: FleetTable, target: Target, site: str, name: str) -> None:
        self._table = table
        self._file = name
        self._parts = PartFiles(target, table.name, arrow_schema(table.name, table.columns), site, name)
        self._waiting: dict[str, list[dict[str, Any]]] = {}
        self._count = 0
        self.abort = self._parts.abort

    def add(self, t: float, **row: Any) -> None:
        """One row. Raises OSError."""
        self._waiting.setdefault(day_of(t), []).append(row | {"t": round(t * 1e6), "file": self._file})
        self._count += 1
        if self._count >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Raises OSError."""
        import pyarrow as pa

        schema = self._parts.schema
        for day, rows in self._waiting.items():
            columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
            self._parts.write(day, pa.Table.from_arrays(columns, schema=schema))
        self._waiting, self._count = {}, 0

    def commit(self) -> list[str]:
        """Have all files appear; their paths. Raises OSError."""
        self.flush()
        return self._parts.commit()
