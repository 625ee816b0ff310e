"""Actisense's binary messages (BST): from the serial port of an NGT-1, or an EBL file of its programs and the W2K-1.

    DLE STX | command, length, payload, checksum | DLE ETX        a DLE (0x10) inside is doubled
    ESC SOH | kind, value | ESC LF                                only in EBL files, where ESC (0x1B) is doubled too

Command 0x93 is a received message: priority, PGN (3), destination, source, milliseconds since the start of the gateway
(4), length, data; 0x94 one that is sent: priority, PGN (3), destination, length, data. 0xA0 and others are about the
gateway. Kind 0x03 is the moment of what follows, as 100 ns since 1601; kind 0x07 0x95 a frame: length, milliseconds
(2), identifier (4), data. (canboat actisense-serial/actisense.h; go-nmea-client actisense/eblreader.go; canboat
samples/*.ebl.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gxbridge.core.nmea2000.frame import MAX_ID
from gxbridge.edge.logs.lines import FAR_FUTURE_S, BadLine, LogRow, OpenLog, message_row

DLE, ESC = 0x10, 0x1B
SERIAL = re.compile(rb"\x10\x02([^\x10]*(?:\x10\x10[^\x10]*)*)(\x10\x03)", re.DOTALL)
EBL = re.compile(
    rb"\x10\x02([^\x10\x1b]*(?:(?:\x10\x10|\x1b\x1b)[^\x10\x1b]*)*)\x10\x03"
    rb"|\x1b\x01([^\x1b]*(?:\x1b\x1b[^\x1b]*)*)\x1b\x0a",
    re.DOTALL,
)
RECEIVED, SENT = 0x93, 0x94
MOMENT, RAW_FRAME = b"\x03", b"\x07\x95"
PIECE = 1 << 16
LONGEST = 1024
"""Bytes of one message: 223 of data and its head, each perhaps doubled."""
FROM_1601_S = 11_644_473_600
WRAP_MS = 1 << 16


def is_actisense(head: bytes) -> bool:
    """An EBL file by its records, what a serial port gave by a message whose checksum is right."""
    if _is_ebl(head):
        return True
    whole = [body for kind, body in _parts(iter([head[:4096]]), False) if kind == DLE]
    right = sum(_is_right(body) for body in whole)
    return right > 0 and right * 2 > len(whole)


def _is_ebl(head: bytes) -> bool:
    """Whether a record stands at its beginning, or one of a frame somewhere: some files begin within a record."""
    if head[:2] == b"\x1b\x01" and head[2:3] in (MOMENT, b"\x01", b"\x07"):
        return True
    return any((found[2] or b"")[:2] == RAW_FRAME and len(found[2]) >= 9 for found in EBL.finditer(head[:4096]))


def actisense_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """Messages with the time of the record before them; without any, with the gateway's own."""
    pieces = iter(lambda: stream.read(PIECE), b"")
    first = next(pieces, b"")
    moment: float | None = None
    wrapped, last = 0, 0
    for kind, body in _parts(_again(first, pieces), _is_ebl(first)):
        log.number += 1
        row: LogRow | None = None
        try:
            if kind == DLE:
                row = _message(body, moment)
            elif kind != ESC:
                if log.number == 1:  # the capture began within a message
                    log.skipped += 1
                    continue
                log.bad(log.number, f"bytes between messages: {body[:16].hex(' ')}")
                continue
            elif body[:1] == MOMENT and len(body) == 9:
                moment, wrapped, last = int.from_bytes(body[1:], "little") / 1e7 - FROM_1601_S, 0, 0
                continue
            elif body[:2] == RAW_FRAME and len(body) >= 9:
                now = int.from_bytes(body[3:5], "little")
                wrapped += now < last
                last = now
                row = _frame(body, (moment or 0.0) + (wrapped * WRAP_MS + now) / 1000)
        except BadLine as error:
            log.bad(log.number, str(error))
            continue
        if row is None:
            log.skipped += 1
        elif not 0.0 <= row[0] < FAR_FUTURE_S:
            log.bad(log.number, f"{row[0]} is not a time")
        else:
            yield row


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _is_right(body: bytes) -> bool:
    return len(body) >= 4 and not sum(body) & 0xFF


def _message(body: bytes, moment: float | None) -> LogRow | None:
    if not _is_right(body):
        raise BadLine(f"a message with a wrong checksum: {body[:16].hex(' ')}")
    payload = body[2:-1]
    if body[0] not in (RECEIVED, SENT):
        return None
    at = 11 if body[0] == RECEIVED else 6
    data = payload[at:]
    if len(payload) < at or payload[at - 1] != len(data):
        raise BadLine(f"a message whose length is wrong: {body[:16].hex(' ')}")
    source = payload[5] if body[0] == RECEIVED else 0
    t = moment if moment is not None else int.from_bytes(payload[6:10], "little") / 1000 if body[0] == RECEIVED else 0.0
    return message_row(t, (payload[0] & 7, int.from_bytes(payload[1:4], "little"), source, payload[4]), data)


def _frame(body: bytes, t: float) -> LogRow | None:
    can_id, data = int.from_bytes(body[5:9], "little"), body[9:]
    if len(data) != body[2] - 6 or len(data) > 8:
        raise BadLine(f"a frame whose length is wrong: {body[:16].hex(' ')}")
    return (t, "can0", can_id, data) if can_id <= MAX_ID else None


def _parts(pieces: Iterator[bytes], with_escapes: bool) -> Iterator[tuple[int, bytes]]:
    """(DLE, message), (ESC, record) and (0, bytes that belong to neither), escapes taken out."""
    pattern, waiting = EBL if with_escapes else SERIAL, b""
    for piece in pieces:
        waiting += piece
        at = 0
        for found in pattern.finditer(waiting):
            if found.start() > at:
                yield 0, waiting[at : found.start()]
            at = found.end()
            if found[1] is None:
                yield ESC, found[2].replace(b"\x1b\x1b", b"\x1b")
                continue
            message = found[1].replace(b"\x10\x10", b"\x10")
            yield DLE, message.replace(b"\x1b\x1b", b"\x1b") if with_escapes else message
        waiting = waiting[at:]
        if len(waiting) > LONGEST:  # whatever began there has ended without its end
            yield 0, waiting[:-LONGEST]
            waiting = waiting[-LONGEST:]
    if waiting:
        yield 0, waiting
