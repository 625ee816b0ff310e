"""`gxbridge fleet`: logs and black boxes of many boats to columns, a report on them, and every box played again."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

BROKEN, REFUSED = 1, 2


def configure(parser: argparse.ArgumentParser) -> None:
    """`ingest FOLDER -o DATA`, `report DATA`, `replay FOLDER`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    ingest = actions.add_parser(
        "ingest",
        help="logs and black boxes of a folder, or below a URL, to a data set of Parquet files",
        description="It can be repeated: what is there already is skipped, and an interrupted ingest goes on where it "
        "stopped. "
        "Exit code 0: all is there; 1: some files are damaged, which are named; 2: it cannot be done.",
    )
    ingest.add_argument("source", metavar="FOLDER", help="a folder with a folder for each boat, or an fsspec URL")
    ingest.add_argument("-o", "--output", required=True, metavar="DATA", help="folder or URL of the data set")
    ingest.add_argument("--messages", action="store_true", help="also every value of every log (ten times the space)")
    add_names(ingest)
    add_workers(ingest)
    ingest.add_argument("--json", action="store_true", help="what was done as JSON")
    report = actions.add_parser(
        "report",
        help="what the data set says: which firmware, charger or wiring fails",
        description="Exit code 0; 2 when the data set cannot be read.",
    )
    report.add_argument("data", metavar="DATA", help="folder or URL of the data set")
    report.add_argument("--json", action="store_true", help="everything as JSON, sorted")
    report.add_argument("--html", metavar="FILE", type=Path, help="one page with plots that needs nothing else")
    report.add_argument("--names", metavar="FOLDER", help="the folder of the boats: show their names in place of ids")
    report.add_argument("--secret", metavar="FILE", type=Path, help="the secret that the data set was made with")
    replay = actions.add_parser(
        "replay",
        help="every black box through this version: what does it decide otherwise?",
        description="Exit code 0: every box that can be played decides the same; 1: some differ, or are damaged; "
        "2: none can be played, or it cannot be done.",
    )
    replay.add_argument("source", metavar="FOLDER", help="a folder, or an fsspec URL, with black boxes")
    replay.add_argument("--json", action="store_true", help="the result as JSON, sorted")
    add_workers(replay)


def add_names(parser: argparse.ArgumentParser) -> None:
    """How names are kept."""
    parser.add_argument(
        "--secret", metavar="FILE", type=Path, help="by which names become ids (default: made in ~/.config/gxbridge)"
    )
    parser.add_argument("--clear-names", action="store_true", help="keep the names of boats and serials as they are")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Who does the work."""
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--workers", metavar="N", type=_workers, help="processes here (default: one for each processor)")
    who.add_argument("--scheduler", metavar="dask://HOST:PORT", help="the workers of an existing Dask cluster")


def _workers(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 256:
        raise argparse.ArgumentTypeError("write a number of processes from 1 to 256")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """0; 1 when some files are damaged or decide otherwise; 2 when it cannot be done."""
    from gxbridge.core.model.items import printable
    from gxbridge.fleet.columns.arrow import FleetError

    try:
        return {"ingest": _ingest, "report": _report, "replay": _replay}[args.action](args)
    except FleetError as error:
        print(f"gxbridge fleet {args.action}: {printable(str(error))}", file=sys.stderr)
    except BrokenPipeError:
        raise  # whoever reads what is printed has gone: known to the command line
    except OSError as error:
        where = f": {printable(str(error.filename))}" if error.filename else ""
        print(f"gxbridge fleet {args.action}: {error.strerror or error}{where}", file=sys.stderr)
    return REFUSED


def _secret(args: argparse.Namespace) -> bytes | None:
    from gxbridge.fleet.secret import HELP, default_place, secret_of

    if args.clear_names:
        return None
    place = args.secret or default_place()
    secret, fresh = secret_of(place)
    if fresh:
        print(f"gxbridge fleet: a secret was made at {place}; {HELP}", file=sys.stderr)
    return secret


def _ingest(args: argparse.Namespace) -> int:
    from gxbridge.core.model.wording import counted
    from gxbridge.fleet.columns.arrow import need
    from gxbridge.fleet.ingest import ingest, totals
    from gxbridge.fleet.job import BROKEN as DAMAGED
    from gxbridge.fleet.job import IngestOptions, IngestOutcome
    from gxbridge.fleet.progress import shown_progress
    from gxbridge.fleet.scheduler import scheduler_of
    from gxbridge.fleet.sources import count_files

    need("The fleet", "numpy", "pyarrow")
    options = IngestOptions(args.output, _secret(args), args.messages)
    scheduler = scheduler_of(args.scheduler, args.workers)
    with closing(scheduler), shown_progress(count_files(args.source, args.output)) as bar:

        def tell(outcome: IngestOutcome) -> None:
            bar.advance()
            if outcome.what == DAMAGED:
                bar.say(f"{outcome.path}: {outcome.words}")

        summary = ingest(args.source, options, scheduler, tell)
    if args.json:
        print(json.dumps(totals(summary), sort_keys=True))
    else:
        words = ", ".join(f"{count} {what}" for what, count in sorted(summary.counts.items())) or "none is there"
        print(f"{counted(sum(summary.counts.values()), 'file')}: {words}; {counted(summary.rows, 'row')}")
    if not summary.counts:
        print(f"gxbridge fleet ingest: there are no files below {args.source}", file=sys.stderr)
        return REFUSED
    return BROKEN if summary.counts[DAMAGED] else 0


def _report(args: argparse.Namespace) -> int:
    from gxbridge import __version__
    from gxbridge.core.model.items import printable
    from gxbridge.edge.replace_file import replace_file
    from gxbridge.fleet.names import names_of
    from gxbridge.fleet.report import text
    from gxbridge.fleet.report.questions import answers_of
    from gxbridge.fleet.secret import default_place, read_secret

    names = {}
    if args.names is not None:
        names = names_of(args.data, args.names, read_secret(args.secret or default_place()))
    answers = answers_of(args.data, names)
    if args.html is not None:
        from gxbridge.fleet.report.page import as_page

        page = as_page(answers, __version__).encode("utf-8", "backslashreplace")
        replace_file(str(args.html.absolute()), page, f"{args.html.absolute()}.part")
    if args.json:
        print(text.as_json(answers))
    elif args.html is not None:
        print(f"{printable(str(args.html))} written")
    else:
        for line in text.as_text(answers):
            print(line)
    return 0


def _replay(args: argparse.Namespace) -> int:
    from gxbridge.fleet.job import BROKEN as DAMAGED
    from gxbridge.fleet.progress import shown_progress
    from gxbridge.fleet.replay import ReplayOutcome, as_json, as_text, may_be_box, replay_fleet
    from gxbridge.fleet.rows.box_rows import DIFFERS, SAME
    from gxbridge.fleet.scheduler import scheduler_of
    from gxbridge.fleet.sources import count_files

    scheduler = scheduler_of(args.scheduler, args.workers)
    with closing(scheduler), shown_progress(count_files(args.source, None, may_be_box)) as bar:

        def tell(outcome: ReplayOutcome) -> None:
            bar.advance()
            if outcome.what == DAMAGED:
                bar.say(f"{outcome.path}: {outcome.words}")

        found = replay_fleet(args.source, scheduler, tell)
    if args.json:
        print(as_json(found))
    else:
        for line in as_text(found):
            print(line)
    counts = found.counts
    if not counts[SAME] and not counts[DIFFERS]:
        return REFUSED
    return BROKEN if counts[DIFFERS] or counts[DAMAGED] else 0
