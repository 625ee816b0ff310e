"""The real service: a process with a real dbus-daemon, fed by a recorded log or by a bus of real frames."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from tests.core.boat import LYNX_SERVICE, NO_CHARGE, RUNNING, claim, status, vreg
from tests.edge.dbus_daemon import DBusDaemon, program
from tests.runtime.service import OWN, Reader, Service, wait_for


@pytest.fixture
def bus() -> Iterator[DBusDaemon]:
    with DBusDaemon() as daemon:
        yield daemon


def write_log(path: Path, seconds: int, *, first: int = 0) -> Path:
    """A candump log of a running Lynx: everything each second, the claim each ten; `first` cuts off its head."""
    lines = []
    for second in range(first, seconds):
        frames = [status(), *(vreg(register, raw) for register, raw in RUNNING.items())]
        if second % 10 == 0:
            frames.insert(0, claim())
        lines += [
            f"({1_700_000_000 + second}.000000) can0 {can_id:08X}#{data.hex().upper()}" for can_id, data in frames
        ]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_replayed_log_shows_a_battery_and_explains_it(bus: DBusDaemon, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 60)
    reader = Reader(bus.address)
    with Service(tmp_path, "--replay", str(log), "--dbus", bus.address) as service:
        reader.until(LYNX_SERVICE, "/Dc/0/Voltage", 26.4)
        assert reader.ask(LYNX_SERVICE, "/Info/MaxChargeCurrent") == 200.0
        assert reader.ask(OWN, "/Dvcc/Effective") == "monitor"
        reader.until(OWN, "/Limits/Ccl/Value", 200.0)
        explain = [sys.executable, "-m", "gxbridge", "explain", "--dbus", bus.address]
        words = subprocess.run(explain, capture_output=True, text=True, check=True).stdout
        assert "Charge current (CCL): 200 A" in words
        data = json.loads(subprocess.run([*explain, "--json"], capture_output=True, text=True, check=True).stdout)
        assert {limit["name"] for limit in data["limits"]} >= {"CVL", "CCL", "DCL"}
        busctl = [program("busctl", "systemd"), f"--address={bus.address}", "call", LYNX_SERVICE, "/Soc"]
        seen = subprocess.run(
            [*busctl, "com.victronenergy.BusItem", "GetText"], capture_output=True, text=True, check=True
        )
        assert seen.stdout == 's "99.2%"\n'
        assert service.end() == 0
    assert reader.names() == []


def test_a_log_that_is_over_is_a_silent_bus(bus: DBusDaemon, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 20)
    reader = Reader(bus.address)
    with Service(tmp_path, "--replay", f"{log}@max", "--dbus", bus.address):
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 200.0)
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", None)
        assert reader.ask(LYNX_SERVICE, "/Io/AllowToCharge") is None


def test_registers_not_heard_since_the_start_are_named_not_assumed(bus: DBusDaemon, tmp_path: Path) -> None:
    """A log whose first minutes are cut off: what is sent only on change was before the cut."""
    log = write_log(tmp_path / "boat.log", 340, first=300)
    lines = [line for line in log.read_text().splitlines() if "#66990821" not in line]
    log.write_text("\n".join(lines) + "\n")
    reader = Reader(bus.address)
    with Service(tmp_path, "--replay", str(log), "--dbus", bus.address):
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 200.0)
        assert reader.ask(LYNX_SERVICE, "/Io/AllowToCharge") is None
        assert "0x2108" in reader.ask(OWN, "/Batteries/0/Unseen")
        explain = [sys.executable, "-m", "gxbridge", "explain", "--dbus", bus.address]
        words = subprocess.run(explain, capture_output=True, text=True, check=True).stdout
        assert "sent on change or on request" in words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds_with_code_0(bus: DBusDaemon, tmp_path: Path, number: int) -> None:
    reader = Reader(bus.address)
    log = write_log(tmp_path / "boat.log", 60)
    with Service(tmp_path, "--replay", str(log), "--dbus", bus.address) as service:
        reader.until(LYNX_SERVICE, "/Connected", 1)
        service.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert service.process.poll() is None, "a hang-up is harmless"
        assert service.end(number, timeout_s=5.0) == 0
    assert reader.names() == []
    assert "Traceback" not in service.log()


def test_an_unreachable_bus_is_one_line_and_code_1(tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 2)
    with Service(tmp_path, "--replay", str(log), "--dbus", f"unix:path={tmp_path}/nobody") as service:
        assert service.process.wait(20) == 1
    assert "nobody" in service.log()
    assert "Traceback" not in service.log()


def test_a_second_gxbridge_says_that_there_is_one_already(bus: DBusDaemon, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 60)
    (tmp_path / "second").mkdir()
    reader = Reader(bus.address)
    with Service(tmp_path, "--replay", str(log), "--dbus", bus.address):
        reader.until(OWN, "/Connected", 1)
        with Service(tmp_path / "second", "--replay", str(log), "--dbus", bus.address) as second:
            assert second.process.wait(20) == 1
            assert OWN in second.log()


@pytest.mark.parametrize(
    "arguments", [("--config", "nowhere.yaml"), ("--can", "nonsense"), ("--dbus", "no address"), ("--replay", "a@0")]
)
def test_a_wrong_command_line_or_configuration_is_code_2_before_anything_starts(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    with Service(tmp_path, *arguments) as service:
        assert service.process.wait(20) == 2
    assert "Traceback" not in service.log()
    assert service.log().strip()


def test_frames_on_a_bus_reach_dbus_and_a_withdrawn_permission_follows_at_once(bus: DBusDaemon, tmp_path: Path) -> None:
    from gxbridge.edge.can.gxsocket import SocketDirBus

    wire = tmp_path / "w"
    wire.mkdir()
    reader = Reader(bus.address)
    with Service(tmp_path, "--can", f"gxsocket:{wire}", "--dbus", bus.address) as service:
        reader.until(OWN, "/Connected", 1)
        lynx = SocketDirBus(str(wire))
        try:

            def say(*frames: tuple[int, bytes]) -> None:
                for can_id, data in frames:
                    lynx.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

            def named() -> list[str]:
                # Said again and again, as a BMS does: the bus may open after the name is there.
                say(claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items()))
                return reader.names()

            wait_for(named, lambda seen: len(seen) == 2, "names on the bus")
            names = reader.names()
            battery = next(name for name in names if name.startswith("com.victronenergy.battery.gxbridge_"))
            reader.until(battery, "/Io/AllowToCharge", 1)
            say(vreg(0x2108, NO_CHARGE))
            reader.until(battery, "/Io/AllowToCharge", 0, within_s=5.0)
            assert service.end() == 0
        finally:
            lynx.shutdown()
