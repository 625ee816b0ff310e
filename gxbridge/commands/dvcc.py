"""`gxbridge dvcc replay`: play DVCC scenarios on simulated time and report where gxbridge answers differently."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import Difference, ScenarioError, play_scenario, step_differences
from gxbridge.core.model.items import printable, printable_data
from gxbridge.core.model.wording import counted

SHOWN = 5
"""Differences shown of each scenario, and scenarios shown, unless --all is given."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    replay = actions.add_parser(
        "replay",
        help="play a file of scenarios and compare",
        description="Play scenarios (format: docs/dvcc-replay.md) on simulated time. "
        "Exit code 0: everything as expected, 1: something differs, 2: the file cannot be used.",
    )
    replay.add_argument("file", type=Path, metavar="FILE", help="scenarios as JSON (.json, or .json.gz)")
    replay.add_argument("--json", type=Path, metavar="OUT", help="write what gxbridge answered to this file")
    replay.add_argument(
        "--profile", choices=("vendor", "strict"), default="vendor", help="default: vendor, as systemcalc 2.256"
    )
    replay.add_argument("--only", metavar="TEXT", default="", help="only scenarios whose name contains this")
    replay.add_argument("--all", action="store_true", help="show every difference")


def run(args: argparse.Namespace) -> int:
    """Play, write, compare, summarise."""
    try:
        scenarios = load(args.file, args.only)
        answers = [play_scenario(scenario, Options.of(args.profile)) for scenario in scenarios]
        found = [
            list(step_differences(scenario.get("expected", answer), answer))
            for scenario, answer in zip(scenarios, answers, strict=True)
        ]
    except ScenarioError as error:
        print(f"gxbridge dvcc replay: {printable(str(args.file))}: {error}", file=sys.stderr)
        return 2
    if args.json is not None:
        rows = [
            {"name": scenario["name"], "actual": answer} for scenario, answer in zip(scenarios, answers, strict=True)
        ]
        try:
            args.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            print(f"gxbridge dvcc replay: cannot write {args.json}: {error.strerror}", file=sys.stderr)
            return 2
    summarise(scenarios, found, sys.stdout, every=args.all)
    return int(any(found))


def load(path: Path, only: str) -> list[Mapping[str, Any]]:
    """The scenarios of a file. Raises ScenarioError, which says what is wrong with it."""
    try:
        raw = path.read_bytes()
        scenarios = printable_data(json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw))
    except (OSError, EOFError, zlib.error) as error:
        raise ScenarioError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"is not JSON: {error}") from error
    if not isinstance(scenarios, list) or not all(
        isinstance(row, dict) and isinstance(row.get("name"), str) for row in scenarios
    ):
        raise ScenarioError("must be a list of scenarios, each with a name")
    wanted = [row for row in scenarios if only in row["name"]]
    if only and not wanted:
        raise ScenarioError(f"no scenario's name contains {only!r}")
    return wanted


def summarise(
    scenarios: Sequence[Mapping[str, Any]], found: Sequence[Sequence[Difference]], out: TextIO, *, every: bool
) -> None:
    """What differs: scenario by scenario, and counted by path."""
    bad = [(scenario, rows) for scenario, rows in zip(scenarios, found, strict=True) if rows]
    shown = bad if every else bad[:SHOWN]
    for scenario, rows in shown:
        print(f"{scenario['name']}: {counted(len(rows), 'difference')}", file=out)
        for row in rows if every else rows[:SHOWN]:
            print(f"  step {row.step}, {row.where}: expected {row.expected}, got {row.actual}", file=out)
    if len(shown) < len(bad):
        print(f"... and {counted(len(bad) - len(shown), 'more scenario')} (--all shows all)", file=out)
    paths = Counter(row.where.rpartition(" ")[2] for _, rows in bad for row in rows)
    for path, count in paths.most_common(None if every else 2 * SHOWN):
        print(f"{count:6} x {path}", file=out)
    steps = sum(len(scenario.get("expected", ())) for scenario in scenarios)
    good = len(scenarios) - len(bad)
    print(
        f"{good} of {counted(len(scenarios), 'scenario')} agree ({counted(steps, 'step')}), {len(bad)} differ", file=out
    )
