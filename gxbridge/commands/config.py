"""`gxbridge config`: check a configuration file, or show what holds."""

from __future__ import annotations

import argparse
import sys

WRONG = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """`check FILE` and `show [FILE]`, the latter with the options of `run`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="list what is wrong in a file, with line and key; exit code 2 if anything")
    check.add_argument("file", metavar="FILE")
    show = actions.add_parser("show", help="print what holds: defaults, the file, and the options given here")
    show.add_argument("file", metavar="FILE", nargs="?")
    add_options(show)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that win over the file; `run` has the same."""
    parser.add_argument(
        "--can",
        metavar="INTERFACE:CHANNEL",
        action="append",
        default=[],
        help="a bus, in place of the file's; may repeat",
    )
    parser.add_argument("--replay", metavar="LOG[@SPEED]", help="a recorded log in place of the buses")
    parser.add_argument("--dbus", metavar="system|session|ADDRESS", help="where D-Bus is")
    parser.add_argument("--verbose", action="store_true", help="say more (log level debug)")


def run(args: argparse.Namespace) -> int:
    """0, also with warnings; 2 when something is wrong."""
    from gxbridge.config import ConfigError, Overrides, load
    from gxbridge.config.pages import show
    from gxbridge.core.model.items import printable

    overrides = Overrides()
    if args.action == "show":
        overrides = Overrides(tuple(args.can), args.replay, args.dbus, args.verbose)
    try:
        config = load(args.file, overrides)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    for deprecation in config.deprecations:
        print(f"warning: {deprecation.problem}", file=sys.stderr)
    if args.action == "check":
        print(f"{printable(args.file)}: no problems")
    else:
        print(show(config), end="")
    return 0
