"""`gxbridge explain --log`: a recorded log, or a black box, as a timeline."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.edge.box_files import packed
from tests.commands.test_blackbox import MOST, frozen_boat
from tests.core.boat import CCL, PRODUCT, claim
from tests.core.test_log_play import a_log, frame, speaking


def written(path: Path, frames: object) -> Path:
    lines = [f"({now + epoch:.6f}) {bus} {can_id:08X}#{data.hex()}" for now, epoch, bus, can_id, data in frames]  # type: ignore[attr-defined]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return written(tmp_path / "boat.log", [*a_log(), *speaking(32.0, **{f"r{CCL}": 200}), frame(33.0, claim())])


def explained(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert cli.main(["explain", "--log", *map(str, arguments)]) == code
    return capsys.readouterr().out


def test_a_log_is_a_timeline_of_limits_with_reasons(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys, log).splitlines()
    assert "2023-11-14T22:13:52.020000+00:00  limit    CCL 20 A: said by the Lynx Smart BMS 500." in lines
    assert any(line.endswith("value    uc167120: 26.4 V, 10 A, 22.2 °C, 3.35 V, 3.39 V, 99.2 %") for line in lines)


def test_what_has_no_words_ends_without_a_colon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = written(tmp_path / "nobody.log", [frame(t / 10, claim()) for t in range(30)])
    lines = explained(capsys, nobody).splitlines()
    assert any(line.endswith("bms      state none") for line in lines)
    assert not any(line.rstrip().endswith(":") for line in lines)


def test_the_same_as_csv_and_as_json(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(explained(capsys, log, "--csv", "--tz", "+02:00", "--every", "10"))))
    lowered = [row for row in rows if (row["kind"], row["name"]) == ("limit", "CCL")][1]
    assert (lowered["t"], lowered["value"]) == ("2023-11-15T00:13:52.020000+02:00", "20.0")
    assert sum(row["name"] == "voltage_v" for row in rows) == 4
    objects = [json.loads(line) for line in explained(capsys, log, "--json").splitlines()]
    assert [row["value"] for row in objects if row["name"] == "CCL"] == [200.0, 20.0]


def test_the_users_limits_hold_and_control_is_only_watched(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text("dvcc:\n  mode: control\n  settings:\n    max_charge_current_a: 15\n")
    out = explained(capsys, log, "--config", config)
    assert "CCL 15 A" in out
    assert "effective monitor" in out


def test_a_recording_that_does_not_say_who_speaks_is_explained_with_what_is_assumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = written(tmp_path / "middle.log", speaking(1.0, without=[PRODUCT]))
    assert cli.main(["explain", "--log", str(log)]) == 0
    captured = capsys.readouterr()
    assert "CCL 200 A: said by the Lynx Smart BMS 500." in captured.out
    assert "address 41 on can0 speaks as a Lynx Smart BMS; its unique number and product" in captured.err


def test_a_black_box_gives_the_same_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = tmp_path / "box"
    box.write_bytes(packed(frozen_boat(), "0.1", "digest", MOST))
    out = explained(capsys, box)
    assert "alarm bms-silent: Lynx Smart BMS 500 is silent" in out
    assert "limit    com.victronenergy.solarcharger.ttyO2: Charge current 0 A" in out
    explained(capsys, box, "--config", "any.yaml", code=2)


@pytest.mark.parametrize("text", [b"", b"\x1f\x8b", b"\x1f\x8bxxxxxxxxxxxxxxxxxx", b"nothing at all\n"])
def test_a_file_that_is_none_is_a_sentence(text: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(text)
    code = cli.main(["explain", "--log", str(path)])
    assert (code, "Traceback" in capsys.readouterr().err) == (0 if not text else 2, False)


def test_what_is_wrong_is_said(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "--log", str(tmp_path / "none")]) == 2
    assert cli.main(["explain", "--log", str(log), "--config", str(tmp_path / "none")]) == 2
    assert cli.main(["explain", "--log", str(log), "--tz", "Mars"]) == 2
    said = capsys.readouterr().err
    assert "No such file" in said
    assert "no such time zone" in said
    lines = log.read_text()
    log.write_text(lines + "rubbish\n(1.0) can0 123#01\n")
    assert cli.main(["explain", "--log", str(log)]) == 1
    said = capsys.readouterr().err
    assert f"{log}:{lines.count(chr(10)) + 1}: not `(seconds) bus id#data`: 'rubbish'" in said
    assert "1 line without a data frame of 29-bit id; 1 line could not be read" in said


def test_what_is_for_a_log_is_not_ignored_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "--csv"]) == 2
    assert "--log FILE" in capsys.readouterr().err


def test_a_trace_of_vebus_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "mk2.txt"
    trace.write_text("07 FF 56 24 DB 11 00 42 52\n" * 3)
    explained(capsys, trace, code=2)
