"""`gxbridge rules`: check, show and try."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge.cli import main
from tests.core.boat import RUNNING, claim, status, vreg

T0 = 1_796_126_400
"""2026-12-01 12:00 UTC."""
RULES = """\
rules:
  time_zone: Europe/Berlin
  limits:
    - {name: eighty, limit: charge_current, by: soc, points: {78: 100%, 80: 0}, hysteresis: 1,
       hold_s: 30, rise_per_s: 2}
    - {name: quiet, limit: discharge_current, by: time_of_day, points: {07:00: 100, 13:01: 0}}
  storage: {soc_percent: 60, voltage_v: 26.4, until: 2099-01-01}
  full: {every_days: 30, cell_difference_v: 0.1}
"""


def log_of(folder: Path) -> Path:
    """Two minutes of a Lynx whose state of charge rises from 77 to 81 %."""
    lines = []
    for second in range(120):
        said = {**RUNNING, 0x0FFF: 7700 + second * 400 // 120}
        for can_id, data in (claim(), status(), *(vreg(*each) for each in said.items())):
            lines.append(f"({T0 + second}.000000) can0 {can_id:08X}#{data.hex().upper()}")
    path = folder / "day.log"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(RULES)
    return path


def test_check_says_what_is_doubtful(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(config)]) == 0
    out = capsys.readouterr().out
    assert f"{config}: 2 curves, no problems" in out
    assert "note: dvcc.mode is monitor: rules act in control only" in out
    assert "note: quiet may take discharging down to nothing, also where its input is not known" in out
    assert "past" not in out


def test_check_says_what_is_over_and_what_never_lowers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "dvcc: {mode: control}\nrules:\n  storage: {soc_percent: 60, until: 2020-01-01}\n"
        "  limits: [{name: a, limit: charge_current, by: soc, points: {0: 100%}}]\n"
    )
    assert main(["rules", "check", str(path)]) == 0
    out = capsys.readouterr().out
    assert "note: rules.storage.until is past: the storage profile is over" in out
    assert "note: a never lowers anything" in out
    assert "dvcc.mode" not in out


def test_check_says_what_is_wrong_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("rules:\n  limits:\n    - {name: a, limit: charge_current, by: soc, points: {90: 1, 80: 2}}\n")
    assert main(["rules", "check", str(path)]) == 2
    assert f"{path}:3:rules.limits[0].points: the input 80 comes after a higher one" in capsys.readouterr().err


def test_no_rules_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("publish: bms\n")
    assert main(["rules", "check", str(path)]) == main(["rules", "show", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: no rules\nNo rules.\n"


def test_show_says_them_in_words_and_draws_them(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "show", str(config), "--no-chart"]) == 0
    words = capsys.readouterr().out
    assert words.splitlines()[:4] == [
        "eighty: lowers CCL by state of charge",
        "    78 %: 100 %",
        "    80 %: 0 %",
        "    hysteresis 1 %; hold 30 s; rises by at most 2 A/s; its most careful point is 0 %",
    ]
    assert "    from 07:00: 100 A" in words
    assert "storage: holds the battery at 60 % state of charge and 26.4 V until 2099-01-01; switched on by" in words
    assert "full: every 30 days or when cells differ by more than 0.1 V, for at most 12 hours" in words
    assert main(["rules", "show", str(config)]) == 0
    assert len(capsys.readouterr().out.splitlines()) > len(words.splitlines()) + 20


def test_try_shows_what_the_rules_would_have_done(config: Path, tmp_path: Path) -> None:
    log, picture = log_of(tmp_path), tmp_path / "day.svg"
    command = [sys.executable, "-m", "gxbridge", "rules", "try", "--config", str(config), "--log", str(log)]
    done = subprocess.run([*command, "--no-chart"], capture_output=True, text=True, check=True)
    assert (
        "2026-12-01 13:01:00  DCL       600.0 A       0.0 A   rule quiet: time of day, curve from 13:01: 0 A"
        in done.stdout
    )
    assert "rule eighty: state of charge 7" in done.stdout
    assert "\nCCL: lowered for 2 of 2 min, to 0.0 A at the lowest" in done.stdout
    stored = subprocess.run([*command, "--no-chart", "--storage"], capture_output=True, text=True, check=True)
    assert "the storage profile holds the battery at 60 %" in stored.stdout
    assert "CVL: lowered for" in stored.stdout
    subprocess.run([*command, "--plot", str(picture)], capture_output=True, check=True)
    assert "with rules" in picture.read_text() or "<svg" in picture.read_text()
    charted = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "CCL with and without rules (A)" in charted.stdout


def test_try_of_what_cannot_be_used(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "try", "--log", str(tmp_path / "none.log"), "--config", str(config)]) == 2
    assert "none.log" in capsys.readouterr().err
    log = log_of(tmp_path)
    assert main(["rules", "try", "--log", str(log)]) == 2
    assert "there is no rule, or nothing for it in this log" in capsys.readouterr().err
    assert main(["rules", "try", "--log", str(log), "--config", str(config), "--tz", "Nowhere/At"]) == 2
    assert "no such time zone" in capsys.readouterr().err
    assert main(["rules", "try", "--log", str(log), "--config", str(tmp_path / "none.yaml")]) == 2
    no_folder = str(tmp_path / "no" / "x.svg")
    assert main(["rules", "try", "--log", str(log), "--config", str(config), "--plot", no_folder]) == 2
    assert "cannot write" in capsys.readouterr().err
