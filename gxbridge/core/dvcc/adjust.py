"""The round of every third second: decide and write."""

from __future__ import annotations

from dataclasses import replace

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.battery import battery_voltage
from gxbridge.core.dvcc.chargers import charge_voltages, network_modes, other_currents, solar_currents
from gxbridge.core.dvcc.current import Currents, dc_loads, system_current
from gxbridge.core.dvcc.decision import Write
from gxbridge.core.dvcc.filters import DC_LOADS_WEIGHT, low_pass
from gxbridge.core.dvcc.firmware import insufficient
from gxbridge.core.dvcc.flags import Flags
from gxbridge.core.dvcc.memory import Memory
from gxbridge.core.dvcc.multi import bms_limits, remainder, without_bms
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.quirks import Told
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.voltage import voltages


def bms_said(scene: Scene, regulator_v: float) -> tuple[float | None, float | None, float]:
    """CVL and CCL after the product's quirk, and the memory of the slow regulator."""
    bms = scene.bms
    if bms is None:
        return None, None, regulator_v
    cvl, ccl = number(bms.items, p.CVL), number(bms.items, p.CCL)
    if cvl is None or scene.quirk.adjust is None:
        return cvl, ccl, regulator_v
    told = scene.quirk.adjust(bms.items, Told(cvl, ccl, regulator_v))
    return told.cvl, told.ccl, told.regulator_v


def user_voltage(scene: Scene, cvl: float | None) -> float | None:
    """The user's limit lowers a BMS's charge voltage; alone it makes none."""
    user = scene.settings.max_voltage_v
    return min(cvl, user) if cvl is not None and user > 0 else cvl


def lost(scene: Scene) -> bool:
    """A charger remembers a BMS, and none is there."""
    if scene.selection.has_bms:
        return False
    return any(device.items.get(p.BMS_PRESENT) == 1 for device in scene.plant.chargers)


def adjust(scene: Scene, memory: Memory) -> tuple[list[Write], Memory]:
    """One full round with DVCC on."""
    multi = scene.multi
    flags = replace(
        memory.flags,
        dvcc=1,
        alarm_firmware=int(bool(insufficient(scene))),
        alarm_multiple=int(scene.selection.bmses > 1),
    )
    if lost(scene):
        return [], replace(
            memory, flags=replace(flags, solar_voltage=0, solar_current=0, effective_v=None, charge_v=None)
        )
    pv_off = memory.pv_disabled_reads > 0
    memory = replace(memory, pv_disabled_reads=max(memory.pv_disabled_reads - 1, 0))
    cvl, ccl, regulator_v = bms_said(scene, memory.regulator_v)
    cvl = user_voltage(scene, cvl)
    voltage = battery_voltage(scene)
    voltage_v = None if voltage is None else voltage.value_v
    draw_a = dc_loads(scene.plant, voltage_v)
    loads_a = memory.dc_loads_a if draw_a is None else low_pass(memory.dc_loads_a, draw_a, DC_LOADS_WEIGHT)
    volts = voltages(cvl, multi, scene.settings, scene.plant.inverters)
    amps = system_current(scene, ccl, None if draw_a is None else loads_a, memory.vebus_a, pv_off)
    writes: list[Write] = []
    smoothed = memory.smoothed
    if volts.effective_v is not None or volts.bms_v is not None or amps.solar_a is not None:
        writes += network_modes(scene, volts, amps)
        writes += charge_voltages(scene, volts)
        writes += solar_currents(scene, amps, smoothed, pv_off)
        writes += other_currents(scene, amps, smoothed)
    rest = remainder(scene, amps.limit_a, smoothed, voltage_v)
    to_multi = bms_limits(scene, cvl, rest)
    unlimited = memory.unlimited
    if scene.bms is None:
        to_multi, unlimited = without_bms(scene, rest, unlimited)
    flags = control_flags(scene, flags, volts.effective_v, volts.vecan_v, cvl, amps)
    return writes + to_multi, replace(
        memory, flags=flags, regulator_v=regulator_v, dc_loads_a=loads_a, unlimited=unlimited
    )


def control_flags(
    scene: Scene, flags: Flags, effective_v: float | None, vecan_v: float | None, cvl: float | None, amps: Currents
) -> Flags:
    """The flags after a round."""
    chargers = scene.plant.chargers
    vecans = scene.plant.of(p.VECAN)
    solar_voltage = (effective_v is not None and bool(chargers)) or (vecan_v is not None and bool(vecans))
    multi = scene.multi
    bms = scene.bms is not None
    limits_written = bms and (multi is not None or bool(scene.plant.inverters))
    return replace(
        flags,
        solar_voltage=int(solar_voltage),
        solar_current=int(amps.solar_a is not None and bool(chargers)),
        effective_v=effective_v,
        charge_v=cvl,
        bms_parameters=int(limits_written or (bms and solar_voltage)),
        max_current=int(multi is None or multi.items.get(p.BOL_FRAME) == 1),
    )
