"""`gxbridge decode LOG`: a recorded log as readable lines, JSON lines, CSV, Parquet, or statistics."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from gxbridge.commands.message_filters import add_filters, wanted_of
from gxbridge.core.model.wording import counted

if TYPE_CHECKING:
    from gxbridge.core.nmea2000.database import Database
    from gxbridge.decodelog.statistics import Statistics
    from gxbridge.decodelog.stream import Output, Stream
    from gxbridge.decodelog.widelines import WideColumns
    from gxbridge.decodelog.words import LineFormat
    from gxbridge.edge.logs.reader import LogReader
    from gxbridge.fleet.columns.decoded import DecodedTable

FAR_FUTURE_S = 1e11
"""The year 5138: neither infinite nor NaN."""

_EPILOG = """
Exit code 0: everything could be read (incomplete fast packets, unknown messages and undefined values are only counted,
on standard error); 1: lines of the log could not be parsed; 2: wrong usage, or the log cannot be read.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument(
        "log", metavar="LOG", nargs="+", help="log files, also compressed, one after the other; - reads standard input"
    )
    parser.add_argument(
        "--format", choices=("text", "json", "csv", "parquet"), help="output (default: text, with --wide csv)"
    )
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for Parquet, by site and day")
    parser.add_argument("--site", metavar="NAME", help="whose log it is, for Parquet (default: boat)")
    parser.add_argument(
        "--wide", action="store_true", help="a table to plot: one row per second, one column per quantity"
    )
    parser.add_argument(
        "--columns", metavar="NAMES", type=_names, help="of CSV: t,bus,...; with --wide quantities such as 41:*.voltage"
    )
    parser.add_argument(
        "--tz", metavar="ZONE", help="times as dates in this zone: UTC, local, +02:00, Europe/Berlin (text and CSV)"
    )
    parser.add_argument("--input-format", metavar="NAME", help="format of the log, if it is not detected")
    parser.add_argument("--stats", action="store_true", help="rates, jitter, gaps and bus load instead of messages")
    chosen = add_filters(parser)
    for name, what in (("from", "from"), ("to", "until")):
        where = f"{what} this long after the start of the log, or an epoch time"
        chosen.add_argument(f"--{name}", dest=f"{name}_s", metavar="SECONDS", type=_seconds, help=where)


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < FAR_FUTURE_S:
        raise argparse.ArgumentTypeError(f"{written!r} is not a time in seconds")
    return seconds


def _names(written: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in written.split(",") if name.strip())


NOTHING_READ = "nothing in it can be read as {}; without --input-format the format is detected"


def run(args: argparse.Namespace) -> int:
    """See the epilog for the exit code."""
    from gxbridge.core.nmea2000.database import DatabaseError, database
    from gxbridge.decodelog.options import OptionError, check
    from gxbridge.decodelog.statistics import Statistics
    from gxbridge.decodelog.stream import Output
    from gxbridge.edge.logs.reader import LogError

    args.format = args.format or ("csv" if args.wide else "text")
    _write_anything(sys.stdout)
    output = Output(sys.stdout)
    try:
        check(args)
        db = database()
        if args.format == "parquet":
            return _write_parquet(args, db)
        stream, lines = _stream(args, db), _lines(args, db)
        statistics = Statistics() if args.stats else None
        counted_lines = _Counts()
        if statistics is None:
            output.put(lines.begin())
        for log in args.log:
            _go_through(args, log, stream, output, counted_lines, statistics or lines)
        if statistics is None:
            output.put(lines.end())
            output.flush()
        else:
            _show(statistics, stream, args.format)
        _tell_end(args, stream, counted_lines)
    except (OptionError, DatabaseError, LogError) as error:
        output.flush()
        return _refuse(str(error))
    return 1 if counted_lines.bad else 0


def _write_parquet(args: argparse.Namespace, db: Database) -> int:
    from gxbridge.core.model.items import printable
    from gxbridge.decodelog.stream import Output
    from gxbridge.fleet.columns.arrow import FleetError
    from gxbridge.fleet.columns.decoded import OWN_SITE, DecodedFolder

    try:
        stream, counted_lines, columns = _stream(args, db), _Counts(), _wide_columns(args, db) if args.wide else None
        folder = DecodedFolder(db, args.output, args.site or OWN_SITE, columns)
        for log in args.log:
            folder.log(log, partial(_go_through, args, log, stream, Output(sys.stdout), counted_lines))
    except FleetError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"cannot write below {printable(args.output)}: {error.strerror or error}")
    for path in folder.written:
        print(printable(os.path.join(args.output, path)))
    _tell_end(args, stream, counted_lines)
    return 1 if counted_lines.bad else 0


class _Counts:
    """Lines of all logs that gave no message."""

    def __init__(self) -> None:
        self.bad = self.skipped = 0


