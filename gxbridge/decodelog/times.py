"""How the moments of a log are written: seconds, or dates with the offset of a time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from gxbridge.decodelog.filters import EPOCH_S

WriteTime = Callable[[float], str]

OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


def time_zone(name: str) -> tzinfo | None:
    """A time zone by `UTC`, `local`, an offset such as `+02:00`, or a name such as `Europe/Berlin`; None is this
    machine's. Raises ValueError saying what is wrong."""
    if name.lower() in ("utc", "z"):
        return UTC
    if name.lower() == "local":
        return None
    if (found := OFFSET.fullmatch(name)) and int(found[2]) < 24 and int(found[3]) < 60:
        ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
        return timezone(-ahead if found[1] == "-" else ahead)
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except ImportError:
        why = "this Python knows no names of time zones; write an offset such as +02:00"
    except (KeyError, ValueError, OSError):
        why = "no such time zone; write UTC, local, +02:00, or a name such as Europe/Berlin"
    raise ValueError(f"{name!r}: {why}")


def plain(t: float) -> str:
    """Seconds as the log has them."""
    return repr(t)


def dates(zone: tzinfo | None) -> WriteTime:
    """Writes a moment as `2023-11-14T23:13:20.250000+01:00`; a log without dates keeps its seconds."""
    last, head, tail = -1, "", ""

    def write(t: float) -> str:
        nonlocal last, head, tail
        if t < EPOCH_S:
            return repr(t)
        microseconds = round(t * 1_000_000)
        second, rest = divmod(microseconds, 1_000_000)
        if second != last:
            try:
                text = datetime.fromtimestamp(second, UTC).astimezone(zone).isoformat()
            except (OverflowError, ValueError, OSError):
                return repr(t)
            last, head, tail = second, text[:19], text[19:]
        return f"{head}.{rest:06d}{tail}"

    return write
