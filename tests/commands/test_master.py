"""`gxbridge master`: what is remembered of another master, and the reset, with and without a running service."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.commands import master
from gxbridge.core.model.remembered import Remembered
from gxbridge.edge.machine import boat_id
from gxbridge.state.state_file import RESET, StateFile

SUBJECT = "com.victronenergy.vebus.ttyS4 /BatteryOperationalLimits/MaxChargeCurrent"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(f"dbus: {{address: 'unix:path={tmp_path}/nobody'}}\n")
    return path


def state(config: Path, remembered: Remembered | None = None) -> StateFile:
    file = StateFile(str(config.parent), boat_id())
    if remembered is not None:
        file.write(remembered)
        file.release()
    return file


def command(config: Path, *arguments: str) -> int:
    return main(["master", *arguments, "--config", str(config)])


def test_what_is_remembered_is_shown(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(config) == 0
    assert capsys.readouterr().out == (
        "No other master is remembered.\nThe service does not run, or not on this bus.\n"
    )
    state(config, Remembered().overrule(SUBJECT, 1.7e9, "a"))
    assert command(config, "show") == 0
    assert f"Something else wrote {SUBJECT} (found 2023-11-14 22:13 UTC)" in capsys.readouterr().out


def test_without_a_service_the_reset_is_done_at_once(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state(config, Remembered().overrule(SUBJECT, 1.7e9, "a"))
    assert command(config, "reset") == 0
    assert "Reset" in capsys.readouterr().out
    assert state(config).read() == Remembered()
    assert not (config.parent / RESET).exists()


def test_a_running_service_is_asked(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = state(config)
    held.hold()
    monkeypatch.setattr(master, "TAKEN_S", 0.1)
    assert command(config, "reset") == 2
    assert "does not answer" in capsys.readouterr().err
    assert held.take_reset()
    assert not held.take_reset()
    monkeypatch.setattr(master, "TAKEN_S", 20.0)
    taken = threading.Event()

    def take() -> None:
        while not held.take_reset():
            pass
        taken.set()

    service = threading.Thread(target=take)
    service.start()
    assert command(config, "reset") == 0
    service.join()
    assert taken.is_set()
    held.release()


def test_without_a_file_there_is_nothing_to_reset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text("state: {enabled: no}\n")
    assert command(config, "reset") == 0
    assert "Nothing is kept" in capsys.readouterr().out


def test_a_state_that_cannot_be_read_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(state(config).path).write_text("rubbish")
    assert command(config, "reset") == 2
    assert capsys.readouterr().err.startswith("gxbridge master: ")
