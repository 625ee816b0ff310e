"""Vector BLF: objects, most of them in containers that zlib has packed. (python-can can/io/blf.py; Vector's header
files name objects 1 and 86 CAN_MESSAGE, 100 and 101 CAN_FD_MESSAGE, where bit EDL tells a CAN FD frame.)

Containers are unpacked piece by piece, so that the memory does not depend on what a file claims to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from struct import Struct, error
from typing import Any, BinaryIO

from gxbridge.core.nmea2000.frame import MAX_ID
from gxbridge.edge.logs.lines import LogError, LogRow, OpenLog

MAGIC = b"LOGG"
PIECE = 1 << 16
LARGEST = 1 << 20
"""Bytes of one object; a CAN frame has some hundred at most."""

FILE_HEADER = Struct("<4sL8BQQLL8H")
OBJECT = Struct("<4sHHLL")
TIME = Struct("<LHHQ")
CONTAINER = Struct("<H6xL4x")
CAN = Struct("<HBBL8s")
CAN_FD = Struct("<HBBLLBBB5x8s")
CAN_FD_64 = Struct("<BBBBLLL16xHBBL")

CONTAINER_TYPE, CAN_TYPES, FD_TYPE, FD_64_TYPE = 10, (1, 86), 100, 101
EXTENDED = 1 << 31
REMOTE, REMOTE_64, EDL, EDL_64 = 0x80, 0x10, 0x01, 0x1000
STORED, DEFLATED = 0, 2
TEN_MICROSECONDS = 1


def is_blf(head: bytes) -> bool:
    """The magic number, and a size of the header that can be: a text may begin with the same four letters."""
    return head[:4] == MAGIC and FILE_HEADER.size <= int.from_bytes(head[4:8], "little") <= LARGEST


def blf_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """The frames in order. Broken objects are told by their number; reading goes on at the next one."""
    head = stream.read(FILE_HEADER.size)
    if len(head) < FILE_HEADER.size:
        log.bad(1, "the log ends inside its header")
        return
    header = FILE_HEADER.unpack(head)
    start = _start(header[14:])
    stream.read(max(0, min(header[1], LARGEST) - FILE_HEADER.size))
    pieces = _Pieces(log, stream, max(header[1], FILE_HEADER.size))
    number = 0
    for kind, body in _objects(log, pieces):
        number = log.number = number + 1
        try:
            row = _row(kind, body, start)
        except error:
            log.bad(number, f"object of kind {kind} is too short")
            continue
        if row is None:
            log.skipped += 1
        elif not 0.0 <= row[0] < 1e11:
            log.bad(number, f"{row[0]} is not a time")
        else:
            yield row
    if header[10] > pieces.read_bytes:
        log.bad(number + 1, f"its header promises {header[10]} bytes, there are {pieces.read_bytes}")


class _Pieces:
    """The objects of the file as one stream of bytes, containers unpacked."""

    def __init__(self, log: OpenLog, stream: BinaryIO, read_bytes: int) -> None:
        self._log = log
        self._stream = stream
        self.read_bytes = read_bytes

    def __iter__(self) -> Iterator[bytes]:
        while head := self._take(OBJECT.size):
            if len(head) < OBJECT.size or head[:4] != b"LOBJ":
                self._log.bad(
                    self._log.number + 1, "the log cannot be read any further: no object where one should begin"
                )
                return
            _, _, _, size, kind = OBJECT.unpack(head)
            if size < OBJECT.size:
                self._end(f"an object of {size} bytes")
                return
            if kind == CONTAINER_TYPE:
                yield from self._unpacked(size - OBJECT.size)
            else:
                yield head
                yield from self._plain(size - OBJECT.size)
            self._take(size % 4)

    def _zlib(self) -> Any:
        try:
            import zlib
        except ImportError:
            raise LogError(f"{self._log.name}: compressed with zlib, which this Python lacks") from None
        return zlib

    def _end(self, what: str) -> None:
        self._log.bad(self._log.number + 1, f"the log cannot be read any further: {what}")

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.read_bytes += len(data)
        return data

    def _plain(self, size: int) -> Iterator[bytes]:
        while size > 0 and (piece := self._take(min(size, PIECE))):
            size -= len(piece)
            yield piece
        if size > 0:
            self._end("it ends inside an object")

    def _unpacked(self, size: int) -> Iterator[bytes]:
        head = self._take(min(size, CONTAINER.size))
        if len(head) < CONTAINER.size:
            self._end("it ends inside a container")
            return
        method = CONTAINER.unpack(head)[0]
        unpacker = self._zlib().decompressobj() if method == DEFLATED else None
        for piece in self._plain(size - CONTAINER.size):
            if method == STORED:
                yield piece
            elif unpacker is not None:
                try:
                    while piece:
                        yield unpacker.decompress(piece, PIECE)
                        piece = unpacker.unconsumed_tail
                except self._zlib().error as fault:
                    self._log.bad(self._log.number + 1, f"a container cannot be unpacked: {fault}")
                    unpacker = None
        if method not in (STORED, DEFLATED):
            self._log.bad(self._log.number + 1, f"a container is packed in a way not known here ({method})")


def _objects(log: OpenLog, pieces: _Pieces) -> Iterator[tuple[int, bytes]]:
    """Kind and bytes of each object; what is not one is told once, and passed over."""
    waiting, lost = b"", False
    for piece in pieces:
        waiting += piece
        at = 0
        while True:
            begin = waiting.find(b"LOBJ", at)
            if begin < 0 or begin > at + 8:  # up to 3 bytes of padding, by some writers 4 to 7
                if not lost and len(waiting) - at >= 12:
                    log.bad(log.number + 1, "no object where one should begin")
                    lost = True
                if begin < 0:
                    at = max(at, len(waiting) - 3)
                    break
            if len(waiting) - begin < OBJECT.size:
                at = begin
                break
            _, _, _, size, kind = OBJECT.unpack_from(waiting, begin)
            if not OBJECT.size <= size <= LARGEST:
                log.bad(log.number + 1, f"an object of {size} bytes")
                at, lost = begin + 4, True
                continue
            if begin + size > len(waiting):
                at = begin
                break
            yield kind, waiting[begin : begin + size]
            at, lost = begin + size, False
        waiting = waiting[at:]
    if waiting[:4] == b"LOBJ":
        log.bad(log.number + 1, "the log cannot be read any further: its last object is cut")


def _row(kind: int, body: bytes, start: float) -> LogRow | None:
    _, header_size, version, _, _ = OBJECT.unpack_from(body)
    flags, _, _, ticks = TIME.unpack_from(body, OBJECT.size)
    at = max(header_size, OBJECT.size + TIME.size)
    t = start + ticks * (1e-5 if flags == TEN_MICROSECONDS else 1e-9)
    if version not in (1, 2):
        return None
    if kind in CAN_TYPES:
        channel, frame_flags, size, can_id, data = CAN.unpack_from(body, at)
        other = frame_flags & REMOTE
    elif kind == FD_TYPE:
        channel, frame_flags, size, can_id, _, _, fd_flags, _, data = CAN_FD.unpack_from(body, at)
        other = frame_flags & REMOTE or fd_flags & EDL
    elif kind == FD_64_TYPE:
        channel, size, _, _, can_id, _, fd_flags, *_ = CAN_FD_64.unpack_from(body, at)
        data = body[at + CAN_FD_64.size : at + CAN_FD_64.size + 8]
        other = fd_flags & (REMOTE_64 | EDL_64)
    else:
        return None
    if other or not can_id & EXTENDED or can_id & ~EXTENDED > MAX_ID:
        return None
    return t, f"can{max(channel, 1) - 1}", can_id & MAX_ID, data[: min(size, 8)]


def _start(moment: tuple[int, ...]) -> float:
    year, month, _, day, hours, minutes, seconds, milliseconds = moment
    try:
        return datetime(year, month, day, hours, minutes, seconds, milliseconds * 1000, tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
