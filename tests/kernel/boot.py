"""Boots a kernel with real CAN and runs the tests `guest_*.py` there: `pytest tests/kernel/boot.py` (make check-slow).

Not among the ordinary tests: it fetches a kernel (41 MB) once, and takes five minutes or more. Each module has a guest
of its own, so that none is spoilt by what another left behind.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.name for path in Path(__file__).parent.glob("guest_*.py"))
TIMEOUT_S = 240.0


def load() -> ModuleType:
    """packaging/uml.py; the folder is no package."""
    spec = importlib.util.spec_from_file_location("uml", ROOT / "packaging" / "uml.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["uml"] = module
    spec.loader.exec_module(module)
    return module


uml = load()


@pytest.fixture(scope="session")
def kernel() -> object:
    """The kernel; a missing package fails here, and says what to do."""
    try:
        return uml.kernel()
    except uml.CannotBoot as error:
        pytest.fail(str(error), pytrace=False)


def guests() -> list[str]:
    """Command lines of running guests of ours."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if "linux.uml" in command and "/gxuml" in command:
            found.append(command)
    return found


@pytest.mark.parametrize("module", MODULES)
def test_in_the_guest(kernel: object, module: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = bytearray()
    measured = tmp_path / "measured"
    os.chdir(ROOT)
    command = [sys.executable, "-m", "pytest", "--color=no", "-p", "no:cov", f"tests/kernel/{module}"]
    ended = uml.run(
        command,
        timeout_s=TIMEOUT_S,
        shares=[tmp_path],
        environment={"GXBRIDGE_MEASURED": str(measured), "PYTHONDONTWRITEBYTECODE": "1"},
        output=said.extend,
        kernel_path=kernel,
    )
    text = said.decode(errors="replace").replace("\r", "")
    with capsys.disabled():
        print(f"\n{module}: booted in {ended.boot_s:.1f} s, {ended.total_s:.1f} s in all")
        print(measured.read_text() if measured.exists() else "", end="")
    assert ended.code == 0, f"{module} failed in the guest (code {ended.code}):\n{text}\n{ended.kernel_log[-2000:]}"
    assert " passed" in text
    assert not guests()


def test_what_fails_inside_fails_outside_and_what_hangs_is_ended(kernel: object) -> None:
    said = bytearray()
    ended = uml.run(["sh", "-c", "echo so; exit 7"], output=said.extend, kernel_path=kernel)
    assert (ended.code, bytes(said)) == (7, b"so\n")
    ended = uml.run(["sleep", "1000"], timeout_s=1.0, output=said.extend, kernel_path=kernel)
    assert ended.code == uml.TIMED_OUT
    assert not guests()


def test_a_package_that_cannot_be_had_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("apt-get", "dpkg-deb"):
        (tools / name).write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(uml.CannotBoot, match=r"cannot be had: E: Unable to locate package\n.*apt-get install"):
        uml._fetch(tmp_path / "cache")
    with pytest.raises(uml.CannotBoot, match="unshare is missing: apt-get install util-linux"):
        uml._cage()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(uml.CannotBoot, match="apt-get is missing"):
        uml._fetch(tmp_path / "cache")
