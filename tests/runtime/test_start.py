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
    "base64", "bz2", "can", "dbus_fast", "dbus_next", "difflib", "gi", "ipaddress", "lzma", "shutil", "sqlite3", "ssl",
    "urllib",
}  # fmt: skip
"""Modules that earlier starts loaded, or that the libraries would load."""

PROGRAM = """
import json, sys
from gxbridge.commands import run

async def start(self, own, on_request):
    await asked(self, own, on_request)
    print(json.dumps(sorted({name.partition(".")[0] for name, module in sys.modules.items() if module})), flush=True)
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


def loaded(*arguments: str) -> set[str]:
    """The packages that are loaded when our own name is on the bus; without what the environment's .pth files load."""
    paths = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    command = [sys.executable, "-S", "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, timeout=60)
    assert done.stdout, done.stderr
    return set(json.loads(done.stdout))


def test_a_start_without_a_file_reads_no_yaml_and_no_path(tmp_path: Path, bus: str) -> None:
    seen = loaded("--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "asyncio" in seen
    assert seen & (SPARED | {"yaml", "pathlib"}) == set()


@pytest.mark.parametrize("text", ["{}", "{dvcc: {mode: control}, transmit: {level: writes}}"])
def test_a_start_with_a_file_reads_yaml_and_no_more(text: str, tmp_path: Path, bus: str) -> None:
    file = tmp_path / "gxbridge.yaml"
    file.write_text(text)
    seen = loaded("--config", str(file), "--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "yaml" in seen
    assert seen & (SPARED - {"base64"}) == set()  # which yaml loads
