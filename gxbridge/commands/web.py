"""`gxbridge web`: a page for a phone at the switchboard, with the history, as a program beside the service."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

MISSING = (
    "gxbridge web needs the Python packages starlette, uvicorn and prometheus_client: "
    "pip install 'starlette>=0.49.1' 'uvicorn>=0.34' 'prometheus_client>=0.21'"
)
LISTEN = "127.0.0.1:8088"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", default=LISTEN, metavar="ADDRESS:PORT", help=f"default: {LISTEN}; others need --token-file"
    )
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="a token that visitors must have")
    parser.add_argument(
        "--name", action="append", default=[], metavar="NAME", help="a name of this machine in a browser; repeatable"
    )
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where the history is kept")
    parser.add_argument("--no-history", action="store_true", help="keep the history in memory only")
    parser.add_argument("--boxes", type=Path, metavar="FOLDER", help="the folder of black boxes (blackbox.folder)")
    parser.add_argument("--dbus", default="system", metavar="ADDRESS", help="system, session or a D-Bus address")
    parser.epilog = "It reads D-Bus and changes nothing. Ctrl-C ends it and writes the history."


def run(args: argparse.Namespace) -> int:
    """0; 1 when there is no bus or the port is taken; 2 when it may not listen there, or packages are missing."""
    from gxbridge.web.listen import RefusedAddress, read_listen

    try:
        listen = read_listen(args.listen, args.token_file, tuple(args.name))
    except RefusedAddress as error:
        print(f"gxbridge web: {error}", file=sys.stderr)
        return 2
    try:
        from gxbridge.web.server import serve_page
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("gxbridge"):
            raise
        print(f"{MISSING} ({error.name} is not there)", file=sys.stderr)
        return 2
    from gxbridge.edge.dbus.bus import BusError
    from gxbridge.history.folder import HistoryFolder
    from gxbridge.history.places import MOST_BYTES, history_folder
    from gxbridge.runtime import log_setup
    from gxbridge.web.boxes import GX_BOXES

    log_setup.setup("info", {})
    folder = None if args.no_history else HistoryFolder(args.folder or history_folder(), MOST_BYTES)
    boxes = args.boxes if args.boxes is not None else GX_BOXES if GX_BOXES.is_dir() else None
    try:
        asyncio.run(serve_page(args.dbus, listen, folder, boxes))
    except BusError as error:
        print(f"gxbridge web: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"gxbridge web: cannot listen on {args.listen}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0
