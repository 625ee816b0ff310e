"""Messages that the database cannot name: kept visible as raw bytes, each kind with a count, so that users can report
them."""

from __future__ import annotations

from gxbridge.core.nmea2000.database import VREG_HEADER, Layout
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue

KINDS_KEPT = 1024
"""Different unknown messages that are told apart; further ones are only counted by the decoder."""

_RAW = (FieldInfo("raw", "bytes", 0, 0),)


class Unknown:
    """One kind of unknown message: how often it came, from whom last, and what it held then (header included)."""

    __slots__ = ("count", "layout", "payload", "source")

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.count = 0
        self.source = 0
        self.payload = b""


class UnknownKinds(dict[tuple[int, int | None], Unknown]):
    """The first 1024 kinds of unknown messages, by PGN and register."""

    def note(self, pgn: int, register: int | None, source: int, payload: bytes) -> Layout:
        """Count one; returns its layout, of kind "unknown" with one field of raw bytes."""
        kind = self.get((pgn, register))
        if kind is None:
            kind = Unknown(_layout(pgn, register))
            if len(self) < KINDS_KEPT:
                self[pgn, register] = kind
        kind.count += 1
        kind.source = source
        kind.payload = payload
        return kind.layout


def foreign_layout(pgn: int, payload: bytes) -> Layout:
    """The layout of a proprietary message of another manufacturer, whose number stands in its first 11 bits."""
    maker = int.from_bytes(payload[:2], "little") & 0x7FF
    return Layout("unknown", pgn, None, "unknown", f"Proprietary message of manufacturer {maker}", _RAW, _all)


def _layout(pgn: int, register: int | None) -> Layout:
    if register is None:
        return Layout("unknown", pgn, None, "unknown", f"Unknown PGN {pgn}", _RAW, _all)
    title = f"Unknown register 0x{register:04X}"
    return Layout("unknown", pgn, register, "unknown", title, _RAW, _after_header, header=VREG_HEADER)


def _all(payload: bytes) -> tuple[FieldValue, ...]:
    return (payload,)


def _after_header(payload: bytes) -> tuple[FieldValue, ...]:
    return (payload[VREG_HEADER:],)
