"""What a form of the history on a disk can do, whichever it is, and what its days are called."""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, Protocol

from gxbridge.core.history.block import HistoryBlock

DAY_S: Final = 86_400
FIRST_DAY: Final = "1970-01-01"
LAST_DAY: Final = "9999-12-31"
DATABASE: Final = "history.sqlite"
DAMAGED: Final = "history-damaged.sqlite"
"""What a database that is damaged is called from then on."""
SQLITE_MAGIC: Final = b"SQLite format 3\0"
"""How a database begins."""
COARSE_S: Final = 900.0
"""A row of a day that was thinned; a shorter one is fine."""
FILE_SYSTEM: Final = 16_384
"""What a write costs a flash disk besides the bytes themselves: the last page of a file again, its entry, and the
journal of the file system."""


class HistoryForm(Protocol):
    """Days are `2026-11-29`, in UTC. What is written is on the disk when a call returns; an end in its midst leaves
    either nothing or all of it. Calls raise OSError, and only where they write."""

    def append(self, block: HistoryBlock) -> int:
        """Add a block; how many bytes that wrote."""
        ...

    def days(self) -> Mapping[str, bool]:
        """The days that are kept; whether there is anything finer than quarters of an hour of them."""
        ...

    def blocks(self, day: str, names: frozenset[str] | None = None) -> Iterator[HistoryBlock]:
        """What is whole of a day; of other series than `names` it may leave out what costs time."""
        ...

    def replace(self, day: str, block: HistoryBlock | None) -> int:
        """Keep of a day this block only, or nothing; how many bytes that wrote."""
        ...

    def size(self) -> int:
        """Bytes that all of it takes."""
        ...


def day_of(at: float) -> str:
    """The day of an epoch second; what no calendar knows is the first or the last day."""
    with suppress(ValueError, OverflowError, OSError):
        return time.strftime("%Y-%m-%d", time.gmtime(max(0.0, min(at, 253_402_300_799.0))))
    return FIRST_DAY


def begin_of(day: str) -> int:
    """The epoch second at which a day begins. Raises ValueError."""
    return calendar.timegm(time.strptime(day, "%Y-%m-%d"))
