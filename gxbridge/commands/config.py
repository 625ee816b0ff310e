"""`gxbridge config`: begin a configuration file, check one, or show what holds; its schema for editors."""

from __future__ import annotations

import argparse
import json
import sys

WRONG = 2
PRESETS = ("listen", "publish", "control")
"""Those of `gxbridge.config.presets`, which is not loaded for help alone."""


def configure(parser: argparse.ArgumentParser) -> None:
    """`init [FILE]`, `check FILE`, `show [FILE]` with the options of `run`, and `schema`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    init = actions.add_parser("init", help="a file to begin with, printed or written to FILE, which must not exist")
    init.add_argument("file", metavar="FILE", nargs="?")
    init.add_argument("--preset", choices=PRESETS, default="listen", help="what gxbridge is to do (default: listen)")
    init.add_argument("--can", metavar="INTERFACE:CHANNEL", default="socketcan:vecan0", help="the bus of the BMS")
    actions.add_parser("schema", help="a JSON schema, by which an editor completes and checks the file")
    check = actions.add_parser("check", help="list what is wrong in a file, with line and key; exit code 2 if anything")
    check.add_argument("file", metavar="FILE")
    show = actions.add_parser("show", help="print the values in effect: defaults, the file, and the options given here")
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
    if args.action == "schema":
        from gxbridge.config.editor_schema import editor_schema

        print(json.dumps(editor_schema(), indent=2))
        return 0
    if args.action == "init":
        return _init(args)
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


def _init(args: argparse.Namespace) -> int:
    """Print or write a preset."""
    from gxbridge.config import ConfigError, Overrides, load
    from gxbridge.config.presets import preset

    try:
        (bus,) = load(None, Overrides((args.can,))).can
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG
    text = preset(args.preset, bus.interface, bus.channel)
    if args.file is None:
        print(text, end="")
        return 0
    try:
        with open(args.file, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        print(f"gxbridge config init: {args.file}: {error.strerror}", file=sys.stderr)
        return WRONG
    from gxbridge.edge.machine import followable

    print(followable(f"Wrote {args.file}. Next: gxbridge run --config {args.file}"))
    return 0
