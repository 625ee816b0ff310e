"""One decision: what is known and remembered in, what to write and why out."""

from __future__ import annotations

from operator import is_not
from typing import Final

from gxbridge.core.dvcc.explain.battery_findings import battery_findings, choice_findings, moved_battery
from gxbridge.core.dvcc.explain.findings import doubt_findings, sense_finding
from gxbridge.core.dvcc.limit.bms_limits import read_bms_limits
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.limit.caps import cvl_caps, refusal
from gxbridge.core.dvcc.limit.feed_in import obeys
from gxbridge.core.dvcc.limit.rule_caps import rule_voltage
from gxbridge.core.dvcc.limit.voltage import voltages
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.doubted import read_checked
from gxbridge.core.dvcc.read.believed.held_currents import held_current_findings, hold_currents
from gxbridge.core.dvcc.read.devices.quirks import quirk_of
from gxbridge.core.dvcc.read.inputs import Inputs, wants_pv_off
from gxbridge.core.dvcc.read.measurements import read_measurements
from gxbridge.core.dvcc.read.snapshot import Arrivals, Snapshot
from gxbridge.core.dvcc.rules.rule_set import NO_RULES
from gxbridge.core.dvcc.run.control_round import control_round
from gxbridge.core.dvcc.run.decision import GONE, NO_RULES_SHOWN, Decision, ShownRules
from gxbridge.core.dvcc.run.loss import QUIET_S, BmsStanding, first_lost, goes_on_elsewhere, replaced_findings, state_of
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.run.ruling import with_rules
from gxbridge.core.dvcc.run.sense import share_sense
from gxbridge.core.dvcc.run.timers import ROUND_S, due
from gxbridge.core.dvcc.run.update_state import ACTING, chooses_monitor, update_state
from gxbridge.core.dvcc.run.watching.audit import audit, audit_findings
from gxbridge.core.dvcc.run.watching.clocks import MULTI_S, running
from gxbridge.core.dvcc.run.watching.obedience import look_closer, obedience_findings
from gxbridge.core.dvcc.run.watching.shared import read_shared
from gxbridge.core.dvcc.run.withdrawn import read_granted, withdrawn
from gxbridge.core.dvcc.tell.charger_orders import charge_voltages
from gxbridge.core.dvcc.tell.flags import published
from gxbridge.core.dvcc.tell.multi_orders import charge_limits
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.vecan.readings import LINK_S

PV_DISABLE_READS: Final = 20
"""How many rounds a request to disable PV lasts."""


