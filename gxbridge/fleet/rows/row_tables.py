"""The tables that rows of one file go to: made when the first row comes, whole together."""

from __future__ import annotations

from typing import Any

from gxbridge.fleet.columns.parts import Target
from gxbridge.fleet.columns.rows import RowTable
from gxbridge.fleet.columns.tables import TABLES


class RowTables:
    """`add(table, t, ...)`, then `commit` or `abort`."""

    def __init__(self, target: Target, site: str, name: str) -> None:
        self._target = target
        self._site = site
        self._name = name
        self._tables: dict[str, RowTable] = {}
        self.counts: dict[str, int] = {}
        """Rows by table."""

    def add(self, table: str, t: float, **row: Any) -> None:
        """One row at `t` seconds. Raises OSError."""
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = RowTable(TABLES[table], self._target, self._site, self._name)
        rows.add(t, **row)
        self.counts[table] = self.counts.get(table, 0) + 1

    def commit(self) -> list[str]:
        """Have all files appear; their paths. Raises OSError."""
        for rows in self._tables.values():
            rows.flush()  # a full disk is noticed before the first file appears
        return [path for rows in self._tables.values() for path in rows.commit()]

    def abort(self) -> None:
        """Leave nothing behind."""
        for rows in self._tables.values():
            rows.abort()
