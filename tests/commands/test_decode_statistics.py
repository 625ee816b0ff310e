"""Rates, jitter, gaps and bus load."""

from __future__ import annotations

import math
import statistics as plain
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.decodelog import report
from gxbridge.decodelog import statistics as module
from gxbridge.decodelog.statistics import BusLoad, Series, Statistics, bits_of, totals


def test_a_full_bus_carries_about_1800_frames_of_8_bytes_a_second() -> None:
    assert 1750 < module.BITRATE / bits_of(8) < 1850


def test_the_load_of_one_second() -> None:
    load = BusLoad(10.0)
    for number in range(181):
        load.frame(10.0 + number / 180, bits_of(8))
    assert load.load_percent == pytest.approx(10, abs=0.2)
    assert load.busiest_percent == pytest.approx(10, abs=0.2)
    assert load.frames == 181


def test_the_busiest_second_stands_out() -> None:
    load = BusLoad(0.0)
    for t in (0.0, 5.0, 5.1, 5.2, 9.0):
        load.frame(t, bits_of(8))
    assert load.busiest_bits == pytest.approx(3 * bits_of(8))


def test_a_log_without_time_has_no_load() -> None:
    load = BusLoad(0.0)
    load.frame(0.0, bits_of(8))
    load.frame(0.0, bits_of(8))
    assert load.load_percent is None
    assert load.busiest_percent is None


@given(st.lists(st.floats(0.001, 10), min_size=2, max_size=50))
def test_mean_and_jitter_are_the_usual_ones(intervals: list[float]) -> None:
    series, t = Series(None), 0.0
    series.arrive(t, 1)
    times = [t]
    for interval in intervals:
        t += interval
        times.append(t)
        series.arrive(t, 1)
    steps = [after - before for before, after in pairwise(times)]
    assert series.interval_s == pytest.approx(plain.fmean(steps))
    assert series.jitter_s == pytest.approx(plain.pstdev(steps), abs=1e-6)
    assert series.rate == pytest.approx(1 / plain.fmean(steps))
    assert (series.shortest, series.longest) == (min(steps), max(steps))


def test_one_message_has_no_interval() -> None:
    series = Series(None)
    series.arrive(5.0, 1)
    assert (series.interval_s, series.rate, series.jitter_s, series.gaps) == (None, None, None, 0)
    series.arrive(5.0, 1)
    assert series.rate is None, "two at once have no rate"


def test_a_gap_is_three_nominal_intervals() -> None:
    series = Series(1.5)
    for t in (0.0, 1.5, 6.0, 10.6):
        series.arrive(t, 1)
    assert series.gaps == 1


def test_without_a_nominal_interval_the_usual_one_counts_after_a_while() -> None:
    series = Series(None)
    for t in (0, 10, 11, 12, 13, 14, 15, 16, 25, 26):
        series.arrive(float(t), 1)
    assert series.gaps == 1
    assert math.isfinite(series.shortest)


def fed(*frames: str) -> tuple[Statistics, dict[str, Decoder]]:
    collected, decoder = Statistics(), Decoder(keep_unknown=True)
    for number, frame in enumerate(frames):
        can_id, _, data = frame.partition("#")
        payload = bytes.fromhex(data)
        collected.frame(float(number), "can0", int(can_id, 16), len(payload))
        message = decoder.feed(int(can_id, 16), payload, float(number))
        if message is not None:
            collected.message("can0", message)
    return collected, {"can0": decoder}


def test_series_are_told_apart_by_sender_and_message() -> None:
    collected, _ = fed(
        "1CEFFF29#6699FF0F10270000",
        "1CEFFF2A#6699FF0F10270000",
        "1CEFFF29#6699FF0F0F270000",
        "1CEF4029#6699FF0F0F270000",
    )
    assert [(key.source, key.vreg, key.name, series.count) for key, series in collected.rows()] == [
        (0x29, "0x0FFF", "VE_REG_SOC", 2),
        (0x29, "0x0FFF", "VREG write", 1),
        (0x2A, "0x0FFF", "VE_REG_SOC", 1),
    ]


def test_a_whole_message_counts_as_the_frames_it_took() -> None:
    collected = Statistics()
    collected.frame(0.0, "can0", 0x19F01429 | WHOLE, 134)
    assert collected.buses["can0"].frames == 20
    collected.frame(1.0, "can0", 0x19F01429, 8)
    assert collected.buses["can0"].frames == 21
    collected.frame(2.0, "can0", 0x19F21329 | WHOLE, 6)
    assert collected.buses["can0"].frames == 22
    collected.frame(3.0, "can0", 0x19F50C29 | WHOLE, 8)
    assert collected.buses["can0"].frames == 23, "a PGN of single frames"
    collected.frame(3.0, "can0", 0x19F21229 | WHOLE, 8)
    assert collected.buses["can0"].frames == 25, "eight bytes are two frames of a fast packet"


def test_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SERIES_KEPT", 2)
    collected, decoders = fed(*(f"1CEFFF{source:02X}#6699FF0F10270000" for source in range(5)))
    assert len(collected.series) == 2
    assert collected.not_told_apart == 3
    assert "and 3 messages of further kinds" in list(report.as_text(collected, decoders))


def test_only_what_happened_is_told() -> None:
    _, decoders = fed("1CEFFF29#6699FF0F10270000")
    assert totals(decoders) == {}
    _, decoders = fed("1CEFFF29#66", "1CEFFF29#E598000000000000", "19F21229#0009000000000000")
    assert totals(decoders) == {
        "other manufacturers' messages": 2,
        "fast packets not ended at the end of the log": 1,
    }


def test_a_report_of_nothing_has_its_heads() -> None:
    lines = list(report.as_text(Statistics(), {}))
    assert lines[1].split()[:3] == ["bus", "source", "message"]


def test_a_report_names_what_was_not_decoded() -> None:
    collected, decoders = fed("1CEFFF29#6699349901020304", "1CEFFF29#6699349901020304", "19F21429#")
    lines = list(report.as_text(collected, decoders))
    assert "       2  Unknown register 0x9934, 41, 66 99 34 99 01 02 03 04" in lines
    assert "       1  payloads too short" in lines


def test_a_log_without_time_says_so() -> None:
    collected, decoders = Statistics(), {}
    collected.frame(0.0, "can0", 0x19F50C29, 8)
    assert "unknown (no time in the log, or no CAN bus)" in next(report.as_text(collected, decoders))
