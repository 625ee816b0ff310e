"""What the chargers are told: network mode, charge voltage, charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.current import Currents
from gxbridge.core.dvcc.decision import Write
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import Device
from gxbridge.core.dvcc.sharing import Sharer, vendor_share
from gxbridge.core.dvcc.voltage import Voltages, feeds_in

NETWORKED: Final = 1
EXTERNAL: Final = 4
REMOTE_BMS: Final = 8
"""Bits of `/Link/NetworkMode`."""


def put(device: Device, path: str, value: float | None) -> list[Write]:
    """A write, if the service has such an item."""
    return [Write(device.name, path, value)] if path in device.items else []


def network_modes(scene: Scene, volts: Voltages, amps: Currents) -> list[Write]:
    """External control for every charger, with the BMS bit when one controls; vecan never hears of a BMS alone."""
    mode = NETWORKED | EXTERNAL | (REMOTE_BMS if scene.selection.has_bms else 0)
    plain = NETWORKED | (EXTERNAL if amps.solar_a is not None else 0)
    writes: list[Write] = []
    for device in (*scene.plant.solar_side, *scene.plant.others):
        writes += put(device, p.NETWORK_MODE, mode)
    for vecan in scene.plant.of(p.VECAN):
        writes += put(vecan, p.NETWORK_MODE, plain if volts.vecan_v is None else mode)
    return writes


def charge_voltages(scene: Scene, volts: Voltages) -> list[Write]:
    """The effective voltage for the solar side off VE.Can, vecan its own, the BMS's for alternators and gensets."""
    writes: list[Write] = []
    if volts.effective_v is not None:
        for device in scene.plant.solar_side:
            if not device.on_vecan:
                writes += put(device, p.CHARGE_VOLTAGE, volts.effective_v)
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


def controllable(device: Device) -> bool:
    """Can this charger be told a current?"""
    limit = own_limit(device)
    if limit is None or device.items.get(p.N2K_INSTANCE, 0) not in (0, None):
        return False
    if device.kind == p.SOLAR:
        return device.items.get(p.STATE) != 0
    return limit > 0


def sharer(device: Device, smoothed: Mapping[str, float]) -> Sharer:
    """A charger as the sharing rule sees it."""
    limit = own_limit(device) or 0.0
    told = number(device.items, p.CHARGE_CURRENT)
    return Sharer(smoothed.get(device.name, 0.0), limit, limit if told is None else told)


def tell(device: Device, current_a: float) -> list[Write]:
    """A charge current, never beyond the charger's own setting."""
    limit = own_limit(device)
    return put(device, p.CHARGE_CURRENT, max(current_a if limit is None else min(current_a, limit), 0.0))


def share(devices: Sequence[Device], limit_a: float, smoothed: Mapping[str, float]) -> list[Write]:
    """Share a limit over the solar side."""
    writes: list[Write] = []
    for device, current in zip(
        devices, vendor_share(limit_a, [sharer(device, smoothed) for device in devices]), strict=True
    ):
        writes += tell(device, current)
    return writes


def solar_currents(scene: Scene, amps: Currents, smoothed: Mapping[str, float], pv_off: bool) -> list[Write]:
    """The charge currents of solar chargers and inverter/chargers."""
    devices = [device for device in scene.plant.solar_side if controllable(device)]
    if not devices:
        return []
    limit = amps.solar_a
    if amps.stop:
        return [write for device in devices for write in tell(device, 0.0)]
    if limit is None:
        return [write for device in devices for write in tell(device, own_limit(device) or 0.0)]
    rs = feeding_system(scene)
    if rs is not None:
        return feed_in_currents(rs, devices, limit, smoothed, pv_off)
    if feeds_in(scene.multi, scene.settings) and not pv_off:
        return [write for device in devices for write in tell(device, own_limit(device) or 0.0)]
    return share(devices, limit, smoothed)


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


def feed_in_currents(
    rs: Device, devices: Sequence[Device], limit_a: float, smoothed: Mapping[str, float], pv_off: bool
) -> list[Write]:
    """Solar chargers may make what the RS can push out on top of the limit; the RS is told the excess."""
    capacity = number(rs.items, p.DISCHARGE_CAPACITY) or 0.0
    solar = [device for device in devices if device.kind == p.SOLAR]
    inverters = [device for device in devices if device.kind != p.SOLAR]
    writes: list[Write] = []
    if solar:
        writes += share(solar, 0.0 if pv_off else limit_a + capacity, smoothed)
    made = sum(smoothed.get(device.name, 0.0) for device in solar)
    if inverters:
        writes += share(inverters, max(limit_a - made, 0.0), smoothed)
    excess = 0.0 if pv_off else min(max(round(made - limit_a, 1), 0.0), capacity)
    return writes + put(rs, p.DISCHARGE_SETPOINT, excess)


def other_currents(scene: Scene, amps: Currents, smoothed: Mapping[str, float]) -> list[Write]:
    """Alternators and DC/DC chargers get what the sun leaves, by their size."""
    devices = [device for device in scene.plant.others if own_limit(device) is not None]
    devices = [device for device in devices if p.CHARGE_CURRENT in device.items]
    if amps.solar_a is None:
        return [write for device in devices for write in tell(device, own_limit(device) or 0.0)]
    rest = max(amps.solar_a - solar_sum(scene, smoothed), 0.0)
    capacity = sum(own_limit(device) or 0.0 for device in devices)
    part = rest / capacity if capacity else 0.0
    return [write for device in devices for write in tell(device, part * (own_limit(device) or 0.0))]


def solar_sum(scene: Scene, smoothed: Mapping[str, float]) -> float:
    """What the solar side makes (A, smoothed)."""
    return sum(smoothed.get(device.name, 0.0) for device in scene.plant.solar_side)
