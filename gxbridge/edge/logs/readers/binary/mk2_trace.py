"""A trace of the serial line of an MK2 or MK3 (VE.Bus): the bytes themselves, or lines of hexadecimal.

`12:00:01.250 RX 06 FF 4C 03 00 00 00 AC`: before the bytes may stand a time (a date, a clock, seconds, whole
milliseconds, in brackets or not), a direction, or the offset of a hexadecimal dump; in traces of `socat -x` and
jpnevulator the time stands on a line of its own. Frames are found by their length and checksum, also where they go on
in the next line. LED bytes that end another frame become a row of their own.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Iterator
from typing import BinaryIO

from gxbridge.core.channels.vebus.mk2 import HEADER_COMMAND, HEADER_CONFIG, HEADER_INFO, Mk2Frame, split
from gxbridge.core.channels.vebus.mk2_rows import MK2_FRAME
from gxbridge.core.model.wording import counted
from gxbridge.edge.logs.lines import CLOCK, DATE_TIME, BadLine, LogRow, Moments, OpenLog, is_remark, seconds_of, shown

DIRECTION = rb"(?:[RT]XD?|[<>]{1,2}|<-|->|<=|=>|IN|OUT|MK[23])[\s:,;]+"
HEX_LINE = re.compile(
    rb"\s*(?:" + DIRECTION + rb")?(?:[\[(]?(" + DATE_TIME + rb"|" + CLOCK + rb"|\d+\.\d+"
    rb"|\d{3,16}(?=[\s:,;]+[0-9A-Fa-f]{2}\b)|[0-9A-Fa-f]{8}(?=:?\s+[0-9A-Fa-f]{2}\s))[\])]?[\s:,;]+)?"
    rb"(?:" + DIRECTION + rb")?((?:(?:0x)?[0-9A-Fa-f]{2}[\s,]*)+)(?:\s\|.*\||\s\s[\x20-\x7e]*)?",
    re.IGNORECASE,
)
"""After the bytes may stand what they are as text."""
MOMENT_LINE = re.compile(rb"\s*(?:[<>]\s*)?(\d{4})[-/](\d\d)[-/](\d\d)[ T](" + CLOCK + rb")\b.*")
END_LINE = b"--"
WHOLE_SECONDS = 10
"""Digits of seconds since 1970; three more are milliseconds, and fewer are milliseconds since some start."""
HEADERS = (HEADER_COMMAND, HEADER_INFO, HEADER_CONFIG)
LEDS = bytes((HEADER_COMMAND, ord("L")))
PIECE, LONGEST_LINE = 1 << 12, 1 << 12
SURE = 2
"""Bytes in frames for each byte in none: in other data, sums that happen to be 0 are rare."""


def is_mk2(head: bytes) -> bool:
    """Most bytes are in frames with the right sum and a header that is known."""
    begin = head[:PIECE]
    lines = [line for line in begin.split(b"\n")[:50] if line.strip() and not _is_beside(line)]
    found = [match for line in lines if (match := HEX_LINE.fullmatch(line.rstrip())) is not None]
    if len(found) * 2 > len(lines):
        begin = b"".join(_octets(match[2]) for match in found)
    elif begin.isascii():  # a blank is a header too, and sums of text that repeats itself may be 0
        return False
    frames, _, dropped = split(begin)
    known = sum(len(frame.payload) + 2 for frame in frames if frame.payload[0] in HEADERS)
    other = dropped + sum(len(frame.payload) for frame in frames if frame.payload[0] not in HEADERS)
    return known >= SURE * max(other, 1) + 2


def mk2_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """The frames in order; bytes that belong to none are told with the line or the piece they stand in."""
    rest, moments = b"", Moments()
    for t, data in _lines(log, stream, moments):
        frames, left, dropped = split(data)
        if rest and (left or dropped):  # not whole frames by itself: it may go on where the last one ended
            frames, left, dropped = split(rest + data)
        else:
            dropped += len(rest)
        rest = left
        if dropped:
            log.bad(log.number, f"{counted(dropped, 'byte')} in no frame")
        for frame in frames:
            yield from _rows(t, frame)
    if rest:
        log.bad(log.number, f"the trace ends inside a frame: {rest[:16].hex(' ')}")


def _rows(t: float, frame: Mk2Frame) -> Iterator[LogRow]:
    yield t, "vebus", MK2_FRAME, frame.payload
    if frame.leds is not None:
        yield t, "vebus", MK2_FRAME, LEDS + bytes(frame.leds)


def _lines(log: OpenLog, stream: BinaryIO, moments: Moments) -> Iterator[tuple[float, bytes]]:
    """Times and bytes of each line, or of each piece of a binary trace."""
    begin, now = stream.readline(LONGEST_LINE), 0.0
    rest = b"" if begin.strip() else stream.readline(LONGEST_LINE)  # the noise of a port may look like an empty line
    text = is_remark(rest or begin) or (begin + rest).isascii()
    if text and rest:
        log.number += 1
    begin += rest
    while begin:
        log.number += 1
        if not text:
            yield 0.0, begin
        elif begin.strip() and not is_remark(begin) and begin.strip() != END_LINE:
            found = HEX_LINE.fullmatch(begin.rstrip())
            try:
                if found is not None:
                    yield now if found[1] is None else _moment(found[1], moments, begin), _octets(found[2])
                elif moment := MOMENT_LINE.fullmatch(begin.rstrip()):
                    now = moments.read(b"%s-%s-%sT%s" % moment.groups())
                elif log.number > 1:  # a first line may be a heading
                    raise BadLine(f"neither hexadecimal nor a remark: {shown(begin)}")
            except BadLine as error:
                log.bad(log.number, str(error))
        begin = stream.readline(LONGEST_LINE) if text else stream.read(PIECE)


def _is_beside(line: bytes) -> bool:
    """Whether a line holds no bytes, but a remark, or the time of the next."""
    line = line.strip()
    return is_remark(line) or line == END_LINE or (MOMENT_LINE.fullmatch(line) and not HEX_LINE.fullmatch(line)) is True


def _octets(digits: bytes) -> bytes:
    return unhexlify(digits.lower().replace(b"0x", b"").translate(None, b" \t\r,"))


def _moment(stamp: bytes, moments: Moments, line: bytes) -> float:
    if b":" in stamp:
        return moments.read(stamp)
    if b"." in stamp:
        return seconds_of(stamp, line)
    if not stamp.isdigit() or stamp.startswith(b"00"):  # the offset of a dump
        return 0.0
    more = len(stamp) - WHOLE_SECONDS
    return seconds_of(stamp, line, 10.0**more if more >= 0 else 1000.0)
