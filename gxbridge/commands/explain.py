"""`gxbridge explain`: asks the running service over D-Bus why every limit is what it is, or explains a log."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from gxbridge.commands.explain_log import configure_log, run_log
from gxbridge.core.publish.explanation_answer import OTHER_VERSION, NotExplained, read_answer

if TYPE_CHECKING:
    from gxbridge.edge.dbus.bus import Connection


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", default="", metavar="WHAT", help="only this: cvl, ccl, dcl, or a part of a charger's name"
    )
    parser.add_argument("--short", action="store_true", help="one line for each limit, and the findings")
    parser.add_argument("--json", action="store_true", help="the whole explanation as JSON instead of words")
    add_dbus(parser)
    configure_log(parser)


def add_dbus(parser: argparse.ArgumentParser) -> None:
    """Where the running service is."""
    parser.add_argument(
        "--dbus", default="system", metavar="ADDRESS", help="system, session or a D-Bus address (default: system)"
    )


BROKEN = (TypeError, ValueError, LookupError, AttributeError)
"""What reading an explanation of another shape raises."""


async def fetch_explanation(connection: Connection) -> dict[str, Any]:
    """What the running service explains. Raises NotExplained and BusError."""
    from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
    from gxbridge.edge.dbus import client

    return read_answer(await client.fetch(connection, OWN_NAME, EXPLAIN_JSON))


async def _ask_service(address: str) -> dict[str, Any]:
    from gxbridge.edge.dbus.bus import connect

    connection = await connect(address)
    try:
        return await fetch_explanation(connection)
    finally:
        connection.close()


def not_answered(command: str, error: Exception) -> int:
    """Say why the running service could not be asked; the exit code."""
    print(f"gxbridge {command}: {error}", file=sys.stderr)
    if not isinstance(error, NotExplained):
        from gxbridge.edge.machine import followable

        cure = "Name another with --dbus, or start it: gxbridge run --config FILE"
        print(f"Is the service running on this bus? {followable(cure)}", file=sys.stderr)
    return 1


def run(args: argparse.Namespace) -> int:
    """0; 1 when the service does not answer, or a log cannot be read; 2 when nothing is called so."""
    if args.log is not None:
        return run_log(args)
    if args.csv or args.config is not None or args.every is not None:
        print("gxbridge explain: --csv, --config and --every are for --log FILE", file=sys.stderr)
        return 2
    from gxbridge.edge.dbus.bus import BusError

    try:
        explanation = asyncio.run(_ask_service(args.dbus))
    except (BusError, OSError, NotExplained) as error:
        return not_answered("explain", error)
    try:
        return _show(explanation, args)
    except BROKEN:
        return not_answered("explain", NotExplained(OTHER_VERSION))


def _show(explanation: dict[str, Any], args: argparse.Namespace) -> int:
    from gxbridge.core.publish.explanation import as_text, limit_title, limits_of, limits_text
    from gxbridge.edge.machine import followable

    limits = limits_of(explanation, args.what)
    if args.what and not limits:
        known = ", ".join(map(limit_title, limits_of(explanation)))
        print(
            f"gxbridge explain: there is nothing called {args.what}; there are: {known or 'no limit'}", file=sys.stderr
        )
        return 2
    if args.json:
        print(json.dumps(explanation | {"limits": limits} if args.what else explanation, ensure_ascii=False, indent=2))
    elif args.what or args.short:
        print(limits_text(limits, round(time.time()), short=args.short))
        for finding in () if args.what else explanation["findings"]:
            print(f"{finding['severity'].upper()}: {finding['text']}")
    else:
        print(followable(as_text(explanation, round(time.time()))))
    return 0
