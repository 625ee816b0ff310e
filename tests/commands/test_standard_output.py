"""Standard output that is full, closed, or takes no umlauts: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.edge.box_files import BoxFolder
from tests.core.blackbox.test_play import BoxedBoat

ROOT = Path(__file__).parents[2]
FRAME = "(1700000000.000000) can0 1CEFFF29#6699FF0F10270000\n"
COMMANDS = (
    "models",
    "advise",
    "candb show 0x2108",
    "candb search bms",
    "candb check --rules",
    "candb export --json",
    "candb encode 0x0390 54.0 --source 41",
    "config show",
    "config check {example}",
    "dvcc replay {scenarios}",
    "decode {log}",
    "decode {log} --stats",
    "decode {log} --format json",
    "readout 1002e5a30a34125e0011223344 --key-file {key}",
    "doctor --seconds 0.1 --dbus unix:path=/nowhere",
    "blackbox show {box}",
    "state show --config {without_state}",
    "master --config {without_state}",
    "explain --log {log}",
    "explain --csv --log {log}",
    "plot {box}",
    "watch --plain --seconds 0.1 --replay {log}@max",
    "capture --show {capture}",
    "config init",
    "config schema",
    "status --help",
    "demo --help",
)
"""Commands that have something to say."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Something to work on for each command."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "boat.log").write_text(FRAME)
    (folder / "without_state.yaml").write_text("state: {enabled: no}\n")
    (folder / "scenarios.json").write_text("[]")
    (folder / "key").write_text("5e" * 16)
    main(["capture", "--replay", str(folder / "boat.log"), "-o", str(folder / "capture")])
    boat = BoxedBoat()
    boat.tick(2)
    frozen = boat.boxed.keep_now("command", "asked for", boat.now)
    assert frozen is not None
    return {
        "example": ROOT / "service" / "gxbridge.example.yaml",
        "log": folder / "boat.log",
        "without_state": folder / "without_state.yaml",
        "key": folder / "key",
        "capture": folder / "capture",
        "scenarios": folder / "scenarios.json",
        "box": BoxFolder(folder, 1_000_000, 2).write(frozen, "1", "d"),
    }


def run(command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    """The command with its standard output as a shell would redirect it."""
    line = f'exec "{sys.executable}" -m gxbridge {command} {redirection}'
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, errors="replace")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("redirection", "why"), [(">/dev/full", "No space left on device"), (">&-", "standard output is closed")]
)
def test_what_cannot_be_said_is_a_sentence_and_an_exit_code(
    command: str, redirection: str, why: str, files: dict[str, Path]
) -> None:
    result = run(command.format(**files), redirection)
    assert result.stderr.splitlines()[-1].startswith(f"gxbridge {command.split()[0]}")
    assert result.stderr.endswith(f": {why}\n")
    assert "Traceback" not in result.stderr
    assert result.returncode == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_gone_is_no_error(command: str, files: dict[str, Path]) -> None:
    end, gone = os.pipe()
    os.close(end)
    line = [sys.executable, "-m", "gxbridge", *command.format(**files).split()]
    with os.fdopen(gone, "wb") as pipe:
        result = subprocess.run(line, stdout=pipe, stderr=subprocess.PIPE, text=True)
    assert "roken" not in result.stderr
    assert "Traceback" not in result.stderr
    assert result.returncode == 0


def test_without_a_command_a_page_that_cannot_be_said_is_a_sentence_too() -> None:
    for option in ("--help", "--version"):
        result = run(option, ">/dev/full")
        assert (result.returncode, result.stderr) == (2, "gxbridge: No space left on device\n")


@pytest.mark.parametrize("command", [*COMMANDS, "decode -", "explain --log -"])
def test_where_there_is_no_standard_input_either_nothing_falls_over(command: str, files: dict[str, Path]) -> None:
    result = run(command.format(**files), "<&-")
    assert "Traceback" not in result.stderr
    assert result.returncode in (0, 1, 2)


@pytest.mark.parametrize("redirection", [">/dev/full 2>/dev/full", ">&- 2>&-", "2>&-", "<&- >&- 2>&-"])
def test_where_nothing_can_be_said_at_all_the_exit_code_still_tells(redirection: str) -> None:
    assert run("models", redirection).returncode == (0 if redirection == "2>&-" else 2)


def test_a_file_s_name_that_is_no_text_can_be_said() -> None:
    command = [sys.executable, "-m", "gxbridge", "config", "check", b"\xff.yaml"]
    result = subprocess.run(command, capture_output=True, env=os.environ | {"PYTHONIOENCODING": "utf-8"})
    assert b"Traceback" not in result.stderr
    assert result.returncode == 2


def test_an_archive_takes_no_place_that_is_not_a_file(tmp_path: Path) -> None:
    from gxbridge.doctor.bundle import write

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write(tmp_path / "pipe", {"a": "b"})
    assert (tmp_path / "pipe").is_fifo()
