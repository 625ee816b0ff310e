"""A VE.Can port full of devices on the kernel's vcan: what gxbridge says there, and that at `off` it says nothing.

The port is served wholly, and clients write to its services all the time. Runs in the guest that tests/kernel/boot.py
boots. The devices are those of tests/port, in a process of their own.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gxbridge.core.model.items import Value
from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import connect
from tests.contract.scene import Orders
from tests.edge.dbus_daemon import DBusDaemon
from tests.kernel import interfaces
from tests.port.fleet import FLEET
from tests.runtime.service import OWN, Reader, Service, wait_for

WITHIN_S = 60.0
DEVICES = ("mppt", "multi-rs", "skylla", "wakespeed", "tanks")
THEIRS = {FLEET[name].address for name in DEVICES}
SOMEBODY = 0x77
"""The address of who asks everybody who they are."""


class Ear:
    """Every frame on vcan0, by whoever sends it."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._socket = socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW)
        self._socket.bind(("vcan0",))
        self._socket.settimeout(0.2)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Ear:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(WITHIN_S)
        self._socket.close()

    def _listen(self) -> None:
        while not self._end.is_set():
            try:
                frame = self._socket.recv(16)
            except TimeoutError:
                continue
            self.heard.append(CAN_FRAME.unpack(frame)[0] & 0x1FFFFFFF)

    def strangers(self) -> set[str]:
        """Frames of neither a device nor of who asks."""
        return {f"{can_id:08X}" for can_id in list(self.heard) if can_id & 0xFF not in THEIRS | {SOMEBODY}}


@contextmanager
def devices(*names: str) -> Iterator[Orders]:
    """vcan0 with these devices, in a process of their own."""
    interfaces.add("vcan0")
    with ExitStack() as stack:
        stack.callback(interfaces.delete, "vcan0")
        command = ("tests.port.live", "--interface", "socketcan", "--channel", "vcan0", *names)
        found = Orders(sys.executable, "-m", *command)
        stack.callback(found.close)
        yield found


@pytest.fixture
def port() -> Iterator[Orders]:
    """vcan0 with five devices."""
    with devices(*DEVICES) as found:
        yield found


@contextmanager
def service(folder: Path, daemon: DBusDaemon, transmit: str) -> Iterator[Service]:
    config = folder / "gxbridge.yaml"
    bus = {"interface": "socketcan", "channel": "vcan0", "serve": "all", "temperatures": True}
    words = {"can": [bus], "transmit": transmit, "dvcc": {"mode": "control"}, "dbus": {"address": daemon.address}}
    config.write_text(json.dumps(words))  # JSON is YAML
    with Service(folder, "--config", str(config)) as running:
        yield running
        assert "Traceback" not in running.log()
        assert running.end() == 0


def ask_everybody(*addresses: int) -> None:
    """Who are you, what are you, and what have you counted: to everybody and to these addresses."""
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.bind(("vcan0",))
        for to in (255, *addresses):
            for can_id, data in (
                (0x18EA0000 | to << 8 | SOMEBODY, "00EE00"),
                (0x18EA0000 | to << 8 | SOMEBODY, "14F001"),
                (0x1CEF0000 | to << 8 | SOMEBODY, "669901003001F8FF"),
            ):
                frame = bytes.fromhex(data)
                sock.send(CAN_FRAME.pack(can_id | EFF_FLAG, len(frame), frame))


PORT = "com.victronenergy.vecan.vcan0"
WORDS: tuple[tuple[str, str, Value], ...] = (
    (PORT, "/Link/ChargeVoltage", 28.4),
    (PORT, "/Link/NetworkMode", 13),
    (PORT, "/Link/VoltageSense", 26.4),
    ("mppt", "/Link/ChargeCurrent", 0.0),
    ("mppt", "/Link/NetworkMode", 13),
    ("mppt", "/Settings/ChargeCurrentLimit", 30.0),
    ("mppt", "/Mode", 4),
)


async def write_all(address: str, charger: str) -> set[int]:
    """What clients could want of a port; the answers."""
    connection = await connect(address)
    try:
        return {
            await client.write(connection, charger if service == "mppt" else service, path, value)
            for service, path, value in WORDS
        }
    finally:
        connection.close()


