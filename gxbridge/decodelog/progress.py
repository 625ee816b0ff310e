"""A progress bar on a terminal, for logs that take a while."""

from __future__ import annotations

import time
from typing import TextIO

WORTH_IT = 8_000_000
"""Bytes of a log from which a bar is shown: about two seconds."""
EVERY_S = 0.25
_WIDTH = 30


class Progress:
    """Draws on `stream`; does nothing when `shown` is False."""

    def __init__(self, stream: TextIO, size: int | None, shown: bool) -> None:
        self._stream = stream
        self._size = size or 0
        self._shown = shown and self._size >= WORTH_IT
        self._next = 0.0

    def at(self, position: int) -> None:
        """The log has been read up to `position` bytes."""
        if not self._shown or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY_S
        share = min(1.0, position / self._size)
        done = round(share * _WIDTH)
        self._stream.write(f"\r[{'#' * done}{'.' * (_WIDTH - done)}] {share:4.0%} of {self._size / 1e6:.0f} MB")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away, before something else is written and at the end."""
        if self._shown and self._next:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._next = 0.0
