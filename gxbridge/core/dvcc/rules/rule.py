"""One rule: a curve that lowers one limit by one input, falls at once and rises late.

It falls as soon as the curve does. It rises only as far as the curve allows within the whole hysteresis around the
input, only when that has lasted for the hold time, and then by its rate.
"""

from __future__ import annotations

from math import floor, isfinite
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.model.named_tuple import NamedTuple

RuleInput: TypeAlias = Literal[
    "soc", "highest_cell", "lowest_cell", "battery_voltage", "coldest", "hottest", "time_of_day"
]
RuledLimit: TypeAlias = Literal["CVL", "CCL", "DCL"]

LONGEST_STEP_S: Final = 5.0
"""A rise counts at most so much time at once: nobody watched longer."""
STEPS: Final = {"A": 10.0, "V": 100.0}
"""Limits are told in steps of 0.1 A and 0.01 V; a rule rounds down."""


class Rule(NamedTuple):
    """`limits` is lowered by `by`. `hysteresis` in the unit of the input; `rise_per_s` in A/s or V/s, None: at once."""

    name: str
    limits: RuledLimit
    by: RuleInput
    curve: Curve
    hysteresis: float = 0.0
    hold_s: float = 0.0
    rise_per_s: float | None = None

    @property
    def unit(self) -> Literal["A", "V"]:
        """Of what it limits."""
        return "V" if self.limits == "CVL" else "A"


class MeasuredInput(NamedTuple):
    """A measured value and whose it is."""

    value: float
    source: str = ""


class RuleState(NamedTuple):
    """What a rule allowed last (A or V), when that was, and since when more is allowed (monotonic s)."""

    value: float
    at: float
    more_since: float | None = None


class RuleVerdict(NamedTuple):
    """What a rule allows now. `value` None: it withholds, nothing is renewed. `reason` and `words` as in the table of
    reasons; `path`: where it stands in the configuration."""

    limits: RuledLimit
    value: float | None
    unit: Literal["A", "V"]
    reason: str
    path: str
    words: dict[str, str]

    @property
    def name(self) -> str:
        """What people call the rule."""
        return self.words.get("rule", "storage")


def allow(
    rule: Rule, before: RuleState | None, readings: tuple[MeasuredInput, ...], base_a: float | None, now: float
) -> tuple[RuleState, MeasuredInput | None]:
    """What a rule allows at `now`, and the reading that decides; None: the input is not known.

    `base_a`: the BMS's limit of which a percentage is a part; where that is not known, it is 0 A.
    """
    unit = 1.0 if not rule.curve.percent else max(base_a or 0.0, 0.0) / 100
    decides: MeasuredInput | None = None
    ceiling = steady = rule.curve.least * unit
    if readings and all(isfinite(one.value) for one in readings):
        decides = min(readings, key=lambda one: rule.curve.at(one.value))
        ceiling, band = rule.curve.at(decides.value) * unit, rule.hysteresis
        steady = min(rule.curve.within(one.value - band, one.value + band) for one in readings) * unit
    if before is None:
        # After a restart nobody knows how much of a hold is over; 0 A of discharge would darken the ship each time.
        careful = rule.limits != "DCL" and (rule.hold_s > 0 or rule.rise_per_s is not None)
        before = RuleState(min(steady, rule.curve.least * unit) if careful else steady, now)
    if ceiling <= before.value or steady <= before.value:
        return fallen(before, ceiling, now), decides
    since = now if before.more_since is None else before.more_since
    if now - since < rule.hold_s:
        return RuleState(before.value, now, since), decides
    value = steady
    if rule.rise_per_s is not None:
        value = min(steady, before.value + rule.rise_per_s * min(max(now - before.at, 0.0), LONGEST_STEP_S))
    return RuleState(value, now, since), decides


def fallen(before: RuleState, value: float, now: float) -> RuleState:
    """As low as this, and not higher than before: a hold begins anew."""
    return RuleState(min(before.value, value), now)


def rounded(value: float, unit: Literal["A", "V"]) -> float:
    """Down to the step in which a limit is told."""
    return floor(value * STEPS[unit] + 1e-6) / STEPS[unit]
