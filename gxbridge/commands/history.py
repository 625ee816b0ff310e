"""`gxbridge history`: what was measured, limited and allowed over the last days, from the files; or the recorder."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gxbridge.commands.plot import add_picture, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gxbridge.core.history.block import HistoryBlock

MOST_ROWS: Final = 200_000
PLOTTED: Final = 1500


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="since", metavar="WHEN", default="24h", help="default: 24h")
    parser.add_argument("--to", dest="until", metavar="WHEN", default="now", help="default: now")
    parser.add_argument("--every", metavar="SECONDS", type=float, help="rows of this length; 60 is the finest")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a row for each span: least, mean and most of each series")
    form.add_argument("--json", action="store_true", help="the same as JSON, with the changes of states")
    form.add_argument("--chart", action="store_true", help="a chart in the terminal")
    add_picture(parser)
    parser.add_argument("--folder", metavar="FOLDER", type=Path, help="where the history is kept")
    parser.add_argument(
        "--record", action="store_true", help="record until stopped, without the web page (gxbridge web records too)"
    )
    parser.add_argument("--dbus", default="system", metavar="ADDRESS", help="for --record (default: system)")
    parser.epilog = (
        "WHEN is a time ago (90min, 24h, 7d), a moment (2026-11-29, 2026-11-29T12:00, of the zone of --tz), or now. "
        "What is newest is in the memory of the recorder, which writes it every 15 minutes and when it ends."
    )


def run(args: argparse.Namespace) -> int:
    """0; 1 when nothing is kept of that time; 2 when something cannot be read or written."""
    from gxbridge.core.history.resample import resample
    from gxbridge.core.history.table import table_of
    from gxbridge.decodelog.times import dates, time_zone
    from gxbridge.history.folder import HistoryFolder
    from gxbridge.history.places import MOST_BYTES, history_folder, moment

    folder = HistoryFolder(args.folder or history_folder(), MOST_BYTES)
    if args.record:
        return _record(folder, args.dbus)
    try:
        zone = time_zone(args.tz)
        since, until = (moment(text, time.time(), zone) for text in (args.since, args.until))
    except ValueError as error:
        print(f"gxbridge history: {error}", file=sys.stderr)
        return 2
    table = args.csv or args.json
    finest = 60.0 if table else max(60.0, (until - since) / PLOTTED)
    step_s = finest if args.every is None else max(args.every, 60.0)
    if until <= since or not (until - since) / step_s <= MOST_ROWS:
        print(f"gxbridge history: --from is before --to, and at most {MOST_ROWS} spans are given", file=sys.stderr)
        return 2
    block = resample(folder.blocks(since, until), since // step_s * step_s, until, step_s)
    if not block.times and not block.changes:
        days = folder.span()
        kept = f"there is a history from {days[0]} to {days[1]}" if days else "there is none"
        print(f"gxbridge history: nothing is recorded for that time in {folder.folder}; {kept}", file=sys.stderr)
        return 1
    write_time = dates(zone)

    def short(t: float) -> str:
        return write_time(round(t))[:19].replace("T", " ")

    if args.csv:
        _write_csv(block, write_time)
    elif args.json:
        print(json.dumps(table_of(block), ensure_ascii=False))
    elif args.chart or args.plot is not None:
        return draw("history", block, args.plot, zone, f"gxbridge, {short(since)[:16]} to {short(until)[:16]}")
    else:
        for line in _summary(block, short):
            print(line)
    return 0


def _write_csv(block: HistoryBlock, write_time: Callable[[float], str]) -> None:
    from gxbridge.core.history.table import rounded

    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["time", *(f"{name} {part}" for name in block.columns for part in ("least", "mean", "most"))])
    columns = list(block.columns.values())
    for place, t in enumerate(block.times):
        numbers = (rounded(part[place]) for column in columns for part in column)
        out.writerow([write_time(t), *("" if value is None else value for value in numbers)])


def _summary(block: HistoryBlock, write_time: Callable[[float], str]) -> Iterator[str]:
    """The span of each series, and what changed."""
    from gxbridge.core.dvcc.limit.reasons import plain
    from gxbridge.core.history.series import series_title

    if block.times:
        yield f"{write_time(block.times[0])} to {write_time(block.times[-1] + block.step_s)}"
    for name, column in block.columns.items():
        known = [value for value in column.mean if not math.isnan(value)]
        if not known:
            continue
        title, unit = series_title(name, block.labels)
        least = min(value for value in column.least if not math.isnan(value))
        most = max(value for value in column.most if not math.isnan(value))
        mean = sum(known) / len(known)
        numbers = ", ".join(plain(round(value, 3)) for value in (least, mean, most))
        yield f"  {title:<42} {numbers} {unit} (least, mean, most)"
    last: dict[str, str] = {}
    for change in block.changes:
        if last.get(change.name) != change.value:
            last[change.name] = change.value
            said = f": {change.text}" if change.text else ""
            yield f"{write_time(change.t)}  {change.name} {change.value or 'over'}{said}"


def _record(folder: object, bus: str) -> int:
    from gxbridge.edge.dbus.bus import BusError
    from gxbridge.history.folder import HistoryFolder
    from gxbridge.history.recorder import record

    assert isinstance(folder, HistoryFolder)  # noqa: S101 - keeps its import out of the module's head
    try:
        asyncio.run(record(bus, folder))
    except (BusError, OSError) as error:
        print(f"gxbridge history: {error}", file=sys.stderr)
        return 1
    return 0
