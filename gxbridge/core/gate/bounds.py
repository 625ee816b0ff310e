"""The bounds that hold at one look, for the last gate: from the raw words of every BMS, the user and the installer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.gate.counted_bmses import CountedBmses, bank_of, belongs, own_bms, same
from gxbridge.core.gate.grid_feed_in import charged, fed, fed_by, headroom
from gxbridge.core.gate.gx_settings import setting, setting_text, user_limits
from gxbridge.core.gate.raw_words import (
    AUTOMATIC,
    DISCHARGE,
    NOBODY,
    RawBms,
    RawWord,
    RawWords,
    lowest,
    of_class,
    read_bmses,
)
from gxbridge.core.gate.voltages import class_of_voltage, loads, low_voltage, plausible, voltages
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.setup import Setup

VEBUS_BMS: Final = 2
"""`/Bms/BmsType`."""
START_S: Final = 10.0
"""So long after our start no loss is told as 0 A of discharge."""
BLACK_A: Final = 1.0
"""Less discharge than this is as good as none."""
CLASS_S: Final = 60.0
"""So long a battery must measure another nominal voltage to have it."""
OVER_S: Final = 3.0
"""So long a battery may be charged with that much above its limit."""
MOST: Final = 256
"""Marks kept at most; beyond, every BMS is expected to give permissions."""


class Watched(NamedTuple):
    """What is remembered of the BMSes: since when we run (monotonic s), the one in control, the last charge word of
    each that ever gave one (by its marks, and those with ` discharge` behind), the user's limits as last read."""

    since: float
    own: RawBms | None = None
    gave: Mapping[str, RawWord] = MappingProxyType({})
    user: tuple[float | None, ...] = (None, None)
    nominal_v: float | None = None
    other_since: float | None = None
    """The nominal voltage by what the battery measures, and since when it measures another one."""
    over_since: float | None = None
    """Since when the battery is charged with more than the limit and the headroom of feed-in."""


class Bounds(NamedTuple):
    """What holds at this look. None: nothing of the kind may be told, but for `limit_a` (no limit).

    `stop`: why everybody gets 0 A, "" where nothing stops. `limit_a`: over everything that charges, beside what DC and
    AC loads take now. `bms_v` for whoever takes the BMS's voltage, `solar_v` for the solar side, `vecan_v` for VE.Can.
    `managed`: a BMS is or was in control. `discharge_0`: 0 A of discharge is somebody's word, or chosen for a loss
    or by a rule of the user's.
    `fed_a`: what the sun may make beside it because it is fed in; `exports`: it may so although all others stop at the
    0 A of a full battery. `battery_v`: what the battery measures.
    `unshared`: batteries that measure behind an open contactor. `nominal_v`: of the battery, None: not known.
    """

    stop: str
    limit_a: float | None
    dc_loads_a: float
    ac_loads_a: float
    bms_v: float | None
    solar_v: float | None
    vecan_v: float | None
    managed: bool
    dcl: float | None
    discharge_0: bool
    low_v: float | None
    fed_a: float
    exports: bool
    battery_v: float | None
    unshared: frozenset[str]
    nominal_v: float | None
    switches: bool
    """Alternators may be switched by their `/Mode`."""


def read_bounds(words: RawWords, before: Watched | None, setup: Setup, now: float) -> tuple[Bounds, Watched]:
    """What holds at `now` (monotonic s), and what is remembered of it."""
    known = Watched(now) if before is None else before
    options = setup.options
    user, (user_a, user_v) = user_limits(words, known.user, setup)
    bmses = read_bmses(words, known.gave, full=len(known.gave) >= MOST)
    wanted = setting(words, setup, "BmsInstance", AUTOMATIC)
    own, lost = in_control(words, bmses, known.own, wanted, setting_text(words, setup, "BatteryService"))
    gave = remember(bmses, known.gave)
    bank = CountedBmses() if wanted == NOBODY else bank_of(bmses, own, words.other_banks, gave)
    near = sorted(bank.limiting, key=lambda bms: not same(bms, own))
    battery_v = next((bms.voltage_v for bms in near if not bms.out), None)
    measured_v, other_since = steady_class(known, battery_v, now)
    nominal_v = options.nominal_voltage_v or (own and own.nominal_v) or measured_v
    base_v = lowest(*(bms.cvl for bms in bank.limiting), user_v, options.max_charge_voltage_v)
    awaited = unspoken(words, bmses, bank, own, wanted)
    stop = why_stopped(words, bank, lost) or awaited
    if not stop and bank.limiting and base_v is not None and not plausible(base_v, nominal_v):
        stop = "the charge voltage limit does not fit the battery"
    limit_a = lowest(*(bms.ccl for bms in bank.limiting), user_a, options.max_charge_current_a)
    feeder = None if stop or limit_a is None else fed_by(words, setup)
    full = [bms for bms in bank.limiting if not bms.ccl]
    exports = not stop and bool(full) and feeder is not None and not any(bms.lynx or bms.lynx_total for bms in full)
    exports = exports and not any(multi.get("/Bms/BmsType") == VEBUS_BMS for multi in of_class(words, "vebus"))
    if not stop and full:
        stop = f"{full[0].name} gives no charge limits, or 0 A"
    fed_a, over_since = 0.0, None
    if feeder is not None and limit_a is not None:
        room_a = headroom(words, feeder)
        charged_a = charged(words, bank)
        if charged_a is not None and charged_a > limit_a + room_a:
            over_since = now if known.over_since is None else known.over_since
        held = charged_a is None or (over_since is not None and now - over_since > OVER_S)
        fed_a = fed(feeder, 0.0 if held else room_a)
    dc_loads_a, ac_loads_a = loads(words, battery_v)
    discharge = discharge_words(bank)
    refused = "no" in discharge or bool(words.discharge_stops)
    unknown = lost or not bank.limiting or "unknown" in discharge or any(bms.dcl is None for bms in bank.limiting)
    unknown = unknown or bool(words.discharge_unknown)
    dcl = 0.0 if refused else lowest(*(bms.dcl for bms in bank.limiting), options.max_discharge_current_a)
    on_loss = options.discharge_on_loss == "stop" and own is not None and now - known.since >= START_S
    volts = (None, None, None) if lost or awaited else voltages(words, setup, bank, base_v, user_v)
    bounds = Bounds(
        stop,
        limit_a,
        dc_loads_a,
        ac_loads_a,
        *volts,
        own is not None,
        dcl if refused or not unknown else None,
        refused or (not unknown and (not dcl or rules_may_stop(setup))) or (unknown and on_loss),
        low_voltage((bms.low_v for bms in bank.limiting), nominal_v),
        fed_a,
        exports,
        battery_v,
        frozenset(bms.name for bms in bmses if bms.out),
        nominal_v,
        options.switch_alternators,
    )
    return bounds, Watched(known.since, own, gave, user, measured_v, other_since, over_since)


