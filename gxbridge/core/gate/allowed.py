"""The list of what may ever be written outside: paths of chargers and inverters, and registers of a battery on CAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.named_tuple import NamedTuple

WrittenQuantity: TypeAlias = Literal[
    "mode", "voltage", "current", "own current", "discharge", "low voltage", "set-point", "measured", "switch"
]


class AllowedRow(NamedTuple):
    """What may be written at a path: by services of these classes, from `low` to `high` (V, A, °C)."""

    quantity: WrittenQuantity
    classes: frozenset[str]
    low: float
    high: float


SUN: Final = frozenset({"solarcharger", "inverter", "multi"})
CHARGERS: Final = SUN | {"alternator", "dcdc", "dcgenset"}
LINKED: Final = CHARGERS | {"vecan"}
SWITCHED: Final = frozenset({"alternator", "dcdc"})
VE_BUS: Final = frozenset({"vebus"})
SYSTEMS: Final = frozenset({"acsystem"})
#   path                                                        quantity       of          lowest      highest
ALLOWED: Final[Mapping[str, AllowedRow]] = {
    "/Link/NetworkMode":                             AllowedRow("mode",        LINKED,        1.0,     13.0),
    "/Link/ChargeVoltage":                           AllowedRow("voltage",     LINKED,        0.0,     70.0),
    "/Link/ChargeCurrent":                           AllowedRow("current",     CHARGERS,      0.0,  10000.0),
    "/Link/DischargeCurrent":                        AllowedRow("discharge",   SUN,           0.0,  10000.0),
    "/Link/VoltageSense":                            AllowedRow("measured",    LINKED,        0.0,     70.0),
    "/Link/TemperatureSense":                        AllowedRow("measured",    LINKED,      -40.0,    125.0),
    "/Link/BatteryCurrent":                          AllowedRow("measured",    LINKED,   -10000.0,  10000.0),
    "/BatteryOperationalLimits/MaxChargeVoltage":    AllowedRow("voltage",     VE_BUS,        0.0,     70.0),
    "/BatteryOperationalLimits/MaxChargeCurrent":    AllowedRow("current",     VE_BUS,        0.0,  10000.0),
    "/BatteryOperationalLimits/MaxDischargeCurrent": AllowedRow("discharge",   VE_BUS,        0.0,  10000.0),
    "/BatteryOperationalLimits/BatteryLowVoltage":   AllowedRow("low voltage", VE_BUS,        0.0,     70.0),
    "/Dc/0/MaxChargeCurrent":                        AllowedRow("own current", VE_BUS,        0.0,  10000.0),
    "/BatterySense/Voltage":                         AllowedRow("measured",    VE_BUS,        0.0,     70.0),
    "/BatterySense/Temperature":                     AllowedRow("measured",    VE_BUS,      -40.0,    125.0),
    "/Mode":                                         AllowedRow("switch",      SWITCHED,      1.0,      4.0),
    "/Ess/BatteryDischargeSetpoint":                 AllowedRow("set-point",   SYSTEMS,       0.0,  10000.0),
}  # fmt: skip
"""Every path of others that may ever be written to command chargers and inverters."""
REGISTERS: Final[Mapping[int, tuple[int, int, int]]] = {
    0x0200: (1, 3, 252), 0x1000: (2, 1, 0xFFFE), 0xEDEF: (1, 12, 48),
}  # fmt: skip
"""The registers of a battery that may ever be written on CAN, beside its name: bytes, lowest and highest number."""
PORT_REGISTERS: Final[Mapping[int, tuple[int, int, int]]] = {
    0x0200: (1, 1, 5), 0x0214: (2, 0, 2000), 0x0224: (2, 0, 2000), 0xEDF0: (2, 0, 10_000),
    0x0333: (4, 1, 3 << 24), 0x034E: (1, 0, 1), 0xD050: (1, 0, 3), 0xD053: (2, 0, 1000),
}  # fmt: skip
"""The same of a device on a port that is served: its mode, currents of up to 200 A AC and 1000 A DC, of what it warns,
its relay, and the mode and lowest state of charge of its ESS."""
NAME, NAME_BYTES = 0x010C, 129
"""32 letters and the end."""


def class_of(name: str) -> str:
    """`com.victronenergy.solarcharger.ttyO2` -> `solarcharger`."""
    com, _, rest = name.partition("victronenergy.")
    return rest.partition(".")[0] if com == "com." else ""


def may_send(register: int, data: bytes, rows: Mapping[int, tuple[int, int, int]] = REGISTERS) -> bool:
    """May a register of a battery be written so on CAN? With other `rows`, of another device."""
    if register == NAME:
        return len(data) <= NAME_BYTES
    return is_listed(register, data, rows)


def is_listed(register: int, data: bytes, rows: Mapping[int, tuple[int, int, int]]) -> bool:
    """Is it a register of `rows` (bytes, lowest and highest number; below 0 it has a sign), within its bounds?"""
    if register not in rows:
        return False
    size, low, high = rows[register]
    return len(data) == size and low <= int.from_bytes(data, "little", signed=low < 0) <= high
