"""Frames in, messages out: one Decoder for each CAN bus.

The usual way of a frame is short: one look-up of its identifier without priority and source (for a register one more,
of its first four bytes), one call of the layout's decode function, one tuple. Everything unusual (addressed frames,
first sightings, other manufacturers, short payloads) leaves that way early and takes a longer one. What comes from
the wire never raises: it is decoded, or counted.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import error as struct_error

from gxbridge.core.nmea2000.database import (
    ADDRESS_CLAIM_PGN,
    FAST_PGN,
    SINGLE_PGN,
    VREG_HEADER,
    Database,
    Layout,
    database,
)
from gxbridge.core.nmea2000.fast_packet import KEY, PROPRIETARY_PAGE, FastPackets, begins_proprietary, is_fast
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST, IDENTITY, MAX_DATA, WHOLE, destination_of, pgn_of
from gxbridge.core.nmea2000.senders import Senders
from gxbridge.core.nmea2000.unknown_messages import UnknownKinds, foreign_layout
from gxbridge.core.nmea2000.vreg import ACK_REGISTER, HEADER, PRODUCT_REGISTER, REQUEST_REGISTER, VregServices

Decode = Callable[[bytes], tuple[FieldValue, ...]]
Message = tuple[Layout, int, int, tuple[FieldValue, ...], bytes]
"""Layout, source address, destination (255 = all), values in the order of `layout.fields`, whole payload."""

PRODUCT_INFO_PGN = 126996

_WATCHED = (ADDRESS_CLAIM_PGN, PRODUCT_INFO_PGN)
"""PGNs that tell who the sender is, besides what they say."""

_DIRECT, _REGISTER, _FAST, _LONG_WAY = range(4)
_TOO_SHORT = (struct_error, IndexError)

_PROPRIETARY_KEPT = 2048
"""Numbers and senders of manufacturers' fast packets that are remembered as such."""
_REPEATS_KEPT = 2048
"""Register messages kept in order to be given out again: more than a large bus repeats, and less than 1 MB."""


def _is_proprietary(pgn: int) -> bool:
    """Broadcasts whose meaning each manufacturer sets; the payload begins with the manufacturer."""
    return pgn & 0xFF00 == 0xFF00


