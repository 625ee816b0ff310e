"""Parquet files by site and day, written in row groups, that appear whole and together or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote
from uuid import uuid4

from gxbridge.edge.replace_file import sync_folder
from gxbridge.fleet.columns.arrow import FleetError

UNDATED: Final = "undated"
EPOCH_S: Final = 100_000_000
"""Times before this (1973) count from the zero of a log that does not know the date."""
LATEST_S: Final = 4_102_444_800
"""2100: a clock that says more is wrong."""
DAY_S: Final = 86_400
PART: Final = ".part"
"""Ends the name of what is not whole yet; an ingest that was killed leaves such files."""
MOST_OPEN: Final = 3
MOST_PARTS: Final = 1000
"""Days of one file: more have only logs whose clock jumps."""


def day_of(t: float) -> str:
    """The partition of a moment: its day in UTC."""
    if not EPOCH_S <= t < LATEST_S:
        return UNDATED
    return datetime.fromtimestamp(t, UTC).date().isoformat()


def day_bounds(t: float) -> tuple[float, float]:
    """From when to when the partition of a moment holds."""
    if t < EPOCH_S:
        return float("-inf"), EPOCH_S
    if t >= LATEST_S:
        return LATEST_S, float("inf")
    begin = t // DAY_S * DAY_S
    return max(begin, EPOCH_S), begin + DAY_S


def partition_text(text: str) -> str:
    """A name as a part of a path: what query engines read back is the name."""
    return quote(text.encode("utf-8", "surrogateescape"), safe="") or "_"


class Target(Protocol):
    """Where a data set is: a folder, or an object store."""

    def begin(self, path: str) -> str:
        """A local file to write what is to be at `path`. Raises OSError."""

    def finish(self, local: str, path: str) -> None:
        """Have it there, whole. Raises OSError."""

    def read(self, path: str) -> bytes:
        """What is there. Raises OSError."""

    def remove(self, path: str) -> None:
        """Have nothing there."""


class FolderTarget:
    """A data set in a folder of this machine."""

    def __init__(self, root: str) -> None:
        self.root = root

    def begin(self, path: str) -> str:
        folder, name = os.path.split(os.path.join(self.root, path))
        os.makedirs(folder, exist_ok=True)
        # Two workers may be at the same file when a scheduler believes that one of them is gone.
        return os.path.join(folder, f".{name}.{uuid4().hex[:8]}{PART}")

    def finish(self, local: str, path: str) -> None:
        with open(local, "rb") as file:
            os.fsync(file.fileno())
        place = os.path.join(self.root, path)
        os.replace(local, place)
        sync_folder(os.path.dirname(place))

    def read(self, path: str) -> bytes:
        return Path(self.root, path).read_bytes()

    def remove(self, path: str) -> None:
        with suppress(OSError):
            os.unlink(os.path.join(self.root, path))


class ObjectTarget:
    """A data set anywhere that fsspec reaches; an object appears there when it is whole."""

    def __init__(self, file_system: Any, root: str) -> None:
        self._file_system = file_system
        self._root = root.rstrip("/")

    def begin(self, path: str) -> str:
        handle, local = tempfile.mkstemp(prefix="gxbridge-fleet-", suffix=os.path.basename(path))
        os.close(handle)
        return local

    def finish(self, local: str, path: str) -> None:
        self._file_system.makedirs(f"{self._root}/{os.path.dirname(path)}", exist_ok=True)
        self._file_system.put_file(local, f"{self._root}/{path}")
        os.unlink(local)

    def read(self, path: str) -> bytes:
        content: bytes = self._file_system.cat_file(f"{self._root}/{path}")
        return content

    def remove(self, path: str) -> None:
        with suppress(OSError):
            self._file_system.rm_file(f"{self._root}/{path}")


class PartFiles:
    """The files of one table from one source."""

    def __init__(self, target: Target, table: str, schema: Any, site: str, name: str) -> None:
        self._target = target
        self._folder = f"{table}/site={partition_text(site)}"
        self._name = name
        self.schema = schema
        self._open: dict[str, Any] = {}
        """Writers by day."""
        self._files: list[tuple[str, str]] = []
        """Each with where it is now, and where it is to be."""
        self._made: dict[str, int] = {}

    def write(self, day: str, rows: Any) -> None:
        """A row group. Raises OSError, and FleetError for too many days."""
        if day not in self._open:
            self._begin(day)
        self._open[day].write_table(rows)

    def _begin(self, day: str) -> None:
        import pyarrow.parquet as pq

        if sum(self._made.values()) >= MOST_PARTS:
            raise FleetError(f"its clock jumps: it holds more than {MOST_PARTS} stretches of different days")
        if len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open))).close()
        number = self._made.get(day, 0)
        self._made[day] = number + 1
        path = f"{self._folder}/day={day}/{self._name}-{number}.parquet"
        local = self._target.begin(path)
        self._files.append((local, path))  # before anything is written, which may fail
        plain = [field.name for field in self.schema if str(field.type).startswith("timestamp")]
        coded = [field.name for field in self.schema if field.name not in plain and str(field.type) != "bool"]
        writer = pq.ParquetWriter(
            local,
            self.schema,
            compression="zstd",
            use_dictionary=coded,
            column_encoding=dict.fromkeys(plain, "DELTA_BINARY_PACKED"),
        )
        self._open[day] = writer

    def commit(self) -> list[str]:
        """Have all files appear; their paths in the data set. Raises OSError."""
        while self._open:
            self._open.popitem()[1].close()
        for local, path in self._files:
            self._target.finish(local, path)
        return [path for _, path in self._files]

    def abort(self) -> None:
        """Leave nothing behind."""
        while self._open:
            with suppress(Exception):  # a full disk: the file is removed whatever happens
                self._open.popitem()[1].close()
        for local, _ in self._files:
            Path(local).unlink(missing_ok=True)
