"""The history on a disk: appended, thinned, bounded; a full disk, a kill and a clock that jumps."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gxbridge.core.history.codec import decode, encode
from gxbridge.core.history.resample import resample
from gxbridge.history.folder import FINE_DAYS, HistoryFolder
from tests.core.history.blocks import block

DAY = 86_400.0
BEGIN = 20_000 * DAY
PLENTY = 1 << 40


def minutes(at: float, count: int = 15, value: float = 1.0) -> bytes:
    return encode(block([at + 60.0 * n for n in range(count)], {"x": [value + n for n in range(count)]}))


def times(folder: HistoryFolder, since: float = 0.0, until: float = 1e11) -> list[float]:
    return [moment for found in folder.blocks(since, until) for moment in found.times]


def test_what_is_appended_is_read_and_private(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path / "a" / "b", PLENTY)
    assert (times(folder), folder.span()) == ([], None)
    folder.append(minutes(BEGIN), BEGIN)
    folder.append(minutes(BEGIN + 900), BEGIN + 900)
    folder.append(minutes(BEGIN + DAY), BEGIN + DAY)
    assert len(times(folder)) == 45
    assert folder.span() == ("2024-10-04", "2024-10-05")
    assert {oct(path.stat().st_mode)[-3:] for path in (tmp_path / "a" / "b").iterdir()} == {"600"}
    assert times(folder, BEGIN + 3 * DAY) == []
    assert times(folder, 0.0, BEGIN - 1) == []


def test_the_oldest_day_is_thinned_to_quarters_of_an_hour_and_then_removed(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path, 3_000)
    for day in range(3):
        for quarter in range(8):
            at = BEGIN + day * DAY + quarter * 900
            folder.append(minutes(at), at)
    before = resample(folder.blocks(0, 1e11), BEGIN, BEGIN + DAY, 900)
    spent = folder.make_room(PLENTY)
    assert spent == (tmp_path / "2024-10-04-coarse.gxh").stat().st_size
    assert not (tmp_path / "2024-10-04.gxh").exists()
    after = resample(folder.blocks(0, 1e11), BEGIN, BEGIN + DAY, 900)
    assert after == before, "the least, the mean and the most of each quarter are the same"
    while sum(path.stat().st_size for path in tmp_path.iterdir()) > 3_000:
        folder.make_room(PLENTY)
    small = HistoryFolder(tmp_path, 1)
    for _ in range(9):
        small.make_room(PLENTY)
    assert [path.name for path in tmp_path.iterdir()] == ["2024-10-06.gxh"], "the day that is written to stays"


def test_a_day_that_is_written_to_again_after_it_was_thinned_is_thinned_together(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path, 1)
    for day in (0, 1):
        folder.append(minutes(BEGIN + day * DAY), BEGIN + day * DAY)
    folder.make_room(PLENTY)
    folder.append(minutes(BEGIN + 900), BEGIN + 900)  # a clock was set back
    folder.make_room(PLENTY)
    (coarse,) = tmp_path.glob("2024-10-04*")
    (found,) = decode(coarse.read_bytes())
    assert found.times == (BEGIN, BEGIN + 900)


def test_thinning_waits_where_too_much_was_written_today(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path, 1)
    for day in (0, 1):
        folder.append(minutes(BEGIN + day * DAY), BEGIN + day * DAY)
    assert folder.make_room(10) == 0
    assert not list(tmp_path.glob("*-coarse*"))


def test_ninety_days_stay_fine_and_none_goes_by_the_clock(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    for day in range(FINE_DAYS + 1):
        at = (0.0 if day == 50 else 253_000_000_000.0 if day == 51 else BEGIN) + day * DAY  # 1970 and 9987 among them
        folder.append(minutes(at), at)
    for _ in range(5):
        folder.make_room(PLENTY)
    assert len(list(tmp_path.glob("*-coarse.gxh"))) == 1
    assert len(times(folder, 0.0, 1e12)) == FINE_DAYS * 15 + 1


def test_a_day_of_rubbish_is_passed_over_and_makes_room(tmp_path: Path) -> None:
    (tmp_path / "2024-10-04.gxh").write_bytes(os.urandom(5000))
    (tmp_path / "2024-10-04.gxh.part").write_bytes(b"x")
    (tmp_path / "2024-10-05.gxh").mkdir()
    folder = HistoryFolder(tmp_path, 100)
    folder.append(minutes(BEGIN + 2 * DAY), BEGIN + 2 * DAY)
    assert len(times(folder)) == 15
    folder.make_room(PLENTY)
    assert not (tmp_path / "2024-10-04.gxh").exists()


@pytest.mark.parametrize("at", [-1e18, -5.0, 1e18, 253_402_300_800.0])
def test_a_moment_beyond_any_calendar_has_a_file_all_the_same(tmp_path: Path, at: float) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    folder.append(minutes(BEGIN), at)
    assert len(times(folder, -1e18, 1e18)) == 15


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"")
    place = tmp_path / "history"
    place.mkdir()
    (place / "2024-10-04.gxh").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        HistoryFolder(place, PLENTY).append(minutes(BEGIN), BEGIN)
    assert target.read_bytes() == b""


FULL = """
import sys, os
from pathlib import Path
from gxbridge.history.folder import HistoryFolder
folder = HistoryFolder(Path(sys.argv[1]), 1 << 40)
data = os.urandom(1500)
from tests.history.test_folder import minutes, BEGIN, times
good = minutes(BEGIN)
refused = 0
for n in range(400):
    try:
        folder.append(good, BEGIN)
    except OSError as error:
        refused += 1
        reason = error.errno
size = sum(path.stat().st_size for path in Path(sys.argv[1]).iterdir())
print(refused, reason, size % len(good), len(times(folder)) == size // len(good) * 15)
"""


def test_on_a_disk_that_is_full_what_was_written_stays_whole(tmp_path: Path) -> None:
    """A file system of 32 kB, in a mount namespace of its own."""
    script = f"mount -t tmpfs -o size=32k none {tmp_path} && {sys.executable} -c '{FULL}' {tmp_path}"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    refused, reason, torn, readable = done.stdout.split()
    assert (int(refused) > 0, int(reason), torn, readable) == (True, 28, "0", "True")


KILLED = """
import sys
from pathlib import Path
from gxbridge.history.folder import HistoryFolder
from tests.history.test_folder import minutes, BEGIN
folder = HistoryFolder(Path(sys.argv[1]), 1 << 40)
n = 0
while True:
    folder.append(minutes(BEGIN + 60 * n, 1), BEGIN)
    n += 1
    print(n, flush=True)
"""


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    folder = HistoryFolder(tmp_path, PLENTY)
    promised = 0
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.15)
        child.send_signal(signal.SIGKILL)
        promised += 1 + len(child.stdout.read().split())
        child.wait()
        assert len(times(folder)) >= promised - 3
