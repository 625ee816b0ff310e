"""`gxbridge rules try`: a recorded day once more, with what the rules would have allowed beside what was."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from datetime import tzinfo

    from gxbridge.core.cycle import Cycle
    from gxbridge.core.dvcc.rules.rule import RuledLimit
    from gxbridge.plotting.chart import Chart

LIMITS: Final[tuple[tuple[RuledLimit, str], ...]] = (("CVL", "V"), ("CCL", "A"), ("DCL", "A"))
MOST_POINTS: Final = 2000
QUIET_S: Final = 60.0
UNLIMITED_A: Final = 5000.0
"""A current from here on stands for no limit."""


class TrialRow(NamedTuple):
    """One second: when (as the log has it), each limit without the rules and with them, and what decides.

    `state_of_charge` of the BMS in control, in percent; NaN where something is not known.
    """

    t: float
    without: dict[str, float | None]
    ruled: dict[str, float | None]
    by: dict[str, str]
    state_of_charge: float


def run_trial(args: argparse.Namespace) -> int:
    """0; 1 when lines of the log could not be read; 2 when a file cannot be used."""
    from gxbridge.commands.explain_log import looks_of, refuse_log
    from gxbridge.config import ConfigError, load
    from gxbridge.core.blackbox.box import BoxError
    from gxbridge.decodelog.times import dates, time_zone
    from gxbridge.edge.logs.reader import LogError

    try:
        zone = time_zone(args.tz or (load(args.config).time_zone if args.config else None) or "local")
        write_time = dates(zone)
        looks, tell_counts = looks_of(args.log, args.config, args.tz, storage=args.storage)
        rows = list(trial_rows(looks))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except (LogError, BoxError, ValueError) as error:
        return refuse_log("rules", args.log, error)
    if not any(row.by for row in rows):
        print("gxbridge rules: there is no rule, or nothing for it in this log", file=sys.stderr)
        return 2

    def moment(t: float) -> str:
        return write_time(round(t))[:19].replace("T", " ")

    for line in table(rows, moment):
        print(line)
    return _pictures(args, rows, moment, zone) or (1 if tell_counts() else 0)


def trial_rows(looks: Iterable[tuple[Cycle, float]]) -> Iterator[TrialRow]:
    """A row for each second."""
    from gxbridge.core.dvcc.limit.reasons import reason_text

    last = float("-inf")
    for cycle, at in looks:
        decision = cycle.decision
        if at - last < 1.0 or not decision.limits:
            continue
        last = at
        without: dict[str, float | None] = {limit.name: limit.value for limit in decision.limits[:3]}
        ruled, by = dict(without), dict[str, str]()
        for verdict in decision.rules.verdicts:
            name, before = verdict.limits, ruled[verdict.limits]
            text = reason_text(verdict.reason, **verdict.words)
            unlimited = before is None and name == "CCL" and not decision.rules.act
            if verdict.value is None:
                ruled[name], by[name] = None, text
            elif unlimited or (before is not None and verdict.value < before):
                ruled[name], by[name] = verdict.value, text
            elif name not in by:
                by[name] = ""
        live = (note.battery for note in cycle.situation.batteries if note.battery.state == "live")
        soc = next((battery.get("soc_percent") for battery in live), None)
        known = float(soc) if isinstance(soc, int | float) else nan
        yield TrialRow(at + cycle.epoch_offset, without, ruled, by, known)


def table(rows: list[TrialRow], moment: Callable[[float], str]) -> Iterator[str]:
    """A line whenever another rule or point of a curve decides; for each limit at most one in a minute, but whenever it
    stops or begins. Then what it came to."""
    yield f"{'time':<21}{'limit':<7}{'without':>10}{'with rules':>12}   why"
    last: dict[str, tuple[str, float, bool]] = {}
    for row in rows:
        for name, unit in LIMITS:
            if name not in row.by:
                continue
            why, stops = row.by[name], row.ruled[name] == 0
            kind = f"{why.partition(':')[0]} {why.partition(', curve ')[2].partition(';')[0]} {stops}"
            head, said_at, stopped = last.get(name, ("?", float("-inf"), stops))
            if kind == head or (row.t - said_at < QUIET_S and stops == stopped):
                continue
            last[name] = (kind, row.t, stops)
            without, ruled = _value(row.without[name], unit), _value(row.ruled[name], unit)
            yield f"{moment(row.t):<21}{name:<7}{without:>10}{ruled:>12}   {why or 'no rule lowers it'}"
    yield ""
    yield from totals(rows)


def totals(rows: list[TrialRow]) -> Iterator[str]:
    """How long each limit was lowered, and to what at the lowest."""
    whole = f"{(rows[-1].t - rows[0].t + 1.0) / 60:.0f} min"
    for name, unit in LIMITS:
        seen = [row for row in rows if name in row.by]
        if not seen:
            continue
        lowered = [row for row in seen if row.by[name]]
        if not lowered:
            yield f"{name}: no rule would have lowered it in {whole}"
            continue
        values = [value for row in lowered if (value := row.ruled[name]) is not None]
        least = f", to {_value(min(values), unit)} at the lowest" if values else ""
        yield f"{name}: lowered for {len(lowered) / 60:.0f} of {whole}{least}"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return "no limit" if unit == "A" and value >= UNLIMITED_A else f"{value:.{2 if unit == 'V' else 1}f} {unit}"


def chart_of_trial(rows: list[TrialRow]) -> Chart:
    """Each limit that rules touch, without and with them, and the state of charge."""
    from gxbridge.plotting.chart import Chart, ChartLine, ChartPanel

    kept = rows[:: max(1, len(rows) // MOST_POINTS)]

    def line(name: str, label: str, values: list[float]) -> ChartLine:
        return ChartLine(name, label, values, values, values)

    def number(value: float | None) -> float:
        return nan if value is None or value >= UNLIMITED_A else value

    panels = []
    for name, unit in LIMITS:
        if any(name in row.by for row in kept):
            without = line("without", "without", [number(row.without[name]) for row in kept])
            ruled = line("ruled", "with rules", [number(row.ruled[name]) for row in kept])
            panels.append(ChartPanel(f"{name} with and without rules", unit, [without, ruled]))
    charge = [row.state_of_charge for row in kept]
    if any(value == value for value in charge):
        panels.append(ChartPanel("State of charge", "%", [line("soc_percent", "State of charge", charge)]))
    return Chart([row.t for row in kept], max(1.0, kept[-1].t - kept[0].t) / len(kept), panels, [], [])


def _pictures(
    args: argparse.Namespace, rows: list[TrialRow], moment: Callable[[float], str], zone: tzinfo | None
) -> int:
    from gxbridge.plotting import picture, terminal

    chart = chart_of_trial(rows)
    try:
        if args.plot is not None:
            picture.draw(chart, args.plot, f"Rules on {Path(args.log).name}", zone)
        elif not args.no_chart:
            print()
            width = shutil.get_terminal_size().columns
            for text in terminal.lines(chart, width, moment, colour=sys.stdout.isatty()):
                print(text)
    except OSError as error:
        print(f"gxbridge rules: cannot write {args.plot}: {error.strerror or error}", file=sys.stderr)
        return 2
    except picture.NoPicture as error:
        print(f"gxbridge rules: {error}", file=sys.stderr)
        return 2
    except terminal.NoChart as error:
        print(f"({error})")
    return 0
