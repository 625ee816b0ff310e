"""Never two masters, on a real bus: the running service, chargers that count what reaches them, and rivals.

What is counted is what arrived, by whoever it was sent.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.model.items import Value
from gxbridge.edge.dbus.bus import connect
from gxbridge.state.state_file import FILE
from tests.core.boat import LYNX_SERVICE, NO_CHARGE
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.dbus_fakes import Answer, Fake, value
from tests.runtime.service import OWN, Reader, Service, wait_for
from tests.runtime.test_handover import CHARGE_CURRENT, CHARGER, CHARGER_ITEMS, Lynx

SYSTEM = "com.victronenergy.system"
OTHER_CHARGER = "com.victronenergy.solarcharger.ttyO2"
VENDOR = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"
ITEMS = "a{sa{sv}}"
QUICK = "; ".join(
    (
        "import gxbridge.core.dvcc.run.decide as d, gxbridge.core.dvcc.run.masters.masters as m",
        "d.ROUND_S, m.CALM_S = 1, 0.0",
    )
)
"""Rounds of 1 s, and what a device shows counts from the beginning."""


def variant(item: Value) -> tuple[str, Any]:
    return ("ai", []) if item is None else ({int: "i", float: "d", str: "s"}[type(item)], item)


class Stage:
    """Services of others, each on a connection of its own, in a thread with a loop."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.fakes: dict[str, Fake] = {}
        self.writes: list[tuple[str, str, Value]] = []
        """Every SetValue that arrived."""
        self.shown: dict[str, dict[str, Value]] = {}
        self.delay_s = 0.0
        """How long chargers take to answer a write."""
        self.refuses = False
        """Chargers refuse what they are told, and show what they showed before."""
        self.rival: dict[str, Value] = {}
        """What somebody else makes every charger show: path -> value."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def do(self, what: Awaitable[Any]) -> Any:
        found: Future[Any] = asyncio.run_coroutine_threadsafe(what, self._loop)  # type: ignore[arg-type]
        return found.result(20.0)

    def own(self, name: str, answer: Callable[[str, str, list[Any]], Answer]) -> Fake:
        """A service that answers so."""

        async def begin() -> Fake:
            found = Fake(await connect(self.address), answer)
            found.connection.on_message = found.hear
            await found.own(name)
            return found

        self.fakes[name] = self.do(begin())
        return self.fakes[name]

    def mute(self, name: str) -> Fake:
        return self.own(name, lambda *_: None)

    def leave(self, name: str) -> None:
        async def end() -> None:
            self.fakes.pop(name).connection.close()

        self.do(end())

    def charger(self, name: str) -> None:
        """A charger that shows what it is told, and counts it."""
        shown = self.shown[name] = dict(CHARGER_ITEMS)

        def answer(path: str, member: str, body: list[Any]) -> Answer:
            if member == "GetItems":
                return ITEMS, [{path: {"Value": variant(item)} for path, item in shown.items()}]
            if member != "SetValue":
                return "UnknownMethod"
            self.writes.append((name, path, body[0]))
            if self.refuses:
                return "i", [2]
            shown[path] = self.rival.get(path, body[0])
            changed = {path: {"Value": variant(shown[path])}}
            self.fakes[name].signal("/", "ItemsChanged", ITEMS, changed)
            return "i", [0]

        fake = self.own(name, answer)
        hear = fake.hear

        def slowly(message: Any) -> None:
            if self.delay_s and message.header.member == "SetValue":
                body = fake.connection.body(message)
                self.writes.append((name, message.header.path, body[0]))
                self._loop.call_later(self.delay_s, fake.connection.answer, message, "i", b"\0\0\0\0")
            else:
                hear(message)

        fake.connection.on_message = slowly

    def end(self) -> None:
        for name in list(self.fakes):
            self.leave(name)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def flap(self, name: str, times: int, period_s: float, enough: Callable[[], bool]) -> int:
        """Own and leave a name, half of the time each; how often until it was enough."""

        async def run() -> int:
            fake = self.fakes[name]
            for count in range(times):
                if enough():
                    return count
                await fake.own(name)
                await asyncio.sleep(period_s / 2)
                await fake.disown(name)
                await asyncio.sleep(period_s / 2)
            return times

        return int(self.do(run()))

    def sent_in(self, seconds: float) -> list[tuple[str, str, Value]]:
        """What arrives in so long."""
        before = len(self.writes)
        self.do(asyncio.sleep(seconds))
        return self.writes[before:]


@contextmanager
def harbour(folder: Path, *, before: str = "") -> Iterator[tuple[DBusDaemon, Stage, Lynx, Reader, Service, str]]:
    """A bus, a charger, a BMS, and the service in control."""
    wire = folder / "w"
    wire.mkdir()
    config = folder / "gxbridge.yaml"
    with DBusDaemon() as daemon:
        stage, lynx = Stage(daemon.address), Lynx(wire)
        config.write_text(
            f"can: [{{name: can0, interface: gxsocket, channel: '{wire}'}}]\ndbus: {{address: '{daemon.address}'}}\n"
            f"dvcc: {{mode: control, settings: {{dvcc: yes}}}}\nblackbox: {{enabled: no}}\n"
        )
        try:
            stage.charger(CHARGER)
            with Service(folder, "--config", str(config), before=before) as service:
                reader = Reader(daemon.address)
                wait_for(lambda: stage.writes, lambda writes: (CHARGER, CHARGE_CURRENT, 70.0) in writes, "70 A told")
                yield daemon, stage, lynx, reader, service, str(config)
        finally:
            lynx.end()
            stage.end()
    assert "Traceback" not in service.log()


def test_who_lost_its_name_to_another_writes_nothing_until_it_has_it_back(tmp_path: Path) -> None:
    with harbour(tmp_path) as (daemon, stage, _, reader, service, _config):
        daemon.stop()
        stage.fakes.clear()
        stage.do(asyncio.sleep(1.0))
        daemon.start()
        stage.own(OWN, lambda *_: (ITEMS, [{"/Dvcc/Mode": value("s", "monitor")}]))
        stage.charger(CHARGER)
        assert stage.sent_in(5.0) == []
        assert "is taken by" in service.log()
        stage.leave(OWN)
        reader.until(OWN, "/Dvcc/Effective", "control")
        assert stage.sent_in(4.0)


GARBAGE = ("as", [["rubbish"]])


@pytest.mark.parametrize("answer", [None, GARBAGE, "Failed"], ids=["mute", "garbage", "error"])
def test_a_gx_that_has_not_answered_is_a_master(tmp_path: Path, answer: Answer) -> None:
    with harbour(tmp_path) as (_, stage, lynx, reader, _service, _config):
        stage.own(SYSTEM, lambda *_: answer)
        reader.until(OWN, "/Dvcc/Effective", "monitor")
        lynx.said[0x2108] = NO_CHARGE
        assert stage.sent_in(5.0) == []
        stage.leave(SYSTEM)
        wait_for(lambda: stage.writes[-20:], lambda writes: (CHARGER, CHARGE_CURRENT, 0.0) in writes, "0 A told")


def test_a_gx_that_refuses_one_question_is_asked_the_other(tmp_path: Path) -> None:
    def old(path: str, member: str, _body: list[Any]) -> Answer:
        return ("v", [("a{sv}", {"Control/Dvcc": ("i", 0)})]) if (path, member) == ("/", "GetValue") else "Failed"

    with harbour(tmp_path) as (_, stage, _lynx, reader, *_):
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 200.0)
        stage.own(SYSTEM, old)
        reader.until(OWN, "/Dvcc/MasterReason", lambda why: "still writes while" in str(why))


def test_a_battery_of_the_vendor_that_answers_late_is_not_published_twice(tmp_path: Path) -> None:
    with harbour(tmp_path) as (_, stage, _lynx, reader, *_):
        wait_for(reader.names, lambda names: LYNX_SERVICE in names, "our battery")
        stage.mute(VENDOR)
        wait_for(reader.names, lambda names: LYNX_SERVICE not in names, "our battery gone")
        stage.leave(VENDOR)
        wait_for(reader.names, lambda names: LYNX_SERVICE in names, "our battery back")


def test_writes_that_wait_for_a_slow_device_end_with_control(tmp_path: Path) -> None:
    with harbour(tmp_path) as (_, stage, *_):
        stage.delay_s = 0.7
        wait_for(lambda: len(stage.sent_in(0.1)), lambda count: count == 1, "the first write of a round")
        stage.mute(SYSTEM)
        assert stage.sent_in(5.0) == []


@pytest.mark.parametrize("how", ["refuses", "waits"])
def test_a_device_that_does_not_take_what_it_is_told_has_no_other_master(tmp_path: Path, how: str) -> None:
    """It goes on showing 70 A while 0 A is told: of a charger that took it, that would be somebody else's word."""
    soon = f"{QUICK}; import gxbridge.core.dvcc.run.masters.read_back as r; r.LAG_S = 0.5"
    with harbour(tmp_path, before=soon) as (_, stage, lynx, reader, service, _config):
        reader.until(OWN, "/Dvcc/Effective", "control")
        if how == "refuses":
            stage.refuses = True
        else:
            stage.delay_s = 1.8
        lynx.said[0x2108] = NO_CHARGE
        wait_for(lambda: stage.writes[-20:], lambda writes: (CHARGER, CHARGE_CURRENT, 0.0) in writes, "0 A told")
        assert len(stage.sent_in(9.0)) > 3
        assert "set-apart" not in service.log()
        assert reader.ask(OWN, "/Dvcc/Effective") == "control"


