"""A MultiPlus, with or without a VE.Bus BMS V2 behind it: charges from the shore, feeds the loads without it.

Public behaviour: it keeps to `/BatteryOperationalLimits/*` and stops about 5 minutes after they are no longer renewed;
with a VE.Bus BMS it also stops by itself when charge or discharge is not allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gxbridge.demo.sim.busitem import SimValue

LIMITS_EXPIRE_S = 300.0
"""A Multi stops about 5 minutes after the limit frames end (victronenergy/venus#895)."""
LIMITS = "/BatteryOperationalLimits"
STATE_OFF, STATE_FAULT, STATE_BULK, STATE_INVERTING = 0, 2, 3, 9
CHARGER_A = 70.0
SETTLING_S = 0.4
CONNECTION_LOST = 2
BMS_V2 = 1146100

BMS_ORDERS = {"atc": "/Bms/AllowToCharge", "atd": "/Bms/AllowToDischarge", "pre_alarm": "/Bms/PreAlarm"}

NAME = "com.victronenergy.vebus.ttyS4"


@dataclass(slots=True)
class Multi:
    """`items` is what it publishes; shore power and loads come as orders."""

    items: dict[str, SimValue]
    limits_expire_s: float = LIMITS_EXPIRE_S
    shore: bool = False
    load_a: float = 0.0
    battery_v: float = 26.4
    current_a: float = 0.0
    told_at: float | None = None
    changed: dict[str, SimValue] = field(default_factory=dict)

    def order(self, order: Mapping[str, float]) -> None:
        """What happens: `shore`, `load_a` from the battery, `battery_v`; a BMS's `atc`, `atd`, `pre_alarm`."""
        self.shore = bool(order.get("shore", self.shore))
        self.load_a = float(order.get("load_a", self.load_a))
        self.battery_v = float(order.get("battery_v", self.battery_v))
        for key, path in (
            ("atc", "/Bms/AllowToCharge"),
            ("atd", "/Bms/AllowToDischarge"),
            ("pre_alarm", "/Bms/PreAlarm"),
        ):
            if key in order:
                self._show(path, int(order[key]))

    def written(self, path: str, value: SimValue, now: float) -> None:
        """A GX has written one of its paths."""
        self.items[path] = value
        if path.startswith(LIMITS):
            self.told_at = now

    def step(self, now: float, passed_s: float) -> dict[str, SimValue]:
        """Let time pass; returns the items that changed."""
        expired = self.told_at is not None and now - self.told_at >= self.limits_expire_s
        target_a, state = (0.0, STATE_FAULT) if expired else self._target()
        self.current_a += (target_a - self.current_a) * min(passed_s / SETTLING_S, 1.0)
        self._show("/State", state)
        self._show("/Alarms/BmsConnectionLost", CONNECTION_LOST if expired else 0)
        self._show("/Ac/ActiveIn/Connected", int(self.shore))
        self._show("/Ac/ActiveIn/ActiveInput", 0 if self.shore else 240)
        self._show("/Dc/0/Current", round(self.current_a, 1) + 0.0)
        self._show("/Dc/0/Voltage", round(self.battery_v, 2))
        changes, self.changed = self.changed, {}
        return changes

    def _target(self) -> tuple[float, int]:
        """(battery current it wants, state)."""
        if self.shore:
            limits = [self.items["/Dc/0/MaxChargeCurrent"], self.items[f"{LIMITS}/MaxChargeCurrent"]]
            told_a = min([CHARGER_A, *(float(limit) for limit in limits if isinstance(limit, int | float))])
            if self.items["/Bms/AllowToCharge"] == 0:
                told_a = 0.0
            return told_a, STATE_BULK if told_a > 0 else STATE_OFF
        refused = self.items[f"{LIMITS}/MaxDischargeCurrent"] == 0 or self.items["/Bms/AllowToDischarge"] == 0
        if self.load_a > 0 and not refused:
            return -self.load_a, STATE_INVERTING
        return 0.0, STATE_OFF

    def _show(self, path: str, value: SimValue) -> None:
        if self.items[path] != value:
            self.items[path] = self.changed[path] = value


COMMON: dict[str, SimValue] = {
    "/Mgmt/ProcessName": "simulated",
    "/Mgmt/ProcessVersion": "1",
    "/Mgmt/Connection": "VE.Bus",
    "/DeviceInstance": 276,
    "/ProductId": 9763,
    "/ProductName": "MultiPlus-II 24/3000/70",
    "/CustomName": None,
    "/FirmwareVersion": 0x552,
    "/HardwareVersion": None,
    "/Connected": 1,
    "/State": STATE_OFF,
    "/Mode": 3,
    "/ModeIsAdjustable": 1,
    "/VebusError": 0,
    "/Soc": 50,
    "/ExtraBatteryCurrent": None,
    "/Dc/0/Voltage": 26.4,
    "/Dc/0/Current": 0.0,
    "/Dc/0/Temperature": None,
    "/Dc/0/MaxChargeCurrent": CHARGER_A,
    "/Ac/ActiveIn/Connected": 0,
    "/Ac/ActiveIn/ActiveInput": 240,
    "/Ac/NumberOfAcInputs": 1,
    f"{LIMITS}/MaxChargeVoltage": None,
    f"{LIMITS}/MaxChargeCurrent": None,
    f"{LIMITS}/MaxDischargeCurrent": None,
    f"{LIMITS}/BatteryLowVoltage": None,
    "/BatterySense/Voltage": None,
    "/BatterySense/Temperature": None,
    "/FirmwareFeatures/BolFrame": 1,
    "/FirmwareFeatures/BolUBatAndTBatSense": 1,
    "/Hub4/AssistantId": None,
    "/Interfaces/Mk2/ProductName": "MK3",
    "/Interfaces/Mk2/ProductId": 0x1170,
    "/Interfaces/Mk2/Connection": "/dev/ttyS4",
    "/Alarms/BmsConnectionLost": 0,
    "/Alarms/BmsPreAlarm": None,
    "/Bms/AllowToCharge": 1,
    "/Bms/AllowToDischarge": 1,
    "/Bms/BmsExpected": 0,
    "/Bms/BmsType": 0,
    "/Bms/Error": 0,
    "/Bms/PreAlarm": None,
    "/Devices/Bms/Version": None,
}
"""Without a VE.Bus BMS the real one, too, says "allowed" with BMS type 0."""

WRITABLE = frozenset(
    {path for path in COMMON if path.startswith(LIMITS)}
    | {"/Dc/0/MaxChargeCurrent", "/BatterySense/Voltage", "/BatterySense/Temperature", "/Soc", "/ExtraBatteryCurrent"}
)

MULTIS: dict[str, tuple[str, dict[str, SimValue]]] = {
    "multi": (NAME, COMMON),
    "multi-bms-v2": (
        NAME,
        COMMON
        | {
            "/Bms/BmsExpected": 1,
            "/Bms/BmsType": 2,
            "/Bms/PreAlarm": 0,
            "/Alarms/BmsPreAlarm": 0,
            "/Devices/Bms/Version": BMS_V2,
        },
    ),
}
"""Kind: the service's name and what it publishes at first."""
