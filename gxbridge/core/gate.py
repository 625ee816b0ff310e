"""The last gate: what may leave for chargers and inverters, whatever was decided. It shares no rule with the decision.

First a list of what may be written at all, with type and bounds; then bounds from what the BMSes say now, read from
their raw words (`raw_words.py`, `gate_bounds.py`). What is beyond becomes the largest lawful value, else 0 A, else it
does not leave. Modelled on the safety layer of opendbc (github commaai/opendbc, `safety/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate_bounds import Bounds, Watched, plausible, read_bounds
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.raw_words import BATTERY, VEBUS, RawWords, finite, limit, lowest
from gxbridge.core.setup import Setup

WrittenQuantity: TypeAlias = Literal[
    "mode", "voltage", "current", "own current", "discharge", "low voltage", "set-point", "measured"
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
    "/Ess/BatteryDischargeSetpoint":                 AllowedRow("set-point",   SYSTEMS,       0.0,  10000.0),
}  # fmt: skip
"""Every path of others that may ever be written to command chargers and inverters."""
CHARGING: Final = CHARGERS | VE_BUS | {"charger"}
"""What shares the charge current limit, Multis and AC chargers too."""
MEASURED: Final = {
    "/Link/VoltageSense": "/Dc/0/Voltage",
    "/BatterySense/Voltage": "/Dc/0/Voltage",
    "/Link/BatteryCurrent": "/Dc/0/Current",
    "/Link/TemperatureSense": "Temperature",
    "/BatterySense/Temperature": "Temperature",
}
"""What is told as measured must be shown now at a path that ends so: a voltage too low raises the charge."""
NO_MEASUREMENT: Final = ("/Alarms/", "/Settings/", "/History/")
REGISTERS: Final[Mapping[int, tuple[int, int, int]]] = {
    0x0200: (1, 3, 252), 0x010C: (129, 0, 255), 0x1000: (2, 1, 0xFFFE), 0xEDEF: (1, 12, 48),
}  # fmt: skip
"""The registers of a battery that may ever be written on CAN: bytes, lowest and highest number; of the name the most
bytes (32 letters and the end)."""

ABOVE_VOLTAGE: Final = "above the charge voltage limit, with 0.4 V for a hub voltage or an RS and 0.1 V for feed-in"
NO_BOUND: Final = "nobody gives a limit for it"
PER_CHARGER_A: Final = 0.1
"""Rounding, for each charger that is told a current."""
SLACK: Final = 1e-6
NEAR_V: Final = 0.7, 1.25
"""A measured voltage is told within these parts of what the battery measures, or may be charged to."""
BLACK_A: Final = 1.0
"""Less discharge than this is as good as none."""
LINK_S: Final = 60.0
"""So long a charger keeps what it was told (Victron, VE.Can registers public, 0x200E)."""
SHOWN_S: Final = 60.0
"""So long a violation is shown."""
MOST: Final = 256
"""Violations kept at most."""
MANAGED, UNMANAGED, ALONE = 13, 5, 1
"""`/Link/NetworkMode`: externally controlled with a BMS, without one; networked only (vecan services)."""


class GateMemory(NamedTuple):
    """What one cycle leaves for the next: the BMSes, what each was told and when (A, monotonic s), violations."""

    watched: Watched | None = None
    told: Mapping[str, tuple[float, float]] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()


class Passed(NamedTuple):
    """What may leave, and the memory, whose findings hold."""

    writes: tuple[Write, ...]
    memory: GateMemory


class GateVerdict(NamedTuple):
    """The value that may leave (None: none may), and the rule that the one asked for broke; "" where it broke none."""

    value: Value
    rule: str = ""


def pass_on(
    writes: Iterable[Write],
    words: RawWords,
    before: GateMemory,
    setup: Setup,
    now: float,
    *,
    own_name: bool = True,
) -> Passed:
    """The writes that may leave at `now` (monotonic s). `own_name`: our own D-Bus name is ours."""
    asked = tuple(writes)
    shut = why_shut(words, setup, own_name) if asked else ""
    bounds, watched = None, before.watched
    if setup.options.profile == "strict" and setup.mode == "control":
        bounds, watched = read_bounds(words, before.watched, setup, now)
    told = {name: known for name, known in before.told.items() if now - known[1] < LINK_S}
    passed: list[Write] = []
    found: dict[str, Finding] = {}
    for part in parts(asked):
        shares = {} if bounds is None else share(part, words, bounds, told)
        for write in part:
            verdict = GateVerdict(None, shut) if shut else judge(write, words, bounds, shares)
            if verdict.rule:
                key = f"{write.service} {write.path}"
                found[key] = violation(key, write, verdict, now)
                if verdict.value is None:
                    continue
                write = write._replace(value=verdict.value)
            passed.append(write)
            if ALLOWED[write.path].quantity == "current" and isinstance(write.value, int | float):
                told[write.service] = write.value, now
    kept = [old for old in before.findings if now - old.last < SHOWN_S and old.subject not in found]
    return Passed(tuple(passed), GateMemory(watched, told, (*kept, *found.values())[-MOST:]))


def violation(key: str, write: Write, verdict: GateVerdict, now: float) -> Finding:
    """What a person and the black box should know of it."""
    sent = "nothing" if verdict.value is None else f"{verdict.value:g}"
    return finding("gate", key, now, key=key, asked=f"{write.value}", rule=verdict.rule, sent=sent)


def parts(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """The writes in stretches that write no path twice: within one, what is told holds together."""
    part: dict[tuple[str, str], Write] = {}
    for write in writes:
        if write[:2] in part:
            yield list(part.values())
            part = {}
        part[write.service, write.path] = write
    yield list(part.values())


def why_shut(words: RawWords, setup: Setup, own_name: bool) -> str:
    """Why nothing at all may leave; "" when something may."""
    if setup.mode != "control":
        return "nothing is written unless dvcc.mode is control"
    if not own_name:
        return "nothing is written without our own D-Bus name"
    loop = False
    for name, items in words.services.items():
        if name.startswith("com.victronenergy.gxbridge") and items.get("/Dvcc/Mode") not in ("monitor", "off"):
            return "nothing is written beside another gxbridge"
        loop |= name.startswith(BATTERY) and name not in words.unpublished and feeds(items, "/Info/MaxChargeCurrent")
        loop |= name.startswith(VEBUS) and feeds(items, "/Hub/ChargeVoltage")
    system = words.services.get("com.victronenergy.system")
    if system is not None and (loop or system.get("/Control/Dvcc") != 0):
        return "nothing is written beside the GX's own controller"
    return ""


def feeds(items: Items, path: str) -> bool:
    """Is there a value for the controller's older loop, which writes although its DVCC is off? What is no number may
    be one to it."""
    return items.get(path) is not None


def may_send(register: int, data: bytes) -> bool:
    """May a register of a battery be written so on CAN?"""
    if register not in REGISTERS:
        return False
    most, low, high = REGISTERS[register]
    if register == 0x010C:
        return len(data) <= most
    return len(data) == most and low <= int.from_bytes(data, "little") <= high


# --- one write --------------------------------------------------------------------------------------------------------


def judge(
    write: Write, words: RawWords, bounds: Bounds | None, shares: Mapping[tuple[str, str], float | None]
) -> GateVerdict:
    """What becomes of one write. Without `bounds` (profile vendor) only list, type and sign hold."""
    row, items = ALLOWED.get(write.path), words.services.get(write.service)
    kind = class_of(write.service)
    if row is None or items is None or kind not in row.classes or write.path not in items:
        return GateVerdict(None, "not on the list of what may be written")
    value = write.value
    if value is None and (
        row.quantity == "low voltage" or (bounds is None and row.quantity in ("voltage", "discharge"))
    ):
        return GateVerdict(None)  # the device shows it as not known
    number = finite(value)
    if number is None or (row.quantity == "mode" and not isinstance(value, int)):
        return GateVerdict(None, "not a number of its kind")
    if number < row.low:
        return GateVerdict(0.0 if row.quantity == "current" else None, f"less than {row.low:g}")
    if bounds is None:
        return GateVerdict(value)
    if number > row.high:
        return GateVerdict(None, f"more than {row.high:g}")
    if row.quantity == "mode":
        return mode(value, kind, bounds)
    if row.quantity == "measured":
        return measured(number, write.path, words, bounds)
    if row.quantity == "discharge":
        return discharge(number, value, bounds)
    highest, rule = bound_of(row.quantity, write, kind, items, bounds, shares)
    if highest is None:
        return GateVerdict(None, NO_BOUND)
    return GateVerdict(value) if number <= highest + SLACK else GateVerdict(highest, rule)


def class_of(name: str) -> str:
    """`com.victronenergy.solarcharger.ttyO2` -> `solarcharger`."""
    com, _, rest = name.partition("victronenergy.")
    return rest.partition(".")[0] if com == "com." else ""


def bound_of(
    quantity: WrittenQuantity,
    write: Write,
    kind: str,
    items: Items,
    bounds: Bounds,
    shares: Mapping[tuple[str, str], float | None],
) -> tuple[float | None, str]:
    """The highest lawful value, None where there is none, and the rule in words."""
    if quantity == "voltage":
        highest = bounds.vecan_v if kind == "vecan" else bounds.solar_v if kind in SUN else bounds.bms_v
        return highest, ABOVE_VOLTAGE
    if quantity == "low voltage":
        return bounds.low_v, "above the low voltage that the BMS gives"
    if quantity == "set-point":
        return limit(items.get("/Ess/BatteryDischargeCapacity")), "above the capacity that the system reports"
    rule = bounds.stop or "the sum told to what charges is above the charge current limit"
    if quantity == "current":
        return shares[write.service, write.path], rule
    shown = limit(items.get("/Dc/0/MaxChargeCurrent")) or 0.0
    return max(shown, 0.0 if bounds.stop else multi_limit(bounds)), rule


def multi_limit(bounds: Bounds) -> float:
    """The most for one Multi."""
    return ALLOWED["/Dc/0/MaxChargeCurrent"].high if bounds.limit_a is None else bounds.limit_a + bounds.dc_loads_a


def mode(value: Value, kind: str, bounds: Bounds) -> GateVerdict:
    """Who is not controlled goes its own way: never less control than there was."""
    lawful = (MANAGED, UNMANAGED, ALONE) if kind == "vecan" else (MANAGED,) if bounds.managed else (MANAGED, UNMANAGED)
    return (
        GateVerdict(value)
        if value in lawful
        else GateVerdict(lawful[-1] if kind != "vecan" else MANAGED, "another network mode")
    )


def measured(number: float, path: str, words: RawWords, bounds: Bounds) -> GateVerdict:
    """Only what somebody shows now; a voltage only near the battery's."""
    source = MEASURED[path]
    yardsticks = [volts for volts in (bounds.bms_v, bounds.battery_v) if volts is not None]
    if source == "/Dc/0/Voltage" and yardsticks:
        low, high = NEAR_V
        if not any(low * volts <= number <= high * volts for volts in yardsticks):
            return GateVerdict(None, "far from the battery's voltage")
    if source == "/Dc/0/Voltage" and not plausible(number, bounds.nominal_v):
        return GateVerdict(None, "no voltage of such a battery")
    for name, items in words.services.items():
        if source == "Temperature":
            shown = [value for at, value in items.items() if at.endswith(source) and not at.startswith(NO_MEASUREMENT)]
        else:
            shown = [items.get(source)] if source == "/Dc/0/Voltage" or name.startswith(BATTERY) else []
        if number in shown and name not in bounds.unshared:
            return GateVerdict(number)
    return GateVerdict(None, "shown by nobody")


