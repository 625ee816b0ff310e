"""The tables of the history as a database, and the views in which people find units.

`battery_raw` has a row for each minute (or quarter of an hour), `charger_raw` one for each charger too. A number is
kept in thousandths of its unit, and its least and most as what they lie below and above the mean: small whole numbers
take a third of the space. The views `battery` and `charger` undo that.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from gxbridge.core.history.block import UNKNOWN, HistoryBlock, SeriesColumn, StateChange, unknowns
from gxbridge.core.history.resample import MOST_CHANGES
from gxbridge.core.history.series import MADE, SERIES, TOLD
from gxbridge.core.model.named_tuple import NamedTuple

STEPS: Final = (60, 900)
"""Seconds: the rows there can be."""
MOST_ROWS: Final = 86_400
"""Of a day: a second is given once."""
MOST_SERIES: Final = 256
"""Of a day, of chargers."""
_MOST: Final = 1e15
_AT_ONCE: Final = 120


class _HistoryTable(NamedTuple):
    name: str
    key: str
    utc: str
    source: str
    names: tuple[str, ...]


BATTERY: Final = _HistoryTable("battery", "step_s, time", "", "battery_raw", tuple(SERIES))
CHARGER: Final = _HistoryTable(
    "charger",
    "step_s, time, device",
    "device.name AS charger, device.label, ",
    "charger_raw JOIN device ON device.id = charger_raw.device",
    (TOLD, MADE),
)
_OTHERS: Final = (
    "CREATE TABLE IF NOT EXISTS device (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, label TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS changes (time REAL NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, "
    "text TEXT NOT NULL, PRIMARY KEY (time, name, value, text)) WITHOUT ROWID",
)
RAW: Final = frozenset({"battery_raw", "charger_raw", "changes", "device"})


def prepare(db: sqlite3.Connection) -> None:
    """Make the tables, or add the columns that a later version has, and the views."""
    for sentence in _OTHERS:
        db.execute(sentence)
    for table in (BATTERY, CHARGER):
        keys = ", ".join(f"{name} INTEGER NOT NULL" for name in table.key.split(", "))
        db.execute(f"CREATE TABLE IF NOT EXISTS {table.name}_raw ({keys}, PRIMARY KEY ({table.key})) WITHOUT ROWID")
        there = _present(db, table)
        missing = [name for name in table.names if name not in there]
        for name in missing:
            for column in _columns_of(name):
                db.execute(f"ALTER TABLE {table.name}_raw ADD COLUMN {column} INTEGER")
        if missing:
            columns = ", ".join(f"{mean} AS {name}, {least} AS {name}_least, {most} AS {name}_most"
                                for name in table.names for least, mean, most in (_in_units(name),))  # fmt: skip
            db.execute(f"DROP VIEW IF EXISTS {table.name}")
            db.execute(
                f"CREATE VIEW {table.name} AS SELECT datetime(time, 'unixepoch') AS utc, time, step_s, "  # noqa: S608
                f"{table.utc}{columns} FROM {table.source}"
            )


def insert_block(db: sqlite3.Connection, block: HistoryBlock) -> None:
    """Add the rows of a block. Series that are not in `core/history/series` are not kept."""
    step, moments = round(block.step_s), []
    if step not in STEPS:
        raise ValueError(f"rows of {block.step_s} s are not kept")
    wished = [round(max(-_MOST, min(_MOST, moment))) for moment in block.times]
    span = (step, min(wished), max(wished) + len(wished))
    taken = {t for (t,) in db.execute("SELECT time FROM battery_raw WHERE step_s = ? AND time BETWEEN ? AND ?", span)}
    for moment in wished:
        while moment in taken:  # a clock was set back: the next second that is free
            moment += 1
        taken.add(moment)
        moments.append(moment)
    nothing = SeriesColumn(*(unknowns(len(moments)),) * 3)
    _insert_rows(
        db, BATTERY, ((step, t) for t in moments), [block.columns.get(name, nothing) for name in BATTERY.names]
    )
    for device in dict.fromkeys(name.partition(" ")[2] for name in block.columns):
        if not device:
            continue
        names = [f"{name} {device}" for name in CHARGER.names]
        label = next((block.labels[name] for name in names if name in block.labels), device)
        db.execute("INSERT OR IGNORE INTO device (name, label) VALUES (?, ?)", (device, label))
        db.execute("UPDATE device SET label = ? WHERE name = ? AND label <> ?", (label, device, label))
        ((number,),) = db.execute("SELECT id FROM device WHERE name = ?", (device,))
        _insert_rows(
            db, CHARGER, ((step, t, number) for t in moments), [block.columns.get(name, nothing) for name in names]
        )
    changes = ((round(change.t, 1), *change[1:]) for change in block.changes)
    db.executemany("INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?)", changes)


def delete_span(db: sqlite3.Connection, begin: int, end: int) -> None:
    """Remove what is between two epoch seconds."""
    for table in (BATTERY, CHARGER):
        for step in STEPS:
            db.execute(f"DELETE FROM {table.name}_raw WHERE step_s = ? AND time >= ? AND time < ?", (step, begin, end))  # noqa: S608
    db.execute("DELETE FROM changes WHERE time >= ? AND time < ?", (begin, end))


def read_blocks(
    db: sqlite3.Connection, begin: int, end: int, wanted: frozenset[str] | None = None
) -> Iterator[HistoryBlock]:
    """A block of each step that there is between two epoch seconds, of all series or of those that are `wanted`; the
    changes are in the first one."""
    quantities = None if wanted is None else {name.partition(" ")[0] for name in wanted}
    sentence = "SELECT * FROM changes WHERE time >= ? AND time < ? ORDER BY time DESC LIMIT ?"
    rows = db.execute(sentence, (begin, end, MOST_CHANGES))
    changes = tuple(StateChange(float(t), *map(str, rest)) for t, *rest in rows)[::-1]
    for step in STEPS:
        span = (step, begin, end, MOST_ROWS)
        times, columns = _battery(db, span, _series_there(db, BATTERY, quantities))
        if times:
            labels: dict[str, str] = {}
            if names := _series_there(db, CHARGER, quantities):
                columns |= _chargers(db, span, names, {moment: place for place, moment in enumerate(times)}, labels)
            yield HistoryBlock(float(step), tuple(times), columns, labels, changes)
            changes = ()


def _battery(
    db: sqlite3.Connection, span: tuple[int, ...], names: list[str]
) -> tuple[array[float], dict[str, SeriesColumn]]:
    times, parts = array("d"), [array("f") for _ in range(3 * len(names))]
    cursor = db.execute(_sentence(BATTERY, names, "time"), span)
    while rows := cursor.fetchmany(_AT_ONCE):
        moments, *values = zip(*rows, strict=True)
        times.extend(moments)
        for part, column in zip(parts, values, strict=True):
            part.extend(column if None not in column else (UNKNOWN if value is None else value for value in column))
    return times, {name: SeriesColumn(*parts[3 * n : 3 * n + 3]) for n, name in enumerate(names)}


def _chargers(
    db: sqlite3.Connection, span: tuple[int, ...], names: list[str], places: dict[float, int], labels: dict[str, str]
) -> dict[str, SeriesColumn]:
    columns: dict[str, SeriesColumn] = {}
    for t, device, label, *values in db.execute(_sentence(CHARGER, names, "time, device.name, device.label"), span):
        place = places.get(t)
        for n, name in enumerate(names):
            numbers, series = values[3 * n : 3 * n + 3], f"{name} {device}"
            if place is None or None in numbers or (series not in columns and len(columns) >= MOST_SERIES):
                continue
            if series not in columns:
                columns[series] = SeriesColumn(*(unknowns(len(places)) for _ in range(3)))
                labels[series] = str(label)
            for part, value in zip(columns[series], numbers, strict=True):
                part[place] = value
    return columns


def _sentence(table: _HistoryTable, names: Iterable[str], first: str) -> str:
    columns = ", ".join(chain((first,), *(_in_units(name) for name in names)))
    return f"SELECT {columns} FROM {table.source} WHERE step_s = ? AND time >= ? AND time < ? ORDER BY time LIMIT ?"  # noqa: S608


def _insert_rows(
    db: sqlite3.Connection, table: _HistoryTable, keys: Iterable[tuple[int, ...]], columns: list[SeriesColumn]
) -> None:
    names = (*table.key.split(", "), *chain(*map(_columns_of, table.names)))
    marks = ", ".join("?" * len(names))
    rows = zip(keys, *map(_thousandths, columns), strict=True)
    given = (
        (*key, *chain(*numbers))
        for key, *numbers in rows
        if table is BATTERY or any(mean is not None for mean, _, _ in numbers)
    )
    db.executemany(f"INSERT INTO {table.name}_raw ({', '.join(names)}) VALUES ({marks})", given)  # noqa: S608


def _thousandths(column: SeriesColumn) -> Iterator[tuple[int | None, ...]]:
    """Mean, and how far the least is below it and the most above."""
    for least, mean, most in zip(*column, strict=True):
        middle = _whole(mean)
        yield (middle, middle - _whole(least), _whole(most) - middle) if mean == mean else (None, None, None)


def _whole(value: float) -> int:
    return round(1000 * max(-_MOST, min(_MOST, value)))


def _columns_of(name: str) -> tuple[str, str, str]:
    return name, f"{name}_below", f"{name}_above"


def _in_units(name: str) -> tuple[str, str, str]:
    """Least, mean and most in their unit."""
    mean, below, above = _columns_of(name)
    return f"({mean} - {below}) / 1000.0", f"{mean} / 1000.0", f"({mean} + {above}) / 1000.0"


def _series_there(db: sqlite3.Connection, table: _HistoryTable, quantities: set[str] | None) -> list[str]:
    """What there is of what is asked for; a database of an earlier version has less."""
    there = _present(db, table)
    return [name for name in table.names if name in there and (quantities is None or name in quantities)]


def _present(db: sqlite3.Connection, table: _HistoryTable) -> frozenset[str]:
    return frozenset(str(row[1]) for row in db.execute(f"PRAGMA table_info({table.name}_raw)"))
