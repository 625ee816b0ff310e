"""`gxbridge plot` and `gxbridge history`: a log, a black box and kept days, in words, tables, charts and pictures."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.core.history.block import StateChange
from gxbridge.history import places
from gxbridge.history.folder import HistoryFolder
from tests.commands.gx import Gx
from tests.commands.test_blackbox import written
from tests.core.history.blocks import block
from tests.core.history.test_series import services

__all__ = ["written"]
LOG = Path(__file__).parent.parent / "faults" / "logs" / "low-cell.log"
NOON = 1_764_417_600.0  # 2025-11-29T12:00:00Z


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "history"
    rows = {"voltage_v": [26.0 + n / 10 for n in range(15)], "soc_percent": [50.0] * 15}
    changes = (
        StateChange(NOON, "charge", "yes"),
        StateChange(NOON + 60, "charge", "yes"),
        StateChange(NOON + 120, "charge", "no", "why"),
    )
    HistoryFolder(folder, 1 << 30).append(block([NOON + 60 * n for n in range(15)], rows, *changes))
    return folder


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


SPAN = ("--from", "2025-11-29T11:00", "--to", "2025-11-29T13:00:00+00:00")


def test_the_history_in_words_says_each_change_once(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(capsys, "history", "--folder", str(kept), *SPAN)
    assert code == 0
    assert "Voltage                                    26, 26.7, 27.4 V (least, mean, most)" in out
    assert out.endswith("2025-11-29 12:00:00  charge yes\n2025-11-29 12:02:00  charge no: why\n")


def test_the_history_as_a_table(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(capsys, "history", "--folder", str(kept), *SPAN, "--csv", "--every", "300", "--tz", "+01:00")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, 3)
    assert rows[0]["time"] == "2025-11-29T13:00:00.000000+01:00"
    assert [rows[0][f"voltage_v {part}"] for part in ("least", "mean", "most")] == ["26.0", "26.2", "26.4"]
    code, out, _ = asked(capsys, "history", "--folder", str(kept), *SPAN, "--json")
    table = json.loads(out)
    assert (table["step_s"], table["series"]["soc_percent"]["mean"]) == (60.0, [50.0] * 15)
    assert table["changes"][2] == {"time": NOON + 120, "name": "charge", "value": "no", "text": "why"}


def test_the_history_as_a_picture_and_as_a_chart(
    kept: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "p.svg"
    assert asked(capsys, "history", "--folder", str(kept), *SPAN, "--plot", str(picture))[0] == 0
    assert picture.stat().st_size > 1000
    code, out, _ = asked(capsys, "history", "--folder", str(kept), *SPAN, "--chart")
    assert (code, "Voltage (V)" in out, "Charging allowed" in out) == (0, True, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--from", "yesterday"), 2, "'yesterday' is not a time: write now, 90min"),
        (("--from", "2026-13-01"), 2, "is not a time"),
        (("--from", "now", "--to", "24h"), 2, "--from is before --to"),
        (("--from", "2020-01-01", "--to", "2025-01-01", "--csv"), 2, "at most 200000 spans"),
        (("--tz", "Nowhere"), 2, "no such time zone"),
        (("--from", "2020-01-01", "--to", "2020-01-02"), 1, "nothing is recorded for that time"),
    ],
)
def test_what_cannot_be_answered_is_said(
    kept: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    found, out, err = asked(capsys, "history", "--folder", str(kept), *arguments)
    assert (found, out) == (code, "")
    assert words in err
    if code == 1:
        assert "there is a history from 2025-11-29 to 2025-11-29" in err


def test_without_a_history_it_says_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = asked(capsys, "history", "--folder", str(tmp_path / "none"))
    assert (code, "there is none" in err, str(tmp_path / "none") in err) == (1, True, True)


def test_the_folder_is_beside_the_black_boxes_on_a_gx_and_the_users_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "platform", lambda: "einstein")
    assert places.history_folder() == places.GX_FOLDER
    monkeypatch.setattr(places, "platform", lambda: "")
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    assert places.history_folder() == Path("/x/gxbridge/history")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert places.history_folder() == Path.home() / ".local" / "state" / "gxbridge" / "history"


def test_the_recorder_runs_until_it_is_told_to_end(bus: str, tmp_path: Path) -> None:
    with Gx(bus, services):
        command = [sys.executable, "-m", "gxbridge", "history", "--record", "--dbus", bus, "--folder", str(tmp_path)]
        child = subprocess.Popen(command, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        time.sleep(2.5)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0


def test_without_a_bus_the_recorder_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = asked(capsys, "history", "--record", "--dbus", "unix:path=/nowhere", "--folder", str(tmp_path))
    assert (code, "no D-Bus at /nowhere" in err) == (1, True)


# --- plot ------------------------------------------------------------------------------------------------------------


def test_a_log_is_drawn_in_the_terminal_and_as_a_picture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = asked(capsys, "plot", str(LOG))
    assert code == 0
    assert "Current (A)" in out
    assert "WARNING: Pre-alarm of Lynx Smart BMS 500" in out
    picture = tmp_path / "p.png"
    assert asked(capsys, "plot", str(LOG), "--plot", str(picture))[:2] == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_black_box_is_drawn_with_the_moment_of_the_loss(
    written: bytes, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    box = tmp_path / "gxbox-000001-bms-lost.jsonl.gz"
    box.write_bytes(written)
    code, out, _ = asked(capsys, "plot", str(box))
    assert (code, "Voltage (V)" in out, "Charging allowed" in out) == (0, True, True)
    (row,) = [line for line in out.splitlines() if line.startswith("Charging allowed")]
    assert "+" in row
    assert row.endswith("?"), "unknown since the loss"
    assert "ALARM: " in out


def test_what_cannot_be_drawn_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = asked(capsys, "plot", str(tmp_path / "none.log"))
    assert (code, "none.log" in err) == (2, True)
    code, _, err = asked(capsys, "plot", str(LOG), "--plot", str(tmp_path / "p.pdf"))
    assert (code, ".svg or .png" in err) == (2, True)
    code, _, err = asked(capsys, "plot", str(LOG), "--plot", str(tmp_path / "none" / "p.png"))
    assert (code, "cannot write" in err) == (2, True)
    code, _, err = asked(capsys, "plot", str(LOG), "--config", str(tmp_path / "none.yaml"))
    assert (code, "none.yaml" in err) == (2, True)
    code, _, err = asked(capsys, "plot", str(LOG), "--tz", "Nowhere")
    assert (code, "no such time zone" in err) == (2, True)
    silent = tmp_path / "silent.log"
    silent.write_text("(1.0) can0 19F21429#0000000000000000\n")
    code, _, err = asked(capsys, "plot", str(silent))
    assert (code, "nothing to draw" in err) == (1, True)
