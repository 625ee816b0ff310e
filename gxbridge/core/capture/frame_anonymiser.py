"""The frames of a recording without what identifies, in their order, at their times, with their lengths.

A message of several frames is held until it is whole, and written anew; frames that come meanwhile wait behind it. What
the database does not know is left out and counted, because a register or a PGN that nobody knows could hold a serial
number or a text; so is what does not come together.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import Final, TypeAlias

from gxbridge.core.capture.message_anonymiser import MessageAnonymiser
from gxbridge.core.capture.replacements import NoReplacement, Replacements
from gxbridge.core.nmea2000.database import FAST_PGN, SINGLE_PGN, VREG_HEADER, Database, Layout
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.fast_packet import KEY, TIMEOUT_S, split
from gxbridge.core.nmea2000.frame import MAX_DATA, WHOLE
from gxbridge.core.nmea2000.vreg import HEADER

CapturedRow: TypeAlias = tuple[float, str, int, bytes]
"""Seconds, bus, 29-bit identifier (with the mark `WHOLE` for a whole message), data."""

MOST_HELD: Final = 8192
"""Frames that wait for one message: more than a bus carries while a message may take."""
MOST_KINDS: Final = 256
"""Kinds of left-out messages that are told apart."""

MOST_BUSES: Final = 64
"""Of a log; a broken one may have more names."""
SAFE_BUS: Final = re.compile(r"(?:v|ve|sl)?can\d{1,2}|tty[A-Z]{1,4}\d{1,2}|udp_multicast")
"""Names of buses that are the same on every boat; another could be somebody's word, or an address of his network."""

TOO_MANY_BUSES: Final = "frames of more buses than there can be"
INCOMPLETE: Final = "frames of messages that did not come together"
NOT_KNOWN: Final = "messages that gxbridge does not know"
OTHER_MAKERS: Final = "proprietary messages of other manufacturers"
NO_ROOM: Final = "messages with more names and numbers than can be replaced"
NOT_READ: Final = "frames without a message"


class _HeldFrame:
    """A frame on its way out: `data` None until its message is known, then what is written, or nothing."""

    __slots__ = ("bus", "can_id", "data", "gone", "original", "t")

    def __init__(self, t: float, bus: str, can_id: int, original: bytes) -> None:
        self.t = t
        self.bus = bus
        self.can_id = can_id
        self.original = original
        self.data: bytes | None = None
        self.gone = False


