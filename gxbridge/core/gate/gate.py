"""The last gate: what may leave for chargers and inverters, whatever was decided. It shares no rule with the decision.

First a list of what may be written at all, with type and bounds; then bounds from what the BMSes say now, read from
their raw words (`raw_words.py`, `bounds.py`). What is beyond becomes the largest lawful value, else 0 A, else it
does not leave. Modelled on the safety layer of opendbc (github commaai/opendbc, `safety/`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.allowed import ALLOWED, SUN, WrittenQuantity, class_of
from gxbridge.core.gate.bounds import BLACK_A, Bounds, Watched, read_bounds
from gxbridge.core.gate.currents import last_made, share
from gxbridge.core.gate.raw_words import BATTERY, VEBUS, RawWords, finite, limit
from gxbridge.core.gate.voltages import plausible
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.setup import Setup

MEASURED: Final = {
    "/Link/VoltageSense": "/Dc/0/Voltage",
    "/BatterySense/Voltage": "/Dc/0/Voltage",
    "/Link/BatteryCurrent": "/Dc/0/Current",
    "/Link/TemperatureSense": "Temperature",
    "/BatterySense/Temperature": "Temperature",
}
"""What is told as measured must be shown now at a path that ends so: a voltage too low raises the charge."""
NO_MEASUREMENT: Final = ("/Alarms/", "/Settings/", "/History/")
ABOVE_SUM: Final = "the sum told to what charges is above the charge current limit"
ABOVE_VOLTAGE: Final = "above the charge voltage limit, with 0.4 V for a hub voltage or an RS and 0.1 V for feed-in"
SWITCH_ON, SWITCH_OFF = 1, 4
"""`/Mode` of an alternator or a DC/DC charger."""
NO_BOUND: Final = "nobody gives a limit for it"
NOT_LISTED: Final = "not on the list of what may be written"
NOT_OF_KIND: Final = "not a number of its kind"
SLACK: Final = 1e-6
NEAR_V: Final = 0.7, 1.25
"""A measured voltage is told within these parts of what the battery measures, or may be charged to."""
LINK_S: Final = 60.0
"""So long a charger keeps what it was told (Victron, VE.Can registers public, 0x200E)."""
SHOWN_S: Final = 60.0
"""So long a violation is shown."""
MOST: Final = 256
"""Violations kept at most."""
MANAGED, UNMANAGED, ALONE = 13, 5, 1
"""`/Link/NetworkMode`: externally controlled with a BMS, without one; networked only (vecan services)."""


class GateMemory(NamedTuple):
    """What one cycle leaves for the next: the BMSes, what each was told and when (A, monotonic s), violations, and what
    each that is never told made last (A)."""

    watched: Watched | None = None
    told: Mapping[str, tuple[float, float]] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    made: Mapping[str, float] = MappingProxyType({})


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
    own_name: bool,
    gone_a: float = 0.0,
) -> Passed:
    """The writes that may leave at `now` (monotonic s). `own_name`: our own D-Bus name is ours; `gone_a`: by which
    current those may still charge that have left D-Bus."""
    asked = tuple(writes)
    shut = why_shut(words, setup, own_name) if asked else ""
    bounds, watched = None, before.watched
    if setup.options.profile == "strict" and setup.mode == "control":
        bounds, watched = read_bounds(words, before.watched, setup, now)
        if gone_a and bounds.limit_a is not None:
            bounds = bounds._replace(limit_a=max(bounds.limit_a - gone_a, 0.0))
    made = before.made if bounds is None else last_made(words, before.made)
    told = {name: known for name, known in before.told.items() if now - known[1] < LINK_S}
    passed: list[Write] = []
    found: dict[str, Finding] = {}
    for part in parts(asked):
        shares = {} if bounds is None else share(part, words, bounds, told, made)
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
    return Passed(tuple(passed), GateMemory(watched, told, (*kept, *found.values())[-MOST:], made))


def violation(key: str, write: Write, verdict: GateVerdict, now: float) -> Finding:
    """What a person and the black box should know of it."""
    sent = "nothing" if verdict.value is None else f"{verdict.value:g}"
    return finding("gate", key, now, key=key, asked=f"{write.value}", bound=verdict.rule, sent=sent)


def parts(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """The writes in stretches that write no path twice: within one, what is told holds together."""
    part: dict[tuple[str, str], Write] = {}
    for write in writes:
        if write[:2] in part:
            yield list(part.values())
            part = {}
        part[write.service, write.path] = write
    yield list(part.values())


def why_barred(words: RawWords, setup: Setup, own_name: bool) -> str:
    """Why nothing at all may leave, whoever the master on D-Bus is; "" when something may."""
    if setup.mode != "control":
        return "nothing is written unless dvcc.mode is control"
    if not own_name:
        return "nothing is written without our own D-Bus name"
    for name, items in words.services.items():
        if name.startswith("com.victronenergy.gxbridge") and items.get("/Dvcc/Mode") not in ("monitor", "off"):
            return "nothing is written beside another gxbridge"
    return ""


def why_shut(words: RawWords, setup: Setup, own_name: bool) -> str:
    """Why nothing at all may leave; "" when something may."""
    barred = why_barred(words, setup, own_name)
    if barred:
        return barred
    loop = False
    for name, items in words.services.items():
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


# --- one write --------------------------------------------------------------------------------------------------------


def judge(
    write: Write, words: RawWords, bounds: Bounds | None, shares: Mapping[tuple[str, str], float | None]
) -> GateVerdict:
    """What becomes of one write. Without `bounds` (profile vendor) only list, type and sign hold."""
    row, items = ALLOWED.get(write.path), words.services.get(write.service)
    kind = class_of(write.service)
    if row is None or items is None or kind not in row.classes or write.path not in items:
        return GateVerdict(None, NOT_LISTED)
    value = write.value
    if value is None and (
        row.quantity == "low voltage" or (bounds is None and row.quantity in ("voltage", "discharge"))
    ):
        return GateVerdict(None)  # the device shows it as not known
    number = finite(value)
    if number is None or (row.quantity == "mode" and not isinstance(value, int)):
        return GateVerdict(None, NOT_OF_KIND)
    if number < row.low:
        return GateVerdict(0.0 if row.quantity == "current" else None, f"less than {row.low:g}")
    if row.quantity == "switch":
        return switch(number, value, items, bounds)
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


def switch(number: float, value: Value, items: Items, bounds: Bounds | None) -> GateVerdict:
    """Off always, on only while charging is allowed; only where it is configured, and of what takes no current."""
    if bounds is None or not bounds.switches or "/Link/ChargeCurrent" in items:
        return GateVerdict(None, "not to be switched")
    if number == SWITCH_OFF:
        return GateVerdict(value)
    if number != SWITCH_ON:
        return GateVerdict(None, "neither on nor off")
    stop = bounds.stop or ("the charge current limit is 0 A" if bounds.limit_a == 0 else "")
    return GateVerdict(None, stop) if stop else GateVerdict(value)


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
    rule = bounds.stop or ABOVE_SUM
    if quantity == "current":
        highest = shares[write.service, write.path]
        own = not bounds.stop and highest is not None and highest == limit(items.get("/Settings/ChargeCurrentLimit"))
        return highest, "above the charger's own setting" if own else rule
    shown = limit(items.get("/Dc/0/MaxChargeCurrent")) or 0.0
    return max(shown, 0.0 if bounds.stop else multi_limit(bounds)), rule


def multi_limit(bounds: Bounds) -> float:
    """The most for one Multi."""
    return ALLOWED["/Dc/0/MaxChargeCurrent"].high if bounds.limit_a is None else bounds.limit_a + bounds.dc_loads_a


def mode(value: Value, kind: str, bounds: Bounds) -> GateVerdict:
    """Who is not controlled goes its own way: never less control than there was. A port is told the network alone only
    where nothing limits: all its chargers hear it."""
    least = MANAGED if bounds.managed else UNMANAGED
    lawful = {MANAGED, least}
    if kind == "vecan":
        lawful |= {UNMANAGED} if bounds.stop or bounds.limit_a is not None else {UNMANAGED, ALONE}
    return GateVerdict(value) if value in lawful else GateVerdict(least, "another network mode")


def measured(number: float, path: str, words: RawWords, bounds: Bounds) -> GateVerdict:
    """Only what somebody shows now; a voltage only near the battery's."""
    source = MEASURED[path]
    if source == "/Dc/0/Voltage" and (why := no_battery_voltage(number, bounds)):
        return GateVerdict(None, why)
    for name, items in words.services.items():
        if source == "Temperature":
            shown = [value for at, value in items.items() if at.endswith(source) and not at.startswith(NO_MEASUREMENT)]
        else:
            shown = [items.get(source)] if source == "/Dc/0/Voltage" or name.startswith(BATTERY) else []
        if number in shown and name not in bounds.unshared:
            return GateVerdict(number)
    return GateVerdict(None, "shown by nobody")


def no_battery_voltage(number: float, bounds: Bounds) -> str:
    """Why it is not the voltage of the battery, "" where it may be."""
    yardsticks = [volts for volts in (bounds.bms_v, bounds.battery_v) if volts is not None]
    if yardsticks and not any(NEAR_V[0] * volts <= number <= NEAR_V[1] * volts for volts in yardsticks):
        return "far from the battery's voltage"
    return "" if plausible(number, bounds.nominal_v) else "no voltage of such a battery"


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
