"""The recorder on a real bus: what it keeps, writes and answers; disks that fail; clocks that jump."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from gxbridge.core.model.items import Value
from gxbridge.edge.dbus.monitor import PREFIX
from gxbridge.history.folder import HistoryFolder
from gxbridge.history.recorder import MOST_A_DAY, Recorder
from gxbridge.history.services import MOST_ITEMS, MOST_SERVICES, SeenServices, wanted
from tests.commands.gx import Gx
from tests.core.history.test_series import LYNX, OWN, SOLAR, battery, own, services
from tests.edge.dbus_daemon import DBusDaemon
from tests.history.forms import FORMS, choose, taken
from tests.screens.kept_days import write_days

EPOCH = 1_700_000_000.0


class Clock:
    """Seconds of this machine and of the calendar, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.offset = EPOCH

    def monotonic(self) -> float:
        return self.now

    def epoch(self) -> float:
        return self.now + self.offset


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test that takes this holds for both forms on the disk."""
    choose(request.param, monkeypatch)
    return str(request.param)


def recorder(clock: Clock, folder: HistoryFolder | None, items: dict[str, dict[str, Value]] | None = None) -> Recorder:
    watched = SeenServices("unix:path=/nowhere")
    watched.items.update(items or {name: dict(values) for name, values in services.items()})
    return Recorder(watched, folder, clock=clock.epoch, now=clock.monotonic)


def pass_time(made: Recorder, clock: Clock, seconds: int) -> None:
    for _ in range(seconds):
        made.look()
        clock.now += 1


def test_what_is_on_the_disk_and_in_memory_is_one_history(tmp_path: Path, form: str) -> None:
    clock = Clock()
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    pass_time(made, clock, 1000)
    asyncio.run(made.write())
    pass_time(made, clock, 100)
    found = asyncio.run(made.query(clock.epoch() - 86_400, clock.epoch(), 10_000))
    assert found.columns["voltage_v"].mean[0] == 26.0
    assert found.times[-1] > clock.epoch() - 61
    (written,) = HistoryFolder(tmp_path, 1).blocks(0, 1e11)
    assert len(written.times) == 17
    # A process that begins anew reads what the one before has written.
    again = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    again.look()
    found = asyncio.run(again.query(clock.epoch() - 86_400, clock.epoch() + 1, 10_000))
    assert len(found.times) == 18
    assert {change.name for change in found.changes} >= {"charge", "ccl", "finding bms-alarm Lynx"}


def test_a_question_is_answered_in_so_many_points_at_most() -> None:
    clock = Clock()
    made = recorder(clock, None)
    assert asyncio.run(made.query(0.0, clock.epoch(), 500)).times == ()
    pass_time(made, clock, 600)
    found = asyncio.run(made.query(clock.epoch() - 600, clock.epoch(), 50, frozenset({"soc_percent"})))
    assert (len(found.times), list(found.columns)) == (50, ["soc_percent"])
    assert asyncio.run(made.query(clock.epoch() - 600, clock.epoch(), 10_000)).step_s == 1.0
    asyncio.run(made.write())  # without a folder nothing is kept, and nothing is wrong
    assert made.trouble == ""


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path, form: str) -> None:
    clock = Clock()
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    pass_time(made, clock, 900)
    asyncio.run(made.write())
    clock.offset -= 7200
    pass_time(made, clock, 900)
    asyncio.run(made.write())
    moments = [moment for block in HistoryFolder(tmp_path, 1).blocks(0, 1e11) for moment in block.times]
    assert len(moments) == 30
    clock.offset += 1e9
    pass_time(made, clock, 900)
    asyncio.run(made.write())
    assert (
        len({moment // 86_400 for block in HistoryFolder(tmp_path, 1).blocks(0, 1e11) for moment in block.times}) == 2
    )
    assert asyncio.run(made.query(EPOCH - 86_400, EPOCH + 86_400, 10_000)).times


def test_a_disk_that_takes_nothing_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    clock = Clock()
    place = tmp_path / "history"
    place.write_text("a file where the folder should be")
    made = recorder(clock, HistoryFolder(place, 1 << 30))
    pass_time(made, clock, 120)
    asyncio.run(made.write())
    asyncio.run(made.write())
    assert "cannot be written" in made.trouble
    assert len(caplog.records) == 1
    place.unlink()
    pass_time(made, clock, 60)
    asyncio.run(made.write())
    assert made.trouble == ""
    (block,) = HistoryFolder(place, 1).blocks(0, 1e11)
    assert len(block.times) >= 3, "what waited meanwhile is there"


def test_no_more_is_written_in_a_day_than_allowed(tmp_path: Path, form: str) -> None:
    clock = Clock()
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    made.budget.spend(clock.now, MOST_A_DAY - 100)
    pass_time(made, clock, 120)
    asyncio.run(made.write())
    assert not list(tmp_path.iterdir())
    clock.now += 86_401
    made.look()
    asyncio.run(made.write())
    assert list(tmp_path.iterdir())


def test_a_day_of_every_quarter_is_far_below_what_is_allowed(tmp_path: Path, form: str) -> None:
    clock = Clock()
    chargers = {f"/Limits/Charger/{n}/Service": f"com.victronenergy.solarcharger.n{n}" for n in range(15)}
    items: dict[str, dict[str, Value]] = {OWN: own | chargers, LYNX: dict(battery)}
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30), items)
    for quarter in range(8):
        for second in range(90):  # ten seconds stand for one
            items[LYNX]["/Dc/0/Current"] = (second * 7919 + quarter) % 1000 / 7
            for name in chargers.values():
                items[str(name)] = {"/Link/ChargeCurrent": second * 1.1, "/Dc/0/Current": second / 7}
            made.look()
            clock.now += 10
        asyncio.run(made.write())
    assert taken(tmp_path) / 8 * 96 < 1_000_000, "bytes of a day with fifteen chargers"
    written = MOST_A_DAY - made.budget.left(clock.now)
    assert written / 8 * 96 < {"sqlite": 8_000_000, "files": 2_500_000}[form]


def test_a_question_about_many_days_holds_one_of_them_at_a_time(tmp_path: Path, form: str) -> None:
    clock = Clock()
    write_days(tmp_path, clock.epoch(), days=8, fine_days=9)
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    made.look()
    tracemalloc.start()
    try:
        found = asyncio.run(made.query(clock.epoch() - 8 * 86_400, clock.epoch(), 300))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.times) == 300
    assert peak < 1_500_000, "eight days of minutes are two million bytes of numbers alone"


# --- on a bus --------------------------------------------------------------------------------------------------------


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is set by others
            await asyncio.sleep(0.02)


def test_it_watches_our_service_the_batteries_and_the_chargers_only(bus: str) -> None:
    seen = [name for name in ("gxbridge", "battery.x", "vebus.y", "system", "settings") if wanted(f"{PREFIX}{name}")]
    assert seen == ["gxbridge", "battery.x", "vebus.y"]

    async def play() -> None:
        watched = SeenServices(bus)
        with Gx(bus, services | {"com.victronenergy.tank.x": {"/Level": 1}}):
            await watched.start()
            assert set(watched.items) == set(services)
            assert watched.changes == 1
            await watched.close()

    asyncio.run(play())


def test_it_outlives_the_daemon_and_the_service(own_daemon: DBusDaemon) -> None:
    async def play() -> None:
        watched = SeenServices(own_daemon.address)
        made = Recorder(watched, None)
        with Gx(own_daemon.address, services):
            await watched.start()
            made.look()
        await until(lambda: not watched.items)
        made.look()
        own_daemon.stop()
        own_daemon.start()
        with Gx(own_daemon.address, services):
            await until(lambda: OWN in watched.items and LYNX in watched.items)
            made.look()
        await watched.close()

    asyncio.run(play())


def test_services_without_end_cost_no_memory() -> None:
    watched = SeenServices("unix:path=/nowhere")
    for n in range(MOST_SERVICES + 10):
        watched._added(f"com.victronenergy.battery.n{n}", {f"/P{k}": 1 for k in range(MOST_ITEMS + 10)})
    assert len(watched.items) == MOST_SERVICES
    watched._changed("com.victronenergy.battery.n0", {"/Q": 1, "/P0": 2})
    watched._changed("com.victronenergy.battery.nobody", {"/Q": 1})
    first = watched.items["com.victronenergy.battery.n0"]
    assert (len(first), first["/P0"]) == (MOST_ITEMS, 2)
    watched._removed("com.victronenergy.battery.nobody")
    assert watched.changes == 0
    watched._added(SOLAR, {})


def test_it_ends_in_order_and_writes_what_it_has(tmp_path: Path, form: str) -> None:
    clock = Clock()
    made = recorder(clock, HistoryFolder(tmp_path, 1 << 30))
    pass_time(made, clock, 125)

    async def play() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        await asyncio.sleep(0.05)
        stop.set()
        await running

    asyncio.run(play())
    assert list(tmp_path.iterdir())


HIDDEN = """
import asyncio, builtins, sys
from pathlib import Path
real = builtins.__import__
def hidden(name, *args, **kwargs):
    if name.split(".")[0] in ("sqlite3", "_sqlite3"):
        raise ImportError(name)
    return real(name, *args, **kwargs)
builtins.__import__ = hidden
from gxbridge.history.folder import HistoryFolder
from tests.history.test_recorder import Clock, pass_time, recorder
clock, folder = Clock(), HistoryFolder(Path(sys.argv[1]), 1 << 30)
made = recorder(clock, folder)
pass_time(made, clock, 1000)
asyncio.run(made.write())
found = asyncio.run(made.query(clock.epoch() - 86_400, clock.epoch(), 10_000))
print(sum(len(block.times) for block in folder.blocks(0, 1e11)), found.columns["voltage_v"].mean[0], made.trouble)
"""


def test_no_sqlite_is_needed(tmp_path: Path) -> None:
    """The Python of a GX may not have it."""
    done = subprocess.run([sys.executable, "-c", HIDDEN, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["17", "26.0"], "")
    assert {path.suffix for path in tmp_path.iterdir()} == {".gxh"}
