"""`gxbridge capture [BUS ...]`: some minutes of the buses and of D-Bus as one anonymous file worth sending."""

from __future__ import annotations

import argparse
import os
import sys
import time

from gxbridge.commands.arguments import add_buses, number_of
from gxbridge.core.model.wording import counted

MOST_MINUTES = 120.0

_EPILOG = """
Nothing is sent on any bus, whatever the configuration says. The file is a candump log with remarks: `gxbridge decode`
and `gxbridge explain --log` read it. Exit code: 0; 1: nothing was heard, or lines of the log could not be read; 2:
wrong usage, or a file cannot be read or written.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    add_buses(parser)
    parser.add_argument(
        "--minutes", type=number_of("minutes", MOST_MINUTES), default=5.0, metavar="M", help="how long (default: 5)"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="packed if it ends with .gz (default: named by the time)"
    )
    parser.add_argument("--replay", metavar="LOG", help="make a recorded log anonymous instead")
    parser.add_argument(
        "--keep-unknown",
        action="store_true",
        help="keep unknown Victron registers of one frame as they are, to find out what they mean",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="whose buses are recorded; without one the GX's usual one, else vecan0"
    )
    parser.add_argument("--dbus", metavar="ADDRESS", help="system, session or a D-Bus address; replaces the file's")
    parser.add_argument("--no-dbus", action="store_true", help="leave the values of the D-Bus services out")
    parser.add_argument("--show", metavar="FILE", help="say what is in a capture, and record nothing")


def run(args: argparse.Namespace) -> int:
    """See the epilog for the exit code."""
    from gxbridge.config import ConfigError
    from gxbridge.core.nmea2000.database import DatabaseError
    from gxbridge.edge.logs.reader import LogError
    from gxbridge.live.capture_summary import CaptureError

    try:
        if args.show is not None:
            return _show(args.show)
        return _capture(args)
    except ConfigError as error:
        print(error, file=sys.stderr)
    except (DatabaseError, LogError, CaptureError) as error:
        print(f"gxbridge capture: {error}", file=sys.stderr)
    return 2


def _show(path: str) -> int:
    from gxbridge.edge.machine import own_command
    from gxbridge.live.capture_file import GZ, capture_lines
    from gxbridge.live.capture_summary import summary

    for line in summary(path, capture_lines(path)):
        print(line)
    reading = f"gzip -dc {path} | less" if path.endswith(GZ) else f"less {path}"
    print(f"Look through it before you send it: {reading}, or {own_command()} decode {path}")
    return 0


def _tell(words: str) -> None:
    print(f"gxbridge capture: {words}", file=sys.stderr, flush=True)


def _capture(args: argparse.Namespace) -> int:
    import asyncio
    import math

    from gxbridge.core.nmea2000.database import database
    from gxbridge.live.buses import configured
    from gxbridge.live.capture_file import new_capture_file, usual_ending
    from gxbridge.live.capturing import CaptureOrder, Capturing

    replay = None if args.replay is None else f"{args.replay}@max"
    config, db = configured(args.bus, replay, args.config, args.dbus), database()
    path = args.output or time.strftime("gxbridge-capture-%Y%m%d-%H%M%S") + usual_ending()
    seconds = math.inf if replay else 60.0 * args.minutes
    order = CaptureOrder(seconds, args.keep_unknown, not args.no_dbus)
    capturing: Capturing | None = None
    done = False
    try:
        with new_capture_file(path) as stream:
            capturing = Capturing(config, db, order, stream, _tell)
            if replay is None:
                buses = ", ".join(spec.name for spec in config.can)
                print(
                    f"Recording {buses} for {args.minutes:g} min into {path}; Ctrl-C ends it earlier.", file=sys.stderr
                )
            asyncio.run(capturing.run())
            done = capturing.recording.failed is None
        if capturing.recording.failed is not None:
            raise capturing.recording.failed
    except OSError as error:
        taken = isinstance(error, FileExistsError)
        why = "already exists and is not overwritten; choose another with -o" if taken else error.strerror or error
        print(f"gxbridge capture: {path}: {why}", file=sys.stderr)
        done = done or taken  # somebody else's file
        return 2
    finally:
        if capturing is not None and not done:
            os.unlink(path)
    if capturing.dbus_trouble:
        print(f"gxbridge capture: no D-Bus values: {capturing.dbus_trouble}", file=sys.stderr)
    if capturing.bad_lines:
        print(f"gxbridge capture: {counted(capturing.bad_lines, 'line')} could not be read", file=sys.stderr)
    if not capturing.written:
        print("gxbridge capture: no frame was heard that could be recorded", file=sys.stderr)
    code = _show(path)
    return code or (0 if capturing.written and not capturing.bad_lines else 1)
