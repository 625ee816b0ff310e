"""The bundle, made once for all tests of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.boat.arm import arm_root

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as `make bundle` makes it."""
    into = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, ROOT / "packaging" / "bundle.py", "--into", into], check=True)
    (path,) = into.glob("gxbridge-*-venus.tar.gz")
    return path


@pytest.fixture(scope="session")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is in it. Copy it before changing anything."""
    into = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "xzf", bundle, "-C", into], check=True)  # as the page on installing says
    (folder,) = into.iterdir()
    return folder


@pytest.fixture(scope="session")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with Debian's Python for 32-bit ARM."""
    return arm_root(tmp_path_factory.mktemp("arm"))
