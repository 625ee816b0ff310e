"""The last gate before LINK: what stands on D-Bus for the chargers of a port of ours, and the frames that come of it.

Whoever writes there (a GX's own controller, or gxbridge by D-Bus) is the master, and this port is its driver: so the
rule about other controllers on D-Bus is not asked, and every other one is. A word that a controller has not lowered yet
is lowered here, which is no finding until it has had time to follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.allowed import class_of, is_listed
from gxbridge.core.gate.bounds import Bounds, read_bounds
from gxbridge.core.gate.currents import can_be_told, share
from gxbridge.core.gate.gate import (
    ABOVE_SUM,
    LINK_S,
    NO_MEASUREMENT,
    NOT_LISTED,
    NOT_OF_KIND,
    SLACK,
    GateMemory,
    GateVerdict,
    judge,
    no_battery_voltage,
    why_barred,
)
from gxbridge.core.gate.raw_words import RawWords, finite, limit, lowest
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.link_hold import LinkHold
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.setup import Setup

LINK_FRAMES: Final[Mapping[int, tuple[int, int, int]]] = {
    0x2001: (2, 0, 7000),
    0x2002: (2, 0, 7000),
    0x2003: (2, -4000, 12500),
    0x200A: (4, -10_000_000, 10_000_000),
    0x200E: (1, 0, 13),
    0x2015: (2, 0, 65534),
    0x2017: (2, 0, 65534),
    0x201C: (4, -10_000_000, 10_000_000),
}
"""Every register that LINK may ever write: bytes, lowest and highest number. The mode 0 leaves only where a try puts
back what it found."""


class MeasuredRow(NamedTuple):
    """What is told as measured: bounds, where somebody must show about the same, and within how much."""

    low: float
    high: float
    shown: str
    within: float


MEASURED_LINK: Final[Mapping[str, MeasuredRow]] = {
    "/Link/VoltageSense": MeasuredRow(0.0, 70.0, "/Dc/0/Voltage", 0.5),
    "/Link/TemperatureSense": MeasuredRow(-40.0, 125.0, "Temperature", 2.0),
    "/Link/BatteryCurrent": MeasuredRow(-10000.0, 10000.0, "/Dc/0/Current", 50.0),
    "/Link/ExtraBatteryCurrent": MeasuredRow(-10000.0, 10000.0, "", 0.0),
}
"""A word may be seconds older than what is shown now. The sum of currents of several (extra current) nobody shows."""

UNHEARD: Final = LinkHold(0.0, 0.0, "unknown")
"""Of a device that was told nothing yet."""

STILL_HELD: Final = "what other chargers may still make leaves no more of the charge current limit"
"""The rule in words where not what is told is above the sum, but what one holds that does not follow or is silent."""

LAG_S: Final = 10.0
"""So long may a controller go on with a word that the gate lowers: three of its rounds."""


class LastShown(NamedTuple):
    """What the service of a charger showed last, and when (monotonic s): its own setting, and what it made (A)."""

    own_a: float | None
    made_a: float | None
    at: float


NOTHING_SHOWN: Final = LastShown(None, None, float("-inf"))


class LinkMemory(NamedTuple):
    """What one cycle leaves for the next: since when words are held (monotonic s), and what those showed that are or
    were told something."""

    held: Mapping[tuple[str, str], float] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    shown: Mapping[str, LastShown] = MappingProxyType({})
    lowered: Mapping[tuple[str, str], str] = MappingProxyType({})
    """Why less may leave than what stands, in words."""


class LinkPassed(NamedTuple):
    """What may leave, by service and path, and the memory, whose findings hold."""

    values: Mapping[tuple[str, str], Value]
    memory: LinkMemory


def may_link(register: int, data: bytes) -> bool:
    """May a register be written so to the chargers of a port?"""
    return is_listed(register, data, LINK_FRAMES)


def pass_link(
    standing: Iterable[Write],
    words: RawWords,
    gate: GateMemory,
    before: LinkMemory,
    setup: Setup,
    now: float,
    *,
    own_name: bool,
    holds: Mapping[str, LinkHold],
) -> LinkPassed:
    """The values of what stands that may leave at `now` (monotonic s). `gate`: of this look, with what others than
    these were told; `own_name`: our own D-Bus name is ours; `holds`: the current by which each service that was told
    one before may still charge, be it there any more or not."""
    asked = tuple(standing)
    told = {write.service for write in asked} | holds.keys()
    shown = last_shown(told, words, before.shown, now)
    if not asked:
        return LinkPassed({}, LinkMemory(shown=shown))
    barred, bounds = why_barred(words, setup, own_name), None
    if not barred and setup.options.profile == "strict":
        bounds, _ = read_bounds(words, gate.watched, setup, now)
    shares = {} if bounds is None else current_shares(asked, words, bounds, gate, holds, shown, now)
    verdicts = [(one, GateVerdict(None, barred) if barred else judge_link(one, words, bounds, shares)) for one in asked]
    passed = {write[:2]: verdict.value for write, verdict in verdicts if verdict.value is not None}
    # What is for a service that has left is held too, but nobody writes it any more.
    cut = [(write, verdict) for write, verdict in verdicts if verdict.rule and write.service in words.services]
    held = {write[:2]: before.held.get(write[:2], now) for write, _ in cut}
    of_sum = any(verdict.rule == ABOVE_SUM for _, verdict in cut)
    told_alone = share(asked, words, bounds, gate.told, gate.made) if bounds is not None and of_sum else {}
    lowered = {write[:2]: why_lowered(verdict.rule, write, told_alone) for write, verdict in cut}
    late: dict[str, list[tuple[Write, Value]]] = {}
    for write, verdict in cut:
        if now - held[write[:2]] >= LAG_S:
            late.setdefault(verdict.rule, []).append((write, verdict.value))
    findings = tuple(_finding(rule, those, held, lowered, now) for rule, those in late.items())
    return LinkPassed(passed, LinkMemory(held, findings, shown, lowered))


def _finding(
    rule: str,
    cut: Sequence[tuple[Write, Value]],
    held: Mapping[tuple[str, str], float],
    lowered: Mapping[tuple[str, str], str],
    now: float,
) -> Finding:
    """One for a rule, whatever the number of words: the first of them is named, such as is to blame for it."""
    write, value = next((one for one in cut if lowered[one[0][:2]] == rule), cut[0])
    return finding(
        "link-gate",
        rule,
        now,
        min(held[one[:2]] for one, _ in cut),
        key=f"{write.service} {write.path}",
        asked=f"{write.value}",
        bound=lowered[write[:2]],
        sent="nothing" if value is None else f"{value:g}",
        count=len(cut),
    )


def why_lowered(rule: str, write: Write, shares: Mapping[tuple[str, str], float | None]) -> str:
    """The rule in words: it is not what is told that is too much where others hold more than that. `shares`: the
    highest lawful current for each by what is told alone."""
    if rule != ABOVE_SUM:
        return rule
    share_a = shares.get((write.service, write.path))
    return STILL_HELD if share_a is None or (limit(write.value) or 0.0) <= share_a + SLACK else rule


def current_shares(
    asked: Iterable[Write],
    words: RawWords,
    bounds: Bounds,
    gate: GateMemory,
    holds: Mapping[str, LinkHold],
    shown: Mapping[str, LastShown],
    now: float,
) -> dict[tuple[str, str], float | None]:
    """The highest lawful current for each that is told one. Nobody is raised by what another may still hold: one that
    is to be lowered, one that has not shown what it holds (at most its own setting), one whose service has gone."""
    currents = [write for write in asked if can_be_told(write, words)]
    raising = bounds
    if bounds.limit_a is not None:
        gone = [(name, hold) for name, hold in holds.items() if name not in words.services]
        gone_a = sum(hold.highest_a for _, hold in gone)
        could_a = sum(alone(hold, hold.highest_a, shown[name], now) for name, hold in gone)
        raising = bounds._replace(limit_a=bounds.limit_a - could_a)
        bounds = bounds._replace(limit_a=bounds.limit_a - gone_a)
    told = {**gate.told, **{name: (hold.highest_a, now) for name, hold in holds.items()}}
    shares = share(currents, words, bounds, told, gate.made)
    wanted = [write._replace(value=lowest(limit(write.value), shares[write.service, write.path])) for write in currents]
    for write in wanted:
        hold, amps = holds.get(write.service, UNHEARD), limit(write.value) or 0.0
        in_error = finite(words.services[write.service].get("/ErrorCode")) not in (0, None)  # a mode raises it then
        least = hold.lowest_a if hold.evidence == "shown" and not in_error else 0.0
        if amps > least:
            others = [as_held(other, holds, shown, now) for other in wanted if other is not write]
            rest = share([*others, write], words, raising, told, gate.made)[write.service, write.path]
            shares[write.service, write.path] = None if rest is None else min(amps, max(rest, least))
    return shares


def as_held(write: Write, holds: Mapping[str, LinkHold], shown: Mapping[str, LastShown], now: float) -> Write:
    """What counts of one for the others: the higher of what it is told and what it may make."""
    hold = holds.get(write.service, UNHEARD)
    held_a = max(limit(write.value) or 0.0, hold.highest_a)
    return write._replace(value=alone(hold, held_a, shown[write.service], now))


def alone(hold: LinkHold, held_a: float, last: LastShown, now: float) -> float:
    """What one may make that may hold `held_a`. Where it has not shown that, its own setting until any other word has
    expired; then, and where it has none, at least what it makes. One that has left D-Bus counts so as long as it keeps
    what another told it."""
    if hold.evidence == "shown" or now - last.at >= LINK_S:
        return held_a
    own_a = last.own_a if hold.evidence == "unknown" else None
    return max(held_a, (last.made_a if own_a is None else own_a) or 0.0)


def last_shown(
    told: Iterable[str], words: RawWords, before: Mapping[str, LastShown], now: float
) -> dict[str, LastShown]:
    """Of each that is or was told something; a number that it does not show any more is what it was."""
    found: dict[str, LastShown] = {}
    for name in told:
        last, items = before.get(name, NOTHING_SHOWN), words.services.get(name)
        if items is not None:
            own_a, made_a = limit(items.get("/Settings/ChargeCurrentLimit")), limit(items.get("/Dc/0/Current"))
            last = LastShown(last.own_a if own_a is None else own_a, last.made_a if made_a is None else made_a, now)
        found[name] = last
    return found


def judge_link(
    write: Write, words: RawWords, bounds: Bounds | None, shares: Mapping[tuple[str, str], float | None]
) -> GateVerdict:
    """What becomes of one word; what is measured need not be what is shown at this very moment."""
    row, items = MEASURED_LINK.get(write.path), words.services.get(write.service)
    if row is None:
        return judge(write, words, bounds, shares)
    if items is None or write.path not in items or class_of(write.service) != "vecan":
        return GateVerdict(None, NOT_LISTED)
    number = finite(write.value)
    if number is None:
        return GateVerdict(None, NOT_OF_KIND)
    if not row.low <= number <= row.high:
        return GateVerdict(None, "no such value is measured")
    if row.shown == "/Dc/0/Voltage" and bounds is not None and (why := no_battery_voltage(number, bounds)):
        return GateVerdict(None, why)
    out = frozenset() if bounds is None else bounds.unshared
    if row.shown and not any(
        abs(number - shown) <= row.within
        for name, items in words.services.items()
        if name not in out
        for path, value in items.items()
        if path.endswith(row.shown) and not path.startswith(NO_MEASUREMENT) and (shown := finite(value)) is not None
    ):
        return GateVerdict(None, "shown by nobody")
    return GateVerdict(number)
