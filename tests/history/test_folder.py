"""The history on a disk, in both forms: appended, thinned, bounded; a full disk, a kill and a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from gxbridge.core.history.block import UNKNOWN, HistoryBlock, StateChange
from gxbridge.core.history.resample import resample
from gxbridge.history.folder import FINE_DAYS, HistoryFolder, most_written
from tests.core.history.blocks import block, plain
from tests.history.forms import FORMS, bytes_written, choose, program, taken

DAY = 86_400.0
BEGIN = 20_000 * DAY
PLENTY = 1 << 40
FIRST, SECOND, THIRD = "2024-10-04", "2024-10-05", "2024-10-06"


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test that takes this holds for both."""
    choose(request.param, monkeypatch)
    return str(request.param)


def minutes(at: float, count: int = 15, value: float = 1.0) -> HistoryBlock:
    return block([at + 60.0 * n for n in range(count)], {"voltage_v": [value + n for n in range(count)]})


def times(folder: HistoryFolder, since: float = 0.0, until: float = 1e11) -> list[float]:
    return [moment for found in folder.blocks(since, until) for moment in found.times]


def noise(count: int) -> list[float]:
    return [n * 7919 % 1000 / 7 for n in range(count)]


def steps(folder: HistoryFolder) -> Counter[float]:
    """How many rows of each length there are."""
    found: Counter[float] = Counter()
    for each in folder.blocks(0, 1e12):
        found[each.step_s] += len(each.times)
    return found


def test_what_is_appended_is_read_and_private(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path / "a" / "b", PLENTY)
    assert (times(folder), folder.span()) == ([], None)
    for at in (BEGIN, BEGIN + 900, BEGIN + DAY):
        folder.append(minutes(at))
    assert len(times(folder)) == 45
    assert folder.span() == (FIRST, SECOND)
    assert {oct(path.stat().st_mode)[-3:] for path in (tmp_path / "a" / "b").iterdir()} == {"600"}
    assert times(folder, BEGIN + 3 * DAY) == []
    assert times(folder, 0.0, BEGIN - 1) == []


def test_everything_of_a_block_comes_back(tmp_path: Path, form: str) -> None:
    given = HistoryBlock(
        60.0,
        (BEGIN, BEGIN + 60.0, BEGIN + 120.0),
        block([], {"voltage_v": (26.375, UNKNOWN, -0.125), "power_w": (UNKNOWN, -98_765.5, 1e9),
                   "told_a solarcharger.ttyO1": (0.0, 1.5, UNKNOWN), "made_a solarcharger.ttyO1": (2.5, UNKNOWN, 3.5),
                   "told_a vebus.ttyS4": (UNKNOWN, UNKNOWN, 70.0)}).columns,
        {"told_a solarcharger.ttyO1": "Sun", "made_a solarcharger.ttyO1": "Sun", "told_a vebus.ttyS4": "Multi"},
        (StateChange(BEGIN + 0.5, "ccl", "refused", 'Says "no": ä'), StateChange(BEGIN + 61.0, "ccl", "", "")),
    )  # fmt: skip
    folder = HistoryFolder(tmp_path, PLENTY)
    folder.append(given)
    for names in (None, frozenset({"voltage_v"}), frozenset({"made_a solarcharger.ttyO1"})):
        expected = resample([given], BEGIN, BEGIN + 180, 60.0, names)
        found = resample(folder.blocks(BEGIN, BEGIN + 180, names), BEGIN, BEGIN + 180, 60.0, names)
        assert plain(found) == plain(expected)
        assert (found.labels, found.changes) == (expected.labels, expected.changes)


