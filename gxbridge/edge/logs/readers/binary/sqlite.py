"""python-can's database: a table `messages` of ts, arbitration_id, extended, remote, error, dlc, data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gxbridge.core.nmea2000.frame import MAX_DATA, MAX_ID
from gxbridge.edge.logs.lines import FAR_FUTURE_S, LogError, LogRow, OpenLog
from gxbridge.edge.logs.on_disk import file_of

MAGIC = b"SQLite format 3\0"
CELL = 1 << 16
"""Most bytes of one value: a frame has 8."""
ROWS = "SELECT ts, arbitration_id, extended, remote, error, dlc, data FROM messages"


def sqlite_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """The frames in the order of the table; rows that are none are told by their number."""
    with file_of(log, stream, ".db") as path:
        yield from _rows(log, path)


def _rows(log: OpenLog, path: str) -> Iterator[LogRow]:
    try:
        import sqlite3
        from urllib.parse import quote
    except ImportError:
        raise LogError(f"{log.name}: a database, but this Python has no sqlite3 module") from None
    number = 0
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL)
            for number, cells in enumerate(connection.execute(ROWS), 1):
                if _is_usual(*cells):
                    yield cells[0], "can0", cells[1], cells[6]
                    continue
                row = _row(log, number, *cells)
                if row is not None:
                    yield row
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError, ValueError) as fault:
        log.bad(number + 1, f"the log cannot be read any further: {fault}")


def _is_usual(t: object, can_id: object, extended: object, remote: object, error: object, *rest: object) -> bool:
    size, data = rest
    if extended != 1 or remote or error or type(can_id) is not int or type(t) is not float or type(data) is not bytes:
        return False
    return 0 <= can_id <= MAX_ID and len(data) == size and len(data) <= MAX_DATA and 0.0 <= t < FAR_FUTURE_S


def _row(log: OpenLog, number: int, *cells: object) -> LogRow | None:
    t, can_id, extended, remote, error, size, data = cells
    data = b"" if data is None else data
    if extended in (0, "0") or remote or error:
        log.skipped += 1
        return None
    if not isinstance(t, int | float) or not isinstance(can_id, int) or not isinstance(data, bytes):
        log.bad(number, "a row without time, identifier and data")
    elif not 0.0 <= t < FAR_FUTURE_S:
        log.bad(number, f"{t} is not a time")
    elif not 0 <= can_id <= MAX_ID:
        log.skipped += 1
    elif len(data) != size or len(data) > MAX_DATA:
        log.bad(number, f"{size} data bytes promised, {len(data)} there")
    else:
        return float(t), "can0", can_id, data
    return None
