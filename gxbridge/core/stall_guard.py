"""Was the process held up? Then what waits at its doors is from before, and nothing may be decided by it yet.

A process that was suspended or starved finds old frames in its queues, and they look as if they had just come: a
permission among them may be withdrawn since. So it reads first, and decides when what is new has come through.
"""

from __future__ import annotations

from math import inf
from typing import Final

HELD_S: Final = 3.0
"""Looks are a second apart: a pause as long as this is none of the usual delays."""
SETTLE_S: Final = 1.0
"""So long it only reads: a BMS that speaks has said its limits anew by then, and everything that waited is read."""


class HoldUp:
    """Ask before each cycle; `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._asked_at = inf
        self._settled_at = -inf

    def over(self, now: float) -> bool:
        """May be decided now? False after a hold-up, until what waited has been read."""
        if now - self._asked_at > HELD_S:
            self._settled_at = now + SETTLE_S
        self._asked_at = now
        return now >= self._settled_at
