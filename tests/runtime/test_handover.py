"""Two masters on a real bus: never. The running service, a charger, and another master that comes and goes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import can
import pytest

from gxbridge.core.model.items import Value
from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.contract.scene import Orders
from tests.core.boat import NO_CHARGE, RUNNING, claim, status, vreg
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service, wait_for

CHARGER = "com.victronenergy.solarcharger.ttyO1"
CHARGE_CURRENT = "/Link/ChargeCurrent"
CHARGER_ITEMS: dict[str, Value] = {
    "/ProductName": "SmartSolar", "/DeviceInstance": 288, "/Mgmt/Connection": "VE.Direct", "/Connected": 1,
    "/ProductId": 0xA060, "/FirmwareVersion": 0x161, "/State": 3, "/Dc/0/Voltage": 26.4, "/Dc/0/Current": 20.0,
    "/Settings/ChargeCurrentLimit": 70, "/Settings/BmsPresent": 0, "/Link/NetworkMode": 0,
    "/Link/ChargeVoltage": 0.0, CHARGE_CURRENT: 0.0,
}  # fmt: skip
MASTERS = {
    "the GX's own controller": ("com.victronenergy.system", {"/Control/Dvcc": 1, "/Connected": 1}),
    "another gxbridge": ("com.victronenergy.gxbridge.other", {"/Dvcc/Mode": "control", "/Connected": 1}),
}


class Lynx:
    """A BMS on a bus that is a folder; it says everything each second, as long as it lives."""

    def __init__(self, wire: Path) -> None:
        self.said = dict(RUNNING)
        self._bus = SocketDirBus(str(wire))
        self._ends = threading.Event()
        self._voice = threading.Thread(target=self._speak)
        self._voice.start()

    def _speak(self) -> None:
        while not self._ends.wait(0.5):
            for can_id, data in (claim(), status(), *(vreg(*said) for said in list(self.said.items()))):
                self._bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

    def end(self) -> None:
        self._ends.set()
        self._voice.join()
        self._bus.shutdown()


@contextmanager
def boat(folder: Path) -> Iterator[tuple[DBusDaemon, Orders, Lynx, str]]:
    """A bus, other services on it, a BMS, and the service's configuration for control."""
    wire = folder / "w"
    wire.mkdir()
    with DBusDaemon() as daemon:
        others, lynx = Orders(sys.executable, "-m", "tests.contract.standins", daemon.address), Lynx(wire)
        config = folder / "gxbridge.yaml"
        config.write_text(
            f"can: [{{name: can0, interface: gxsocket, channel: '{wire}'}}]\ndbus: {{address: '{daemon.address}'}}\n"
            f"dvcc: {{mode: control, settings: {{dvcc: yes}}}}\nblackbox: {{enabled: no}}\n"
        )
        try:
            others("appear", CHARGER, CHARGER_ITEMS)
            yield daemon, others, lynx, str(config)
        finally:
            lynx.end()
            others.close()


def stays(reader: Reader, path: str, value: Value, seconds: float) -> None:
    """Nothing of the charger changes for so long: longer than a round of 3 s and its second of slack."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert reader.ask(CHARGER, path) == value
        time.sleep(0.1)


@pytest.mark.parametrize("master", MASTERS)
def test_it_yields_to_another_master_at_once_and_takes_over_when_that_has_left(tmp_path: Path, master: str) -> None:
    name, items = MASTERS[master]
    with boat(tmp_path) as (daemon, others, lynx, config), Service(tmp_path, "--config", config) as service:
        reader = Reader(daemon.address)
        reader.until(OWN, "/Dvcc/Effective", "control")
        reader.until(CHARGER, CHARGE_CURRENT, 70.0)
        assert reader.ask(CHARGER, "/Link/NetworkMode") == 13

        others("appear", name, items)
        reader.until(OWN, "/Dvcc/Effective", "monitor")
        assert reader.ask(OWN, "/Dvcc/Master") == name
        others("set", CHARGER, {CHARGE_CURRENT: 33.0, "/Link/NetworkMode": 5})  # what the other master tells it
        lynx.said[0x2108] = NO_CHARGE
        reader.until(OWN, "/Limits/Ccl/Value", 0.0)
        stays(reader, CHARGE_CURRENT, 33.0, 4.5)
        assert reader.ask(CHARGER, "/Link/NetworkMode") == 5
        wait_for(lambda: "told-despite-stop" in service.log(), True, "what the other master told in the log")

        others("leave", name)
        reader.until(OWN, "/Dvcc/Effective", "control")
        reader.until(CHARGER, CHARGE_CURRENT, 0.0)
        reader.until(CHARGER, "/Link/NetworkMode", 13)
        lynx.said[0x2108] = RUNNING[0x2108]
        reader.until(CHARGER, CHARGE_CURRENT, 70.0)
        assert reader.ask(OWN, "/Dvcc/Master") == "gxbridge"
        assert service.end() == 0
    assert "Traceback" not in service.log()


def test_a_master_that_was_there_first_is_left_alone(tmp_path: Path) -> None:
    with boat(tmp_path) as (daemon, others, _, config):
        others("appear", *MASTERS["the GX's own controller"])
        with Service(tmp_path, "--config", config):
            reader = Reader(daemon.address)
            reader.until(OWN, "/Limits/Ccl/Value", 200.0)
            assert reader.ask(OWN, "/Dvcc/Effective") == "monitor"
            stays(reader, CHARGE_CURRENT, 0.0, 4.5)
            others("leave", "com.victronenergy.system")
            reader.until(CHARGER, CHARGE_CURRENT, 70.0)
