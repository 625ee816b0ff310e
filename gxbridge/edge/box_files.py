"""Black boxes as files: written whole or not at all, no larger than allowed, the oldest make room."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

from gxbridge.core.blackbox.box import Box, BoxError, lines, parse
from gxbridge.core.blackbox.recorder import Frozen
from gxbridge.edge.replace_file import replace_file

NAME: Final = re.compile(r"gxbox-(\d{6,9})-[a-z0-9-]+\.jsonl\.gz")
LEFTOVER: Final = re.compile(r"gxbox-.*\.part")
MOST_READ: Final = 256 << 20
"""Bytes of a box after decompression: a file that holds more is none of ours."""
COMPRESSION: Final = 3


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
        kept = self._boxes()
        # Room is made first: on a full disk that is what lets the new one in.
        for old in kept[: max(0, len(kept) - self._keep + 1)]:
            with suppress(FileNotFoundError):
                old.unlink()
        number = 1 + (int(NAME.fullmatch(kept[-1].name)[1]) if kept else 0)  # type: ignore[index]
        path = self._folder / f"gxbox-{number:06}-{frozen.cause.name}.jsonl.gz"
        part = path.with_suffix(".part")
        replace_file(str(path), data, str(part))
        return path

    def _boxes(self) -> list[Path]:
        """Boxes that are there, oldest first. What an interrupted write left is removed."""
        for left in [item for item in self._folder.iterdir() if LEFTOVER.fullmatch(item.name)]:
            with suppress(OSError):
                left.unlink()
        found = [item for item in self._folder.iterdir() if NAME.fullmatch(item.name)]
        return sorted(found, key=lambda item: int(NAME.fullmatch(item.name)[1]))  # type: ignore[index]


def packed(frozen: Frozen, version: str, database: str, max_bytes: int) -> bytes:
    """A box as a compressed file; where it is too large its oldest stretches are left out. Raises OSError."""
    for first in range(max(1, len(frozen.stretches))):
        buffer = BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=COMPRESSION, mtime=0) as file:
            for line in lines(frozen, version, database, first):
                file.write(line + b"\n")
        if buffer.tell() <= max_bytes:
            return buffer.getvalue()
    raise OSError("one minute of it is larger than blackbox.max_bytes")


def read(path: Path) -> Box:
    """A box from its file. Raises BoxError and OSError."""
    try:
        with gzip.open(path, "rb") as file:
            return parse(_bounded(file))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BoxError(f"the file is not a black box or was truncated: {error}") from error


def _bounded(file: gzip.GzipFile) -> Iterator[bytes]:
    left = MOST_READ
    while line := file.readline(left + 1):
        left -= len(line)
        if left < 0:
            raise BoxError("the file holds more than a box can")
        yield line
