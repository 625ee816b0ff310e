"""A port of gxbridge's own: what a dbus-python client sees of simulated devices, which know nothing of gxbridge."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.scene import INVALID, Backdrop, Orders, Scene, scene
from tests.runtime.service import wait_for

FIRST = "com.victronenergy.solarcharger.socketcan_can0_vi{}_uc283819"
SECOND = "com.victronenergy.solarcharger.socketcan_can0_vi{}_uc300450"
MULTI = "com.victronenergy.multi.socketcan_can0_vi0_uc162268"
ALTERNATOR = "com.victronenergy.alternator.socketcan_can0_vi0_uc430313"
PORT = "com.victronenergy.vecan.can0"
DEVICES = ("mppt", "mppt-rs", "multi-rs", "integrel", "tanks")


class PortScene:
    """The scene, and the devices of its bus."""

    def __init__(self, around: Scene, devices: Orders) -> None:
        self.around = around
        self.devices = devices

    def start(self, **config: Any) -> None:
        bus = {"interface": "gxsocket", "channel": str(self.around.wire.directory), "name": "can0", "serve": "all"}
        self.around.start(can=[bus], **config)
        # They said who they are before anybody listened, and say it again only when they are asked.
        wait_for(
            lambda: self.around.ask("/Can/can0/Frames"), lambda count: isinstance(count, int) and count > 0, "frames"
        )
        for device in DEVICES:
            self.devices("announce", device)

    def name(self, pattern: str) -> str:
        """The service of that pattern, whatever instance it was given."""

        def found() -> str:
            names = self.around.consumer("names")
            return next((name for name in (pattern.format(number) for number in range(9)) if name in names), "")

        return str(wait_for(found, lambda name: name != "", pattern, 40.0))

    def items(self, service: str) -> dict[str, Any]:
        found = self.around.consumer("items", service)
        return {path: (entry["Value"], entry["Text"][1]) for path, entry in found.items()}

    def told(self, device: str) -> list[list[str]]:
        """Registers that somebody wrote to this device alone, with their bytes."""
        heard = self.devices("state", device)["heard"]
        return [[register, value] for register, value, _, destination, _ in heard if destination != 255]

    def until(self, service: str, path: str, wanted: Any) -> None:
        self.around.consumer.until(service, path, wanted, 30.0)


@pytest.fixture
def port(tmp_path: Path, shared: Backdrop) -> Iterator[PortScene]:
    """A bus with two solar chargers, a Multi RS, an alternator and a sender of three tanks; no Lynx."""
    with scene(tmp_path, shared) as found:
        where = ("--interface", "gxsocket", "--channel", str(found.wire.directory))
        devices = Orders(sys.executable, "-m", "tests.port.live", *where, *DEVICES)
        found.stack.callback(devices.close)
        yield PortScene(found, devices)


def test_every_device_is_a_service_with_the_vendors_types_and_texts(port: PortScene) -> None:
    port.start()
    first, second = port.name(FIRST), port.name(SECOND)
    assert first.replace("283819", "") != second.replace("300450", ""), "each has an instance of its own"
    port.until(first, "/History/Overall/MaxPvVoltage", 104.6)
    sun = port.items(first)
    assert sun["/Mgmt/Connection"] == (["String", "VE.Can"], "VE.Can")
    assert sun["/ProductId"] == (["UInt16", 0xA10C], "0xA10C")
    assert sun["/FirmwareVersion"] == (["UInt32", 202495], "v3.16")
    assert sun["/Dc/0/Voltage"] == (["Double", 52.54], "52.54V")
    assert sun["/State"] == (["Byte", 0], "0")
    assert sun["/Settings/ChargeCurrentLimit"] == (["Double", 70.0], "70.0A")
    assert sun["/HardwareVersion"][0] == INVALID
    assert sun["/N2kUniqueNumber"] == (["UInt32", 283819], "283819")
    assert "/Pv/0/V" not in sun
    port.until(second, "/Pv/3/V", 1.2)
    port.until(MULTI, "/History/Daily/1/TimeInBulk", 1439)
    multi = port.items(MULTI)
    assert multi["/FirmwareVersion"] == (["UInt32", 69637], "v1.10-beta-05")
    assert multi["/Ac/In/1/L1/V"] == (["Double", 221.4], "221.4V")
    assert multi["/Ac/Out/L1/P"] == (["Int32", -6], "-6W")
    assert multi["/Dc/0/Power"] == (["Int32", 16], "16W")
    assert multi["/Soc"] == (["Double", 100.0], "100%")
    port.until(ALTERNATOR, "/Dc/0/Temperature", 48.85)
    alternator = port.items(ALTERNATOR)
    assert alternator["/FirmwareVersion"] == (["String", "1.158"], "1.158")
    assert alternator["/Dc/0/Temperature"] == (["Double", 48.85], "48.9C")
    tanks = [port.name("com.victronenergy.tank.socketcan_can0_vi{}_uc855_di" + str(number)) for number in range(3)]
    port.until(tanks[2], "/Level", 17.184)
    tank = port.items(tanks[2])
    assert tank["/Capacity"] == (["Double", 0.1135], "0.1135m3")
    assert tank["/FluidType"] == (["Byte", 2], "2")
    assert tank["/Level"][1] == "17.2%"


def test_the_port_has_a_service_without_an_instance(port: PortScene) -> None:
    port.start()
    port.name(FIRST)
    port.until(PORT, "/Devices/00002CC454AB/ModelName", "SmartSolar MPPT VE.Can 150/70 re")
    items = port.items(PORT)
    assert items["/Identifier"] == (["String", "can0"], "can0")
    assert items["/Devices/00002CC454AB/N2kUniqueNumber"] == (["UInt32", 283819], "283819")
    assert items["/Link/NetworkMode"][0] == INVALID
    assert not [path for path in items if path.startswith(("/Mgmt", "/DeviceInstance"))]


def test_a_device_that_is_silent_leaves_and_returns(port: PortScene) -> None:
    port.start()
    first, other = port.name(FIRST), port.name(SECOND)
    port.devices("quiet", "mppt", True)
    port.around.consumer.until_gone(first, 30.0)
    assert other in port.around.consumer("names")
    port.until(PORT, "/Devices/00002CC454AB/Connected", 0)
    port.devices("quiet", "mppt", False)
    assert port.name(FIRST) == first, "it keeps its instance"
    port.until(first, "/Dc/0/Voltage", 52.54)
    port.devices("address", "mppt", 0x77)
    port.until(first, "/Devices/0/Nad", 0x77)


def test_nothing_is_sent_with_transmit_off_whatever_is_written(port: PortScene) -> None:
    port.start()
    first = port.name(FIRST)
    port.until(first, "/Settings/ChargeCurrentLimit", 70.0)
    for service, path, kind, value, answer in (
        (first, "/Settings/ChargeCurrentLimit", "Double", 30.0, 2),
        (first, "/Link/ChargeCurrent", "Double", 20.0, 2),
        (first, "/Mode", "Byte", 4, 2),
        (first, "/Dc/0/Voltage", "Double", 1.0, 1),
        (PORT, "/Link/ChargeVoltage", "Double", 56.0, 2),
        (first, "/CustomName", "String", "Roof", 0),
    ):
        assert port.around.consumer("set", service, path, kind, value) == answer, path
    port.until(first, "/CustomName", "Roof")
    assert [port.told(device) for device in DEVICES] == [[], [], [], [], []]


def test_a_setting_reaches_the_device_with_transmit_writes(port: PortScene) -> None:
    port.start(transmit={"level": "writes"})
    first = port.name(FIRST)
    port.until(first, "/Settings/ChargeCurrentLimit", 70.0)

    def taken() -> bool:
        port.around.consumer("set", first, "/Settings/ChargeCurrentLimit", "Double", 30.0)
        return bool(port.around.consumer.value(first, "/Settings/ChargeCurrentLimit") == 30.0)

    wait_for(taken, True, "the device says what it was set to", 30.0)
    assert {tuple(word) for word in port.told("mppt")} == {("0xEDF0", "2C010000")}
    assert port.told("mppt-rs") == []
