"""How much may be written to a disk in a day: flash wears out."""

from __future__ import annotations

from collections import deque
from typing import Final

DAY_S: Final = 86_400.0


class WriteBudget:
    """At most `most` bytes in any 24 hours, by monotonic time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def left(self, now: float) -> int:
        """Bytes that may be written at `now`."""
        while self._spent and self._spent[0][0] <= now - DAY_S:
            self._total -= self._spent.popleft()[1]
        return self._most - self._total

    def spend(self, now: float, size: int) -> None:
        """So many bytes are written, whether that works or not."""
        self._spent.append((now, size))
        self._total += size
