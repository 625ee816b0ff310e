"""How far a long run is: a bar of `rich` on a terminal where it is installed, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from gxbridge.core.model.items import printable

EVERY_S: Final = 30.0
"""A line so often, where there is no bar."""


class RunProgress(Protocol):
    """What is told meanwhile."""

    def advance(self) -> None:
        """One more is done."""

    def say(self, text: str) -> None:
        """A line for people, beside the bar."""


class _Lines:
    def __init__(self, files: int) -> None:
        self._files = files
        self._done = 0
        self._next = time.monotonic() + EVERY_S

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_S
            sys.stderr.write(f"{self._done} of {self._files} files\n")

    def say(self, text: str) -> None:
        sys.stderr.write(f"{printable(text)}\n")


class _Bar:
    def __init__(self, bar: Any, task: Any) -> None:
        self._bar = bar
        self._task = task

    def advance(self) -> None:
        self._bar.advance(self._task)

    def say(self, text: str) -> None:
        self._bar.console.print(printable(text), markup=False, highlight=False)


@contextmanager
def shown_progress(files: int) -> Iterator[RunProgress]:
    """On standard error, so that a report on standard output stays clean."""
    if not sys.stderr.isatty():
        yield _Lines(files)
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        yield _Lines(files)
        return
    columns = TextColumn("files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar, bar.add_task("", total=files))
