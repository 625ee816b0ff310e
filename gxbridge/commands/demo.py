"""`gxbridge demo`: two simulated installations and the real service; nothing but dbus-daemon is needed."""

from __future__ import annotations

import argparse

EPILOG = """\
Starts a private D-Bus, simulated devices as processes and the real service in control mode, plays a few acts and
checks what comes of it with a D-Bus client of its own. The exit code is 0 only if every act passed. On a
terminal there is a live screen (package extra: tui); else one line for each change, in about a minute.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.epilog = EPILOG
    parser.add_argument("--plain", action="store_true", help="one line for each change instead of the live screen")
    parser.add_argument(
        "--full", action="store_true", help="let the BMS stay away until the chargers show error 67 (two minutes more)"
    )
    parser.add_argument("--keep", action="store_true", help="after the last act keep everything running until Ctrl-C")
    parser.add_argument("--dbus-daemon", metavar="PATH", help="the dbus-daemon program (default: found in PATH)")
    parser.add_argument(
        "--can",
        metavar="INTERFACE[:CHANNEL]",
        help="CAN bus for the Lynx and the service instead of the demo's own (socketcan:vcan0, udp_multicast)",
    )


def run(args: argparse.Namespace) -> int:
    """Play the acts."""
    from gxbridge.demo.main import run as play

    return play(args)
