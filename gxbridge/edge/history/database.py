"""The history as an SQLite database, where the Python has sqlite3: one file that any program for SQLite opens.

With a rollback journal, not with a write-ahead log: the log would halve what 96 small transactions a day write, but
only if its contents stayed out of the file for a day, and whoever copies the file then has yesterday's. Small pages do
as much. Nothing is vacuumed: what a thinned day leaves free is taken by the next minutes, and the file does not grow.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from gxbridge.core.history.block import HistoryBlock
from gxbridge.edge.history.form import COARSE_S, DAMAGED, DAY_S, FILE_SYSTEM, FIRST_DAY, LAST_DAY, begin_of, day_of
from gxbridge.edge.history.tables import RAW, STEPS, delete_span, insert_block, prepare, read_blocks
from gxbridge.edge.replace_file import sync_folder

log = logging.getLogger("gxbridge.history")

PAGE: Final = 1024
"""Bytes. A minute's row is a tenth of it; pages of 4096 bytes make the same day cost 2.5 times as much."""
WAITS_S: Final = 5.0
"""For another program that holds the file."""
_FOREVER: Final = 1 << 62
_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
"""Errors of the disk or of another program, after which the file is good. All others are damage."""
_UNREADABLE: Final = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})
"""And so is a sector that cannot be read."""
_MOST_STEPS: Final = 100
_STEPS_AT_ONCE: Final = 1_000_000
"""Of SQLite's machine: a day takes one million; pages that point in circles would take for ever."""
_CAREFUL: Final = (
    "PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON", "PRAGMA mmap_size = 0", "PRAGMA cache_size = -500",
)  # fmt: skip
"""As sqlite.org/security.html advises for a file that somebody else may have written; 500 kB of memory."""
_WRITING: Final = (
    f"PRAGMA page_size = {PAGE}", "PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA",
    "PRAGMA cache_spill = OFF",
)  # fmt: skip


class DamagedDatabase(OSError):
    """SQLite says that a file is not what it wrote."""


class HistoryDatabase:
    """A HistoryForm. `foreign`: only ever read, and nobody else writes to it."""

    def __init__(self, path: Path, *, foreign: bool = False) -> None:
        self._path = path
        self._foreign = foreign
        self._told = ""
        self._damage: DamagedDatabase | None = None

    def append(self, block: HistoryBlock) -> int:
        """A database that is damaged, as this or reading has shown, is set aside, and a new one begun."""
        if self._damage is None:
            with suppress(DamagedDatabase):
                return self._write(lambda db: insert_block(db, block))
        self._set_aside()
        return self._write(lambda db: insert_block(db, block))

    def days(self) -> Mapping[str, bool]:
        """Found by as many looks into the keys as there are days."""
        found: dict[str, bool] = {}

        def work(db: sqlite3.Connection) -> None:
            for step in STEPS:
                since: int | None = -_FOREVER
                while since is not None:
                    sentence = "SELECT min(time) FROM battery_raw WHERE step_s = ? AND time >= ?"
                    ((first,),) = db.execute(sentence, (step, since))
                    day = None if first is None else day_of(first)
                    if day is not None:
                        found[day] = found.get(day, False) or step < COARSE_S
                    since = None if day in (None, LAST_DAY) else begin_of(str(day)) + DAY_S

        self._ask(work)
        return found

    def blocks(self, day: str, names: frozenset[str] | None = None) -> Iterator[HistoryBlock]:
        """One of minutes, one of quarters of an hour, where there are any. The file is held only before the first."""
        found: list[HistoryBlock] = []
        self._ask(lambda db: found.extend(read_blocks(db, *_bounds(day), names)))
        yield from found

    def replace(self, day: str, block: HistoryBlock | None) -> int:
        """In one transaction."""

        def work(db: sqlite3.Connection) -> None:
            delete_span(db, *_bounds(day))
            if block is not None:
                insert_block(db, block)
            else:
                db.execute("DELETE FROM device WHERE id NOT IN (SELECT device FROM charger_raw)")

        try:
            return self._write(work)
        except DamagedDatabase:  # `append` begins a new one
            return 0

    def size(self) -> int:
        """Without the pages that are free for the next minutes."""
        pages: list[int] = []
        self._ask(lambda db: pages.append(_pragma(db, "page_count") - _pragma(db, "freelist_count")))
        with suppress(OSError):
            return pages[0] * PAGE if pages else self._path.stat().st_size
        return 0

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> int:
        """Have all of it on the disk, or nothing; how many bytes that wrote."""
        if self._path.is_symlink():
            raise OSError(f"{self._path.name} is a symbolic link")
        if not self._path.exists():  # never opened beside SQLite, whose locks the closing would undo
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            sync_folder(str(self._path.parent))
        with self._open() as db:
            for sentence in _WRITING:
                db.execute(sentence)
            db.execute("BEGIN IMMEDIATE")
            before = _pragma(db, "page_count")
            prepare(db)
            work(db)
            # A page that was there goes to the journal as it was, and to the file as it is now; a new one to the file.
            written = max(0, _pragma(db, "page_count") - before) * PAGE
            with suppress(FileNotFoundError):
                written += 2 * os.stat(f"{self._path}-journal").st_size
            db.execute("COMMIT")
        return written + 2 * FILE_SYSTEM

    def _ask(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Read, where there is a database. What cannot be read ends `work`, and is said once."""
        try:
            if self._path.exists() and self._path.stat().st_size:
                with self._open() as db:
                    names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
                    if not names >= RAW:
                        self._damage = DamagedDatabase("it is not a history")
                        raise self._damage
                    work(db)
        except OSError as error:
            if str(error) != self._told:
                log.warning("the history in %s cannot be read whole: %s", self._path, error)
            self._told = str(error)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Raises DamagedDatabase, OSError."""
        mode = "ro&immutable=1" if self._foreign else "rw"
        looks = iter(range(_MOST_STEPS))
        try:
            address = f"file:{quote(str(self._path.absolute()))}?mode={mode}"
            with closing(sqlite3.connect(address, timeout=WAITS_S, isolation_level=None, uri=True)) as db:
                db.set_progress_handler(lambda: next(looks, None) is None, _STEPS_AT_ONCE)
                for sentence in _CAREFUL:
                    db.execute(sentence)
                yield db
        except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter of a text that is damaged
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _PASSING and code not in _UNREADABLE:
                raise OSError(str(error)) from error
            self._damage = DamagedDatabase(str(error))
            raise self._damage from error

    def _set_aside(self) -> None:
        """One is kept, with the journal that belongs to it."""
        aside = self._path.with_name(DAMAGED)
        log.warning("the history in %s is damaged: %s; it is set aside as %s", self._path, self._damage, aside.name)
        Path(f"{aside}-journal").unlink(missing_ok=True)
        for end in ("-journal", ""):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}{end}", f"{aside}{end}")
        self._damage = None


def _bounds(day: str) -> tuple[int, int]:
    """The epoch seconds of a day; the first and the last one have what no calendar knows."""
    begin = begin_of(day)
    return -_FOREVER if day == FIRST_DAY else begin, _FOREVER if day == LAST_DAY else begin + DAY_S


def _pragma(db: sqlite3.Connection, name: str) -> int:
    ((number,),) = db.execute(f"PRAGMA {name}")
    return int(number)