def test_a_minute_in_which_nothing_was_known_is_one_all_the_same(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    folder.append(block([BEGIN, BEGIN + 60], {"soc_percent": (UNKNOWN, UNKNOWN)}))
    assert times(folder) == [BEGIN, BEGIN + 60]


def test_the_oldest_day_is_thinned_to_quarters_of_an_hour_and_then_removed(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, 3_000)
    for day in range(3):
        for quarter in range(8):
            folder.append(minutes(BEGIN + day * DAY + quarter * 900))
    before = resample(folder.blocks(0, 1e11), BEGIN, BEGIN + DAY, 900)
    assert folder.make_room(PLENTY) > 0
    assert steps(folder) == {60.0: 240, 900.0: 8}
    after = resample(folder.blocks(0, 1e11), BEGIN, BEGIN + DAY, 900)
    assert after == before, "the least, the mean and the most of each quarter are the same"
    small = HistoryFolder(tmp_path, 1)
    for _ in range(9):
        small.make_room(PLENTY)
    assert small.span() == (THIRD, THIRD), "the day that is written to stays"
    assert steps(folder) == {60.0: 120}


def test_a_day_that_is_written_to_again_after_it_was_thinned_is_thinned_together(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, 1)
    for day in (0, 1):
        folder.append(minutes(BEGIN + day * DAY))
    folder.make_room(PLENTY)
    folder.append(minutes(BEGIN + 900))  # a clock was set back
    folder.make_room(PLENTY)
    (found,) = folder.blocks(BEGIN + 10, BEGIN + 100)
    assert (found.step_s, tuple(found.times)) == (900.0, (BEGIN, BEGIN + 900))


def test_hours_that_happened_twice_are_shown_together(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    for value in (10.0, 30.0, 20.0):
        folder.append(minutes(BEGIN, 15, value))
    found = resample(folder.blocks(0, 1e11), BEGIN, BEGIN + 900, 900)
    assert plain(found) == (900.0, [BEGIN], {"voltage_v": [(10.0, 27.0, 44.0)]})


def test_thinning_waits_where_too_much_was_written_today(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, 1)
    for day in (0, 1):
        folder.append(minutes(BEGIN + day * DAY))
    assert folder.make_room(10) == 0
    assert steps(folder) == {60.0: 30}


def test_ninety_days_stay_fine_and_none_goes_by_the_clock(tmp_path: Path, form: str) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    for day in range(FINE_DAYS + 1):
        at = (0.0 if day == 50 else 253_000_000_000.0 if day == 51 else BEGIN) + day * DAY  # 1970 and 9987 among them
        folder.append(minutes(at))
    for _ in range(5):
        folder.make_room(PLENTY)
    assert steps(folder) == {60.0: FINE_DAYS * 15, 900.0: 1}


def test_no_more_stays_on_the_disk_than_is_kept(tmp_path: Path, form: str) -> None:
    most = {"sqlite": 170_000, "files": 30_000}[form]
    folder, largest = HistoryFolder(tmp_path, most), 0
    for day in range(16):
        for hour in (0, 8, 16):
            at = BEGIN + day * DAY + hour * 3600
            folder.append(block([at + 60.0 * n for n in range(120)], {"current_a": noise(120)}))
            folder.make_room(PLENTY)
            largest = max(largest, taken(tmp_path))
    first, last = folder.span() or ("", "")
    assert largest <= most
    assert set(steps(folder)) == {60.0, 900.0}
    assert (first < "2024-10-15", last) == (True, "2024-10-19")


@pytest.mark.parametrize("chargers", [0, 15])
def test_what_is_written_is_counted(tmp_path: Path, form: str, chargers: int) -> None:
    """Against what went to the disk: no less than that, and no more than is asked for before."""
    folder = HistoryFolder(tmp_path, 1 << 30)

    def quarter(number: int, count: int = 15) -> HistoryBlock:
        names = ["current_a", *(f"{kind} solarcharger.n{n}" for n in range(chargers) for kind in ("told_a", "made_a"))]
        at = BEGIN + number * 900
        states = [StateChange(at, f"finding {n}", "alarm", "x" * 60) for n in range(10)]
        return block([at + 60.0 * n for n in range(count)], dict.fromkeys(names, noise(count)), *states)

    folder.append(quarter(-1))
    for number in (*range(20), 3, 4, *range(96, 110)):  # in order, hours that happened twice, and another day
        before = bytes_written()
        told = folder.append(quarter(number))
        assert bytes_written() - before <= told <= most_written(quarter(number))
    folder.append(quarter(-700, 1440))
    blocks = list(folder.blocks(BEGIN - 800 * 900, BEGIN - 500 * 900))
    before = bytes_written()
    told = HistoryFolder(tmp_path, 1).make_room(PLENTY)
    assert bytes_written() - before <= told <= most_written(*blocks)
    assert told > 0


@pytest.mark.parametrize("at", [-1e18, -5.0, 1e18, 253_402_300_800.0])
def test_a_moment_beyond_any_calendar_is_kept_all_the_same(tmp_path: Path, form: str, at: float) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    folder.append(minutes(at))
    assert len(times(folder, -1e18, 1e18)) == 15


FULL = """
import sys, os
from pathlib import Path
from gxbridge.history.folder import HistoryFolder
from tests.history.test_folder import minutes, BEGIN, times
folder = HistoryFolder(Path(sys.argv[1]), 1 << 40)
refused = taken = 0
for n in range(400):
    try:
        folder.append(minutes(BEGIN + 900 * n))
        taken += 1
    except OSError as error:
        refused += 1
        reason = str(error)
read = len(times(folder))
for path in Path(sys.argv[1]).iterdir():
    path.unlink()
folder.append(minutes(BEGIN))
print(refused > 10, taken > 10, read == 15 * taken, len(times(folder)), reason, sep="|")
"""


def test_on_a_disk_that_is_full_what_was_written_stays_whole(tmp_path: Path, form: str) -> None:
    """A file system of 64 kB, in a mount namespace of its own."""
    script = f"mount -t tmpfs -o size=64k none {tmp_path} && {sys.executable} - {tmp_path}"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], input=program(form, FULL), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    *facts, reason = done.stdout.strip().split("|")
    assert facts == ["True", "True", "True", "15"]
    assert ("full" if form == "sqlite" else "No space left") in reason


KILLED = """
import sys
from pathlib import Path
from gxbridge.history.folder import HistoryFolder
from tests.history.test_folder import minutes, BEGIN
folder = HistoryFolder(Path(sys.argv[1]), 20_000)
n = int(sys.argv[2])
while True:
    folder.append(minutes(BEGIN + 900 * n))
    folder.make_room(1 << 40)
    n += 1
    print(n, flush=True)
"""


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path, form: str) -> None:
    """While it appends and thins, in whatever moment that falls."""
    folder, promised = HistoryFolder(tmp_path, PLENTY), 0
    for turn in range(4):
        arguments = [sys.executable, "-c", program(form, KILLED), str(tmp_path), str(promised)]
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.02 + 0.037 * turn)
        child.send_signal(signal.SIGKILL)
        promised += 1 + len(child.stdout.read().split())
        child.wait()
        found = {(at - BEGIN) // 900 for at in times(folder)}
        first_day = int(min(found)) // 96  # room is made by whole days
        assert found >= set(range(first_day * 96, promised))
        assert first_day == 0 or promised > 96


def test_days_of_the_other_form_are_read_and_make_room_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose Python gets sqlite3."""
    with monkeypatch.context() as hidden:
        choose("files", hidden)
        for day in (0, 1):
            HistoryFolder(tmp_path, PLENTY).append(minutes(BEGIN + day * DAY))
    folder = HistoryFolder(tmp_path, PLENTY)
    folder.append(minutes(BEGIN + DAY + 3600))
    folder.append(minutes(BEGIN + 2 * DAY))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{FIRST}.gxh", f"{SECOND}.gxh", "history.sqlite"]
    assert len(times(folder)) == 60
    assert folder.span() == (FIRST, THIRD)
    small = HistoryFolder(tmp_path, 1)
    small.make_room(PLENTY)
    assert [path.name for path in tmp_path.glob("*.gxh")] == [f"{FIRST}-coarse.gxh", f"{SECOND}.gxh"]
    small.make_room(PLENTY)
    assert steps(folder) == {900.0: 3, 60.0: 15}, "a day that is in both is thinned in both"
    for _ in range(3):
        small.make_room(PLENTY)
    assert folder.span() == (THIRD, THIRD)


def test_without_sqlite_a_database_is_told_counted_and_the_first_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine whose Python loses sqlite3."""
    HistoryFolder(tmp_path, PLENTY).append(minutes(BEGIN))
    choose("files", monkeypatch)
    folder = HistoryFolder(tmp_path, 20_000)
    folder.append(minutes(BEGIN + DAY))
    for _ in range(2):
        assert len(times(folder)) == 15
    assert [record.message for record in caplog.records] == [
        f"this Python has no sqlite3: the days in {tmp_path / 'history.sqlite'} are not shown"
    ]
    folder.make_room(PLENTY)
    assert (tmp_path / "history.sqlite").exists(), "there is room for both"
    HistoryFolder(tmp_path, 5_000).make_room(PLENTY)
    assert [path.name for path in tmp_path.iterdir()] == [f"{SECOND}.gxh"]
    assert "no room for" in caplog.messages[-1]


# --- files only ------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    choose("files", monkeypatch)


def test_a_day_of_rubbish_is_passed_over_and_makes_room(tmp_path: Path, files: None) -> None:
    (tmp_path / f"{FIRST}.gxh").write_bytes(os.urandom(5000))
    (tmp_path / f"{FIRST}.gxh.part").write_bytes(b"x")
    (tmp_path / f"{SECOND}.gxh").mkdir()
    folder = HistoryFolder(tmp_path, 100)
    folder.append(minutes(BEGIN + 2 * DAY))
    assert len(times(folder)) == 15
    folder.make_room(PLENTY)
    assert not (tmp_path / f"{FIRST}.gxh").exists()


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path, files: None) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    place = tmp_path / "history"
    place.mkdir()
    (place / f"{FIRST}.gxh").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        HistoryFolder(place, PLENTY).append(minutes(BEGIN))
    assert target.read_bytes() == b""
