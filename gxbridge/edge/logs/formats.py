"""The text formats people record CAN in, one parser each, and how a file is recognised.

A parser takes one line (bytes) and gives `(t, bus, can_id, data)`, or None for a line that is right but no 29-bit data
frame (remote frames, standard ids, error frames, CAN FD, comments); it raises BadLine saying what is wrong.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

LogRow: TypeAlias = tuple[float, str, int, bytes]
Parse: TypeAlias = Callable[[bytes], LogRow | None]

MAX_ID = 0x1FFFFFFF
MAX_ASSEMBLED = 223
"""The longest payload a fast packet can carry (6 + 31 * 7 bytes)."""
FAR_FUTURE_S = 1e11
"""After the year 5000: a time is neither NaN, infinite nor negative."""
BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
HALF_DAY_S, DAY_S = 43_200.0, 86_400.0


class BadLine(ValueError):
    """A line that is not what its format promises; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class LogFormat:
    """`sniff` matches a typical line, or a binary file's head. `make` gives a fresh parser; None: python-can reads."""

    name: str
    title: str
    sniff: re.Pattern[bytes]
    make: Callable[[], Parse] | None = None
    assembled: bool = False
    """Every line is a whole message: fast packets are put together already, however short."""


def shown(line: bytes) -> str:
    """The beginning of a line for an error message, printable."""
    text = line.decode("utf-8", "replace").strip()
    return repr(text if len(text) <= 60 else text[:57] + "...")


def message_id(priority: int, pgn: int, source: int, destination: int) -> int:
    """The 29-bit id of a message given by its parts; raises BadLine when one is out of range."""
    if not (0 <= priority <= 7 and 0 <= pgn <= 0x3FFFF and 0 <= source <= 255 and 0 <= destination <= 255):
        raise BadLine(f"priority {priority}, PGN {pgn}, source {source} or destination {destination} is out of range")
    if pgn >> 8 & 0xFF < 0xF0:
        pgn = pgn & 0x3FF00 | destination
    return priority << 26 | pgn << 8 | source


# --- candump -l (python-can and SavvyCAN write it too) ----------------------------------------------------------------

CANDUMP_LOG = re.compile(
    rb"\((\d{1,11}\.\d+)\)\s+(\S+)\s+([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})#(?:(#[0-9A-Fa-f])?((?:[0-9A-Fa-f]{2}\.?)*)|(R\d?))(?:\s+[RT]\b.*)?\s*"
)


def candump_log() -> Parse:
    """The careful parser; the reader has a fast one for the usual line and comes here when that one stumbles."""

    def parse(line: bytes) -> LogRow | None:
        found = CANDUMP_LOG.fullmatch(line)
        if found is None:
            raise BadLine(f"not `(seconds) bus id#data`: {shown(line)}")
        stamp, bus, can_id, flexible, data, _remote = found.groups()
        if flexible is not None or data is None or len(can_id) == 3 or int(can_id, 16) > MAX_ID:
            return None
        payload = unhexlify(data.replace(b".", b""))
        if len(payload) > 8:
            raise BadLine(f"{len(payload)} data bytes, but a CAN frame holds 8: {shown(line)}")
        return float(stamp), bus.decode("utf-8", "replace"), int(can_id, 16), payload

    return parse


# --- candump on the screen, with or without a time --------------------------------------------------------------------

CANDUMP_TEXT = re.compile(
    rb"\s*(?:\(([^)]*)\)\s+)?(\S+)\s+(?:[RT]X\s+\S\s+\S\s+)?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{8})\s+[\[{](\d{1,3})[\]}]\s*(.*)",
    re.DOTALL,
)
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


def candump_text() -> Parse:
    """`  can0  1CEFFF24   [8]  66 99 ...`, before it perhaps `(seconds)` or `(date time)`; without any, t is 0."""

    def parse(line: bytes) -> LogRow | None:
        if line[:1] == b"\t":  # candump -e explains an error frame on lines of their own
            return None
        if b"\x1b" in line:
            line = COLOUR.sub(b"", line)
        found = CANDUMP_TEXT.fullmatch(line)
        if found is None:
            raise BadLine(f"not `bus id [length] data`: {shown(line)}")
        stamp, bus, can_id, length, rest = found.groups()
        size = int(length)
        if len(can_id) == 3 or int(can_id, 16) > MAX_ID or size > 8 or rest.startswith((b"remote", b"ERRORFRAME")):
            return None
        try:
            data = unhexlify(b"".join(rest.split()[:size]))
        except ValueError:
            raise BadLine(f"data is not hexadecimal: {shown(line)}") from None
        if len(data) != size:
            raise BadLine(f"{size} data bytes promised, {len(data)} there: {shown(line)}")
        return _stamp(stamp, line), bus.decode("utf-8", "replace"), int(can_id, 16), data

    return parse


