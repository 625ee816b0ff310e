"""`gxbridge doctor`: what an installer or a forum helper asks first, with a verdict and advice for each line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gxbridge.commands.arguments import number_of

if TYPE_CHECKING:
    from gxbridge.doctor.row import Row

LONGEST_S = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="FILE", help="configuration file; without one the GX's usual one, else the defaults"
    )
    parser.add_argument("--dbus", metavar="ADDRESS", help="system, session or a D-Bus address; replaces the file's")
    parser.add_argument(
        "--control",
        action="store_true",
        help="only: may gxbridge control here, and what would it write? Nothing is written without --try",
    )
    parser.add_argument(
        "--try",
        dest="try_writes",
        action="store_true",
        help="with --control: asks for each charger, then writes the value that it shows to it once more and reads it "
        "back",
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
        "--seconds",
        type=number_of("seconds", LONGEST_S),
        default=2.0,
        metavar="S",
        help="how long the bus load is measured (default: 2)",
    )
    parser.epilog = "Exit code: 0 nothing worse than a note, 1 a warning, 2 a problem."


async def _tried(address: str, explained: Mapping[str, Any]) -> tuple[Row, ...]:
    from gxbridge.doctor.read_back import try_read_back
    from gxbridge.edge.dbus.bus import connect

    connection = await connect(address)
    try:
        return tuple([row async for row in try_read_back(connection, explained, _agreed)])
    finally:
        connection.close()


def _agreed(question: str) -> bool:
    """Whoever does not answer says no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def run(args: argparse.Namespace) -> int:
    from gxbridge import __version__
    from gxbridge.doctor import bundle
    from gxbridge.doctor.examine import as_dict, as_text, examine
    from gxbridge.doctor.gather import gather
    from gxbridge.doctor.row import exit_code
    from gxbridge.edge.machine import followable

    if args.try_writes and not args.control:
        print("gxbridge doctor: --try belongs to --control", file=sys.stderr)
        return 2
    gathered = asyncio.run(gather(args.config, args.dbus, args.seconds))
    if args.control:
        from gxbridge.doctor.control import check_control

        explained = bundle.explanation(gathered)
        rows = tuple(check_control(gathered.facts, explained))
        if args.try_writes and explained is not None and rows[0].verdict == "ok":
            rows += asyncio.run(_tried(gathered.facts.bus.address, explained))
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
