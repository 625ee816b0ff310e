"""`gxbridge learn` as a user runs it: captures, boxes and logs, words and JSON, and what cannot be used."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.core.blackbox.box import lines as box_lines
from gxbridge.core.blackbox.recorder import Frozen
from gxbridge.core.capture.remarks import FIRST_LINE, remark
from gxbridge.core.learn.recording import LearnRecording
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import claim
from tests.core.learn.test_candidates import small_boat

RIGHT = {
    ("0x7000", 0): "/System/MinCellTemperature",
    ("0x7000", 16): "/System/MaxCellTemperature",
    ("0x7001", 0): "/ConsumedAmphours",
    ("0x7002", 0): "/Io/AllowToCharge",
}


def learn(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        code = main(["learn", *map(str, arguments)])
    except SystemExit as end:
        code = int(end.code or 0)
    return (code, *capsys.readouterr())


def lines_of(recording: LearnRecording, values: bool = True, frames: bool = True) -> list[str]:
    """A recording as the lines of a capture, in order of time; its long registers left out, as captures do."""
    lines: list[tuple[float, str]] = [(0.0, f"({0.0:.6f}) can0 18EEFF29#D08CC22C00AA46C0\n")]
    for key, series in recording.registers.items():
        for t, raw in zip(series.times, series.raws, strict=True):
            if frames and key.size <= 4:
                body = raw.to_bytes(key.size, "little").hex().upper()
                register = key.register.to_bytes(2, "little").hex().upper()
                lines.append((t, f"({t:.6f}) {key.bus} 1CEFFF{key.source:02X}#6699{register}{body}\n"))
    for path, shown in recording.paths.items():
        for t, value in zip(shown.times, shown.values, strict=True):
            if values:
                lines.append((t, remark({"t": t, "service": path.service, "items": {path.path: value}})))
    return [line for _, line in sorted(lines, key=lambda line: line[0])]


@pytest.fixture(scope="module")
def recording() -> LearnRecording:
    return small_boat()


@pytest.fixture
def capture(tmp_path: Path, recording: LearnRecording) -> Path:
    path = tmp_path / "boat.log.gz"
    path.write_bytes(gzip.compress("".join([FIRST_LINE, *lines_of(recording)]).encode()))
    return path


def test_a_capture_tells_what_its_unknown_registers_say(capsys: pytest.CaptureFixture[str], capture: Path) -> None:
    code, out, err = learn(capsys, capture)
    assert (code, err) == (0, "")
    assert "0x7000 can0 41 Lynx Smart BMS 500, bit 0, u16: certain: /System/MinCellTemperature of com.victron" in out
    assert "raw x 0.01 -273.15" in out
    assert "0x7002 can0 41 Lynx Smart BMS 500, bit 0, raw2: certain: /Io/AllowToCharge" in out
    assert "1 is 1, 2 is 0" in out
    assert "    fit: 0.01 x raw -273.1" in out
    assert out.splitlines()[-1].startswith("4 certain, 0 likely")


def test_json_has_hypothesis_evidence_and_fit(capsys: pytest.CaptureFixture[str], capture: Path) -> None:
    code, out, _ = learn(capsys, capture, "--json")
    said = json.loads(out)
    found = {(one["register"], one["hypothesis"]["offset_bits"]): one for one in said["findings"] if one["hypothesis"]}
    assert code == 0
    assert {place: one["hypothesis"]["path"] for place, one in found.items()} == RIGHT
    one = found["0x7001", 0]
    assert (one["verdict"], one["family"], one["product_id"]) == ("certain", "lynx-smart-bms", 0xA3E5)
    hypothesis = one["hypothesis"]
    assert (hypothesis["scale"], hypothesis["width_bits"], hypothesis["widths_that_fit"]) == (-0.1, 32, [16, 24, 32])
    assert hypothesis["evidence"]["held_out_misses"] == 0
    assert abs(hypothesis["fit"]["slope"] + 0.1) < 1e-3


def test_candidates_are_written_and_never_over_another_file(
    capsys: pytest.CaptureFixture[str], capture: Path, tmp_path: Path
) -> None:
    target = tmp_path / "learned.yaml"
    assert learn(capsys, capture, "-o", target)[0] == 0
    text = target.read_text(encoding="utf-8")
    assert text.count("confidence: CANDIDATE") == 4  # three registers and an enumeration
    assert "found by comparison in boat.log.gz of " in text
    code, _, err = learn(capsys, capture, "-o", target)
    assert code == 2
    assert err == f"gxbridge learn: {target} already exists and is not overwritten\n"


def test_a_log_and_the_values_of_a_capture_beside_it(
    capsys: pytest.CaptureFixture[str], recording: LearnRecording, tmp_path: Path
) -> None:
    log, values = tmp_path / "can.log", tmp_path / "values.log"
    log.write_text("".join(lines_of(recording, values=False)))
    values.write_text("".join([FIRST_LINE, *lines_of(recording, frames=False)]))
    assert "4 certain" in learn(capsys, log, "--values", values)[1]
    code, _, err = learn(capsys, log)
    assert code == 2
    assert "holds no D-Bus values" in err
    assert err.count("\n") == 1


def box_of(recording: LearnRecording) -> bytes:
    """The black box of a service that saw it. The battery service was there before the box begins."""
    boat = BoxedBoat(mode="monitor")
    begin, services = boat.now, {path.service for path in recording.paths}
    for service in services:
        boat.add(service, {"/DeviceInstance": 1, "/ConsumedAmphours": 0.0})
    boat.tick(speaking=False)
    boat.send(claim())
    events: list[tuple[float, Any]] = [
        (
            t,
            (
                0x1CEFFF00 | key.source,
                b"\x66\x99" + key.register.to_bytes(2, "little") + raw.to_bytes(key.size, "little"),
            ),
        )
        for key, series in recording.registers.items()
        for t, raw in zip(series.times, series.raws, strict=True)
        if key.size <= 4
    ]
    events += [
        (t, (path.service, {path.path: value}))
        for path, shown in recording.paths.items()
        for t, value in zip(shown.times, shown.values, strict=True)
    ]
    for t, event in sorted(events, key=lambda event: event[0]):
        boat.now = begin + 1 + t
        if isinstance(event[0], int):
            boat.send(event)
        else:
            boat.bridge.service_changed(*event, boat.now)
    frozen = boat.boxed.keep_now("command", "a test asks", boat.now)
    assert isinstance(frozen, Frozen)
    return b"\n".join(box_lines(frozen, "test", "digest"))


def test_a_black_box_tells_the_same(
    capsys: pytest.CaptureFixture[str], recording: LearnRecording, tmp_path: Path
) -> None:
    box = tmp_path / "box.jsonl.gz"
    box.write_bytes(gzip.compress(box_of(recording)))
    code, out, err = learn(capsys, box, "--json")
    found = [one for one in json.loads(out)["findings"] if one["verdict"] == "certain"]
    assert (code, err) == (0, "")
    assert {(one["register"], one["hypothesis"]["offset_bits"]): one["hypothesis"]["path"] for one in found} == RIGHT
    code, out, err = learn(capsys, box, "--values", box)
    assert (code, out) == (2, "")
    assert "leave --values out" in err
    box.write_bytes(box.read_bytes()[:900])
    code, out, err = learn(capsys, box)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{box}: the file is not a black box or was truncated" in err


def test_known_registers_are_passed_over_until_they_are_hidden(
    capsys: pytest.CaptureFixture[str], recording: LearnRecording, tmp_path: Path
) -> None:
    capture = tmp_path / "known.log"
    text = "".join([FIRST_LINE, *lines_of(recording)])
    capture.write_text(text.replace("#66990070", "#66998603"))  # 0x0386 in place of 0x7000
    assert "0x0386" not in learn(capsys, capture)[1]
    for hidden in ("0x0386,0x2108", "all"):
        assert (
            "0x0386 can0 41 Lynx Smart BMS 500, bit 16, u16: certain: " in learn(capsys, capture, "--hide", hidden)[1]
        )


def test_registers_without_evidence_are_listed_when_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    capture = tmp_path / "quiet.log"
    lines = [f"({t}.000000) can0 1CEFFF29#669900700A\n" for t in range(1, 9)]
    value = remark({"t": 1.0, "service": "com.victronenergy.battery.a", "items": {"/Soc": 5}})
    capture.write_text("".join([FIRST_LINE, value, *lines]))
    code, out, _ = learn(capsys, capture, "--all")
    assert code == 1
    assert "0x7000 can0 41: no evidence: it never changed" in out
    assert "0x7000" not in learn(capsys, capture)[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no D-Bus values"),
        (b"\x1f\x8b\x08\x00 broken", "boat.log"),
        (
            b'# gxbridge capture 1\n# gxbridge {"t": 1, "service": "com.victronenergy.battery.a", "items": {}}\n',
            "no D-Bus",
        ),
        (b"# gxbridge capture 1\n" + b"# gxbridge {not json}\n# gxbridge []\n" * 3, "holds no D-Bus values"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, words: str
) -> None:
    capture = tmp_path / "boat.log"
    capture.write_bytes(content)
    code, out, err = learn(capsys, capture)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_log_that_counts_through_all_registers_ends_with_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    capture = tmp_path / "hostile.log"
    value = remark({"t": 1.0, "service": "com.victronenergy.battery.a", "items": {"/Soc": 5}})
    with capture.open("w") as file:
        file.write(FIRST_LINE + value)
        for register in range(2, 20_000):
            file.write(f"({register}.0) can0 1CEFFF29#6699{register.to_bytes(2, 'little').hex()}01\n")
    code, out, err = learn(capsys, capture)
    assert (code, out) == (2, "")
    assert err == "gxbridge learn: more than 16384 different registers, which no boat has\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a capture"),
        (("/nowhere/boat.log",), "/nowhere/boat.log: No such file"),
        (("x", "--hide", "0xZZ"), "--hide takes registers such as 0x0385"),
        (("x", "--step", "com.victronenergy.battery.a"), "leave FILE out"),
    ],
)
def test_wrong_usage_is_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    code, _, err = learn(capsys, *arguments)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
