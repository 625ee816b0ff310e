"""The questions of the report and their answers: each SQL file is asked once, in the order that people read them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from gxbridge.fleet.columns.arrow import FleetError, need
from gxbridge.fleet.columns.tables import TABLES, ColumnType
from gxbridge.fleet.ledger import ABOUT, FORMAT, read_json, target_of
from gxbridge.fleet.sources import file_system_of, is_url

SQL: Final = Path(__file__).parent / "sql"
QUESTIONS: Final = (
    "overview",
    "sites",
    "verdicts",
    "errors_67",
    "obedience",
    "lags",
    "minutes",
    "cells",
    "cell_days",
    "buses",
    "findings",
    "reasons",
    "firmware",
    "unknown",
    "replays",
    "twice",
    "files",
)
GLOB: Final = re.compile(r"[*?\[]")
"""What a folder may be called and a pattern takes for something else."""
MEMORY: Final = "1GB"
"""What DuckDB may take; beyond it uses the disk."""
TYPES: Final[Mapping[ColumnType, str]] = {
    "time": "TIMESTAMPTZ",
    "text": "VARCHAR",
    "number": "DOUBLE",
    "byte": "UTINYINT",
    "count": "BIGINT",
    "flag": "BOOLEAN",
}
ENTRY: Final = {
    "file": "VARCHAR",
    "site": "VARCHAR",
    "path": "VARCHAR",
    "status": "VARCHAR",
    "problem": "VARCHAR",
    "words": "VARCHAR",
    "content": "VARCHAR",
    "format": "VARCHAR",
    "size": "BIGINT",
    "frames": "BIGINT",
    "begins": "DOUBLE",
    "seconds": "DOUBLE",
}
"""What a question can ask of a file."""


class FleetAnswer(NamedTuple):
    """What a question found: rows with the columns of the query."""

    name: str
    title: str
    about: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def answers_of(data: str, names: Mapping[str, str] | None = None) -> list[FleetAnswer]:
    """Every answer about a data set; `names`: what to show in place of a site's id. Raises FleetError."""
    need("A report", "duckdb")
    import duckdb

    about = read_json(target_of(data), ABOUT)
    if about is None or about.get("gxbridge_fleet") != FORMAT:
        raise FleetError(f"{data} is not a data set: make one with gxbridge fleet ingest FOLDER -o {data}")
    with duckdb.connect() as connection:
        try:
            place = _connect(connection, data)
            _views(connection, place)
            return [_ask(connection, name, names or {}) for name in QUESTIONS]
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            raise FleetError(f"the data set cannot be read: {text}; ingest into a new folder") from None


def _connect(connection: Any, data: str) -> str:
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set memory_limit = '{MEMORY}'")
    if not is_url(data):
        return os.path.abspath(data)
    file_system, root = file_system_of(data)
    connection.register_filesystem(file_system)
    protocol = file_system.protocol if isinstance(file_system.protocol, str) else file_system.protocol[0]
    return f"{protocol}://{root.lstrip('/')}"


def _views(connection: Any, place: str) -> None:
    """The tables of the data set, also those that have no file, and the views of `views.sql`."""
    columns = "{" + ", ".join(f"{name}: '{type}'" for name, type in ENTRY.items()) + "}"
    place = GLOB.sub(r"[\g<0>]", place)
    files = _quoted(f"{place}/files/*.json")
    if _is_there(connection, files):
        source = f"read_json({files}, format = 'newline_delimited', columns = {columns})"
    else:
        source = _nothing(ENTRY)
    connection.execute(f"create view entries as select * from {source}")  # noqa: S608 - of our own table of columns
    for table in TABLES.values():
        pattern = _quoted(f"{place}/{table.name}/*/*/*.parquet")
        types = {column.name: TYPES[column.type] for column in table.columns} | {"site": "VARCHAR", "day": "VARCHAR"}
        if _is_there(connection, pattern):
            hive = "hive_partitioning = true, hive_types = {site: VARCHAR, day: VARCHAR}"
            source = f"read_parquet({pattern}, {hive})"
        else:
            source = _nothing(types)
        connection.execute(f"create view all_{table.name} as select * from {source}")  # noqa: S608 - as above
    connection.execute((SQL / "views.sql").read_text(encoding="utf-8"))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _is_there(connection: Any, pattern: str) -> bool:
    found = connection.execute(f"select 1 from glob({pattern}) limit 1").fetchone()  # noqa: S608 - quoted
    return found is not None


def _nothing(types: Mapping[str, str]) -> str:
    cells = ", ".join(f'null::{type} as "{name}"' for name, type in types.items())
    return f"(select {cells} where false)"


def _ask(connection: Any, name: str, names: Mapping[str, str]) -> FleetAnswer:
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    heads = dict(line.removeprefix("-- ").split(": ", 1) for line in text.splitlines()[:2] if ": " in line)
    cursor = connection.execute(text)
    columns = tuple(row[0] for row in cursor.description)
    shown = [
        tuple(_named(column, _plain(cell), names) for column, cell in zip(columns, row, strict=True))
        for row in cursor.fetchall()
    ]
    return FleetAnswer(name, heads["title"], heads.get("about", ""), columns, shown)


def _plain(cell: Any) -> Any:
    """What JSON has."""
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return cell


def _named(column: str, cell: Any, names: Mapping[str, str]) -> Any:
    if column == "site":
        return names.get(cell, cell)
    if column == "sites":
        return [names.get(site, site) for site in cell]
    return cell
