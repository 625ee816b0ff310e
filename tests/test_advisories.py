"""What the bundle contains and what an installation may take is pinned, named and free of known holes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PINS = [ROOT / "service" / name for name in ("requirements-venus.txt", "requirements-venus-web.txt")]
FOR_TESTS = {"test", "screens", "transport"}
PIN = re.compile(r"(\S+)==(\S+) \\\n    (--hash=sha256:[0-9a-f]{64}(?: \\\n    --hash=sha256:[0-9a-f]{64})*)\n")


def advisories() -> dict[str, dict[str, dict[str, str]]]:
    """Package -> advisory -> `below` and `text`."""
    found = tomllib.loads((ROOT / "packaging" / "advisories.toml").read_text(encoding="utf-8"))
    return {canonicalize_name(name): rows for name, rows in found.items()}


def pins() -> dict[str, Version]:
    text = "".join(path.read_text(encoding="utf-8") for path in PINS)
    return {canonicalize_name(name): Version(version) for name, version, _ in PIN.findall(text)}


def requirements() -> list[Requirement]:
    """What a user's installation takes; not what only tests need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = (rows for name, rows in project["optional-dependencies"].items() if name not in FOR_TESTS)
    return [Requirement(text) for rows in (project["dependencies"], *extras) for text in rows]


def test_the_bundle_is_made_of_pins_with_hashes_and_of_nothing_else() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in PINS)
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    assert PIN.sub("", body) == "", "an index, an address or a package without version and hash"
    needed = {canonicalize_name(Requirement(text).name) for text in ("python-can", "dbus-next", "PyYAML")}
    assert needed <= pins().keys()


def test_somebody_has_looked_at_every_package() -> None:
    used = pins().keys() | {canonicalize_name(requirement.name) for requirement in requirements()}
    assert used == advisories().keys()


@pytest.mark.parametrize("name", sorted(pins()))
def test_no_pinned_version_has_a_known_hole(name: str) -> None:
    holes = [row for row, about in advisories()[name].items() if pins()[name] < Version(about["below"])]
    assert holes == []


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_no_version_with_a_known_hole_may_be_installed(requirement: Requirement) -> None:
    """The version before the first one without the hole does not satisfy what we ask for."""
    for row, about in advisories()[canonicalize_name(requirement.name)].items():
        first = Version(about["below"])
        release = [*first.release, 0, 0][:3]
        before = next(n for n in (2, 1, 0) if release[n])
        release[before:] = [release[before] - 1, *[999] * (2 - before)]
        last = ".".join(map(str, release))
        assert not requirement.specifier.contains(last), f"{requirement} allows {last}: {row}"
