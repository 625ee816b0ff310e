"""The two forms of the history on a disk, for tests that hold for both."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FORMS = ("sqlite", "files")
HIDDEN = "import sys; sys.modules['sqlite3'] = None\n"
"""In a program of its own: a Python without sqlite3."""


def choose(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have HistoryFolder take this form: without sqlite3 it takes files."""
    if form == "files":
        monkeypatch.setitem(sys.modules, "sqlite3", None)


def program(form: str, text: str) -> str:
    """The same for a program."""
    return (HIDDEN if form == "files" else "") + text


def taken(folder: Path) -> int:
    """Bytes on the disk."""
    return sum(path.stat().st_size for path in folder.iterdir())


def bytes_written() -> int:
    """What this process has given to write calls."""
    words = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(words["wchar"])
