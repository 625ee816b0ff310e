"""Solar chargers and an alternator charger: they do what the GX tells them, and stop when it falls silent.

Public behaviour: `/Link/*` values expire after 60 s; a charger that has once seen a BMS (`/Settings/BmsPresent`) then
shows error 67 and charges no more, one that never saw a BMS goes on by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gxbridge.demo.sim.busitem import SimValue

LINK_EXPIRES_S = 60.0
ERROR_BMS_LOST = 67
STATE_OFF, STATE_FAULT, STATE_BULK, STATE_EXTERNAL = 0, 2, 3, 252
MODE_BMS = 8
SETTLING_S = 0.4
"""Time constant with which a charger follows."""
TAPER_V = 0.2
"""Within this much of its set voltage a charger takes its current back."""


@dataclass(slots=True)
class SimCharger:
    """One charger: `items` is what it publishes, `power_a` what its source could give now."""

    items: dict[str, SimValue]
    power_a: float = 0.0
    battery_v: float = 26.4
    current_a: float = 0.0
    link_voltage_v: float | None = None
    """A charger on VE.Can is told its voltage through the CAN interface's own service."""
    told_at: float | None = None
    changed: dict[str, SimValue] = field(default_factory=dict)

    def order(self, order: Mapping[str, float]) -> None:
        """What happens around it: `power_a` of sun or engine, `battery_v` at its terminals."""
        self.power_a = float(order.get("power_a", self.power_a))
        self.battery_v = float(order.get("battery_v", self.battery_v))

    def written(self, path: str, value: SimValue, now: float) -> None:
        """A GX has written one of its paths."""
        self.items[path] = value
        if path.startswith("/Link/"):
            self.told_at = now
        if path == "/Link/NetworkMode" and isinstance(value, int) and value & MODE_BMS:
            self._show("/Settings/BmsPresent", 1)

    def step(self, now: float, passed_s: float) -> dict[str, SimValue]:
        """Let time pass; returns the items that changed."""
        controlled = self.told_at is not None and now - self.told_at < LINK_EXPIRES_S
        lost = self.told_at is not None and not controlled and self.items["/Settings/BmsPresent"] == 1
        target_a = 0.0 if lost else self._target(controlled)
        self.current_a += (target_a - self.current_a) * min(passed_s / SETTLING_S, 1.0)
        shown = round(self.current_a, 1) + 0.0
        if controlled:
            state = STATE_EXTERNAL if self.power_a > 0 else STATE_OFF
        else:
            state = STATE_FAULT if lost else STATE_BULK if shown > 0 else STATE_OFF
        self._show("/State", state)
        self._show("/ErrorCode", ERROR_BMS_LOST if lost else 0)
        self._show("/Dc/0/Current", shown)
        self._show("/Dc/0/Voltage", round(self.battery_v, 2))
        if not controlled and self.told_at is not None:
            for path in ("/Link/NetworkMode", "/Link/ChargeCurrent", "/Link/ChargeVoltage"):
                if path in self.items:
                    self._show(path, None)
        changes, self.changed = self.changed, {}
        return changes

    def _target(self, controlled: bool) -> float:
        limit = self.items["/Settings/ChargeCurrentLimit"]
        target_a = min(self.power_a, float(limit or 0))
        if not controlled:
            return target_a
        told_a, told_v = (
            self.items.get("/Link/ChargeCurrent"),
            self.items.get("/Link/ChargeVoltage", self.link_voltage_v),
        )
        if isinstance(told_a, int | float):
            target_a = min(target_a, float(told_a))
        if isinstance(told_v, int | float):
            target_a *= min(max((told_v - self.battery_v) / TAPER_V, 0.0), 1.0)
        return target_a

    def _show(self, path: str, value: SimValue) -> None:
        if self.items[path] != value:
            self.items[path] = self.changed[path] = value


def _charger_identity(
    instance: int, product_id: int, product: str, connection: str, firmware: int
) -> dict[str, SimValue]:
    return {
        "/Mgmt/ProcessName": "simulated",
        "/Mgmt/ProcessVersion": "1",
        "/Mgmt/Connection": connection,
        "/DeviceInstance": instance,
        "/ProductId": product_id,
        "/ProductName": product,
        "/CustomName": None,
        "/FirmwareVersion": firmware,
        "/HardwareVersion": None,
        "/Connected": 1,
    }


def _charger(limit_a: float, links: tuple[str, ...]) -> dict[str, SimValue]:
    items: dict[str, SimValue] = {
        "/State": STATE_OFF,
        "/ErrorCode": 0,
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 0.0,
        "/Settings/ChargeCurrentLimit": limit_a,
        "/Settings/BmsPresent": 0,
    }
    return items | dict.fromkeys(f"/Link/{link}" for link in links)


ALL_LINKS = ("NetworkMode", "ChargeVoltage", "ChargeCurrent", "VoltageSense", "TemperatureSense", "BatteryCurrent")
CAN_LINKS = ("NetworkMode", "ChargeCurrent")

CHARGERS: dict[str, tuple[str, dict[str, SimValue]]] = {
    "solar-direct": (
        "com.victronenergy.solarcharger.ttyO2",
        _charger_identity(279, 0xA057, "SmartSolar Charger MPPT 100/50", "VE.Direct", 353)
        | {"/N2kDeviceInstance": None}
        | _charger(50.0, ALL_LINKS),
    ),
    "solar-can": (
        "com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002",
        _charger_identity(280, 0xA110, "SmartSolar MPPT VE.Can 150/70", "VE.Can", 70143)
        | {"/N2kDeviceInstance": 0}
        | _charger(70.0, CAN_LINKS),
    ),
    "alternator": (
        "com.victronenergy.alternator.ttyUSB1",
        _charger_identity(41, 0xA3F0, "Orion XS 24/50", "VE.Direct", 66304)
        | {"/N2kDeviceInstance": 0}
        | _charger(50.0, ALL_LINKS[:-1]),
    ),
}
"""Kind: the service's name and what it publishes at first. Path sets as the real services have them."""

VECAN = "com.victronenergy.vecan.can0"
_CAN_INTERFACE: dict[str, SimValue] = {
    "/Mgmt/ProcessName": "simulated",
    "/Mgmt/Connection": "CAN-bus",
    "/ProductName": "VE.Can interface",
    "/DeviceInstance": 0,
    "/Connected": 1,
    "/Identifier": "can0",
}
_INTERFACE_LINKS = (*(link for link in ALL_LINKS if link != "ChargeCurrent"), "Soc", "ExtraBatteryCurrent")
VECAN_ITEMS = _CAN_INTERFACE | dict.fromkeys(f"/Link/{link}" for link in _INTERFACE_LINKS)
"""The CAN interface's own service: chargers on VE.Can are told their voltage through it."""