def discharge(number: float, value: Value, bounds: Bounds) -> GateVerdict:
    """Nobody's ignorance is told as 0 A, and nothing above the limit."""
    if number < min(BLACK_A, bounds.dcl or BLACK_A) and not bounds.discharge_0:
        return GateVerdict(None, "0 A of discharge without the BMS's word")
    if bounds.dcl is None:
        return GateVerdict(None, "the discharge permission or limit is not known") if number else GateVerdict(value)
    return (
        GateVerdict(value)
        if number <= bounds.dcl + SLACK
        else GateVerdict(bounds.dcl, "above the discharge current limit")
    )


# --- currents together ------------------------------------------------------------------------------------------------


def share(
    part: Iterable[Write], words: RawWords, bounds: Bounds, told: Mapping[str, tuple[float, float]]
) -> dict[tuple[str, str], float | None]:
    """The highest lawful current for each that is told one: its own limit, and what the others leave of the sum."""
    asked = [write for write in part if can_be_told(write, words)]
    names = {write.service for write in asked}
    left = None if bounds.limit_a is None else bounds.limit_a + bounds.dc_loads_a + bounds.ac_loads_a + bounds.fed_a
    others = 0.0
    if left is not None:
        left += PER_CHARGER_A * len(names)
        for name, items in words.services.items():
            if name not in names and class_of(name) in CHARGING and of_this_bank(items):
                made = untold(name, items, told, managed=bounds.managed)
                left -= made
                others += 0.0 if class_of(name) in SUN else made
    shares: dict[tuple[str, str], float | None] = {}
    for service, path, value in asked:
        kind, own = class_of(service), limit(words.services[service].get("/Settings/ChargeCurrentLimit"))
        if bounds.stop and not (bounds.exports and kind in SUN):
            highest: float | None = 0.0
        else:
            rest = left if kind in SUN else without_sun(bounds, others, own_draw=kind == "vebus")
            highest = lowest(own, None if left is None or rest is None else max(min(left, rest), 0.0))
        shares[service, path] = highest
        if left is not None:
            passed = min(limit(value) or 0.0, highest or 0.0)
            left -= passed
            others += 0.0 if kind in SUN else passed
    return shares


