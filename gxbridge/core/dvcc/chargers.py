"""What the chargers are told: network mode, charge voltage, charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed; the strict rules are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.current import Currents
from gxbridge.core.dvcc.decision import Write
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import Device
from gxbridge.core.dvcc.sharing import Sharer, strict_share, vendor_share
from gxbridge.core.dvcc.voltage import Voltages, feeds_in

NETWORKED: Final = 1
EXTERNAL: Final = 4
REMOTE_BMS: Final = 8
"""Bits of `/Link/NetworkMode`."""


SUN: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER})
"""The kinds on the solar side."""
UNTOLD: Final = frozenset({"no-path", "no-setting"})
"""Chargers that charge this battery without being told a current: theirs counts against the limit."""


class Told(NamedTuple):
    """What one charger is told (A; None: nothing) and the name of the reason.

    `system_a`: the limit it is a share of; `extra_a`: what a feeding Multi RS adds to it.
    """

    device: Device
    current_a: float | None
    why: str
    system_a: float | None = None
    extra_a: float = 0.0


def put(device: Device, path: str, value: float | None) -> list[Write]:
    """A write, if the service has such an item."""
    return [Write(device.name, path, value)] if path in device.items else []


def network_modes(scene: Scene, volts: Voltages, amps: Currents, has_bms: bool) -> list[Write]:
    """External control for every charger, with the BMS bit when one controls; vecan never hears of a BMS alone."""
    mode = NETWORKED | EXTERNAL | (REMOTE_BMS if has_bms else 0)
    plain = NETWORKED | (EXTERNAL if amps.solar_a is not None else 0)
    writes = [
        Write(device.name, p.NETWORK_MODE, mode)
        for device in (*scene.plant.solar_side, *scene.plant.others)
        if p.NETWORK_MODE in device.items
    ]
    for vecan in scene.plant.of(p.VECAN):
        writes += put(vecan, p.NETWORK_MODE, plain if volts.vecan_v is None else mode)
    return writes


def charge_voltages(scene: Scene, volts: Voltages) -> list[Write]:
    """The effective voltage for the solar side off VE.Can, vecan its own, the BMS's for alternators and gensets."""
    writes: list[Write] = []
    if volts.effective_v is not None:
        for device in scene.plant.solar_side:
            if p.CHARGE_VOLTAGE in device.items and not device.on_vecan:
                writes.append(Write(device.name, p.CHARGE_VOLTAGE, volts.effective_v))
    if volts.vecan_v is not None:
        for vecan in scene.plant.of(p.VECAN):
            writes += put(vecan, p.CHARGE_VOLTAGE, volts.vecan_v)
    if volts.bms_v is not None:
        for device in (*scene.plant.others, *scene.plant.gensets):
            writes += put(device, p.CHARGE_VOLTAGE, volts.bms_v)
    return writes


def own_limit(device: Device) -> float | None:
    """The most a charger may by its own setting."""
    return number(device.items, p.CHARGE_LIMIT_SETTING)


def hindrance(device: Device) -> str:
    """Why a charger of the solar side cannot be told a current; "" when it can."""
    limit = own_limit(device)
    if limit is None:
        return "no-setting"
    if device.items.get(p.N2K_INSTANCE, 0) not in (0, None):
        return "other-network"
    if device.kind == p.SOLAR:
        return "off" if device.items.get(p.STATE) == 0 else ""
    return "" if limit > 0 else "off"


def currents(
    scene: Scene, amps: Currents, smoothed: Mapping[str, float], pv_off: bool
) -> tuple[list[Told], list[Write]]:
    """What every charger is told, and writes to a Multi RS that come with it."""
    if scene.options.stop_means_zero and amps.stop:
        return [Told(device, 0.0, "stopped") for device in scene.plant.chargers], []
    rs = feeding_system(scene)
    feeding = feeds_in(scene.multi, scene.settings) and not pv_off
    if scene.options.strict_sharing and amps.solar_a is not None and rs is None and not feeding:
        return strict_currents(scene, amps.solar_a, smoothed), []
    told, writes = solar_currents(scene, amps, smoothed, pv_off, rs, feeding)
    return told + other_currents(scene, amps, smoothed), writes


def vendor_sharers(devices: Sequence[Device], smoothed: Mapping[str, float]) -> list[Sharer]:
    """Chargers as the vendor's sharing rule sees them; one that was never told anything counts with its own limit."""
    sharers = []
    for device in devices:
        limit = own_limit(device) or 0.0
        told = number(device.items, p.CHARGE_CURRENT)
        sharers.append(Sharer(smoothed.get(device.name, 0.0), limit, limit if told is None else told))
    return sharers


def shared(
    scene: Scene, devices: Sequence[Device], limit_a: float, smoothed: Mapping[str, float], extra_a: float = 0.0
) -> list[Told]:
    """A limit over devices of the solar side that can be told."""
    sharers = vendor_sharers(devices, smoothed)
    rule = strict_share if scene.options.strict_sharing else vendor_share
    return [
        Told(device, clamp(device, current), "share", limit_a, extra_a)
        for device, current in zip(devices, rule(limit_a, sharers) if sharers else (), strict=True)
    ]


def clamp(device: Device, current_a: float) -> float:
    """Never beyond the charger's own setting, never below 0."""
    limit = own_limit(device)
    return max(current_a if limit is None else min(current_a, limit), 0.0)


