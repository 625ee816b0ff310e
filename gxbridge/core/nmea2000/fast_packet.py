"""NMEA 2000 fast packet: payloads of up to 223 bytes in up to 32 frames.

    every frame   byte 0 = sequence (3 bits) | frame counter (5 bits)
    counter 0     byte 1 = length of the payload, bytes 2-7 = its first six bytes
    counter 1-31  bytes 1-7 = the next seven; the last frame is filled up with 0xFF

A message is known by PGN, source and destination, never by priority. Frames must come in order with one sequence
number and at most 750 ms apart; counter 0 always begins anew. (Victron velib C stack, n2k_fp.c.)
"""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.nmea2000.frame import MAX_DATA, WHOLE, pgn_of

MAX_PAYLOAD = 223
TIMEOUT_S = 0.75
KEY = 0x03FFFFFF
"""The part of an identifier that tells one message under way from another: all but the priority."""

MAX_OPEN = 512
"""Messages that may be under way at once on one bus. Each of 252 nodes normally sends one at a time; more than this is
a faulty or hostile bus, and the oldest gives way, so that memory stays bounded."""

FAST_RANGES = (
    (126208, 126208),
    (126464, 126464),
    (126720, 126720),
    (126983, 126988),
    (126996, 126996),
    (126998, 126998),
    (127233, 127233),
    (127237, 127237),
    (127489, 127491),
    (127494, 127498),
    (127503, 127504),
    (127506, 127507),
    (127509, 127514),
    (128275, 128275),
    (128520, 128520),
    (128538, 128538),
    (129029, 129029),
    (129038, 129041),
    (129044, 129045),
    (129284, 129285),
    (129301, 129302),
    (129538, 129538),
    (129540, 129542),
    (129545, 129545),
    (129547, 129547),
    (129549, 129549),
    (129551, 129551),
    (129556, 129556),
    (129792, 129816),
    (130052, 130054),
    (130060, 130061),
    (130064, 130074),
    (130320, 130324),
    (130329, 130330),
    (130561, 130575),
    (130577, 130578),
    (130580, 130581),
    (130583, 130584),
    (130586, 130586),
)
"""First and last number of the standard PGNs that come as fast packets, whether or not their fields are known here
(canboat@01d0dc3 docs/canboat.json; the Yacht Devices YDVR-04 manual, appendix D, has the same but for newer ones)."""
PROPRIETARY_PAGE = 0x1FF
"""All PGNs 0x1FFxx are fast packets too (velib C stack), except on a bus of RV-C."""
RESERVED, INDUSTRY = 0x18, 0xE0
"""In the second byte of a manufacturer's header: both reserved bits are set, the industry is any or the marine one."""
INDUSTRIES = (0x00, 0x80)

_FIRST = 6
_NEXT = 7
_FULL = MAX_DATA


class FastPackets:
    """Puts the fast packets of one bus together and counts what did not come together."""

    __slots__ = ("_open", "cut", "evicted", "late", "malformed", "oversize", "restarted", "strays", "wrong_order")

    def __init__(self) -> None:
        # key -> (first byte that must come next, payload length, time of the last frame, payload so far)
        self._open: dict[int, tuple[int, int, float, bytes]] = {}
        self.strays = 0
        """Continuation frames without a beginning."""
        self.wrong_order = 0
        """Messages dropped because a frame was missing, repeated or out of order."""
        self.late = 0
        """Messages dropped because the next frame came more than 750 ms later."""
        self.restarted = 0
        """Messages dropped because the next one began before they were complete."""
        self.evicted = 0
        """Messages dropped because too many were under way."""
        self.cut = 0
        """Messages dropped because one of their frames had too few or too many bytes."""
        self.malformed = 0
        """Frames ignored because they had too few or too many bytes."""
        self.oversize = 0
        """First frames ignored because they declare no payload or one of more than 223 bytes."""

    @property
    def under_way(self) -> int:
        """Messages begun and not complete yet."""
        return len(self._open)

    @property
    def incomplete(self) -> int:
        """Messages that were begun and dropped."""
        return self.wrong_order + self.late + self.restarted + self.evicted + self.cut

    def is_open(self, key: int, now: float) -> bool:
        """Whether a message is under way that a frame at `now` could continue."""
        state = self._open.get(key)
        return state is not None and abs(now - state[2]) <= TIMEOUT_S

    def take(self, key: int, data: bytes, now: float) -> bytes | None:
        """Take one frame; returns the payload when it completes a message.

        `key` is the identifier & `KEY`, `data` the frame's bytes, `now` seconds on any steady clock.
        """
        size = len(data)
        if size < 2 or size > _FULL:
            self.malformed += 1
            if self._open.pop(key, None):
                self.cut += 1
            return None
        head = data[0]
        if not head & 31:
            return self._begin(key, data, now)
        state = self._open.get(key)
        if state is None:
            self.strays += 1
            return None
        awaited, length, last, payload = state
        if abs(now - last) > TIMEOUT_S:
            self.late += 1
        elif head != awaited:
            self.wrong_order += 1
        else:
            payload += data[1:]
            if len(payload) >= length:
                del self._open[key]
                return payload[:length]
            if size == _FULL:
                self._open[key] = (head + 1, length, now, payload)
                return None
            self.malformed += 1
            self.cut += 1
        del self._open[key]
        return None

    def _begin(self, key: int, data: bytes, now: float) -> bytes | None:
        if self._open.pop(key, None):
            self.restarted += 1
        length = data[1]
        if not 0 < length <= MAX_PAYLOAD:
            self.oversize += 1
            return None
        payload = data[2:]
        if len(payload) >= length:
            return payload[:length]
        if len(data) != _FULL:
            self.malformed += 1
            return None
        if len(self._open) >= MAX_OPEN:
            del self._open[next(iter(self._open))]
            self.evicted += 1
        self._open[key] = (data[0] + 1, length, now, payload)
        return None


def is_fast(pgn: int) -> bool:
    """Whether a PGN comes as fast packets, by the standard."""
    return pgn >> 8 == PROPRIETARY_PAGE or any(first <= pgn <= last for first, last in FAST_RANGES)


def begins_proprietary(data: bytes) -> bool:
    """Whether a frame is the first of a manufacturer's fast packet: counter 0, a length, the manufacturer's header."""
    if len(data) != _FULL or data[0] & 31 or not 2 <= data[1] <= MAX_PAYLOAD:
        return False
    return data[3] & RESERVED == RESERVED and data[3] & INDUSTRY in INDUSTRIES


def frames_of(can_id: int, size: int) -> int:
    """How many frames a payload of `size` bytes took, which is a message where the identifier has the mark `WHOLE`."""
    if size <= MAX_DATA and not (can_id & WHOLE and is_fast(pgn_of(can_id))):
        return 1
    return 1 + max(0, -(-(size - _FIRST) // _NEXT))


def split(payload: bytes, sequence: int) -> Iterator[bytes]:
    """The frames of a fast packet; `sequence` counts a sender's messages of one PGN, modulo 8.

    Raises ValueError when the payload is empty or longer than 223 bytes.
    """
    if not 0 < len(payload) <= MAX_PAYLOAD:
        raise ValueError(f"a fast packet holds 1 to {MAX_PAYLOAD} bytes, not {len(payload)}")
    head = (sequence & 7) << 5
    yield (bytes((head, len(payload))) + payload[:_FIRST]).ljust(_FULL, b"\xff")
    for number, at in enumerate(range(_FIRST, len(payload), _NEXT), start=1):
        yield (bytes((head | number,)) + payload[at : at + _NEXT]).ljust(_FULL, b"\xff")
