"""`gxbridge explain`: asks the running service over D-Bus why every limit is what it is, or explains a log."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time

from gxbridge.commands.explain_log import configure_log, run_log


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the whole explanation as JSON instead of words")
    parser.add_argument(
        "--dbus", default="system", metavar="ADDRESS", help="system, session or a D-Bus address (default: system)"
    )
    configure_log(parser)


async def _ask_service(address: str) -> object:
    from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
    from gxbridge.edge.dbus import client
    from gxbridge.edge.dbus.bus import connect

    connection = await connect(address)
    try:
        return await client.fetch(connection, OWN_NAME, EXPLAIN_JSON)
    finally:
        connection.close()


def run(args: argparse.Namespace) -> int:
    if args.log is not None:
        return run_log(args)
    if args.csv or args.config is not None or args.every is not None:
        print("gxbridge explain: --csv, --config and --every are for --log FILE", file=sys.stderr)
        return 2
    from gxbridge.core.model.items import printable_data
    from gxbridge.core.publish.explanation import as_text
    from gxbridge.edge.dbus.bus import BusError

    try:
        text = asyncio.run(_ask_service(args.dbus))
    except (BusError, OSError) as error:
        print(f"gxbridge explain: {error}", file=sys.stderr)
        print(
            "Is the service running on this bus? Name another with --dbus, or start it: gxbridge run --config FILE",
            file=sys.stderr,
        )
        return 1
    if not isinstance(text, str):
        print("gxbridge explain: the service is starting and has nothing to explain yet; ask again", file=sys.stderr)
        return 1
    try:
        explanation = printable_data(json.loads(text))
        said = (
            json.dumps(explanation, indent=2, ensure_ascii=False)
            if args.json
            else as_text(explanation, round(time.time()))
        )
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        print("gxbridge explain: what the service answers is no explanation: is it another version?", file=sys.stderr)
        return 1
    print(said)
    return 0
