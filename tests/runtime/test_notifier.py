"""Notifications on their way: to a platform old or new, to a program of the user's, or to nobody."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gxbridge.config import load
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from gxbridge.core.publish.notifications import SETTLE_S
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.runtime import notifier as module
from gxbridge.runtime.assembly import notifier_of
from gxbridge.runtime.notifier import INJECT, PLATFORM, RETRY_S, Notifier
from tests.edge.dbus_daemon import DBusDaemon, standin
from tests.runtime.platform_standin import MOST, PlatformRules
from tests.runtime.service import Reader, Service, wait_for

LOST = Finding("bms-lost", "alarm", "a", "The BMS is lost", "Check its cable", 0.0, 0.0)
LOW = Finding("pre-alarm", "warning", "a", "The battery is almost empty", "Charge now", 0.0, 0.0)


class Desk:
    """A notifier beside a platform by the rules, which can be away; every write is kept."""

    def __init__(self, platform: PlatformRules, *hook: str) -> None:
        self.platform = platform
        self.away = False
        self.writes: list[tuple[str, Value]] = []
        self.now = 1000.0
        self.notifier = Notifier("warnings", hook, self._set_value, self._get_value)

    async def _set_value(self, service: str, path: str, value: Value) -> int:
        assert service == PLATFORM
        if self.away:
            raise SetValueError("there is no such service")
        self.writes.append((path, value))
        return self.platform.set_value(path, value)

    async def _get_value(self, service: str, path: str) -> Value:
        if self.away:
            raise BusError("there is no such service")
        return self.platform.items[path]

    async def look(self, *began: Finding, ended: tuple[Finding, ...] = (), after_s: float = SETTLE_S) -> None:
        self.notifier.look(began, ended, self.now)
        self.now += after_s
        self.notifier.look((), (), self.now)
        await self.done()

    async def done(self) -> None:
        if self.notifier._task is not None:
            await self.notifier._task

    def active(self) -> dict[str, Value]:
        """Text -> whether it is active."""
        items = self.platform.items
        at = [path.removesuffix("/Active") for path in items if path.endswith("/Active")]
        return {str(items[f"{one}/Description"]): items[f"{one}/Active"] for one in at}


def play(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 30))  # type: ignore[arg-type]


# --- the platform ----------------------------------------------------------------------------------------------------


def test_a_new_platform_is_told_what_holds_and_when_it_is_over() -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True))
        await desk.look(LOST, LOW)
        assert desk.active() == {"The BMS is lost.": 1, "The battery is almost empty.": 1}
        await desk.look(ended=(LOW,))
        assert desk.active() == {"The BMS is lost.": 1, "The battery is almost empty.": 0}
        assert [path for path, _ in desk.writes] == [INJECT, INJECT, "/Notifications/1/Active"]

    play(story)


def test_an_old_platform_is_told_in_three_fields_and_asked_for_five_only_once() -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=False))
        await desk.look(LOST)
        await desk.look(LOW)
        await desk.look(ended=(LOST, LOW))
        assert desk.platform.taken == ["1\tgxbridge\tThe BMS is lost.", "0\tgxbridge\tThe battery is almost empty."]
        assert [str(value).count("\t") for _, value in desk.writes] == [4, 2, 2]

    play(story)


def test_a_platform_that_does_not_know_our_service_is_told_in_three() -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True, services=()))
        await desk.look(LOST)
        assert desk.platform.taken == ["1\tgxbridge\tThe BMS is lost."]

    play(story)


def test_an_index_that_somebody_else_has_by_now_is_left_alone() -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True, services=("com.victronenergy.gxbridge", "com.victronenergy.other")))
        await desk.look(LOST)
        for n in range(MOST):
            desk.platform.set_value(INJECT, f"1\tOther\tOther {n}\tcom.victronenergy.other\t{n}")
        await desk.look(ended=(LOST,))
        assert set(desk.active().values()) == {1}

    play(story)


def test_another_platform_may_be_a_newer_one_with_an_empty_list() -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=False))
        await desk.look(LOST)
        desk.platform = PlatformRules(five=True)
        desk.notifier.removed(PLATFORM)
        desk.notifier.removed("com.victronenergy.settings")
        await desk.look(LOW)
        assert desk.active() == {"The battery is almost empty.": 1}
        await desk.look(ended=(LOST,))
        assert desk.active() == {"The battery is almost empty.": 1}, "of the old list"

    play(story)


def test_a_platform_that_comes_later_is_told_what_still_holds(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True))
        desk.away = True
        await desk.look(LOST, LOW)
        for _ in range(3):
            await desk.look(after_s=RETRY_S)
        desk.away = False
        await desk.look(ended=(LOW,), after_s=RETRY_S)
        assert desk.active() == {"The BMS is lost.": 1}
        await desk.look(after_s=RETRY_S)
        assert len(desk.writes) == 1, "once"

    with caplog.at_level(logging.INFO, "gxbridge.notify"):
        play(story)
    assert [record.message for record in caplog.records] == [
        "com.victronenergy.platform takes no notification: there is no such service"
    ]


def test_a_refusal_is_said_once_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True))
        desk.platform.set_value = lambda path, value: -3  # type: ignore[method-assign]
        await desk.look(LOST)
        await desk.look(LOW, after_s=RETRY_S)
        assert len(desk.writes) == 4, "each in both forms"

    with caplog.at_level(logging.INFO, "gxbridge.notify"):
        play(story)
    assert [record.message for record in caplog.records] == [
        "com.victronenergy.platform refuses a notification (code -3)"
    ]


# --- a program of the user's -----------------------------------------------------------------------------------------


def program(folder: Path, lines: str) -> str:
    path = folder / "tell"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{lines}\n")
    path.chmod(0o755)
    return str(path)


def ended(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def test_a_program_is_started_for_the_beginning_and_the_end(tmp_path: Path) -> None:
    said = tmp_path / "said"
    hook = program(tmp_path, f"open({str(said)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')")
    evil = Finding("x", "alarm", "", "$(touch /tmp/owned); `id` 'quoted'\t--x", "", 0.0, 0.0)

    async def story() -> None:
        desk = Desk(PlatformRules(five=True), hook, "{state}", "{text}")
        desk.away = True
        await desk.look(evil)
        await desk.look(ended=(evil,))

    play(story)
    text = "$(touch /tmp/owned); `id` 'quoted' --x."
    assert [json.loads(line) for line in said.read_text().splitlines()] == [["began", text], ["ended", text]]


def test_a_program_that_hangs_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "HOOK_S", 1.0)
    pids = tmp_path / "pids"
    hook = program(
        tmp_path,
        "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\ntime.sleep(1000)",
    )

    async def story() -> None:
        await Desk(PlatformRules(five=True), hook).look(LOST)

    play(story)
    assert "was ended after 1 s" in caplog.text
    for pid in pids.read_text().split():
        wait_for(lambda pid=pid: ended(pid), bool, "its end")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("hook", "words"),
    [("/nowhere/tell", "notify.hook cannot be started: /nowhere/tell: No such file"), ("/bin/false", "with code 1")],
)
def test_a_program_that_fails_is_said_once(hook: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        desk = Desk(PlatformRules(five=True), hook)
        await desk.look(LOST, LOW)
        assert desk.active() == {"The BMS is lost.": 1, "The battery is almost empty.": 1}

    play(story)
    assert [words in record.message for record in caplog.records] == [True]


def test_an_end_ends_a_program_that_runs(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hook = program(tmp_path, f"open({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)")

    async def story() -> None:
        desk = Desk(PlatformRules(five=True), hook)
        desk.notifier.look([LOST], (), 0.0)
        desk.notifier.look((), (), SETTLE_S)
        await asyncio.to_thread(wait_for, lambda: pid.exists() and pid.read_text(), bool, "the program")
        await desk.notifier.close()
        await desk.notifier.close()

    play(story)
    wait_for(lambda: ended(pid.read_text()), bool, "its end")


# --- the whole service -----------------------------------------------------------------------------------------------


@pytest.fixture
def bus() -> Iterator[DBusDaemon]:
    with DBusDaemon() as daemon:
        yield daemon


def platform(address: str, kind: str) -> AbstractContextManager[None]:
    return standin("tests.runtime.platform_standin", address, kind)


def configured(folder: Path, address: str, notify: str) -> str:
    """A configuration whose CAN bus does not exist, which is an alarm."""
    path = folder / "c.yaml"
    path.write_text(f"can: [{{channel: nocan9}}]\ndbus: {{address: '{address}'}}\nnotify: {notify}\n")
    return str(path)


@pytest.mark.parametrize("kind", ["three", "five"])
def test_the_service_tells_the_platform(bus: DBusDaemon, tmp_path: Path, kind: str) -> None:
    reader = Reader(bus.address)
    with platform(bus.address, kind), Service(tmp_path, "--config", configured(tmp_path, bus.address, "alarms")) as it:
        reader.until(PLATFORM, "/Notifications/NumberOfNotifications", 1)
        assert reader.ask(PLATFORM, "/Notifications/0/Type") == 1
        assert str(reader.ask(PLATFORM, "/Notifications/0/Description")).startswith("The CAN bus nocan9 is not in use")
        assert reader.ask(PLATFORM, "/Notifications/0/Active") == int(kind == "five")
        assert it.end() == 0


def test_unless_it_is_asked_to_it_writes_nothing(bus: DBusDaemon, tmp_path: Path) -> None:
    reader = Reader(bus.address)
    with platform(bus.address, "five"), Service(tmp_path, "--config", configured(tmp_path, bus.address, "off")) as it:
        reader.until("com.victronenergy.gxbridge", "/Health/State", 2)
        time.sleep(SETTLE_S + 2)
        assert reader.ask(PLATFORM, "/Notifications/NumberOfNotifications") == 0
        assert it.end() == 0
    assert notifier_of(load(configured(tmp_path, bus.address, "off"))) is None
    assert notifier_of(load(configured(tmp_path, bus.address, "alarms"))) is not None