def _stamp(stamp: bytes | None, line: bytes) -> float:
    if stamp is None:
        return 0.0
    try:
        t = datetime.fromisoformat(stamp.decode()).timestamp() if b"-" in stamp else float(stamp)
    except (ValueError, OverflowError, OSError):
        t = -1.0
    if not 0.0 <= t < FAR_FUTURE_S:
        raise BadLine(f"the time {shown(stamp)} is neither seconds nor a date: {shown(line)}")
    return t


# --- canboat's plain format -------------------------------------------------------------------------------------------

CANBOAT = re.compile(
    rb"\s*(\d{4}-\d\d-\d\d)[-TZ ](\d\d:\d\d:\d\d(?:[.,]\d+)?)Z?,(\d),(\d{1,6}),(\d{1,3}),(\d{1,3}),(\d{1,3}),"
    rb"([0-9A-Fa-f,]*)\s*"
)


def canboat() -> Parse:
    """`2011-11-24-22:42:04.388,2,127251,36,255,8,7d,...`: time, priority, PGN, source, destination, length, data."""

    def parse(line: bytes) -> LogRow | None:
        if line[:1] == b"#":
            return None
        found = CANBOAT.fullmatch(line)
        if found is None:
            raise BadLine(f"not `time,priority,pgn,source,destination,length,data`: {shown(line)}")
        day, hour, priority, pgn, source, destination, length, data = found.groups()
        try:
            moment = datetime.fromisoformat(f"{day.decode()}T{hour.decode().replace(',', '.')}").replace(tzinfo=UTC)
        except ValueError:
            moment = BEFORE
        if moment <= BEFORE:
            raise BadLine(f"no such moment: {day.decode()} {hour.decode()}")
        parts = [part for part in data.split(b",") if part]
        if any(len(part) > 2 for part in parts):
            raise BadLine(f"a data byte has more than two digits: {shown(line)}")
        payload = bytes(int(part, 16) for part in parts)
        if len(payload) != int(length) or len(payload) > MAX_ASSEMBLED:
            raise BadLine(f"{int(length)} data bytes promised, {len(payload)} there (at most {MAX_ASSEMBLED})")
        can_id = message_id(int(priority), int(pgn), int(source), int(destination))
        return moment.timestamp(), "can0", can_id, payload

    return parse


# --- formats that give the time of day only ---------------------------------------------------------------------------


def _since_midnight() -> Callable[[bytes, bytes, bytes], float]:
    """Hours, minutes, seconds to seconds, going on over midnight."""
    days, last = 0.0, 0.0

    def seconds(hours: bytes, minutes: bytes, rest: bytes) -> float:
        nonlocal days, last
        now = int(hours) * 3600 + int(minutes) * 60 + float(rest)
        if now < last - HALF_DAY_S:
            days += DAY_S
        last = now
        return days + now

    return seconds


ACTISENSE = re.compile(
    rb"\s*A(\d\d)(\d\d)(\d\d(?:\.\d+)?)\s+([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-7])\s+([0-9A-Fa-f]{1,5})\s+((?:[0-9A-Fa-f]{2})*)\s*"
)


def actisense() -> Parse:
    """`A173321.107 23FF7 1F513 012F30...`: time of day, source, destination, priority, PGN, a whole message."""
    seconds = _since_midnight()

    def parse(line: bytes) -> LogRow | None:
        found = ACTISENSE.fullmatch(line)
        if found is None:
            raise BadLine(f"not `Ahhmmss.ddd source+destination+priority pgn data`: {shown(line)}")
        hours, minutes, rest, source, destination, priority, pgn, data = found.groups()
        payload = unhexlify(data)
        if len(payload) > MAX_ASSEMBLED:
            raise BadLine(f"{len(payload)} data bytes, but a message holds {MAX_ASSEMBLED}")
        can_id = message_id(int(priority), int(pgn, 16), int(source, 16), int(destination, 16))
        return seconds(hours, minutes, rest), "can0", can_id, payload

    return parse


