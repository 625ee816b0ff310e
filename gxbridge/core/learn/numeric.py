"""Numbers: which scale turns a field into a D-Bus value. A regression proposes, a usual scale is taken, and then every
value must come out exactly, within the rounding of what is shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import ceil, floor, sqrt
from typing import Final

from gxbridge.core.learn.evidence import (
    Evidence,
    ShownChange,
    halves,
    is_steady,
    weigh,
    weigh_near,
)
from gxbridge.core.learn.fields import MISSING, FieldSeries
from gxbridge.core.learn.recording import PathSeries
from gxbridge.core.model.named_tuple import NamedTuple

SCALES: Final = (
    3600.0, 1000.0, 100.0, 60.0, 10.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.025, 0.02, 0.01, 0.005, 0.004, 0.002, 0.001,
    0.0005, 0.0001, 0.00001, 1 / 60, 1 / 3600,
)  # fmt: skip
"""1, 0.1, 0.01, 0.001 and 10 are those of all registers in `can_db`; 0.004 is that of NMEA 2000's percent, 60 and 3600
and their inverses turn minutes, hours and seconds into each other, the rest stand in other makers' tables."""
OFFSETS: Final = (0.0, -273.15)
"""None, and kelvin shown as degrees Celsius. Whatever else would fit, such as two clocks that were started at different
times, is taken for chance."""
DECIMALS: Final = 4
SINGLE_PRECISION: Final = 2.0**-23
"""Some services compute in floats of 32 bits: 26.39 is shown as 26.389999."""
RATIO_LOW, RATIO_HIGH = 0.4, 2.5
"""How far the spread of what is shown may be from that of the field: both are taken at the same moments, and with few
changes and a delay they differ."""
LEAST_DISTINCT: Final = 2
NUMBER_DISTINCT: Final = 4
"""Different values; with fewer a number is no more than a code."""
FINE: Final = 0.04
"""Share of its values that a rounding may be where there are so few of them."""
MOST_SPAN: Final = 20
"""How much farther than what is shown a field may reach: it has its peaks between two looks of a driver."""
NEAR_STEPS: Final = (1.5, 3.0, 6.0)
"""How far from what a register says a value may be that is noisy or taken from another message, in steps of its
rounding."""
NEAR_SPAN: Final = 0.15
"""Share of all that a path shows: farther is not near."""
PAIRS: Final = 64
"""Moments that the regression looks at."""


class Rounding(NamedTuple):
    """How a path is rounded: its step, 0 where none is seen."""

    step: float

    @staticmethod
    def of(values: Sequence[float]) -> Rounding:
        """From all its values: the fewest decimals that they have in common."""
        for decimals in range(DECIMALS + 1):
            factor = 10.0**decimals
            if all(
                abs(value * factor - round(value * factor)) < 0.01 + abs(value) * factor * SINGLE_PRECISION
                for value in values
            ):
                return Rounding(1 / factor)
        return Rounding(0.0)

    def raws(self, value: float, scale: float, offset: float) -> range:
        """The raw numbers that give a value which is shown rounded."""
        slack = self.step / 2 * (1 + 1e-6) + abs(value) * SINGLE_PRECISION
        low, high = (value - slack - offset) / scale, (value + slack - offset) / scale
        low, high = min(low, high), max(low, high)
        return range(ceil(low - 1e-9), floor(high + 1e-9) + 1)


class AcceptedRaws(dict[float, range]):
    """The raw numbers for each value, worked out when they are first asked for."""

    def __init__(self, rounding: Rounding, scale: float, offset: float) -> None:
        super().__init__()
        self._rule = rounding, scale, offset

    def __missing__(self, value: float) -> range:
        rounding, scale, offset = self._rule
        accepted = self[value] = rounding.raws(value, scale, offset)
        return accepted


class Fit(NamedTuple):
    """The line through the pairs of raw number and shown value, taken with the delay at which they agree best."""

    slope: float
    intercept: float
    r2: float
    delay_s: float


class NumberMatch(NamedTuple):
    """`value = raw * scale + offset`."""

    scale: float
    offset: float
    evidence: Evidence


def match_number(
    field: FieldSeries, path: PathSeries, changes: list[ShownChange], rounding: Rounding, end: float
) -> Iterator[NumberMatch]:
    """Every usual scale with which the field explains the path: exactly, or else nearly."""
    learned, _ = halves(changes)
    values = {value for _, value in learned}
    if len(values) < LEAST_DISTINCT:
        return
    shown = [value for value in path.values if value is not None]
    few = len(values) < NUMBER_DISTINCT
    coarse = few and rounding.step > FINE * max(map(abs, values))
    scales = [
        (scale, offset)
        for scale, offset in proposed(field, learned, rounding, max(shown) - min(shown))
        if not coarse or abs(scale) >= rounding.step  # 0 and 1 are any two numbers, rounded
    ]
    exact = [match for scale in scales if (match := _exact(field, path, changes, rounding, scale, end)) is not None]
    yield from exact
    if not exact and not few and not is_steady(changes):
        yield from _nearest(field, changes, rounding, scales, end)


