"""Who plays in which scene: roles, the services they have on the bus, and what is worth a line when it changes."""

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
SOLAR = (DIRECT, CAN)
OBEYING = (*CHARGERS, MULTI)

LYNX_SCENE = "boat"
VEBUS_SCENE = "cabin"

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

MAX_VOLTAGE = "/Info/MaxChargeVoltage"
MAX_CHARGE = "/Info/MaxChargeCurrent"
MAX_DISCHARGE = "/Info/MaxDischargeCurrent"
ALLOW_CHARGE = "/Io/AllowToCharge"
ALLOW_DISCHARGE = "/Io/AllowToDischarge"
LOW_CELL = "/Alarms/LowCellVoltage"
VOLTAGE, CURRENT, TEMPERATURE = "/Dc/0/Voltage", "/Dc/0/Current", "/Dc/0/Temperature"
MODE, LINK_VOLTAGE, LINK_CURRENT = "/Link/NetworkMode", "/Link/ChargeVoltage", "/Link/ChargeCurrent"
BOL_VOLTAGE = "/BatteryOperationalLimits/MaxChargeVoltage"
BOL_CHARGE = "/BatteryOperationalLimits/MaxChargeCurrent"
BOL_DISCHARGE = "/BatteryOperationalLimits/MaxDischargeCurrent"
MULTI_CHARGE = "/Dc/0/MaxChargeCurrent"
BMS_PRESENT = "/Settings/BmsPresent"
ERROR, STATE = "/ErrorCode", "/State"


def role_of(service: str) -> str:
    """The role of a D-Bus service, "" for one that does not play."""
    return next((role for role, prefix in PREFIXES.items() if service.startswith(prefix)), "")


@dataclass(frozen=True, slots=True)
class Watched:
    """An item whose change is worth a line: its name, unit, and how much it must have moved since the last line."""

    what: str
    unit: str = ""
    step: float = 0.0
    texts: Mapping[int, str] | None = None


PRE_ALARM_S = 2.0
"""The real Lynx waits 30 s between pre-alarm and refused discharge; the demo has less time."""

YES_NO = {0: "no", 1: "yes"}
SEVERITY = {0: "ok", 1: "warning", 2: "alarm"}
CHARGER_STATES = {0: "off", 2: "fault", 3: "bulk", 252: "external control"}
MULTI_STATES = {0: "off", 2: "fault", 3: "bulk", 9: "inverting"}

_CHARGER: Mapping[str, Watched] = {
    MODE: Watched("told: network mode"),
    LINK_VOLTAGE: Watched("told: charge voltage", "V"),
    LINK_CURRENT: Watched("told: charge current", "A", 2.0),
    CURRENT: Watched("charges with", "A", 15.0),
    STATE: Watched("state", texts=CHARGER_STATES),
    ERROR: Watched("error"),
}

WATCHED: Mapping[str, Mapping[str, Watched]] = {
    BATTERY: {
        MAX_VOLTAGE: Watched("charge voltage limit (CVL)", "V"),
        MAX_CHARGE: Watched("charge current limit (CCL)", "A"),
        MAX_DISCHARGE: Watched("discharge current limit (DCL)", "A"),
        ALLOW_CHARGE: Watched("allowed to charge", texts=YES_NO),
        ALLOW_DISCHARGE: Watched("allowed to discharge", texts=YES_NO),
        LOW_CELL: Watched("low cell voltage", texts=SEVERITY),
        TEMPERATURE: Watched("temperature", "degrees", 8.0),
        CURRENT: Watched("current", "A", 40.0),
    },
    DIRECT: _CHARGER,
    CAN: _CHARGER,
    ALTERNATOR: _CHARGER,
    VECAN: {LINK_VOLTAGE: Watched("told: charge voltage", "V")},
    MULTI: {
        BOL_VOLTAGE: Watched("told: charge voltage", "V"),
        BOL_CHARGE: Watched("told: charge current", "A", 2.0),
        BOL_DISCHARGE: Watched("told: discharge current", "A"),
        MULTI_CHARGE: Watched("told: charger maximum", "A", 2.0),
        CURRENT: Watched("battery current", "A", 15.0),
        STATE: Watched("state", texts=MULTI_STATES),
        "/Bms/AllowToCharge": Watched("VE.Bus BMS: allowed to charge", texts=YES_NO),
        "/Alarms/BmsConnectionLost": Watched("BMS connection lost", texts=SEVERITY),
    },
    GXBRIDGE: {
        "/Dvcc/Effective": Watched("DVCC"),
        "/Bms/State": Watched("BMS is"),
        "/Limits/Ccl/Reason": Watched("why"),
        "/Limits/Dcl/Reason": Watched("why"),
    },
}


def describe(watched: Watched, value: float | str | None) -> str:
    """A value in words and with its unit."""
    if value is None or value == "":
        return "unknown"
    if watched.texts is not None and isinstance(value, int) and value in watched.texts:
        return watched.texts[value]
    if isinstance(value, str):
        return value
    return f"{round(value, 2 if watched.unit == 'V' else 1):g} {watched.unit}".rstrip()
