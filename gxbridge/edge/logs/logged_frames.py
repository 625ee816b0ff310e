"""The rows of a log as frames to play: on a time that never goes back, of no more buses than there can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.log_play import LoggedFrame
from gxbridge.edge.logs.reader import LogReader
from gxbridge.edge.logs.steady_clock import UNTIMED_PER_S, SteadyClock

MOST_BUSES: Final = 64


def logged_frames(reader: LogReader) -> Iterator[LoggedFrame]:
    """Every frame of a log; the first is at second 1."""
    clock, buses = SteadyClock(), set[str]()
    first: float | None = None
    for number, (t, bus, can_id, data) in enumerate(reader):
        if not reader.timed:
            t = number / UNTIMED_PER_S
        steady = clock.at(t)
        first = steady if first is None else first
        if bus in buses or len(buses) < MOST_BUSES:
            buses.add(bus)
            now = 1.0 + steady - first
            yield LoggedFrame(now, t - now, bus, can_id, data)
