"""DVCC off: the little that the vendor's controller then still does.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.limit.voltage import hub_voltage
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import clamp
from gxbridge.core.dvcc.tell.charger_orders import EXTERNAL, NETWORKED, REMOTE_BMS
from gxbridge.core.dvcc.tell.flags import Flags
from gxbridge.core.dvcc.tell.write import Write, put

NO_67_A: Final = 1000.0
"""A current that never limits, written only so that chargers do not report a lost BMS (#67)."""


def legacy(inputs: Inputs, flags: Flags) -> tuple[list[Write], Flags]:
    """Pass on the hub voltage, and keep chargers with a managed battery from reporting #67."""
    hub = hub_voltage(inputs.multi)
    managed = any(battery.max_charge_current_a is not None for battery in inputs.batteries)
    writes: list[Write] = []
    voltage_written = current_written = 0
    if hub is not None or managed:
        mode = NETWORKED | (EXTERNAL if hub is not None else 0) | (REMOTE_BMS if managed else 0)
        for device in inputs.installation.chargers:
            genset = device.kind == p.GENSET  # it has no network mode, and is told a voltage only
            if not genset and device.network_mode is None:
                continue
            if not genset:
                writes += put(device, p.NETWORK_MODE, mode)
            if hub is not None:
                writes += put(device, p.CHARGE_VOLTAGE, hub)
                voltage_written = 1
            if managed:
                current_written = 1
                if not genset:
                    writes += put(device, p.CHARGE_CURRENT, clamp(device.own_limit_a, NO_67_A))
        if hub is not None and any(device.on_vecan for device in inputs.installation.chargers):
            for vecan in inputs.installation.of(p.VECAN):
                writes += put(vecan, p.CHARGE_VOLTAGE, hub)
                voltage_written = 1
    return writes, flags.but(
        dvcc=0,
        solar_voltage=voltage_written,
        solar_current=current_written,
        effective_v=None,
        charge_v=None,
        bms_parameters=0,
        max_current=0,
        alarm_firmware=0,
        alarm_multiple=0,
    )
