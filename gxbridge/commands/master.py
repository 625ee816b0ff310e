"""`gxbridge master`: whether another master was found, and how to tell the service that it is gone."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gxbridge.config import Config
    from gxbridge.state.state_file import StateFile

TAKEN_S = 5.0
"""The running service looks once a second."""


def configure(parser: argparse.ArgumentParser) -> None:
    """`gxbridge master [reset]`."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("show", "reset"),
        default="show",
        help="show (default): what is remembered, and the mode now; reset: the other master is gone, control again",
    )
    parser.add_argument("--config", metavar="FILE", help="configuration file of the service (on a GX: the usual one)")


def run(args: argparse.Namespace) -> int:
    """0, or 2 when the state cannot be used or the service does not take the reset."""
    from gxbridge.commands.state import with_state

    return with_state("master", args.config, _show if args.action == "show" else _reset)


def _show(config: Config, file: StateFile) -> int:
    from gxbridge.core.model.remembered import OVERRULED
    from gxbridge.core.model.wording import utc_text

    latch = next((latch for latch in file.read().latches if latch.name == OVERRULED), None)
    if latch is None:
        print("No other master is remembered.")
    else:
        print(f"Something else wrote {latch.subject} (found {utc_text(latch.since)}): gxbridge writes nothing.")
        from gxbridge.edge.machine import followable

        print(followable("Switch it off, then: gxbridge master reset (a reboot of the machine resets it too)"))
    print(_now(config.dbus_address))
    return 0


def _now(address: str) -> str:
    """What holds in the running service."""
    import asyncio

    from gxbridge.core.publish.own_paths import OWN_NAME
    from gxbridge.edge.dbus import client
    from gxbridge.edge.dbus.bus import BusError, connect

    async def ask() -> list[object]:
        connection = await connect(address)
        try:
            paths = ("/Dvcc/Effective", "/Dvcc/MasterReason")
            return [await client.fetch(connection, OWN_NAME, path) for path in paths]
        finally:
            connection.close()

    try:
        effective, reason = asyncio.run(ask())
    except (BusError, OSError):
        return "The service does not run, or not on this bus."
    return f"The service now: {effective}. {reason}"


def _reset(_config: Config, file: StateFile) -> int:
    from gxbridge.state.state_file import StateHeldError

    try:
        file.hold(0.5)
    except StateHeldError:
        return _ask_service(file)
    try:
        file.write(file.read().overrule("", 0.0, None))
    finally:
        file.release()
    print("Reset: the service may control when it is started.")
    return 0


def _ask_service(file: StateFile) -> int:
    """The running service holds the file, and does it itself."""
    file.ask_reset()
    until = time.monotonic() + TAKEN_S
    while file.reset_asked():
        if time.monotonic() > until:
            print(
                "gxbridge master: the service does not answer; the reset takes effect when it next checks, or starts",
                file=sys.stderr,
            )
            return 2
        time.sleep(0.05)
    print("Reset: the service may control again.")
    return 0
