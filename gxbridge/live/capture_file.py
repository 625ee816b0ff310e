"""A capture as a file: written line by line, and read again for what is in it beside the frames."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from importlib.util import find_spec
from typing import BinaryIO, Final, cast

from gxbridge.edge.logs.candump_file import create_file
from gxbridge.edge.logs.reader import LogError
from gxbridge.edge.logs.unpack import faults, packing_of, unpacked

GZ: Final = ".gz"
HEAD: Final = 16


def usual_ending() -> str:
    """`.log.gz`, or `.log` where this Python cannot pack."""
    return f".log{GZ}" if find_spec("gzip") is not None and find_spec("zlib") is not None else ".log"


@contextlib.contextmanager
def new_capture_file(path: str) -> Iterator[BinaryIO]:
    """A new file for its owner only, packed if it is called so. Raises OSError, FileExistsError, and LogError where
    this Python cannot pack."""
    if not path.endswith(GZ):
        with create_file(path) as stream:
            yield stream
        return
    try:
        import gzip
    except ImportError:
        raise LogError(f"{path}: this Python cannot compress with gzip; choose a name without {GZ}") from None
    with create_file(path) as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        yield cast("BinaryIO", packed)


def capture_lines(path: str) -> Iterator[str]:
    """Every line of a capture. Raises LogError when it cannot be read, or not to its end."""
    try:
        with open(path, "rb") as file:
            packing = packing_of(file.read(HEAD))
            file.seek(0)
            stream = file if packing is None else unpacked(packing, file, path)
            with io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="\n") as text:
                yield from text
    except faults() as error:
        raise LogError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
