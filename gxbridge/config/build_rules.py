"""The user's rules from checked values, and what contradicts what in them; and back, as a file has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gxbridge.config.rule_keys import LIMITS
from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import Rule
from gxbridge.core.dvcc.rules.rule_set import NO_RULES, RuleSet
from gxbridge.core.dvcc.rules.storage import FullCharge, StorageProfile
from gxbridge.core.dvcc.rules.wording import clock_words
from gxbridge.core.model.named_tuple import NamedTuple

RuleReport: TypeAlias = Callable[[str, str, str], None]
"""Takes a key, what is wrong, and the cure."""
BEGINNING: Final = 719_163
"""1970-01-01 as the library counts days."""
RANGES: Final = {
    "soc": (0.0, 100.0, "%"),
    "highest_cell": (0.5, 5.0, "V"),
    "lowest_cell": (0.5, 5.0, "V"),
    "battery_voltage": (5.0, 70.0, "V"),
    "coldest": (-60.0, 120.0, "°C"),
    "hottest": (-60.0, 120.0, "°C"),
}
"""What an input can be."""
MOST_A: Final = 2000.0
VOLTAGES: Final = (8.0, 64.0)


class WrittenPoint(NamedTuple):
    """A point as it stands in the file. `clock`: the input was written as a time, and is in minutes; `percent`: what is
    allowed was written with a %."""

    at: float
    allowed: float
    clock: bool
    percent: bool


def build_rules(values: Mapping[str, Any], window: tuple[float, float] | None, report: RuleReport) -> RuleSet:
    """The rules; `window`: charge voltages that fit the configured nominal voltage."""
    rules: list[Rule] = []
    for index, entry in enumerate(values.get("limits", ())):
        if not {"name", "limit", "by", "points"} <= entry.keys():
            continue  # already a problem
        at = f"rules.limits[{index}]"
        if any(rule.name == entry["name"] for rule in rules):
            report(f"{at}.name", f"{entry['name']} is the name of another rule", "give each a name of its own")
        rules.append(_rule(entry, at, window, report))
    storage = _storage(values.get("storage"), window, report)
    full = _full(values.get("full"), storage, report)
    if "time_zone" in values:
        _check_zone(values["time_zone"], report)
    return RuleSet(tuple(rules), storage, full)


def _rule(entry: Mapping[str, Any], at: str, window: tuple[float, float] | None, report: RuleReport) -> Rule:
    points: tuple[WrittenPoint, ...] = entry["points"]
    limits, by, key = LIMITS[entry["limit"]], entry["by"], f"{at}.points"
    percent = any(point.percent for point in points)
    daily = by == "time_of_day"
    if daily != all(point.clock for point in points) or (daily != any(point.clock for point in points)):
        wanted = "times, such as `22:00: 20`" if daily else f"numbers ({RANGES[by][2]})"
        report(key, f"the inputs do not fit by: {by}", f"write {wanted}")
    elif not daily:
        low, high, unit = RANGES[by]
        for point in points:
            if not low <= point.at <= high:
                report(key, f"{point.at:g} is no {by} ({unit})", f"write inputs from {low:g} to {high:g} {unit}")
    if limits == "CVL":
        low_v, high_v = window or VOLTAGES
        if percent:
            report(key, "a charge voltage cannot be a percentage", "write V, such as 27.2")
        elif any(not low_v <= point.allowed <= high_v for point in points):
            report(key, "is not a charge voltage for this battery", f"write voltages from {low_v:g} to {high_v:g} V")
    elif percent and any(not point.percent and point.allowed for point in points):
        report(key, "mixes A and percentages", "write all points in A, or all with a % (0 is both)")
    elif any(point.allowed > (100.0 if percent else MOST_A) for point in points):
        report(key, "allows more than there is", f"write at most {'100%' if percent else f'{MOST_A:g} (A)'}")
    if daily and entry.get("hysteresis"):
        report(f"{at}.hysteresis", "the time of day has none", "remove the line")
    curve = Curve(tuple((point.at, point.allowed) for point in points), percent, daily)
    steadiness = {name: entry[name] for name in ("hysteresis", "hold_s", "rise_per_s") if name in entry}
    return Rule(entry["name"], limits, by, curve, **steadiness)  # type: ignore[arg-type]


def _storage(
    values: Mapping[str, Any] | None, window: tuple[float, float] | None, report: RuleReport
) -> StorageProfile | None:
    if values is None:
        return None
    if not {"soc_percent", "voltage_v"} & values.keys():
        if not values.get("on") and "until" not in values:
            return None  # the example file as it is
        report("rules.storage", "says neither a state of charge nor a voltage", "add soc_percent or voltage_v")
    volts = values.get("voltage_v")
    if volts is not None and window is not None and not window[0] <= volts <= window[1]:
        report(
            "rules.storage.voltage_v",
            f"{volts:g} V is not a charge voltage for this battery",
            f"write a voltage from {window[0]:g} to {window[1]:g}",
        )
    return StorageProfile(values.get("soc_percent"), volts, values.get("until"), values.get("on", False))


def _full(values: Mapping[str, Any] | None, storage: StorageProfile | None, report: RuleReport) -> FullCharge | None:
    if not values or values == {"at_most_hours": FullCharge().at_most_hours}:
        return None
    if storage is None:
        report("rules.full", "suspends a storage profile that is not there", "add rules.storage, or remove rules.full")
    if not {"every_days", "cell_difference_v"} & values.keys():
        report("rules.full", "never begins", "add every_days or cell_difference_v")
    return FullCharge(**values)


def _check_zone(name: str, report: RuleReport) -> None:
    from gxbridge.edge.local_time import zone_exists

    if not zone_exists(name):
        report(
            "rules.time_zone", f"{name!r} is not a time zone known to this machine", "write one such as Europe/Berlin"
        )


# --- and back ---------------------------------------------------------------------------------------------------------


def rules_tree(rule_set: RuleSet, time_zone: str | None) -> dict[str, Any] | None:
    """The rules as the nested values of a file; None where there are none."""
    if rule_set == NO_RULES and time_zone is None:
        return None
    names = {limit: name for name, limit in LIMITS.items()}
    storage, full = rule_set.storage, rule_set.full
    return {
        "time_zone": time_zone,
        "limits": [
            {
                "name": rule.name,
                "limit": names[rule.limits],
                "by": rule.by,
                "points": {_at(rule, at): _allowed(rule, allowed) for at, allowed in rule.curve.points},
                "hysteresis": _shortest(rule.hysteresis),
                "hold_s": _shortest(rule.hold_s),
                "rise_per_s": rule.rise_per_s,
            }
            for rule in rule_set.rules
        ],
        "storage": None
        if storage is None
        else {
            "soc_percent": storage.soc_percent,
            "voltage_v": storage.voltage_v,
            "until": None if storage.until_day is None else day_text(storage.until_day),
            "on": storage.on,
        },
        "full": None if full is None else full._asdict(),
    }


def day_text(day: int) -> str:
    """Days since 1970-01-01 as a date."""
    from datetime import date

    return date.fromordinal(BEGINNING + day).isoformat()


def day_of(text: str) -> int:
    """A date as days since 1970-01-01. Raises ValueError."""
    from datetime import date

    return date.fromisoformat(text).toordinal() - BEGINNING


def _at(rule: Rule, at: float) -> str | float:
    return clock_words(at) if rule.curve.daily else _shortest(at)


def _allowed(rule: Rule, allowed: float) -> str | float:
    return f"{_shortest(allowed)}%" if rule.curve.percent else _shortest(allowed)


def _shortest(number: float) -> float:
    return int(number) if float(number).is_integer() else number
