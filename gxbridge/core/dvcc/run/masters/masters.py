"""Who is master: gxbridge writes only where no other master can write the same. Two masters: never.

Conditions: our own D-Bus name is ours; with `com.victronenergy.system` on the bus the vendor's DVCC must be off
(`/Control/Dvcc` 0), and nothing may be there that feeds its legacy loop (a battery with a charge current limit, a hub
voltage), because that loop still writes. What has not been read may be any of these. Source of that:
dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import LEGACY_INPUT, OTHER_GXBRIDGE, DbusState
from gxbridge.core.dvcc.read.devices.services import kind_of
from gxbridge.core.dvcc.read.numbers import sensible
from gxbridge.core.dvcc.run.masters.bus_names import BusNames
from gxbridge.core.dvcc.run.masters.read_back import CALM_S, STRIKES, LastWrites, rewritten, strikes
from gxbridge.core.dvcc.run.masters.release import GRANTS, lower, no_raise, released
from gxbridge.core.dvcc.run.timers import ROUND_S
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record

Mode: TypeAlias = Literal["off", "monitor", "control"]

OURSELVES: Final = "gxbridge"
"""What `Standing.master` says when we are the master."""
MAY_MASTER: Final = (p.SYSTEM, OTHER_GXBRIDGE, *(f"{p.PREFIX}{kind}." for kind in LEGACY_INPUT))
"""How the names begin whose coming and going decides who is master."""
NOBODY: Final = BusNames()
DVCC_ON: Final = "the GX's own DVCC is on"
PASSES_ON: Final = f"{DVCC_ON[0].upper()}{DVCC_ON[1:]}: it controls, and gxbridge passes on to CAN what it writes."
MONITOR: Final = "Monitor mode: limits are computed, explained and compared, never written."


@record
class Standing:
    """`effective`: what holds now. `master`: a service name, "gxbridge", or "". `reason` says why, in a sentence.

    `told`: what was told last to whom. `apart`: devices that show something else than they were told, with the path.
    `overruled`: another master changed this (service and path); it stays until a reboot or a reset.
    """

    effective: str = "off"
    reason: str = "Nothing has been checked yet."
    master: str = ""
    findings: tuple[Finding, ...] = ()
    told: LastWrites = field(default_factory=dict)
    apart: Mapping[str, str] = field(default_factory=dict)
    overruled: str = ""


def obstacle(bus: DbusState, unpublished: Set[str] = frozenset(), names: BusNames = NOBODY) -> tuple[str, str] | None:
    """Who stands in the way of control, and why; None when nobody does. `unpublished` are batteries not on the bus."""
    if not names.ours:
        return OTHER_GXBRIDGE, f"it does not own its D-Bus name {OTHER_GXBRIDGE}; another gxbridge may"
    for name in names.unread:
        if name.startswith(OTHER_GXBRIDGE):
            return name, "another gxbridge is on the bus and has not answered yet"
    if other := bus.other_gxbridge:
        return other, "another gxbridge is in control, or may be"
    if p.SYSTEM in names.unread:
        return p.SYSTEM, "the GX's own controller is on the bus and has not answered yet"
    if p.SYSTEM not in bus.names:
        return None
    dvcc = bus.vendor_dvcc
    if dvcc is None:
        return p.SYSTEM, "it is unknown whether the GX's own DVCC is on"
    if dvcc != 0:
        return p.SYSTEM, DVCC_ON
    for name in names.unread:
        if kind_of(name) in LEGACY_INPUT:
            return p.SYSTEM, f"the GX's DVCC is off but may still write because of {name}, which has not answered yet"
    for name, kind in bus.feeding_legacy():
        if kind == p.VEBUS:
            return p.SYSTEM, f"the GX's DVCC is off but still writes while {name} asks for a charge voltage"
        if name not in unpublished:
            return p.SYSTEM, f"the GX's DVCC is off but still writes while {name} gives a charge current limit"
    return None


def standing(
    mode: str,
    bus: DbusState,
    before: Standing,
    ours: Set[str] = frozenset(),
    *,
    unpublished: Set[str] = frozenset(),
    names: BusNames = NOBODY,
    disturbed: Mapping[str, float] | None = None,
    writes: Iterable[Write] = (),
    passes_on: bool = False,
    now: float = 0.0,
) -> tuple[Standing, tuple[Write, ...]]:
    """What holds now, and which of `writes` may go out at `now` (monotonic s).

    `ours`: the names of our own battery services on the bus; `unpublished`: those of them not on the bus.
    `disturbed`: when something last happened to a service that makes what it shows say nothing for a while.
    `passes_on`: we are the driver of a port, whose chargers are told what another controller writes, if it is the GX's.
    """
    if mode != "control":
        reason = MONITOR if mode == "monitor" else "DVCC is off in the configuration."
        return Standing(mode, reason, other_master(bus), overruled=before.overruled), ()
    writes = tuple(writes)
    found = obstacle(bus, unpublished & ours if ours else unpublished, names)
    told: LastWrites = {key: written for key, written in before.told.items() if key[0] in bus.names}
    if before.effective == "control":
        ends = told if found is not None else {write[:2] for write in writes}
        told = judged(told, ends, bus, disturbed or {}, now)
    apart = {name: path for name, path in before.apart.items() if name in bus.names} | differing(told)
    overruled = before.overruled or another_master(apart)
    if found is not None or overruled:
        master, why = found or ("", "")
        reason = f"Control is configured, but {why}." if why else f"Something else writes {overruled}."
        two = [finding("two-masters", master, now, why=why)] if why else []
        if passes_on and why == DVCC_ON:
            reason, two = PASSES_ON, []
        fight = [finding("overruled", overruled, now, path=overruled)] if overruled else []
        return Standing("monitor", reason, master, (*two, *fight), told, apart, overruled), ()
    waits = names.raises_wait(now)
    writes = released(writes, told, apart.keys(), bus, now, raises_wait=bool(waits))
    findings = tuple(finding("set-apart", name, now, device=name, path=path) for name, path in apart.items())
    reason = "There is no other master." + (f" Raised limits wait: {waits}." if waits else "")
    return Standing("control", reason, OURSELVES, findings, noted(told, writes, bus, now), apart), writes


def other_master(bus: DbusState) -> str:
    """The other master, where it is not us: the GX's own controller, or ""."""
    return p.SYSTEM if p.SYSTEM in bus.names else ""


