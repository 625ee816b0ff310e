"""The memory of the last minutes: stretches that each begin with the whole state, in bounded bytes.

What happens is kept as it will be written: one line of JSON for each event, and frames in blocks of 21 bytes each.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import field
from itertools import groupby
from operator import itemgetter
from struct import Struct
from struct import error as struct_error
from typing import Final

from gxbridge.core.blackbox.codec import Plain, to_json
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import state
from gxbridge.core.nmea2000.frame import TimedFrame

FRAME: Final = Struct("<dIB8s")
"""Monotonic seconds, identifier, number of bytes, bytes."""
MOST_DATA: Final = 8
LENGTH_AT: Final = 12
"""Where the number of bytes stands in a packed frame."""

KEYFRAME_S: Final = 50.0
"""A stretch is ended at the first cycle after this time, so that there is a beginning in every minute."""
PENDING_FRAMES: Final = 4096
"""Received frames kept as they came before they are packed."""
OVERHEAD: Final = 48
"""Bytes that an object of Python takes beside what it holds."""
SHARE: Final = 4
"""A stretch ends early when it takes this part of the memory: there are always several beginnings."""


class Block(NamedTuple):
    """Frames of one bus, packed."""

    bus: str
    packed: bytes


RingEntry = bytes | Block
"""A line of JSON, or frames."""


@state
class Stretch:
    """A stretch of time that can be played from its beginning. `keyframe` is compressed JSON."""

    at: float
    keyframe: bytes
    records: list[RingEntry] = field(default_factory=list)
    size: int = 0
    torn: str = ""
    """Why something is missing in it, so that it cannot be played beyond that place."""


class Ring:
    """Newest stretches within `max_bytes`. The caller begins a stretch when `due` says so."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._stretches: deque[Stretch] = deque()
        self._pending: list[tuple[str, Sequence[TimedFrame]]] = []
        self._pending_frames = 0
        self.size = 0
        """Bytes held, but for the frames of the present moment."""

    def due(self, now: float) -> bool:
        """Whether a new stretch should begin."""
        if not self._stretches:
            return True
        last = self._stretches[-1]
        if last.torn or now < last.at:
            return True
        # What cannot be kept long is not begun anew more often than a second's look allows.
        return now - last.at >= KEYFRAME_S or last.size - len(last.keyframe) > self._max_bytes // SHARE

    def begin(self, now: float, state: Iterable[str]) -> None:
        """Begin a stretch with the whole state, as JSON in pieces."""
        self._pack()
        press = zlib.compressobj(1)
        keyframe = b"".join([*(press.compress(piece.encode()) for piece in state), press.flush()])
        self._stretches.append(Stretch(now, keyframe, size=len(keyframe) + OVERHEAD))
        self.size += len(keyframe) + OVERHEAD
        self._shrink()

    def frames(self, bus: str, frames: Sequence[TimedFrame]) -> None:
        """Frames as they were received; the sequence is not to be changed afterwards."""
        self._pending.append((bus, frames))
        self._pending_frames += len(frames)
        if self._pending_frames > PENDING_FRAMES:
            self._pack()

    def event(self, event: list[Plain]) -> None:
        """Anything else, as a list of what JSON can hold."""
        if self._pending:
            self._pack()
        self._keep(to_json(event).encode())

    def stretches(self) -> list[Stretch]:
        """What is held now, oldest first; what is added later is not in it."""
        self._pack()
        return [
            Stretch(stretch.at, stretch.keyframe, list(stretch.records), stretch.size, stretch.torn)
            for stretch in self._stretches
        ]

    def _pack(self) -> None:
        pending, self._pending, self._pending_frames = self._pending, [], 0
        pack = FRAME.pack
        for bus, batches in groupby(pending, key=itemgetter(0)):
            frames = [frame for _, batch in batches for frame in batch]
            try:
                packed = b"".join([pack(at, can_id, len(data), data) for at, can_id, data in frames])
                if max(packed[LENGTH_AT :: FRAME.size], default=0) <= MOST_DATA:
                    self._keep(Block(bus, packed))
                    continue
            except struct_error:
                pass  # no identifier of 32 bits, or far too long: no CAN frame, but it was heard
            rows = [[at, can_id, data.hex()] for at, can_id, data in frames]
            self._keep(to_json(["frames", bus, rows]).encode())

    def _keep(self, record: RingEntry) -> None:
        if not self._stretches:
            return
        last = self._stretches[-1]
        if last.torn:
            return
        size = OVERHEAD + (len(record) if isinstance(record, bytes) else len(record.packed) + OVERHEAD)
        if last.size + size > self._max_bytes:
            last.torn = "more came in than the memory of the black box holds"
            return
        last.records.append(record)
        last.size += size
        self.size += size
        self._shrink()

    def _shrink(self) -> None:
        while len(self._stretches) > 1 and self.size > self._max_bytes:
            self.size -= self._stretches.popleft().size
