"""`gxbridge fleet replay`: every box again, and what is decided otherwise."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gxbridge import cli
from gxbridge.fleet import replay as fleet_replay

Capture = pytest.CaptureFixture[str]


def replay(folder: Path, capsys: Capture, *options: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = cli.main(["fleet", "replay", str(folder), "--workers", "1", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_every_box_of_this_version_decides_the_same(boats: Path, capsys: Capture) -> None:
    code, found = replay(boats, capsys)
    assert code == 0
    assert found["counts"] == {"same": len(list(boats.rglob("*.gz")))}
    assert found["kinds"] == []


def test_what_another_release_decides_is_told_by_kind(
    boats: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = fleet_replay.play

    def lower(box: Any, report: Any) -> Any:
        for cycle, at, effective, event in played(box, report):
            limits = tuple(
                limit._replace(value=20.0) if limit.name == "CCL" and limit.value == 200.0 else limit
                for limit in cycle.decision.limits
            )
            yield replace(cycle, decision=cycle.decision._replace(limits=limits)), at, effective, event

    monkeypatch.setattr(fleet_replay, "play", lower)
    code, found = replay(boats, capsys)
    assert code == 1
    assert found["counts"] == {"differs": len(list(boats.rglob("*.gz")))}
    (kind,) = found["kinds"]
    assert kind["what"] == "CCL: 200 A -> 20 A"
    assert kind["boxes"] == found["counts"]["differs"]
    assert cli.main(["fleet", "replay", str(boats), "--workers", "1"]) == 1
    text = capsys.readouterr().out
    assert "CCL: 200 A -> 20 A" in text
    assert "What differs, over all boxes:" in text


def test_a_write_that_is_not_made_any_more_is_told(boats: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "b").mkdir()
    box = next(boats.glob("boat-0001/*bms-lost*"))
    text = gzip.decompress(box.read_bytes()).decode()
    before = '["com.victronenergy.solarcharger.ttyO2","/Link/ChargeCurrent",0.0]'
    assert before in text
    digests = []
    lines = []
    for line in text.splitlines():
        if before in line and not digests:
            event = json.loads(line)
            digests.append(event[1])
            event[1] = "0" * 16
            line = json.dumps(event).replace('"/Link/ChargeCurrent", 0.0', '"/Link/ChargeCurrent", 5.0')
        lines.append(line)
    (tmp_path / "b" / box.name).write_bytes(gzip.compress("\n".join(lines).encode()))
    code, found = replay(tmp_path, capsys)
    assert code == 1
    assert found["boxes"][0]["differing"] == 1
    assert "written to solarcharger/Link/ChargeCurrent: 5 -> 0" in {kind["what"] for kind in found["kinds"]}


def test_a_box_of_another_version_is_told_and_not_guessed(boats: Path, tmp_path: Path, capsys: Capture) -> None:
    for name, word in (("one", "_limits_since"), ("two", "_limits_since")):
        box = next(boats.glob("boat-0001/*bms-lost*"))
        text = gzip.decompress(box.read_bytes()).decode().replace(f'"{word}"', '"_other"')
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    code, found = replay(tmp_path, capsys)
    assert code == 2
    assert found["counts"] == {"other version": 2}


def test_damaged_boxes_are_named_and_other_files_left_alone(boats: Path, tmp_path: Path, capsys: Capture) -> None:
    box = next(boats.glob("boat-0001/*bms-lost*"))
    shutil.copy(box, tmp_path / box.name)
    (tmp_path / "gxbox-000002-alarm.jsonl.gz").write_bytes(box.read_bytes()[:999])
    (tmp_path / "gxbox-000003-alarm.jsonl.gz").write_bytes(b"")
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"(1.0) can0 1CEFFF29#6699FF0F10270000\n"))
    (tmp_path / "boat.log").write_text("x")
    assert cli.main(["fleet", "replay", str(tmp_path), "--workers", "1"]) == 1
    out, error = capsys.readouterr()
    assert "2 broken, 1 same" in out
    assert {line.partition(":")[0] for line in error.splitlines()} == {
        "gxbox-000002-alarm.jsonl.gz",
        "gxbox-000003-alarm.jsonl.gz",
    }


def test_a_folder_without_boxes_is_an_error(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["fleet", "replay", str(tmp_path)]) == 2
    assert "black boxes: none" in capsys.readouterr().out