def _go_through(
    args: argparse.Namespace,
    log: str,
    stream: Stream,
    output: Output,
    lines_counted: _Counts | None,
    target: LineFormat | Statistics | WideColumns | DecodedTable,
) -> None:
    """One log to lines, to statistics, to Parquet, or only to the columns it needs."""
    from gxbridge.decodelog.complaints import LineComplaints
    from gxbridge.decodelog.progress import Progress
    from gxbridge.decodelog.statistics import Statistics
    from gxbridge.decodelog.widelines import WideColumns
    from gxbridge.decodelog.words import LineFormat

    complaints = LineComplaints(log, sys.stderr)
    with _open(args, log, output.flush, complaints.add if lines_counted else None) as reader:
        stream.progress = Progress(sys.stderr, reader.size, sys.stderr.isatty() and not sys.stdout.isatty())
        complaints.before = stream.progress.clear
        try:
            if isinstance(target, Statistics):
                stream.count(reader, target)
            elif isinstance(target, WideColumns):
                stream.look(reader, target)
            elif isinstance(target, LineFormat):
                stream.write(reader, target, output)
            else:
                stream.give(reader, target.add)
        except KeyboardInterrupt:
            stream.progress.clear()
            output.flush()
            raise
        if lines_counted is not None:
            complaints.summary()
            lines_counted.bad += reader.bad_lines
            lines_counted.skipped += reader.skipped


def _refuse(why: str) -> int:
    print(f"gxbridge decode: {why}", file=sys.stderr)
    return 2


def _stream(args: argparse.Namespace, db: Database) -> Stream:
    from gxbridge.decodelog.filters import Filter
    from gxbridge.decodelog.stream import Stream

    wanted = wanted_of(args, args.from_s, args.to_s)
    return Stream(db, None if wanted.everything else Filter(wanted))


def _open(
    args: argparse.Namespace, log: str, before_waiting: Callable[[], None], on_bad: Callable[[int, str], None] | None
) -> LogReader:
    from gxbridge.edge.logs.formats import FORMATS
    from gxbridge.edge.logs.reader import LogReader, open_log

    if log != "-" or (args.input_format is not None and args.input_format not in FORMATS):
        return open_log(log, args.input_format, on_bad)
    from gxbridge.decodelog.stream import Prompt

    stream: Any = Prompt(sys.stdin.buffer, before_waiting)
    return LogReader(stream, "standard input", args.input_format, on_bad)


def _write_anything(stream: Any) -> None:
    """Names and texts from the wire must not end the program where the locale cannot write them."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _lines(args: argparse.Namespace, db: Database) -> LineFormat:
    from gxbridge.decodelog.options import written_times

    if args.format == "json":
        from gxbridge.decodelog.jsonlines import JsonLines

        return JsonLines(db)
    write_time = written_times(args.tz)
    if args.wide:
        return _wide(args, db, write_time)
    if args.format == "csv":
        from gxbridge.decodelog.csvlines import COLUMNS, CsvLines

        return CsvLines(db, args.columns or COLUMNS, write_time)
    from gxbridge.decodelog.textlines import TextLines

    return TextLines(db, write_time) if args.tz else TextLines(db)


def _wide(args: argparse.Namespace, db: Database, write_time: Callable[[float], str]) -> LineFormat:
    from gxbridge.decodelog.widelines import WideLines

    return WideLines(_wide_columns(args, db), write_time)


def _wide_columns(args: argparse.Namespace, db: Database) -> WideColumns:
    """The columns are found by going through the logs once, before the rows are written."""
    from gxbridge.decodelog.options import OptionError
    from gxbridge.decodelog.stream import Output
    from gxbridge.decodelog.widelines import WideColumns

    columns, first_pass = WideColumns(db, args.columns or ()), _stream(args, db)
    for log in args.log:
        _go_through(args, log, first_pass, Output(sys.stdout), None, columns)
    if not columns.heads:
        raise OptionError("nothing in the log has one of these columns" if args.columns else "the log holds no values")
    if columns.left_out:
        print(
            f"gxbridge decode: {counted(columns.left_out, 'column')} left out; choose with --columns", file=sys.stderr
        )
    return columns


def _show(statistics: Statistics, stream: Stream, form: str) -> None:
    from gxbridge.decodelog import report

    if form == "json":
        import json

        print(json.dumps(report.as_object(statistics, stream.decoders)))
        return
    for line in report.as_text(statistics, stream.decoders):
        print(line)


def _tell_end(args: argparse.Namespace, stream: Stream, lines: _Counts) -> None:
    _tell_counts(stream, lines)
    if stream.decoders and not stream.wanted:
        print("gxbridge decode: no message passes the filters; try without them", file=sys.stderr)
    if args.input_format and not stream.decoders and not lines.skipped and not lines.bad:
        print(f"gxbridge decode: {NOTHING_READ.format(args.input_format)}", file=sys.stderr)


def _tell_counts(stream: Stream, lines: _Counts) -> None:
    from gxbridge.decodelog.statistics import totals

    decoders = stream.decoders
    frames = sum(decoder.frames for decoder in decoders.values())
    messages = sum(decoder.messages for decoder in decoders.values())
    incomplete = sum(decoder.incomplete for decoder in decoders.values())
    counts = [f"{counted(frames, 'frame')}, {counted(messages, 'message')} decoded"]
    counts[0] += f", {counted(incomplete, 'fast packet')} incomplete"
    counts += [f"{reason}: {count}" for reason, count in totals(decoders).items()]
    if stream.vebus_frames:
        counts.append(f"{counted(stream.vebus_frames, 'VE.Bus frame')}")
    if lines.skipped:
        counts.append(f"{counted(lines.skipped, 'line')} without a data frame of 29-bit id")
    if lines.bad:
        counts.append(f"{counted(lines.bad, 'line')} not parsed")
    print("gxbridge decode: " + "; ".join(counts), file=sys.stderr)
