"""The two walls of the house: the core touches nothing outside, and imports point downward only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from gxbridge.strict_yaml.document import UnreadableError, load_tables

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gxbridge"

OUTSIDE = {
    "asyncio",
    "logging",
    "socket",
    "selectors",
    "select",
    "os",
    "pathlib",
    "time",
    "datetime",
    "subprocess",
    "threading",
}
OUTSIDE |= {"multiprocessing", "signal", "random", "secrets", "tempfile", "shutil", "io", "sys", "urllib", "http"}
"""Standard-library modules that bring in a clock, a file, a socket, a thread or chance."""


def imports(path: Path) -> list[str]:
    """Full dotted names of everything a file imports, wherever in the file."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a thing comes from"
            names += [node.module or ""] + [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def files(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("core"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_imports_only_itself_and_harmless_standard_library(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        if top == "gxbridge":
            assert name == "gxbridge" or name.startswith(("gxbridge.core", "gxbridge._candb")), (
                f"{path} reaches up to {name}"
            )
        else:
            assert top in sys.stdlib_module_names, f"{path} imports the package {name}"
            assert top not in OUTSIDE, f"{path} imports {name}, which touches the outside"


@pytest.mark.parametrize("path", files("edge"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_edge_knows_the_core_but_not_the_corridor(path: Path) -> None:
    for name in imports(path):
        for above in ("gxbridge.runtime.app", "gxbridge.cli", "gxbridge.commands", "gxbridge.demo"):
            assert not name.startswith(above), f"{path} reaches up to {name}"


@pytest.mark.parametrize("path", files("demo/sim"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_simulated_devices_know_nothing_of_gxbridge(path: Path) -> None:
    allowed = ("gxbridge.demo.sim", "gxbridge.edge.can.gxsocket")
    for name in imports(path):
        if name.startswith("gxbridge."):
            assert name.startswith(allowed), f"{path} imports {name}"


def names_dbus_library(path: Path) -> bool:
    """Whether a file imports the library, or names a module of it to import it later."""
    libraries = ("dbus_next", "dbus_fast")
    texts = [
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value
    ]
    names = imports(path)
    return any(name.startswith(libraries) for name in (names + texts if "importlib" in names else names))


def test_only_one_module_imports_the_dbus_library() -> None:
    """The demo's simulated devices are programs of their own and have their own."""
    importers = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if names_dbus_library(path)}
    assert {name for name in importers if not name.startswith("demo/")} == {"edge/dbus/bus.py"}


EXECUTES = {"eval", "exec", "__import__"}
SHELLS = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput"), ("subprocess", "getstatusoutput")}
YAML_LOADERS = {"load", "load_all", "full_load", "full_load_all", "unsafe_load", "unsafe_load_all"}
YAML_LOADERS |= {"safe_load", "safe_load_all"}
UNPICKLES = {"pickle", "shelve", "marshal", "dill"}


def dangers(text: str) -> list[str]:
    """What in a source evaluates text, runs a shell, or makes objects of what it reads."""
    found = []
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [name for name in names if name.split(".")[0] in UNPICKLES]
        if not isinstance(node, ast.Call):
            continue
        call = node.func
        if isinstance(call, ast.Name) and call.id in EXECUTES:
            found.append(call.id)
        if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
            pair = (call.value.id, call.attr)
            if pair in SHELLS or (pair[0] == "yaml" and pair[1] in YAML_LOADERS):
                found.append(".".join(pair))
        if any(word.arg == "shell" for word in node.keywords) or getattr(call, "attr", "") == "create_subprocess_shell":
            found.append("a shell")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "eval(text)",
        "exec(text)",
        "import pickle",
        "from shelve import open",
        "import yaml\nyaml.load(text)",
        "yaml.full_load(text)",
        "import os\nos.system(text)",
        "import subprocess\nsubprocess.run(text, shell=True)",
        "asyncio.create_subprocess_shell(text)",
    ],
)
def test_a_danger_would_be_seen(text: str) -> None:
    assert dangers(text)


SHIPPED = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "service").rglob("*.py"), *(ROOT / "packaging").rglob("*.py")])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_evaluates_text_runs_a_shell_or_unpickles(path: Path) -> None:
    assert dangers(path.read_text(encoding="utf-8")) == []


def test_the_one_reader_of_yaml_makes_plain_data_only() -> None:
    """It goes along the nodes and never has PyYAML construct an object of a tag."""
    for text in (b"!!python/object/apply:os.getcwd []", b"a: !!python/name:os.getcwd ''", b"!!set {a}"):
        with pytest.raises(UnreadableError, match="tagged tag:"):
            load_tables(text, "x.yaml")
