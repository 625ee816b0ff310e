"""The newest numbers in memory: a fixed number of spans of equal length, each series in arrays of their own.

Time is monotonic: what is counted in spans here does not jump when somebody sets the clock. Moments become epoch
seconds when a block is taken, by the offset that holds then, which is the best one known.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Final

from gxbridge.core.history.block import UNKNOWN, HistoryBlock, SeriesColumn, unknowns

MOST_SERIES: Final = 44
"""Twelve of the battery and two for each of sixteen chargers: no more are kept, whatever is on the bus."""


class SpanTotals:
    """Least, sum, most and count of each series over one span of time."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[float]] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """One sample more."""
        for name, value in numbers.items():
            known = self.numbers.get(name)
            if known is None:
                self.numbers[name] = [value, value, value, 1]
                continue
            known[0] = min(known[0], value)
            known[1] += value
            known[2] = max(known[2], value)
            known[3] += 1

    def merged(self) -> dict[str, tuple[float, float, float]]:
        """Series -> least, mean, most."""
        return {name: (least, total / count, most) for name, (least, total, most, count) in self.numbers.items()}


class NumberRing:
    """`spans` of `step_s` seconds; `wide` keeps least, mean and most of each, else the one value of each."""

    def __init__(self, step_s: float, spans: int, *, wide: bool) -> None:
        self.step_s = step_s
        self._spans = spans
        self._wide = wide
        self._columns: dict[str, SeriesColumn] = {}
        self._newest: int | None = None
        self._oldest = 0
        self._open = SpanTotals()

    def add(self, now: float, numbers: Mapping[str, float]) -> None:
        """A sample at monotonic second `now`, never before the one before."""
        number = math.floor(now / self.step_s)
        if self._newest is None:
            self._newest = self._oldest = number
        elif number > self._newest:
            self._close(number)
        self._open.add(numbers)
        self._write(self._newest)

    def block(self, since: float, until: float, offset: float, names: frozenset[str] | None = None) -> HistoryBlock:
        """What is kept between two monotonic seconds, the second one left out; `offset` makes epoch seconds of them.
        `names`: these series only."""
        if self._newest is None:
            return HistoryBlock(self.step_s, (), {})
        first = max(self._oldest, math.ceil(since / self.step_s))
        last = min(self._newest, math.ceil(until / self.step_s) - 1)
        if last < first:
            return HistoryBlock(self.step_s, (), {})
        times = tuple(number * self.step_s + offset for number in range(first, last + 1))
        columns = {
            name: SeriesColumn(*(self._slice(part, first, last) for part in column))
            for name, column in self._columns.items()
            if names is None or name in names
        }
        return HistoryBlock(self.step_s, times, columns)

    @property
    def oldest(self) -> float | None:
        """The monotonic second at which what is kept begins; None where nothing is."""
        return None if self._newest is None else self._oldest * self.step_s

    def forget(self, before: float) -> None:
        """Drop what was before this monotonic second, which somebody else keeps now."""
        if self._newest is not None:
            self._oldest = min(max(self._oldest, math.ceil(before / self.step_s)), self._newest)

    def _close(self, number: int) -> None:
        """Begin another span; those between are not known."""
        newest = self._newest or 0
        for gap in range(newest + 1, min(number, newest + self._spans) + 1):
            for column in self._columns.values():
                for part in column:
                    part[gap % self._spans] = UNKNOWN
        self._newest = number
        self._oldest = max(self._oldest, number - self._spans + 1)
        self._open = SpanTotals()

    def _write(self, number: int) -> None:
        at = number % self._spans
        for name, numbers in self._open.merged().items():
            column = self._columns.get(name)
            if column is None:
                if len(self._columns) >= MOST_SERIES and not self._drop_one():
                    continue
                column = self._columns[name] = self._column()
            # The mean last: in a ring that is not wide the three are one.
            column.least[at], column.most[at], column.mean[at] = numbers[0], numbers[2], numbers[1]

    def _column(self) -> SeriesColumn:
        one = unknowns(self._spans)
        return (
            SeriesColumn(one, unknowns(self._spans), unknowns(self._spans))
            if self._wide
            else SeriesColumn(one, one, one)
        )

    def _drop_one(self) -> bool:
        """Make room by a series of which nothing is known any more."""
        gone = next((name for name, column in self._columns.items() if all(x != x for x in column.mean)), None)
        if gone is not None:
            del self._columns[gone]
        return gone is not None

    def _slice(self, part: array[float], first: int, last: int) -> array[float]:
        begin, end = first % self._spans, last % self._spans + 1
        return part[begin:end] if begin < end else part[begin:] + part[:end]
