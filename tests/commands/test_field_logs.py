"""Small logs of the kinds that people have, each with what is right for it: `tests/edge/logs/field/`.

They were cut from, or made like, recordings that were met in canboat's samples, forums and issues; `why` of a case in
`cases.json` says from where. Frames of a log are compared with what `decode` says, and with what a replay hands on.
"""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import pytest

from gxbridge import cli
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.edge.logs.replay import ReplaySource, ReplaySpec

FOLDER = Path(__file__).parent.parent / "edge" / "logs" / "field"
CASES = {case["file"]: case for case in json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))}

Message = dict[str, Any]


def decoded(capsys: pytest.CaptureFixture[str], name: str) -> tuple[int, list[Message], str]:
    """Exit code, messages and standard error of `gxbridge decode --format json`."""
    code = cli.main(["decode", str(FOLDER / name), "--format", "json"])
    out, error = capsys.readouterr()
    return code, [json.loads(line) for line in out.splitlines()], error


def value(message: Message, name: str) -> object:
    """A value by name; the number of an enumeration."""
    found = message["values"][name]
    return found["value"] if isinstance(found, dict) else found


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case["expect"], dict)])
def test_a_log_gives_the_values_that_are_right_for_it(capsys: pytest.CaptureFixture[str], name: str) -> None:
    expected = CASES[name]["expect"]
    code, messages, error = decoded(capsys, name)
    assert code == expected.get("exit", 0), error
    assert messages
    for message in messages:
        for key, right in expected["each"].items():
            assert (message[key] if key in message else value(message, key)) == right
    if "t" in expected:
        assert [message["t"] for message in messages] == pytest.approx(expected["t"], abs=2e-6)


# name, exit code, registers or PGNs of its messages, what is counted on standard error
COUNTED = [
    ("01-fast-header.raw", 0, [127507, 126208, 126998, "0x0109"], "4 messages"),
    ("03-replay-short.act", 0, ["0x0109", 127507, 126208, 126998], "4 messages"),
    ("04-logging-line.log", 1, ["0x0390"] * 4, "1 line not parsed"),
    ("08-comments.log", 0, ["0x0390"] * 4, "4 messages decoded, 0 fast packets incomplete\n"),
    ("10-pseudo-pgn.raw", 0, [127508], "1 line without a data frame"),
    ("11-bom.log", 0, ["0x0390"] * 4, "4 messages"),
    ("13-ok.log.xz", 0, ["0x0390"] * 4, "4 messages"),
    ("17-product-132.raw", 0, [126996], "1 message"),
    ("18-asc-counts.asc", 0, ["0x0390"] * 2, "1 line without a data frame"),
    ("40-size0.blf", 1, ["0x0390"] * 2, "an object of 0 bytes"),
    ("42-ok.blf", 0, ["0x0390"] * 3, "3 messages"),
]


@pytest.mark.parametrize(("name", "code", "subjects", "counted"), COUNTED)
def test_every_line_is_a_message_a_remark_or_counted(
    capsys: pytest.CaptureFixture[str], name: str, code: int, subjects: list[object], counted: str
) -> None:
    found, messages, error = decoded(capsys, name)
    assert (found, [message["vreg"] or message["pgn"] for message in messages]) == (code, subjects)
    assert counted in error


def test_messages_of_a_log_that_says_it_holds_whole_ones(capsys: pytest.CaptureFixture[str]) -> None:
    charger, request, texts, _ = decoded(capsys, "01-fast-header.raw")[1]
    names = ("instance", "battery_instance", "operating_state", "charge_mode")
    assert [value(charger, name) for name in names] == [0, 6, 1, 3]
    assert (request["destination"], value(request, "function_code"), value(request, "pgn")) == (35, 0, 126996)
    assert set(texts["values"].values()) == {""}


def test_product_information_without_its_last_two_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    (message,) = decoded(capsys, "17-product-132.raw")[1]
    names = ("nmea2000_version", "product_code", "model_id", "software_version", "serial_code")
    right = [1.004, 10999, "RX80    _EXAMPLE", "01000_E 0210", "012345#"]
    assert [value(message, name) for name in names] == right
    assert (message["values"]["certification_level"], message["values"]["load_equivalency"]) == (None, None)


def test_statistics_of_a_log_whose_clock_went_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["decode", str(FOLDER / "15-stats-clock-back.log"), "--stats", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (bus,), (series,) = found["buses"], found["messages"]
    assert bus["duration_s"] == pytest.approx(4.0)
    assert bus["busiest_second_percent"] >= bus["load_percent"]
    assert (series["rate"], series["interval_s"], series["jitter_s"]) == pytest.approx((1.0, 1.0, 0.0))
    assert (series["shortest_s"], series["longest_s"], series["gaps"]) == (1.0, 1.0, 0)


@pytest.mark.parametrize("name", CASES)
def test_a_replay_hands_on_the_messages_that_decode_shows(capsys: pytest.CaptureFixture[str], name: str) -> None:
    decoder, heard = Decoder(keep_unknown=True), list[tuple[int, int, str]]()

    def take(frames: list[tuple[float, int, bytes]]) -> None:
        for at, can_id, data in frames:
            message = decoder.feed(can_id, data, at)
            if message is not None:
                heard.append((message[0].pgn, message[1], message[4].hex()))

    async def play() -> None:
        source = ReplaySource(ReplaySpec(str(FOLDER / name), math.inf), lambda bus: take)
        await source.start()
        await source.ended()
        await source.close()

    asyncio.run(play())
    shown = [(message["pgn"], message["source"], message["raw"]) for message in decoded(capsys, name)[1]]
    assert heard == shown
    assert heard
