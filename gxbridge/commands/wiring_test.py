"""`gxbridge wiring-test`: walk an installer through the wired BMS terminals and write a report."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gxbridge.commands.arguments import UsageError
from gxbridge.core.model.record import record
from gxbridge.core.model.wording import counted

if TYPE_CHECKING:
    from gxbridge.core.channels.terminals.terminal_bms import Wiring
    from gxbridge.core.channels.terminals.wiring_walk import InputLevel, Walk, WalkOutcome


FAILED = 1
USAGE = 2
LOOK_S = 0.1
SCAN_S = 5.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Walks through each wired BMS terminal in about two minutes and writes a report. It only reads; but while a "
        "terminal's wire is disconnected, a running gxbridge in control mode stops charging or discharging, as it must."
    )
    parser.add_argument("--config", metavar="FILE", help="take the wiring from this configuration (`terminals`)")
    parser.add_argument(
        "--name", help="which entry of the configuration (default: the first), or a name for the report"
    )
    parser.add_argument("--model", help="the BMS model, as `gxbridge models` names it")
    parser.add_argument("--charge", metavar="INPUT", help="input of the charge terminal (ATC), e.g. input_1")
    parser.add_argument("--discharge", metavar="INPUT", help="input of the discharge terminal (ATD)")
    parser.add_argument("--pre-alarm", metavar="INPUT", help="input of the pre-alarm terminal")
    parser.add_argument(
        *("--pre-alarm-level",),
        type=int,
        choices=(0, 1),
        help="level that means pre-alarm: 0 through an optocoupler, 1 with a contact that opens "
        "(default: as configured, else 0)",
    )
    parser.add_argument("--dbus", metavar="ADDRESS", help="system (default), session or a D-Bus address")
    parser.add_argument(
        "--step-seconds", type=float, default=20.0, metavar="SECONDS", help="time for each step (default: 20)"
    )
    parser.add_argument(
        "--report", metavar="FILE", help="where to write it (default wiring-test-DATE.md, '-': nowhere)"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON at the end; steps go to stderr")


@record
class WiringReport:
    """Everything the report says. `date` is local time in words."""

    wiring: Wiring
    walk: Walk
    date: str
    version: str


def run(args: argparse.Namespace) -> int:
    from gxbridge import __version__
    from gxbridge.core.channels.terminals.wiring_walk import begin
    from gxbridge.edge.dbus.bus import BusError

    try:
        wiring, address = _wiring(args)
    except UsageError as error:
        print(f"gxbridge wiring-test: {error}", file=sys.stderr)
        return USAGE
    say = _stderr if args.json else print
    path = Path(args.report or f"wiring-test-{time.strftime('%Y%m%d-%H%M%S')}.md")
    if args.report != "-" and (reason := _unwritable(path)):
        print(f"gxbridge wiring-test: the report cannot be written to {path}: {reason}", file=sys.stderr)
        return USAGE
    walk = begin(wiring, time.monotonic(), args.step_seconds)
    try:
        walk = asyncio.run(_walk(walk, address or "system", say))
    except BusError as error:
        print(f"gxbridge wiring-test: {error}", file=sys.stderr)
        return FAILED
    report = WiringReport(wiring, walk, time.strftime("%Y-%m-%d %H:%M"), __version__)
    if args.report != "-":
        text = "\n".join(report_page(report))
        try:
            path.write_text(text + "\n", encoding="utf-8")
            say(f"The report is in {path}.")
        except OSError as error:  # two minutes of work are not lost for a full disk
            say(text)
            say(f"The report could not be written to {path}: {error.strerror}.")
    if args.json:
        print(json.dumps(as_json(report), ensure_ascii=False, indent=2))
    say(verdict(walk))
    return 0 if walk.passed else FAILED


def _unwritable(path: Path) -> str:
    """Why nothing can be written there, empty if it can; asked before anybody goes to the battery."""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist"
    return "" if os.access(path if path.exists() else path.parent, os.W_OK) else "no permission"


def _stderr(line: str) -> None:
    print(line, file=sys.stderr)


# --- what is wired where ----------------------------------------------------------------------------------------------


def _wiring(args: argparse.Namespace) -> tuple[Wiring, str | None]:
    """The wiring of the command line, or of the configuration, checked; and the D-Bus address if one is said."""
    from gxbridge.core.channels.terminals.terminal_bms import Wiring, check_wirings, service_of

    charge, discharge, pre_alarm = (
        service_of(text) if text is not None else None for text in (args.charge, args.discharge, args.pre_alarm)
    )
    wired = any((charge, discharge, pre_alarm))
    address: str | None = args.dbus
    if not 0 < args.step_seconds <= 600:
        raise UsageError("--step-seconds must be more than 0 and at most 600")
    if args.config is not None:
        if wired:
            raise UsageError("give the inputs either with --config or one by one, not both")
        wiring, configured = _from_config(args)
        address = address or configured
    elif not wired:
        raise UsageError("say what is wired: --charge INPUT, --discharge INPUT, --pre-alarm INPUT, or --config FILE")
    else:
        name = args.name or args.model or "BMS"
        wiring = Wiring(name, args.model or "BMS", charge, discharge, pre_alarm, args.pre_alarm_level or 0)
    problems = [*check_wirings([wiring]), *_against_the_model(wiring, args.model)]
    if problems:
        raise UsageError("; ".join(problems))
    return wiring, address


def _from_config(args: argparse.Namespace) -> tuple[Wiring, str]:
    from gxbridge.config import ConfigError, load
    from gxbridge.core.channels.terminals.terminal_bms import Wiring

    try:
        config = load(args.config)
    except ConfigError as error:
        raise UsageError(f"the configuration is wrong:\n{error}") from None
    found = [entry for entry in config.terminals if args.name in (None, entry.name)]
    if not found:
        names = ", ".join(entry.name for entry in config.terminals) or "none"
        raise UsageError(f"{args.config} has no such entry below `terminals`; there are: {names}")
    entry = found[0]
    wiring = Wiring(
        *(entry.name, entry.model, entry.allow_to_charge, entry.allow_to_discharge, entry.pre_alarm),
        pre_alarm_level=entry.pre_alarm_level if args.pre_alarm_level is None else args.pre_alarm_level,
    )
    return wiring, config.dbus_address


def _against_the_model(wiring: Wiring, model: str | None) -> list[str]:
    """Terminals that the model does not have. Without a model there is nothing to compare with."""
    from gxbridge.models import catalogue
    from gxbridge.models.installation import InstalledBms, check_installation

    if model is None:
        return []
    return [
        str(problem) for problem in check_installation(InstalledBms(model, terminals=tuple(wiring.inputs)), catalogue())
    ]


# --- the walk ---------------------------------------------------------------------------------------------------------


async def _walk(walk: Walk, address: str, say: Callable[[str], object]) -> Walk:
    """Look at the inputs until the walk is over."""
    from gxbridge.core.channels.terminals.terminal_bms import PREFIX
    from gxbridge.core.channels.terminals.wiring_walk import advance
    from gxbridge.edge.dbus.monitor import Monitor

    def nothing(*_: object) -> None:
        """Every look reads the monitor's own picture."""

    monitor = Monitor(address, nothing, nothing, nothing, wanted=lambda name: name.startswith(PREFIX))
    await monitor.start()
    try:
        await monitor.scanned(SCAN_S)
        services = {step.service for step in walk.steps}
        walk = replace(walk, began=time.monotonic())
        told = -1
        while (step := walk.step) is not None:
            if walk.index != told:
                told = walk.index
                say(f"[{told + 1}/{len(walk.steps)}] {step.instruction}.")
            after = advance(walk, levels(monitor.services, services), time.monotonic())
            for outcome in after.outcomes[len(walk.outcomes) :]:
                say(f"      {line(outcome)}")
            walk = after
            await asyncio.sleep(LOOK_S)
    finally:
        await monitor.close()
    return walk


