"""`gxbridge candb`: look into the message database, check it, hand it to other programs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gxbridge.candb.model import DatabaseEntry, DatabaseModel
    from gxbridge.core.nmea2000.database import Database

FOLDER = Path(__file__).parent.parent.parent / "can_db"
"""The YAML files, when gxbridge runs from its source tree. An installed wheel has the compiled form only."""

HOW_TO_ADD = "how to add one: docs/adding-a-message.md"


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="one message, enumeration, product or D-Bus service in full")
    show.add_argument("what", help="0x2108, BMS_IO, 127508, battery_status, bms_state")
    search = actions.add_parser("search", help="messages that contain all these words")
    search.add_argument("words", nargs="+", metavar="WORD")
    check = actions.add_parser("check", help="check the YAML files against the rules")
    check.add_argument("folder", nargs="?", type=Path, default=None, help="default: the can_db of the source tree")
    check.add_argument("--rules", action="store_true", help="list the rules instead")
    check.add_argument(
        "--candidates",
        action="store_true",
        help="check what `gxbridge learn` found too, which no database is built from",
    )
    export = actions.add_parser("export", help="the database for other programs")
    form = export.add_mutually_exclusive_group(required=True)
    form.add_argument("--dbc", metavar="FILE", type=Path, help="DBC file (needs cantools: pip install 'cantools>=39')")
    form.add_argument("--json", metavar="FILE", nargs="?", const="-", help="JSON, to standard output without FILE")
    encode = actions.add_parser("encode", help="a message as candump lines; nothing is sent")
    encode.add_argument("what", metavar="MESSAGE", help="0x0390, VE_REG_BMS_IO, 127508, battery_status")
    encode.add_argument(
        "values", nargs="*", metavar="FIELD=VALUE", help="the name can be left out where it is the only field"
    )
    encode.add_argument("--source", type=_whole, required=True, metavar="ADDRESS", help="the sender's address")
    encode.add_argument(
        "--destination",
        type=_whole,
        default=255,
        metavar="ADDRESS",
        help="default: 255, everybody; a register to one address is a write",
    )
    encode.add_argument("--sequence", type=_whole, default=0, metavar="N", help="counter of fast packets, default 0")
    encode.add_argument("--bus", default="can0", help="name of the bus in the lines, default can0")


def _whole(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number") from None


def run(args: argparse.Namespace) -> int:
    """0; 1 when nothing was found or a rule is broken; 2 when the command cannot be carried out."""
    if args.action == "check":
        return _rules() if args.rules else _check(args.folder or FOLDER, args.candidates)
    from gxbridge.core.nmea2000.database import DatabaseError, database

    try:
        compiled = database()
    except DatabaseError as error:
        print(f"gxbridge candb: {error}", file=sys.stderr)
        return 2
    _warn_when_stale(compiled)
    if args.action == "show":
        return _show(compiled, args.what)
    if args.action == "search":
        return _search(compiled, args.words)
    if args.action == "encode":
        return _encode(compiled, args)
    try:
        return _export_dbc(compiled, args.dbc) if args.dbc is not None else _export_json(compiled, args.json)
    except BrokenPipeError:
        raise  # the reader has gone: cli.py ends quietly
    except OSError as error:
        print(
            f"gxbridge candb: cannot write {error.filename or args.json or args.dbc}: {error.strerror}", file=sys.stderr
        )
        return 2


def _warn_when_stale(compiled: Database) -> None:
    if not FOLDER.is_dir():
        return
    from gxbridge.candb.read import digest, files

    if digest(files(FOLDER), FOLDER) != compiled.digest:
        print("gxbridge candb: can_db has changed since it was compiled, run `make build`", file=sys.stderr)


def _show(compiled: Database, what: str) -> int:
    from gxbridge.candb.show import describe, describe_enumeration, describe_service, find

    if what in compiled.enums:
        _print(describe_enumeration(compiled, what))
        return 0
    if what in compiled.services:
        _print(describe_service(what))
        return 0
    found = find(compiled, what)
    if found:
        entries = _entries()
        for number, layout in enumerate(found):
            if number:
                print()
            _print(describe(compiled, layout, entries.get((layout.pgn, layout.register, layout.families))))
        return 0
    product = compiled.products.get(_number(what))
    if product is not None:
        reported = "" if product.name == product.full_name else f", reported as {product.name}"
        print(f"product 0x{product.product_id:04X} {product.full_name}{reported}, family {product.family}")
        return 0
    return _nothing(compiled, what)


def _nothing(compiled: Database, what: str) -> int:
    from gxbridge.candb.show import search

    if what.isdigit() and list(search(compiled, [f"0x{what}"])):
        print(f"gxbridge candb: there is no PGN {what}; for the register write 0x{what}", file=sys.stderr)
    elif _number(what) in (61184, 126720):
        print(f"PGN {int(what, 0)} carries registers: `gxbridge candb search VE_REG` lists them", file=sys.stderr)
    else:
        print(f"gxbridge candb: {what} is not in the database ({HOW_TO_ADD})", file=sys.stderr)
    return 1


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        return -1


def _entries() -> dict[tuple[int, int | None, tuple[str, ...]], DatabaseEntry]:
    """What the YAML adds to the compiled form (samples, places), where the source tree is there and sound."""
    if not FOLDER.is_dir():
        return {}
    from gxbridge.candb.load import inspect

    model, _problems = inspect(FOLDER)
    entries = model.entries if model is not None else ()
    return {(entry.pgn, entry.register, tuple(entry.families)): entry for entry in entries}


def _search(compiled: Database, words: list[str]) -> int:
    from gxbridge.candb.show import search

    lines = list(search(compiled, words))
    _print(lines)
    if not lines:
        print(f"gxbridge candb: no message contains {' and '.join(words)} ({HOW_TO_ADD})", file=sys.stderr)
    return 0 if lines else 1


def _encode(compiled: Database, args: argparse.Namespace) -> int:
    from gxbridge.candb.say import say
    from gxbridge.core.nmea2000.encode import EncodeError

    try:
        frames = say(compiled, args.what, args.values, args.source, args.destination, args.sequence)
    except LookupError:
        return _nothing(compiled, args.what)
    except EncodeError as error:
        print(f"gxbridge candb: {error}", file=sys.stderr)
        return 2
    for number, (can_id, data) in enumerate(frames):
        print(f"({number / 1000:.6f}) {args.bus} {can_id:08X}#{data.hex().upper()}")
    return 0


def _rules() -> int:
    from gxbridge.candb.rules import RULES

    _print(f"{number}  {sentence}" for number, sentence in RULES.items())
    return 0


def _check(folder: Path, candidates: bool) -> int:
    if not folder.is_dir():
        cure = "give the folder, or run it in the source tree (an installed gxbridge has the compiled form only)"
        print(f"gxbridge candb: {folder} does not exist: {cure}", file=sys.stderr)
        return 2
    from gxbridge.candb.generate import GenerateError, generate
    from gxbridge.candb.load import inspect

    model, problems = inspect(folder, candidates)
    _print(str(problem) for problem in problems)
    if model is None or problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        print(f"gxbridge candb: {count}", file=sys.stderr)
        return 1
    try:
        generate(model)
    except GenerateError as error:
        print(error)
        return 1
    print(_summary(model))
    return 0


def _summary(model: DatabaseModel) -> str:
    registers = {entry.register for entry in model.entries if entry.register is not None}
    pgns = {entry.pgn for entry in model.entries if entry.register is None}
    samples = sum(len(entry.samples) for entry in model.entries)
    return (
        f"{len(registers)} registers, {len(pgns)} PGNs, {len(model.enumerations)} enumerations, "
        f"{len(model.products)} products, {samples} samples: no rule is broken"
    )


def _export_json(compiled: Database, target: str) -> int:
    from gxbridge.candb.export import as_json

    text = json.dumps(as_json(compiled), ensure_ascii=False, indent=1)
    if target == "-":
        print(text)
    else:
        Path(target).write_text(f"{text}\n", encoding="utf-8")
    return 0


def _export_dbc(compiled: Database, target: Path) -> int:
    from gxbridge.candb.dbc import Missing, export

    try:
        text, left_out = export(compiled)
    except Missing as error:
        print(f"gxbridge candb: {error}", file=sys.stderr)
        return 2
    target.write_bytes(text.encode("cp1252", "replace"))
    print(f"{target} written; left out, because a DBC cannot hold it:")
    _print(f"  {line}" for line in left_out)
    return 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)
