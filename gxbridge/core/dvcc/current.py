"""From the charge current limit to what the chargers and the Multi may share: compensation for loads.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.caps import ChargeCaps
from gxbridge.core.dvcc.decision import Cap
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.reasons import cap, plain
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import Plant


class Currents(NamedTuple):
    """`limit_a`: for the Multi, `solar_a`: for the solar side (AC loads may be fed too). None: no limit.

    `stop`: 0 A for everybody, no help from anything. `terms` explain what was added.
    """

    limit_a: float | None
    solar_a: float | None
    stop: bool
    terms: tuple[Cap, ...]


def dc_loads(plant: Plant, voltage_v: float | None) -> float | None:
    """What the metered DC system draws (A); None when nothing is metered."""
    systems = plant.of(p.DCSYSTEM)
    if not systems or not voltage_v:
        return None
    return sum(number(system.items, p.POWER) or 0.0 for system in systems) / voltage_v


def stops_everything(scene: Scene) -> bool:
    """Is the BMS of the kind whose 0 A means 0 A for everybody, loads or not?"""
    return scene.quirk.stop_on_zero or scene.selection.vebus_bms


def compensate(scene: Scene, charge: ChargeCaps, dc_loads_a: float | None, vebus_a: float, pv_off: bool) -> Currents:
    """Add what DC loads and the Multi take, where that kind of BMS leaves room for it."""
    terms: list[Cap] = []
    limit = charge.limit.value
    stops = stops_everything(scene)
    if dc_loads_a is not None and limit is not None and limit > 0:
        if stops:
            terms.append(cap("dc-loads-not", None, "A"))
        else:
            added = round(dc_loads_a, 1)
            limit += added
            terms.append(cap("dc-loads", None, "A", added=plain(added)))
    if scene.options.clean_limits and limit is not None:
        limit = max(limit, 0.0)
    stop = charge.stopped or (stops and limit == 0)
    solar = limit
    if solar is not None and vebus_a < 0 and not charge.stopped and not (stops and charge.bms_a == 0):
        raised = solar - vebus_a
        solar = raised if scene.options.strict_sharing else float(ceil(raised))
        terms.append(cap("ac-loads", None, "A", added=plain(-vebus_a)))
    if charge.stopped:
        limit = solar = 0.0
    if pv_off:
        solar = 0.0
        terms.append(cap("pv-disabled", None, "A"))
    return Currents(limit, solar, stop, tuple(terms))
