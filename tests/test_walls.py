"""The two walls of the house: the core touches nothing outside, and imports point downward only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

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
        for above in ("gxbridge.app", "gxbridge.cli", "gxbridge.commands", "gxbridge.demo"):
            assert not name.startswith(above), f"{path} reaches up to {name}"


@pytest.mark.parametrize("path", files("demo/sim"), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_simulated_devices_know_nothing_of_gxbridge(path: Path) -> None:
    allowed = ("gxbridge.demo.sim", "gxbridge.edge.socketdir")
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
    assert {name for name in importers if not name.startswith("demo/")} == {"edge/bus.py"}


def test_nothing_in_the_package_evaluates_text_or_unpickles() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, f"{path}:{node.lineno} calls {node.func.id}"
        assert not {"pickle", "shelve"} & {name.split(".")[0] for name in imports(path)}, f"{path} unpickles"
