"""Whether a D-Bus value is what a field says: every change must be explained, and chance must not explain it as well.

A change on D-Bus is explained when the field changed, not long before, to a raw number that gives the very value shown,
within its rounding. A raw number that stays must be shown. What speaks for a hypothesis is counted in bits: how rarely
the same values, at other moments of the same recording, would have been explained too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Mapping
from itertools import pairwise
from math import log2
from typing import Final

from gxbridge.core.learn.fields import MISSING, FieldSeries
from gxbridge.core.learn.recording import PathSeries
from gxbridge.core.model.named_tuple import NamedTuple

WINDOWS_S: Final = (0.7, 1.7, 4.5)
"""How long a value may take from the frame to D-Bus: at once, with the next second, or up to 3 s before that."""
AHEAD_S: Final = 0.3
"""Frames and values of a capture come by different ways; one may be noted before the other."""
SHIFTS, SHIFTS_OF_MANY = 63, 23
"""Other moments that each change is tried at; fewer where there are many changes, each of which needs to say less."""
MANY: Final = 16
MOST_WEIGHED: Final = 64
"""Changes whose weight is worked out; each has been checked."""
LEAST_STEADY: Final = 4
EVEN, SAME_STEPS = 0.25, 0.9
"""Of clocks: the spread of the intervals, and the share of steps that are the same."""
MOST_SHARP: Final = 100
DELAY_STEPS, DELAY_STEP_S = 90, 0.05
"""Delays that are tried as one for all changes: up to what a value may take."""
ALLOWED_MISSES: Final = 0.05
"""A share of misses with which a hypothesis can still be likely: frames may be lost."""

AcceptedNumbers = Mapping[float, Container[int]]
"""For each value of the path the raw numbers that give it."""


class ShownChange(NamedTuple):
    """From `t` on the path showed `value`; before that it showed another number."""

    t: float
    value: float


class Evidence(NamedTuple):
    """`changes` and `misses` count the first half of the recording, from which the hypothesis was made, `held_out` and
    `held_out_misses` the other half. `stays`: raw numbers that stayed, and were shown. `distinct`: different values
    among the explained changes. `bits`: how much chance is excluded. `sharp`: the share of changes that show what the
    field said at that very moment less one delay, the same for all. `near`: 0 where the values come out exactly, else
    within how many steps of their rounding they do. `steady`: the path only counted on, as clocks do, so that its
    changes are no evidence each. `coarse`: the path shows fewer digits than the field has."""

    window_s: float
    changes: int
    misses: int
    held_out: int
    held_out_misses: int
    stays: int
    distinct: int
    bits: float
    sharp: float
    near: float = 0.0
    steady: bool = False
    coarse: bool = False

    @property
    def matches(self) -> int:
        return self.changes + self.held_out - self.all_misses

    @property
    def all_misses(self) -> int:
        return self.misses + self.held_out_misses


def shown_changes(path: PathSeries) -> list[ShownChange]:
    """Every change from one number to another, also over a time without one."""
    numbers = [ShownChange(t, value) for t, value in zip(path.times, path.values, strict=True) if value is not None]
    return [after for before, after in pairwise(numbers) if after.value != before.value]


def is_steady(changes: list[ShownChange]) -> bool:
    """Whether a path counted on evenly: along a line, or by one step again and again at even intervals."""
    steps = sorted(after.value - before.value for before, after in pairwise(changes))
    usual = abs(steps[len(steps) // 2]) if steps else 0.0
    same_way = sum(step > 0 for step in steps)
    if len(changes) < LEAST_STEADY or max(same_way, len(steps) - same_way) < SAME_STEPS * len(steps):
        return False
    first, last = changes[0], changes[-1]
    slope = (last.value - first.value) / ((last.t - first.t) or 1.0)
    off = max(abs(value - first.value - slope * (t - first.t)) for t, value in changes)
    if off <= 1.5 * usual:
        return True
    times = [after.t - before.t for before, after in pairwise(changes)]
    mean = sum(times) / len(times)
    even = sum((time - mean) ** 2 for time in times) <= len(times) * (EVEN * mean) ** 2
    return even and sum(abs(abs(step) - usual) <= 1e-6 * usual for step in steps) >= SAME_STEPS * len(steps)


def halves(changes: list[ShownChange]) -> tuple[list[ShownChange], list[ShownChange]]:
    """The changes to learn from, and those that are held out."""
    middle = (len(changes) + 1) // 2
    return changes[:middle], changes[middle:]


def is_explained(
    field: FieldSeries, at: float, accepted: Container[int], window_s: float, staying: bool = False
) -> bool:
    """Whether the field changed to an accepted raw number within the window. In the widest one, in which values may
    overtake each other, also whether it changed from one. `staying`: or whether it had one all the time."""
    times = field.times
    begin, end = bisect_left(times, at - window_s) or 1, bisect_right(times, at + AHEAD_S)
    if staying or (window_s == WINDOWS_S[-1] and begin < end):
        begin -= 1
    for raw in field.raws[begin:end]:  # noqa: SIM110 - the hot loop; `any` takes half as long again
        if raw in accepted:
            return True
    return False


def in_reach(field: FieldSeries, changes: list[ShownChange], window_s: float) -> list[ShownChange]:
    """The changes whose cause the recording would hold."""
    begin = field.times[0] + window_s
    return [change for change in changes if change.t >= begin]


def misses_at_most(
    field: FieldSeries,
    changes: list[ShownChange],
    wanted: AcceptedNumbers,
    window_s: float,
    most: int,
    staying: bool = False,
) -> int | None:
    """How many of the changes are not explained; None as soon as there are more than `most`."""
    misses = 0
    for t, value in changes:
        if not is_explained(field, t, wanted[value], window_s, staying):
            misses += 1
            if misses > most:
                return None
    return misses


def weigh(
    field: FieldSeries, path: PathSeries, changes: list[ShownChange], wanted: AcceptedNumbers, end: float
) -> Evidence | None:
    """The evidence for a hypothesis that was made from the first half of `changes`; None where it does not hold.

    The narrowest window counts that explains everything. `end`: until when the field was recorded.
    """
    best: Evidence | None = None
    recorded = [change for change in changes if change.t <= end]
    for window_s in WINDOWS_S:
        reach = in_reach(field, recorded, window_s)
        learned, held_out = halves(reach)
        most = int(ALLOWED_MISSES * len(reach))
        misses = misses_at_most(field, learned, wanted, window_s, most)
        others = None if misses is None else misses_at_most(field, held_out, wanted, window_s, most - misses)
        if misses is None or others is None or not held_out or (best and best.all_misses <= misses + others):
            continue
        stays, wrong_before, wrong_after = _stays(field, path, wanted, held_out[0].t, end)
        misses, others = misses + wrong_before, others + wrong_after
        if misses + others > ALLOWED_MISSES * (len(reach) + stays):
            continue
        distinct = len({value for _, value in reach})
        best = Evidence(window_s, len(learned), misses, len(held_out), others, stays, distinct, 0.0, 0.0)
        if not best.all_misses:
            break
    if best is None:
        return None
    reach = in_reach(field, recorded, best.window_s)
    bits = _bits(field, reach, wanted, best.window_s, end)
    return best._replace(bits=bits, sharp=_sharp(field, reach, wanted), steady=is_steady(reach))


def weigh_near(
    field: FieldSeries, changes: list[ShownChange], wanted: AcceptedNumbers, end: float, near: float
) -> Evidence | None:
    """The evidence for values that come out nearly: noise may change what is shown while the field stays, so that what
    it said last counts too. `wanted` has been made that much wider."""
    window_s = WINDOWS_S[-1]
    reach = in_reach(field, [change for change in changes if change.t <= end], window_s)
    learned, held_out = halves(reach)
    most = int(ALLOWED_MISSES * len(reach))
    misses = misses_at_most(field, learned, wanted, window_s, most, staying=True)
    others = None if misses is None else misses_at_most(field, held_out, wanted, window_s, most - misses, staying=True)
    if misses is None or others is None or not held_out:
        return None
    bits = _bits(field, reach, wanted, window_s, end, staying=True)
    distinct = len({value for _, value in reach})
    return Evidence(window_s, len(learned), misses, len(held_out), others, 0, distinct, bits, 0.0, near)


def _stays(
    field: FieldSeries, path: PathSeries, wanted: AcceptedNumbers, middle: float, end: float
) -> tuple[int, int, int]:
    """Raw numbers that stayed and were shown, and those that were not, before and after the middle."""
    shown, before, after = 0, 0, 0
    patience = WINDOWS_S[-1] + AHEAD_S
    count = len(field.raws)
    for place, raw in enumerate(field.raws):
        begin = field.times[place]
        until = field.times[place + 1] if place + 1 < count else end
        if until - begin <= patience or raw == MISSING:
            continue
        value = path.at(begin + patience)
        if value is None:
            continue
        if raw in wanted[value]:
            shown += 1
        elif begin < middle:
            before += 1
        else:
            after += 1
    return shown, before, after


def _bits(
    field: FieldSeries,
    changes: list[ShownChange],
    wanted: AcceptedNumbers,
    window_s: float,
    end: float,
    staying: bool = False,
) -> float:
    """Of changes that are far enough apart to be independent: how unlikely each is at a moment taken at random."""
    first = field.times[0] + window_s
    shifts = _shifts(window_s, end - first, SHIFTS_OF_MANY if len(changes) > MANY else SHIFTS)
    bits, last, weighed = 0.0, -1e300, 0
    for t, value in changes:
        if t - last < window_s + AHEAD_S or weighed >= MOST_WEIGHED:
            continue
        accepted = wanted[value]
        if not is_explained(field, t, accepted, window_s, staying):
            continue
        last = t
        weighed += 1
        moments = [t + shift for shift in shifts if first <= t + shift <= end]
        hits = sum(is_explained(field, moment, accepted, window_s, staying) for moment in moments)
        bits += log2((len(moments) + 1) / (hits + 1))
    return bits


def _sharp(field: FieldSeries, changes: list[ShownChange], wanted: AcceptedNumbers) -> float:
    """What goes with a value, but is not it, is at times the same within some seconds, and not at one moment."""
    times, raws = field.times, field.raws
    sample = changes[:: max(1, len(changes) // MOST_SHARP)]
    best = 0
    for step in range(DELAY_STEPS):
        delay_s = step * DELAY_STEP_S
        hits = 0
        for t, value in sample:
            place = bisect_right(times, t - delay_s)
            hits += place > 0 and raws[place - 1] in wanted[value]
        best = max(best, hits)
        if best == len(sample):
            break
    return best / max(len(sample), 1)


def _shifts(window_s: float, span_s: float, count: int) -> list[float]:
    """Near and far, before and after: what is near asks for the moment, what is far for the value."""
    least, most = 1.5 * (window_s + AHEAD_S), max(span_s, 4 * window_s)
    steps = count // 2
    factor = (most / least) ** (1 / steps)
    near_to_far = [least * factor**step for step in range(steps + 1)]
    return [sign * shift for shift in near_to_far for sign in (1, -1)]