def system_controls(mode: str, bus: DbusState, unpublished: Set[str], names: BusNames) -> bool:
    """Is it the GX's own controller that tells chargers at this look, and not we?"""
    if mode != "control":
        return p.SYSTEM in bus.names
    found = obstacle(bus, unpublished, names)
    return found is not None and found[0] == p.SYSTEM


def judged(
    told: LastWrites,
    ends: Iterable[tuple[str, str]],
    bus: DbusState,
    disturbed: Mapping[str, float],
    now: float,
) -> LastWrites:
    """Compare what the paths of `ends` show with what they were told, before they are told anew or we are master no
    more."""
    fresh = dict(told)
    for key in ends:
        written = told.get(key)
        if written is not None:
            service, path = key
            calm = now - disturbed.get(service, now - CALM_S) >= CALM_S
            struck = strikes(written, path, bus.shows(*key), bus.own_limit(*key), now, calm=calm)
            if (struck, True) != (written.strikes, written.judged):
                fresh[key] = written._replace(strikes=struck, judged=True)
    return fresh


def differing(told: LastWrites) -> dict[str, str]:
    """The devices that show something else than they are told, each with a path."""
    return {service: path for (service, path), written in told.items() if written.strikes >= STRIKES}


def apart_chargers(standing: Standing) -> Mapping[str, float]:
    """The devices that are set apart, with the current that they were told last (A; 0: none)."""
    told = standing.told
    last = {name: told.get((name, p.CHARGE_CURRENT)) for name in standing.apart}
    return {name: 0.0 if one is None else sensible(one.value) or 0.0 for name, one in last.items()}


def another_master(apart: Mapping[str, str]) -> str:
    """The path that another master must have written, as `service path`; "" when there is none. One charger alone may
    have its own ways."""
    for service, path in reversed(list(apart.items())):
        if len(apart) > 1 or kind_of(service) == p.VEBUS:
            return f"{service} {path}"
    return ""


def noted(told: LastWrites, writes: Iterable[Write], bus: DbusState, now: float) -> LastWrites:
    """Remember what is written now."""
    fresh = dict(told)
    for service, path, value in writes:
        key = (service, path)
        fresh[key] = rewritten(told.get(key), value, bus.shows(service, path), now)
    return fresh


def unjudged(standing: Standing, keys: Iterable[tuple[str, str]]) -> Standing:
    """These writes (service, path) were refused, or wait for a slow device: what is read there is not anybody's."""
    told = standing.told
    open_keys = [key for key in keys if key in told and not (told[key].judged and told[key].strikes == 0)]
    if not open_keys:
        return standing
    return replace(standing, told={**told, **{key: told[key]._replace(strikes=0, judged=True) for key in open_keys}})


def takes_up(
    mode: str,
    before: Standing,
    bus: DbusState,
    unpublished: Set[str],
    names: BusNames,
) -> bool:
    """Does control begin with this look, or come back?"""
    ready = mode == "control" and before.effective != "control" and not before.overruled
    return ready and obstacle(bus, unpublished, names) is None


def owes(decided: Mapping[tuple[str, str], Value], told: LastWrites, services: Set[str], now: float) -> bool:
    """Was anything that was decided last not told since, or so long ago that it is to be renewed?"""
    return any(
        key[0] in services and (key not in told or told[key].value != value or now - told[key].at >= ROUND_S)
        for key, value in decided.items()
    )


def may_leave(
    write: Write,
    sent: Value,
    standing: Standing,
    bus: DbusState,
    unpublished: Set[str],
    names: BusNames,
    now: float,
) -> bool:
    """Whether a write that waited may go out this moment, after `sent` went to the same path."""
    service, path, value = write
    if standing.effective != "control" or service not in bus.names or obstacle(bus, unpublished, names):
        return False
    if path not in GRANTS:
        return True
    if service in standing.apart:
        return lower(value, sent, bus.shows(service, path))
    return no_raise(value, sent) or not names.raises_wait(now)
