"""A real boat's D-Bus values as registers: what its drivers showed is what the frames said some time before.

The values are recorded (see data/README.md); only the registers are made up: layouts at random, packed by hand, with
values in between that a driver which looks once a second never shows.
"""

from __future__ import annotations

import gzip
import json
import random
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gxbridge.core.learn.recording import LearnRecording

BEGIN_S = 1_700_000_000.0
FILE = Path(__file__).parent / "data" / "boat.json.gz"
Series = list[tuple[float, float | None]]


@cache
def services() -> dict[str, dict[str, Series]]:
    """Service -> path -> changes."""
    return json.loads(gzip.decompress(FILE.read_bytes()))


@dataclass
class Made:
    """A field that says a path: where it stands, and how it was made."""

    register: int
    source: int
    offset: int
    scale: float
    service: str
    path: str


def is_decimal(series: Series) -> bool:
    """Whether a register with a decimal scale can say it: a frequency that is computed from a period is not."""
    decimals = decimals_of(series)
    return all(abs(v - round(v, decimals)) < 2e-5 * max(1, abs(v) / 50) for _, v in series if v is not None)


def decimals_of(series: Series) -> int:
    """Decimals that the values have."""
    values = [value for _, value in series if value is not None]
    return next((d for d in range(4) if all(abs(v - round(v, d)) < 2e-5 * max(1, abs(v) / 50) for v in values)), 3)


def recorded_boat(
    seed: int, *, delay_s: float = 3.0, decimals: int | None = None, shown: Any = None, said: Any = None
) -> tuple[LearnRecording, list[Made]]:
    """The boat as a recording. `shown` and `said` choose by (service, path) what is on D-Bus and what is on CAN;
    `decimals`: D-Bus has no more than these."""
    rng = random.Random(seed)
    recording = LearnRecording()
    made: list[Made] = []
    for place, (service, paths) in enumerate(services().items()):
        source, unique = 0x20 + place, int(service.rpartition("uc")[2])
        name = unique | 358 << 21 | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63
        recording.hear(BEGIN_S, "can0", 0x18EEFF00 | source, struct.pack("<Q", name))
        wanted = [
            path for path, series in paths.items() if is_decimal(series) and (said is None or said(service, path))
        ]
        rng.shuffle(wanted)
        while wanted:
            together = [wanted.pop() for _ in range(min(rng.choice((1, 1, 2)), len(wanted)))]
            register = 0x7000 + 64 * place + len(wanted)
            made += _register(recording, rng, register, source, service, together, delay_s)
        for path, series in paths.items():
            if shown is not None and not shown(service, path):
                continue
            for t, value in series:
                kept = value if value is None or decimals is None else round(value, decimals)
                recording.show(BEGIN_S + 10 + t, service, path, kept)
    return recording, made


def _register(
    recording: LearnRecording,
    rng: random.Random,
    register: int,
    source: int,
    service: str,
    paths: list[str],
    delay_s: float,
) -> list[Made]:
    made, events, codes, empty = [], [], [], []
    offset = 0
    for index, path in enumerate(paths):
        series = services()[service][path]
        values = [value for _, value in series if value is not None]
        scale = 10.0 ** -decimals_of(series)
        largest = max(abs(value) for value in values) / scale
        signed = min(values) < 0
        wide = largest > (32000 if signed else 65000) or (len(paths) == 1 and rng.random() < 0.3)
        codes.append(("i" if signed else "I") if wide else ("h" if signed else "H"))
        empty.append((0x7FFFFFFF if signed else 0xFFFFFFFF) if wide else (0x7FFF if signed else 0xFFFF))
        made.append(Made(register, source, offset, scale, service, path))
        offset += 32 if wide else 16
        last = 0.0
        for place, (t, value) in enumerate(series):
            raw = empty[index] if value is None else round(value / scale)
            last = max(last, t + 10 - rng.uniform(0, delay_s) if t else 0.5)
            events.append((last, index, raw))
            following = series[place + 1][0] if place + 1 < len(series) else t
            if value is not None and following - t >= 2 and rng.random() < 0.1 and delay_s == 0:
                # A flicker between two looks of the driver.
                events += [(t + 10.2, index, raw + 1), (t + 10.7, index, raw)]
    if sum(struct.calcsize("<" + code) for code in codes) > 4:
        return _single_values(recording, made, events, codes)
    now = list(empty)
    for t, index, raw in sorted(events, key=lambda event: event[0]):
        now[index] = raw
        body = struct.pack("<" + "".join(codes), *now)
        recording.hear(BEGIN_S + t, "can0", 0x1CEFFF00 | source, b"\x66\x99" + struct.pack("<H", register) + body)
    return made


def _single_values(
    recording: LearnRecording, made: list[Made], events: list[tuple[float, int, int]], codes: list[str]
) -> list[Made]:
    """A register of its own for each, where they do not fit into one frame."""
    for index, one in enumerate(made):
        one.register += 0x800 * index
        one.offset = 0
        for t, whose, raw in sorted(events, key=lambda event: event[0]):
            if whose == index:
                body = struct.pack("<" + codes[index], raw)
                data = b"\x66\x99" + struct.pack("<H", one.register) + body
                recording.hear(BEGIN_S + t, "can0", 0x1CEFFF00 | one.source, data)
    return made
