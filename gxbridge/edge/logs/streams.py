"""Streams of logs: looking at the beginning without losing it, other codings of text, and sizes."""

from __future__ import annotations

import codecs
import io
import os
import stat
from collections.abc import Callable
from typing import Any, BinaryIO, cast

from gxbridge.edge.logs.formats import line_end
from gxbridge.edge.logs.lines import is_remark

CHUNK = 1 << 16
LONGEST_LINE = 1 << 15
"""More than this without a line end is no text (a log on a card that lost power often ends in zeros)."""


UTF_16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
TELLING, LEAST_TELLING = 64, 16


class _Joined(io.RawIOBase):
    """What was read already, then the stream it came from: looking at the beginning of a pipe without losing it."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            part, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            part = self._read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


class Recoded(io.RawIOBase):
    """Text in UTF-16 as UTF-8, without the mark at its beginning."""

    def __init__(self, stream: BinaryIO, coding: str) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._decoder = codecs.getincrementaldecoder(coding)("replace")
        self._mark = codecs.BOM_UTF8

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            piece = self._read(len(buffer) // 4)
            data = self._decoder.decode(piece, final=not piece).encode().removeprefix(self._mark)
            self._mark = self._mark if not data and piece else b""
            if not piece:
                break
        buffer[: len(data)] = data
        return len(data)


def utf_16_of(head: bytes) -> str | None:
    """Which UTF-16 a text with this beginning is in, by its mark, or without one by every other byte being 0."""
    even, odd = head[:TELLING:2], head[1:TELLING:2]
    if len(head) >= LEAST_TELLING and any(even) != any(odd) and (all(even) or all(odd)):
        return "utf-16-le" if all(even) else "utf-16-be"
    return UTF_16_MARKS.get(head[:2])


def beginning(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The beginning of a stream (a whole line that is no remark, where it has lines) and a stream that still has it."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    head = b""
    while len(head) < LONGEST_LINE and not _is_telling(head):
        part = read(CHUNK)
        if not part:
            break
        head += part
    return head, cast("BinaryIO", io.BufferedReader(_Joined(head, stream), CHUNK))


def _is_telling(head: bytes) -> bool:
    """Whether there is a whole line that is no remark."""
    return any(line.strip() and not is_remark(line) for line in head.split(line_end(head))[:-1])


def file_size(stream: BinaryIO) -> int | None:
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
