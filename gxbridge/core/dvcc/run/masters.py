"""Who is master: gxbridge writes only where no other master can write the same. Two masters: never.

Conditions: with `com.victronenergy.system` on the bus the vendor's DVCC must be off (`/Control/Dvcc` 0), and nothing
may be there that feeds its legacy loop (a battery with a charge current limit, a hub voltage), because that loop still
writes. Source of that: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import field, replace
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import kind_of
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record

Mode: TypeAlias = Literal["off", "monitor", "control"]

OURSELVES: Final = "gxbridge"
"""What `Standing.master` says when we are the master."""
OTHER_GXBRIDGE: Final = "com.victronenergy.gxbridge"
OTHER_MODE: Final = "/Dvcc/Mode"
WRITES_NOTHING: Final = ("monitor", "off")
"""Modes of another gxbridge that are no obstacle; one that is missing, invalid or new may be control."""
READ_BACK: Final = frozenset(
    {
        p.NETWORK_MODE,
        p.CHARGE_VOLTAGE,
        p.CHARGE_CURRENT,
        p.DISCHARGE_CURRENT,
        p.BOL_CHARGE_VOLTAGE,
        p.BOL_CHARGE_CURRENT,
        p.BOL_DISCHARGE_CURRENT,
    }
)
"""Paths that show what was written to them. `/Dc/0/MaxChargeCurrent` is not among them: the Multi clamps it."""
ROUNDING: Final = 0.15
"""Devices round what they are told; a difference up to this is no sign of anybody else (A or V)."""
SETTLE_S: Final = 0.8
"""A write is read back at the earliest after this time."""
SLOW_S: Final = 2.0
"""A device that still shows the value from before our write may only be slow, up to this time."""
STRIKES: Final = 2
"""So many of our writes in a row that read back differently mean another master."""


@record
class Written:
    """What we wrote to a path and when, what was there before, and how it read back.

    `differed`: this write read back differently; `strikes`: so many writes in a row did.
    """

    value: Value
    at: float
    previous: Value = None
    differed: bool = False
    strikes: int = 0


Readback: TypeAlias = Mapping[tuple[str, str], Written]
"""(service, path) -> our last write, for those paths that show it."""


@record
class Standing:
    """`effective`: what holds now. `master`: a service name, "gxbridge", or "". `reason` says why, in a sentence.

    `overruled`: another master changed this (service and path); it stays until gxbridge is started again.
    """

    effective: str = "off"
    reason: str = "Nothing was looked at yet."
    master: str = ""
    findings: tuple[Finding, ...] = ()
    readback: Readback = field(default_factory=dict)
    overruled: str = ""


def obstacle(
    services: Mapping[str, Mapping[str, Value]], unpublished: Set[str] = frozenset()
) -> tuple[str, str] | None:
    """Who stands in the way of control, and why; None when nobody does. `unpublished` are batteries not on the bus."""
    for name, items in services.items():
        if name.startswith(OTHER_GXBRIDGE) and items.get(OTHER_MODE) not in WRITES_NOTHING:
            return name, "another gxbridge is in control, or may be"
    system = services.get(p.SYSTEM)
    if system is None:
        return None
    dvcc = number(system, p.CONTROL_DVCC)
    if dvcc is None:
        return p.SYSTEM, "it is unknown whether the GX's own DVCC is on"
    if dvcc != 0:
        return p.SYSTEM, "the GX's own DVCC is on"
    for name, items in services.items():
        kind = kind_of(name)
        if kind == p.BATTERY and name not in unpublished and number(items, p.CCL) is not None:
            return p.SYSTEM, f"the GX's DVCC is off but still writes while {name} gives a charge current limit"
        if kind == p.VEBUS and number(items, p.HUB_VOLTAGE) is not None:
            return p.SYSTEM, f"the GX's DVCC is off but still writes while {name} asks for a charge voltage"
    return None


def standing(
    mode: str,
    snapshot: Snapshot,
    before: Standing,
    ours: Set[str] = frozenset(),
    *,
    unpublished: Set[str] = frozenset(),
    writes: Iterable[Write] = (),
    now: float = 0.0,
) -> Standing:
    """What holds now. `writes` are those really sent since the last call, at `now` (monotonic s): they are read back.

    `ours`: the names of our own battery services in the snapshot; `unpublished`: those of them not on the bus.
    """
    if mode == "off":
        return Standing("off", "DVCC is off in the configuration.", other_master(snapshot))
    found = obstacle(snapshot.services, unpublished & ours if ours else unpublished)
    if mode == "monitor":
        master = other_master(snapshot)
        return Standing("monitor", "Monitor mode: limits are computed, explained and compared, never written.", master)
    if found is not None:
        name, why = found
        two_masters = (finding("two-masters", name, now, why=why),)
        return Standing("monitor", f"Control is configured, but {why}.", name, two_masters)
    readback = read_back(before.readback, snapshot.services, now)
    overruled = before.overruled or contested(readback)
    if overruled:
        fight = (finding("overruled", overruled, now, path=overruled),)
        return Standing("monitor", f"Something else writes {overruled}.", "", fight, {}, overruled)
    return Standing(
        "control", "No other master is there.", OURSELVES, (), note(readback, writes, snapshot.services, now)
    )


def other_master(snapshot: Snapshot) -> str:
    """The other master, where it is not us: the GX's own controller, or ""."""
    return p.SYSTEM if p.SYSTEM in snapshot.services else ""