def at_most(devices: Sequence[Device], why: str) -> list[Told]:
    """Every charger its own setting."""
    return [Told(device, clamp(device, own_limit(device) or 0.0), why) for device in devices]


def solar_currents(
    scene: Scene,
    amps: Currents,
    smoothed: Mapping[str, float],
    pv_off: bool,
    rs: Device | None,
    feeding: bool,
) -> tuple[list[Told], list[Write]]:
    """The solar side as the vendor does it."""
    hindered = [(device, hindrance(device)) for device in scene.plant.solar_side]
    silent = [Told(device, None, why) for device, why in hindered if why]
    devices = [device for device, why in hindered if not why]
    if not devices:
        return silent, []
    if amps.stop:
        return [Told(device, 0.0, "stopped") for device in devices] + silent, []
    if amps.solar_a is None:
        return at_most(devices, "no-limit") + silent, []
    if rs is not None:
        told, writes = rs_currents(scene, rs, devices, amps.solar_a, smoothed, pv_off)
        return told + silent, writes
    if feeding:
        return at_most(devices, "feed-in") + silent, []
    return shared(scene, devices, amps.solar_a, smoothed) + silent, []


def feeding_system(scene: Scene) -> Device | None:
    """A Multi RS system that may feed in and says how much its battery side can take."""
    for system in scene.plant.of(p.ACSYSTEM):
        if (
            number(system.items, p.DEVICE_INSTANCE) == 0
            and number(system.items, p.NO_FEED_IN) == 0
            and number(system.items, p.DISCHARGE_CAPACITY) is not None
        ):
            return system
    return None


def rs_currents(
    scene: Scene,
    rs: Device,
    devices: Sequence[Device],
    limit_a: float,
    smoothed: Mapping[str, float],
    pv_off: bool,
) -> tuple[list[Told], list[Write]]:
    """Solar chargers may make what the RS can push out on top of the limit; the RS is told the excess."""
    capacity = max(number(rs.items, p.DISCHARGE_CAPACITY) or 0.0, 0.0)
    solar = [device for device in devices if device.kind == p.SOLAR]
    inverters = [device for device in devices if device.kind != p.SOLAR]
    told = shared(scene, solar, 0.0 if pv_off else limit_a + capacity, smoothed, 0.0 if pv_off else capacity)
    made = sum(smoothed.get(device.name, 0.0) for device in solar)
    told += shared(scene, inverters, max(limit_a - made, 0.0), smoothed)
    excess = 0.0 if pv_off else min(max(round(made - limit_a, 1), 0.0), capacity)
    return told, put(rs, p.DISCHARGE_SETPOINT, excess)


def other_currents(scene: Scene, amps: Currents, smoothed: Mapping[str, float]) -> list[Told]:
    """Alternators and DC/DC chargers get what the sun leaves, by their size; gensets are told no current."""
    plant = scene.plant
    told = [Told(device, None, "genset") for device in plant.gensets]
    told += [Told(device, None, "no-setting") for device in plant.others if own_limit(device) is None]
    devices = [device for device in plant.others if own_limit(device) is not None and p.CHARGE_CURRENT in device.items]
    if amps.solar_a is None:
        return at_most(devices, "no-limit") + told
    rest = max(amps.solar_a - solar_sum(scene, smoothed), 0.0)
    capacity = sum(own_limit(device) or 0.0 for device in devices)
    part = rest / capacity if capacity > 0 else 0.0
    return [
        Told(device, clamp(device, part * (own_limit(device) or 0.0)), "rest", amps.solar_a) for device in devices
    ] + told


def strict_currents(scene: Scene, limit_a: float, smoothed: Mapping[str, float]) -> list[Told]:
    """All chargers together are told at most the limit, less what those make that cannot be told."""
    told: list[Told] = []
    devices: list[Device] = []
    sharers: list[Sharer] = []
    for device in scene.plant.chargers:
        first = device.kind in SUN
        why = strict_hindrance(device, first)
        actual = smoothed.get(device.name, 0.0) if first else number(device.items, p.CURRENT) or 0.0
        if not why:
            devices.append(device)
            sharers.append(Sharer(actual, own_limit(device) or 0.0, 0.0, first, device.items.get(p.STATE) != 0))
        else:
            told.append(Told(device, None, why))
            limit_a -= max(actual, 0.0) if why in UNTOLD else 0.0
    shares = strict_share(limit_a, sharers)
    return [
        Told(device, share, "share" if s.awake else "asleep", max(limit_a, 0.0))
        for device, share, s in zip(devices, shares, sharers, strict=True)
    ] + told


def strict_hindrance(device: Device, first: bool) -> str:
    """Why the strict rule cannot tell a charger a current; one that is off is told something."""
    if p.CHARGE_CURRENT not in device.items:
        return "no-path"
    if own_limit(device) is None:
        return "no-setting"
    return "other-network" if first and device.items.get(p.N2K_INSTANCE, 0) not in (0, None) else ""


def current_writes(told: Sequence[Told]) -> list[Write]:
    """The writes for what the chargers are told."""
    return [
        Write(t.device.name, p.CHARGE_CURRENT, t.current_a)
        for t in told
        if t.current_a is not None and p.CHARGE_CURRENT in t.device.items
    ]


def solar_sum(scene: Scene, smoothed: Mapping[str, float]) -> float:
    """What the solar side makes (A, smoothed)."""
    return sum(smoothed.get(device.name, 0.0) for device in scene.plant.solar_side)
