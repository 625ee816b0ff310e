"""Standard output that is full, closed, or takes no umlauts: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("models", "candb check --rules", "dvcc replay nothing.json", "config show", "decode nothing.log")


def run(command: str, redirection: str) -> subprocess.CompletedProcess[str]:
    """The command with its standard output as a shell would redirect it."""
    line = f'exec "{sys.executable}" -m gxbridge {command} {redirection}'
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, errors="replace")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
def test_a_full_or_closed_standard_output_is_no_traceback(command: str, redirection: str) -> None:
    result = run(command, redirection)
    assert "Traceback" not in result.stderr
    if redirection == ">/dev/full" and command == "models":
        assert result.returncode == 2
        assert result.stderr == "gxbridge models: No space left on device\n"


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
