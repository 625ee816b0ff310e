"""`gxbridge sample`: a recorded log and a black box of the simulated boat, to try the other commands on."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from gxbridge.edge.machine import own_command

NAMES: Final = ("boat.log", "boat-box.jsonl.gz")

TRY: Final = ("explain --log", "blackbox show")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="FOLDER", help="where to (default: here)")
    parser.epilog = (
        "Two minutes of a simulated boat: a Lynx Smart BMS charges, one cell runs ahead until it stops charging, it "
        "recovers, and then falls silent. Nothing that is there already is overwritten."
    )


def run(args: argparse.Namespace) -> int:
    """0; 2 when they cannot be found or written, or are there already."""
    source = examples()
    if source is None:
        print("gxbridge sample: the examples are not installed beside this program", file=sys.stderr)
        return 2
    into = Path(args.folder)
    there = [name for name in NAMES if os.path.lexists(into / name)]
    if there:
        print(f"gxbridge sample: {into / there[0]} is there already", file=sys.stderr)
        return 2
    for name, command in zip(NAMES, TRY, strict=True):
        (into / name).write_bytes((source / name).read_bytes())
        print(f"{into / name}   try: {own_command()} {command} {into / name}")
    return 0


def examples() -> Path | None:
    """Where the examples are: in a checkout, in a GX's bundle (docs/ beside lib/), or beside an installed wheel."""
    package = Path(__file__).resolve().parents[2]
    places = (package / "docs", package.parent / "docs", Path(sys.prefix) / "share" / "gxbridge")
    return next((place / "examples" for place in places if (place / "examples" / NAMES[0]).is_file()), None)
