"""What a log says about the bus itself: who sends what how often, how regularly, and how full the bus is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.vecan import bus_load
from gxbridge.core.vecan.bus_load import BITRATE, Carried
from gxbridge.decodelog.words import register_text

GAP_FACTOR = 3.0
"""An interval so many times the usual one is a gap: the freshness rule of the standard messages."""
SETTLED = 5
"""Intervals after which the mean is a fair guess of the usual one."""
SERIES_KEPT = 20_000
"""Different senders and messages that are told apart: more than any bus has, and some ten megabytes."""


def bits_of(size: int) -> float:
    """Bits on the wire of a frame with `size` data bytes, with the usual share of stuff bits."""
    return bus_load.bits_of(Carried(1, size))


class Series:
    """The arrivals of one message from one sender. Intervals in seconds."""

    __slots__ = ("_mean", "_squares", "count", "first", "gaps", "last", "longest", "nominal", "shortest")

    def __init__(self, nominal: float | None) -> None:
        self.nominal = nominal
        self.count = 0
        self.gaps = 0
        self.first = self.last = 0.0
        self.shortest = math.inf
        self.longest = 0.0
        self._mean = self._squares = 0.0

    def arrive(self, t: float) -> None:
        """One message at `t`."""
        self.count += 1
        if self.count == 1:
            self.first = self.last = t
            return
        interval, self.last = t - self.last, t
        usual = self.nominal if self.nominal is not None else self._mean if self.count > SETTLED + 1 else math.inf
        self.gaps += interval > GAP_FACTOR * usual
        self.shortest = min(self.shortest, interval)
        self.longest = max(self.longest, interval)
        # Welford's running mean and sum of squares: stable, and needs no list.
        change = interval - self._mean
        self._mean += change / (self.count - 1)
        self._squares += change * (interval - self._mean)

    @property
    def interval_s(self) -> float | None:
        """Mean interval."""
        return self._mean if self.count > 1 else None

    @property
    def rate(self) -> float | None:
        """Messages per second."""
        return 1 / self._mean if self.count > 1 and self._mean > 0 else None

    @property
    def jitter_s(self) -> float | None:
        """Standard deviation of the intervals."""
        return math.sqrt(self._squares / (self.count - 1)) if self.count > 1 else None


class MessageKey(NamedTuple):
    """One sender's message."""

    bus: str
    source: int
    pgn: int
    vreg: str
    name: str


class BusLoad:
    """Frames and bits of one bus, in all and in its busiest second."""

    __slots__ = ("_second", "_second_bits", "bits", "busiest_bits", "first", "frames", "last")

    def __init__(self, t: float) -> None:
        self.first = self.last = t
        self.frames = 0
        self.bits = self.busiest_bits = 0.0
        self._second = math.floor(t)
        self._second_bits = 0.0

    def frame(self, t: float, size: int) -> None:
        """One frame with `size` data bytes at `t`."""
        bits = bits_of(size)
        self.frames += 1
        self.bits += bits
        self.first, self.last = min(self.first, t), max(self.last, t)
        second = math.floor(t)
        if second != self._second:
            self._second, self._second_bits = second, 0.0
        self._second_bits += bits
        self.busiest_bits = max(self.busiest_bits, self._second_bits)

    @property
    def duration_s(self) -> float:
        return self.last - self.first

    @property
    def load_percent(self) -> float | None:
        """Mean share of 250 kbit/s; None for a log without time."""
        return 100 * self.bits / (BITRATE * self.duration_s) if self.duration_s > 0 else None

    @property
    def busiest_percent(self) -> float | None:
        """Share of 250 kbit/s in the busiest second."""
        return 100 * self.busiest_bits / BITRATE if self.duration_s > 0 else None


class Statistics:
    """Collects from the rows and messages of a log, in bounded memory."""

    def __init__(self) -> None:
        self.series: dict[MessageKey, Series] = {}
        self.buses: dict[str, BusLoad] = {}
        self.not_told_apart = 0
        """Messages beyond the first `SERIES_KEPT` kinds."""

    def frame(self, t: float, bus: str, size: int) -> None:
        """One row of the log; a whole message of more than 8 bytes counts as the frames it took."""
        load = self.buses.get(bus)
        if load is None:
            load = self.buses[bus] = BusLoad(t)
        if size <= 8:
            load.frame(t, size)
        else:
            for _ in range(1 + math.ceil((size - 6) / 7)):
                load.frame(t, 8)

    def message(self, t: float, bus: str, message: Message) -> None:
        """One decoded (or unknown) message."""
        layout, source, _, values, _ = message
        register = values[0] if layout.kind == "write" else layout.register
        vreg = register_text(register) if isinstance(register, int) else ""
        key = MessageKey(bus, source, layout.pgn, vreg, layout.name)
        series = self.series.get(key)
        if series is None:
            if len(self.series) >= SERIES_KEPT:
                self.not_told_apart += 1
                return
            nominal = layout.interval_ms / 1000 if layout.interval_ms else None
            series = self.series[key] = Series(nominal)
        series.arrive(t)

    def rows(self) -> Iterator[tuple[MessageKey, Series]]:
        """Senders and messages in order."""
        for key in sorted(self.series):
            yield key, self.series[key]


def totals(decoders: dict[str, Decoder]) -> dict[str, int]:
    """What all buses together could not decode, by reason; only what happened."""
    sums: dict[str, int] = {}
    for decoder in decoders.values():
        counts = {"unknown messages": decoder.unknown, "other manufacturers' messages": decoder.foreign}
        counts |= {"payloads shorter than their layout": decoder.short, **decoder.errors}
        counts["fast packets not ended at the end of the log"] = decoder.fast.under_way
        for reason, count in counts.items():
            if count:
                sums[reason] = sums.get(reason, 0) + count
    return sums
