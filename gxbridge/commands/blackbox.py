"""`gxbridge blackbox`: what happened in the last minutes before an event, and the same played again."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gxbridge.core.blackbox.box import Box

DIFFERS, UNREADABLE = 1, 2


def configure(parser: argparse.ArgumentParser) -> None:
    """`show FILE` and `replay FILE`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the timeline in words, and what failed")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--json", action="store_true", help="the same as JSON")
    replay = actions.add_parser(
        "replay",
        help="play it through this version's code and compare every decision",
        description="Exit code 0: every decision is the same, bit for bit; 1: some differ; 2: the file cannot be used.",
    )
    replay.add_argument("file", type=Path, metavar="FILE")
    replay.add_argument("--json", action="store_true", help="the result as JSON")


def run(args: argparse.Namespace) -> int:
    """0; 1 when a replay decides otherwise; 2 when the file cannot be used."""
    from gxbridge.core.blackbox.box import BoxError
    from gxbridge.core.model.items import printable
    from gxbridge.edge.box_files import read

    name = printable(str(args.file))
    try:
        try:
            box = read(args.file)
        except OSError as error:
            print(f"gxbridge blackbox: cannot read {name}: {error.strerror or error}", file=sys.stderr)
            return UNREADABLE
        return _show(box, args.json) if args.action == "show" else _replay(box, args.json)
    except BoxError as error:
        print(f"gxbridge blackbox: {name}: {error}", file=sys.stderr)
    return UNREADABLE


def _clock(box: Box, at: float) -> str:
    try:
        moment = datetime.fromtimestamp(at + box.head.epoch_offset, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at:.3f}"
    return moment.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")


def _show(box: Box, as_json: bool) -> int:
    from gxbridge.core.blackbox.timeline import facts_of
    from gxbridge.core.blackbox.verdict import verdict
    from gxbridge.core.model.wording import counted, duration_text

    head, facts = box.head, facts_of(box)
    found = verdict(facts, head)
    if as_json:
        whole: dict[str, Any] = {
            "version": head.version,
            "cause": {"name": head.cause, "subject": head.subject, "text": head.text, "at": head.at},
            "epoch_offset": head.epoch_offset,
            "begins": facts.begins,
            "ends": facts.ends,
            "frames": facts.frames,
            "verdict": {"name": found.name, "title": found.title, "evidence": list(found.evidence)},
            "timeline": [[moment.at, moment.text] for moment in facts.timeline],
        }
        print(json.dumps(whole, ensure_ascii=False, indent=1))
        return 0
    print(f"Black box of gxbridge {head.version}, kept because of: {head.cause} {head.subject}".rstrip())
    print(f"    {_clock(box, head.at)} UTC: {head.text}")
    length, frames = duration_text(facts.ends - facts.begins), counted(facts.frames, "frame")
    print(f"    {length}, {frames}, from {_clock(box, facts.begins)} UTC\n")
    for moment in facts.timeline:
        print(f"{_clock(box, moment.at)[11:]}  {moment.at - head.at:+9.3f} s  {moment.text}")
    print(f"\nVerdict: {found.title}.")
    for sentence in found.evidence:
        print(f"    - {sentence}")
    return 0


def _replay(box: Box, as_json: bool) -> int:
    from gxbridge import __version__
    from gxbridge.core.blackbox.play import replay
    from gxbridge.core.model.wording import counted

    report = replay(box)
    if as_json:
        rows = [{"at": item.at, "recorded": item.recorded, "replayed": item.replayed} for item in report.differences]
        whole = {"looks": report.cycles, "frames": report.frames, "differing": report.differing, "differences": rows}
        print(json.dumps(whole | {"recorded_by": box.head.version, "replayed_by": __version__}, indent=1))
        return DIFFERS if report.differing else 0
    for item in report.differences:
        print(f"{_clock(box, item.at)}  recorded: {item.recorded}")
        print(f"{' ' * 25}replayed: {item.replayed}")
    same = "all decided the same, bit for bit" if not report.differing else f"{report.differing} decided differently"
    versions = f"recorded by {box.head.version}, now {__version__}"
    print(f"{counted(report.cycles, 'cycle')} with {counted(report.frames, 'frame')}: {same} ({versions})")
    if not report.cycles:
        print("The box holds nothing that can be played.", file=sys.stderr)
        return UNREADABLE
    return DIFFERS if report.differing else 0
