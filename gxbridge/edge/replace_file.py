"""A file that is written whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
from contextlib import suppress


def replace_file(path: str, data: bytes, part: str, mode: int = 0o600) -> None:
    """Write `data` to `path` by way of `part`, in the same folder; on the disk when this returns.

    `mode`: who may read it. Raises OSError; then `part` is not there, and `path` is as it was or, if only the folder
    could not be synchronised, perhaps not on the disk yet.
    """
    try:
        with suppress(FileNotFoundError):
            os.unlink(part)  # what an end left behind, or a link to somewhere else
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        with suppress(OSError):
            os.unlink(part)
        raise
    sync_folder(os.path.dirname(path))


def sync_folder(folder: str) -> None:
    """Have new names of a folder on the disk too, where the file system can. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