def test_a_gx_that_comes_and_goes_delays_no_withdrawal(tmp_path: Path) -> None:
    with harbour(tmp_path) as (_, stage, lynx, reader, *_):
        stage.mute(SYSTEM)
        reader.until(OWN, "/Dvcc/Effective", "monitor")
        stage.do(stage.fakes[SYSTEM].disown(SYSTEM))
        lynx.said[0x2108] = NO_CHARGE
        stopped = (CHARGER, CHARGE_CURRENT, 0.0)
        assert stage.flap(SYSTEM, 60, 0.1, lambda: stopped in stage.writes[-20:]) < 20, "the BMS speaks every 0.5 s"


def test_another_master_is_remembered_by_who_was_killed_until_somebody_resets_it(tmp_path: Path) -> None:
    with harbour(tmp_path, before=QUICK) as (_, stage, _lynx, reader, service, config):
        stage.charger(OTHER_CHARGER)
        stage.rival = {CHARGE_CURRENT: 99.0}
        wait_for(lambda: (tmp_path / FILE).exists() and "overruled" in (tmp_path / FILE).read_text(), True, "the latch")
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()
        with Service(tmp_path, "--config", config, before=QUICK) as again:
            reader.until(OWN, "/Dvcc/MasterReason", lambda why: str(why).startswith("Something else writes"))
            assert stage.sent_in(2.5) == []
            stage.rival = {}
            command = [sys.executable, "-m", "gxbridge", "master"]
            shown = subprocess.run([*command, "--config", config], capture_output=True, text=True, check=True).stdout
            assert "Something else wrote" in shown
            assert "The service now: monitor" in shown
            reset = subprocess.run([*command, "reset", "--config", config], capture_output=True, text=True)
            assert (reset.returncode, reset.stdout) == (0, "Reset: the service may control again.\n")
            reader.until(OWN, "/Dvcc/Effective", "control")
            wait_for(lambda: stage.sent_in(0.5), bool, "writes again")
            assert again.end() == 0
