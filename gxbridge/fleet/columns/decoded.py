"""What `gxbridge decode --format parquet` writes: the messages of each log, or what can be plotted of it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import Database
from gxbridge.decodelog.widelines import WideColumns
from gxbridge.fleet.columns.arrow import need
from gxbridge.fleet.columns.messages import MessageTable
from gxbridge.fleet.columns.parts import FolderTarget, partition_text
from gxbridge.fleet.columns.wide import WideTable

OWN_SITE: Final = "boat"
GARBAGE_AFTER: Final = (200_000, 50, 100)
"""Messages wait as tuples without circles: to look for garbage among them as often as usual costs a tenth of it all."""

DecodedTable = MessageTable | WideTable


@contextmanager
def rare_garbage() -> Iterator[None]:
    """The collector of circles seldom runs meanwhile."""
    usual = gc.get_threshold()
    gc.set_threshold(*GARBAGE_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def part_name(log: str) -> str:
    """What the files of a log are called: the same again the next time, another one for another log."""
    place = os.path.abspath(log).encode("utf-8", "surrogateescape")
    stem = "stdin" if log == "-" else partition_text(printable(os.path.basename(log)).partition(".")[0])
    return f"{stem}-{blake2b(place, digest_size=4).hexdigest()}"


class DecodedFolder:
    """The folder that the columns of logs go to. Raises FleetError when the packages are missing."""

    def __init__(self, db: Database, folder: str, site: str, columns: WideColumns | None = None) -> None:
        need("Parquet", "numpy", "pyarrow")
        self._db = db
        self._target = FolderTarget(folder)
        self._site = site
        self._columns = columns
        self.written: list[str] = []
        """Paths below the folder."""

    def log(self, log: str, go_through: Callable[[DecodedTable], None]) -> None:
        """One log: `go_through` gives its messages to the table. Its files appear when it has ended; an error leaves
        nothing of it. Raises OSError."""
        name = part_name(log)
        table: DecodedTable
        if self._columns is None:
            table = MessageTable(self._db, self._target, self._site, name)
        else:
            table = WideTable(self._db, self._columns, self._target, self._site, name)
        try:
            with rare_garbage():
                go_through(table)
                self.written += table.commit()
        except BaseException:
            table.abort()
            raise
