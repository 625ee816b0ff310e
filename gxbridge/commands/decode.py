"""`gxbridge decode LOG`: a recorded log as readable lines, JSON lines, CSV, or statistics."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gxbridge.core.model.wording import counted

if TYPE_CHECKING:
    from gxbridge.core.nmea2000.database import Database
    from gxbridge.core.nmea2000.decoder import Decoder
    from gxbridge.decodelog.filters import Wanted
    from gxbridge.decodelog.stream import LineFormat, Stream
    from gxbridge.edge.logs.reader import LogReader

BAD_LINES_SHOWN = 20
"""Broken lines named on standard error; a log of another kind has nothing else, and the rest is only counted."""

FAR_FUTURE_S = 1e11
"""The year 5138: neither infinite nor NaN."""

_EPILOG = """
Exit code 0: everything could be read (incomplete fast packets, unknown messages and undefined values are only counted,
on standard error); 1: lines of the log could not be parsed; 2: wrong usage, or the log cannot be read.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("log", metavar="LOG", help="log file, also gz-compressed; - reads standard input")
    parser.add_argument("--format", choices=("text", "json", "csv"), default="text", help="output (default: text)")
    parser.add_argument("--input-format", metavar="NAME", help="format of the log, if it is not detected")
    parser.add_argument("--stats", action="store_true", help="rates, jitter, gaps and bus load instead of messages")
    chosen = parser.add_argument_group("only some messages (each option may repeat)")
    for names, kind, what in (
        (("--source",), _number, "sent from this address"),
        (("--pgn",), _pgn, "of this PGN, such as 127508, 0x1F214 or battery_status"),
        (("--vreg", "--register"), _register, "of, or about, this register, such as 0x2108 or BMS_IO"),
    ):
        chosen.add_argument(*names, action="append", default=[], metavar="N", type=kind, help=what)
    chosen.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="WHO",
        help="of the device with this unique number, serial or product id (0xA3E5), from where it says so",
    )
    for name, what in (("from", "from"), ("to", "until")):
        where = f"{what} this long after the start of the log, or an epoch time"
        chosen.add_argument(f"--{name}", dest=f"{name}_s", metavar="SECONDS", type=_seconds, help=where)


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


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < FAR_FUTURE_S:
        raise argparse.ArgumentTypeError(f"{written!r} is not a time in seconds")
    return seconds


NOTHING_READ = "nothing in it reads as {}; without --input-format the format is detected"


def run(args: argparse.Namespace) -> int:
    """See the epilog for the exit code."""
    from gxbridge.core.nmea2000.database import DatabaseError, database
    from gxbridge.decodelog.filters import Filter
    from gxbridge.decodelog.progress import Progress
    from gxbridge.decodelog.stream import Output, Stream
    from gxbridge.edge.logs.reader import LogError

    if args.stats and args.format == "csv":
        return _refuse("statistics come as text or json, not as csv")
    wanted = _wanted(args)
    try:
        db = database()
    except DatabaseError as error:
        return _refuse(str(error))
    _write_anything(sys.stdout)
    output = Output(sys.stdout)
    complaints = _Complaints(args.log)
    try:
        with _open(args, output.flush, complaints.add) as reader:
            progress = Progress(sys.stderr, reader.size, sys.stderr.isatty() and not sys.stdout.isatty())
            complaints.before = progress.clear
            stream = Stream(db, None if wanted.everything else Filter(wanted), progress)
            try:
                if args.stats:
                    _statistics(stream, reader, args.format)
                else:
                    stream.write(reader, _lines(args.format, db), output)
            except KeyboardInterrupt:
                progress.clear()
                output.flush()
                raise
            bad_lines = complaints.summary(reader)
            _tell_counts(stream.decoders, reader)
            if stream.decoders and not stream.wanted:
                print("gxbridge decode: none of its messages is wanted; try without the filters", file=sys.stderr)
            if args.input_format and not stream.decoders and not reader.skipped and not bad_lines:
                print(f"gxbridge decode: {NOTHING_READ.format(args.input_format)}", file=sys.stderr)
    except LogError as error:
        return _refuse(str(error))
    return 1 if bad_lines else 0


