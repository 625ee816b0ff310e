"""One decision: what is known and remembered in, what to write and why out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.adjust import adjust, bms_said, user_voltage
from gxbridge.core.dvcc.battery import Voltage, battery_voltage
from gxbridge.core.dvcc.chargers import charge_voltages, put
from gxbridge.core.dvcc.decision import Decision, Write
from gxbridge.core.dvcc.filters import advance, advance_vebus, begin
from gxbridge.core.dvcc.legacy import legacy
from gxbridge.core.dvcc.memory import Memory, Stored, Timer
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.quirks import Forced, force, forced_of
from gxbridge.core.dvcc.scene import Scene, bms_identity, look
from gxbridge.core.dvcc.sense import current_sense, receivers, temperature_sense, temperature_sensor, voltage_sense
from gxbridge.core.dvcc.settings import ON
from gxbridge.core.dvcc.snapshot import Arrivals, Snapshot
from gxbridge.core.dvcc.voltage import Voltages, hub_voltage, voltages
from gxbridge.core.items import Value

ROUND_S: Final = 3
"""Every so many seconds: adjust, shared voltage and current."""
TEMPERATURE_S: Final = 9
"""Every so many seconds: shared temperature, first in the first round."""
EARLY_S: Final = 0.25
"""A second that is this near is due: callers' clocks jitter."""
LATE_S: Final = 2.0
"""A clock that is more behind than this starts afresh instead of catching up."""
PV_DISABLE_READS: Final = 20
"""How many adjusts a request to disable PV lasts."""


def decide(snapshot: Snapshot, memory: Memory, now: float, arrivals: Arrivals = ()) -> tuple[Decision, Memory]:
    """Decide at `now` (monotonic seconds). Call it every whole second, and at once with what arrived in between.

    A call without `arrivals` lets the due timers act: low passes each second, sense and the adjust every third. A call
    with `arrivals` only looks at what cannot wait. Carry the returned memory into the next call. Never raises.
    """
    scene = look(snapshot)
    before = memory.bms
    memory = observe(scene, snapshot, memory, now)
    writes: list[Write] = []
    for service, path in arrivals:
        if path == p.CVL and before is not None and service == before[0]:
            writes += quick(scene, memory, service)
        elif path == p.PV_DISABLE and service == p.SYSTEM:
            wanted = number(snapshot.services.get(p.SYSTEM, {}), p.PV_DISABLE)
            memory = replace(memory, pv_disabled_reads=PV_DISABLE_READS if wanted == 1 else 0)
    memory, second = tick_control(memory, now)
    if second is not None:
        memory = replace(
            memory,
            smoothed=advance(memory.smoothed, scene.plant.solar_side),
            vebus_a=advance_vebus(memory.vebus_a, scene.plant, scene.multi),
        )
    memory, sense_second = tick_sense(memory, now)
    if sense_second is not None:
        more, memory = sense(scene, memory, sense_second)
        writes += more
    adjusted = second is not None and second % ROUND_S == 0
    if adjusted:
        if dvcc_on(memory):
            more, memory = adjust(scene, memory)
        else:
            more, flags = legacy(scene, memory.flags)
            memory = replace(memory, flags=flags)
        writes += more
    return Decision(writes=tuple(writes), published=published(scene, memory), adjusted=adjusted), memory


def due(timer: Timer, now: float) -> Timer | None:
    """The timer after its next whole second, None when that is not yet."""
    if now < timer.due_at - EARLY_S:
        return None
    next_at = timer.due_at + 1 if now < timer.due_at + LATE_S else now + 1
    return Timer(next_at, timer.count + 1)


def tick_control(memory: Memory, now: float) -> tuple[Memory, int | None]:
    """The control loop's second, if one is due."""
    timer = None if memory.control is None else due(memory.control, now)
    return (memory, None) if timer is None else (replace(memory, control=timer), timer.count)


def tick_sense(memory: Memory, now: float) -> tuple[Memory, int | None]:
    """Shared sense's second, if one is due."""
    timer = None if memory.sense is None else due(memory.sense, now)
    return (memory, None) if timer is None else (replace(memory, sense=timer), timer.count)


def observe(scene: Scene, snapshot: Snapshot, memory: Memory, now: float) -> Memory:
    """What is remembered from merely looking: who is there, which BMS controls, what it forces."""
    identity = bms_identity(scene)
    dvcc = stored(memory.dvcc, scene.settings.dvcc)
    svs = stored(memory.svs, scene.settings.svs)
    sts = stored(memory.sts, scene.settings.sts)
    flags = memory.flags
    if memory.bms is None:
        flags = replace(flags, dvcc=scene.settings.dvcc & ON)
    if identity != memory.bms:
        forced: Forced = forced_of(identity[1])
        dvcc = dvcc._replace(value=force(dvcc.value, forced.dvcc))
        svs = svs._replace(value=force(svs.value, forced.svs))
        sts = sts._replace(value=force(sts.value, forced.sts))
    control = memory.control
    if control is None and (scene.plant.chargers or scene.plant.of(p.BATTERY)):
        control = Timer(now + 1)
    return replace(
        memory,
        control=control,
        sense=memory.sense or Timer(now + 1),
        smoothed=begin(memory.smoothed, scene.plant.solar_side),
        flags=flags,
        bms=identity,
        dvcc=dvcc,
        svs=svs,
        sts=sts,
    )


