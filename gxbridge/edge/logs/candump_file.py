"""Writing a log as `candump -L` does, which every tool reads: `(1700000000.250000) can0 1CEFFF24#6699020152144E03`."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import BinaryIO, Final

from gxbridge.core.nmea2000.fast_packet import MAX_PAYLOAD, PROPRIETARY_PAGE, begins_proprietary, is_fast, split
from gxbridge.core.nmea2000.frame import MAX_DATA, MAX_ID, WHOLE, pgn_of

SEQUENCES: Final = 4096
"""Senders and PGNs whose fast packets are numbered; more is a hostile log, which begins anew at 0."""


def create_file(path: str) -> BinaryIO:
    """A new file that only its owner reads. Raises OSError; a file that is there already is never overwritten."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


class CandumpFile:
    """Writes frames to `stream`, which its owner closes. A message that somebody put together becomes frames again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._sequences: dict[int, int] = {}
        self.frames = 0
        self.left_out = 0
        """Messages that do not fit into fast packets."""

    def put(self, t: float, bus: str, can_id: int, data: bytes) -> None:
        """One frame (or, with the mark `WHOLE`, one message) at `t` seconds. Raises OSError."""
        if not can_id & WHOLE:
            self._write(t, bus, can_id, data)
            return
        can_id &= MAX_ID
        fast = is_fast(pgn_of(can_id)) and not _of_rvc(pgn_of(can_id), data)
        if not fast and len(data) <= MAX_DATA:
            self._write(t, bus, can_id, data)
        elif not fast or not 0 < len(data) <= MAX_PAYLOAD:
            self.left_out += 1
        else:
            if len(self._sequences) > SEQUENCES:
                self._sequences.clear()
            number = self._sequences[can_id] = (self._sequences.get(can_id, -1) + 1) & 7
            for part in split(data, number):
                self._write(t, bus, can_id, part)

    def _write(self, t: float, bus: str, can_id: int, data: bytes) -> None:
        self._stream.write(f"({t:.6f}) {_one_word(bus)} {can_id:08X}#{data.hex().upper()}\n".encode())
        self.frames += 1

    def flush(self) -> None:
        """What was put stands in the file. Raises OSError."""
        self._stream.flush()

    def remark(self, text: str) -> None:
        """A line that readers of logs pass over. Raises OSError."""
        self._stream.write(f"# {text}\n".encode())


def _of_rvc(pgn: int, data: bytes) -> bool:
    """Whether a message is one of RV-C, which has single frames where manufacturers have fast packets."""
    if pgn >> 8 != PROPRIETARY_PAGE or not 0 < len(data) <= MAX_DATA:
        return False
    return not begins_proprietary(next(split(data, 0)))


@lru_cache(maxsize=256)
def _one_word(bus: str) -> str:
    return "".join(letter if letter.isprintable() and not letter.isspace() else "_" for letter in bus) or "can"
