"""The history as a database: what people find in it, what damage costs, and files that others made."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from gxbridge.core.history.series import SERIES
from gxbridge.edge.history import database, tables
from gxbridge.edge.history.database import HistoryDatabase
from gxbridge.edge.history.form import DAMAGED, DATABASE
from gxbridge.history.folder import HistoryFolder
from tests.core.history.blocks import block
from tests.history.test_folder import BEGIN, DAY, FIRST, PLENTY, minutes, noise, times


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


def days(path: Path, count: int = 40) -> None:
    """A database of as many days."""
    made = HistoryDatabase(path)
    for day in range(count):
        made.append(block([BEGIN + day * DAY + 60.0 * n for n in range(240)], {"current_a": noise(240)}))


def test_people_find_units_in_it(path: Path) -> None:
    HistoryDatabase(path).append(block([BEGIN], {"voltage_v": [26.3], "told_a solarcharger.ttyO1": [40.5]}))
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        (row,) = db.execute("SELECT * FROM battery")
        assert [row[name] for name in ("utc", "voltage_v", "voltage_v_least", "voltage_v_most", "soc_percent")] == [
            "2024-10-04 00:00:00", 26.3, 26.3, 26.3, None,
        ]  # fmt: skip
        assert set(SERIES) <= set(row.keys())
        (row,) = db.execute("SELECT * FROM charger")
        assert (row["charger"], row["told_a"], row["made_a"]) == ("solarcharger.ttyO1", 40.5, None)
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_columns_of_a_later_version_are_added_to_an_older_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = HistoryDatabase(path)
    with monkeypatch.context() as older:
        few = tuple(name for name in SERIES if name != "dcl_a")
        older.setattr(tables, "BATTERY", tables.BATTERY._replace(names=few))
        made.append(block([BEGIN], {"voltage_v": [26.0]}))
    (found,) = made.blocks(FIRST)
    assert "dcl_a" not in found.columns
    made.append(block([BEGIN + 60], {"dcl_a": [400.0]}))
    (found,) = made.blocks(FIRST)
    assert list(found.columns["dcl_a"].mean)[1:] == [400.0]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT voltage_v, dcl_a FROM battery").fetchall() == [(26.0, None), (None, 400.0)]


@pytest.mark.parametrize("content", [b"no database at all" * 99, b"SQLite format 3\0" + bytes(3000)])
def test_what_is_no_database_is_set_aside_and_a_new_one_begun(
    path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path.write_bytes(content)
    folder = HistoryFolder(path.parent, PLENTY)
    assert times(folder) == []
    folder.make_room(PLENTY)
    folder.append(minutes(BEGIN))
    assert len(times(folder)) == 15
    assert path.with_name(DAMAGED).read_bytes() == content
    assert sum("set aside" in message for message in caplog.messages) == 1


def test_of_a_damaged_database_what_is_whole_is_still_shown(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    days(path)
    size = path.stat().st_size
    with path.open("r+b") as file:  # the newest rows, in which the next ones would be added
        file.seek(size * 19 // 20)
        file.write(os.urandom(size - file.tell()))
    folder = HistoryFolder(path.parent, PLENTY)
    whole = len(times(folder))
    assert 20 * 240 < whole < 40 * 240
    folder.append(minutes(BEGIN + 50 * DAY))
    assert path.with_name(DAMAGED).exists(), caplog.messages
    assert len(times(folder)) == whole + 15, "of both"
    for _ in range(2):  # the second time another one is set aside
        folder.append(minutes(BEGIN + 51 * DAY))
        path.write_bytes(b"x" * 9000)
    assert folder.append(minutes(BEGIN + 52 * DAY)) > 0
    HistoryFolder(path.parent, 1).make_room(PLENTY)
    assert [found.name for found in path.parent.iterdir()] == [DATABASE], "the damaged one goes first"


def test_a_day_that_cannot_be_thinned_for_damage_does_not_stop_the_history(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    days(path)
    with path.open("r+b") as file:
        file.seek(20_480)
        file.write(os.urandom(40_960))
    folder = HistoryFolder(path.parent, 1)
    for day in range(4):
        folder.append(minutes(BEGIN + (60 + day) * DAY))
        folder.make_room(PLENTY)
    assert times(folder, BEGIN + 60 * DAY)[-15:] == list(minutes(BEGIN + 63 * DAY).times)
    assert any("damaged" in message for message in caplog.messages)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_damaged_nothing_crashes_and_the_history_goes_on(path: Path, seed: int) -> None:
    days(path, 10)
    content = bytearray(path.read_bytes())
    for n in range(40):
        content[hash((seed, n)) % len(content)] ^= 1 << n % 8
    path.write_bytes(content)
    folder = HistoryFolder(path.parent, 30_000)
    for day in range(3):
        times(folder)
        folder.append(minutes(BEGIN + (60 + day) * DAY))
        folder.make_room(PLENTY)
    assert set(minutes(BEGIN + 62 * DAY).times) <= set(times(folder))


def test_a_commit_that_was_killed_is_undone_from_its_journal(path: Path) -> None:
    days(path, 5)
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE battery_raw SET current_a = 0")
        journal = Path(f"{path}-journal").read_bytes()
        half = path.read_bytes()
    assert half != before, "pages were written before the commit"
    path.write_bytes(half)
    Path(f"{path}-journal").write_bytes(journal)
    assert len(times(HistoryFolder(path.parent, PLENTY))) == 5 * 240
    assert path.read_bytes() == before


def test_a_program_that_holds_the_file_is_waited_for(path: Path) -> None:
    days(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as db:
        db.execute("BEGIN EXCLUSIVE")
        later = threading.Timer(0.3, db.execute, ("COMMIT",))
        later.start()
        assert HistoryDatabase(path).append(minutes(BEGIN + DAY)) > 0
        later.join()


def test_one_that_holds_it_too_long_is_an_error_that_is_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days(path, 1)
    monkeypatch.setattr(database, "WAITS_S", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match="locked"):
            HistoryDatabase(path).append(minutes(BEGIN + DAY))
        assert times(HistoryFolder(path.parent, PLENTY)) == []
    assert HistoryDatabase(path).append(minutes(BEGIN + DAY)) > 0


def test_a_link_to_elsewhere_is_not_followed(path: Path) -> None:
    (path.parent / "target").write_bytes(b"")
    path.symlink_to(path.parent / "target")
    with pytest.raises(OSError, match="symbolic"):
        HistoryDatabase(path).append(minutes(BEGIN))
    assert (path.parent / "target").read_bytes() == b""


def test_a_database_of_somebody_else_runs_no_program(path: Path) -> None:
    """A view in place of a table could compute for ever."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE VIEW battery_raw AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
                   "SELECT 60 AS step_s, x AS time, x AS voltage_v FROM n")  # fmt: skip
    began = time.monotonic()
    assert HistoryDatabase(path, foreign=True).days() == {}
    assert time.monotonic() - began < 10.0
    assert not Path(f"{path}-journal").exists()
