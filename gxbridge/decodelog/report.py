"""The statistics of a log as a table to read, or as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.decodelog.statistics import MessageKey, Series, Statistics, totals
from gxbridge.decodelog.words import register_text

_HEADS = ("bus", "source", "message", "count", "rate 1/s", "interval s", "jitter s", "longest s", "gaps")


def as_text(statistics: Statistics, decoders: dict[str, Decoder]) -> Iterator[str]:
    """Lines of the report."""
    for bus, load in sorted(statistics.buses.items()):
        mean, busiest = _percent(load.load_percent), _percent(load.busiest_percent)
        frames = f"{load.frames} frames in {load.duration_s:.3f} s"
        yield f"{printable(bus)}: {frames}, bus load {mean}, busiest second {busiest}"
    yield ""
    table = [_HEADS, *(_cells(key.bus, key.source, _subject(key), series) for key, series in statistics.rows())]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADS))]
    for row in table:
        yield "  ".join(
            cell.ljust(width) if column in (0, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    if statistics.not_told_apart:
        yield f"and {statistics.not_told_apart} messages of further kinds"
    unknown = [kind for decoder in decoders.values() for kind in decoder.unknown_kinds.values()]
    if unknown:
        yield ""
        yield "unknown messages (count, what, last sender, last payload):"
        for kind in sorted(unknown, key=lambda kind: -kind.count):
            yield f"{kind.count:8}  {kind.layout.title}, {kind.source}, {kind.payload.hex(' ')}"
    errors = totals(decoders)
    if errors:
        yield ""
        yield "not decoded:"
        yield from (f"{count:8}  {reason}" for reason, count in errors.items())


def as_object(statistics: Statistics, decoders: dict[str, Decoder]) -> dict[str, Any]:
    """The same for programs: seconds, messages per second, percent; None where a log cannot tell."""
    return {
        "buses": [
            {
                "bus": bus,
                "frames": load.frames,
                "duration_s": load.duration_s,
                "load_percent": load.load_percent,
                "busiest_second_percent": load.busiest_percent,
            }
            for bus, load in sorted(statistics.buses.items())
        ],
        "messages": [
            {
                "bus": key.bus,
                "source": key.source,
                "pgn": key.pgn,
                "vreg": key.vreg or None,
                "name": key.name,
                "count": series.count,
                "rate": series.rate,
                "interval_s": series.interval_s,
                "jitter_s": series.jitter_s,
                "shortest_s": series.shortest if series.has_intervals else None,
                "longest_s": series.longest if series.has_intervals else None,
                "gaps": series.gaps,
            }
            for key, series in statistics.rows()
        ],
        "unknown": [
            {
                "bus": bus,
                "pgn": kind.layout.pgn,
                "vreg": None if kind.layout.register is None else register_text(kind.layout.register),
                "count": kind.count,
                "last_source": kind.source,
                "last_payload": kind.payload.hex(),
            }
            for bus, decoder in sorted(decoders.items())
            for kind in decoder.unknown_kinds.values()
        ],
        "not_decoded": totals(decoders),
    }


def _percent(share: float | None) -> str:
    return "unknown (no time in the log, or no CAN bus)" if share is None else f"{share:.1f} %"


def _subject(key: MessageKey) -> str:
    return f"{key.vreg or key.pgn} {key.name.removeprefix('VE_REG_')}"


def _cells(bus: str, source: int, subject: str, series: Series) -> tuple[str, ...]:
    def seconds(value: float | None) -> str:
        return "" if value is None else f"{value:.3f}"

    longest = series.longest if series.has_intervals else None
    numbers = (seconds(series.rate), seconds(series.interval_s), seconds(series.jitter_s), seconds(longest))
    return (printable(bus), str(source), subject, str(series.count), *numbers, str(series.gaps))
