"""A curve of points: what is allowed at each value of an input."""

from __future__ import annotations

from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple

DAY_MIN: Final = 1440
"""Minutes of a day."""


class Curve(NamedTuple):
    """`points`: (input, allowed), the inputs rising, at least one; straight between points, level beyond the ends.

    `percent`: what is allowed is a part of the BMS's limit. `daily`: the inputs are minutes after midnight, and each
    point holds from its time until the next, over midnight too.
    """

    points: tuple[tuple[float, float], ...]
    percent: bool = False
    daily: bool = False

    @property
    def least(self) -> float:
        """The most careful point."""
        return min(allowed for _, allowed in self.points)

    def at(self, value: float) -> float:
        """What is allowed at a value."""
        below, above = self.around(value)
        if below is None or above is None or self.daily:
            return (below or above or self.points[-1])[1]
        (x0, y0), (x1, y1) = below, above
        return y0 + (y1 - y0) * ((value - x0) / (x1 - x0))

    def within(self, low: float, high: float) -> float:
        """The least that is allowed anywhere between two values."""
        inside = [allowed for value, allowed in self.points if low < value < high]
        return min(self.at(low), self.at(high), *inside)

    def around(self, value: float) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        """The points at or below a value and above it; None beyond the ends. By the day there is always one below."""
        below = next((point for point in reversed(self.points) if point[0] <= value), None)
        above = next((point for point in self.points if point[0] > value), None)
        return (self.points[-1] if below is None and self.daily else below), above
