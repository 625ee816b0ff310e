"""From the BMS's charge voltage limit to what the chargers are told.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem
from gxbridge.core.dvcc.read.numbers import least
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.user_settings import UserSettings
from gxbridge.core.model.named_tuple import NamedTuple

ESS: Final = 5
"""`/Hub4/AssistantId` of the ESS assistant."""
GENSET_INPUT: Final = 2
"""AC input type: 0 not used, 1 grid, 2 genset, 3 shore."""
CHARGING_STATES: Final = (3, 4, 5)
"""Bulk, absorption, float."""
MOST_OFFSET_V: Final = 0.4
FEED_IN_V: Final = 0.1


class Voltages(NamedTuple):
    """`bms_v`: CVL after quirk and user limit. `effective_v`: for the solar side. `vecan_v`: for the vecan services."""

    bms_v: float | None
    effective_v: float | None
    vecan_v: float | None


NO_VOLTAGES: Final = Voltages(None, None, None)


def has_ess(multi: VebusSystem | None) -> bool:
    """Does the Multi run the ESS assistant?"""
    return multi is not None and multi.assistant == ESS


def feeds_in(multi: VebusSystem | None, settings: UserSettings) -> bool:
    """May DC-coupled PV be fed into the grid?"""
    if multi is None or not settings.feed_in or not has_ess(multi) or multi.ac_connected != 1:
        return False
    return source_type(multi, settings) != GENSET_INPUT


def source_type(multi: VebusSystem, settings: UserSettings) -> int | None:
    """What is at the active AC input, by the user's settings; None when no input is active."""
    active = multi.active_input
    return None if active is None or active not in (0, 1) else settings.ac_inputs[int(active)]


def hub_voltage(multi: VebusSystem | None) -> float | None:
    """The charge voltage the Multi asks for (ESS and hub assistants)."""
    return None if multi is None else multi.hub_voltage_v


def voltages(
    bms_v: float | None,
    multi: VebusSystem | None,
    settings: UserSettings,
    inverters: Sequence[Charger],
    options: Options,
    rule_v: float | None = None,
) -> Voltages:
    """What the chargers are told, by where the voltage comes from: ESS, the inverter/chargers, or the BMS alone.

    In profile `strict` no offset is larger than those that are known, and a voltage without a BMS is held to the user's
    and the installer's limit, as a BMS's is. `rule_v`: what the user's rules allow; a BMS's voltage is held to it
    already.
    """
    strict = options.voltage_window
    most_v = MOST_OFFSET_V if strict else inf
    user_v = settings.max_voltage_v if settings.max_voltage_v > 0 else None
    ceilings = (user_v, options.max_charge_voltage_v) if strict and bms_v is None else ()
    if bms_v is None:
        ceilings = (*ceilings, rule_v)
    hub = hub_voltage(multi)
    if multi is not None and hub is not None:
        value = least(ess_voltage(bms_v, hub, multi, feeds_in(multi, settings)), *ceilings)
        return Voltages(bms_v, value, value)
    own = [inverter for inverter in inverters if inverter.kind == p.MULTI and inverter.n2k_instance == 0]
    if bms_v is None:
        led_v = least(*(setpoint(inverter, most_v) for inverter in own))
        return Voltages(None, None if led_v is None else least(led_v, *ceilings), None)
    offset = least(*(inverter.solar_offset_v for inverter in own))
    return Voltages(bms_v, bms_v + min(offset or 0.0, most_v), bms_v)


def ess_voltage(bms_v: float | None, hub: float, multi: VebusSystem, feed_in: bool) -> float:
    """The Multi leads: its voltage, with the offset it uses above the limit it was given, and room to feed in."""
    if feed_in and multi.state in CHARGING_STATES:
        extra = FEED_IN_V
    else:
        extra = 0.0
    if bms_v is None:
        return hub + extra
    given = multi.told_voltage_v
    offset = 0.0 if given is None else min(max(hub - given, 0.0), MOST_OFFSET_V)
    return min(bms_v + max(offset, extra), hub + extra)


def setpoint(inverter: Charger, most_v: float) -> float | None:
    """The voltage an inverter/charger aims at for solar."""
    value = inverter.setpoint_v
    return None if value is None else value + min(inverter.solar_offset_v or 0.0, most_v)
