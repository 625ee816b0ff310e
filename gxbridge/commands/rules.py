"""`gxbridge rules`: check and show the user's own rules, or see what they would have done to a recorded day."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gxbridge.config import Config
    from gxbridge.core.dvcc.rules.rule import Rule

WRONG: Final = 2
CURVE_STEPS: Final = 120


def configure(parser: argparse.ArgumentParser) -> None:
    """`check FILE`, `show FILE`, and `try --config FILE --log LOG`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="what is wrong or doubtful in the rules, with line and cure")
    check.add_argument("file", metavar="FILE", help="the configuration file")
    show = actions.add_parser("show", help="the rules of a configuration in words, and each curve as a chart")
    show.add_argument("file", metavar="FILE", help="the configuration file")
    show.add_argument("--no-chart", action="store_true", help="words only")
    trial = actions.add_parser("try", help="what the rules would have done to a recorded day: table and picture")
    trial.add_argument("--log", metavar="FILE", required=True, help="a CAN log, or a black box")
    trial.add_argument("--config", metavar="FILE", help="the configuration with the rules (a black box has its own)")
    trial.add_argument("--storage", action="store_true", help="as if the storage profile were switched on")
    trial.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="a picture, .svg or .png, in place of the chart (needs matplotlib: pip install 'matplotlib>=3.8')",
    )
    trial.add_argument("--tz", metavar="ZONE", help="the time zone of the boat, in place of rules.time_zone")
    trial.add_argument("--no-chart", action="store_true", help="the table only")


def run(args: argparse.Namespace) -> int:
    """0; 1 when lines of the log could not be read; 2 when a file cannot be used."""
    from gxbridge.config import ConfigError, load

    if args.action == "try":
        from gxbridge.commands.rules_trial import run_trial

        return run_trial(args)
    try:
        config = load(args.file)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    lines = remarks(config) if args.action == "check" else described(config, charts=not args.no_chart)
    for line in lines:
        print(line)
    return 0


def remarks(config: Config) -> Iterator[str]:
    """What is right, and what may not be meant so."""
    from gxbridge.core.dvcc.rules.clock import local_clock
    from gxbridge.core.dvcc.rules.rule_set import BLACK_A
    from gxbridge.core.model.items import printable
    from gxbridge.core.model.wording import counted
    from gxbridge.runtime.time_zone import boat_zone_s

    rule_set, file = config.options.rules, printable(config.file or "")
    if not rule_set.rules and rule_set.storage is None:
        yield f"{file}: no rules"
        return
    yield f"{file}: {counted(len(rule_set.rules), 'curve')}, no problems"
    if config.mode != "control":
        yield f"note: dvcc.mode is {config.mode}: rules act in control only, and are shown otherwise"
    for rule in rule_set.rules:
        if rule.limits == "DCL" and rule.curve.least * (1 if not rule.curve.percent else 0.01) < BLACK_A:
            what = "may take discharging down to nothing, also where its input is not known: the loads go dark"
            yield f"note: {rule.name} {what}"
        if rule.curve.percent and rule.curve.least >= 100:
            yield f"note: {rule.name} never lowers anything"
    epoch = time.time()
    zone_s = boat_zone_s(config.time_zone, {}, epoch)
    if rule_set.asks_the_clock and zone_s is None:
        yield "note: without rules.time_zone the setting of the GX device counts; without that none is known"
    profile = rule_set.storage
    if profile is not None and profile.is_over(local_clock(epoch, zone_s)):
        yield "note: rules.storage.until is past: the storage profile is over"


def described(config: Config, *, charts: bool) -> Iterator[str]:
    """Every rule in words and as a chart."""
    from gxbridge.config.build_rules import day_text

    rule_set = config.options.rules
    if not rule_set.rules and rule_set.storage is None:
        yield "No rules."
    for number, rule in enumerate(rule_set.rules):
        if number:
            yield ""
        yield from _curve_words(rule)
        if charts:
            yield from _curve_chart(rule)
    profile, full = rule_set.storage, rule_set.full
    if profile is not None:
        holds = [
            *([f"{profile.soc_percent:g} % state of charge"] if profile.soc_percent is not None else []),
            *([f"{profile.voltage_v:g} V"] if profile.voltage_v is not None else []),
        ]
        until = "" if profile.until_day is None else f" until {day_text(profile.until_day)}"
        switch = "on by the configuration" if profile.on else "switched on by /Rules/Storage"
        yield ""
        yield f"storage: holds the battery at {' and '.join(holds)}{until}; {switch}"
    if full is not None:
        causes = [
            *([f"every {full.every_days:g} days"] if full.every_days is not None else []),
            *([f"when cells differ by more than {full.cell_difference_v:g} V"] if full.cell_difference_v else []),
        ]
        yield f"full: {' or '.join(causes)}, for at most {full.at_most_hours:g} hours"


def _curve_words(rule: Rule) -> Iterator[str]:
    from gxbridge.core.dvcc.rules.wording import INPUTS, input_words, value_words

    name, unit, _ = INPUTS[rule.by]
    yield f"{rule.name}: lowers {rule.limits} by {name}"
    for at, allowed in rule.curve.points:
        from_on = "from " if rule.curve.daily else ""
        said = value_words(allowed, rule.unit, percent=rule.curve.percent)
        yield f"    {from_on}{input_words(rule.by, at)}: {said}"
    steady = []
    if rule.hysteresis:
        steady.append(f"hysteresis {rule.hysteresis:g}{unit}")
    if rule.hold_s:
        steady.append(f"hold {rule.hold_s:g} s")
    if rule.rise_per_s is not None:
        steady.append(f"rises by at most {rule.rise_per_s:g} {rule.unit}/s")
    least = value_words(rule.curve.least, rule.unit, percent=rule.curve.percent)
    yield f"    {'; '.join([*steady, f'its most careful point is {least}'])}"


def _curve_chart(rule: Rule) -> Iterator[str]:
    from gxbridge.core.dvcc.rules.curve import DAY_MIN
    from gxbridge.core.dvcc.rules.wording import input_words
    from gxbridge.plotting import terminal
    from gxbridge.plotting.chart import Chart, ChartLine, ChartPanel

    inputs = [at for at, _ in rule.curve.points]
    margin = (inputs[-1] - inputs[0]) * 0.2 or max(abs(inputs[0]) * 0.1, 1.0)
    low, high = (0.0, DAY_MIN - 1.0) if rule.curve.daily else (inputs[0] - margin, inputs[-1] + margin)
    times = [low + (high - low) * step / CURVE_STEPS for step in range(CURVE_STEPS + 1)]
    values = [rule.curve.at(at) for at in times]
    unit = "% of the BMS's limit" if rule.curve.percent else rule.unit
    line = ChartLine("curve", rule.limits, values, values, values)
    chart = Chart(times, 1.0, [ChartPanel(rule.name, unit, [line])], [], [])
    width = min(shutil.get_terminal_size().columns, 100)
    try:
        yield from terminal.lines(chart, width, lambda at: input_words(rule.by, round(at, 2)), colour=False)
    except terminal.NoChart as error:
        yield f"    ({error})"
