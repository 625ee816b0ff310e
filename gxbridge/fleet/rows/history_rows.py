"""A boat's history as rows, a day or all of it: what was measured, told and made in each minute, and what changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.codec import MAGIC, decode
from gxbridge.core.history.series import MADE, SERIES, TOLD, series_title
from gxbridge.core.history.table import rounded
from gxbridge.edge.history.form import SQLITE_MAGIC
from gxbridge.edge.logs.reader import LogError
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.rows.row_tables import RowTables

MOST_READ: Final = 32 << 20
"""Bytes of one day; nobody writes that much in one."""
FINDING: Final = "finding"
BATTERY: Final = "battery"
WORDS: Final = re.compile(r"[a-z]{0,12}(?:-[a-z0-9]{1,12}){0,4}")
"""What states and reasons are called here; anything else could be somebody's own."""


class _Subject(NamedTuple):
    """Whose number it is: the battery's, or a charger's."""

    series: str
    kind: str
    name: str


def is_history(path: str) -> bool:
    """Whether a file is one of `gxbridge history`. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(len(SQLITE_MAGIC)).startswith((MAGIC, SQLITE_MAGIC))


def history_rows(path: str, tables: RowTables, privacy: Privacy, site: str) -> dict[str, Any]:
    """Add the rows of a history; what there is to know of it as a whole. Raises LogError, OSError."""
    begins, ends = math.inf, -math.inf
    for block in _blocks(Path(path)):
        if block.times:
            begins, ends = min(begins, *block.times), max(ends, block.times[-1] + block.step_s)
        _number_rows(block, tables, privacy, site)
        for change in block.changes:
            name, _, rest = change.name.partition(" ")
            id = rest.partition(" ")[0] if name == FINDING else ""
            words = {
                "name": _word(name, privacy),
                "id": _word(id, privacy) or None,
                "value": _word(change.value, privacy),
            }
            tables.add("changes", change.t, **words)
    if begins == math.inf:
        raise LogError("no block of this history is whole")
    return {"format": "history", "frames": 0, "begins": begins, "seconds": max(0.0, ends - begins)}


def _blocks(path: Path) -> Iterator[HistoryBlock]:
    """One after the other: all of a database at once would not fit. Raises LogError, OSError."""
    with path.open("rb") as file:
        data = file.read(MOST_READ)
    if not data.startswith(SQLITE_MAGIC):
        yield from decode(data)
        return
    try:
        import sqlite3  # noqa: F401
    except ImportError:
        raise LogError("this history is a database, and this Python has no sqlite3") from None
    from gxbridge.edge.history.database import HistoryDatabase

    database = HistoryDatabase(path, foreign=True)
    for day in sorted(database.days()):
        yield from database.blocks(day)


def _number_rows(block: HistoryBlock, tables: RowTables, privacy: Privacy, site: str) -> None:
    for name, column in block.columns.items():
        subject = _subject(name)
        if subject.series not in (*SERIES, TOLD, MADE):
            continue  # of a later version: nobody here knows its unit
        _, unit = series_title(name, {})
        device = {"kind": privacy.kind(subject.kind), "device": privacy.device(f"{site} {subject.name}")}
        for t, least, mean, most in zip(block.times, *column, strict=True):
            if not math.isnan(mean):
                numbers = {"least": rounded(least), "mean": rounded(mean), "most": rounded(most)}
                tables.add("history", t, **device, series=subject.series, unit=unit, step_s=block.step_s, **numbers)


def _subject(name: str) -> _Subject:
    if name in SERIES:
        return _Subject(name, BATTERY, "history")
    series, _, service = name.partition(" ")
    return _Subject(series, service.partition(".")[0], service)


def _word(value: str, privacy: Privacy) -> str:
    """States are words of ours; what is none of them stays on the boat."""
    return value if not privacy.hides or WORDS.fullmatch(value) else "other"
