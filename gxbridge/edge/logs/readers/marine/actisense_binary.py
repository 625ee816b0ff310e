"""Actisense's binary messages (BST): from the serial port of an NGT-1, or an EBL file of its programs and the W2K-1.

    DLE STX | command, length, payload, checksum | DLE ETX        a DLE (0x10) inside is doubled
    ESC SOH | kind, value | ESC LF                                only in EBL files, where ESC (0x1B) is doubled too

Command 0x93 is a received message: priority, PGN (3), destination, source, milliseconds since the start of the gateway
(4), length, data; 0x94 one that is sent: priority, PGN (3), destination, length, data; 0xD0 any message, of newer
gateways: length of the whole (2), destination, source, identifier but for the source (3), control, milliseconds (4),
data; 0x95 a frame: length, time (2), identifier (4), data. Above the identifier's 29 bits stand the unit of the time
(2 bits: 1 ms, 100 us, 10 us, 1 us) and whether it was sent. 0xA0 and others are about the gateway. Kind 0x03 is the
moment of what follows, as 100 ns since 1601; kind 0x07 is followed by a command 0x95. (canboat
actisense-serial/actisense.h; go-nmea-client actisense/eblreader.go; canboat samples/*.ebl; Actisense/SDK@64f5f40
docs/DataFormats/Binary/bst-detail.)
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
RECEIVED, SENT, MESSAGE, FRAME = 0x93, 0x94, 0xD0, b"\x95"
MOMENT, RAW_FRAME = b"\x03", b"\x07\x95"
PIECE = 1 << 16
LONGEST = 4096
"""Bytes of one message: 1785 of data and its head, each perhaps doubled."""
FROM_1601_S = 11_644_473_600
WRAP = 1 << 16
UNITS_S = (1e-3, 1e-4, 1e-5, 1e-6)


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
    wrapped_s, last = 0.0, 0
    for kind, body in _parts(_again(first, pieces), _is_ebl(first)):
        log.number += 1
        row: LogRow | None = None
        frame = b""
        try:
            if kind == DLE and body[:1] == FRAME and _is_right(body):
                frame = body[:-1]
            elif kind == DLE:
                row = _message(body, moment)
            elif kind != ESC:
                if log.number == 1:  # the capture began within a message
                    log.skipped += 1
                    continue
                log.bad(log.number, f"bytes between messages: {body[:16].hex(' ')}")
                continue
            elif body[:1] == MOMENT and len(body) == 9:
                moment, wrapped_s, last = int.from_bytes(body[1:], "little") / 1e7 - FROM_1601_S, 0.0, 0
                continue
            elif body[:2] == RAW_FRAME:
                frame = body[1:]
            if frame:
                if len(frame) < 8:
                    raise BadLine(f"a frame whose length is wrong: {frame.hex(' ')}")
                now, unit_s = int.from_bytes(frame[2:4], "little"), UNITS_S[frame[7] >> 5 & 3]
                wrapped_s += WRAP * unit_s if now < last else 0.0
                last = now
                row = _frame(frame, (moment or 0.0) + wrapped_s + now * unit_s)
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
    if body[0] == MESSAGE:
        return _whole_message(body[:-1], moment)
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


def _whole_message(body: bytes, moment: float | None) -> LogRow | None:
    if len(body) < 13 or int.from_bytes(body[1:3], "little") != len(body):
        raise BadLine(f"a message whose length is wrong: {body[:16].hex(' ')}")
    low, high, page = body[5:8]
    pgn = (page & 3) << 16 | high << 8 | (low if high >= 0xF0 else 0)
    t = moment if moment is not None else int.from_bytes(body[9:13], "little") / 1000
    return message_row(t, (page >> 2 & 7, pgn, body[4], body[3]), body[13:])


def _frame(body: bytes, t: float) -> LogRow:
    can_id, data = int.from_bytes(body[4:8], "little") & MAX_ID, body[8:]
    if len(data) != body[1] - 6 or len(data) > 8:
        raise BadLine(f"a frame whose length is wrong: {body[:16].hex(' ')}")
    return t, "can0", can_id, data


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
