"""From the BMS's charge current limit to the limit of the whole system.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from math import ceil
from typing import Final, NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import Plant

NO_LIMIT_A: Final = 10000
"""What "no limit" is as a number."""


class Currents(NamedTuple):
    """`limit_a`: for the Multi, `solar_a`: for the solar side (AC loads may be fed too). None: no limit.

    `stop`: 0 A for everybody, no help from anything.
    """

    limit_a: float | None
    solar_a: float | None
    stop: bool


def dc_loads(plant: Plant, voltage_v: float | None) -> float | None:
    """What the metered DC system draws (A); None when nothing is metered."""
    systems = plant.of(p.DCSYSTEM)
    if not systems or not voltage_v:
        return None
    return sum(number(system.items, p.POWER) or 0.0 for system in systems) / voltage_v


def vebus_permission(scene: Scene) -> float | None:
    """A VE.Bus BMS's word as a limit: 0 A or no limit; None without such a BMS."""
    multi = scene.multi
    if multi is None or not scene.selection.vebus_bms:
        return None
    return 0 if number(multi.items, p.BMS_ALLOW_CHARGE) == 0 else NO_LIMIT_A


def system_current(scene: Scene, ccl: float | None, dc_loads_a: float | None, vebus_a: float, pv_off: bool) -> Currents:
    """The limits from CCL (after the quirk), the VE.Bus BMS, the user, DC loads and what the Multi takes out."""
    permission = vebus_permission(scene)
    limit = ccl if permission is None else permission
    stops = scene.quirk.stop_on_zero or permission is not None
    bms_stops = stops and limit == 0
    user = scene.settings.max_current_a
    if user >= 0:
        limit = user if limit is None else min(limit, user)
    if limit is not None and limit > 0 and not stops and dc_loads_a is not None:
        limit += round(dc_loads_a, 1)
    solar = limit
    if solar is not None and vebus_a < 0 and not bms_stops:
        solar = float(ceil(solar - vebus_a))
    if pv_off:
        solar = 0.0
    return Currents(limit, solar, stops and limit == 0)
