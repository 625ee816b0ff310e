"""`gxbridge watch [BUS ...]`: what is on CAN buses now, as a table of devices and their newest values."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys

from gxbridge.commands.arguments import add_buses, number_of
from gxbridge.commands.message_filters import add_filters, wanted_of
from gxbridge.core.model.wording import counted

EVERY_S = 10.0
PLAIN_WIDTH = 120

_EPILOG = """
Nothing is sent. On a terminal the table is live (keys: space, p, q); elsewhere it is printed now and then, and at the
end. NO_COLOR is obeyed. Exit code: 0; 1: nothing was heard; 2: wrong usage, or a file cannot be read or written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    add_buses(parser)
    parser.add_argument("--replay", metavar="LOG[@SPEED]", help="a recorded log; SPEED a factor or max (default 1)")
    parser.add_argument(
        "--config", metavar="FILE", help="whose buses are listened to; without one the GX's usual one, else vecan0"
    )
    parser.add_argument("--dump", metavar="FILE", help="write everything that is heard as a log (candump -L)")
    parser.add_argument("--seconds", type=number_of("seconds"), metavar="S", help="end after this time")
    parser.add_argument("--plain", action="store_true", help="print the table also on a terminal")
    parser.add_argument(
        "--every", type=number_of("seconds"), default=EVERY_S, metavar="S", help="how often it is printed (default: 10)"
    )
    add_filters(parser)


def run(args: argparse.Namespace) -> int:
    """See the epilog for the exit code."""
    from gxbridge.config import ConfigError
    from gxbridge.core.nmea2000.database import DatabaseError
    from gxbridge.edge.logs.reader import LogError
    from gxbridge.live.terminal import RichMissing

    try:
        return _watch(args)
    except ConfigError as error:
        print(error, file=sys.stderr)
    except (DatabaseError, LogError, RichMissing) as error:
        print(f"gxbridge watch: {error}", file=sys.stderr)
    return 2


def _watch(args: argparse.Namespace) -> int:
    import asyncio

    from gxbridge.core.nmea2000.database import database
    from gxbridge.edge.logs.candump_file import CandumpFile, create_file
    from gxbridge.edge.logs.reader import LogError
    from gxbridge.live.buses import configured
    from gxbridge.live.terminal import require_rich
    from gxbridge.live.watching import Watching, WatchOrder

    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not args.plain
    if live:
        require_rich()
    config, db = configured(args.bus, args.replay, args.config), database()
    width = os.get_terminal_size().columns if sys.stdout.isatty() else PLAIN_WIDTH
    order = WatchOrder(wanted_of(args), args.seconds or math.inf, args.every, width)
    try:
        stream = None if args.dump is None else create_file(args.dump)
    except OSError as error:
        return _not_written(args.dump, error)
    dump = None if stream is None else CandumpFile(stream)
    watching = Watching(config, db, order, dump)
    try:
        with stream or contextlib.nullcontext():
            asyncio.run(watching.run(live))
    except LogError:
        if args.dump is not None:
            os.unlink(args.dump)
        raise
    except OSError:
        if watching.recording.failed is None:
            raise
    if watching.recording.failed is not None:
        return _not_written(args.dump, watching.recording.failed)
    if dump is not None:
        left_out = f", {counted(dump.left_out, 'message')} left out (longer than fast packets)" if dump.left_out else ""
        print(f"gxbridge watch: wrote {args.dump}: {counted(dump.frames, 'frame')}{left_out}", file=sys.stderr)
    if watching.buses.bad_lines:
        print(f"gxbridge watch: {counted(watching.buses.bad_lines, 'line')} could not be read", file=sys.stderr)
    return 0 if watching.frames else 1


def _not_written(path: str, error: OSError) -> int:
    why = "already exists and is not overwritten" if isinstance(error, FileExistsError) else error.strerror or error
    print(f"gxbridge watch: {path}: {why}", file=sys.stderr)
    return 2
