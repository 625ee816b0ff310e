"""Logs that their library reads from a file only: what comes packed or through a pipe is written to a temporary one,
which has a limit, because on a GX device the temporary folder is memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from gxbridge.edge.logs.lines import LogError, OpenLog

MOST_ON_DISK = 256 << 20
PIECE = 1 << 16


@contextmanager
def file_of(log: OpenLog, stream: BinaryIO, suffix: str) -> Iterator[str]:
    """The name of a file with the log. Raises LogError when it is too large for the temporary folder."""
    if log.size is not None and not log.compressed:
        yield log.name
        return
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=suffix) as copy:
        written = 0
        while piece := stream.read(PIECE):
            written += len(piece)
            if written > MOST_ON_DISK:
                limit = f"unpacked it has more than {MOST_ON_DISK >> 20} MB, and is not written to the temporary folder"
                raise LogError(f"{log.name}: {limit}; unpack it yourself and give the file")
            copy.write(piece)
        copy.flush()
        yield copy.name
