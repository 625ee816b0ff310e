"""Arguments that several commands take: buses, and numbers within a bound; and what is wrong with arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MOST = 999_999_999.0
"""Where nothing smaller is the bound: a number beyond is a slip of the pen, and infinity is no time."""


class UsageError(Exception):
    """What is wrong with the command line or the configuration, for people."""


def add_buses(parser: argparse.ArgumentParser) -> None:
    """Add the buses to listen to."""
    parser.add_argument(
        "bus",
        metavar="BUS",
        nargs="*",
        help="can0, INTERFACE:CHANNEL such as slcan:/dev/ttyUSB0, or udp_multicast; without one, the configured buses",
    )


def number_of(unit: str, most: float | None = None) -> Callable[[str], float]:
    """What turns an argument into a number above 0. `unit`: of what, in words; `most`: the largest that is taken."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value <= (MOST if most is None else most):
            words = (
                f"{text!r} is not a number of {unit}" if most is None else f"write a number of {unit} up to {most:.0f}"
            )
            raise argparse.ArgumentTypeError(words)
        return value

    return number