def decide(
    snapshot: Snapshot, memory: Memory, now: float, arrivals: Arrivals = (), *, whole_second: bool | None = None
) -> tuple[Decision, Memory]:
    """Decide at `now` (monotonic seconds). Call it every whole second, and at once with what arrived in between.
    `whole_second`: this is the call of one, which clocks may miss by a little (None: it is, if nothing arrived).

    Every call lets the due timers act: low passes each second, sense and the full round every third. `arrivals` that
    cannot wait are acted on first; a limit that was lowered and a BMS that is lost bring a full round forward. Carry
    the returned memory into the next call. Never raises, whatever the values are.
    """
    before, arrivals, starting = memory.bms, tuple(arrivals), memory.sense is None
    snapshot, held_currents = hold_currents(snapshot, memory.held_currents, now)
    if held_currents is not memory.held_currents:
        memory = memory.but(held_currents=held_currents)
    between = bool(arrivals) if whole_second is None else not whole_second
    arrivals = [arrival for arrival in arrivals if arrival[1] in ACTING or arrival[0] == p.SETTINGS]
    keeps = not snapshot.options.fresh_values and snapshot.names == memory.services
    held = memory.monitor if keeps and not any(chooses_monitor(*arrival) for arrival in arrivals) else None
    inputs, doubts = read_checked(snapshot, memory.bank, memory.doubts, now, held)
    if doubts is not memory.doubts:
        memory = memory.but(doubts=doubts)
    inputs, memory, second = update_state(inputs, snapshot, memory, now, arrivals, between=between)
    rules = NO_RULES_SHOWN
    if snapshot.options.rules != NO_RULES:
        inputs, memory, rules = with_rules(inputs, snapshot, memory, now)
    writes, memory = take(inputs, snapshot, memory, now, arrivals, "" if before is None else before[0])
    standing = state_of(memory.controllers, now)
    sense = due(memory.sense, now, between)
    if sense is not None:
        more, memory = share_sense(inputs, memory, sense, standing.state)
        writes += more
    if (sense is not None or starting) and not inputs.options.fresh_values:
        fresh = read_measurements(inputs)  # it is shown from the next second on
    else:
        fresh = memory.shown
    granted = read_granted(inputs, memory) if inputs.options.early_lowering else None
    round_due = second is not None and second % ROUND_S == 0
    stopped = inputs.options.loss_stops_first and standing.state in GONE
    newly_lost = standing.state in GONE and standing.state != memory.round_state
    lowered = granted is not None and not stopped and withdrawn(memory.granted, granted)
    # One that returns after a loss is no newcomer: its first frames may be long outdated, and grant nothing.
    returns = memory.round_state in GONE
    newcomer = before is not None and inputs.bms is not None and inputs.bms.name != before[0] and not returns
    round_done = round_due or snapshot.take_up or (granted is not None and (newly_lost or lowered or newcomer))
    fed, feeding = memory.feed_in, obeys(inputs)
    if not stopped and (feeding or fed is not None):  # it changes from second to second, and its end cannot wait
        ends = fed is not None and fed.fed_at == memory.round_at and not feeding
        round_done = round_done or ends or second is not None
    if round_done:
        more, memory = control_round(inputs, memory, now, standing, timely=round_due)
        writes += more
    elif memory.round_at is None:
        # What the first round would say, without doing it.
        foreseen = control_round(inputs, memory, now, standing, timely=False).memory
        memory = memory.but(limits=foreseen.limits, findings=foreseen.findings)
    seen, closer = memory.audit, memory.obedience
    if second is not None:
        exceeded = seen.charge.over_since is not None
        closer = look_closer(
            inputs, memory.obedience, memory.limits, memory.flags.effective_v, now, name_makers=exceeded
        )
        seen = audit(inputs, seen, memory.limits, closer.current_a, now)
    shared = read_shared(writes, inputs, memory.shared, now)
    watched = {"obedience": closer, "audit": seen, "shared": shared, "shown": fresh}
    if round_done:
        # A BMS that comes back is held against its last word: chargers may still keep what it takes back now.
        kept = memory.granted if stopped else granted
        memory = memory.but(granted=kept, round_state=standing.state, **watched)
    elif any(map(is_not, watched.values(), (memory.obedience, memory.audit, memory.shared, memory.shown))):
        memory = memory.but(**watched)
    return conclude(inputs, memory, now, writes, round_done, standing, rules), memory


def take(
    inputs: Inputs, snapshot: Snapshot, memory: Memory, now: float, arrivals: Arrivals, controlling: str
) -> tuple[list[Write], Memory]:
    """What arrived and cannot wait: a charge voltage of a quick BMS, a request to disable PV."""
    writes: list[Write] = []
    for service, path in arrivals:
        if path == p.CVL and service == controlling:
            writes += quick(inputs, memory, service, now)
        elif path == p.PV_DISABLE and service == p.SYSTEM:
            memory = memory.but(pv_disabled_reads=PV_DISABLE_READS if wants_pv_off(snapshot) else 0)
    return writes, memory