def stored(known: Stored | None, raw: int) -> Stored:
    """A setting that was changed by somebody holds as it is; otherwise what the BMS made of it holds."""
    return known if known is not None and known.raw == raw else Stored(raw, raw)


def dvcc_on(memory: Memory) -> bool:
    """Is DVCC on, by setting or by force?"""
    return memory.dvcc is not None and bool(memory.dvcc.value & ON)


def quick(scene: Scene, memory: Memory, service: str) -> list[Write]:
    """A charge voltage of a quick BMS is passed on at once: voltages only."""
    bms = scene.bms
    if not dvcc_on(memory):
        return []
    if bms is not None and bms.name == service:
        if not scene.quirk.quick:
            return []
        cvl = user_voltage(scene, bms_said(scene, memory.regulator_v)[0])
        volts = voltages(cvl, scene.multi, scene.settings, scene.plant.inverters)
        writes = charge_voltages(scene, volts)
        return writes if scene.multi is None else writes + put(scene.multi, p.BOL_CHARGE_VOLTAGE, cvl)
    hub = hub_voltage(scene.multi)
    volts = voltages(None, scene.multi, scene.settings, ()) if hub is not None else Voltages(None, None, None)
    return charge_voltages(scene, volts)


def sense(scene: Scene, memory: Memory, second: int) -> tuple[list[Write], Memory]:
    """Shared sense of one second."""
    sensor = temperature_sensor(scene)
    earlier, known = memory.sensors
    memory = replace(memory, sensors=(known, "" if sensor is None else sensor.name))
    if second % ROUND_S:
        return [], memory
    on = dvcc_on(memory)
    voltage: Voltage | None = battery_voltage(scene)
    svs = on and bool((memory.svs.value if memory.svs else 0) & ON)
    volts = voltage_sense(scene, voltage, svs)
    writes = volts.writes
    amps, state = current_sense(scene, on and bool(scene.settings.scs & ON), memory.flags.solar_voltage == 1)
    writes += amps
    flags = replace(memory.flags, multi_sense=volts.multi, voltage_sense=volts.others, current_sense=state)
    if second % TEMPERATURE_S == ROUND_S:
        sts = on and bool((memory.sts.value if memory.sts else 0) & ON)
        used = next((d for ds in scene.plant.by_kind.values() for d in ds if d.name == earlier), None)
        temperature, state = temperature_sense(scene, used if sts else None, memory.sense_receivers)
        writes += temperature
        flags = replace(flags, temperature_sense=state)
    present = [*receivers(scene), *scene.plant.of(p.VECAN), *([scene.multi] if scene.multi else [])]
    return writes, replace(memory, flags=flags, sense_receivers=frozenset(d.name for d in present))


def published(scene: Scene, memory: Memory) -> Mapping[str, Value]:
    """What com.victronenergy.system would show."""
    flags = memory.flags
    bms, monitor, multi = scene.bms, scene.selection.monitor, scene.multi
    voltage = battery_voltage(scene)
    return {
        p.ACTIVE_BMS: None if bms is None else bms.name,
        p.ACTIVE_BMS_INSTANCE: None if bms is None else int(bms.instance),
        p.CONTROL_DVCC: flags.dvcc,
        p.CONTROL_SOLAR_VOLTAGE: flags.solar_voltage,
        p.CONTROL_SOLAR_CURRENT: flags.solar_current,
        p.CONTROL_EFFECTIVE_VOLTAGE: flags.effective_v,
        p.CONTROL_BMS_PARAMETERS: flags.bms_parameters,
        p.CONTROL_MAX_CURRENT: flags.max_current,
        p.CONTROL_MULTI_SENSE: flags.multi_sense,
        p.CONTROL_VOLTAGE_SENSE: flags.voltage_sense,
        p.CONTROL_TEMPERATURE_SENSE: flags.temperature_sense,
        p.CONTROL_CURRENT_SENSE: flags.current_sense,
        p.BATTERY_SERVICE: None if monitor is None else monitor.name,
        p.BATTERY_CHARGE_VOLTAGE: flags.charge_v,
        p.BATTERY_VOLTAGE: None if voltage is None else voltage.value_v,
        p.ALARM_FIRMWARE: flags.alarm_firmware,
        p.ALARM_MULTIPLE: flags.alarm_multiple,
        p.VEBUS_SERVICE: None if multi is None else multi.name,
    }
