"""Flags and codes: which state of a few bits is which number on D-Bus."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Final

from gxbridge.core.learn.evidence import AHEAD_S, WINDOWS_S, Evidence, ShownChange, halves, in_reach, weigh
from gxbridge.core.learn.fields import MOST_CODES, FieldSeries
from gxbridge.core.learn.recording import PathSeries
from gxbridge.core.model.named_tuple import NamedTuple

LARGEST_CODE: Final = 1024
"""States and errors on D-Bus are smaller; a larger whole number is a measurement."""


FIRST_LOOK: Final = 12
"""Changes that tell a cell which has nothing to do with a path."""


MOST_PER_CHANGE: Final = 3
"""Changes of a cell for each of the path's: a cell that changes more often says something else."""
SAME_NUMBERS: Final = 3
"""So many codes that are the same numbers on D-Bus are no chance."""


class CodeMatch(NamedTuple):
    """`meanings`: the number on D-Bus for each raw code that was seen."""

    meanings: Mapping[int, int]
    evidence: Evidence


def are_same(meanings: Mapping[int, int]) -> bool:
    """Whether the codes are the numbers that D-Bus shows."""
    return len(meanings) >= SAME_NUMBERS and all(raw == meaning for raw, meaning in meanings.items())


def is_code(values: set[float]) -> bool:
    """Whether a path shows a few whole numbers."""
    return len(values) <= MOST_CODES and all(value == int(value) and 0 <= value < LARGEST_CODE for value in values)


def match_code(field: FieldSeries, path: PathSeries, changes: list[ShownChange], end: float) -> CodeMatch | None:
    """The meanings of the codes of a cell, if it explains the path.

    What a code is shown as is taken from most of its times; the others are misses. A meaning that was never seen in the
    first half of the changes is learned from the other half, and proves nothing there.
    """
    recorded = [change for change in changes if change.t <= end]
    learned, _ = halves(recorded)
    cell_changes = len(field.raws) - 1
    if not 0.9 * len(recorded) <= cell_changes <= MOST_PER_CHANGE * len(recorded) or not _goes_along(field, learned):
        return None
    meanings = _meanings(field, path, recorded, end)
    known = {value for _, value in learned}
    proving = [change for change in recorded if change.value in known]
    if len({meanings[raw] for raw in meanings}) < 2:
        return None
    wanted: dict[float, frozenset[int]] = {
        value: frozenset(raw for raw, meaning in meanings.items() if meaning == value)
        for value in {value for value in path.values if value is not None}
    }
    evidence = weigh(field, path, proving, wanted, end)
    return None if evidence is None else CodeMatch(meanings, evidence)


def _goes_along(field: FieldSeries, learned: list[ShownChange]) -> bool:
    """Whether the cell changed at all when the path did, as far as a few changes tell."""
    reach = in_reach(field, learned, WINDOWS_S[-1])[:FIRST_LOOK]
    times = field.times
    unmoved = [bisect_left(times, t - WINDOWS_S[-1]) == bisect_right(times, t + AHEAD_S) for t, _ in reach]
    return sum(unmoved) <= 1


def _meanings(field: FieldSeries, path: PathSeries, changes: list[ShownChange], end: float) -> dict[int, int]:
    """What each code was shown as: by the changes that followed one, else by what was shown while it stayed."""
    votes: dict[int, dict[float, int]] = {}
    for t, value in changes:
        begin = bisect_left(field.times, t - WINDOWS_S[-1]) or 1
        last = bisect_right(field.times, t + AHEAD_S)
        if begin < last:
            of_code = votes.setdefault(field.raws[last - 1], {})
            of_code[value] = of_code.get(value, 0) + 1
    for place, raw in enumerate(field.raws):
        moment = field.times[place] + WINDOWS_S[-1] + AHEAD_S
        following = field.times[place + 1] if place + 1 < len(field.raws) else end
        if moment < following and (value_then := path.at(moment)) is not None:
            of_code = votes.setdefault(raw, {})
            of_code[value_then] = of_code.get(value_then, 0) + 1
    return {raw: int(max(of_code, key=lambda value: of_code[value])) for raw, of_code in votes.items()}
