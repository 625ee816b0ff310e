"""The battery voltage and current that the rest refers to.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor, Installation
from gxbridge.core.dvcc.read.devices.services import INVERTERS, Device
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.named_tuple import NamedTuple

RUNNING: Final = 9
"""A BMS's `/State` while its contactor is closed (gui-v2@2ffcc3c src/enums.h)."""


class Voltage(NamedTuple):
    """The battery voltage, whose it is, and whether it may be shared with the chargers.

    `guarded`: it may not, because it is measured behind an open contactor.
    """

    value_v: float
    source: BatteryMonitor
    shared: bool
    guarded: bool = False


def behind_contactor(monitor: BatteryMonitor) -> bool:
    """Is (or may be) the battery's voltage measured behind an open contactor?"""
    if not isinstance(monitor, Bms):
        return False
    return monitor.contactor_closed == 0 or monitor.state not in (None, RUNNING)  # old firmware of a Lynx says neither


def battery_voltage(installation: Installation, monitor: BatteryMonitor | None, options: Options) -> Voltage | None:
    """The battery voltage; None when nobody knows it."""
    if monitor is not None:
        value = monitor.voltage_v
        if value is None:
            return None
        guarded = options.contactor_guard and behind_contactor(monitor)
        return Voltage(value, monitor, not guarded and monitor.secure, guarded)
    running = [multi for multi in installation.multis if multi.runs]
    for device in (*running, *measurers(installation)):
        value = device.voltage_v
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
    yield from (charger for charger in installation.solar if charger.current_a is not None)
    yield from reversed(installation.of(p.CHARGER))
    yield from reversed(installation.of(p.FUELCELL))
    yield from installation.of(p.DCSYSTEM)[:1]
