"""The history without sqlite: a file for each day, to which blocks are only appended (`core/history/codec`).

A file that is only appended to loses the block that was under way at most, whatever ends the process, and damage costs
the blocks it hit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.codec import decode, encode
from gxbridge.edge.history.form import FILE_SYSTEM, day_of
from gxbridge.edge.replace_file import replace_file, sync_folder

NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)(-coarse)?\.gxh")
MOST_FILE: Final = 32 << 20
"""Bytes of one day that are read; nobody writes that much in one."""


class DayFiles:
    """A HistoryForm: `DAY.gxh` has minutes, `DAY-coarse.gxh` quarters of an hour."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, block: HistoryBlock) -> int:
        """To the day on which the block begins. After an OSError the file is as it was, or ends in a part of the block,
        which readers pass over."""
        data = encode(block)
        path = self._folder / f"{day_of(block.times[0])}.gxh"
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
        return len(data) + FILE_SYSTEM

    def days(self) -> dict[str, bool]:
        """By the names of the files."""
        found: dict[str, bool] = {}
        for path in self._files():
            day = path.name[:10]
            found[day] = found.get(day, False) or path.stem == day
        return found

    def blocks(self, day: str, names: frozenset[str] | None = None) -> Iterator[HistoryBlock]:  # noqa: ARG002
        """Of files that cannot be read there are none."""
        for path in self._paths(day):
            yield from decode(_content(path))

    def replace(self, day: str, block: HistoryBlock | None) -> int:
        """By a file that is written whole, before what it replaces goes."""
        fine, coarse = self._paths(day)
        written = 0
        if block is not None:
            data = encode(block)
            replace_file(str(coarse), data, f"{coarse}.part")
            written = len(data) + FILE_SYSTEM
        else:
            coarse.unlink(missing_ok=True)
        fine.unlink(missing_ok=True)
        return written

    def size(self) -> int:
        """Of the files."""
        return sum(_size(path) for path in self._files())

    def _paths(self, day: str) -> tuple[Path, Path]:
        return self._folder / f"{day}.gxh", self._folder / f"{day}-coarse.gxh"

    def _files(self) -> list[Path]:
        with suppress(OSError):
            return [path for path in self._folder.iterdir() if NAME.fullmatch(path.name) and path.is_file()]
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
