"""The way of a log through readers, fast packets, decoder and JSON lines, under inputs that look for trouble."""

from __future__ import annotations

import io
import json

import pytest

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import EncodeError, encode
from gxbridge.core.nmea2000.fast_packet import MAX_OPEN
from gxbridge.decodelog.jsonlines import JsonLines
from gxbridge.decodelog.progress import Progress
from gxbridge.decodelog.statistics import Statistics
from gxbridge.decodelog.stream import Output, Stream
from gxbridge.edge.logs.reader import LogError, LogReader
from tests.fuzz.guided import explore

DB = database()

CANDUMP = b"""\
(100.000000) can0 18EEFF29#D08CC22C00AA46C0
(100.100000) can0 1CEFFF29#6699000100E5A300
(100.200000) can0 19F21229#200911000063FF40
(100.210000) can0 19F21229#2138FFFFFFFFFFFF
(100.300000) can0 19F21329#010223F70A00FFFF
(100.400000) can0 1CEF4020#669901000201FFFF
(100.500000) can1 1CEF4020#6699140264000000
(100.600000) can0 1DEFFF29#A00D66996021496E
(100.700000) can0 1DEFFF29#A176657274657200
"""
SCREEN = b"  can0  1CEFFF24   [8]  66 99 FF 0F 10 27 00 00\n (000.009) can0 18EEFF24 [8] D0 8C C2 2C 00 AA 46 C0\n"
CANBOAT = b"2026-11-22T10:00:00.000Z,6,127506,41,255,11,11,00,00,63,ff,40,38,ff,ff,05,00\n"
ACTISENSE = b"A173321.107 23FF7 1F513 012F3070002F30709F\n"
YACHT = b"17:33:21.107 R 19F51323 01 2F 30 70 00 2F 30 70\n"

FRAME_SEEDS = [
    b"".join(bytes((len(data),)) + can_id.to_bytes(4, "big") + b"\1" + data for can_id, data in frames)
    for frames in (
        [(0x1CEFFF29, bytes.fromhex("6699FF0F10270000")), (0x1CEF4020, bytes.fromhex("669901000201FFFF"))],
        [(0x19F21229, bytes.fromhex("200911000063FF40")), (0x19F21229, bytes.fromhex("2138FFFFFFFFFFFF"))],
        [(0x1DEFFF29, bytes.fromhex("401066990A014851")), (0x1DEFFF29, bytes.fromhex("4132313330325655"))],
        [(0x18EEFF29, bytes.fromhex("D08CC22C00AA46C0")), (0x1CEFFF29, bytes.fromhex("6699000100E5A300"))],
        [
            (0x19F21329, bytes.fromhex("000601022 3F70A00".replace(" ", ""))),
            (0x19F01629, bytes.fromhex("000A0701426F6174")),
        ],
    )
]


def frames_of(data: bytes) -> list[tuple[int, bytes, int]]:
    """Size, identifier, time step and data of each frame, as long as the input lasts."""
    found = []
    while len(data) >= 6:
        size = data[0] % 12
        found.append((int.from_bytes(data[1:5], "big") & 0x3FFFFFFF, data[6 : 6 + size], data[5]))
        data = data[6 + size :]
    return found


def test_frames_of_any_kind() -> None:
    def run(data: bytes) -> None:
        decoder = Decoder(DB, keep_unknown=True)
        lines, now = JsonLines(DB), 0.0
        for can_id, part, step in frames_of(data):
            now += step / 100
            message = decoder.feed(can_id, part, now)
            if message is None:
                continue
            json.loads(lines.line(now, "can0", message))
            layout, _, _, values, payload = message
            if layout.kind in ("pgn", "vreg"):
                assert values == layout.read(payload)
                try:
                    again = encode(layout, dict(zip((field.name for field in layout.fields), values, strict=True)))
                except EncodeError:
                    continue
                assert layout.read(again) == values
        assert decoder.fast.under_way <= MAX_OPEN

    first, reached = explore(run, FRAME_SEEDS, 2500, ["gxbridge/core/", "gxbridge/decodelog/"])
    assert reached > first


@pytest.mark.parametrize(
    "seed", [CANDUMP, SCREEN, CANBOAT, ACTISENSE, YACHT], ids=["candump", "screen", "canboat", "actisense", "yacht"]
)
def test_logs_of_any_kind(seed: bytes) -> None:
    def run(data: bytes) -> None:
        page = io.StringIO()
        try:
            reader = LogReader(io.BytesIO(data), "log")
        except LogError:
            return
        stream = Stream(DB, None, Progress(io.StringIO(), None, False))
        stream.write(reader, JsonLines(DB), Output(page))
        for line in page.getvalue().splitlines():
            json.loads(line)
        try:
            Stream(DB, None, Progress(io.StringIO(), None, False)).count(
                LogReader(io.BytesIO(data), "log"), Statistics()
            )
        except LogError:
            raise AssertionError("readable once, not twice") from None

    first, reached = explore(run, [seed], 500, ["gxbridge/core/", "gxbridge/decodelog/", "gxbridge/edge/log"])
    assert reached > first


def test_a_byte_of_three_digits_is_a_broken_line() -> None:
    # Found by this fuzzer.
    reader = LogReader(io.BytesIO(CANBOAT.replace(b"05,00", b"0500") + CANBOAT), "log")
    assert len(list(reader)) == 1
    assert reader.bad_lines == 1


@pytest.mark.parametrize("form", ["candump", "candump-text", "canboat", "actisense", "yacht-devices"])
def test_long_broken_lines_are_read_in_one_go(form: str) -> None:
    # An expression that tries every way of cutting such a line never ends: found by this fuzzer.
    lines = [
        b"2026-11-22T10:00:00.000Z,6,16,41,255,11," + b"f" * 30_000 + b"x",
        b"  can0  1CEFFF24   [8]  66" + b" " * 30_000 + b"x",
        b"A173321.107 23FF7 1F513 " + b"01" * 15_000 + b"x",
        b"(1.0) can0 1CEFFF29#" + b"66." * 10_000 + b"x",
        b"17:33:21.107 R 19F51323" + b" " * 30_000 + b"x",
        b"(" + b"1" * 30_000,
        b" " * 30_000 + b"x",
    ]
    reader = LogReader(io.BytesIO(b"\n".join(lines)), "log", form)
    assert list(reader) == []
    assert reader.bad_lines + reader.skipped == len(lines)
