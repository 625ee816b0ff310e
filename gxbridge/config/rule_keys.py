"""The keys below `rules`: the user's own rules, which only lower."""

from __future__ import annotations

from typing import Final

from gxbridge.config.schema import ConfigKey
from gxbridge.core.dvcc.rules.wording import INPUTS

LIMITS: Final = {"charge_current": "CCL", "discharge_current": "DCL", "charge_voltage": "CVL"}
"""What a rule lowers, as it is written -> the limit."""

RULE_KEYS: Final[tuple[ConfigKey, ...]] = (
    ConfigKey(
        "rules", "section",
        "Your own rules: they only lower what the BMS and all others allow (docs/rules.md). They act with `dvcc.mode: "
        "control`, and are shown otherwise.",
    ),
    ConfigKey(
        "rules.time_zone", "text",
        "The time zone of the boat, for rules by the time of day and for dates.",
        unset="the setting of the GX device; on other systems that of the system", example="Europe/Berlin",
    ),
    ConfigKey("rules.limits", "items", "Curves: each lowers one limit by one input.", default=()),
    ConfigKey(
        "rules.limits[].name", "name",
        "How it is called in the reasons.",
        required=True, example="no_more_than_80",
    ),
    ConfigKey(
        "rules.limits[].limit", "choice",
        "What it lowers.",
        required=True, choices=tuple(LIMITS), example="charge_current",
    ),
    ConfigKey(
        "rules.limits[].by", "choice",
        "By what: state of charge (%), cell or battery voltage (V), temperature (°C), or local time of day.",
        required=True, choices=tuple(INPUTS), example="soc",
    ),
    ConfigKey(
        "rules.limits[].points", "points",
        "What is allowed at which input, in ascending order: A or a percentage of the BMS's limit, for "
        "`charge_voltage` V. Between two points it is a straight line, beyond the ends it stays level; by "
        "`time_of_day` each point holds from its time until the next.",
        required=True, example={"78": "100%", "80": "0"},
    ),
    ConfigKey(
        "rules.limits[].hysteresis", "number",
        "It rises only as far as the curve allows this much to either side too, in the unit of `by`.",
        default=0, low=0, high=100,
    ),
    ConfigKey(
        "rules.limits[].hold_s", "number",
        "It rises only when the curve has allowed more for this long.",
        default=0, low=0, high=86_400, unit="s",
    ),
    ConfigKey(
        "rules.limits[].rise_per_s", "number",
        "It rises by at most this much per second: A/s, for `charge_voltage` V/s. It falls at once.",
        unset="at once", low=0.001, high=2000, example=1,
    ),
    ConfigKey(
        "rules.storage", "section",
        "The storage profile: a battery that rests. A client switches it with `/Rules/Storage` of our own service.",
    ),
    ConfigKey(
        "rules.storage.soc_percent", "number",
        "Charging stops at this state of charge, until 3 % of it are lost.",
        unset="charged as the limits allow", low=10, high=100, unit="%", example=60,
    ),
    ConfigKey(
        "rules.storage.voltage_v", "number",
        "The charge voltage limit is lowered to this.",
        unset="not lowered", low=8, high=64, unit="V", example=26.4,
    ),
    ConfigKey(
        "rules.storage.until", "date",
        "It ends at the beginning of this day.",
        unset="no end", example="2027-03-15",
    ),
    ConfigKey("rules.storage.on", "flag", "It is on, whatever a client writes.", default=False),
    ConfigKey(
        "rules.full", "section",
        "Full charges of a battery in storage: they suspend the storage profile and nothing else.",
    ),
    ConfigKey(
        "rules.full.every_days", "number",
        "A full charge when the last one was this long ago.",
        unset="not by days", low=1, high=400, unit="days", example=30,
    ),
    ConfigKey(
        "rules.full.cell_difference_v", "number",
        "A full charge when the cells of one battery differ by more than this for a minute.",
        unset="not by the cells", low=0.005, high=1, unit="V", example=0.1,
    ),
    ConfigKey(
        "rules.full.at_most_hours", "number",
        "An attempt ends after this time; the next one begins a day after it began and after a rest as long, at the "
        "earliest.",
        default=12, low=0.5, high=72, unit="hours",
    ),
)  # fmt: skip
