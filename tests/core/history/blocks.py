"""Blocks made by hand, and what is in them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence

from gxbridge.core.history.block import HistoryBlock, SeriesColumn, StateChange


def column(*values: float) -> SeriesColumn:
    """Least, mean and most of each are the same."""
    return SeriesColumn(array("f", values), array("f", values), array("f", values))


def block(
    times: Sequence[float], series: Mapping[str, Sequence[float]], *changes: StateChange, step_s: float = 60.0
) -> HistoryBlock:
    return HistoryBlock(step_s, tuple(times), {name: column(*values) for name, values in series.items()}, {}, changes)


def plain(block: HistoryBlock) -> tuple[float, list[float], dict[str, list[tuple[float | None, ...]]]]:
    """What can be compared: NaN is None."""

    def known(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    series = {
        name: [tuple(map(known, row)) for row in zip(*parts, strict=True)] for name, parts in block.columns.items()
    }
    return block.step_s, list(block.times), series
