"""Shared voltage, current and temperature sense.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from gxbridge.core.dvcc.limit.voltage import has_ess
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Device, kind_of
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.measurements import Measurements, fits, read_measurements
from gxbridge.core.dvcc.run.decision import BmsState
from gxbridge.core.dvcc.run.memory import Memory, Timer
from gxbridge.core.dvcc.run.timers import ROUND_S
from gxbridge.core.dvcc.run.update_state import is_on
from gxbridge.core.dvcc.tell.write import Write, put, tell_all
from gxbridge.core.model.named_tuple import NamedTuple

TEMPERATURE_S: Final = 9
"""Every so many seconds: shared temperature, first in the fourth round."""

CURRENT_OFF, CURRENT_EXTERNAL, CURRENT_NOBODY, CURRENT_NO_MONITOR, CURRENT_ACTIVE = range(5)
"""States of shared current sense: off, not under external control, nobody listens, no battery monitor, active."""


class VoltageSense(NamedTuple):
    """The writes, and who got any: the Multi, anybody else."""

    writes: list[Write]
    multi: int
    others: int


def vecans_for(inputs: Inputs, source: str) -> list[Device]:
    """The vecan services, but not for what a VE.Can device tells VE.Can by itself: that is no battery, and is there."""
    tells = kind_of(source) != p.BATTERY and on_vecan(inputs, source)
    return [] if tells else inputs.installation.of(p.VECAN)


def on_vecan(inputs: Inputs, source: str) -> bool:
    """Is the source on VE.Can, and still there?"""
    device = inputs.installation.named(source, kind_of(source))
    return device is not None and device.on_vecan


def voltage_sense(inputs: Inputs, seen: Measurements, svs_on: bool) -> VoltageSense:
    """The battery voltage to the Multi and the chargers; with ESS the Multi's own voltage to the chargers."""
    value, source, multi = seen.voltage_v, seen.source, inputs.installation.multi(seen.multi)
    if value is None or not source:
        return VoltageSense([], 0, 0)
    writes: list[Write] = []
    to_multi = 0
    share = svs_on and seen.shared
    if share and multi is not None and multi.name != source and multi.sense_feature == 1:
        writes += put(multi, p.MULTI_VOLTAGE_SENSE, value)
        to_multi = 1
    if multi is not None and has_ess(inputs.multi):
        value, source = multi.voltage_v, multi.name
        share = source not in inputs.disputed and value is not None and fits(inputs, value)
    if not share or value is None:
        return VoltageSense(writes, to_multi, 0)
    names = tuple([name for name in inputs.installation.takers.senses if name != source])
    others = [*tell_all(names, p.VOLTAGE_SENSE, value)]
    vecans = vecans_for(inputs, source)
    for vecan in vecans:
        others += put(vecan, p.VOLTAGE_SENSE, value)
    return VoltageSense(writes + others, to_multi, int(bool(others or vecans)))


def listeners(inputs: Inputs) -> Iterator[Device]:
    """Whom shared sense may help: solar chargers, every inverter that has the paths, alternators and DC/DC chargers."""
    plant = inputs.installation
    return chain(plant.solar, plant.of(p.INVERTER), plant.others)


def current_sense(inputs: Inputs, seen: Measurements, scs_on: bool, external: bool) -> tuple[list[Write], int]:
    """The battery current for tail-current logic, and the state."""
    if not scs_on:
        return [], CURRENT_OFF
    if has_ess(inputs.multi) or external:
        return [], CURRENT_EXTERNAL
    if seen.current_a is None:
        return [], CURRENT_NO_MONITOR
    writes = [
        Write(device.name, p.BATTERY_CURRENT, seen.current_a)
        for device in listeners(inputs)
        if p.BATTERY_CURRENT in device.paths
    ]
    vecans = [] if on_vecan(inputs, seen.monitor) else inputs.installation.of(p.VECAN)
    for vecan in vecans:
        writes += put(vecan, p.BATTERY_CURRENT, seen.current_a)
    return writes, CURRENT_ACTIVE if writes or vecans else CURRENT_NOBODY


def temperature_sense(inputs: Inputs, seen: Measurements) -> tuple[list[Write], int]:
    """The battery temperature, and whether there was anybody to tell it to: with the path for it or without.

    Solar chargers get it only after they were told a network mode.
    """
    sensor, value = seen.sensor, seen.temperature_c
    if value is None:
        return [], 0
    plant = inputs.installation
    asked = [charger for charger in plant.solar if charger.network_mode is not None]
    possible: Iterator[Device] = chain(asked, plant.of(p.INVERTER), plant.others, vecans_for(inputs, sensor))
    receivers = [device for device in possible if device.name != sensor]
    writes: list[Write] = []
    for device in receivers:
        writes += put(device, p.TEMPERATURE_SENSE, value)
    multi = inputs.installation.multi(seen.multi)
    if multi is not None and multi.name != sensor:
        writes += put(multi, p.MULTI_TEMPERATURE_SENSE, value)
    return writes, int(bool(receivers or writes))


class SenseRound(NamedTuple):
    """What a second of shared sense writes, and the memory after it."""

    writes: list[Write]
    memory: Memory


def share_sense(inputs: Inputs, memory: Memory, timer: Timer, bms: BmsState) -> SenseRound:
    """Shared sense of one second: every third voltage and current, every ninth temperature."""
    memory = memory.but(sense=timer)
    # After the loss of a BMS nothing at all is written any more.
    if timer.seconds % ROUND_S or (bms == "lost" and inputs.options.loss_stops_first):
        return SenseRound([], memory)
    seen = read_measurements(inputs) if inputs.options.fresh_values else memory.shown
    dvcc_on = is_on(memory.dvcc)
    volts = voltage_sense(inputs, seen, dvcc_on and is_on(memory.svs))
    scs_on = dvcc_on and inputs.settings.scs
    amps, state = current_sense(inputs, seen, scs_on, memory.flags.solar_voltage == 1)
    writes = volts.writes + amps
    flags = memory.flags.but(multi_sense=volts.multi, voltage_sense=volts.others, current_sense=state)
    if timer.seconds > ROUND_S and timer.seconds % TEMPERATURE_S == ROUND_S:
        temperature, state = temperature_sense(inputs, seen) if dvcc_on and is_on(memory.sts) else ([], 0)
        writes += temperature
        flags = flags.but(temperature_sense=state)
    return SenseRound(writes, memory.but(flags=flags))
