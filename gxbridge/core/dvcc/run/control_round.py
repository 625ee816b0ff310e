"""The round of every third second: decide and write, or, after a loss, stop and then be silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gxbridge.core.dvcc.explain.battery_findings import moved_battery
from gxbridge.core.dvcc.explain.findings import loss_finding, remembered_findings, round_findings
from gxbridge.core.dvcc.explain.limits import (
    charger_limits,
    multi_limit,
    same_reason,
    system_limits,
    untold_limits,
    untold_term,
)
from gxbridge.core.dvcc.limit.bms_limits import read_bms_limits
from gxbridge.core.dvcc.limit.cap import Cap, Limit
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.limit.caps import ChargeCaps, ccl_caps, cvl_caps, dcl_caps, led_refusal
from gxbridge.core.dvcc.limit.current import Currents, compensate, counts_loads
from gxbridge.core.dvcc.limit.feed_in import FeedIn, obeys, still_watched, surplus
from gxbridge.core.dvcc.limit.permissions import awaits_bms
from gxbridge.core.dvcc.limit.reasons import cap
from gxbridge.core.dvcc.limit.rule_caps import rule_voltage
from gxbridge.core.dvcc.limit.voltage import NO_VOLTAGES, Voltages, voltages
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.measurements import dc_loads
from gxbridge.core.dvcc.read.numbers import least
from gxbridge.core.dvcc.read.old_firmware import insufficient, proven_chargers
from gxbridge.core.dvcc.run.decision import GONE, Controller
from gxbridge.core.dvcc.run.loss import BmsStanding, goes_on_elsewhere
from gxbridge.core.dvcc.run.low_pass import DC_LOADS_WEIGHT, low_pass
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.run.update_state import is_on
from gxbridge.core.dvcc.run.watching.obedience import charged_with
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder, no_orders
from gxbridge.core.dvcc.tell.charger_orders import (
    EXTERNAL,
    NETWORKED,
    REMOTE_BMS,
    charge_voltages,
    current_writes,
    currents,
    network_modes,
)
from gxbridge.core.dvcc.tell.flags import Flags
from gxbridge.core.dvcc.tell.legacy import legacy
from gxbridge.core.dvcc.tell.multi_orders import (
    left_at_zero,
    multi_limits,
    remainder,
    stop_charge,
    stop_discharge,
    without_bms,
)
from gxbridge.core.dvcc.tell.one_bound import is_connected, multi_shares
from gxbridge.core.dvcc.tell.switches import switch
from gxbridge.core.dvcc.tell.write import Write, put
from gxbridge.core.model.named_tuple import NamedTuple

START_S: Final = 10.0
"""So long after our start no loss is told as 0 A of discharge."""


class Round(NamedTuple):
    """What a round writes, and the memory after it (its limits and findings are in there)."""

    writes: list[Write]
    memory: Memory


def control_round(inputs: Inputs, memory: Memory, now: float, standing: BmsStanding, *, timely: bool) -> Round:
    """One round, whatever the state: DVCC off, BMS lost, or control. `timely`: it is that of the third second; one that
    was brought forward leaves low passes and counts of rounds as they are."""
    if not is_on(memory.dvcc):
        return off_round(inputs, memory, now)
    proven = proven_chargers(inputs, memory.proven)
    if proven is not memory.proven:
        memory = memory.but(proven=proven)
    old = insufficient(inputs, proven)
    batteries = int(inputs.selection.bmses > 1)
    flags = memory.flags.but(dvcc=1, alarm_firmware=int(bool(old)), alarm_multiple=batteries)
    if inputs.options.loss_stops_first:
        state, who, _ = standing
        if who is not None and state in GONE:
            return lost_round(inputs, memory, now, flags, who, silent=state == "silent")
    # A stop is told to everybody: who remembers no BMS would go on.
    if not remembered(inputs) or inputs.charge_stops or awaits_bms(inputs):
        return live_round(inputs, memory, now, flags, old, timely=timely)
    return remembered_round(inputs, memory, now, flags)


def remembered(inputs: Inputs) -> bool:
    """A charger remembers a BMS, and none is there."""
    if inputs.bms is not None or inputs.selection.vebus_bms_v2:
        return False
    return any(charger.bms_present == 1 for charger in inputs.installation.chargers)


def off_round(inputs: Inputs, memory: Memory, now: float) -> Round:
    """DVCC off."""
    writes, flags = legacy(inputs, memory.flags)
    limits = same_reason(cap("dvcc-off", None, "A"), inputs, no_orders(inputs.installation.chargers, "dvcc-off"))
    if inputs.options.no_legacy:
        writes, flags = [], flags.but(solar_voltage=0, solar_current=0)
    return Round(writes, memory.but(round_at=now, flags=flags, limits=tuple(limits), findings=()))


def remembered_round(inputs: Inputs, memory: Memory, now: float, flags: Flags) -> Round:
    """Nothing is written to any charger; what was published about voltages ends.

    Only the Multi, which keeps what it was told, is let go where wired terminals had stopped it and allow again.
    """
    writes: list[Write] = []
    unlimited = memory.unlimited
    if left_at_zero(inputs) or (inputs.charge_permits and memory.limited):
        user_a = inputs.settings.max_current_a
        writes, unlimited = without_bms(inputs, user_a if user_a >= 0 else None, memory.unlimited, memory.limited)
    flags = flags.but(solar_voltage=0, solar_current=0, effective_v=None, charge_v=None)
    limits = same_reason(
        cap("bms-remembered", None, "A"), inputs, no_orders(inputs.installation.chargers, "bms-remembered")
    )
    found = tuple(remembered_findings(inputs, memory.first_seen, now))
    memory = memory.but(
        round_at=now,
        flags=flags,
        limits=tuple(limits),
        findings=found,
        unlimited=unlimited,
        limited=memory.limited and not unlimited,
    )
    return Round(writes, memory)


def lost_round(inputs: Inputs, memory: Memory, now: float, flags: Flags, who: Controller, *, silent: bool) -> Round:
    """0 A for everybody until a minute after the last word, then nothing at all."""
    moved = moved_battery(inputs, who.identity)
    name = "bms-elsewhere" if moved is not None else "bms-silent" if silent else "bms-lost"
    flags = flags.but(solar_voltage=0, solar_current=int(silent), bms_parameters=0, effective_v=None, charge_v=None)
    orders = no_orders(inputs.installation.chargers, name, 0.0 if silent else None)
    history = CapHistory(now, memory.since)
    words = {"bms": who.title} | ({} if moved is None else {"instance": f"{moved.instance:g}"})
    reason = history.cap(name, 0.0 if silent else None, "A", who.name, "", **words)
    memory = memory.but(
        round_at=now,
        flags=flags,
        limits=tuple(same_reason(reason, inputs, orders)),
        findings=()
        if moved is not None or goes_on_elsewhere(inputs, who)
        else (loss_finding(who.name, who.title, silent, now, gives_voltage=who.kind == p.BATTERY),),
        since=history.fresh,
    )
    if not silent:
        return Round([], memory)
    mode = NETWORKED | EXTERNAL | REMOTE_BMS
    writes: list[Write] = []
    for device in (*inputs.installation.solar_side, *inputs.installation.others):
        writes += put(device, p.NETWORK_MODE, mode)
    writes += current_writes(orders)
    switched, off = switch(inputs, memory.switched_off, now, stopped=True)
    memory = memory.but(charge_told_at=now if writes else memory.charge_told_at, switched_off=off)
    writes += switched
    writes += stop_charge(inputs)
    if loss_is_stop(inputs, memory, now):
        writes += stop_discharge(inputs)
    return Round(writes, memory)


def loss_is_stop(inputs: Inputs, memory: Memory, now: float) -> bool:
    """Is a permission to discharge that was lost told as 0 A? Only where the user chose it, and a BMS has spoken."""
    started = memory.began is not None and now - memory.began >= START_S
    return inputs.options.discharge_on_loss == "stop" and started and bool(memory.controllers)


def live_round(
    inputs: Inputs, memory: Memory, now: float, flags: Flags, old: Sequence[Charger | VebusSystem], *, timely: bool
) -> Round:
    """Decide and write; `old` are the devices whose firmware is too old."""
    history = CapHistory(now, memory.since)
    bms_limits = read_bms_limits(inputs, memory.regulator_v)
    voltage_v = inputs.voltage_v
    cvl = cvl_caps(inputs, bms_limits, history, voltage_v)
    volts = NO_VOLTAGES
    refused: Cap | None = cvl.caps[0]
    if not cvl.refused:
        volts = voltages(
            cvl.value,
            inputs.multi,
            inputs.settings,
            inputs.installation.inverters,
            inputs.options,
            rule_voltage(inputs),
        )
        led = led_refusal(inputs, volts.effective_v, history, voltage_v)
        volts, refused = (volts, None) if led is None else (NO_VOLTAGES, led)
    charge = ccl_caps(inputs, bms_limits, history, memory.gave, refused)
    discharge = dcl_caps(inputs, bms_limits, history, memory.gave)
    speaks = volts.effective_v is not None or charge.unruled_a is not None
    pv_off = speaks and memory.pv_disabled_reads > 0
    amps, loads_a, seen = with_loads(inputs, memory, charge, now, pv_off=pv_off, timely=timely)
    orders, writes = tell_chargers(inputs, memory, volts, amps, pv_off)
    told_anybody = bool(writes)
    switched, off = switch(inputs, memory.switched_off, now, stopped=amps.stop or amps.limit_a == 0)
    rest = remainder(inputs, amps.limit_a, memory.smoothed, voltage_v, orders)
    if inputs.bms is None:
        multi_writes, unlimited = without_bms(inputs, rest, memory.unlimited, memory.limited)
    else:
        low_v = None if inputs.bms.max_charge_voltage_v is None else bms_limits.low_v
        multi_writes = multi_limits(inputs, cvl.value, rest, discharge, low_v)
        if discharge.refused and loss_is_stop(inputs, memory, now):
            multi_writes += stop_discharge(inputs)
        raised = any(write.path == p.MULTI_CHARGE_CURRENT for write in multi_writes)
        unlimited = memory.unlimited and not raised and inputs.multi is not None and is_connected(inputs.multi)
    limits: list[Limit] = [
        *system_limits(cvl, charge.limit, discharge, amps.terms, memory.limits),
        *charger_limits(
            orders, charge.limit, (*amps.terms, *untold_term(inputs, orders)), {device.name for device in old}
        ),
        *untold_limits(inputs),
        multi_limit(inputs, own_rest(inputs, rest), charge.limit, amps),
    ]
    found = tuple(round_findings(inputs, charge.limit, discharge, amps, orders, old, refused, memory.first_seen, now))
    renewed = inputs.bms is not None and inputs.multi is not None and not discharge.refused
    memory = memory.but(
        round_at=now,
        flags=control_flags(inputs, flags, volts, cvl.value, amps),
        pv_disabled_reads=max(memory.pv_disabled_reads - (speaks and timely), 0),
        regulator_v=bms_limits.regulator_v if timely else memory.regulator_v,
        dc_loads_a=loads_a,
        feed_in=seen,
        switched_off=off,
        unlimited=unlimited,
        limited=rest is not None or (memory.limited and not unlimited),
        limits=tuple(limits),
        findings=found,
        since=history.fresh,
        charge_told_at=now if told_anybody else memory.charge_told_at,
        discharge_told_at=now if renewed else memory.discharge_told_at,
    )
    return Round(writes + multi_writes + switched, memory)


class WithLoads(NamedTuple):
    """The currents to share, and what is remembered of loads (A, smoothed) and of feed-in."""

    amps: Currents
    loads_a: float
    feed_in: FeedIn | None


def with_loads(
    inputs: Inputs, memory: Memory, charge: ChargeCaps, now: float, *, pv_off: bool, timely: bool
) -> WithLoads:
    """The limit with what loads take of it, and with what is fed in."""
    limit_a, fresh = charge.limit.value, inputs.options.fresh_values
    draw_a = dc_loads(inputs.installation, inputs.voltage_v) if fresh else memory.shown.dc_loads_a
    loads_a = memory.dc_loads_a
    feeds = limit_a is not None and obeys(inputs) and (charge.full or not charge.stopped)
    if timely and draw_a is not None and counts_loads(inputs, charge.unruled_a, feeds):
        loads_a = low_pass(loads_a, draw_a, DC_LOADS_WEIGHT)
    vebus_a, added_a = memory.vebus_a, None if draw_a is None else loads_a
    if fresh:  # a load that has gone leaves nothing behind in the low pass
        vebus_a = max(vebus_a, drawn(inputs.multi))
        added_a = least(added_a, draw_a)
    fed, seen = None, still_watched(memory.feed_in, now)
    if limit_a is not None and feeds:
        vebus_a = drawn(inputs.multi)
        fed, seen = surplus(inputs, memory.feed_in, limit_a, charged_with(inputs), now)
    return WithLoads(compensate(inputs, charge, added_a, vebus_a, pv_off, None if pv_off else fed), loads_a, seen)


def own_rest(inputs: Inputs, rest_a: float | None) -> float | None:
    """What the one Multi gets of the rest."""
    return rest_a if inputs.multi is None else multi_shares(inputs, rest_a).get(inputs.multi.name, rest_a)


def drawn(multi: VebusSystem | None) -> float:
    """What the Multi takes out of the battery now (A, below 0); what is unknown is nothing."""
    current = multi.current_a if multi is not None and is_connected(multi) else None
    return min(current or 0.0, 0.0)


def tell_chargers(
    inputs: Inputs, memory: Memory, volts: Voltages, amps: Currents, pv_off: bool
) -> tuple[list[ChargerOrder], list[Write]]:
    """Modes, voltages and currents, when there is a voltage or a current to say."""
    if volts.effective_v is None and volts.bms_v is None and amps.solar_a is None:
        return no_orders(inputs.installation.chargers, "nothing-to-say"), []
    orders, extra = currents(inputs, amps, memory.smoothed, pv_off)
    writes = network_modes(inputs, volts, amps, inputs.selection.has_bms)
    writes += charge_voltages(inputs, volts)
    return orders, writes + current_writes(orders) + extra


def control_flags(inputs: Inputs, flags: Flags, volts: Voltages, cvl: float | None, amps: Currents) -> Flags:
    """The flags after a round."""
    chargers, vecans, multi = inputs.installation.chargers, inputs.installation.of(p.VECAN), inputs.multi
    solar_voltage = (volts.effective_v is not None and bool(chargers)) or (volts.vecan_v is not None and bool(vecans))
    bms = inputs.bms is not None
    limits_written = bms and (multi is not None or bool(inputs.installation.inverters))
    return flags.but(
        solar_voltage=int(solar_voltage),
        solar_current=int(amps.solar_a is not None and bool(chargers)),
        effective_v=volts.effective_v,
        charge_v=cvl,
        bms_parameters=int(limits_written or (bms and solar_voltage)),
        max_current=int(multi is None or multi.bol_frame == 1),
    )