def quick(inputs: Inputs, memory: Memory, service: str, now: float) -> list[Write]:
    """A charge voltage of a quick BMS is passed on at once: voltages only."""
    bms = inputs.bms
    if bms is None or bms.name != service:
        # It is no BMS any more: chargers and vecan still follow the Multi or inverter/charger, if one leads.
        known = inputs.installation.battery(service)
        if known is None or not quirk_of(known.product_id).quick or inputs.options.loss_stops_first:
            return []
        return charge_voltages(
            inputs,
            voltages(
                None, inputs.multi, inputs.settings, inputs.installation.inverters, inputs.options, rule_voltage(inputs)
            ),
        )
    if not inputs.quirk.quick:
        return []
    cvl = cvl_caps(inputs, read_bms_limits(inputs, memory.regulator_v), CapHistory(now, memory.since), inputs.voltage_v)
    if cvl.refused:
        return []
    volts = voltages(cvl.value, inputs.multi, inputs.settings, inputs.installation.inverters, inputs.options)
    if volts.effective_v is not None and refusal(inputs, volts.effective_v, inputs.voltage_v) is not None:
        return []
    writes = charge_voltages(inputs, volts)
    others = inputs.selection.other_multis if inputs.settings.all_multis else ()
    for multi in (*others, *(() if inputs.multi is None else (inputs.multi,))):
        writes += charge_limits(multi, cvl.value, None)
    return writes


def conclude(
    inputs: Inputs,
    memory: Memory,
    now: float,
    writes: list[Write],
    round_done: bool,
    standing: BmsStanding,
    rules: ShownRules,
) -> Decision:
    """Put the decision together."""
    state, who, since = standing
    lost = first_lost(memory.controllers)
    if lost is not None and moved_battery(inputs, lost.identity) is not None:
        state = "moved"
    findings = (
        *replaced_findings(memory.controllers, now),
        *choice_findings(inputs, "" if lost is None else lost.identity, now),
        *battery_findings(inputs, memory.audit.pre_alarm_at is not None, memory.first_seen, now),
        *memory.findings,
        *audit_findings(inputs, memory.audit, memory.obedience.who, now),
        *obedience_findings(memory.obedience, now),
        *doubt_findings(memory.doubts, now),
        *held_current_findings(memory.held_currents, inputs.titles, now),
    )
    voltage = inputs.voltage
    if voltage is not None and voltage.guarded:
        findings = (*findings, sense_finding(voltage, now))
    link, multi = link_ends(inputs, memory, standing), multi_stops(memory)
    return Decision(
        writes=tuple(writes),
        published=published(inputs, memory.flags),
        effective_v=memory.flags.effective_v,
        limits=memory.limits,
        findings=findings,
        round_done=round_done,
        bms_service="" if who is None else who.name,
        bms_state=state,
        bms_since=since,
        charge_link_ends_at=link,
        multi_stops_at=multi,
        shared=tuple(memory.shared.values()),
        rules=rules,
        titles=inputs.titles | {bms.name: bms.title for bms in inputs.batteries},
        clocks=running(link, multi, memory.audit.pre_alarm_at, memory.audit.alternator_at),
    )


def link_ends(inputs: Inputs, memory: Memory, standing: BmsStanding) -> float | None:
    """When the chargers' links end, if nothing changes: None while they are renewed."""
    told, who = memory.charge_told_at, standing.who
    if inputs.another_master:  # it tells nothing more from the moment on at which it sees the loss
        if who is None or who.lost_at is None or goes_on_elsewhere(inputs, who):
            return None
        return who.lost_at + LINK_S
    if told is None or memory.round_at is None:
        return None
    if standing.state == "silent" and who is not None and inputs.options.loss_stops_first:
        return who.last_word + QUIET_S + LINK_S
    return told + LINK_S if told < memory.round_at else None


def multi_stops(memory: Memory) -> float | None:
    """When the Multi stops by its own timer, if no discharge limit comes: None while it is renewed."""
    told = memory.discharge_told_at
    if told is None or memory.round_at is None:
        return None
    return told + MULTI_S if told < memory.round_at else None