def note(
    readback: Readback, writes: Iterable[Write], services: Mapping[str, Mapping[str, Value]], now: float
) -> Readback:
    """Remember what was written just now."""
    fresh = dict(readback)
    for service, path, value in writes:
        if path in READ_BACK:
            before = readback.get((service, path))
            strikes = before.strikes if before is not None and before.differed else 0
            fresh[service, path] = Written(value, now, services.get(service, {}).get(path), False, strikes)
    return fresh


def unjudged(standing: Standing, keys: Iterable[tuple[str, str]]) -> Standing:
    """These writes (service, path) were refused, or wait for a slow device: what is read there is not anybody's."""
    gone = set(keys)
    kept = {key: written for key, written in standing.readback.items() if key not in gone}
    return standing if len(kept) == len(standing.readback) else replace(standing, readback=kept)


def read_back(readback: Readback, services: Mapping[str, Mapping[str, Value]], now: float) -> Readback:
    """Compare what we wrote with what is there; forget services that have gone."""
    fresh: dict[tuple[str, str], Written] = {}
    for (service, path), written in readback.items():
        items = services.get(service)
        if items is None:
            continue
        if not written.differed and differs(written, path, items.get(path), now):
            written = replace(written, differed=True, strikes=written.strikes + 1)
        fresh[service, path] = written
    return fresh


def differs(written: Written, path: str, reads: Value, now: float) -> bool:
    """Does a reading say that somebody else wrote? A slow device may show the old value for a while."""
    age_s = now - written.at
    if age_s < SETTLE_S or agrees(path, written.value, reads):
        return False
    return age_s >= SLOW_S or not agrees(path, written.previous, reads)


def agrees(path: str, wrote: Value, reads: Value) -> bool:
    """Does a reading agree with what we wrote? A device that shows nothing says nothing."""
    if reads is None or wrote is None:
        return True
    if isinstance(wrote, int | float) and isinstance(reads, int | float):
        return abs(wrote - reads) <= (0 if path == p.NETWORK_MODE else ROUNDING)
    return wrote == reads


def contested(readback: Readback) -> str:
    """The first path somebody else writes, as `service path`; "" when there is none."""
    for (service, path), written in readback.items():
        if written.strikes >= STRIKES:
            return f"{service} {path}"
    return ""
