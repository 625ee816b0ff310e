"""A pre-alarm with its seconds, and what to switch off before the BMS does.

From the pre-alarm to the end of discharging at least 30 s pass (Victron, smallBMS and VE.Bus BMS V2 manuals).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.devices.installation import titles
from gxbridge.core.dvcc.read.devices.services import DcLoad, Device
from gxbridge.core.model.finding import PRE_ALARM_WORDS, Finding, finding
from gxbridge.core.model.finding_log import FindingLog
from gxbridge.core.model.wording import names_text

LEAST_S: Final = 30.0
STEP_S: Final = 5.0
"""Seconds are told in such steps: a text that changes every second is none that one reads."""
LEAST_W: Final = 20.0
"""Who takes less than this is not worth switching off."""


def with_countdown(findings: Iterable[Finding], log: FindingLog, bus: DbusState, now: float) -> tuple[Finding, ...]:
    """The findings, pre-alarms with what is left of their time and with the loads that take most."""
    return tuple(
        countdown(one, log.since(one.id, one.subject), bus, now) if "loads" in one.arguments else one
        for one in findings
    )


def countdown(found: Finding, since: float | None, bus: DbusState, now: float) -> Finding:
    """One pre-alarm; `since` when it holds (None: from now on)."""
    left_s = LEAST_S - (0.0 if since is None else now - since)
    soon = f"in {ceil(left_s / STEP_S) * STEP_S:.0f} s at the earliest" if left_s > 0 else "at any moment"
    loads = who_draws(bus) or PRE_ALARM_WORDS["loads"]
    return finding(found.id, found.subject, now, **{**found.arguments, "soon": soon, "loads": loads})


def who_draws(bus: DbusState) -> str:
    """Who takes how much out of the battery, the most first: `MultiPlus (960 W) and Windlass (400 W)`."""
    plant = bus.installation()
    loads = (*plant.multis, *plant.inverters, *plant.dc_loads, *plant.of(p.DCLOAD))
    names = titles(loads)
    drawn = sorted(((taken_w(load), names[load.name]) for load in loads), key=lambda one: -one[0])
    return names_text([f"{name} ({watts:.0f} W)" for watts, name in drawn if watts >= LEAST_W])


def taken_w(load: Device) -> float:
    """What an inverter or a load takes out of the battery (W, 0 or more)."""
    power = load.power_w
    if isinstance(load, DcLoad):
        return max(power or 0.0, 0.0)
    if power is None:
        power = (load.current_a or 0.0) * (load.voltage_v or 0.0)
    return max(-power, 0.0)
