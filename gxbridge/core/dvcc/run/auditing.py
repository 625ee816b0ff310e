"""The audit's eyes: which current, which limits, which pre-alarm it looks at."""

from __future__ import annotations

from collections.abc import Iterator

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.voltage import feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.bms import read_bms
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.run.audit import Audit, follow, quiet, verdicts
from gxbridge.core.dvcc.tell.charger_orders import feeding_system
from gxbridge.core.model.finding import Finding, finding


def measured_current(inputs: Inputs) -> float | None:
    """The battery current (A, + = into the battery): the BMS's own, else the battery monitor's."""
    bms, monitor = inputs.bms, inputs.selection.monitor
    current = None if bms is None else bms.current_a
    if current is None and monitor is not None and monitor.kind == p.BATTERY:
        current = read_bms(monitor).current_a
    return current


def audit(inputs: Inputs, before: Audit, limits: tuple[Limit, ...], now: float) -> Audit:
    """Look once a second."""
    current = measured_current(inputs)
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
    if bms is None or not inputs.quirk.gives_permissions or bms.discharge != 1:
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


def audit_findings(inputs: Inputs, seen: Audit, now: float) -> Iterator[Finding]:
    """What the audit has to say now."""
    if quiet(seen):
        return
    permits = ""
    if feeds_in(inputs.multi, inputs.settings):
        permits = "feed-in is on, which permits this for solar"
    elif feeding_system(inputs) is not None:
        permits = "the Multi RS feeds in, which permits this for solar"
    bms = inputs.bms
    subject, name = ("", "the battery") if bms is None else (bms.name, bms.title)
    for said in verdicts(seen, permits, now):
        yield finding(said.name, subject, now, bms=name, **said.words)
