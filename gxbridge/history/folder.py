"""The history on a disk: a file for each day, to which blocks are only appended; old days make room.

One form for every machine. The Python of a GX may have no sqlite, and a table with a row for each number and minute
would be larger than 90 days may be. A file that is only appended to loses the block that was under way at most,
whatever ends the process.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.codec import decode, encode
from gxbridge.core.history.resample import resample
from gxbridge.edge.replace_file import replace_file, sync_folder

DAY_S: Final = 86_400
FINE_DAYS: Final = 90
"""Days with a row for each minute; older ones have one for each quarter of an hour."""
COARSE_S: Final = 900.0
NAME: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)(-coarse)?\.gxh")
MOST_FILE: Final = 32 << 20
"""Bytes of one day that are read; nobody writes that much in one."""


class HistoryFolder:
    """Where the days are. `most_bytes` of files are kept."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    def append(self, data: bytes, at: float) -> None:
        """An encoded block, to the day of epoch second `at`; on the disk when this returns.

        Raises OSError; then the file is as it was, or ends in a part of the block, which readers pass over.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{_day(at)}.gxh"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o600)
        try:
            size = os.fstat(handle).st_size
            try:
                if os.write(handle, data) != len(data):
                    raise OSError(28, os.strerror(28))
                os.fsync(handle)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)
        if not size:
            sync_folder(str(self._folder))

    def blocks(self, since: float, until: float) -> Iterator[HistoryBlock]:
        """Every block of the days from epoch second `since` to `until`, the oldest day first. Files that cannot be
        read are passed over."""
        first, last = _day(since - DAY_S), _day(until)
        for path in self._days():
            if first <= path.name[:10] <= last:
                yield from decode(_content(path))

    def span(self) -> tuple[str, str] | None:
        """The first and the last day (`2026-11-29`); None where there is none."""
        days = self._days()
        return (days[0].name[:10], days[-1].name[:10]) if days else None

    def make_room(self, may_write: int) -> int:
        """Thin the oldest day, or remove it, where there are too many or too much; how many bytes that wrote.

        Nothing here asks the clock: a clock that jumps must not take the history away. Raises OSError.
        """
        days = self._days()
        sizes = {path: _size(path) for path in days}
        fine = [path for path in days if not path.stem.endswith("-coarse")]
        too_large = sum(sizes.values()) > self._most_bytes
        if fine[:-1] and (too_large or len(fine) > FINE_DAYS):
            return self._thin(fine[0], may_write)
        if too_large and len(days) > 1:
            days[0].unlink()
        return 0

    def _thin(self, path: Path, may_write: int) -> int:
        """Quarters of an hour instead of minutes; together with what there is already of that day."""
        coarse = path.with_name(f"{path.stem}-coarse.gxh")
        blocks = [block for part in (coarse, path) if part.exists() for block in decode(_content(part))]
        moments = [moment for block in blocks for moment in block.times]
        if moments:
            since = min(moments) // COARSE_S * COARSE_S
            data = encode(resample(blocks, since, max(moments) + 1, COARSE_S))
            if len(data) > may_write:
                return 0
            replace_file(str(coarse), data, f"{coarse}.part")
            path.unlink()
            return len(data)
        path.unlink()
        return 0

    def _days(self) -> list[Path]:
        with suppress(OSError):
            return sorted(path for path in self._folder.iterdir() if NAME.fullmatch(path.name) and path.is_file())
        return []


def _content(path: Path) -> bytes:
    """The bytes of a day; none of one that cannot be read, or is longer than anybody writes it."""
    with suppress(OSError):
        return path.read_bytes() if path.stat().st_size <= MOST_FILE else b""
    return b""


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _day(at: float) -> str:
    """The day of an epoch second, in UTC; what no calendar knows is the first or the last day."""
    with suppress(ValueError, OverflowError, OSError):
        return time.strftime("%Y-%m-%d", time.gmtime(max(0.0, min(at, 253_402_300_799.0))))
    return "1970-01-01"
