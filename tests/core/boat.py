"""A Lynx Smart BMS and a few chargers as the bridge meets them: frames and D-Bus items, made by hand for tests."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.encode import encode, frames, vreg_frames
from gxbridge.core.nmea2000.vreg import payload
from gxbridge.core.setup import Setup

NAME = bytes.fromhex("D08CC22C00AA46C0")
"""Unique number 167120, Victron, class 35, function 170 (constructed from the field table of the address claim)."""

LYNX_SERVICE = "com.victronenergy.battery.gxbridge_can0_uc167120"
VENDOR = "com.victronenergy.battery.socketcan_vecan0_vi1_uc167120"
"""The same Lynx as the vendor's driver publishes it."""
SOLAR = "com.victronenergy.solarcharger.ttyO2"
MULTI = "com.victronenergy.vebus.ttyS4"

PRODUCT, FIRMWARE, STATE, ERROR, ALARMS, IO = 0x0100, 0x0102, 0x2102, 0x2101, 0x2107, 0x2108
CVL, CCL, LOW, DCL, CELLS, SOC = 0x0390, 0x0391, 0x0392, 0x0393, 0x0385, 0x0FFF

ALL_WELL = 0x1595
"""Contactor closed, charge and discharge allowed, relay off, AUX, remote and alternator on."""
NO_CHARGE = 0x1599
NO_DISCHARGE = 0x15A5
NO_ALTERNATOR = 0x2595
NO_ALARM, LOW_CELL = 0x1455, 0x1456

RUNNING: dict[int, int] = {
    PRODUCT: 0xA3E500,
    FIRMWARE: 0x0106FF00,
    STATE: 9,
    ERROR: 0,
    ALARMS: NO_ALARM,
    IO: ALL_WELL,
    CVL: 2840,
    CCL: 2000,
    LOW: 2160,
    DCL: 6000,
    CELLS: 335 | 339 << 16,
    SOC: 9920,
    0xEDEF: 24,
}
"""What a running 24 V Lynx Smart BMS 500 says: register -> the four data bytes as a number."""


def claim(source: int = 0x29, name: bytes = NAME) -> tuple[int, bytes]:
    return 0x18EEFF00 | source, name


def vreg(register: int, raw: int, source: int = 0x29) -> tuple[int, bytes]:
    return vreg_frames(payload(register, raw.to_bytes(4, "little")), source)[0]


def status(voltage_v: float = 26.4, current_a: float = 10.0, source: int = 0x29) -> tuple[int, bytes]:
    """PGN 127508, 22.2 degrees."""
    values = {"instance": 0, "voltage": voltage_v, "current": current_a, "temperature": 295.35, "sid": 1}
    layout = database().pgns[127508]
    return frames(layout, encode(layout, values), source)[0]


def vendor_lynx(**items: Value) -> dict[str, Value]:
    """What the vendor's driver shows of the same Lynx, once and for all: it hangs."""
    return {
        "/DeviceInstance": 1,
        "/Connected": 1,
        "/ProductId": 0xA3E5,
        "/ProductName": "Lynx Smart BMS 500",
        "/Mgmt/Connection": "VE.Can",
        "/N2kUniqueNumber": 167120,
        "/Serial": "0167120 HQ21302VUDQ",
        "/State": 9,
        "/Dc/0/Voltage": 26.4,
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 100.0,
        "/Info/MaxDischargeCurrent": 600.0,
        "/Info/BatteryLowVoltage": 21.6,
        "/Io/AllowToCharge": 1,
        "/Io/AllowToDischarge": 1,
        **items,
    }


def solar(limit_a: float = 35.0, current_a: float = 10.0, **items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 279,
        "/ProductId": 0xA056,
        "/ProductName": "SmartSolar MPPT 100/30",
        "/FirmwareVersion": 0x0164,
        "/Mgmt/Connection": "VE.Direct port 1",
        "/Connected": 1,
        "/State": 3,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": current_a,
        "/Settings/ChargeCurrentLimit": limit_a,
        "/Settings/BmsPresent": 0,
        "/Link/NetworkMode": None,
        "/Link/ChargeVoltage": None,
        "/Link/ChargeCurrent": None,
        **items,
    }


def multi(**items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 276,
        "/ProductId": 0x2642,
        "/ProductName": "MultiPlus 24/3000/70-50",
        "/FirmwareVersion": 0x0512,
        "/Mgmt/Connection": "VE.Bus",
        "/Connected": 1,
        "/State": 3,
        "/FirmwareFeatures/BolFrame": 1,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 20.0,
        "/Dc/0/MaxChargeCurrent": 70.0,
        "/BatteryOperationalLimits/MaxChargeVoltage": None,
        "/BatteryOperationalLimits/MaxChargeCurrent": None,
        "/BatteryOperationalLimits/MaxDischargeCurrent": None,
        "/BatteryOperationalLimits/BatteryLowVoltage": None,
        **items,
    }


class Boat:
    """A bridge with a clock of its own: whole seconds, fed with frames and items."""

    def __init__(self, **setup: object) -> None:
        values: dict[str, object] = {"mode": "control", "buses": ("can0",)} | setup
        self.bridge = Bridge(Setup(**values))  # type: ignore[arg-type]
        self.now = 1000.0
        self.epoch = 0.0
        self.said = dict(RUNNING)
        self.links: dict[tuple[str, str], Value] = {}
        """What was written last, as the devices would show it."""

    def send(self, *frames: tuple[int, bytes]) -> bool:
        return self.bridge.hear("can0", [(self.now, can_id, data) for can_id, data in frames])

    def say(self, **changes: int) -> bool:
        """The BMS says registers by the names above, such as `ccl=0`."""
        registers = {globals()[name.upper()]: raw for name, raw in changes.items()}
        self.said |= registers
        return self.send(*(vreg(register, raw) for register, raw in registers.items()))

    def repeat(self) -> bool:
        """Everything the BMS says, once."""
        return self.send(claim(), status(), *(vreg(register, raw) for register, raw in self.said.items()))

    def add(self, name: str, items: Mapping[str, Value]) -> bool:
        return self.bridge.service_added(name, items, self.now)

    def set(self, name: str, **items: Value) -> bool:
        return self.bridge.service_changed(name, items, self.now)

    def tick(self, seconds: int = 1, *, speaking: bool = True) -> Cycle:
        """Let seconds pass; returns the last look. Written values come back as the devices' own."""
        cycle = None
        for _ in range(seconds):
            self.now += 1.0
            if speaking:
                self.repeat()
            cycle = self.bridge.tick(self.now, self.epoch)
            self._take(cycle)
        assert cycle is not None
        return cycle

    def react(self) -> Cycle:
        cycle = self.bridge.react(self.now)
        self._take(cycle)
        return cycle

    def _take(self, cycle: Cycle) -> None:
        for service, path, value in cycle.writes:
            self.links[service, path] = value
            self.bridge.service_changed(service, {path: value}, self.now)
