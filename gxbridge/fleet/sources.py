"""The files of a fleet: in a folder, or below a URL that fsspec reads. The first folder below is the site."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from gxbridge.fleet.columns.arrow import FleetError, need

NO_FOLDER: Final = "(no folder)"
"""The site of files that stand in no folder of their own."""
CHANGED: Final = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "created")
"""What object stores call the mark of another content, the surest first."""


class SourceFile(NamedTuple):
    """`place`: where to read it, `path` the same below the root; `mark` is another one when its content is."""

    place: str
    path: str
    size: int
    mark: str

    @property
    def site(self) -> str:
        """The first folder of the path."""
        first, slash, _ = self.path.partition("/")
        return first if slash else NO_FOLDER


def is_url(place: str) -> bool:
    """Whether fsspec has to be asked."""
    return "://" in place or "::" in place


def file_system_of(url: str) -> tuple[Any, str]:
    """A file system and the path in it. Raises FleetError."""
    need("A URL", "fsspec")
    import fsspec

    try:
        file_system, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:  # of a protocol whose package is not there, or that nobody knows
        raise FleetError(f"{url}: {error}") from None
    return file_system, path.rstrip("/")


def source_files(root: str, skip: str | None = None) -> Iterator[SourceFile]:
    """Every file, folder by folder in the order of their names; nothing of the folder `skip`. Raises FleetError."""
    if is_url(root):
        return _remote_files(root)
    try:
        is_folder = stat.S_ISDIR(os.stat(root).st_mode)
    except OSError as error:
        raise FleetError(f"{root}: {error.strerror}") from None
    if not is_folder:
        raise FleetError(f"{root} is not a folder; `gxbridge fleet` takes a folder with a folder for each boat")
    return _local_files(root, None if skip is None else os.path.realpath(skip))


def _local_files(root: str, skip: str | None) -> Iterator[SourceFile]:
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and (skip is None or os.path.realpath(os.path.join(folder, name)) != skip)
        )
        for name in sorted(names):
            if name.startswith("."):  # what rsync and others write to before it is whole
                continue
            place = os.path.join(folder, name)
            try:
                status = os.stat(place)
            except OSError:
                continue  # gone since it was listed, or a link to nowhere
            if stat.S_ISREG(status.st_mode):
                path = os.path.relpath(place, root)
                yield SourceFile(place, path, status.st_size, f"{status.st_size}-{status.st_mtime_ns}")


def _refuse(error: OSError) -> None:
    raise FleetError(f"{error.filename}: {error.strerror}")


def _remote_files(url: str) -> Iterator[SourceFile]:
    file_system, root = file_system_of(url)
    protocol = url.partition("://")[0]
    try:
        if not file_system.exists(root):
            raise FleetError(f"{url}: nothing is there")
        for _, folders, files in file_system.walk(root, detail=True):
            for name in [name for name in folders if name.startswith(".")]:
                del folders[name]
            for name, info in sorted(files.items()):
                path = info["name"][len(root) :].lstrip("/")
                if name and path and not name.startswith("."):
                    size = int(info.get("size") or 0)
                    mark = next((str(info[key]) for key in CHANGED if info.get(key)), "")
                    yield SourceFile(f"{protocol}://{info['name'].lstrip('/')}", path, size, f"{size}-{mark}")
    except (OSError, ValueError) as error:
        raise FleetError(f"{url}: {error}") from None


def count_files(root: str, skip: str | None, wanted: Callable[[str], bool] = bool) -> int:
    """How many there are, for a progress bar; none is opened. Raises FleetError."""
    return sum(wanted(source.path) for source in source_files(root, skip))


def site_names(root: str) -> list[str]:
    """The folders below the root. Raises FleetError."""
    try:
        if not is_url(root):
            return sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
        file_system, path = file_system_of(root)
        return sorted(
            info["name"].rstrip("/").rpartition("/")[2]
            for info in file_system.ls(path, detail=True)
            if info["type"] == "directory"
        )
    except OSError as error:
        raise FleetError(f"{root}: {error.strerror or error}") from None


@contextmanager
def local_copy(place: str) -> Iterator[str]:
    """A path of this machine with the content: the file itself, or a copy that is removed. Raises OSError."""
    if not is_url(place):
        yield place
        return
    file_system, path = file_system_of(place)
    with tempfile.TemporaryDirectory(prefix="gxbridge-fleet-") as folder:
        copy = os.path.join(folder, "copy")
        file_system.get_file(path, copy)
        yield copy
