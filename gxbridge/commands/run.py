"""`gxbridge run`: the service."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
from typing import Final

NEEDLESS: Final = (
    "ssl",  # asyncio's TLS, which nothing here speaks: a twentieth of the start
    "_hashlib",  # hashlib's OpenSSL, 3 MB: Python has hashes of its own
    "yaml.cyaml",  # PyYAML's libyaml: the configuration is read without it
    "wrapt",  # for python-can's bus of several threads, 0.3 MB: ours has one
)
"""What the libraries load where it is there, and do without where it is not."""
UNPACKERS: Final = ("bz2", "lzma")
"""The same, 0.3 MB that python-can's way to its plug-ins loads; but a recorded log may be packed with one of them."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="configuration file (YAML); without one the defaults apply")
    parser.add_argument(
        "--can",
        action="append",
        default=[],
        metavar="INTERFACE:CHANNEL",
        help="a CAN bus, such as socketcan:vcan0; may be repeated; replaces the buses of the file",
    )
    parser.add_argument(
        "--replay", metavar="LOG[@SPEED]", help="a recorded log instead of a bus; SPEED a factor or max (default 1)"
    )
    parser.add_argument("--dbus", metavar="ADDRESS", help="system, session or a D-Bus address; replaces the file's")
    parser.add_argument("--verbose", action="store_true", help="log what happens in detail")


def run(args: argparse.Namespace) -> int:
    # While modules are loaded nothing becomes garbage; looking for it costs a tenth of the start.
    gc.disable()
    for needless in (*NEEDLESS, *(UNPACKERS if args.replay is None else ())):
        sys.modules.setdefault(needless, None)  # type: ignore[arg-type]
    import asyncio

    from gxbridge.config import ConfigError, Overrides, load
    from gxbridge.runtime import log_setup

    overrides = Overrides(can=tuple(args.can), replay=args.replay, dbus=args.dbus, verbose=args.verbose)
    try:
        config = load(args.config, overrides)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    log_setup.setup(config.log_level, config.log_modules)
    return asyncio.run(_serve(config))


async def _serve(config: object) -> int:
    import asyncio

    from gxbridge.config import Config
    from gxbridge.runtime.assembly import assemble

    assert isinstance(config, Config)  # noqa: S101 - keeps the import of the configuration out of the module's head
    app = assemble(config)
    gc.freeze()  # what was loaded stays: it need not be looked at again and again
    gc.enable()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # A terminal that closes or a supervisor that pokes must not end a service that guards limits.
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    for number in (signal.SIGUSR1, signal.SIGALRM):  # daemontools can send the second only: svc -a
        loop.add_signal_handler(number, app.keep_box)
    if config.replay is None:
        return await app.run(stop)
    from gxbridge.edge.logs.reader import LogError

    try:
        return await app.run(stop)
    except LogError as error:
        print(f"gxbridge run: {error}", file=sys.stderr)
        return 2
