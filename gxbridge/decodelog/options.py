"""Which options of `gxbridge decode` go together."""

from __future__ import annotations

from argparse import Namespace

from gxbridge.decodelog.csvlines import COLUMNS
from gxbridge.decodelog.times import WriteTime, dates, plain, time_zone


class OptionError(Exception):
    """What is asked for does not go together; the text says why."""


def check(args: Namespace) -> None:
    """Raise OptionError for options that do not go together."""
    if args.stats and args.format in ("csv", "parquet"):
        raise OptionError(f"statistics come as text or json, not as {args.format}")
    if args.format == "parquet" and not args.output:
        raise OptionError("Parquet goes to a folder: name one with -o DIR")
    if args.format != "parquet" and (args.output or args.site):
        raise OptionError("-o and --site are for --format parquet; other forms go to standard output")
    if args.wide and args.format not in ("csv", "parquet"):
        raise OptionError(f"--wide makes CSV or Parquet, not {args.format}")
    if args.wide and "-" in args.log:
        raise OptionError("--wide goes through a log twice, which standard input cannot: give a file")
    if args.tz and args.format == "parquet":
        raise OptionError("--tz is for text and CSV; in Parquet times are UTC")
    if args.tz and (args.format == "json" or args.stats):
        raise OptionError("--tz is for text and CSV; in JSON and statistics times are seconds")
    if args.columns and args.format != "csv" and not args.wide:
        raise OptionError("--columns is for CSV and for --wide")
    unknown = [] if args.wide else [name for name in args.columns or () if name not in COLUMNS]
    if unknown:
        raise OptionError(f"no such column: {', '.join(unknown)}; there are {', '.join(COLUMNS)}")


def written_times(zone: str | None) -> WriteTime:
    """How `--tz` wants times. Raises OptionError for a zone that is not known."""
    if zone is None:
        return plain
    try:
        return dates(time_zone(zone))
    except ValueError as error:
        raise OptionError(str(error)) from None
