"""The compiled form is written when it must be, and a wheel carries it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from gxbridge.candb import build as build_module
from gxbridge.candb.build import build, main
from gxbridge.candb.load import CandbError
from tests.candb.small import SMALL, write

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A source tree with the small database."""
    write(tmp_path)
    (tmp_path / "gxbridge").mkdir()
    return tmp_path


def compiled(tree: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("compiled", tree / "gxbridge" / "_candb.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_written_once_and_again_only_after_a_change(tree: Path) -> None:
    assert build(tree) is True
    assert build(tree) is False
    write(tree, SMALL + "# one more line\n")
    assert build(tree) is True


def test_the_compiled_form_holds_the_entries(tree: Path) -> None:
    build(tree)
    module = compiled(tree)
    assert set(module.REGISTERS) == {0x2001, 0x2002, 0x2003}
    assert set(module.PGNS) == {127508}
    assert not list((tree / "gxbridge").glob("*.tmp"))


def test_a_change_of_the_compiler_counts_too(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tree)
    code = tmp_path / "code"
    shutil.copytree(Path(build_module.__file__).parent, code)
    (code / "generate.py").write_text("# another compiler\n", encoding="utf-8")
    monkeypatch.setattr(build_module.generator, "__file__", str(code / "generate.py"))
    assert build(tree) is True


def test_a_broken_rule_leaves_the_last_good_form_alone(tree: Path) -> None:
    build(tree)
    before = (tree / "gxbridge" / "_candb.py").read_bytes()
    write(tree, SMALL.replace("unit: V}", "unit: Volt}"))
    with pytest.raises(CandbError, match=r"small\.yaml:\d+:R10"):
        build(tree)
    assert (tree / "gxbridge" / "_candb.py").read_bytes() == before


def test_an_unpacked_package_keeps_its_compiled_form(tree: Path) -> None:
    build(tree)
    shutil.rmtree(tree / "can_db")
    assert build(tree) is False
    (tree / "gxbridge" / "_candb.py").unlink()
    with pytest.raises(FileNotFoundError, match="can_db is missing"):
        build(tree)


def test_a_damaged_form_is_written_anew(tree: Path) -> None:
    (tree / "gxbridge" / "_candb.py").write_bytes(b"\xff\xfe")
    assert build(tree) is True


def test_the_command_says_what_it_did(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_module, "ROOT", tree)
    assert (main(), main()) == (0, 0)
    assert capsys.readouterr().err.splitlines() == [
        "gxbridge/_candb.py written",
        "gxbridge/_candb.py is up to date",
    ]
    write(tree, SMALL.replace("unit: V}", "unit: Volt}"))
    assert main() == 1
    assert "R10" in capsys.readouterr().err


def copied_tree(target: Path) -> Path:
    """What a package build needs of this tree, without the compiled form."""
    target.mkdir()
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target)
    leave = shutil.ignore_patterns("__pycache__", "_candb.py")
    for name in ("gxbridge", "packaging", "service"):
        shutil.copytree(ROOT / name, target / name, ignore=leave)
    write(target)
    return target


HOOK = "import sys; sys.path.insert(0, 'packaging'); import backend; print(backend.{hook}({out!r}))"


def run_hook(tree: Path, hook: str, out: Path) -> subprocess.CompletedProcess[str]:
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOOK.format(hook=hook, out=str(out))]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True)


def test_pip_builds_a_wheel_with_the_compiled_form_in_it(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    command += ["--quiet", "--disable-pip-version-check", "--wheel-dir", str(tmp_path / "out"), str(tree)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = (tmp_path / "out").glob("gxbridge-*.whl")
    with zipfile.ZipFile(wheel) as package:
        assert "gxbridge/_candb.py" in package.namelist()
        assert b"VE_REG_LINK_VSET" in package.read("gxbridge/_candb.py")


def test_an_editable_install_leaves_the_compiled_form_in_the_tree(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    done = run_hook(tree, "build_editable", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tree / "gxbridge" / "_candb.py").is_file()


def test_a_source_distribution_can_be_built_from_again(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    done = run_hook(tree, "build_sdist", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    (archive,) = (tmp_path / "out").glob("gxbridge-*.tar.gz")
    subprocess.run(["tar", "xzf", archive, "-C", tmp_path], check=True)
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    assert (unpacked / "can_db" / "small.yaml").is_file()
    assert (unpacked / "packaging" / "backend.py").is_file()
    assert (unpacked / "gxbridge" / "_candb.py").is_file()


def test_a_package_is_not_built_from_a_database_that_breaks_its_rules(tmp_path: Path) -> None:
    tree = copied_tree(tmp_path / "tree")
    write(tree, SMALL.replace("unit: V}", "unit: Volt}"))
    done = run_hook(tree, "build_wheel", tmp_path / "out")
    assert done.returncode == 1
    assert "can_db breaks its rules" in done.stderr
    assert "R10" in done.stderr
