"""Options that choose messages (`--source`, `--pgn`, `--vreg`, `--device`), the same in every command with messages."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gxbridge.decodelog.filters import Wanted


def add_filters(parser: argparse.ArgumentParser) -> Any:
    """Add the options; returns their group, for more of them."""
    chosen = parser.add_argument_group("only messages (each option may repeat)")
    for names, kind, what in (
        (("--source",), _number, "sent from this address"),
        (("--pgn",), _pgn, "of this PGN, such as 127508, 0x1F214 or battery_status"),
        (("--vreg", "--register"), _register, "of, or about, this register, such as 0x2108 or BMS_IO"),
    ):
        chosen.add_argument(*names, action="append", default=[], metavar="N", type=kind, help=what)
    chosen.add_argument(
        "--device",
        "--only",
        action="append",
        default=[],
        metavar="WHO",
        help="of the device with this unique number, serial or product id (0xA3E5), from where it says so",
    )
    return chosen


def wanted_of(args: argparse.Namespace, from_s: float | None = None, to_s: float | None = None) -> Wanted:
    """What the options say."""
    from gxbridge.decodelog.filters import Wanted

    who = frozenset(who.lower() for who in args.device)
    return Wanted(frozenset(args.source), frozenset(args.pgn), frozenset(args.vreg), who, from_s, to_s)


def _number(written: str) -> int:
    from gxbridge.decodelog.filters import whole_number

    try:
        return whole_number(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{written!r} is not a number; write 127508 or 0x2108") from None


def _pgn(written: str) -> int:
    return _named(written, "pgn")


def _register(written: str) -> int:
    return _named(written, "register")


def _named(written: str, what: str) -> int:
    """A number, or the number of the PGN or register of this name."""
    from gxbridge.candb.show import find
    from gxbridge.core.nmea2000.database import DatabaseError, database

    if not written[:1].isdigit():
        with suppress(DatabaseError):  # told when the log is opened
            for layout in find(database(), written):
                if what == "register" and layout.register is not None:
                    return layout.register
                if what == "pgn" and layout.register is None:
                    return layout.pgn
        raise argparse.ArgumentTypeError(
            f"no {what} is called {written!r}; write a number, or a name that `gxbridge candb search` finds"
        )
    return _number(written)