def _refuse(why: str) -> int:
    print(f"gxbridge decode: {why}", file=sys.stderr)
    return 2


def _wanted(args: argparse.Namespace) -> Wanted:
    from gxbridge.decodelog.filters import Wanted

    return Wanted(
        frozenset(args.source),
        frozenset(args.pgn),
        frozenset(args.vreg),
        frozenset(who.lower() for who in args.device),
        args.from_s,
        args.to_s,
    )


def _open(
    args: argparse.Namespace, before_waiting: Callable[[], None], on_bad: Callable[[int, str], None]
) -> LogReader:
    from gxbridge.edge.logs.formats import FORMATS
    from gxbridge.edge.logs.reader import LogReader, open_log

    if args.log != "-" or (args.input_format is not None and args.input_format not in FORMATS):
        return open_log(args.log, args.input_format, on_bad)
    from gxbridge.decodelog.stream import Prompt

    stream: Any = Prompt(sys.stdin.buffer, before_waiting)
    return LogReader(stream, "standard input", args.input_format, on_bad)


def _write_anything(stream: Any) -> None:
    """Names and texts from the wire must not end the program where the locale cannot write them."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _lines(form: str, db: Database) -> LineFormat:
    if form == "json":
        from gxbridge.decodelog.jsonlines import JsonLines

        return JsonLines(db)
    if form == "csv":
        from gxbridge.decodelog.csvlines import CsvLines

        return CsvLines(db)
    from gxbridge.decodelog.textlines import TextLines

    return TextLines(db)


def _statistics(stream: Stream, reader: LogReader, form: str) -> None:
    from gxbridge.decodelog import report
    from gxbridge.decodelog.statistics import Statistics

    statistics = Statistics()
    stream.count(reader, statistics)
    if form == "json":
        import json

        print(json.dumps(report.as_object(statistics, stream.decoders)))
        return
    for line in report.as_text(statistics, stream.decoders):
        print(line)


class _Complaints:
    """Broken lines of the log, the first ones by name."""

    def __init__(self, log: str) -> None:
        self._log = "standard input" if log == "-" else log
        self._count = 0
        self.before: Callable[[], None] = lambda: None

    def add(self, number: int, what: str) -> None:
        """Line `number` could not be parsed."""
        self._count += 1
        if self._count <= BAD_LINES_SHOWN:
            self.before()
            print(f"{self._log}:{number}: {what}", file=sys.stderr)

    def summary(self, reader: LogReader) -> int:
        """Say how many there were; returns it."""
        if self._count > BAD_LINES_SHOWN:
            more = self._count - BAD_LINES_SHOWN
            print(f"{self._log}: {counted(more, 'further line')} could not be parsed", file=sys.stderr)
        return reader.bad_lines


def _tell_counts(decoders: dict[str, Decoder], reader: LogReader) -> None:
    from gxbridge.decodelog.statistics import totals

    frames = sum(decoder.frames for decoder in decoders.values())
    messages = sum(decoder.messages for decoder in decoders.values())
    incomplete = sum(decoder.incomplete for decoder in decoders.values())
    counts = [f"{counted(frames, 'frame')}, {counted(messages, 'message')} decoded"]
    counts[0] += f", {counted(incomplete, 'fast packet')} incomplete"
    counts += [f"{reason}: {count}" for reason, count in totals(decoders).items()]
    if reader.skipped:
        counts.append(f"{counted(reader.skipped, 'line')} without a data frame of 29-bit id")
    if reader.bad_lines:
        counts.append(f"{counted(reader.bad_lines, 'line')} not parsed")
    print("gxbridge decode: " + "; ".join(counts), file=sys.stderr)
