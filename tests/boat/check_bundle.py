"""The bundle: always the same bytes, nothing compiled, everything that it needs in it. Run by `make check-slow`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gxbridge import __version__
from gxbridge.commands import sample
from tests.boat.conftest import ROOT

FRAME = "(1700000000.000000) can0 1CEFFF29#6699FF0F10270000\n"


def interpreters() -> list[str]:
    """This interpreter and every other that is promised and is here."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": os.path.realpath(sys.executable)}
    for version in ("3.11", "3.12", "3.13"):
        installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        path = str(installed[-1]) if installed else shutil.which(f"python{version}")
        if path is not None:
            found.setdefault(version, path)
    return list(found.values())


def make(tree: Path, zone: str) -> str:
    """Builds the bundle of a tree and returns its digest."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "TZ": zone}
    subprocess.run([sys.executable, tree / "packaging" / "bundle.py"], check=True, env=environment, cwd=tree.parent)
    (made,) = (tree / "dist").glob("*.tar.gz")
    return hashlib.sha256(made.read_bytes()).hexdigest()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """A tree, and a copy of it with other times and permissions, with byte code and an editor's leavings in it."""
    one, two = tmp_path / "one", tmp_path / "two"
    for part in ("gxbridge", "docs", "service", "packaging"):
        shutil.copytree(ROOT / part, one / part)
    for part in ("LICENSE", "CHANGELOG.md", "pyproject.toml"):
        shutil.copyfile(ROOT / part, one / part)
    shutil.copytree(one, two, copy_function=shutil.copyfile)
    (two / "gxbridge" / "__pycache__").mkdir(exist_ok=True)
    (two / "gxbridge" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"\0")
    (two / "gxbridge" / ".cli.py.swp").write_bytes(b"\0")
    assert make(one, "UTC") == make(two, "Asia/Tokyo")


def test_the_archive_is_one_folder_of_one_owner_and_one_time(bundle: Path) -> None:
    assert bundle.name == f"gxbridge-{__version__}-venus.tar.gz"
    with tarfile.open(bundle) as archive:
        members = archive.getmembers()
    assert {member.name.split("/")[0] for member in members} == {bundle.name.removesuffix(".tar.gz")}
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, members[0].mtime)}
    assert [member.name for member in members] == sorted(member.name for member in members)
    runnable = {member.name.partition("/")[2] for member in members if member.isfile() and member.mode & 0o111}
    assert {"gxbridge", "install.sh", "uninstall.sh", "service/run", "service/log/run", "setup"} <= runnable


def test_the_samples_are_where_their_command_finds_them(unpacked: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-s", str(unpacked / "lib"), "sample", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for name in sample.NAMES:
        assert (tmp_path / name).read_bytes() == (ROOT / "docs" / "examples" / name).read_bytes()


def test_checksums_hold_inside_and_beside_it(bundle: Path, unpacked: Path) -> None:
    said, name = bundle.with_name(f"{bundle.name}.sha256").read_text().split()
    assert (said, name) == (hashlib.sha256(bundle.read_bytes()).hexdigest(), bundle.name)
    rows = dict(reversed(line.split("  ")) for line in (unpacked / "SHA256SUMS").read_text().splitlines())
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {name for name in files if "__pycache__" not in name} == {*rows, "SHA256SUMS"}
    for name, digest in rows.items():
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest, name


def test_the_pages_in_it_lead_to_what_is_in_it(unpacked: Path) -> None:
    for page in (*unpacked.glob("docs/*.md"), *unpacked.glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_nothing_in_it_is_compiled(unpacked: Path) -> None:
    for path in unpacked.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".png", ".gz"):
            raw = path.read_bytes()
            assert b"\0" not in raw, f"{path} is not text"
            raw.decode("utf-8")


def test_every_package_in_it_has_its_licence(unpacked: Path) -> None:
    pins = re.findall(r"^(\S+)==(\S+)", (ROOT / "service" / "requirements-venus.txt").read_text(), re.MULTILINE)
    table = (unpacked / "LICENSES.md").read_text()
    for name, version in pins:
        assert f"| {name} | {version} |" in table
        assert any((unpacked / "licenses" / f"{name}-{version}").iterdir())
    metadata = {path.parent.name.split("-")[0] for path in unpacked.glob("lib/*.dist-info/METADATA")}
    assert {name.replace("-", "_").lower() for name, _ in pins} | {"gxbridge"} == {name.lower() for name in metadata}


@pytest.mark.parametrize("python", interpreters())
def test_it_runs_with_plain_python_wherever_it_is_unpacked(unpacked: Path, tmp_path: Path, python: str) -> None:
    """Also where a module in the current folder has the name of one that is needed."""
    folder = tmp_path / "a folder"
    shutil.copytree(unpacked, folder)
    (tmp_path / "can.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "boat.log").write_text(FRAME)
    command = tmp_path / "gxbridge"
    command.symlink_to(folder / "gxbridge")
    environment = {"PATH": os.environ["PATH"], "PYTHON": python}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [command, *arguments], cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    assert json.loads(run("decode", "boat.log", "--format", "json"))["values"] == {"soc": 100.0}
    assert run("--version") == f"gxbridge {__version__}\n"
    assert "0x2108" in run("candb", "show", "0x2108")
    run("config", "check", str(folder / "service" / "gxbridge.example.yaml"))
    subprocess.run(
        [python, "-sP", "-m", "gxbridge_venus.self_test"],
        check=True,
        env={**environment, "PYTHONPATH": f"{folder}/lib"},
    )


def test_its_python_can_finds_the_interface_of_ours(unpacked: Path) -> None:
    code = "import can, gxbridge; print(can.VALID_INTERFACES, can.__file__, gxbridge.__file__)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked / "lib")}
    # -S: without the site-packages of this interpreter, as on a GX.
    said = subprocess.run(
        [sys.executable, "-SP", "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    assert "gxsocket" in said.stdout
    assert said.stdout.count(str(unpacked)) == 2


def test_an_old_python_is_told_so(unpacked: Path, tmp_path: Path) -> None:
    """With the version number of an old one; the file itself has nothing that an old one cannot read."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 8, 13, 'final', 0)\n")
    environment = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "PYTHONPATH": str(tmp_path)}
    said = subprocess.run([unpacked / "gxbridge", "--version"], env=environment, capture_output=True, text=True)
    assert said.returncode == 1
    assert said.stderr == "gxbridge needs Python 3.11 or newer (Venus OS v3.60 or newer), this is 3.8\n"