class FrameAnonymiser:
    """Takes the frames of all buses, and counts what it leaves out: by reason in messages or frames (`left_out`), and
    by kind of message (`unknown`)."""

    def __init__(self, db: Database, replacements: Replacements, keep_unknown: bool = False) -> None:
        self._db = db
        self._replacements = replacements
        self._keep_unknown = keep_unknown
        self._messages = MessageAnonymiser(db, replacements, keep_unknown)
        self._buses: dict[str, str] = {}
        self._decoders: dict[str, Decoder] = {}
        self._queue: deque[_HeldFrame] = deque()
        self._open: dict[tuple[str, int], list[_HeldFrame]] = {}
        self.left_out: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.frames = 0

    def feed(self, t: float, bus: str, can_id: int, data: bytes) -> Iterator[CapturedRow]:
        """One frame (or whole message); yields what can be written by now."""
        self.frames += 1
        bus = self._buses.get(bus) or self.bus(bus)
        decoder = self._decoders.get(bus)
        if decoder is None:
            if not bus:
                self.left_out[TOO_MANY_BUSES] += 1
                return iter(())
            decoder = self._decoders[bus] = Decoder(self._db, keep_unknown=True)
        held = _HeldFrame(t, bus, can_id, data)
        self._queue.append(held)
        message = decoder.feed(can_id, data, t)
        key = (bus, can_id & KEY)
        if message is not None:
            self._complete(key, held, message, decoder)
        elif not can_id & WHOLE and decoder.fast.is_open(can_id & KEY, t):
            if not data[0] & 31:
                self._drop(self._open.pop(key, []))
            self._open.setdefault(key, []).append(held)
        else:
            parts = self._open.pop(key, [])
            self._drop([*parts, held], INCOMPLETE if parts else NOT_READ)
        return self._ready(t)

    def bus(self, name: str) -> str:
        """What a bus is called in the recording; "" for one bus too many."""
        known = self._buses.get(name)
        if known is None:
            if len(self._buses) >= MOST_BUSES:
                return ""
            known = self._buses[name] = name if SAFE_BUS.fullmatch(name) else f"bus{len(self._buses) + 1}"
        return known

    def end(self) -> Iterator[CapturedRow]:
        """What is left; messages that are not whole by now will not be."""
        for parts in self._open.values():
            self._drop(parts)
        self._open.clear()
        return self._ready(float("inf"))

    def _ready(self, now: float) -> Iterator[CapturedRow]:
        queue = self._queue
        while queue:
            held = queue[0]
            if held.data is None and not held.gone:
                if len(queue) <= MOST_HELD and abs(now - held.t) <= TIMEOUT_S:
                    return
                self._drop(self._open.pop((held.bus, held.can_id & KEY), [held]))
            queue.popleft()
            if held.data is not None and not held.gone:
                yield held.t, held.bus, held.can_id, held.data

    def _drop(self, parts: list[_HeldFrame], reason: str = INCOMPLETE) -> None:
        for held in parts:
            held.gone = True
        if parts:
            self.left_out[reason] += len(parts)

    def _complete(self, key: tuple[str, int], last: _HeldFrame, message: Message, decoder: Decoder) -> None:
        parts = [*self._open.pop(key, []), last]
        payload = self._anonymous(message, decoder)
        if payload is None:
            for held in parts:
                held.gone = True
            return
        original = message[4]
        if len(parts) == 1 and (last.can_id & WHOLE or original == last.original):
            last.data = payload
            return
        frames = list(split(payload, parts[0].original[0] >> 5))
        if len(frames) != len(parts):
            self._drop(parts)
            return
        for held, frame in zip(parts, frames, strict=True):
            held.data = frame[: len(held.original)]

    def _anonymous(self, message: Message, decoder: Decoder) -> bytes | None:
        """The payload as it may be written; None for a message that is left out, which is counted."""
        layout, _, _, _, payload = message
        try:
            if layout.kind == "write":
                return self._written(message, decoder)
            if layout.kind != "unknown" and not _is_longer(layout, payload):
                return self._messages.payload(layout, payload)
        except NoReplacement:
            self.left_out[NO_ROOM] += 1
            return None
        return self._unknown(layout.pgn, layout.register, payload)

    def _written(self, message: Message, decoder: Decoder) -> bytes | None:
        """A register written to another node: its value is that of the register there."""
        layout, _, destination, values, payload = message
        register = values[0]
        assert isinstance(register, int)  # noqa: S101 - the first value of a write is the register
        known = self._db.layout(register, decoder.product(destination), layout.pgn)
        if known is None or _is_longer(known, payload):
            return self._unknown(layout.pgn, register, payload)
        return self._messages.payload(known, payload)

    def _unknown(self, pgn: int, register: int | None, payload: bytes) -> bytes | None:
        if register is None and pgn >> 8 & 0xFF in (0xEF, 0xFF) and payload[:2] != HEADER:
            maker = int.from_bytes(payload[:2], "little") & 0x7FF
            return self._leave_out(OTHER_MAKERS, f"PGN {pgn} of manufacturer {maker}")
        if register is None:
            return self._leave_out(NOT_KNOWN, f"PGN {pgn}")
        short = pgn == SINGLE_PGN and VREG_HEADER < len(payload) <= MAX_DATA
        if self._keep_unknown and short and not self._replacements.knows(payload[VREG_HEADER:]):
            return payload
        return self._leave_out(NOT_KNOWN, f"register 0x{register:04X}{' (long)' if pgn == FAST_PGN else ''}")

    def _leave_out(self, reason: str, kind: str) -> bytes | None:
        self.left_out[reason] += 1
        if kind in self.unknown or len(self.unknown) < MOST_KINDS:
            self.unknown[kind] += 1
        return None


def _is_longer(layout: Layout, payload: bytes) -> bool:
    """Whether a register comes with more than its fields: then it is another one than the database knows, and perhaps a
    text. In one frame a register is always filled up."""
    if not layout.header or len(payload) <= max(layout.length, MAX_DATA):
        return False
    return all(field.length for field in layout.fields)
