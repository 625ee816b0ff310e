"""The round of every third second: decide and write, or, after a loss, stop and then be silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gxbridge.core.dvcc.explain.findings import loss_finding, remembered_finding, round_findings
from gxbridge.core.dvcc.explain.limits import charger_limits, multi_limit, same_reason, system_limits
from gxbridge.core.dvcc.limit.bms_limits import listen
from gxbridge.core.dvcc.limit.cap_history import Chronicle
from gxbridge.core.dvcc.limit.caps import ccl_caps, cvl_caps, dcl_caps, led_refusal
from gxbridge.core.dvcc.limit.current import Currents, compensate, counts_loads
from gxbridge.core.dvcc.limit.decision import GONE, Cap, Limit, Write
from gxbridge.core.dvcc.limit.reasons import cap
from gxbridge.core.dvcc.limit.voltage import NO_VOLTAGES, Voltages, voltages
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Scene
from gxbridge.core.dvcc.read.measurements import dc_loads
from gxbridge.core.dvcc.read.old_firmware import insufficient
from gxbridge.core.dvcc.read.services import Device
from gxbridge.core.dvcc.run.flags import Flags
from gxbridge.core.dvcc.run.loss import BmsStanding
from gxbridge.core.dvcc.run.low_pass import DC_LOADS_WEIGHT, low_pass
from gxbridge.core.dvcc.run.memory import Controller, Memory
from gxbridge.core.dvcc.run.update_state import is_on
from gxbridge.core.dvcc.tell.charger_orders import (
    EXTERNAL,
    NETWORKED,
    REMOTE_BMS,
    Told,
    charge_voltages,
    current_writes,
    currents,
    network_modes,
    put,
    untold,
)
from gxbridge.core.dvcc.tell.legacy import legacy
from gxbridge.core.dvcc.tell.multi_orders import (
    bms_limits,
    is_connected,
    left_at_zero,
    remainder,
    stop_charge,
    stop_discharge,
    without_bms,
)


class Round(NamedTuple):
    """What a round writes, and the memory after it (its limits and findings are in there)."""

    writes: list[Write]
    memory: Memory


def full_round(scene: Scene, memory: Memory, now: float, standing: BmsStanding) -> Round:
    """One round, whatever the state: DVCC off, BMS lost, or control."""
    if not is_on(memory.dvcc):
        return off_round(scene, memory, now)
    old = insufficient(scene)
    batteries = int(scene.selection.bmses > 1)
    flags = memory.flags.but(dvcc=1, alarm_firmware=int(bool(old)), alarm_multiple=batteries)
    if scene.options.loss_stops_first:
        state, who, _ = standing
        if who is not None and state in GONE:
            return lost_round(scene, memory, now, flags, who, silent=state == "silent")
    if not remembered(scene):
        return control_round(scene, memory, now, flags, old)
    if not scene.charge_stops:
        return remembered_round(scene, memory, now, flags)
    # A stop is told also to chargers that remember no BMS: they would go on.
    writes, memory = control_round(scene, memory, now, flags, old)
    return Round(writes, memory.but(findings=(remembered_finding(scene, now), *memory.findings)))


def remembered(scene: Scene) -> bool:
    """A charger remembers a BMS, and none is there."""
    if scene.bms is not None or scene.selection.vebus_bms_v2:
        return False
    return any(device.items.get(p.BMS_PRESENT) == 1 for device in scene.plant.chargers)


def off_round(scene: Scene, memory: Memory, now: float) -> Round:
    """DVCC off."""
    writes, flags = legacy(scene, memory.flags)
    limits = same_reason(cap("dvcc-off", None, "A"), scene, untold(scene.plant.chargers, "dvcc-off"))
    if scene.options.no_legacy:
        writes, flags = [], flags.but(solar_voltage=0, solar_current=0)
    return Round(writes, memory.but(adjusted_at=now, flags=flags, limits=tuple(limits), findings=()))


def remembered_round(scene: Scene, memory: Memory, now: float, flags: Flags) -> Round:
    """Nothing is written to any charger; what was published about voltages ends.

    Only the Multi, which keeps what it was told, is let go where wired terminals had stopped it and allow again.
    """
    writes: list[Write] = []
    unlimited = memory.unlimited
    if left_at_zero(scene) or (scene.charge_permits and memory.limited):
        user_a = scene.settings.max_current_a
        writes, unlimited = without_bms(scene, user_a if user_a >= 0 else None, memory.unlimited, memory.limited)
    flags = flags.but(solar_voltage=0, solar_current=0, effective_v=None, charge_v=None)
    limits = same_reason(cap("bms-remembered", None, "A"), scene, untold(scene.plant.chargers, "bms-remembered"))
    found = (remembered_finding(scene, now),)
    memory = memory.but(
        adjusted_at=now,
        flags=flags,
        limits=tuple(limits),
        findings=found,
        unlimited=unlimited,
        limited=memory.limited and not unlimited,
    )
    return Round(writes, memory)


def lost_round(scene: Scene, memory: Memory, now: float, flags: Flags, who: Controller, *, silent: bool) -> Round:
    """0 A for everybody until a minute after the last word, then nothing at all."""
    name = "bms-silent" if silent else "bms-lost"
    flags = flags.but(solar_voltage=0, solar_current=int(silent), bms_parameters=0, effective_v=None, charge_v=None)
    told = untold(scene.plant.chargers, name, 0.0 if silent else None)
    book = Chronicle(now, memory.since)
    reason = book.cap(name, 0.0 if silent else None, "A", who.name, "", bms=who.title)
    memory = memory.but(
        adjusted_at=now,
        flags=flags,
        limits=tuple(same_reason(reason, scene, told)),
        findings=(loss_finding(who, silent, now),),
        since=book.fresh,
    )
    if not silent:
        return Round([], memory)
    mode = NETWORKED | EXTERNAL | REMOTE_BMS
    writes: list[Write] = []
    for device in (*scene.plant.solar_side, *scene.plant.others):
        writes += put(device, p.NETWORK_MODE, mode)
    writes += current_writes(told)
    memory = memory.but(charge_told_at=now if writes else memory.charge_told_at)
    writes += stop_charge(scene)
    if scene.options.discharge_on_loss == "stop":
        writes += stop_discharge(scene)
    return Round(writes, memory)


def control_round(scene: Scene, memory: Memory, now: float, flags: Flags, old: Sequence[Device]) -> Round:
    """Decide and write; `old` are the devices whose firmware is too old."""
    book = Chronicle(now, memory.since)
    said = listen(scene, memory.regulator_v)
    voltage_v = scene.voltage_v
    cvl = cvl_caps(scene, said, book, voltage_v)
    volts = NO_VOLTAGES
    refused: Cap | None = cvl.caps[0]
    if not cvl.refused:
        volts = voltages(cvl.value, scene.multi, scene.settings, scene.plant.inverters)
        led = led_refusal(scene, volts.effective_v, book, voltage_v)
        volts, refused = (volts, None) if led is None else (NO_VOLTAGES, led)
    charge = ccl_caps(scene, said, book, memory.gave, refused)
    discharge = dcl_caps(scene, said, book, memory.gave)
    speaks = volts.effective_v is not None or charge.limit.value is not None
    pv_off = speaks and memory.pv_disabled_reads > 0
    draw_a = dc_loads(scene.plant, voltage_v) if scene.options.fresh_values else memory.shown.dc_loads_a
    loads_a = memory.dc_loads_a
    if draw_a is not None and counts_loads(scene, charge.limit.value):
        loads_a = low_pass(loads_a, draw_a, DC_LOADS_WEIGHT)
    amps = compensate(scene, charge, None if draw_a is None else loads_a, memory.vebus_a, pv_off)
    told, writes = tell_chargers(scene, memory, volts, amps, pv_off)
    told_anybody = bool(writes)
    rest = remainder(scene, amps.limit_a, memory.smoothed, voltage_v)
    if scene.bms is None:
        multi_writes, unlimited = without_bms(scene, rest, memory.unlimited, memory.limited)
    else:
        multi_writes = bms_limits(scene, cvl.value, rest, discharge, said.low_v)
        raised = any(write.path == p.MULTI_CHARGE_CURRENT for write in multi_writes)
        unlimited = memory.unlimited and not raised and scene.multi is not None and is_connected(scene.multi)
    limits: list[Limit] = [
        *system_limits(cvl, charge.limit, discharge, amps.terms, memory.limits),
        *charger_limits(told, charge.limit, amps.terms, {device.name for device in old}),
        multi_limit(scene, rest, charge.limit, amps),
    ]
    found = tuple(round_findings(scene, charge.limit, discharge, amps, told, old, refused, now))
    renewed = scene.bms is not None and scene.multi is not None and not discharge.refused
    memory = memory.but(
        adjusted_at=now,
        flags=control_flags(scene, flags, volts, cvl.value, amps),
        pv_disabled_reads=max(memory.pv_disabled_reads - speaks, 0),
        regulator_v=said.regulator_v,
        dc_loads_a=loads_a,
        unlimited=unlimited,
        limited=rest is not None or (memory.limited and not unlimited),
        limits=tuple(limits),
        findings=found,
        since=book.fresh,
        charge_told_at=now if told_anybody else memory.charge_told_at,
        discharge_told_at=now if renewed else memory.discharge_told_at,
    )
    return Round(writes + multi_writes, memory)


def tell_chargers(
    scene: Scene, memory: Memory, volts: Voltages, amps: Currents, pv_off: bool
) -> tuple[list[Told], list[Write]]:
    """Modes, voltages and currents, when there is a voltage or a current to say."""
    if volts.effective_v is None and volts.bms_v is None and amps.solar_a is None:
        return untold(scene.plant.chargers, "nothing-to-say"), []
    told, extra = currents(scene, amps, memory.smoothed, pv_off)
    writes = network_modes(scene, volts, amps, scene.selection.has_bms)
    writes += charge_voltages(scene, volts)
    return told, writes + current_writes(told) + extra


def control_flags(scene: Scene, flags: Flags, volts: Voltages, cvl: float | None, amps: Currents) -> Flags:
    """The flags after a round."""
    chargers, vecans, multi = scene.plant.chargers, scene.plant.of(p.VECAN), scene.multi
    solar_voltage = (volts.effective_v is not None and bool(chargers)) or (volts.vecan_v is not None and bool(vecans))
    bms = scene.bms is not None
    limits_written = bms and (multi is not None or bool(scene.plant.inverters))
    return flags.but(
        solar_voltage=int(solar_voltage),
        solar_current=int(amps.solar_a is not None and bool(chargers)),
        effective_v=volts.effective_v,
        charge_v=cvl,
        bms_parameters=int(limits_written or (bms and solar_voltage)),
        max_current=int(multi is None or multi.items.get(p.BOL_FRAME) == 1),
    )