def levels(services: Mapping[str, Mapping[str, Any]], wanted: set[str]) -> dict[str, InputLevel]:
    """The level of every wanted input, or why there is none."""
    from gxbridge.core.channels.terminals.terminal_bms import input_level
    from gxbridge.core.channels.terminals.terminals_text import DOUBTS

    found: dict[str, InputLevel] = {}
    for service in wanted:
        level, doubt = input_level(services.get(service))
        found[service] = DOUBTS[doubt] if level is None else level
    return found


# --- what is said of it -----------------------------------------------------------------------------------------------


def line(outcome: WalkOutcome) -> str:
    """One outcome in one line."""
    if outcome.result == "passed":
        return f"passed after {outcome.seconds:.1f} s: {outcome.step.meaning}"
    return f"{outcome.result.upper()}: {outcome.remark}"


def verdict(walk: Walk) -> str:
    failed = sum(outcome.result == "failed" for outcome in walk.outcomes)
    if walk.passed:
        return "PASSED: every wired terminal works as it must."
    return f"FAILED: {failed} of {counted(len(walk.steps), 'step')}."


def report_page(report: WiringReport) -> Iterator[str]:
    """The report as Markdown."""
    from gxbridge.core.channels.terminals.terminal_bms import PREFIX
    from gxbridge.core.channels.terminals.wiring_walk import TITLES, remarks

    yield f"# Wiring test of {report.wiring.name}"
    yield ""
    yield f"- BMS: {report.wiring.model}"
    yield f"- Date: {report.date}"
    yield f"- gxbridge {report.version}"
    yield f"- {verdict(report.walk)}"
    yield ""
    yield "| terminal | input | step | expected level | seen | seconds | result |"
    yield "|---|---|---|---|---|---|---|"
    for outcome in report.walk.outcomes:
        step = outcome.step
        cells = [
            TITLES[step.role],
            step.service.removeprefix(PREFIX),
            step.instruction,
            f"{step.expect} ({step.meaning})",
            str(outcome.seen),
            f"{outcome.seconds:.1f}",
            outcome.result if outcome.result == "passed" else f"{outcome.result}: {outcome.remark}",
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield from remarks(report.wiring)


def as_json(report: WiringReport) -> dict[str, Any]:
    """The report as one object."""
    from gxbridge.core.channels.terminals.wiring_walk import remarks

    return {
        "name": report.wiring.name,
        "model": report.wiring.model,
        "date": report.date,
        "version": report.version,
        "passed": report.walk.passed,
        "steps": [
            {
                "terminal": outcome.step.role,
                "input": outcome.step.service,
                "instruction": outcome.step.instruction,
                "expected": outcome.step.expect,
                "seen": outcome.seen,
                "seconds": round(outcome.seconds, 1),
                "result": outcome.result,
                "remark": outcome.remark,
            }
            for outcome in report.walk.outcomes
        ],
        "remarks": list(remarks(report.wiring)),
    }
