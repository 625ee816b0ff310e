"""Shared voltage, current and temperature sense.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final, NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.battery import Voltage
from gxbridge.core.dvcc.chargers import put
from gxbridge.core.dvcc.decision import BmsState, Write
from gxbridge.core.dvcc.fast import make
from gxbridge.core.dvcc.memory import Memory, Timer
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.observe import is_on
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import ON_VECAN, Device, kind_of
from gxbridge.core.dvcc.settings import DEFAULT_TEMPERATURE, ON
from gxbridge.core.dvcc.voltage import has_ess

ROUND_S: Final = 3
"""Every so many seconds: shared voltage and current."""
TEMPERATURE_S: Final = 9
"""Every so many seconds: shared temperature, first in the first round."""
NO_SENSOR: Final = "nosensor"

CURRENT_OFF, CURRENT_EXTERNAL, CURRENT_NOBODY, CURRENT_NO_MONITOR, CURRENT_ACTIVE = range(5)
"""States of shared current sense: off, not under external control, nobody listens, no battery monitor, active."""


class VoltageSense(NamedTuple):
    """The writes, and who got any: the Multi, anybody else."""

    writes: list[Write]
    multi: int
    others: int


def may_go_to_vecan(source: Device) -> bool:
    """A VE.Can device that is not a battery tells VE.Can by itself."""
    return source.kind == p.BATTERY or not source.on_vecan


def voltage_sense(scene: Scene, voltage: Voltage | None, svs_on: bool) -> VoltageSense:
    """The battery voltage to the Multi and the chargers; with ESS the Multi's own voltage to the chargers."""
    multi = scene.multi
    writes: list[Write] = []
    to_multi = 0
    source = voltage
    if not svs_on or (voltage is not None and not voltage.shared):
        source = None
    if source is not None and multi is not None and takes_voltage(multi, source.source):
        writes += put(multi, p.MULTI_VOLTAGE_SENSE, source.value_v)
        to_multi = int(bool(writes))
    if multi is not None and has_ess(multi):
        own = number(multi.items, p.VOLTAGE)
        source = None if own is None else Voltage(own, multi, True)
    others = to_chargers(scene, source, p.VOLTAGE_SENSE) if source is not None else []
    return VoltageSense(writes + others, to_multi, int(bool(others)))


def takes_voltage(multi: Device, source: Device) -> bool:
    """Can the Multi use a sensed voltage, and is it not its own?"""
    return multi.name != source.name and multi.items.get(p.SENSE_FEATURE) == 1


def to_chargers(scene: Scene, source: Voltage, path: str) -> list[Write]:
    """A sensed value to every charger but its source, and to vecan where that makes sense."""
    writes = [
        make(Write, (name, path, source.value_v))
        for name, _, items, _ in scene.plant.chargers
        if path in items and name != source.source.name
    ]
    if may_go_to_vecan(source.source):
        for vecan in scene.plant.of(p.VECAN):
            writes += put(vecan, path, source.value_v)
    return writes


def current_sense(scene: Scene, scs_on: bool, external: bool) -> tuple[list[Write], int]:
    """The battery current for tail-current logic, and the state."""
    if not scs_on:
        return [], CURRENT_OFF
    if has_ess(scene.multi) or external:
        return [], CURRENT_EXTERNAL
    monitor = scene.selection.monitor
    if monitor is None or monitor.kind != p.BATTERY:
        return [], CURRENT_NO_MONITOR
    current = number(monitor.items, p.CURRENT)
    if current is None:
        return [], CURRENT_NO_MONITOR
    writes = [
        Write(device.name, p.BATTERY_CURRENT, current)
        for device in scene.plant.chargers
        if p.BATTERY_CURRENT in device.items
    ]
    if monitor.items.get(p.CONNECTION) != ON_VECAN:
        for vecan in scene.plant.of(p.VECAN):
            writes += put(vecan, p.BATTERY_CURRENT, current)
    return writes, CURRENT_ACTIVE if writes else CURRENT_NOBODY


def temperature_sensor(scene: Scene) -> Device | None:
    """The service whose temperature is shared."""
    choice = scene.settings.temperature
    if choice == NO_SENSOR:
        return None
    if choice == DEFAULT_TEMPERATURE:
        monitor = scene.selection.monitor
        return None if monitor is None or number(monitor.items, p.TEMPERATURE) is None else monitor
    kind, _, rest = choice.removeprefix(p.PREFIX).partition("/")
    instance = rest.partition("/")[0]
    return next((d for d in scene.plant.of(kind) if str(int(d.instance)) == instance), None)


def temperature_sense(scene: Scene, sensor: Device | None, known: Set[str]) -> tuple[list[Write], int]:
    """The battery temperature to chargers, Multi and vecan; and whether anybody got it."""
    if sensor is None:
        return [], 0
    value = number(sensor.items, p.TEMPERATURE)
    if value is None:
        return [], 0
    writes: list[Write] = []
    for device in scene.plant.chargers:
        if device.name in known and device.name != sensor.name:
            writes += put(device, p.TEMPERATURE_SENSE, value)
    if may_go_to_vecan(sensor):
        for vecan in scene.plant.of(p.VECAN):
            if vecan.name in known:
                writes += put(vecan, p.TEMPERATURE_SENSE, value)
    multi = scene.multi
    if multi is not None and multi.name in known and multi.name != sensor.name:
        writes += put(multi, p.MULTI_TEMPERATURE_SENSE, value)
    return writes, int(bool(writes))


class SenseRound(NamedTuple):
    """What a second of shared sense writes, and the memory after it."""

    writes: list[Write]
    memory: Memory


def share_sense(scene: Scene, memory: Memory, timer: Timer, bms: BmsState) -> SenseRound:
    """Shared sense of one second: every third voltage and current, every ninth temperature."""
    sensor = temperature_sensor(scene)
    earlier, known = memory.sensors
    sensors = (known, "" if sensor is None else sensor.name)
    # After the loss of a BMS nothing at all is written any more.
    if timer.seconds % ROUND_S or (bms == "lost" and scene.options.loss_stops_first):
        return SenseRound([], memory.but(sense=timer, sensors=sensors))
    dvcc_on = is_on(memory.dvcc)
    volts = voltage_sense(scene, scene.voltage, dvcc_on and is_on(memory.svs))
    scs_on = dvcc_on and bool(scene.settings.scs & ON)
    amps, state = current_sense(scene, scs_on, memory.flags.solar_voltage == 1)
    writes = volts.writes + amps
    flags = memory.flags._replace(multi_sense=volts.multi, voltage_sense=volts.others, current_sense=state)
    if timer.seconds % TEMPERATURE_S == ROUND_S:
        used = scene.plant.named(earlier, kind_of(earlier)) if dvcc_on and is_on(memory.sts) else None
        temperature, state = temperature_sense(scene, used, memory.sense_receivers)
        writes += temperature
        flags = flags._replace(temperature_sense=state)
    present = [*scene.plant.chargers, *scene.plant.of(p.VECAN), *([] if scene.multi is None else [scene.multi])]
    names = frozenset(device.name for device in present)
    return SenseRound(writes, memory.but(sense=timer, sensors=sensors, flags=flags, sense_receivers=names))
