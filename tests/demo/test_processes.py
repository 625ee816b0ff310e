"""The demo's processes on a real bus of their own: what they tell, what they answer, and that none is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import can
import pytest

from gxbridge.demo import buses
from gxbridge.demo.processes import ChildProcess, DemoError, ProcessGroup, environment, last_words
from gxbridge.demo.roles import DIRECT
from gxbridge.demo.sim.lynx import open_bus
from gxbridge.demo.simulation import BOAT, InstallationPlan, NoItem, SimulatedInstallation
from gxbridge.edge.dbus.introspect import BUS_ITEM as ITEM

DEADLINE_S = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, since the path of a unix socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="gxd") as path:
        yield Path(path)


def busctl(address: str, *arguments: str) -> str:
    """What a client says that we did not write."""
    run = subprocess.run(["busctl", f"--address={address}", *arguments], capture_output=True, text=True)
    return (run.stdout + run.stderr).strip()


SOLAR = "com.victronenergy.solarcharger.ttyO2"


@asynccontextmanager
async def private_bus(folder: Path) -> AsyncIterator[tuple[ProcessGroup, str]]:
    processes = ProcessGroup()
    try:
        yield processes, await buses.start_dbus(processes, buses.find_dbus_daemon(None), folder)
    finally:
        processes.stop_all()


async def until(
    true: Callable[[], object], what: str, moved: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come"
        await moved(0.05)


def running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def group_of(leader: int) -> list[int]:
    """Every process of a process group."""
    found = []
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            if os.getpgid(pid) == leader:
                found.append(pid)
    return found


def test_a_device_is_watched_told_and_obeys(folder: Path) -> None:
    async def play() -> None:
        changes: list[tuple[str, str, object]] = []
        plan = InstallationPlan("hut", {DIRECT: "solar-direct"})
        hut = SimulatedInstallation(plan, folder / "hut", None, lambda *change: changes.append(change))
        try:
            await hut.start(buses.find_dbus_daemon(None))
            assert (DIRECT, "", SOLAR) in changes
            assert (hut.service(DIRECT), hut.value(DIRECT, "/No")) == (SOLAR, NoItem.PATH)
            hut.order(DIRECT, {"power_a": 30})
            await until(lambda: hut.value(DIRECT, "/State") == 3, "bulk", hut.changed)
            before = hut.quiet_s(DIRECT, "/Link/ChargeCurrent")
            busctl(hut.address, "call", SOLAR, "/Link/ChargeCurrent", ITEM, "SetValue", "v", "d", "12.5")
            await until(lambda: hut.value(DIRECT, "/Dc/0/Current") == 12.5, "the told current", hut.changed)
            await until(lambda: hut.quiet_s(DIRECT, "/Link/ChargeCurrent") < DEADLINE_S, "the write", hut.changed)
            busctl(hut.address, "call", SOLAR, "/Link/ChargeCurrent", ITEM, "SetValue", "v", "d", "12.5")
            quiet = hut.quiet_s(DIRECT, "/Link/ChargeCurrent")
            await until(lambda: hut.quiet_s(DIRECT, "/Link/ChargeCurrent") < quiet, "the same again", hut.changed)
            assert before > DEADLINE_S, "nobody had written"
            assert hut.quiet_s(DIRECT, "/Link/ChargeVoltage") > DEADLINE_S
            assert hut.quiet_s() <= hut.quiet_s(DIRECT, "/Link/ChargeCurrent")
            assert await hut.stop_service() == ""
            process = hut._running[DIRECT]
            assert process.popen.stdin is not None
            process.popen.stdin.close()
            await until(lambda: process.code == 0, "its exit code")
            with pytest.raises(DemoError, match="MPPT 100/50 ended with code 0"):
                await hut.changed(0.1)
            await until(lambda: not hut.service(DIRECT), "the end of the device")
            assert hut.value(DIRECT, "/State") is NoItem.SERVICE
            assert changes[-1] == (DIRECT, "", None)
        finally:
            await hut.close()

    asyncio.run(play())


def test_a_device_can_be_looked_into_with_busctl(folder: Path) -> None:
    async def play() -> None:
        async with private_bus(folder) as (processes, address):
            device = processes.python(
                folder / "m.log", "gxbridge.demo.sim.devices", "multi", "--dbus", address, orders=True
            )
            await until(lambda: device.fact("ready"), "the Multi")

            service = "com.victronenergy.vebus.ttyS4"
            assert "/BatteryOperationalLimits/MaxChargeCurrent" in busctl(address, "tree", service)
            assert ".SetValue" in busctl(address, "introspect", service, "/Dc/0/MaxChargeCurrent")
            assert busctl(address, "call", service, "/State", ITEM, "GetValue") == "v i 0"
            assert busctl(address, "call", service, "/Dc/0/Current", ITEM, "GetText") == 's "0.0"'
            assert '"0/Current" d 0' in busctl(address, "call", service, "/Dc", ITEM, "GetValue")
            assert busctl(address, "call", service, "/State", ITEM, "SetValue", "v", "i", "1") == "i 1", "not writable"
            assert "there is no /Nonsense here" in busctl(address, "call", service, "/Nonsense", ITEM, "GetValue")

    asyncio.run(play())


def test_settings_are_added_kept_and_instances_given_out(folder: Path) -> None:
    async def play() -> None:
        async with private_bus(folder) as (processes, address):
            process = processes.python(
                folder / "s.log", "gxbridge.demo.sim.localsettings", "--dbus", address, orders=True
            )
            await until(lambda: process.fact("ready"), "the settings")

            def call(path: str, interface: str, *arguments: str) -> str:
                return busctl(address, "call", "com.victronenergy.settings", path, interface, *arguments)

            def add(path: str, default: str) -> str:
                entry = ["aa{sv}", "1", "2", "path", "s", path, "default", "s", default]
                return call("/", "com.victronenergy.Settings", "AddSettings", *entry)

            assert '"battery:100"' in add("/Settings/Devices/a/ClassAndVrmInstance", "battery:100")
            assert '"battery:101"' in add("/Settings/Devices/b/ClassAndVrmInstance", "battery:100")
            assert '"battery:100"' in add("/Settings/Devices/a/ClassAndVrmInstance", "battery:7"), (
                "what is there is kept"
            )
            assert "-9" in add("/Elsewhere", "x")
            assert call("/Settings/Services/Bol", ITEM, "SetValue", "v", "i", "3") == "i 0"
            assert call("/Settings/Services/Bol", ITEM, "GetValue") == "v i 3"

    asyncio.run(play())


def test_a_bus_that_somebody_else_has_named_is_not_fought_over(folder: Path) -> None:
    async def play() -> None:
        async with private_bus(folder) as (processes, address):
            command = ("gxbridge.demo.sim.devices", "multi", "--dbus", address)
            first = processes.python(folder / "first.log", *command, orders=True)
            await until(lambda: first.fact("ready"), "the first")
            second = processes.python(folder / "second.log", *command, orders=True)
            await until(lambda: second.code is not None, "the end of the second")
            assert "is taken" in second.log.read_text()

    asyncio.run(play())


@pytest.fixture
def lynx(folder: Path) -> Iterator[tuple[can.BusABC, Callable[[dict[str, object]], None]]]:
    folder = folder / "can"
    folder.mkdir()
    command = [sys.executable, "-m", "gxbridge.demo.sim.lynx", "--interface", "gxsocket", "--channel", str(folder)]
    popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    assert popen.stdout is not None
    assert b"ready" in popen.stdout.readline()
    process = ChildProcess(popen, folder / "lynx.log")
    with open_bus("gxsocket", str(folder)) as bus:
        yield bus, process.order
    popen.communicate()
    assert popen.returncode == 0


def heard(bus: can.BusABC, *wanted: tuple[int, str]) -> dict[tuple[int, str], can.Message]:
    """Wait for frames by identifier and the beginning of their data."""
    found: dict[tuple[int, str], can.Message] = {}
    deadline = time.monotonic() + DEADLINE_S
    while len(found) < len(wanted):
        assert time.monotonic() < deadline, f"missing: {set(wanted) - set(found)}"
        message = bus.recv(1.0)
        for can_id, start in wanted if message is not None else ():
            if message.arbitration_id == can_id and message.data.hex().startswith(start.replace(" ", "").lower()):
                found[can_id, start] = message
    return found


def send(bus: can.BusABC, can_id: int, data: str) -> None:
    bus.send(can.Message(arbitration_id=can_id, data=bytes.fromhex(data), is_extended_id=True))


def test_the_lynx_claims_tells_and_answers(lynx: tuple[can.BusABC, Callable[[dict[str, object]], None]]) -> None:
    bus, tell = lynx
    assert bus.recv(0.3) is None, "it says nothing before it is switched on"
    tell({"power": True, "current_a": -80.0})
    broadcast = 0x1CEFFF29
    heard(
        bus,
        (0x18EEFF29, "D0 8C C2 2C 00 AA 46 C0"),
        (0x19F01429, "20 86"),
        (broadcast, "66 99 00 01 00 E5 A3 00"),
        (0x19F21429, "00"),
        (broadcast, "66 99 08 21 95 15"),
        (broadcast, "66 99 91 03 D0 07"),
        (broadcast, "66 99 8F ED E0 FC"),
    )
    send(bus, 0x18EA29E1, "00 EE 00")
    heard(bus, (0x18EEFF29, "D0 8C"))
    send(bus, 0x1CEF29E1, "66 99 01 00 02 21 FF FF")
    heard(bus, (broadcast, "66 99 02 21 09"))
    send(bus, 0x1CEF29E1, "66 99 01 00 34 12 FF FF")
    heard(bus, (0x1CEFE129, "66 99 02 00 34 12 00 80"))
    send(bus, 0x18EA29E1, "16 F0 01")
    heard(bus, (0x18E8E129, "01 FF FF FF FF 16 F0 01"))


def test_the_lynx_says_measurements_first_after_its_cable_was_out(
    lynx: tuple[can.BusABC, Callable[[dict[str, object]], None]],
) -> None:
    bus, tell = lynx
    tell({"power": True})
    heard(bus, (0x1CEFFF29, "66 99 08 21"))
    tell({"cable": "out"})
    time.sleep(0.3)
    while bus.recv(0) is not None:
        pass
    assert bus.recv(2.0) is None, "not a frame without the cable"
    tell({"cable": "in", "quiet": True})
    heard(bus, (0x18EEFF29, ""), (0x19F21429, ""))
    end = time.monotonic() + 2.0
    while time.monotonic() < end:
        message = bus.recv(0.2)
        assert message is None or not message.data.hex().startswith(("66990821", "66999103", "66990021"))
    tell({"quiet": False})
    heard(bus, (0x1CEFFF29, "66 99 08 21"), (0x1CEFFF29, "66 99 91 03"))


def test_two_at_one_address_the_lower_name_keeps_it(
    lynx: tuple[can.BusABC, Callable[[dict[str, object]], None]],
) -> None:
    bus, tell = lynx
    tell({"power": True})
    heard(bus, (0x18EEFF29, ""))
    send(bus, 0x18EEFF29, "FF FF DF 2C 00 AA 46 C0")  # the same device with a higher unique number
    heard(bus, (0x18EEFF29, "D0 8C C2"))
    send(bus, 0x18EEFF29, "01 00 C0 2C 00 AA 46 C0")
    heard(bus, (0x18EEFF2A, "D0 8C C2"), (0x1CEFFF2A, "66 99"))


def test_nothing_is_left_after_the_end_even_of_what_ignores_a_signal(folder: Path) -> None:
    async def play() -> list[int]:
        processes = ProcessGroup()
        stubborn = "import os, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        stubborn += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('up', flush=True); "
        process = processes.start(folder / "x.log", [sys.executable, "-c", stubborn + "time.sleep(60)"], orders=False)
        await until(lambda: last_words(process.log) == "up", "the stubborn one")
        group = group_of(process.popen.pid)
        processes.stop_all()
        return group

    group = asyncio.run(play())
    assert len(group) == 2
    deadline = time.monotonic() + DEADLINE_S
    while any(running(pid) for pid in group):
        assert time.monotonic() < deadline, "it has outlived the demo"
        time.sleep(0.05)  # the kernel takes a moment to end what was killed


def test_nothing_is_left_when_the_demo_itself_is_killed(folder: Path) -> None:
    program = (
        "import asyncio, sys, time\n"
        "from pathlib import Path\n"
        "from gxbridge.demo.processes import ProcessGroup\n"
        "async def main():\n"
        f"    log = Path({str(folder)!r}) / 'child.log'\n"
        "    sleeper = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "    process = ProcessGroup().start(log, sleeper, orders=False)\n"
        "    print(process.popen.pid, flush=True)\n"
        "    time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment())
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert running(child)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + DEADLINE_S
    while running(child):
        assert time.monotonic() < deadline, "the child has outlived the demo"
        time.sleep(0.05)


def test_a_process_that_has_gone_says_why(folder: Path) -> None:
    async def play() -> None:
        processes = ProcessGroup()
        process = processes.start(
            folder / "gone.log", [sys.executable, "-c", "raise SystemExit('no fuel')"], orders=True
        )
        await until(lambda: process.code is not None, "its end")
        with pytest.raises(DemoError, match="gone has ended by itself: no fuel"):
            process.order({"power": True})
        with pytest.raises(DemoError, match="takes no orders"):
            processes.start(folder / "deaf.log", [sys.executable, "-c", ""], orders=False).order({})
        with pytest.raises(DemoError, match="cannot start /no/such/program: No such file"):
            processes.start(folder / "none.log", ["/no/such/program"], orders=False)
        processes.stop_all()

    asyncio.run(play())


def test_a_missing_dbus_daemon_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemoError, match="there is no program /no/such/daemon"):
        buses.find_dbus_daemon("/no/such/daemon")
    monkeypatch.setattr(buses, "USUAL_FOLDERS", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DemoError, match="apt-get install dbus-daemon"):
        buses.find_dbus_daemon(None)


def test_a_daemon_that_does_not_come_up_is_reported_with_its_words(folder: Path) -> None:
    async def play() -> None:
        await buses.start_dbus(ProcessGroup(), "/bin/false", folder)

    with pytest.raises(DemoError, match="dbus-daemon ended with code 1"):
        asyncio.run(play())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("virtual:x", "processes of their own"),
        ("socketcan", "give INTERFACE:CHANNEL"),
        ("socketcan:nosuchcan9", "--can socketcan:nosuchcan9 cannot be used here"),
        ("nonsense:x", "--can nonsense:x cannot be used here"),
    ],
)
def test_a_can_bus_that_cannot_be_used_is_refused_in_one_line(folder: Path, wanted: str, message: str) -> None:
    with pytest.raises(DemoError, match=message) as caught:
        buses.choose_can(wanted, folder)
    assert "\n" not in str(caught.value)


def test_multicast_without_its_package_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DemoError, match="msgpack"):
        buses.choose_can("udp_multicast", folder)


def test_by_default_the_can_bus_is_a_folder_of_our_own(folder: Path) -> None:
    assert buses.choose_can(None, folder) == ("gxsocket", str(folder / "can"))


def test_a_stop_that_comes_together_with_a_change_is_not_lost(folder: Path) -> None:
    async def play() -> None:
        hut = SimulatedInstallation(BOAT, folder, None, lambda *_change: None)

        async def wait() -> None:
            while True:
                await hut.changed(60.0)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        hut._happened.set()
        asyncio.get_running_loop().call_soon(waiting.cancel)
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5.0):
                await waiting

    asyncio.run(play())
