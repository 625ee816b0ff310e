"""Inputs, values and points of curves as people say them: rounded, so that a text does not change all the time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from gxbridge.core.dvcc.rules.rule import MeasuredInput, Rule, RuleInput

INPUTS: Final[Mapping[RuleInput, tuple[str, str, int]]] = {
    "soc": ("state of charge", " %", 1),
    "highest_cell": ("highest cell", " V", 2),
    "lowest_cell": ("lowest cell", " V", 2),
    "battery_voltage": ("battery voltage", " V", 1),
    "coldest": ("coldest place", " °C", 0),
    "hottest": ("hottest place", " °C", 0),
    "time_of_day": ("time of day", "", 0),
}
"""Input -> what it is called, its unit, and how many decimals people need."""


def clock_words(minutes: float) -> str:
    """`22:05`."""
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}"


def input_words(by: RuleInput, value: float, decimals: int | None = None) -> str:
    """`20 %`, `3.45 V`, `22:05`. With `decimals` None all that the number has, up to three."""
    _, unit, _ = INPUTS[by]
    if by == "time_of_day":
        return clock_words(value)
    text = f"{value:.3f}".rstrip("0").rstrip(".") if decimals is None else f"{value:.{decimals}f}"
    if unit == " °C":  # a temperature shows its sign, because it decides
        text = f"{float(text) + 0.0:+g}"
    return f"{text}{unit}"


def steady_reading(rule: Rule, before: MeasuredInput | None, now: MeasuredInput) -> MeasuredInput:
    """The reading that is told: the one before while it is less than a step of what people read away, of the same
    battery and in the same part of the curve, so that a text does not change with every noise of a sensor."""
    if before is None or before.source != now.source or rule.curve.around(before.value) != rule.curve.around(now.value):
        return now
    step = 10.0 ** -INPUTS[rule.by][2]
    return before if abs(now.value - before.value) < step else now


def reading_words(by: RuleInput, reading: MeasuredInput | None) -> str:
    """`state of charge 80 % of Lynx Smart BMS 500`, and without a reading `state of charge`."""
    name, _, decimals = INPUTS[by]
    if reading is None or by == "time_of_day":  # the time itself would change the text every minute
        return name
    whose = f" of {reading.source}" if reading.source else ""
    return f"{name} {input_words(by, reading.value, decimals)}{whose}"


def value_words(value: float, unit: Literal["A", "V"], *, percent: bool = False) -> str:
    """What is allowed: `20 A`, `27.6 V`, `50 %`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + (" %" if percent else f" {unit}")


def point_words(rule: Rule, value: float) -> str:
    """The part of the curve that holds: `5 °C: 20 A to 10 °C: 60 A`, `from 80 %: 0 A`, `up to 0 °C: 0 A`."""
    below, above = rule.curve.around(value)

    def point(one: tuple[float, float]) -> str:
        said = value_words(one[1], rule.unit, percent=rule.curve.percent)
        return f"{input_words(rule.by, one[0])}: {said}"

    if below is not None and above is not None and not rule.curve.daily and below[0] != value:
        return f"{point(below)} to {point(above)}"
    if below is None:
        return f"up to {point(above or rule.curve.points[0])}"
    return f"from {point(below)}"
