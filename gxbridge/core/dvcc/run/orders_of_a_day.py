"""What was told, or would have been, in the last 24 hours: for whoever thinks of control, or looks back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.named_tuple import NamedTuple

HOUR_S: Final = 3600.0
HOURS: Final = 24
MOST: Final = 128
"""Items that are followed: more than a boat has."""


class OrderRange(NamedTuple):
    """Between what an item was told, and how often that changed."""

    least: float
    most: float
    changes: int


class OrdersOfADay:
    """Hour by hour, so that what is older than a day goes by itself. Bounded by `MOST` items and `HOURS`."""

    def __init__(self) -> None:
        self.since: float | None = None
        """Monotonic second of the first order."""
        self._hours: dict[int, dict[tuple[str, str], OrderRange]] = {}
        self._last: dict[tuple[str, str], float] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrdersOfADay) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def note(self, writes: Iterable[Write], now: float) -> None:
        """Orders of a decision, whether or not they left."""
        hour = int(now // HOUR_S)
        told = self._hours.get(hour)
        if told is None:
            self._hours = {at: of for at, of in self._hours.items() if at > hour - HOURS}
            told = self._hours[hour] = {}
        for service, path, value in writes:
            if not isinstance(value, int | float):
                continue
            key, before = (service, path), self._last.get((service, path))
            if before == value and key in told:
                continue
            if before is None and len(self._last) >= MOST:
                continue
            if self.since is None:
                self.since = now
            self._last[key] = value
            changed = int(before is not None and before != value)
            least, most, changes = told.get(key, (value, value, 0))
            told[key] = OrderRange(min(least, value), max(most, value), changes + changed)

    def day(self) -> dict[tuple[str, str], OrderRange]:
        """(service, path) -> what it was told in the last 24 hours."""
        found: dict[tuple[str, str], OrderRange] = {}
        for told in self._hours.values():
            for key, (least, most, changes) in told.items():
                before = found.get(key, OrderRange(least, most, 0))
                found[key] = OrderRange(min(before.least, least), max(before.most, most), before.changes + changes)
        return found
