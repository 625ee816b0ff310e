"""Writes `service/requirements-venus.txt` and `-web.txt` anew: what the bundle for Venus OS contains, pinned by version
and hash; the second file is for the web page only, and has none of what is in the first.

Run it by hand to take newer versions (`python packaging/pins.py`); it uses pip and whatever package index pip is set up
with. A wheel without compiled code is chosen wherever there is one.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "service" / "requirements-venus.txt"

WEB_PINS = ROOT / "service" / "requirements-venus-web.txt"

PYTHON = "3.12"
"""The interpreter of Venus OS v3.60 and newer (meta-victronenergy, scarthgap)."""
PURE = ("--platform", "any")
COMPILED = ("--platform", "manylinux2014_x86_64", "--platform", "any")
"""For packages without a pure wheel: the Python files are the same in all, and the compiled ones are left out."""

HEAD = """\
# What the bundle for Venus OS contains beside gxbridge itself, for `pip download --require-hashes`.
# Written by packaging/pins.py.
"""


def target(platform: tuple[str, ...]) -> list[str]:
    """pip's options for choosing wheels for the GX instead of for this machine."""
    return ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}", *platform]


def pip(*arguments: str) -> str:
    """What pip prints. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def resolve(requirements: list[str], folder: str) -> dict[str, str]:
    """Name -> version of everything that is needed."""
    report = pip(
        *("install", "--quiet", "--dry-run", "--ignore-installed", "--report=-", f"--target={folder}/target"),
        *target(COMPILED),
        *requirements,
    )
    found = (entry["metadata"] for entry in json.loads(report)["install"])
    return {entry["name"]: entry["version"] for entry in found}


def fetch(name: str, version: str, folder: Path) -> Path:
    """The wheel of one package, without compiled code if there is such a one."""
    for platform in (PURE, COMPILED):
        into = folder / f"{name}-{len(platform)}"
        wanted = ["download", "--quiet", "--no-deps", f"--dest={into}", *target(platform), f"{name}=={version}"]
        try:
            pip(*wanted)
        except subprocess.CalledProcessError:
            continue
        return next(into.glob("*.whl"))
    raise SystemExit(f"no wheel of {name} {version} for Python {PYTHON}")


def write(pins: Path, wanted: dict[str, str]) -> None:
    """The file with these versions and their hashes."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name, version in sorted(wanted.items(), key=lambda item: item[0].lower()):
            wheel = fetch(name, version, Path(folder))
            digest = pip("hash", "--algorithm=sha256", str(wheel)).splitlines()[-1].strip()
            lines.append(f"{name}=={version} \\\n    {digest}\n")
    pins.write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{pins.relative_to(ROOT)}: {len(lines)} packages")


def pinned() -> dict[str, str]:
    """What the first file has now."""
    rows = [line.split()[0] for line in PINS.read_text(encoding="utf-8").splitlines() if "==" in line]
    return dict(row.split("==") for row in rows)


def main() -> None:
    """Both files; with `--web` the second only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        if "--web" not in sys.argv:
            write(PINS, resolve(project["dependencies"], folder))
        there = pinned()
        both = resolve([*project["optional-dependencies"]["web"], *(f"{n}=={v}" for n, v in there.items())], folder)
        write(WEB_PINS, {name: version for name, version in both.items() if name not in there})


if __name__ == "__main__":
    main()