def steady_class(known: Watched, voltage_v: float | None, now: float) -> tuple[float | None, float | None]:
    """The nominal voltage by what the battery measures, and since when it measures another one: a glitch is none."""
    seen = class_of_voltage(voltage_v)
    if voltage_v is None:
        return None, None
    if known.nominal_v is None or seen in (None, known.nominal_v):
        return known.nominal_v or seen, None
    since = now if known.other_since is None else known.other_since
    return (seen, None) if now - since >= CLASS_S else (known.nominal_v, since)


def rules_may_stop(setup: Setup) -> bool:
    """Did the user write a rule that may take discharging down to nothing? A part of a limit may be as little."""
    return any(
        rule.curve.percent or min(allowed for _, allowed in rule.curve.points) < BLACK_A
        for rule in setup.options.rules.rules
        if rule.limits == "DCL"
    )


# --- the BMSes --------------------------------------------------------------------------------------------------------


def in_control(
    words: RawWords, bmses: Collection[RawBms], before: RawBms | None, wanted: float, monitor: str
) -> tuple[RawBms | None, bool]:
    """The BMS in control, and whether it is lost: then no other takes over unless the user chooses it."""
    if wanted == NOBODY:
        return None, False
    if before is not None and wanted in (AUTOMATIC, before.instance):
        here = (bms for bms in bmses if bms.speaks and same(bms, before) and wanted in (AUTOMATIC, bms.instance))
        if not any(here):
            return before, True
    return own_bms(bmses, wanted, monitor, words.other_banks), False


def remember(bmses: Collection[RawBms], before: Mapping[str, RawWord]) -> Mapping[str, RawWord]:
    """The last word of everybody that gives one."""
    fresh = dict(before)
    for bms in bmses:
        for mark in bms.marks:
            for key, said in ((mark, bms.charge), (f"{mark} {DISCHARGE}", bms.discharge)):
                if said in ("yes", "no") and (key in fresh or len(fresh) < MOST):
                    fresh[key] = said
    return before if fresh == before else fresh


def why_stopped(words: RawWords, bank: CountedBmses, lost: bool) -> str:
    """Who stops the charge, in words; "" when nobody does."""
    if lost:
        return "the BMS in control is lost"
    for bms in bank.permitting:
        if bms.charge in ("no", "unknown"):
            return f"{bms.name} does not allow charging"
    for bms in bank.limiting:
        if bms.cvl is None or bms.ccl is None:
            return f"{bms.name} gives no charge limits, or 0 A"
    if bank.nobody_in:
        return "no member of the bank is on its busbar and allows charging"
    for multi in of_class(words, "vebus"):
        if multi.get("/Bms/BmsType") == VEBUS_BMS and multi.get("/Bms/AllowToCharge") != 1:
            return "the VE.Bus BMS does not allow charging"
    return "another BMS does not allow charging" if words.stops else ""


def unspoken(words: RawWords, bmses: Collection[RawBms], bank: CountedBmses, own: RawBms | None, wanted: float) -> str:
    """Is a BMS expected that has not spoken? That a charger was with one before, or the item for a limit, is enough."""
    speaks = words.permits or any(multi.get("/Bms/BmsType") == VEBUS_BMS for multi in of_class(words, "vebus"))
    if wanted not in (AUTOMATIC, NOBODY) and own is None and not speaks:
        return "the BMS that the settings choose is not there"
    if bank.limiting:
        return ""
    waiting = [bms for bms in bmses if (bms.offers or bms.lynx) and belongs(bms, own, words.other_banks)]
    if any(wanted in (AUTOMATIC, bms.instance) for bms in waiting):
        return "the BMS has not said its limits"
    if not speaks and any(items.get("/Settings/BmsPresent") == 1 for items in words.services.values()):
        return "a charger remembers a BMS, and none has spoken"
    if not speaks and words.awaited:
        return "a BMS is known on CAN, and none has spoken"
    return ""


def discharge_words(bank: CountedBmses) -> set[RawWord]:
    """What they say about discharging."""
    return {bms.discharge for bms in bank.permitting}