def without_sun(bounds: Bounds, told_a: float, *, own_draw: bool) -> float | None:
    """What is left for others than the sun, of which `told_a` is told to them or made: nothing that is fed in.

    `own_draw`: for who takes the current of the AC loads itself, and no longer does when it charges.
    """
    if bounds.limit_a is None:
        return None
    loads_a = bounds.dc_loads_a + (0.0 if own_draw else bounds.ac_loads_a)
    return bounds.limit_a + loads_a + PER_CHARGER_A - told_a


def can_be_told(write: Write, words: RawWords) -> bool:
    """Is it a current that may be told at all, less or more?"""
    row, value = ALLOWED.get(write.path), limit(write.value)
    return (
        row is not None
        and row.quantity == "current"
        and value is not None
        and value <= row.high
        and (write.path in words.services.get(write.service, {}) and class_of(write.service) in row.classes)
    )


def of_this_bank(items: Items) -> bool:
    """Not a charger in another network, and no mere inverter."""
    return items.get("/N2kDeviceInstance") in (0, None) and items.get("/IsInverterCharger") in (1, None)


def untold(name: str, items: Items, told: Mapping[str, tuple[float, float]], *, managed: bool) -> float:
    """What one that is not told now makes, or may make by what it was told. A Multi without a BMS is told by its own
    setting, and makes no more than that."""
    made = finite(items.get("/Dc/0/Current")) or 0.0
    own = None if managed or class_of(name) not in VE_BUS else limit(items.get("/Dc/0/MaxChargeCurrent"))
    return max(made if own is None else min(made, own), told.get(name, (0.0, 0.0))[0], 0.0)
