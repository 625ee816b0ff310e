"""A start loads nothing that it can do without: on a GX each module costs milliseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

SPARED = {
    "_hashlib", "_yaml", "bz2", "can", "dbus_fast", "dbus_next", "decimal", "difflib", "fractions", "gi", "gzip",
    "ipaddress", "lzma", "pathlib", "random", "shutil", "sqlite3", "ssl", "statistics", "urllib",
}  # fmt: skip
"""Modules that earlier starts loaded, or that the libraries would load."""
SPARED_LATER = {"_bz2", "_hashlib", "_lzma", "_ssl", "wrapt"}
"""Modules that are not loaded with python-can either."""
MOST_COMPILED = 44
"""Texts that are compiled in a start: an eighth above what was counted. Named tuples of the library compile one for
each field."""
MOST_PATTERNS = {"without a file": 29, "with a file": 42, "with a black box": 42}
"""Patterns that are compiled in a start: an eighth above what was counted. PyYAML compiles ten."""
MOST_CALLS = {"without a file": 70, "with a file": 86, "with a black box": 86}
"""Thousand calls of functions of Python that a start takes: a tenth above what was counted."""
MOST_OURS = {"without a file": 249, "with a file": 276, "with a black box": 270}
"""Modules of our own."""

PROGRAM = """
import json, sys
compiled, calls, patterns = [], 0, 0
sys.addaudithook(lambda event, of: compiled.append(of) if event == "compile" and of[1] == "<string>" else None)

def profile(frame, event, _):
    global calls, patterns
    if event == "call":
        calls += 1
        patterns += frame.f_code.co_name == "_code" and frame.f_globals["__name__"].startswith("re.")

sys.setprofile(profile)
from gxbridge.commands import run

async def start(self, own, on_request):
    await asked(self, own, on_request)
    sys.setprofile(None)
    loaded = {name: module for name, module in sys.modules.items() if type(module) is type(sys)}
    ours = [module for name, module in loaded.items() if name.startswith("gxbridge.")]
    modules = sorted({name.partition(".")[0] for name in loaded})
    counted = len(compiled)
    import can.interfaces.socketcan
    later = sorted(name for name, module in sys.modules.items() if type(module) is type(sys))
    print(json.dumps([modules, counted, patterns, calls, len(ours), later]), flush=True)
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


class Started(NamedTuple):
    """What a start took until our own name was on the bus."""

    modules: set[str]
    """Packages that are loaded, without what the environment's .pth files load."""
    compiled: int
    """Texts that were compiled,"""
    patterns: int
    """patterns of `re`,"""
    calls: int
    """calls of functions of Python,"""
    ours: int
    """and modules of ours."""
    later: list[str]
    """Modules that are loaded once python-can is there."""


def started(*arguments: str) -> Started:
    paths = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    command = [sys.executable, "-S", "-c", PROGRAM, *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(2):  # the first makes the byte code
        done = subprocess.run(
            command, capture_output=True, text=True, env={**environment, "PYTHONPATH": paths}, timeout=60
        )
        assert done.stdout, done.stderr
    modules, *rest = json.loads(done.stdout)
    return Started(set(modules), *rest)


def within_its_budget(start: Started, kind: str) -> None:
    print(kind, *start[1:-1])
    assert set(start.later) & SPARED_LATER == set()
    assert 0 < start.compiled < MOST_COMPILED
    assert 0 < start.patterns <= MOST_PATTERNS[kind]
    assert 0 < start.calls < MOST_CALLS[kind] * 1000
    assert 0 < start.ours <= MOST_OURS[kind]


def test_a_start_without_a_file_reads_no_yaml(tmp_path: Path, bus: str) -> None:
    start = started("--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "asyncio" in start.modules
    assert start.modules & (SPARED | {"base64", "datetime", "hashlib", "yaml"}) == set()
    within_its_budget(start, "without a file")


@pytest.mark.parametrize("text", ["{}", "{dvcc: {mode: control}, transmit: {level: writes}}"])
def test_a_start_with_a_file_reads_yaml_and_no_more(text: str, tmp_path: Path, bus: str) -> None:
    file = tmp_path / "gxbridge.yaml"
    file.write_text(text)
    start = started("--config", str(file), "--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert "yaml" in start.modules
    assert start.modules & SPARED == set()
    within_its_budget(start, "with a file")


def test_a_start_with_a_black_box_loads_nothing_for_a_box_that_is_not_written(tmp_path: Path, bus: str) -> None:
    file = tmp_path / "gxbridge.yaml"
    file.write_text(f"{{blackbox: {{folder: {tmp_path}}}}}")
    start = started("--config", str(file), "--can", f"gxsocket:{tmp_path}", "--dbus", bus)
    assert start.modules & SPARED == set()
    within_its_budget(start, "with a black box")
