"""The roles in an installation, their services and paths on D-Bus, and which items are worth a line when changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BATTERY = "battery"
GXBRIDGE = "gxbridge"
MULTI = "MultiPlus"
DIRECT = "MPPT 100/50"
CAN = "MPPT 150/70"
ALTERNATOR = "Orion XS"
VECAN = "VE.Can"
LYNX = "lynx"

CHARGERS = (DIRECT, CAN, ALTERNATOR)
OBEYING = (*CHARGERS, MULTI)

PREFIXES: Mapping[str, str] = {
    BATTERY: "com.victronenergy.battery.",
    GXBRIDGE: "com.victronenergy.gxbridge",
    MULTI: "com.victronenergy.vebus.",
    DIRECT: "com.victronenergy.solarcharger.ttyO",
    CAN: "com.victronenergy.solarcharger.socketcan_",
    ALTERNATOR: "com.victronenergy.alternator.",
    VECAN: "com.victronenergy.vecan.",
}
"""How the service of a role begins; the end is a port or a number."""

ALLOW_CHARGE = "/Io/AllowToCharge"
ALLOW_DISCHARGE = "/Io/AllowToDischarge"
VOLTAGE, CURRENT, TEMPERATURE = "/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Temperature"
LINK_VOLTAGE, LINK_CURRENT = "/Link/ChargeVoltage", "/Link/ChargeCurrent"
BOL_CHARGE = "/BatteryOperationalLimits/MaxChargeCurrent"
BOL_DISCHARGE = "/BatteryOperationalLimits/MaxDischargeCurrent"
MULTI_CHARGE = "/Dc/0/MaxChargeCurrent"
ERROR, STATE = "/ErrorCode", "/State"


def role_of(service: str) -> str:
    """The role of a D-Bus service, "" for one that has none."""
    return next((role for role, prefix in PREFIXES.items() if service.startswith(prefix)), "")


@dataclass(frozen=True, slots=True)
class WatchedItem:
    """An item whose change is worth a line: its name, unit, and how much it must have moved since the last line."""

    what: str
    unit: str = ""
    step: float = 0.0
    texts: Mapping[int, str] | None = None


YES_NO = {0: "no", 1: "yes"}
SEVERITY = {0: "ok", 1: "warning", 2: "alarm"}
CHARGER_STATES = {0: "off", 2: "fault", 3: "bulk", 252: "external control"}
MULTI_STATES = {0: "off", 2: "fault", 3: "bulk", 9: "inverting"}

_CHARGER: Mapping[str, WatchedItem] = {
    "/Link/NetworkMode": WatchedItem("told: network mode"),
    LINK_VOLTAGE: WatchedItem("told: charge voltage", "V"),
    LINK_CURRENT: WatchedItem("told: charge current", "A", 2.0),
    CURRENT: WatchedItem("charges with", "A", 15.0),
    STATE: WatchedItem("state", texts=CHARGER_STATES),
    ERROR: WatchedItem("error"),
}

WATCHED: Mapping[str, Mapping[str, WatchedItem]] = {
    BATTERY: {
        "/Info/MaxChargeVoltage": WatchedItem("charge voltage limit (CVL)", "V"),
        "/Info/MaxChargeCurrent": WatchedItem("charge current limit (CCL)", "A"),
        "/Info/MaxDischargeCurrent": WatchedItem("discharge current limit (DCL)", "A"),
        ALLOW_CHARGE: WatchedItem("allowed to charge", texts=YES_NO),
        ALLOW_DISCHARGE: WatchedItem("allowed to discharge", texts=YES_NO),
        "/Alarms/LowCellVoltage": WatchedItem("low cell voltage", texts=SEVERITY),
        TEMPERATURE: WatchedItem("temperature", "°C", 8.0),
        CURRENT: WatchedItem("current", "A", 40.0),
    },
    **dict.fromkeys(CHARGERS, _CHARGER),
    VECAN: {LINK_VOLTAGE: WatchedItem("told: charge voltage", "V")},
    MULTI: {
        "/BatteryOperationalLimits/MaxChargeVoltage": WatchedItem("told: charge voltage", "V"),
        BOL_CHARGE: WatchedItem("told: charge current", "A", 2.0),
        BOL_DISCHARGE: WatchedItem("told: discharge current", "A"),
        MULTI_CHARGE: WatchedItem("told: charger maximum", "A", 2.0),
        CURRENT: WatchedItem("battery current", "A", 15.0),
        STATE: WatchedItem("state", texts=MULTI_STATES),
        "/Bms/AllowToCharge": WatchedItem("VE.Bus BMS: allowed to charge", texts=YES_NO),
        "/Alarms/BmsConnectionLost": WatchedItem("BMS connection lost", texts=SEVERITY),
    },
    GXBRIDGE: {
        "/Dvcc/Effective": WatchedItem("DVCC"),
        "/Bms/State": WatchedItem("BMS is"),
        "/Limits/Ccl/Reason": WatchedItem("why"),
        "/Limits/Dcl/Reason": WatchedItem("why"),
    },
}

NO_LIMIT_A = 9000
"""The service writes 10000 A, less what the other chargers give, where nobody sets a limit."""


def value_text(value: object, unit: str = "", texts: Mapping[int, str] | None = None, *, none: str = "unknown") -> str:
    """A value in words and with its unit; `none` for one that is not known."""
    if not isinstance(value, int | float):
        return value if isinstance(value, str) and value else none
    if texts is not None and value in texts:
        return texts[int(value)]
    if unit == "A" and value >= NO_LIMIT_A:
        return "no limit"
    return f"{round(value, 2 if unit == 'V' else 1):g} {unit}".rstrip()
