"""Currents under one bound: all chargers together are told at most the limit, with feed-in as well as without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.feed_in import Surplus
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import SUN, Charger, Hindrance, RsSystem, title
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder, push_out
from gxbridge.core.dvcc.tell.one_bound import limited_multis, most_made, untold, untold_takers, wishes
from gxbridge.core.dvcc.tell.sharing import Sharer, strict_share
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.fast import make
from gxbridge.core.model.wording import names_text

NO_CEILINGS: Final[Mapping[str, float]] = MappingProxyType({})
LEAST_GROWTH_A: Final = 1.0
"""A charger whose solar energy is fed in is told at least so much more than it makes."""


def strict_currents(
    inputs: Inputs,
    limit_a: float,
    smoothed: Mapping[str, float],
    extra_a: float = 0.0,
    most_a: Mapping[str, float] = NO_CEILINGS,
) -> list[ChargerOrder]:
    """All chargers together are told at most the limit, less what those make that cannot be told.

    `extra_a`: what of the limit is for solar chargers only; `most_a`: the most for some chargers, by name.
    """
    silent: list[ChargerOrder] = []
    whole_a, told = limit_a, limited_multis(inputs)
    limit_a -= untold(inputs, told)
    taking = untold_takers(inputs, told)
    chargers: list[Charger] = []
    for charger in inputs.installation.chargers:
        why = charger.not_told if charger.kind != p.GENSET else genset_silence(charger)
        if why is None:
            chargers.append(charger)
            continue
        silent.append(ChargerOrder(charger, None, why))
        actual = most_made(charger, smoothed)
        if why != "other-network" and actual > 0:
            limit_a -= actual
            taking.append(title(charger))
    limit_a = max(limit_a, 0.0)
    taken_by = names_text(taking)
    most = wishes(inputs, whole_a, chargers, smoothed)
    sharers = []
    for charger in chargers:
        own_a, first = charger.own_limit_a or 0.0, charger.kind in SUN
        if most_a or most:
            own_a = min(own_a, most_a.get(charger.name, inf), most.get(charger.name, inf))
        actual = smoothed.get(charger.name, 0.0) if first else charger.current_a or 0.0
        sharers.append(make(Sharer, (actual, own_a, 0.0, first, charger.state != 0)))
    return [
        make(
            ChargerOrder,
            (
                charger,
                share,
                "share" if sharer.awake else "asleep",
                limit_a,
                extra_a if charger.kind == p.SOLAR else 0.0,
                taken_by,
            ),
        )
        for charger, share, sharer in zip(chargers, strict_share(limit_a, sharers), sharers, strict=True)
    ] + silent


def genset_silence(genset: Charger) -> Hindrance | None:
    """Why a genset is told no current: one that takes a current and has a limit of its own shares like the others."""
    if p.CHARGE_CURRENT not in genset.paths:
        return "no-path"
    return "no-setting" if genset.own_limit_a is None else None


def fed_currents(
    inputs: Inputs, rs: RsSystem | None, amps: Currents, limit_a: float, fed: Surplus
) -> tuple[list[ChargerOrder], list[Write]]:
    """Feed-in that obeys the limit: only the sun gets what leaves and the headroom, by what is made now.

    All that charges the battery otherwise shares what the sun leaves: of the limit itself by what the sun makes, or of
    the limit and what VE.Bus takes by the most that the sun may make, if that is more. What is told nothing has its
    part first.
    """
    plant = inputs.installation
    sun = plant.solar_side if rs is None else plant.solar
    made = {charger.name: charger.current_a or 0.0 for charger in plant.solar_side}
    made_a = sum(max(made[charger.name], 0.0) for charger in sun)
    others = [charger for charger in plant.chargers if charger not in sun]
    shaded = room_to_feed(sun, fed)
    sun_most_a = sum(min(charger.own_limit_a or inf, shaded.get(charger.name, inf)) for charger in sun)
    silent_a = untold(inputs, limited_multis(inputs)) + sum(
        most_made(charger, made)
        for charger in others
        if charger.own_limit_a is None or p.CHARGE_CURRENT not in charger.paths
    )
    ccl_a = amps.limit_a or 0.0
    left_a = max(max(ccl_a - made_a, min(limit_a - sun_most_a, ccl_a)) - silent_a, 0.0)
    most_a = shaded | parts_of(left_a, others)
    orders = strict_currents(inputs, limit_a + fed.rs_a + fed.headroom_a, made, fed.rs_a, most_a)
    fuel_a = sum(charger.current_a or 0.0 for charger in (*plant.others, *plant.gensets))
    excess_a = made_a + fuel_a - limit_a
    capacity_a = 0.0 if rs is None else max(rs.discharge_capacity_a or 0.0, 0.0)
    # Sensors differ, and AC chargers are told nothing: what the battery shows as too much leaves too, if it can be sun.
    return orders, push_out(rs, min(max(excess_a, min(fed.takes_a, made_a)), capacity_a))


def room_to_feed(sun: Sequence[Charger], fed: Surplus) -> dict[str, float]:
    """The most for those that do not use what they are told: a shaded one leaves the headroom to the others."""
    room_a = max(fed.headroom_a / len(sun), LEAST_GROWTH_A) if sun else 0.0
    found = {}
    for charger in sun:
        made_a, told_a = max(charger.current_a or 0.0, 0.0), charger.told_current_a
        if told_a is not None and made_a < told_a - room_a:
            found[charger.name] = made_a + room_a
    return found if len(found) < len(sun) else {}


def parts_of(limit_a: float, chargers: Sequence[Charger]) -> dict[str, float]:
    """A limit as the most for each of some chargers, by their size."""
    own_a = sum(charger.own_limit_a or 0.0 for charger in chargers)
    part = min(limit_a / own_a, 1.0) if own_a > 0 else 1.0
    return {charger.name: (charger.own_limit_a or 0.0) * part for charger in chargers}
