"""A small fleet: eight boats of three minutes, each with another story, and its data set; made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge import cli
from tests.fleet.simulated import write_fleet

SECRET = "5e" * 32
BOATS = 8


@pytest.fixture(scope="session")
def boats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the boats; leave it as it is."""
    folder = tmp_path_factory.mktemp("fleet") / "boats"
    write_fleet(folder, BOATS, seconds=180)
    return folder


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("secret") / "fleet-secret"
    place.write_text(SECRET)
    return place


@pytest.fixture(scope="session")
def data(boats: Path, secret: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its data set; leave it as it is."""
    folder = tmp_path_factory.mktemp("data") / "set"
    arguments = ["ingest", str(boats), "-o", str(folder), "--secret", str(secret), "--workers", "1", "--messages"]
    assert cli.main(["fleet", *arguments]) == 0
    return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test makes or finds a secret of whoever runs it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
