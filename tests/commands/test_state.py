"""`gxbridge state`: shown in plain English, forgotten only while nobody else holds it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.core.model.remembered import Remembered
from gxbridge.doctor import gather
from gxbridge.edge.machine import boat_id
from gxbridge.state.state_file import BROKEN, FILE, StateFile
from tests.core.model.test_remembered import ALL, LYNX

SHOWN = """\
State in {file}

Batteries, by NAME (identity only, never a limit or a permission)
    c0aa462cc4628cd0: Lynx Smart BMS 500 (0xA3E5), serial HQ21302VUDQ, instance 0
        since 2023-11-14 22:13 UTC, from can0

Limits
    uc167120: max_charge_current_a 40
        since 2023-11-14 22:13 UTC, from BMS

Latches and refusals
    another-master: com.victronenergy.gxbridge
        since 2023-11-14 22:13 UTC, from two chargers set apart

Members of banks
    house: uc167120
        since 2023-11-14 22:13 UTC, from can0
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gxbridge.yaml"
    path.write_text("transmit: {level: off}\n")
    return path


def state(config: Path) -> StateFile:
    return StateFile(str(config.parent), boat_id())


def store(config: Path, remembered: Remembered) -> None:
    file = state(config)
    file.write(remembered)
    file.release()


def command(config: Path, *arguments: str) -> int:
    return main(["state", *arguments, "--config", str(config)])


def test_what_is_remembered_is_shown_with_since_when_and_from_where(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(config, ALL)
    assert command(config, "show") == 0
    assert capsys.readouterr().out == SHOWN.format(file=config.parent / FILE)


def test_nothing_is_remembered(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(config, "show") == 0
    assert capsys.readouterr().out.count(": none") == 4
    assert not (config.parent / FILE).exists()


def test_a_product_of_no_list_and_the_latest_moment_there_may_be_are_shown_too(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store(config, Remembered((replace(LYNX, product_id=0xFFFF, serial=None, since=1e11),)))
    assert command(config, "show") == 0
    shown = capsys.readouterr().out
    assert "unknown product (0xFFFF), serial not heard" in shown
    assert "since 5138-11-16" in shown


def test_the_same_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(config, ALL)
    assert command(config, "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["identities"][0]["serial"] == "HQ21302VUDQ"
    assert "boat" not in shown


def test_a_battery_or_everything_is_forgotten(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(config, ALL)
    assert command(config, "forget", LYNX.name) == 0
    assert state(config).read().identities == ()
    assert state(config).read().latches == ALL.latches
    assert command(config, "forget", "all") == 0
    assert state(config).read() == Remembered()
    assert "Forgotten: all" in capsys.readouterr().out


def test_a_name_that_is_not_remembered_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(config, ALL)
    assert command(config, "forget", "latch") == 2
    assert "nothing is remembered as latch" in capsys.readouterr().err
    assert state(config).read() == ALL


def test_nothing_is_forgotten_while_the_service_runs(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service = state(config)
    service.write(ALL)
    assert command(config, "forget", "all") == 2
    assert "svc -d /service/gxbridge; gxbridge state forget all;" in capsys.readouterr().err
    assert command(config, "show") == 0
    assert service.read() == ALL
    service.release()


def test_a_broken_file_is_said_and_forgotten_with_everything(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / FILE).write_text("{")
    assert command(config, "show") == 2
    assert command(config, "forget", "latches") == 2
    assert "counts as unknown: it is not JSON" in capsys.readouterr().err
    assert (config.parent / FILE).read_text() == "{"
    assert command(config, "forget", "all") == 0
    assert (config.parent / BROKEN).read_text() == "{"
    assert state(config).read() == Remembered()


def test_where_there_is_no_state_it_is_said(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather, "USUAL_CONFIG", tmp_path / "no such file")
    assert main(["state", "show"]) == 2
    assert "--config" in capsys.readouterr().err
    assert command(tmp_path / "missing.yaml", "show") == 2
    (config.parent / FILE).mkdir()
    assert command(config, "show") == 2
    assert "Is a directory" in capsys.readouterr().err
    config.write_text("state: {enabled: no}\n")
    monkeypatch.setattr(gather, "USUAL_CONFIG", config)
    assert main(["state", "show"]) == 0
    assert "Nothing is kept" in capsys.readouterr().out
