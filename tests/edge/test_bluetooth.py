"""Listening by Bluetooth: the real bleak with a BlueZ of our own on a private bus, and what happens without either."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge.edge import bluetooth
from tests.edge.dbus_daemon import DBusDaemon

ROOT = Path(__file__).parent.parent.parent
ADDRESS = "C0:FF:EE:00:00:01"
KEY = "00112233445566778899aabbccddeeff"
LOW_CELL = "1002e4a30a351200a80222f16624a25edf3c1fab171978dd"


def bluez(bus: DBusDaemon, company: int, *contents: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.edge.fake_bluez", bus.address, ADDRESS, hex(company), *contents]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def readout(bus_address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus_address}
    command = [sys.executable, "-m", "gxbridge", "readout", "--scan", "--seconds", "2", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_a_device_with_its_key_is_read_over_the_air(own_daemon: DBusDaemon) -> None:
    with bluez(own_daemon, 0x02E1, LOW_CELL) as process:
        result = readout(own_daemon.address, "--json", "--address", ADDRESS.lower(), "--key", KEY)
        process.kill()
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    told = json.loads(line)
    assert (told["address"], told["values"]["allowed_to_discharge"]) == (ADDRESS, False)
    assert KEY not in result.stdout + result.stderr


def test_without_a_key_devices_are_listed_once_each(own_daemon: DBusDaemon) -> None:
    with bluez(own_daemon, 0x02E1, LOW_CELL, LOW_CELL[:10] + "9912" + LOW_CELL[14:]) as process:
        result = readout(own_daemon.address)
        process.kill()
    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{ADDRESS}, ")
    assert "Lynx Smart BMS NG 500" in line


def test_other_makers_and_other_kinds_of_advertisement_are_not_passed_on(own_daemon: DBusDaemon) -> None:
    with bluez(own_daemon, 0x004C, LOW_CELL) as process:
        result = readout(own_daemon.address)
        process.kill()
    assert result.returncode == 1
    assert "no Instant Readout advertisement was heard" in result.stderr


def test_without_a_bluetooth_service_the_message_says_what_to_check(own_daemon: DBusDaemon) -> None:
    result = readout(own_daemon.address)
    assert result.returncode == 1
    assert "Bluetooth cannot be used here" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_bleak_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(bluetooth.BluetoothUnavailable, match="pip install"):
        asyncio.run(bluetooth.scan(lambda *_: None, 0.0))
