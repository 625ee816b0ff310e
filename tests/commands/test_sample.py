"""The samples, and the README's commands on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.commands import sample

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
LINES = re.findall(
    r"^    gxbridge ((?:decode|explain|plot|blackbox) [^\n]*?boat[\w.-]*)(?:  .*)?$", README, re.MULTILINE
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["sample"]) == 0
    said = capsys.readouterr().out
    assert "gxbridge explain --log boat.log" in said
    assert "gxbridge blackbox show boat-box.jsonl.gz" in said
    return tmp_path


def test_the_readme_has_commands_to_try() -> None:
    assert {line.split()[0] for line in LINES} == {"decode", "explain", "plot", "blackbox"}


@pytest.mark.parametrize("line", LINES)
def test_the_readmes_commands_run_on_the_samples(folder: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    assert capsys.readouterr().out.strip()


def test_the_log_tells_the_story(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--log", "boat.log"]) == 0
    said = capsys.readouterr().out
    for words in ("CCL 200 A", "CCL 0 A", "is silent"):
        assert words in said


def test_the_box_can_be_played_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it cannot, because what a box holds has changed: record both anew (`python packaging/samples.py`)."""
    assert main(["blackbox", "replay", "boat-box.jsonl.gz"]) == 0
    assert "all decided the same" in capsys.readouterr().out


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample", str(folder)]) == 2
    assert "boat.log is there already" in capsys.readouterr().err


def test_where_the_examples_are_missing_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sample, "examples", lambda: None)
    assert main(["sample"]) == 2
    assert "are not installed" in capsys.readouterr().err
