"""The audit's eyes: which current, which limits, which pre-alarm it looks at."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.dvcc.explain.findings import finding
from gxbridge.core.dvcc.limit.decision import Limit
from gxbridge.core.dvcc.limit.voltage import feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Scene
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import title
from gxbridge.core.dvcc.run.audit import Audit, follow, quiet, verdicts
from gxbridge.core.dvcc.tell.charger_orders import feeding_system
from gxbridge.core.model.finding import Finding


def measured_current(scene: Scene) -> float | None:
    """The battery current (A, + = into the battery): the BMS's own, else the battery monitor's."""
    bms, monitor = scene.bms, scene.selection.monitor
    current = None if bms is None else number(bms.items, p.CURRENT)
    if current is None and monitor is not None and monitor.kind == p.BATTERY:
        current = number(monitor.items, p.CURRENT)
    return current


def audit(scene: Scene, before: Audit, limits: tuple[Limit, ...], now: float) -> Audit:
    """Look once a second."""
    current = measured_current(scene)
    ccl, dcl = (limits[1].value, limits[2].value) if limits else (None, None)  # CVL, CCL, DCL come first
    charge = follow(before.charge, ccl, current, now)
    discharge = follow(before.discharge, dcl, None if current is None else -current, now)
    began = pre_alarm(scene, before.pre_alarm_at, now)
    word, withdrawn = alternator(scene, before, now)
    seen = Audit(charge, discharge, began, word, withdrawn)
    return before if seen == before else seen


def pre_alarm(scene: Scene, began: float | None, now: float) -> float | None:
    """Since when the BMS in control warns of an almost empty battery, while discharging is still allowed."""
    bms = scene.bms
    if bms is None or not scene.quirk.gives_permissions or number(bms.items, p.ALLOW_DISCHARGE) != 1:
        return None
    warns = number(bms.items, p.ALARM_LOW_CELL)
    if warns is None or warns < 1:
        return None
    return now if began is None else began


def alternator(scene: Scene, before: Audit, now: float) -> tuple[float | None, float | None]:
    """What the BMS in control says about the alternator (1 or 0; None: nothing), and since when it has withdrawn its
    permission. Who never had it cannot lose it: a relay in another mode starts no clock."""
    word = None if scene.bms is None else number(scene.bms.items, p.ALTERNATOR_ALLOW)
    if word != 0:
        return word, None
    return word, now if before.alternator == 1 else before.alternator_at


def audit_findings(scene: Scene, seen: Audit, now: float) -> Iterator[Finding]:
    """What the audit has to say now."""
    if quiet(seen):
        return
    permits = ""
    if feeds_in(scene.multi, scene.settings):
        permits = "feed-in is on, which permits this for solar"
    elif feeding_system(scene) is not None:
        permits = "the Multi RS feeds in, which permits this for solar"
    bms = scene.bms
    subject, name = ("", "the battery") if bms is None else (bms.name, title(bms))
    for said in verdicts(seen, permits, now):
        yield finding(now, said.name, subject, bms=name, **said.words)
