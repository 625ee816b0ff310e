"""Which messages are wanted: by sender, PGN, register, device, time."""

from __future__ import annotations

from dataclasses import dataclass

from gxbridge.core.nmea2000.database import ADDRESS_CLAIM_PGN
from gxbridge.core.nmea2000.decoder import PRODUCT_INFO_PGN, Decoder, Message
from gxbridge.core.nmea2000.field import text

EPOCH_S = 1e8
"""A time limit from here on (1973) is a date, one below counts from the log's first frame."""

OUT_OF_ORDER_S = 10.0
"""Rows of several buses may stand in a log a little out of order."""

SERIAL_REGISTER = 0x010A
_SERIAL_CODE = slice(100, 132)
"""Where PGN 126996 has the serial code."""


def whole_number(written: str) -> int:
    """A number in decimal or with 0x in hexadecimal. Raises ValueError."""
    return int(written, 16) if written.lower().startswith("0x") else int(written, 10)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An empty set wants all. `devices` are unique numbers, product ids (0x...) or serials, in lower case."""

    sources: frozenset[int] = frozenset()
    pgns: frozenset[int] = frozenset()
    vregs: frozenset[int] = frozenset()
    devices: frozenset[str] = frozenset()
    from_s: float | None = None
    to_s: float | None = None

    @property
    def everything(self) -> bool:
        return self == Wanted()


class Filter:
    """Decides message by message. A device is known by its address only after it has said who it is."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._start: float | None = None
        self._names: dict[tuple[str, int], dict[str, str]] = {}

    def passes(self, t: float, bus: str, message: Message, decoder: Decoder) -> bool:
        """Whether the message is wanted. Must see all messages, in order, after `over` has seen their rows."""
        wanted = self._wanted
        layout, source, _, values, _ = message
        if wanted.devices:
            self._learn(bus, message)
        if not self.in_time(t):
            return False
        if wanted.sources and source not in wanted.sources:
            return False
        if wanted.pgns and layout.pgn not in wanted.pgns:
            return False
        if wanted.vregs:
            about = values[0] if layout.kind in ("request", "ack", "write") else layout.register
            if about not in wanted.vregs and layout.register not in wanted.vregs:
                return False
        return not wanted.devices or not wanted.devices.isdisjoint(self._known(bus, source, decoder))

    def over(self, t: float) -> bool:
        """Whether nothing from `t` on can be wanted (a log may be a little out of order). The first call tells when
        the log begins."""
        if self._start is None:
            self._start = t
        limit = self._limit(self._wanted.to_s)
        return limit is not None and t > limit + OUT_OF_ORDER_S

    def in_time(self, t: float) -> bool:
        """Whether `t` is in the wanted part of the log."""
        first, last = self._limit(self._wanted.from_s), self._limit(self._wanted.to_s)
        return (first is None or t >= first) and (last is None or t <= last)

    def _limit(self, seconds: float | None) -> float | None:
        if seconds is None or seconds >= EPOCH_S:
            return seconds
        return None if self._start is None else self._start + seconds

    def _learn(self, bus: str, message: Message) -> None:
        layout, source, _, values, payload = message
        names = self._names.setdefault((bus, source), {})
        if layout.kind == "pgn" and layout.pgn == ADDRESS_CLAIM_PGN:
            unique = str(int.from_bytes(payload[:4], "little") & 0x1FFFFF)
            if names.get("unique") != unique:
                names.clear()
            names["unique"] = unique
        elif layout.kind == "pgn" and layout.pgn == PRODUCT_INFO_PGN and (code := text(payload[_SERIAL_CODE])):
            names["code"] = code.lower()
        elif layout.kind == "vreg" and layout.register == SERIAL_REGISTER and isinstance(values[0], str):
            names["serial"] = values[0].lower()

    def _known(self, bus: str, source: int, decoder: Decoder) -> set[str]:
        names = self._names.get((bus, source), {})
        known = {word for name in names.values() for word in (name, *name.split())}
        product = decoder.product(source)
        return known if product is None else known | {f"0x{product:04x}"}
