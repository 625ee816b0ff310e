"""Boats and data sets at a URL, through fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from gxbridge import cli
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.sources import local_copy, source_files

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def memory(boats: Path) -> Iterator[str]:
    """The boats in an object store."""
    store = fsspec.filesystem("memory")
    for path in boats.rglob("*"):
        if path.is_file():
            store.pipe(f"/fleet/boats/{path.relative_to(boats)}", path.read_bytes())
    yield "memory://fleet/boats"
    store.rm("/fleet", recursive=True)


def run(*arguments: object) -> int:
    return cli.main(["fleet", *map(str, arguments)])


def test_boats_at_a_url_become_a_data_set_at_a_url_with_the_same_report(
    memory: str, data: Path, secret: Path, capsys: Capture
) -> None:
    place = "memory://fleet/set"
    options = ("-o", place, "--secret", secret, "--messages", "--workers", 1)
    assert run("ingest", memory, *options) == 0
    capsys.readouterr()
    assert run("ingest", memory, *options) == 0
    assert "unchanged" in capsys.readouterr().out
    reports = []
    for where in (place, data):
        assert run("report", where, "--json") == 0
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert run("report", place, "--names", memory, "--secret", secret) == 0
    assert "boat-0001" in capsys.readouterr().out
    assert run("replay", memory, "--workers", 1) == 0


def test_an_object_that_changed_is_read_again(memory: str, secret: Path, capsys: Capture) -> None:
    options = ("-o", "memory://fleet/set", "--secret", secret, "--workers", 1)
    run("ingest", memory, *options)
    fsspec.filesystem("memory").pipe("/fleet/boats/boat-0000/can-0.log", b"(5.0) can0 1CEFFF29#6699FF0F10270000\n")
    capsys.readouterr()
    run("ingest", memory, *options)
    assert "1 ingested" in capsys.readouterr().out


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(FleetError, match="nothing is there"):
        list(source_files("memory://nothing/at/all"))
    with pytest.raises(FleetError, match="gopher"):
        list(source_files("gopher://boat"))


def test_a_copy_is_removed(memory: str) -> None:
    source = next(source_files(memory))
    with local_copy(source.place) as path:
        assert Path(path).stat().st_size == source.size
    assert not Path(path).exists()
