"""`gxbridge doctor`: what an installer or a forum helper asks first, with a verdict and advice for each line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

LONGEST_S = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="configuration file; without one the GX's usual one, else the defaults"
    )
    parser.add_argument("--dbus", metavar="ADDRESS", help="system, session or a D-Bus address; replaces the file's")
    parser.add_argument(
        "--control",
        action="store_true",
        help="only: may gxbridge control here, and what would it write? Nothing is written",
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument(
        "--bundle", metavar="FILE", type=Path, help="write one redacted archive (tar.gz) for a forum or a ticket"
    )
    parser.add_argument("--log", metavar="FILE", type=Path, help="a log of gxbridge whose end goes into the archive")
    parser.add_argument(
        "--with-serials", action="store_true", help="leave serial and unique numbers readable; keys never are"
    )
    parser.add_argument(
        "--seconds", type=_seconds, default=2.0, metavar="S", help="how long the bus load is measured (default: 2)"
    )
    parser.epilog = "Exit code: 0 nothing worse than a note, 1 a warning, 2 a problem."


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"write a number of seconds up to {LONGEST_S:.0f}")
    return value


def run(args: argparse.Namespace) -> int:
    from gxbridge import __version__
    from gxbridge.doctor import bundle
    from gxbridge.doctor.examine import as_dict, as_text, examine
    from gxbridge.doctor.gather import gather
    from gxbridge.doctor.row import exit_code
    from gxbridge.edge.machine import followable

    gathered = asyncio.run(gather(args.config, args.dbus, args.seconds))
    if args.control:
        from gxbridge.doctor.control import check_control

        rows = tuple(check_control(gathered.facts, bundle.explanation(gathered)))
    else:
        rows = examine(gathered.facts)
    report = as_dict(rows, __version__)
    redactor = bundle.redactor_of(gathered, keep=args.with_serials)
    if args.json:
        print(json.dumps(redactor.data(report), ensure_ascii=False, indent=2))
    else:
        print(followable(redactor.text(as_text(rows))))
    if args.bundle is not None:
        try:
            files = bundle.members(gathered, rows, report, args.log, redactor)
            bundle.write(args.bundle, files)
        except OSError as error:
            print(f"gxbridge doctor: no archive: {error.filename}: {error.strerror}", file=sys.stderr)
            return 2
        print(f"Wrote {args.bundle}: {', '.join(files)}. Look through it before you publish it.", file=sys.stderr)
    return exit_code(rows)
