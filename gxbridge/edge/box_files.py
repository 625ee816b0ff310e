"""Black boxes as files: written whole or not at all, no larger than allowed, the oldest make room."""

from __future__ import annotations

import gzip
import re
import stat
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

from gxbridge.core.blackbox.box import Box, BoxError, lines, parse
from gxbridge.core.blackbox.recorder import Frozen
from gxbridge.edge.replace_file import replace_file

NAME: Final = re.compile(r"gxbox-([0-9]{6,9})-[a-z0-9-]+\.jsonl\.gz")
LEFTOVER: Final = re.compile(r"gxbox-.*\.part")
NUMBERS: Final = 1_000_000_000
MOST_READ: Final = 64 << 20
"""Bytes of a box after decompression: none that holds more is written, or read."""
GZIP: Final = b"\x1f\x8b"
BEGIN: Final = b'{"gxbox"'
COMPRESSION: Final = 3
PART: Final = 1 << 16


class BoxFolder:
    """Where boxes are kept. Numbers, not clocks, give their order: a GX may start in 1970."""

    def __init__(self, folder: Path, max_bytes: int, keep: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._keep = keep

    def write(self, frozen: Frozen, version: str, database: str) -> Path:
        """Write a box and remove the oldest ones. Raises OSError; then nothing has been left behind."""
        data = packed(frozen, version, database, self._max_bytes)
        self._folder.mkdir(parents=True, exist_ok=True)
        boxes = self._boxes()
        # Room is made first: on a full disk that is what lets the new one in.
        files = [path for _, path in boxes if not path.is_dir()]
        for old in files[: max(0, len(files) - self._keep + 1)]:
            with suppress(FileNotFoundError):
                old.unlink()
        number = (boxes[-1][0] + 1) % NUMBERS if boxes else 1
        path = self._folder / f"gxbox-{number:06}-{frozen.cause.name}.jsonl.gz"
        part = path.with_suffix(".part")
        # Somebody who lets the folder hand its group on wants that group to read what is in it.
        shared = self._folder.stat().st_mode & stat.S_ISGID
        replace_file(str(path), data, str(part), 0o640 if shared else 0o600)
        return path

    def _boxes(self) -> list[tuple[int, Path]]:
        """What is there by number, oldest first. What an interrupted write left is removed.

        Numbers go round: the widest gap parts the newest from the oldest, so that no number is the last one, whoever
        put a file there, and the next is always free.
        """
        for left in [item for item in self._folder.iterdir() if LEFTOVER.fullmatch(item.name)]:
            with suppress(OSError):
                left.unlink()
        found = sorted((int(name[1]), item) for item in self._folder.iterdir() if (name := NAME.fullmatch(item.name)))
        gaps = [(number - found[index - 1][0]) % NUMBERS for index, (number, _) in enumerate(found)]
        first = gaps.index(max(gaps)) if len(found) > 1 else 0
        return found[first:] + found[:first]


def packed(frozen: Frozen, version: str, database: str, max_bytes: int) -> bytes:
    """A box as a compressed file; where it is too large its oldest stretches are left out. Raises OSError."""
    for first in range(max(1, len(frozen.stretches))):
        buffer, size = BytesIO(), 0
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=COMPRESSION, mtime=0) as file:
            for line in lines(frozen, version, database, first):
                size += file.write(line + b"\n")
        if buffer.tell() <= max_bytes and size <= MOST_READ:
            return buffer.getvalue()
    raise OSError("one minute of it is larger than blackbox.max_bytes")


def is_box(path: str) -> bool:
    """Whether a file begins as a box does."""
    try:
        with open(path, "rb") as file:
            if file.read(len(GZIP)) != GZIP:
                return False
        with gzip.open(path) as unpacked:
            return unpacked.read(len(BEGIN)) == BEGIN
    except (OSError, EOFError, ValueError, zlib.error):
        return False


def read(path: Path) -> Box:
    """A box from its file. Raises BoxError and OSError."""
    try:
        with gzip.open(path, "rb") as file:
            # Unpacked twice: a bomb has no line in memory when it is found out.
            size = 0
            while part := file.read(PART):
                size += len(part)
                if size > MOST_READ:
                    raise BoxError(f"the file unpacks to more than the {MOST_READ >> 20} MB that a box can hold")
            file.seek(0)
            return parse(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BoxError(f"the file is not a black box or was truncated: {error}") from error