def charger_of(reader: Reader) -> str:
    """The service of the solar charger, whatever instance it was given."""
    found = lambda: [name for name in reader.names() if ".solarcharger." in name]  # noqa: E731
    return str(wait_for(found, lambda names: len(names) == 1, "the charger's service", WITHIN_S)[0])


def test_at_off_nothing_is_ever_sent(port: Orders, own_daemon: DBusDaemon, tmp_path: Path) -> None:
    reader = Reader(own_daemon.address)
    with Ear() as ear, service(tmp_path, own_daemon, "off"):
        reader.until(OWN, "/Can/vcan0/State", "open", WITHIN_S)
        port("address", "mppt", 0x24)
        reader.until(OWN, "/Devices/4/State", "live", WITHIN_S)
        charger = charger_of(reader)
        for _ in range(10):
            ask_everybody(0xC8, 0xE1, 254)
            assert asyncio.run(write_all(own_daemon.address, charger)) == {2}, "refused"
            time.sleep(1.0)
        unique = str(FLEET["mppt"].name & 0x1FFFFF)
        link = [sys.executable, "-m", "gxbridge", "link", "--config", str(tmp_path / "gxbridge.yaml"), "try", unique]
        tried = subprocess.run(link, capture_output=True, text=True, timeout=60, check=False)
        assert tried.returncode != 0
        assert "transmit: link" in tried.stdout + tried.stderr, tried
        assert len(ear.heard) > 200, "the devices answer"
        assert reader.ask(OWN, "/Devices/0/Wiring") == "unknown"
        assert ear.strangers() == set()


def test_at_requests_it_claims_asks_and_answers_and_writes_nothing(
    port: Orders, own_daemon: DBusDaemon, tmp_path: Path
) -> None:
    reader = Reader(own_daemon.address)
    with Ear() as ear, service(tmp_path, own_daemon, "requests"):
        words = "its CAN error counters have not been watched for long enough"
        told = lambda: [reader.ask(OWN, f"/Devices/{n}/WiringReason") for n in range(5)]  # noqa: E731
        wait_for(told, lambda reasons: reasons.count(words) == 3, "three Victron devices that tell", WITHIN_S)
        assert asyncio.run(write_all(own_daemon.address, charger_of(reader))) == {2}, "refused"
        ask_everybody(0xC8)
        wait_for(ear.strangers, lambda seen: any(text[:6] == "19F014" for text in seen), "what we are", WITHIN_S)
        kinds = {text[:4] for text in ear.strangers()}
        assert kinds <= {"18EA", "18EE", "19F0", "1CEF", "1DF0"}, "requests, claims, who we are, and a heartbeat"
        for name in DEVICES:
            heard = port("state", name)["heard"]
            assert [each for each in heard if each[2] not in THEIRS] == [], f"{name} was written to"


SHOWN = {
    "solarcharger": ("_uc283819", "/Yield/User", 5752.37),
    "multi": ("_uc162269", "/Pv/1/V", 0.52),
    "inverter": ("_uc87197", "/Ac/Out/L1/V", 231.2),
    "charger": ("_uc15639", "/Dc/2/Current", 1.0),
    "battery": ("_uc34567", "/Soc", 87.5),
    "alternator": ("_uc430313", "/FirmwareVersion", "1.158"),
    "tank": ("_uc856_di0_t5", "/Capacity", 0.06),
    "temperature": ("_uc7007_di1", "/Temperature", -18.25),
}
"""Class -> the end of a service's name, a path, and what the device was recorded with."""


def test_devices_of_every_kind_are_served(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    reader = Reader(own_daemon.address)
    with devices(*FLEET), service(tmp_path, own_daemon, "requests"):
        for kind, (end, path, value) in SHOWN.items():

            def named(kind: str = kind, end: str = end) -> list[str]:
                return [name for name in reader.names() if f".{kind}.socketcan_vcan0_" in name and name.endswith(end)]

            (name,) = wait_for(named, lambda names: len(names) == 1, f"the {kind}", WITHIN_S)
            reader.until(name, path, value, WITHIN_S)
