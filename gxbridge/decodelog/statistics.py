"""What a log says about the bus itself: who sends what how often, how regularly, and how full the bus is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gxbridge.core.channels.vebus.mk2_rows import MK2_FRAME
from gxbridge.core.nmea2000.database import Layout
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.fast_packet import frames_of
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import MAX_DATA, WHOLE
from gxbridge.core.vecan import bus_load
from gxbridge.core.vecan.bus_load import BITRATE, Carried
from gxbridge.decodelog.words import register_text
from gxbridge.edge.logs.steady_clock import SteadyClock

GAP_FACTOR = 3.0
"""An interval so many times the usual one is a gap: the freshness rule of the standard messages."""
SETTLED = 5
"""Intervals after which the mean is a fair guess of the usual one."""
SERIES_KEPT = 20_000
"""Different senders and messages that are told apart: more than any bus has, and some ten megabytes."""


@lru_cache(maxsize=2 * MAX_DATA)
def bits_of(size: int) -> float:
    """Bits on the wire of a frame with `size` data bytes, with the usual share of stuff bits."""
    return bus_load.bits_of(Carried(1, size))


class Series:
    """The arrivals of one message from one sender. Intervals in seconds."""

    __slots__ = ("_intervals", "_mean", "_span", "_squares", "count", "gaps", "last", "longest", "nominal", "shortest")

    def __init__(self, nominal: float | None) -> None:
        self.nominal = nominal
        self.count = 0
        self.gaps = 0
        self.last = 0.0
        self.shortest = math.inf
        self.longest = 0.0
        self._mean = self._squares = 0.0
        self._intervals = self._span = 0

    def arrive(self, t: float, span: int) -> None:
        """One message at `t`; between two spans the recorder's clock was set, so that no interval is known."""
        self.count += 1
        if span != self._span:
            self._span, self.last = span, t
            return
        interval, self.last = t - self.last, t
        self._intervals += 1
        usual = self.nominal if self.nominal is not None else self._mean if self._intervals > SETTLED else math.inf
        self.gaps += interval > GAP_FACTOR * usual
        if interval < self.shortest:
            self.shortest = interval
        if interval > self.longest:
            self.longest = interval
        # Welford's running mean and sum of squares: stable, and needs no list.
        change = interval - self._mean
        self._mean += change / self._intervals
        self._squares += change * (interval - self._mean)

    @property
    def has_intervals(self) -> bool:
        return self._intervals > 0

    @property
    def interval_s(self) -> float | None:
        """Mean interval."""
        return self._mean if self._intervals else None

    @property
    def rate(self) -> float | None:
        """Messages per second."""
        return 1 / self._mean if self._mean > 0 else None

    @property
    def jitter_s(self) -> float | None:
        """Standard deviation of the intervals."""
        return math.sqrt(self._squares / self._intervals) if self._intervals else None


class MessageKey(NamedTuple):
    """One sender's message."""

    bus: str
    source: int
    pgn: int
    vreg: str
    name: str


class BusLoad:
    """Frames and bits of one bus, in all and in its busiest second."""

    __slots__ = ("_first", "_second", "_second_bits", "bits", "busiest_bits", "clock", "frames")

    def __init__(self, t: float) -> None:
        self.clock = SteadyClock()
        self._first = self.clock.at(t)
        self.frames = 0
        self.bits = self.busiest_bits = 0.0
        self._second = math.floor(t)
        self._second_bits = 0.0

    def frame(self, t: float, bits: float) -> None:
        """One frame at `t`, which the recorder's clock told, with its bits on the wire."""
        self.frames += 1
        self.bits += bits
        second = math.floor(self.clock.at(t))
        if second != self._second:
            self._second, self._second_bits = second, 0.0
        self._second_bits += bits
        if self._second_bits > self.busiest_bits:
            self.busiest_bits = self._second_bits

    @property
    def duration_s(self) -> float:
        return self.clock.now - self._first

    @property
    def load_percent(self) -> float | None:
        """Mean share of 250 kbit/s; None for a log without time, or of no CAN bus."""
        return 100 * self.bits / (BITRATE * self.duration_s) if self.duration_s > 0 and self.bits else None

    @property
    def busiest_percent(self) -> float | None:
        """Share of 250 kbit/s in the busiest second; where seconds begin is chance, so never less than the mean."""
        mean = self.load_percent
        return None if mean is None else max(mean, 100 * self.busiest_bits / BITRATE)


class Statistics:
    """Collects from the rows and messages of a log, in bounded memory."""

    def __init__(self) -> None:
        self.series: dict[MessageKey, Series] = {}
        self._found: dict[tuple[str, int, Layout, FieldValue], Series] = {}
        """Those of `series` by what a message has at hand."""
        self.buses: dict[str, BusLoad] = {}
        self.not_told_apart = 0
        """Messages beyond the first `SERIES_KEPT` kinds."""

    def frame(self, t: float, bus: str, can_id: int, size: int) -> None:
        """One row of the log; a whole message counts as the frames it took."""
        load = self.buses.get(bus)
        if load is None:
            load = self.buses[bus] = BusLoad(t)
        if can_id < WHOLE:
            load.frame(t, bits_of(size))
            return
        if can_id >= MK2_FRAME:  # no CAN bus
            load.frame(t, 0.0)
            return
        frames = frames_of(can_id, size)
        for _ in range(frames):
            load.frame(t, bits_of(size if frames == 1 else MAX_DATA))

    def message(self, bus: str, message: Message) -> None:
        """One decoded (or unknown) message of the row that was counted last."""
        layout, source, _, values, _ = message
        register = values[0] if layout.kind == "write" else layout.register
        series = self._found.get((bus, source, layout, register)) or self._find(bus, source, layout, register)
        if series is None:
            self.not_told_apart += 1
            return
        clock = self.buses[bus].clock
        series.arrive(clock.now, clock.spans)

    def _find(self, bus: str, source: int, layout: Layout, register: FieldValue) -> Series | None:
        """The series of a message, begun if need be; None where there is no room for more."""
        vreg = register_text(register) if isinstance(register, int) else ""
        key = MessageKey(bus, source, layout.pgn, vreg, layout.name)
        series = self.series.get(key)
        if series is None:
            if len(self.series) >= SERIES_KEPT:
                return None
            nominal = layout.interval_ms / 1000 if layout.interval_ms else None
            series = self.series[key] = Series(nominal)
        if len(self._found) >= SERIES_KEPT:  # layouts of unknown messages can be many
            self._found.clear()
        self._found[bus, source, layout, register] = series
        return series

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
