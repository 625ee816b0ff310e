"""Blocks of whatever origin as one table of equal spans: what a plot, an export and the thinning of old days need."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from gxbridge.core.history.block import UNKNOWN, HistoryBlock, SeriesColumn, StateChange, unknowns

MOST_CHANGES: Final = 5000
"""In one table; the newest are kept."""

_Totals: TypeAlias = "tuple[array[float], array[float], array[float], list[int]]"


def resample(
    blocks: Iterable[HistoryBlock], since: float, until: float, step_s: float, names: frozenset[str] | None = None
) -> HistoryBlock:
    """One block of spans of `step_s` from `since` on, until before `until` (epoch seconds), without those in which
    nothing is known. `names`: these series only.

    The mean is that of the means; blocks that overlap, as when a clock was set back, add up.
    """
    count = max(0, math.ceil((until - since) / step_s))
    totals: dict[str, _Totals] = {}
    labels: dict[str, str] = {}
    changes: list[StateChange] = []
    seen = bytearray(count)
    for block in blocks:
        runs = list(_runs(block.times, since, step_s, count))
        for span, _, _ in runs:
            seen[span] = 1
        labels.update(block.labels)
        changes += [change for change in block.changes if since <= change.t < until]
        for name, column in block.columns.items():
            if names is None or name in names:
                _add(totals, name, column, runs, count)
    kept = [span for span in range(count) if seen[span]]
    return HistoryBlock(
        step_s,
        tuple(since + span * step_s for span in kept),
        {name: _column(total, kept) for name, total in totals.items()},
        {name: label for name, label in labels.items() if name in totals},
        tuple(sorted(changes)[-MOST_CHANGES:]),
    )


def _runs(times: tuple[float, ...], since: float, step_s: float, count: int) -> Iterator[tuple[int, int, int]]:
    """(span, first, end): the places of a block that fall into one span, where they stand side by side."""
    first, span = 0, -1
    for place, moment in enumerate(times):
        here = math.floor((moment - since) / step_s)
        if here != span:
            if 0 <= span < count and place > first:
                yield span, first, place
            first, span = place, here
    if 0 <= span < count and first < len(times):
        yield span, first, len(times)


def _add(
    totals: dict[str, _Totals], name: str, column: SeriesColumn, runs: list[tuple[int, int, int]], count: int
) -> None:
    for span, first, end in runs:
        means = [value for value in column.mean[first:end] if value == value]
        if not means:
            continue
        if name not in totals:
            totals[name] = (unknowns(count), array("d", bytes(8 * count)), unknowns(count), [0] * count)
        least, total, most, known = totals[name]
        lowest = min(value for value in column.least[first:end] if value == value)
        highest = max(value for value in column.most[first:end] if value == value)
        least[span] = lowest if not known[span] else min(least[span], lowest)
        most[span] = highest if not known[span] else max(most[span], highest)
        total[span] += sum(means)
        known[span] += len(means)


def _column(totals: _Totals, kept: list[int]) -> SeriesColumn:
    least, total, most, known = totals
    means = (total[span] / known[span] if known[span] else UNKNOWN for span in kept)
    return SeriesColumn(
        array("f", (least[span] for span in kept)), array("f", means), array("f", (most[span] for span in kept))
    )