class Decoder:
    """Decodes the frames of one CAN bus and counts what it met.

    With `keep_unknown`, unknown registers and PGNs and those of other manufacturers come out as messages too, of kind
    "unknown" with one field of raw bytes.
    """

    __slots__ = (
        "_db",
        "_keep_unknown",
        "_kept",
        "_proprietary",
        "_registers",
        "_repeats",
        "_routes",
        "_rvc",
        "_senders",
        "_services",
        "fast",
        "foreign",
        "frames",
        "messages",
        "no_data_frames",
        "short",
        "too_short",
        "unknown",
        "unknown_kinds",
    )

    def __init__(self, db: Database | None = None, keep_unknown: bool = False) -> None:
        self._db = database() if db is None else db
        self._keep_unknown = keep_unknown
        self._services = {pgn: VregServices(pgn) for pgn in (SINGLE_PGN, FAST_PGN)}
        self._senders = Senders()
        # Filled at first sight, so that a decoder costs nothing to make: both are bounded by the database.
        self._routes: dict[int, tuple[Layout, Decode, int]] = {}
        self._registers: dict[bytes, Layout] = {}
        self._repeats: list[dict[bytes, Message]] = [{} for _ in range(256)]
        self._kept = 0
        self._rvc = False
        self._proprietary: set[int] = set()
        self.fast = FastPackets()
        self.frames = 0
        self.messages = 0
        """Complete messages that were decoded."""
        self.unknown = 0
        """Complete messages that the database does not know."""
        self.foreign = 0
        """Complete proprietary messages of other manufacturers."""
        self.short = 0
        """Decoded messages whose payload ended before their last field."""
        self.too_short = 0
        """Messages dropped because their payload holds less than may be decoded."""
        self.no_data_frames = 0
        """Identifiers with more than 29 bits: error frames, remote frames, flags nobody took off."""
        self.unknown_kinds = UnknownKinds()
        """What the database does not know, each kind with its count and last payload."""

    @property
    def incomplete(self) -> int:
        """Fast packets that were begun and dropped."""
        return self.fast.incomplete

    @property
    def errors(self) -> dict[str, int]:
        """What could not be decoded, by reason."""
        fast = self.fast
        return {
            "payloads too short": self.too_short,
            "frames without data": self.no_data_frames,
            "fast packets out of order": fast.wrong_order,
            "fast packets late": fast.late,
            "fast packets begun anew": fast.restarted,
            "fast packets evicted": fast.evicted,
            "fast packets cut": fast.cut,
            "fast packet frames without beginning": fast.strays,
            "fast packet frames malformed": fast.malformed,
            "fast packets of impossible length": fast.oversize,
        }

    def product(self, source: int) -> int | None:
        """Product id of the device at address `source` as far as known."""
        return self._senders.product(source)

    def feed(self, can_id: int, data: bytes, now: float) -> Message | None:
        """Take one frame; returns the message it completes, or None.

        `can_id` is the 29-bit identifier, `data` 0 to 8 bytes, `now` seconds on any steady clock. With the mark `WHOLE`
        on the identifier, `data` is a payload that somebody else has put together already. A register that
        comes with a payload it has had lately gives the very same Message object again, so `is` tells that nothing
        has changed since the message the caller remembers; a new object may still hold the old values.
        """
        self.frames += 1
        route = self._routes.get(can_id & IDENTITY)
        if route is None:
            return self._first(can_id, data, now)
        layout, decode, way = route
        if way == _REGISTER:
            repeats = self._repeats[can_id & 0xFF]
            repeated = repeats.get(data)
            if repeated is not None:
                self.messages += 1
                return repeated
            known = self._registers.get(data[:4])
            if known is None:
                return self._vreg(SINGLE_PGN, can_id & 0xFF, BROADCAST, data)
            try:
                values = known.decode(data)
            except _TOO_SHORT:
                return self._short(known, can_id & 0xFF, BROADCAST, data)
            self.messages += 1
            if self._kept >= _REPEATS_KEPT:
                self._forget_repeats()
            self._kept += 1
            message = repeats[data] = known, can_id & 0xFF, BROADCAST, values, data
            return message
        if way == _FAST:
            payload = self.fast.take(can_id & KEY, data, now)
            if payload is None:
                return None
            data = payload
        elif way == _LONG_WAY:
            return self._first(can_id, data, now)
        try:
            values = decode(data)
        except _TOO_SHORT:
            return self._short(layout, can_id & 0xFF, BROADCAST, data)
        self.messages += 1
        return layout, can_id & 0xFF, BROADCAST, values, data

    def _forget_repeats(self) -> None:
        for repeats in self._repeats:
            repeats.clear()
        self._kept = 0

    def _first(self, can_id: int, data: bytes, now: float) -> Message | None:
        """The long way: no route yet, addressed, or never one."""
        if (can_id & ~WHOLE) >> 29:
            self.no_data_frames += 1
            return None
        pgn, destination = pgn_of(can_id), destination_of(can_id)
        layout = self._db.pgns.get(pgn)
        if can_id & WHOLE:
            if pgn >> 8 == PROPRIETARY_PAGE and layout is not None and len(data) <= MAX_DATA and data[:2] != HEADER:
                return self._rvc_frame(layout, pgn, can_id & 0xFF, data)
            return self._whole(pgn, can_id & 0xFF, destination, data)
        if destination == BROADCAST:
            self._learn(can_id & IDENTITY, pgn, layout)
        if pgn >> 8 == PROPRIETARY_PAGE:
            if self._is_rvc(layout, can_id & KEY, data):
                return self._rvc_frame(layout, pgn, can_id & 0xFF, data)
            fast = True
        elif layout is None:
            fast = is_fast(pgn)
        elif layout.transport == "either":
            # Some senders use single frames where the standard has a fast packet.
            begins = len(data) >= 2 and not data[0] & 31 and data[1] == layout.length
            fast = begins or self.fast.is_open(can_id & KEY, now)
        else:
            fast = layout.transport == "fast"
        if fast:
            payload = self.fast.take(can_id & KEY, data, now)
            if payload is None:
                return None
            data = payload
        return self._whole(pgn, can_id & 0xFF, destination, data)

    def _learn(self, identity: int, pgn: int, layout: Layout | None) -> None:
        """Remember the short way of a broadcast, if it has one."""
        if pgn == SINGLE_PGN:
            # The layout is a placeholder: the register decides.
            self._routes[identity] = (self._services[pgn].write, self._services[pgn].write.decode, _REGISTER)
        elif layout is not None:
            long_way = layout.transport == "either" or pgn in _WATCHED or _is_proprietary(pgn)
            way = _LONG_WAY if long_way else _FAST if layout.transport == "fast" else _DIRECT
            self._routes[identity] = (layout, layout.decode, way)

    def _is_rvc(self, layout: Layout | None, key: int, data: bytes) -> bool:
        """Whether a frame in the range of proprietary fast packets is one of RV-C, which has single frames there.

        What has once begun as a fast packet of a manufacturer is one from then on. Of numbers that are not known, a
        frame is of RV-C only on a bus that has spoken RV-C before.
        """
        if key in self._proprietary:
            return False
        if begins_proprietary(data):
            if len(self._proprietary) >= _PROPRIETARY_KEPT:
                self._proprietary.clear()
            self._proprietary.add(key)
            return False
        self._rvc = self._rvc or layout is not None
        return self._rvc

    def _rvc_frame(self, layout: Layout | None, pgn: int, source: int, data: bytes) -> Message | None:
        if layout is None:
            return self._unknown(pgn, None, source, BROADCAST, data)
        return self._decoded(layout, source, BROADCAST, data)

    def _whole(self, pgn: int, source: int, destination: int, payload: bytes) -> Message | None:
        """A complete payload of any PGN."""
        if pgn in (SINGLE_PGN, FAST_PGN):
            return self._vreg(pgn, source, destination, payload)
        layout = self._db.pgns.get(pgn)
        if _is_proprietary(pgn) and payload[:2] != HEADER:
            return self._foreign(pgn, source, destination, payload)
        if layout is None or pgn >> 8 == PROPRIETARY_PAGE:  # what is known there is of RV-C
            return self._unknown(pgn, None, source, destination, payload)
        if pgn == ADDRESS_CLAIM_PGN and len(payload) >= 8:
            self._senders.claim(source, payload[:8])
            layout = self._db.claim(payload[6] >> 1)
        elif pgn == PRODUCT_INFO_PGN and (code := int.from_bytes(payload[2:4], "little")) in self._db.products:
            self._senders.tell(source, code, certain=False)
        return self._decoded(layout, source, destination, payload)

    def _vreg(self, pgn: int, source: int, destination: int, payload: bytes) -> Message | None:
        """A complete payload of one of the two VREG PGNs."""
        if payload[:2] != HEADER:
            return self._foreign(pgn, source, destination, payload)
        if len(payload) < VREG_HEADER:
            self.too_short += 1
            return None
        register = int.from_bytes(payload[2:4], "little")
        services = self._services[pgn]
        if register == REQUEST_REGISTER:
            return self._decoded(services.request, source, destination, payload)
        if register == ACK_REGISTER:
            return self._decoded(services.ack, source, destination, payload)
        if destination != BROADCAST:
            return self._decoded(services.write, source, destination, payload)
        layout = self._db.layout(register, self._senders.product(source), pgn)
        if layout is None:
            return self._unknown(pgn, register, source, destination, payload)
        if register == PRODUCT_REGISTER:
            # Identifier 0 is the node itself; others are devices behind it.
            if len(payload) >= 7 and payload[4] == 0:
                self._senders.tell(source, int.from_bytes(payload[5:7], "little"))
        elif pgn == SINGLE_PGN and len(self._db.variants(register)) == 1 and not layout.families:
            self._registers[payload[:4]] = layout
        return self._decoded(layout, source, destination, payload)

    def _decoded(self, layout: Layout, source: int, destination: int, payload: bytes) -> Message | None:
        try:
            values = layout.decode(payload)
        except _TOO_SHORT:
            return self._short(layout, source, destination, payload)
        self.messages += 1
        return layout, source, destination, values, payload

    def _short(self, layout: Layout, source: int, destination: int, payload: bytes) -> Message | None:
        """A payload that ends before the last field: what is there counts, unless it is less than the least."""
        if len(payload) < layout.min_length or len(payload) <= layout.header:
            self.too_short += 1
            return None
        self.short += 1
        self.messages += 1
        return layout, source, destination, layout.read(payload), payload

    def _foreign(self, pgn: int, source: int, destination: int, payload: bytes) -> Message | None:
        self.foreign += 1
        if not self._keep_unknown:
            return None
        return foreign_layout(pgn, payload), source, destination, (payload,), payload

    def _unknown(self, pgn: int, register: int | None, source: int, destination: int, payload: bytes) -> Message | None:
        self.unknown += 1
        layout = self.unknown_kinds.note(pgn, register, source, payload)
        if not self._keep_unknown:
            return None
        return layout, source, destination, layout.decode(payload), payload
