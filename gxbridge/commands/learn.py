"""`gxbridge learn FILE`: what unknown registers mean, by comparing them with the vendor's D-Bus values."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gxbridge.commands.arguments import UsageError, number_of
from gxbridge.core.model.wording import counted

if TYPE_CHECKING:
    from gxbridge.core.learn.recording import LearnRecording, RegisterKey
    from gxbridge.core.learn.verdicts import RegisterFinding
    from gxbridge.core.nmea2000.database import Database

_EPILOG = """
Nothing is sent and nothing is believed: what is found is written as candidates, which no database is built from. Record
with `gxbridge capture --keep-unknown --minutes 10` on a GX whose vendor driver runs, while loads and chargers come and
go. Exit code: 0; 1: nothing was found, or lines could not be read; 2: wrong usage, or a file cannot be used.
"""
VERDICTS = ("certain", "likely", "ambiguous", "no evidence")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("file", metavar="FILE", nargs="?", help="a capture, a black box, or with --values a CAN log")
    parser.add_argument("--values", metavar="CAPTURE", help="take the D-Bus values from this capture, of the same time")
    parser.add_argument(
        "--hide", metavar="REGISTERS", help="treat known registers as unknown: 0x0385,0x0FFF or all; to try it out"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the candidates as YAML of can_db")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--all", action="store_true", help="list registers without evidence one by one")
    live = parser.add_argument_group("beside a capture that runs, instead of a FILE")
    live.add_argument(
        "--step",
        metavar="SERVICE",
        help="ask the vendor's driver for one battery after the other (/Battery/Request/Id)",
    )
    live.add_argument(
        "--every", type=number_of("seconds", 600.0), default=10.0, metavar="S", help="seconds for each (default: 10)"
    )
    live.add_argument("--dbus", metavar="ADDRESS", default="system", help="system (default), session or an address")


def run(args: argparse.Namespace) -> int:
    """See the epilog for the exit code."""
    from gxbridge.core.blackbox.box import BoxError
    from gxbridge.core.learn.recording import LearnError
    from gxbridge.core.nmea2000.database import DatabaseError
    from gxbridge.edge.dbus.bus import BusError
    from gxbridge.edge.logs.reader import LogError
    from gxbridge.live.battery_stepping import SteppingError

    try:
        if args.step is not None:
            return _step(args)
        return _learn(args)
    except (UsageError, DatabaseError, LogError, LearnError, BoxError, BusError, SteppingError) as error:
        print(f"gxbridge learn: {error}", file=sys.stderr)
    return 2


def _step(args: argparse.Namespace) -> int:
    import asyncio

    from gxbridge.edge.dbus.bus import opened
    from gxbridge.live.battery_stepping import step_batteries

    if args.file is not None:
        raise UsageError("--step asks a running driver: leave FILE out")

    async def ask() -> int:
        async with opened(args.dbus) as connection:
            return await step_batteries(connection, args.step, args.every, print)

    count = asyncio.run(ask())
    print(f"asked for every battery, {count} in all; what stood there is back")
    return 0


def _learn(args: argparse.Namespace) -> int:
    from gxbridge.core.learn.known_bits import known_bits_of
    from gxbridge.core.learn.verdicts import learn
    from gxbridge.core.nmea2000.database import database
    from gxbridge.live.learn_files import recorded

    if args.file is None:
        raise UsageError("name a capture, a black box or a log; --help says how to make one")
    hidden = _hidden(args.hide)
    db = database()
    bad: list[str] = []
    try:
        recording = recorded(args.file, args.values, lambda number, what: bad.append(f"line {number}: {what}"))
    except OSError as error:
        raise UsageError(f"{args.file}: {error.strerror or error}") from None
    findings = learn(recording, known_bits_of(db, hidden))
    if args.json:
        print(json.dumps(_as_json(args.file, recording, findings, db), ensure_ascii=False, indent=1))
    else:
        for line in _lines(args.file, recording, findings, db, args.all):
            print(line)
    if bad:
        print(f"gxbridge learn: {counted(len(bad), 'line')} could not be read; {bad[0]}", file=sys.stderr)
    found = [finding for finding in findings if finding.verdict in ("certain", "likely")]
    if args.output is not None:
        _write(args.output, args.file, recording, findings, db)
    return 1 if bad or not found else 0


def _hidden(text: str | None) -> frozenset[int] | None:
    """The registers to hide; None for all. Raises UsageError."""
    if text == "all":
        return None
    try:
        return frozenset(int(word, 16) for word in (text or "").split(",") if word)
    except ValueError:
        raise UsageError(f"--hide takes registers such as 0x0385,0x0FFF, or all; not {text!r}") from None


def _write(path: str, name: str, recording: LearnRecording, findings: list[RegisterFinding], db: Database) -> None:
    from gxbridge.core.learn.candidates import candidates
    from gxbridge.edge.logs.candump_file import create_file

    day = time.strftime("%Y-%m-%d", time.gmtime(os.stat(name).st_mtime))
    lines = candidates(recording, findings, lambda key: _family(recording, db, key), os.path.basename(name), day)
    try:
        with create_file(path) as stream:
            stream.write("".join(f"{line}\n" for line in lines).encode())
    except FileExistsError:
        raise UsageError(f"{path} already exists and is not overwritten") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None


def _family(recording: LearnRecording, db: Database, key: RegisterKey) -> str | None:
    product = db.products.get(recording.products.get((key.bus, key.source), -1))
    return None if product is None else product.family


def _device(recording: LearnRecording, db: Database, key: RegisterKey) -> str:
    from gxbridge.core.model.items import printable

    product = db.products.get(recording.products.get((key.bus, key.source), -1))
    return printable(f"{key.bus} {key.source}" + ("" if product is None else f" {product.name}"))


def _lines(
    name: str, recording: LearnRecording, findings: list[RegisterFinding], db: Database, show_all: bool
) -> Iterator[str]:
    from gxbridge.core.learn.candidates import shown_as, type_of
    from gxbridge.core.model.items import printable

    changing = sum(len(series.values) > 1 for series in recording.paths.values())
    yield printable(
        f"{name}: {counted(recording.frames, 'frame')}, {counted(len(recording.registers), 'register')}, "
        f"{counted(changing, 'D-Bus value')} that changed"
    )
    if recording.left_out:
        yield f"  {counted(recording.left_out, 'change')} left out: the recording is longer than what is compared"
    for finding in findings:
        hypothesis = finding.hypothesis
        head = f"0x{finding.key.register:04X} {_device(recording, db, finding.key)}"
        if hypothesis is None:
            if show_all:
                yield f"{head}: no evidence: {finding.reason}"
            continue
        layout, evidence, line = hypothesis.layout, hypothesis.evidence, hypothesis.fit
        meaning = shown_as(hypothesis)
        if hypothesis.meanings is not None:
            meaning = ", ".join(f"{raw} is {shown}" for raw, shown in sorted(hypothesis.meanings.items()))
        yield printable(
            f"{head}, bit {layout.offset}, {type_of(hypothesis)}: {finding.verdict}: {hypothesis.path.path} of "
            f"{hypothesis.path.service}: {meaning}"
        )
        yield (
            f"    {evidence.changes} changes and {evidence.held_out} held out, "
            f"{evidence.misses} and {evidence.held_out_misses} not explained; "
            f"{counted(evidence.distinct, 'different value')}, "
            f"within {evidence.window_s:g} s, {evidence.bits:.0f} bits"
        )
        if line is not None and hypothesis.meanings is None:
            yield f"    fit: {line.slope:.6g} x raw {line.intercept:+.4g}, r2 {line.r2:.5f}, {line.delay_s:g} s later"
        for words in (finding.reason, *(f"as good: {rival}" for rival in finding.rivals)):
            if words:
                yield printable(f"    {words}")
    counts = {verdict: sum(finding.verdict == verdict for finding in findings) for verdict in VERDICTS}
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _as_json(name: str, recording: LearnRecording, findings: list[RegisterFinding], db: Database) -> dict[str, Any]:
    return {
        "file": name,
        "frames": recording.frames,
        "registers": len(recording.registers),
        "paths": len(recording.paths),
        "left_out": recording.left_out,
        "findings": [_finding_json(recording, finding, db) for finding in findings],
    }


def _finding_json(recording: LearnRecording, finding: RegisterFinding, db: Database) -> dict[str, Any]:
    key, hypothesis = finding.key, finding.hypothesis
    found: dict[str, Any] = {
        "register": f"0x{key.register:04X}",
        "bus": key.bus,
        "source": key.source,
        "product_id": recording.products.get((key.bus, key.source)),
        "family": _family(recording, db, key),
        "bytes": key.size,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "register_changes": finding.register_changes,
        "rivals": list(finding.rivals),
        "hypothesis": None,
    }
    if hypothesis is not None:
        layout = hypothesis.layout
        found["hypothesis"] = {
            "service": hypothesis.path.service,
            "path": hypothesis.path.path,
            "kind": "number" if hypothesis.meanings is None else "code",
            "offset_bits": layout.offset,
            "width_bits": layout.width,
            "widths_that_fit": sorted({one.width for one in hypothesis.layouts}),
            "signed": layout.signed,
            "scale": hypothesis.scale,
            "offset": hypothesis.offset,
            "meanings": None if hypothesis.meanings is None else {str(k): v for k, v in hypothesis.meanings.items()},
            "own_service": hypothesis.is_own,
            "evidence": hypothesis.evidence._asdict(),
            "fit": None if hypothesis.fit is None else hypothesis.fit._asdict(),
        }
    return found
