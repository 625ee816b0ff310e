"""Manual pages and completions, as `make man` writes them.

Run by `make check-screens`; needs argparse-manpage, shtab and bash.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge import __version__
from gxbridge.cli import COMMANDS, command_parser
from tests.test_docs import options

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> Path:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "packaging" / "man.py"], check=True, cwd=ROOT, env=environment)
    return ROOT / "dist"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_a_page_by_its_name_with_every_option(made: Path, command: str) -> None:
    text = (made / "man" / f"gxbridge-{command}.1").read_text(encoding="utf-8").replace("\\-", "-")
    assert text.startswith(f'.TH GXBRIDGE-{command.upper()} "1" "" "gxbridge {__version__}" "gxbridge"\n.SH NAME\n')
    assert f"\ngxbridge-{command} - {COMMANDS[command]}" in text
    assert [option for option in options(command_parser(command)) - {"-h", "--help"} if option not in text] == []


def completed(made: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    last = len(words) - 1
    program = (
        f"source {made}/completions/bash/gxbridge; COMP_WORDS=({' '.join(words)}); COMP_CWORD={last}; "
        f"_shtab_gxbridge gxbridge {words[last]} {words[last - 1]}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_and_options(made: Path) -> None:
    assert completed(made, "gxbridge", "hist") == ["history"]
    assert completed(made, "gxbridge", "web", "--li") == ["--listen"]
    assert set(completed(made, "gxbridge", "m")) == {name for name in COMMANDS if name.startswith("m")}
