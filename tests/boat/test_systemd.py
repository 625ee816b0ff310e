"""The units for systemd: systemd itself finds nothing wrong with them and little to attack; they run what is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gxbridge.cli import main
from tests.boat.conftest import ROOT
from tests.edge.dbus_daemon import program

UNITS = {path.stem: path.read_text() for path in (ROOT / "service" / "systemd").glob("*.service")}
MOST_EXPOSED = 15
"""Of 100, as `systemd-analyze security` counts: below 20 it calls a service SAFE or OK; a unit without rules has 96."""


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze", "systemd"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=sorted(UNITS))
def unit(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A unit with a program that is here."""
    path = tmp_path / f"{request.param}.service"
    path.write_text(re.sub(r"/opt/gxbridge/bin/gxbridge", "/bin/true", UNITS[request.param]))
    return path


def test_systemd_understands_every_line(unit: Path) -> None:
    said = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert [line for line in said.stderr.splitlines() if unit.name in line] == []
    unit.write_text(unit.read_text().replace("ProtectClock", "ProtectClocks"))
    said = analyze("verify", "--man=no", "--recursive-errors=no", str(unit))
    assert "ProtectClocks" in said.stderr, "a word that is wrong would be seen"


def test_little_of_the_machine_is_in_its_reach(unit: Path) -> None:
    said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit))
    assert said.returncode == 0, said.stdout + said.stderr
    unit.write_text(re.sub(r"(?m)^(SystemCallFilter|CapabilityBoundingSet|ProtectSystem).*\n", "", unit.read_text()))
    said = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit))
    assert said.returncode != 0, "a rule that is missing would be seen"


@pytest.mark.parametrize("name", sorted(UNITS))
def test_what_it_starts_is_a_command_that_there_is(name: str) -> None:
    (command,) = re.findall(r"^ExecStart=\S+/gxbridge (.+)$", UNITS[name], re.MULTILINE)
    with pytest.raises(SystemExit) as ended:
        main([command.split()[0], "--help"])
    assert ended.value.code == 0
    page = (ROOT / "docs" / "install.md").read_text()
    for path in re.findall(r"/(?:opt|etc|var)/[\w./-]*gxbridge[\w./-]*", UNITS[name]):
        assert path.split("/bin/")[0].rstrip(".") in page, f"docs/install.md does not say where {path} comes from"


def test_the_user_of_the_policy_is_the_user_of_the_unit() -> None:
    for policy in (ROOT / "service" / "dbus-policy").glob("*.conf"):
        assert '<policy user="gxbridge">' in policy.read_text()
    assert all("\nUser=gxbridge\n" in text for text in UNITS.values())
