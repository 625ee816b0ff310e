"""`gxbridge plot`: a recorded log or a black box as a picture, or as a chart in the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gxbridge.commands.explain_log import refuse_log, reported_rows

if TYPE_CHECKING:
    from datetime import tzinfo

    from gxbridge.core.history.block import HistoryBlock

EVERY_S = 1.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="a CAN log of any kind that `gxbridge decode` reads, or a black box"
    )
    add_picture(parser)
    parser.add_argument(
        "--config", metavar="FILE", help="the user's limits and options; without one the defaults apply"
    )


def add_picture(parser: argparse.ArgumentParser) -> None:
    """Where a chart goes."""
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="a picture, .svg or .png (needs matplotlib: pip install 'matplotlib>=3.8')",
    )
    parser.add_argument("--tz", metavar="ZONE", default="UTC", help="UTC (default), local, +02:00, Europe/Berlin")
    parser.epilog = "Without --plot a chart is drawn in the terminal, by plotext (pip install 'plotext>=6,<7')."


def run(args: argparse.Namespace) -> int:
    """0; 1 when there is nothing to draw, or lines could not be read; 2 when a file or a package is missing."""
    from gxbridge.config import ConfigError
    from gxbridge.core.blackbox.box import BoxError
    from gxbridge.core.model.items import printable
    from gxbridge.decodelog.times import time_zone
    from gxbridge.edge.logs.reader import LogError
    from gxbridge.plotting.log_block import block_of_rows

    name = printable(args.file)
    try:
        zone = time_zone(args.tz)
        rows, tell_counts = reported_rows(args.file, args.config, EVERY_S)
        block = block_of_rows(rows)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except (LogError, BoxError, ValueError) as error:
        return refuse_log("plot", args.file, error)
    return draw("plot", block, args.plot, zone, Path(name).name) or (1 if tell_counts() else 0)


def draw(command: str, block: HistoryBlock, path: Path | None, zone: tzinfo | None, title: str) -> int:
    """Draw a block, and say what is missing for it; the exit code."""
    from gxbridge.decodelog.times import dates
    from gxbridge.plotting import picture, terminal
    from gxbridge.plotting.chart import chart_of

    chart = chart_of(block)
    if not chart.panels:
        print(f"gxbridge {command}: there is nothing to draw: no voltage, current or state of charge", file=sys.stderr)
        return 1
    try:
        if path is not None:
            picture.draw(chart, path, title, zone)
            return 0
        write_time = dates(zone)
        colour = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns
        for line in terminal.lines(chart, width, lambda t: write_time(round(t))[:19].replace("T", " "), colour=colour):
            print(line)
    except OSError as error:
        if path is None:
            raise  # standard output: the command line knows whether its reader has only gone
        print(f"gxbridge {command}: cannot write {path}: {error.strerror or error}", file=sys.stderr)
        return 2
    except (picture.NoPicture, terminal.NoChart) as error:
        print(f"gxbridge {command}: {error}", file=sys.stderr)
        return 2
    return 0
