"""A start loads nothing that it can do without: on a GX each module costs milliseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SPARED = {
    "_hashlib", "base64", "bz2", "can", "dbus_fast", "dbus_next", "decimal", "difflib", "fractions", "gi", "ipaddress",
    "lzma", "random", "shutil", "sqlite3", "ssl", "statistics", "urllib",
}  # fmt: skip
"""Modules that earlier starts loaded, or that the libraries would load."""
MOST_COMPILED = 45
"""Texts that are compiled in a start: a quarter above what was counted. Named tuples of the library compile one for
each field."""

PROGRAM = """
import json, sys
compiled = []
sys.addaudithook(lambda event, of: compiled.append(of) if event == "compile" and of[1] == "<string>" else None)
from gxbridge.commands import run

async def start(self, own, on_request):
    await asked(self, own, on_request)
    modules = sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})
    print(json.dumps([modules, len(compiled)]), flush=True)
    raise SystemExit

async def serve(config):
    global asked
    from gxbridge.runtime.publisher import Publisher
    asked, Publisher.start = Publisher.start, start
    return await served(config)

served, run._serve = run._serve, serve
from gxbridge.cli import main
main(["run", *sys.argv[1:]])
"""


def started(*arguments: str) -> tuple[set[str], int]:
    """The packages that are loaded when our own name is on the bus, without what the environment's .pth files load, and
    how many texts were compiled."""
    paths = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    command = [sys.executable, "-S", "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, timeout=60)
    assert done.stdout, done.stderr
    modules, compiled = json.loads(done.stdout)
    return set(modules), compiled


def test_a_start_without_a_file_reads_no_yaml_and_no_path(tmp_path: Path, bus: str) -> None:
    seen, compiled = started("--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "asyncio" in seen
    assert seen & (SPARED | {"yaml", "pathlib"}) == set()
    assert 0 < compiled < MOST_COMPILED


@pytest.mark.parametrize("text", ["{}", "{dvcc: {mode: control}, transmit: {level: writes}}"])
def test_a_start_with_a_file_reads_yaml_and_no_more(text: str, tmp_path: Path, bus: str) -> None:
    file = tmp_path / "gxbridge.yaml"
    file.write_text(text)
    seen, _ = started("--config", str(file), "--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "yaml" in seen
    assert seen & (SPARED - {"base64"}) == set()  # which yaml loads
