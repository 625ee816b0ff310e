"""Banks beside the real systemcalc, run by hand:

    GX_SOURCES=FOLDER python -m pytest -rP tests/contract/check_systemcalc.py

FOLDER holds checkouts of victronenergy/localsettings and victronenergy/dbus-systemcalc-py (9730db0 was used) with
victronenergy/velib_python in `ext/velib_python` of both; they are of the vendor and no part of this project. They need
Debian's python3-dbus, python3-gi, python3-lxml and python3-psutil, and a network interface eth0.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.lynx import LYNX_500, Lynx, Wire
from tests.contract.scene import PYTHON, SETTINGS, Backdrop, Consumer, Orders, Scene, battery_name
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import wait_for

SOURCES = Path(os.environ["GX_SOURCES"])
SYSTEM = "com.victronenergy.system"
SOLAR = "com.victronenergy.solarcharger.ttyO2"
HOUSE = "com.victronenergy.battery.gxbridge_bank_house"
BMS_INSTANCE = "/Settings/SystemSetup/BmsInstance"
SERIALS = ("HQ21302VUDQ", "HQ2437XXP7K", "HQ2305MVWJY")
NUMBERS = (167120, 478868, 314657)
REFUSES = {"x2108": "99 15", "x0391": "00 00 00 00"}
ALLOWS = {"x2108": "95 15", "x0391": "D0 07 00 00"}
"""Registers: charge not allowed and CCL 0; allowed and CCL 200 A."""


def solar() -> dict[str, object]:
    paths = {
        "/DeviceInstance": 279,
        "/ProductId": 0xA056,
        "/ProductName": "SmartSolar MPPT",
        "/FirmwareVersion": 0x0164,
    }
    paths |= {"/Mgmt/Connection": "VE.Direct port 1", "/Connected": 1, "/State": 3, "/Dc/0/Voltage": 26.4}
    paths |= {"/Dc/0/Current": 10.0, "/Settings/ChargeCurrentLimit": 1000.0, "/Settings/BmsPresent": 0}
    return paths | dict.fromkeys(("/Link/NetworkMode", "/Link/ChargeVoltage", "/Link/ChargeCurrent"), 0.0)


@contextlib.contextmanager
def program(folder: Path, address: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address, "DBUS_SESSION_BUS_ADDRESS": address}
    environment.pop("PYTHONPATH", None)
    with (folder / "gx.log").open("ab") as log:
        process = subprocess.Popen([PYTHON, *command], stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def gx(tmp_path: Path) -> Iterator[Scene]:
    """Three Lynx on a wire, a solar charger, the real localsettings and the real systemcalc."""
    lynxes = [
        Lynx(number, serial, {**LYNX_500, 0x0391: "D0 07 00 00"}, 0x29 + place)
        for place, (number, serial) in enumerate(zip(NUMBERS, SERIALS, strict=True))
    ]
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(DBusDaemon())
        consumer = Consumer(daemon.address)
        stack.callback(consumer.close)
        others = Orders(sys.executable, "-m", "tests.contract.standins", daemon.address)
        stack.callback(others.close)
        behind = Backdrop(daemon, consumer, others)
        wire = stack.enter_context(Wire(tmp_path / "w", *lynxes))
        (tmp_path / "settings").mkdir()
        local = SOURCES / "localsettings" / "localsettings.py"
        stack.enter_context(
            program(tmp_path, daemon.address, str(local), f"--path={tmp_path / 'settings'}", "--no-delay")
        )
        consumer.until_there(SETTINGS)
        systemcalc = str(SOURCES / "dbus-systemcalc-py" / "dbus_systemcalc.py")
        with program(tmp_path, daemon.address, systemcalc), contextlib.suppress(AssertionError):
            consumer.until_there(SYSTEM, within_s=8)  # on fresh settings its first start may die half-way
        stack.enter_context(program(tmp_path, daemon.address, systemcalc))
        consumer.until_there(SYSTEM, within_s=20)
        others("appear", SOLAR, solar())
        yield Scene(tmp_path, behind.daemon, wire, behind.consumer, behind.others, stack)


def test_the_automatic_choice_takes_the_bank_and_its_limits_reach_the_charger(gx: Scene) -> None:
    gx.start(banks=[{"name": "house", "title": "House"}])
    ask = gx.consumer
    ask.until(SYSTEM, "/ActiveBmsService", HOUSE, within_s=40)
    wait_for(lambda: ask.value(HOUSE, "/NumberOfBmses"), "3/3", "three in the bank", 20.0)
    assert ask.value(HOUSE, "/Info/MaxChargeCurrent") == 545.4
    ask.until(SYSTEM, "/Dc/Battery/BatteryService", HOUSE)
    ask.until(SYSTEM, "/Dc/Battery/ChargeVoltage", 27.4)
    ask.until(SOLAR, "/Link/ChargeCurrent", lambda told: isinstance(told, float) and 545 <= told <= 546)
    assert ask.value(SYSTEM, "/Dvcc/Alarms/MultipleBatteries") in (0, None)
    available = ask.value(SYSTEM, "/AvailableBmsServices")
    print(f"systemcalc offers {available}")
    for number in NUMBERS:
        assert ask.value(battery_name(number), "/Dc/0/Voltage") == 26.39

    # One member refuses: 0 A for all; it allows again.
    gx.wire.say(gx.wire.lynxes[1], **REFUSES)
    ask.until(SOLAR, "/Link/ChargeCurrent", 0.0)
    gx.wire.say(gx.wire.lynxes[1], **ALLOWS)
    ask.until(SOLAR, "/Link/ChargeCurrent", lambda told: isinstance(told, float) and 545 <= told <= 546)

    # One opens its contactor and leaves: two thirds, and no stop.
    gx.wire.say(gx.wire.lynxes[2], x2102="0E", x2108="56 15")
    ask.until(SOLAR, "/Link/ChargeCurrent", lambda told: isinstance(told, float) and 363 <= told <= 364)
    assert ask.value(HOUSE, "/NumberOfBmses") == "2/3"

    # One falls silent: 0 A.
    gx.wire.lynxes[1].quiet = True
    ask.until(SOLAR, "/Link/ChargeCurrent", 0.0, within_s=40)
    assert ask.value(SYSTEM, "/ActiveBmsService") == HOUSE


def test_a_member_that_the_settings_choose_stays_a_bms(gx: Scene) -> None:
    first = battery_name()
    gx.start(banks=[{"name": "house", "title": "House"}])
    gx.consumer.until(SYSTEM, "/ActiveBmsService", HOUSE, within_s=40)
    instance = gx.consumer.value(first, "/DeviceInstance")
    assert gx.consumer("set", SETTINGS, BMS_INSTANCE, "Int32", instance) == 0
    gx.consumer.until(SYSTEM, "/ActiveBmsService", first, within_s=40)
    bank = gx.consumer.value(HOUSE, "/DeviceInstance")
    assert "bank-not-chosen" in [gx.ask(f"/Findings/{n}/Id") for n in range(10)]
    assert gx.consumer("set", SETTINGS, BMS_INSTANCE, "Int32", bank) == 0
    gx.consumer.until(SYSTEM, "/ActiveBmsService", HOUSE, within_s=40)
