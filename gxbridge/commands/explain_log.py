"""`gxbridge explain --log FILE`: a recorded log, or a black box, as a timeline of limits and their reasons."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from gxbridge.commands.arguments import number_of
from gxbridge.core.model.wording import counted

if TYPE_CHECKING:
    from gxbridge.core.bridge_report import BridgeReport, ReportRow
    from gxbridge.core.cycle import Cycle
    from gxbridge.core.model.battery import Configured

    Looks = Iterator[tuple[Cycle, float]]

SHOWN = frozenset(
    {"voltage_v", "current_a", "soc_percent", "temperature_c", "min_cell_voltage_v", "max_cell_voltage_v"}
)
"""What a line of values shows of a battery; CSV and JSON have all."""


def configure_log(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    log = parser.add_argument_group("of a recorded log or a black box, in place of the running service")
    log.add_argument("--log", metavar="FILE", help="a timeline of what gxbridge would have decided")
    log.add_argument("--csv", action="store_true", help="the timeline as CSV; with --json as one object a line")
    log.add_argument("--config", metavar="FILE", help="the user's limits and options; without one the defaults apply")
    log.add_argument(
        "--every", type=number_of("seconds"), metavar="SECONDS", help="how often values are repeated (default: 60)"
    )
    log.add_argument("--tz", metavar="ZONE", default="UTC", help="UTC (default), local, +02:00, Europe/Berlin")


def run_log(args: argparse.Namespace) -> int:
    """0; 1 when lines of the log could not be read; 2 when the file or the configuration cannot be used."""
    from gxbridge.config import ConfigError
    from gxbridge.core.blackbox.box import BoxError
    from gxbridge.core.bridge_report import EVERY_S
    from gxbridge.decodelog.times import dates, time_zone
    from gxbridge.edge.logs.reader import LogError

    try:
        write_time = dates(time_zone(args.tz))
        rows, tell_counts = reported_rows(args.log, args.config, EVERY_S if args.every is None else args.every)
        write = _write_csv if args.csv else _write_json if args.json else _write_text
        write(rows, write_time)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except (LogError, BoxError, ValueError) as error:
        return refuse_log("explain", args.log, error)
    return 1 if tell_counts() else 0


def refuse_log(command: str, path: str, error: Exception) -> int:
    """Say why a log or a box cannot be used, with its name, which some errors have already; the exit code."""
    from gxbridge.core.model.items import printable

    text = str(error)
    print(f"gxbridge {command}: {text if text.startswith(path) else f'{printable(path)}: {text}'}", file=sys.stderr)
    return 2


def reported_rows(path: str, config: str | None, every_s: float) -> tuple[Iterator[ReportRow], Callable[[], int]]:
    """The rows of a log or a black box, and what tells at the end which lines gave nothing, and gives the number of
    those that are broken. Raises ConfigError, LogError, BoxError and ValueError, also while the rows are taken."""
    from gxbridge.core.bridge_report import BridgeReport

    looks, tell_counts = looks_of(path, config)
    return _report(looks, BridgeReport(every_s)), tell_counts


def looks_of(
    path: str, config: str | None, zone: str | None = None, *, storage: bool = False
) -> tuple[Looks, Callable[[], int]]:
    """Every look of a bridge; see `reported_rows`. `zone`: the time zone of the boat, in place of the configuration's;
    `storage`: as if the storage profile of the rules were switched on."""
    from gxbridge.config import load
    from gxbridge.core.model.items import printable

    if _is_box(path):
        from gxbridge.core.blackbox.play import ReplayReport, play
        from gxbridge.edge.box_files import read

        if config is not None:
            raise ValueError("a black box holds the configuration it was recorded with: leave --config out")
        return ((cycle, at) for cycle, at, _, _ in play(read(Path(path)), ReplayReport())), lambda: 0
    from gxbridge.core.log_play import play_frames
    from gxbridge.decodelog.complaints import LineComplaints
    from gxbridge.edge.logs.logged_frames import logged_frames
    from gxbridge.edge.logs.reader import LogError, open_log
    from gxbridge.runtime.assembly import setup_of
    from gxbridge.runtime.time_zone import boat_zone_s

    loaded = load(config)
    setup = replace(setup_of(loaded), mode="monitor", transmit="off", platform="", own_number=1)
    complaints = LineComplaints(path, sys.stderr)
    reader = open_log(path, on_bad=complaints.add)
    if reader.format.name == "mk2":
        raise LogError(f"{path}: a trace of VE.Bus, not of a CAN bus; `gxbridge decode` shows it")
    rules = setup.options.rules
    if storage and rules.storage is not None:
        rules = rules._replace(storage=rules.storage._replace(on=True))
        setup = replace(setup, options=replace(setup.options, rules=rules))
    if reader.size is not None:
        setup = replace(setup, configured=_with_found(setup.configured, path))

    def tell_counts() -> int:
        complaints.summary()
        counts = [f"{counted(reader.skipped, 'line')} without a data frame of 29-bit id"] if reader.skipped else []
        counts += [f"{counted(reader.bad_lines, 'line')} could not be read"] if reader.bad_lines else []
        if counts:
            print(f"gxbridge explain: {printable(path)}: {'; '.join(counts)}", file=sys.stderr)
        return reader.bad_lines

    where = zone or loaded.time_zone
    zone_at = (lambda epoch: boat_zone_s(where, {}, epoch)) if setup.options.rules.asks_the_clock else None
    return play_frames(setup, logged_frames(reader), zone_at), tell_counts


def _is_box(path: str) -> bool:
    try:
        from gxbridge.edge.box_files import is_box
    except ImportError:  # a Python without gzip
        return False
    return path != "-" and is_box(path)


def _with_found(configured: tuple[Configured, ...], path: str) -> tuple[Configured, ...]:
    """The batteries of the configuration, and those that the log holds."""
    from gxbridge.core.log_play import find_bmses
    from gxbridge.core.nmea2000.database import database
    from gxbridge.edge.logs.logged_frames import logged_frames
    from gxbridge.edge.logs.reader import open_log

    known = {(item.bus, item.address) for item in configured}
    with open_log(path) as reader:
        found = [
            bms
            for bms in find_bmses(logged_frames(reader), database())
            if (bms.configured.bus, bms.configured.address) not in known
        ]
    for item, assumed in found:
        if assumed:
            print(
                f"gxbridge explain: address {item.address} on {item.bus} speaks as a Lynx Smart BMS; its "
                f"{' and '.join(assumed)} cannot be seen in the log and {'is' if len(assumed) == 1 else 'are'} assumed",
                file=sys.stderr,
            )
    return (*configured, *(item for item, _ in found))


def _report(looks: Looks, report: BridgeReport) -> Iterator[ReportRow]:
    for cycle, at in looks:
        yield from report.rows(cycle, at)


def _write_csv(rows: Iterable[ReportRow], write_time: Callable[[float], str]) -> None:
    from gxbridge.core.bridge_report import ReportRow

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(ReportRow._fields)
    table.writerows((write_time(row.t), *row[1:]) for row in rows)


def _write_json(rows: Iterable[ReportRow], _write_time: Callable[[float], str]) -> None:
    for row in rows:
        print(json.dumps(row._asdict(), ensure_ascii=False))


def _write_text(rows: Iterable[ReportRow], write_time: Callable[[float], str]) -> None:
    """A line for each thing that changed; the values of a battery at one moment in one, and its states."""
    from gxbridge.core.model.items import printable

    for (t, kind, subject), group in groupby(rows, lambda row: row[:3]):
        lines: Iterable[str] = map(_row_line, group)
        if kind in ("value", "state"):
            lines = [", ".join(line for line in lines if line)]
        for line in lines:
            print(printable(f"{write_time(round(t, 3))}  {kind:<8} {f'{subject}: ' if subject else ''}{line}"))


def _row_line(row: ReportRow) -> str:
    value = f"{row.value:g}" if isinstance(row.value, float) else "" if row.value is None else str(row.value)
    if row.kind == "value":
        return f"{value} {row.unit}" if row.name in SHOWN else ""
    if row.kind == "limit":
        return row.text
    if row.kind == "finding":
        return f"{row.reason} {row.name}: {row.text}"
    if row.kind == "state":
        return f"{row.name} {value} {row.unit}".rstrip() if value else f"{row.name} unknown"
    return f"{row.name} {value}: {row.text}" if row.text else f"{row.name} {value}"
