"""Lines of a log that could not be read, the first ones by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from gxbridge.core.model.items import printable
from gxbridge.core.model.wording import counted

LINES_SHOWN = 20
"""Broken lines that are named; a log of another kind has nothing else, and the rest is only counted."""


class LineComplaints:
    """Says on `stream` what is wrong with a line, and at the end how many more there were."""

    def __init__(self, log: str, stream: TextIO) -> None:
        self._stream = stream
        self._log = "standard input" if log == "-" else printable(log)
        self._count = 0
        self.before: Callable[[], None] = lambda: None
        """Called before something is said."""

    def add(self, number: int, what: str) -> None:
        """Line `number` could not be parsed."""
        self._count += 1
        if self._count <= LINES_SHOWN:
            self.before()
            self._stream.write(f"{self._log}:{number}: {what}\n")

    def summary(self) -> None:
        """Say how many there were beyond those named."""
        if self._count > LINES_SHOWN:
            more = self._count - LINES_SHOWN
            self._stream.write(f"{self._log}: {counted(more, 'further line')} could not be parsed\n")
