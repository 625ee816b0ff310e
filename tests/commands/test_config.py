"""`gxbridge config` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.cli import main


def test_a_good_file_is_said_to_be_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("publish: none\n")
    assert main(["config", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: no problems\n"


def test_every_problem_is_a_line_on_standard_error_and_the_exit_code_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("publish: nothing\ndvcc:\n  mode: of\n")
    assert main(["config", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(": ")[0] for line in err.splitlines()] == [f"{path}:1:publish", f"{path}:3:dvcc.mode"]


def test_show_prints_what_holds_and_it_can_be_checked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("dvcc: {mode: off}\n")
    assert main(["config", "show", str(path), "--can", "virtual:x", "--dbus", "session", "--verbose"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"# from {path}")
    for text in ("interface: virtual", "address: session", "level: debug", "mode: 'off'"):
        assert text in shown
    path.write_text(shown)
    assert main(["config", "check", str(path)]) == 0


def test_show_without_a_file_prints_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# from the defaults")
    assert "channel: vecan0" in shown


def test_show_names_the_log_that_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "boat.log").write_text("")
    assert main(["config", "show", "--replay", f"{tmp_path}/boat.log@max"]) == 0
    assert f"# replays {tmp_path}/boat.log at speed inf in place of the buses" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["config"], ["config", "check"], ["config", "mend", "x"]])
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: gxbridge config" in capsys.readouterr().err