YACHT_DEVICES = re.compile(
    rb"\s*(\d\d):(\d\d):(\d\d(?:\.\d+)?)\s+[RT]\s+([0-9A-Fa-f]{8})((?:\s+[0-9A-Fa-f]{2}){0,8})\s*"
)


def yacht_devices() -> Parse:
    """`17:33:21.107 R 19F51323 01 2F 30 70 00 2F 30 70`: time of day, direction, id, data (YDNU-02 manual, E)."""
    seconds = _since_midnight()

    def parse(line: bytes) -> LogRow | None:
        found = YACHT_DEVICES.fullmatch(line)
        if found is None:
            raise BadLine(f"not `hh:mm:ss.ddd R id data`: {shown(line)}")
        hours, minutes, rest, can_id, data = found.groups()
        if int(can_id, 16) > MAX_ID:
            raise BadLine(f"{can_id.decode()} is more than a 29-bit id holds")
        return seconds(hours, minutes, rest), "can0", int(can_id, 16), unhexlify(b"".join(data.split()))

    return parse


# --- the table --------------------------------------------------------------------------------------------------------


def _format(
    name: str, title: str, sniff: bytes, make: Callable[[], Parse] | None = None, assembled: bool = False
) -> LogFormat:
    return LogFormat(name, title, re.compile(sniff, re.DOTALL | re.IGNORECASE), make, assembled)


FORMATS: dict[str, LogFormat] = {
    item.name: item
    for item in (
        _format("blf", "Vector binary log (BLF)", rb"LOGG"),
        _format("sqlite", "python-can database (sqlite)", rb"SQLite format 3\0"),
        _format("candump", "candump -l", rb"\(\d+\.\d+\)\s+\S+\s+[0-9A-F]{3,8}#", candump_log),
        _format(
            "candump-text",
            "candump on the screen, with or without -t",
            rb"\s*(?:\([^)]*\)\s+)?\S+\s+(?:[RT]X\s+\S\s+\S\s+)?(?:[0-9A-F]{3}|[0-9A-F]{8})\s+[\[{]\d+[\]}]",
            candump_text,
        ),
        _format(
            "canboat", "canboat plain", rb"\s*\d{4}-\d\d-\d\d[-TZ ]\d\d:\d\d:\d\d[^,]*[,.]?\d*(?:,\d+){5}", canboat
        ),
        _format(
            "actisense", "Actisense N2K ASCII", rb"\s*A\d{6}(?:\.\d+)?\s+[0-9A-F]{5}\s+[0-9A-F]{1,5}\s", actisense, True
        ),
        _format(
            "yacht-devices", "Yacht Devices RAW", rb"\s*\d\d:\d\d:\d\d(?:\.\d+)?\s+[RT]\s+[0-9A-F]{8}\b", yacht_devices
        ),
        _format(
            "asc",
            "Vector ASC",
            rb"date\s+\w{3}\s|base\s+(?:hex|dec)|//\s*version|begin\s+triggerblock"
            rb"|\s*\d+\.\d+\s+\d+\s+[0-9A-F]+x?\s+[RT]x\s+[dr]\b",
        ),
        _format("trc", "PEAK TRC", rb";\$FILEVERSION|\s*\d+\)\s+\d+(?:\.\d+)?\s+(?:[RT]x\s+)?[0-9A-F]{4,8}\s"),
        _format("csv", "python-can CSV", rb"timestamp,arbitration_id,extended,remote,error,dlc,data"),
    )
}
"""Every format by the name to force it with. The first that matches the first telling line of a file wins."""

LINES_TO_JUDGE = 200


def detect(head: bytes) -> LogFormat | None:
    """The format of a log from its beginning (some thousand bytes are enough), or None when no line is telling."""
    for item in FORMATS.values():
        if item.make is None and item.sniff.match(head):
            return item
    for line in head.splitlines()[:LINES_TO_JUDGE]:
        line = COLOUR.sub(b"", line)
        for item in FORMATS.values():
            if item.sniff.match(line):
                return item
    return None
