"""Are the limits obeyed? Measured battery current against CCL and DCL, seconds until a drop is followed, restlessness.

Thresholds are ours. Clocks: link values expire after 60 s (Victron, VE.Can registers public, 0x2001, 0x200E); a Multi
stops about 5 min after its last limits (victronenergy/venus, as users report); from the pre-alarm to the end of
discharge at least 30 s, and the alternator relay opens 2 s before the contactor (Victron, Lynx Smart BMS manual).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.feed_in import feeding_system
from gxbridge.core.dvcc.limit.voltage import feeds_in
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding
from gxbridge.core.model.named_tuple import NamedTuple

TOLERANCE_A: Final = 2.0
TOLERANCE_PART: Final = 0.05
"""A current is over a limit when it is more than this much above it."""
OVER_S: Final = 10.0
"""Being over for so long is worth a finding; a controller needs some seconds."""
SLOW_S: Final = 15.0
"""Following a drop of a limit should not take longer."""
SAY_S: Final = 120.0
"""For so long it is said that a drop was followed slowly."""
WINDOW_S: Final = 600.0
TURNS: Final = 6
"""So many reversals of a limit in the window are restless."""


class Track(NamedTuple):
    """One direction of current. Currents in A, + = the direction watched; moments in monotonic s."""

    limit_a: float | None = None
    over_since: float | None = None
    worst_a: float = 0.0
    dropped_at: float | None = None
    """The limit dropped and the current has not followed yet."""
    lag_s: float = 0.0
    """How long the current took to follow the last drop, and when it had."""
    lag_at: float = 0.0
    rising: bool | None = None
    turns: tuple[float, ...] = ()
    """When the limit changed its direction, in the window."""
    low_a: float = 0.0
    high_a: float = 0.0
    """Where it did so the last two times."""


class Audit(NamedTuple):
    """What is watched: charging against CCL, discharging against DCL, the pre-alarm, and whether the alternator may."""

    charge: Track = Track()
    discharge: Track = Track()
    pre_alarm_at: float | None = None
    alternator: float | None = None
    """Whether the alternator may charge, as the BMS says; and since when it may not any more."""
    alternator_at: float | None = None


NOTHING_SEEN: Final = Audit()


def over(current_a: float, limit_a: float) -> bool:
    """Is a current clearly over a limit?"""
    return current_a > limit_a * (1 + TOLERANCE_PART) + TOLERANCE_A


def follow(track: Track, limit_a: float | None, current_a: float | None, now: float) -> Track:
    """One look at a limit and the current it should hold; None: not known."""
    exceeds = limit_a is not None and current_a is not None and over(current_a, limit_a)
    if not exceeds and track.over_since is None and track.dropped_at is None and track.limit_a == limit_a:
        return track if not track.turns else turn(track, limit_a, now)  # as it mostly is
    track = turn(track, limit_a, now)
    if limit_a is None or current_a is None:
        return track._replace(limit_a=limit_a, over_since=None, worst_a=0.0, dropped_at=None)
    dropped = track.limit_a is not None and limit_a < track.limit_a
    if exceeds:
        started = now if track.over_since is None else track.over_since
        return track._replace(
            limit_a=limit_a,
            over_since=started,
            worst_a=max(track.worst_a, current_a) if track.over_since is not None else current_a,
            dropped_at=now if dropped and track.dropped_at is None else track.dropped_at,
        )
    lag_s, lag_at = track.lag_s, track.lag_at
    if track.dropped_at is not None and track.limit_a is not None and limit_a <= track.limit_a:  # it was not lifted
        lag_s, lag_at = now - track.dropped_at, now
    return track._replace(limit_a=limit_a, over_since=None, worst_a=0.0, dropped_at=None, lag_s=lag_s, lag_at=lag_at)


def turn(track: Track, limit_a: float | None, now: float) -> Track:
    """Note when the limit changes its direction."""
    turns = tuple(at for at in track.turns if now - at < WINDOW_S)
    if limit_a is None or track.limit_a is None or limit_a == track.limit_a:
        return track if turns == track.turns else track._replace(turns=turns)
    rising = limit_a > track.limit_a
    if track.rising is not None and rising != track.rising:
        turns = (*turns, now)[-2 * TURNS :]
        track = track._replace(low_a=track.limit_a) if rising else track._replace(high_a=track.limit_a)
    return track._replace(rising=rising, turns=turns)


class AuditResult(NamedTuple):
    """What an audit found: the name of the finding and the words for its text."""

    name: str
    words: dict[str, str]


def quiet(audit: Audit) -> bool:
    """Is there certainly nothing to say?"""
    return audit.pre_alarm_at is None and calm(audit.charge) and calm(audit.discharge)


def calm(track: Track) -> bool:
    """Is there certainly nothing to say about one direction?"""
    return track.over_since is None and not track.lag_s and len(track.turns) < TURNS


def verdicts(audit: Audit, permits: str, now: float) -> Iterator[AuditResult]:
    """What there is to say. `permits` is why exceeding CCL is permitted, "" when nothing permits it."""
    for track, limit in ((audit.charge, "CCL"), (audit.discharge, "DCL")):
        name = limit.lower()
        if track.over_since is not None and track.limit_a is not None and now - track.over_since >= OVER_S:
            words = {"limit": f"{track.limit_a:.0f}", "worst": f"{track.worst_a:.0f}", "name": limit}
            words["more"] = f"{track.worst_a - track.limit_a:.0f}"
            words["why"] = permits if limit == "CCL" and permits else "nothing permits this"
            yield AuditResult(f"{name}-exceeded", words)
        if track.lag_s > SLOW_S and now - track.lag_at < SAY_S:
            yield AuditResult(f"{name}-slow", {"lag": f"{track.lag_s:.0f}", "name": limit})
        if len(track.turns) >= TURNS:
            yield AuditResult(f"{name}-restless", {"name": limit, "minutes": f"{WINDOW_S / 60:.0f}"} | extremes(track))
    if audit.pre_alarm_at is not None:
        yield AuditResult("pre-alarm", {name: str(word) for name, word in PRE_ALARM_WORDS.items()})


def extremes(track: Track) -> dict[str, str]:
    """Between what a restless limit goes up and down."""
    return {"low": f"{track.low_a:g}", "high": f"{track.high_a:g}"}


def measured_current(inputs: Inputs) -> float | None:
    """The battery current (A, + = into the battery): the BMS's own, else the battery monitor's."""
    bms, monitor = inputs.bms, inputs.selection.monitor
    if bms is not None and bms.current_a is not None:
        return bms.current_a
    battery = None if monitor is None else inputs.installation.battery(monitor.name)
    return None if battery is None else battery.current_a


def audit(inputs: Inputs, before: Audit, limits: tuple[Limit, ...], current: float | None, now: float) -> Audit:
    """Look once a second. `current`: of the battery (A, + = into it)."""
    ccl, dcl = (limits[1].value, limits[2].value) if limits else (None, None)  # CVL, CCL, DCL come first
    charge = follow(before.charge, ccl, current, now)
    discharge = follow(before.discharge, dcl, None if current is None else -current, now)
    began = pre_alarm(inputs, before.pre_alarm_at, now)
    word, withdrawn = alternator(inputs, before, now)
    seen = Audit(charge, discharge, began, word, withdrawn)
    return before if seen == before else seen


def pre_alarm(inputs: Inputs, began: float | None, now: float) -> float | None:
    """Since when the BMS in control warns of an almost empty battery, while discharging is still allowed."""
    bms = inputs.bms
    if bms is None or not (inputs.quirk.gives_permissions or bms.adds) or bms.discharge != 1:
        return None
    warns = bms.low_cell_alarm
    if warns is None or warns < 1:
        return None
    return now if began is None else began


def alternator(inputs: Inputs, before: Audit, now: float) -> tuple[float | None, float | None]:
    """What the BMS in control says about the alternator (1 or 0; None: nothing), and since when it has withdrawn its
    permission. Who never had it cannot lose it: a relay in another mode starts no clock."""
    word = None if inputs.bms is None else inputs.bms.alternator
    if word != 0:
        return word, None
    return word, now if before.alternator == 1 else before.alternator_at


def audit_findings(inputs: Inputs, seen: Audit, who: str, now: float) -> Iterator[Finding]:
    """What the audit has to say now; `who` charges."""
    if quiet(seen):
        return
    permits = ""
    if inputs.options.feed_in_obeys_ccl:
        pass
    elif feeds_in(inputs.multi, inputs.settings):
        permits = "feed-in is on, which permits this for solar"
    elif feeding_system(inputs) is not None:
        permits = "the Multi RS feeds in, which permits this for solar"
    bms = inputs.bms
    subject, name = ("", "the battery") if bms is None else (bms.name, bms.title)
    for said in verdicts(seen, permits, now):
        named = f"; {who}" if who and said.name == "ccl-exceeded" else ""
        yield finding(said.name, subject, now, bms=name, who=named, **said.words)
