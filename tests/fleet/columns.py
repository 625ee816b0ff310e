"""What is in a data set, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table, file by file."""
    paths = sorted(folder.glob(f"{table}/**/*.parquet"))
    return [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]


def entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of all files."""
    return [json.loads(path.read_text()) for path in sorted((folder / "files").glob("*.json"))]


def texts(folder: Path) -> Iterator[str]:
    """Every text that is anywhere in a data set: cells, entries, names of files and folders."""
    for path in folder.rglob("*"):
        yield str(path.relative_to(folder))
        if path.suffix == ".json":
            yield path.read_text()
        elif path.suffix == ".parquet":
            for row in pq.ParquetFile(path).read().to_pylist():
                yield from (cell for cell in row.values() if isinstance(cell, str))


def loose(folder: Path) -> list[Path]:
    """What an ingest has left behind."""
    return list(folder.rglob("*.part"))
