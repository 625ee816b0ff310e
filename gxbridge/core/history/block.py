"""A block: numbers of some series over time, each with minimum, mean and maximum, and what changed meanwhile.

The memory, the disk, the plots and the commands all speak of blocks. Moments are epoch seconds. A number that is not
known is NaN inside a column and None outside.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record

UNKNOWN: Final = float("nan")


class SeriesColumn(NamedTuple):
    """One series: three numbers for each moment of its block."""

    least: array[float]
    mean: array[float]
    most: array[float]


class StateChange(NamedTuple):
    """A state that changed at `t`, epoch seconds: `name` (`ccl`, `charge`, `finding bms-silent SUBJECT`), what it is
    now, "" where it is over, and a sentence for people."""

    t: float
    name: str
    value: str
    text: str = ""


@record
class HistoryBlock:
    """`times`: the beginning of each span of `step_s` seconds. `labels`: series -> name for people, of some."""

    step_s: float
    times: tuple[float, ...]
    columns: Mapping[str, SeriesColumn]
    labels: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[StateChange, ...] = ()


def unknowns(count: int) -> array[float]:
    """So many numbers that are not known."""
    return array("f", (UNKNOWN,)) * count