def _exact(
    field: FieldSeries,
    path: PathSeries,
    changes: list[ShownChange],
    rounding: Rounding,
    rule: tuple[float, float],
    end: float,
) -> NumberMatch | None:
    wanted = AcceptedRaws(rounding, *rule)
    evidence = weigh(field, path, changes, wanted, end)
    if evidence is None:
        return None
    scale, offset = rule
    return NumberMatch(scale, offset, evidence._replace(coarse=abs(scale) < 0.999 * rounding.step))


def _nearest(
    field: FieldSeries,
    changes: list[ShownChange],
    rounding: Rounding,
    scales: list[tuple[float, float]],
    end: float,
) -> Iterator[NumberMatch]:
    """The scales with which values come out within as few steps of their rounding as possible."""
    values = [value for _, value in changes]
    span = max(values) - min(values)
    for near in NEAR_STEPS:
        if not rounding.step or near * rounding.step > NEAR_SPAN * span:
            return
        wider = Rounding(2 * near * rounding.step)
        found = [
            NumberMatch(scale, offset, evidence)
            for scale, offset in scales
            if (evidence := weigh_near(field, changes, AcceptedRaws(wider, scale, offset), end, near)) is not None
        ]
        if found:
            yield from found
            return


def proposed(
    field: FieldSeries, learned: list[ShownChange], rounding: Rounding, whole_span: float
) -> list[tuple[float, float]]:
    """Usual scales and offsets near those of a regression over what is learned from. `whole_span`: of all that is
    shown."""
    shown = [value for _, value in learned]
    possible = _possible(field, min(shown), max(shown), whole_span, rounding.step)
    raws, values = _pairs(field, learned, 0.0) if possible else ([], [])
    count = len(raws)
    if count < LEAST_DISTINCT:
        return []
    mean_raw, mean_value = sum(raws) / count, sum(values) / count
    spread_raw = sqrt(sum([(raw - mean_raw) ** 2 for raw in raws]))
    if not spread_raw:
        return []
    ratio = sqrt(sum([(value - mean_value) ** 2 for value in values])) / spread_raw
    slack = 0.5 * (max(values) - min(values)) + 3 * rounding.step
    return [
        (scale, offset)
        for scale, offset in possible
        if RATIO_LOW <= ratio / abs(scale) <= RATIO_HIGH and abs(mean_value - mean_raw * scale - offset) <= slack
    ]


def _possible(
    field: FieldSeries, lowest: float, highest: float, whole_span: float, step: float
) -> list[tuple[float, float]]:
    """Scales and offsets with which the field's numbers reach from the lowest to the highest value that is shown, and
    not far beyond."""
    span, shown_span = field.high - field.low, highest - lowest
    if not span:
        return []
    slack = max(step, min(NEAR_STEPS[-1] * step, NEAR_SPAN * shown_span))
    least, most = (shown_span - 2 * slack) / span, MOST_SPAN * (whole_span + step) / span
    found = []
    for size in SCALES:
        if least <= size <= most:
            for scale in (size, -size):
                ends = sorted((field.low * scale, field.high * scale))
                found += [
                    (scale, offset)
                    for offset in OFFSETS
                    if ends[0] + offset <= lowest + slack and ends[1] + offset >= highest - slack
                ]
    return found


def fit(field: FieldSeries, changes: list[ShownChange]) -> Fit | None:
    """The regression of what is shown on the raw numbers, at the best delay; None where nothing varies."""
    best: Fit | None = None
    for delay_s in (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0):
        raws, values = _pairs(field, changes, delay_s)
        found = _line(raws, values, delay_s)
        if found is not None and (best is None or found.r2 > best.r2):
            best = found
    return best


def _line(raws: list[int], values: list[float], delay_s: float) -> Fit | None:
    count = len(raws)
    if count < LEAST_DISTINCT:
        return None
    mean_raw, mean_value = sum(raws) / count, sum(values) / count
    of_raws = sum([(raw - mean_raw) ** 2 for raw in raws])
    of_values = sum([(value - mean_value) ** 2 for value in values])
    if not of_raws or not of_values:
        return None
    both = sum([(raw - mean_raw) * (value - mean_value) for raw, value in zip(raws, values, strict=True)])
    slope = both / of_raws
    return Fit(slope, mean_value - slope * mean_raw, min(both * both / (of_raws * of_values), 1.0), delay_s)


def _pairs(field: FieldSeries, changes: list[ShownChange], delay_s: float) -> tuple[list[int], list[float]]:
    """What the field said when a value was shown, at evenly taken changes."""
    times, raws, values = field.times, list[int](), list[float]()
    for t, value in changes[:: max(1, len(changes) // PAIRS)]:
        place = bisect_right(times, t - delay_s)
        if place and field.raws[place - 1] != MISSING:
            raws.append(field.raws[place - 1])
            values.append(value)
    return raws, values
