"""The battery voltage and current that the rest refers to.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.services import INVERTERS, Device, Installation

RUNNING: Final = 9
"""A BMS's `/State` while its contactor is closed (gui-v2@2ffcc3c src/enums.h)."""


class Voltage(NamedTuple):
    """The battery voltage, whose it is, and whether it may be shared with the chargers.

    `guarded`: it may not, because it is measured behind an open contactor.
    """

    value_v: float
    source: Device
    shared: bool
    guarded: bool = False


def behind_contactor(battery: Device) -> bool:
    """Is (or may be) the battery's voltage measured behind an open contactor?"""
    if battery.kind != p.BATTERY:
        return False
    state = number(battery.items, p.STATE)
    is_open = battery.items.get(p.CONTACTOR_CLOSED) == 0
    return is_open or (state is not None and state != RUNNING)  # old firmware of a Lynx does not say it


def battery_voltage(installation: Installation, monitor: Device | None, options: Options) -> Voltage | None:
    """The battery voltage; None when nobody knows it."""
    if monitor is not None:
        value = number(monitor.items, p.VOLTAGE)
        if value is None:
            return None
        guarded = options.contactor_guard and behind_contactor(monitor)
        return Voltage(value, monitor, not guarded and monitor.items.get(p.INSECURE) != 1, guarded)
    running = [multi for multi in installation.of(p.VEBUS) if multi.items.get(p.STATE) not in (0, None)]
    for device in (*running, *measurers(installation)):
        value = number(device.items, p.VOLTAGE)
        if value is not None:
            return Voltage(value, device, True)
    return None


def measurers(installation: Installation) -> Iterator[Device]:
    """Who may know the voltage when neither a monitor nor a running Multi does; the first that knows it is taken."""
    for kind in INVERTERS:
        inverters = installation.of(kind)
        if inverters:
            yield min(inverters, key=lambda inverter: (inverter.instance, inverter.name))
            break
    yield from (charger for charger in installation.of(p.SOLAR) if number(charger.items, p.CURRENT) is not None)
    yield from reversed(installation.of(p.CHARGER))
    yield from reversed(installation.of(p.FUELCELL))
    yield from installation.of(p.DCSYSTEM)[:1]
