"""The history on a disk: which form it has here, and which days make room.

Where the Python has sqlite3 it is a database, else a file for each day; both hold the same. What was written in the
other form before stays where it is, is read with the rest as far as this Python can, and makes room with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.resample import resample
from gxbridge.edge.history.day_files import DayFiles
from gxbridge.edge.history.form import COARSE_S, DAMAGED, DATABASE, DAY_S, HistoryForm, day_of

log = logging.getLogger("gxbridge.history")

FINE_DAYS: Final = 90
"""Days with a row for each minute; older ones have one for each quarter of an hour."""
_WRITE: Final = 200_000
_NUMBER: Final = 8
_LETTER: Final = 4
"""What a write costs at most, in bytes: each time, and for each number and letter of the block."""


class HistoryFolder:
    """Where the days are. At most `most_bytes` are kept."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._enough = most_bytes * 19 // 20
        """Bytes from which on the oldest makes room: what is newer must find some, as a database never shrinks."""
        files = DayFiles(folder)
        database = _database(folder / DATABASE)
        self._forms: tuple[HistoryForm, ...] = (files,) if database is None else (database, files)
        damaged = _database(folder / DAMAGED)
        self._read: tuple[HistoryForm, ...] = self._forms if damaged is None else (*self._forms, damaged)
        self._unread = tuple(folder / name for name in ((DAMAGED,) if database is not None else (DAMAGED, DATABASE)))
        """What nobody here writes to or thins."""
        self._told = False

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    def append(self, block: HistoryBlock) -> int:
        """Add minutes; on the disk when this returns, which says how many bytes that wrote. Raises OSError; then
        nothing of the block is read."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._forms[0].append(block)

    def blocks(self, since: float, until: float, names: frozenset[str] | None = None) -> Iterator[HistoryBlock]:
        """Every block of the days from epoch second `since` to `until`, the oldest day first, with these series at
        least. What cannot be read is passed over."""
        self._tell()
        first, last = day_of(since - DAY_S), day_of(until)
        kept = [(form, form.days()) for form in self._read]
        for day in sorted({day for _, days in kept for day in days if first <= day <= last}):
            for form, days in kept:
                if day in days:
                    yield from form.blocks(day, names)

    def span(self) -> tuple[str, str] | None:
        """The first and the last day (`2026-11-29`); None where there is none."""
        days = sorted({day for form in self._read for day in form.days()})
        return (days[0], days[-1]) if days else None

    def make_room(self, may_write: int) -> int:
        """Thin the oldest day, or remove it, where there are too many or too much; how many bytes that wrote.

        Nothing here asks the clock: a clock that jumps must not take the history away. Raises OSError.
        """
        kept = [(form, form.days()) for form in self._forms]
        days = sorted({day for _, found in kept for day in found})
        fine = sorted({day for _, found in kept for day, minutes in found.items() if minutes})
        unread = [path for path in self._unread if path.is_file()]
        size = sum(form.size() for form, _ in kept) + sum(path.stat().st_size for path in unread)
        if size > self._enough and unread:
            log.warning("the history has no room for %s any more: it is removed", unread[0])
            unread[0].unlink()
        elif fine[:-1] and (size > self._enough or len(fine) > FINE_DAYS):
            return sum(_thin(form, fine[0], may_write) for form, found in kept if found.get(fine[0]))
        elif size > self._enough and days[1:]:
            return sum(form.replace(days[0], None) for form, found in kept if days[0] in found)
        return 0

    def _tell(self) -> None:
        """Once: what this Python cannot read."""
        path = self._folder / DATABASE
        if path in self._unread and not self._told and path.is_file():
            self._told = True
            log.warning("this Python has no sqlite3: the days in %s are not shown", path)


def most_written(*blocks: HistoryBlock) -> int:
    """What writing them, or removing them again, costs a disk at most, in bytes; whichever the form."""
    numbers = sum(3 * len(block.times) * (len(block.columns) + 1) for block in blocks)
    letters = sum(len(word) for block in blocks for change in block.changes for word in change[1:])
    return _WRITE + _NUMBER * numbers + _LETTER * letters


def _thin(form: HistoryForm, day: str, may_write: int) -> int:
    """Quarters of an hour instead of minutes; together with what there is already of that day."""
    blocks = list(form.blocks(day))
    moments = [moment for block in blocks for moment in block.times]
    if not moments:
        return form.replace(day, None)
    if most_written(*blocks) > may_write:
        return 0
    since = min(moments) // COARSE_S * COARSE_S
    return form.replace(day, resample(blocks, since, max(moments) + 1, COARSE_S))


def _database(path: Path) -> HistoryForm | None:
    """None where the Python has no sqlite3, as that of a GX may."""
    try:
        import sqlite3  # noqa: F401
    except ImportError:
        return None
    from gxbridge.edge.history.database import HistoryDatabase

    return HistoryDatabase(path)
