"""One bound over everything that charges (profile `strict`): chargers leave what they do not use to the Multis.

Beside a Multi that can charge, a charger is told what it makes and room to grow. It is served first, and its room
doubles what it makes while it uses all it is told, so that the sun takes over within a few rounds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import floor, inf
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import SUN, Charger, Device, VebusSystem, title
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.sharing import STEP_A

ROOM: Final = 0.1
"""This part of the limit is room to grow for all chargers together,"""
LEAST_ROOM_A: Final = 2.0
"""at least this for each, and never more than half of the limit."""
SLEEPS: Final = 0.1
"""A charger that makes less than this part of its own limit is told no more than that."""
DRAWS_A: Final = -5.0
"""A Multi that takes more than this out of the battery does not charge."""
CHARGES_A: Final = 0.5
"""One that puts more than this into the battery charges."""
NO_INPUT: Final = 240
"""`/Ac/ActiveIn/ActiveInput` of a Multi without AC."""
TINY: Final = 1e-6


def is_connected(multi: VebusSystem) -> bool:
    """Is there a system behind the VE.Bus service?"""
    return multi.connected == 1


def own_current(multi: VebusSystem) -> float | None:
    """The Multi's own charge current, while its system is connected."""
    return multi.max_charge_current_a if is_connected(multi) else None


def can_charge(multi: VebusSystem) -> bool:
    """Can it charge now: is AC known to be there, and does it not feed AC loads out of the battery?"""
    has_ac = multi.ac_connected == 1 and multi.active_input != NO_INPUT
    return is_connected(multi) and has_ac and (multi.current_a or 0.0) > DRAWS_A


def charges(multi: VebusSystem) -> bool:
    """Does it put a current into the battery, whatever is known of its AC?"""
    return is_connected(multi) and (multi.current_a or 0.0) > CHARGES_A


def limited_multis(inputs: Inputs) -> list[VebusSystem]:
    """The Multis that are told a limit of the BMS, which they obey at once."""
    if inputs.bms is None:
        return []
    main = [] if inputs.multi is None else [inputs.multi]
    others = inputs.selection.other_multis if inputs.settings.all_multis else ()
    return [multi for multi in (*main, *others) if p.BOL_CHARGE_CURRENT in multi.paths]


def told_multis(inputs: Inputs) -> list[VebusSystem]:
    """The Multis that are told a current. Without a BMS that is the one, whose own setting is changed."""
    multi = inputs.multi
    if inputs.bms is not None or multi is None or own_current(multi) is None:
        return limited_multis(inputs)
    return [multi]


def made_by(charger: Charger, smoothed: Mapping[str, float]) -> float:
    """What a charger makes (A): of the sun smoothed, of others now."""
    return smoothed.get(charger.name, 0.0) if charger.kind in SUN else charger.current_a or 0.0


def most_made(charger: Charger, smoothed: Mapping[str, float]) -> float:
    """What a charger makes (A), smoothed or now, whichever is more."""
    return max(made_by(charger, smoothed), charger.current_a or 0.0, 0.0)


def takers(inputs: Inputs, told: Collection[VebusSystem]) -> Iterator[tuple[Device, float]]:
    """AC chargers, and Multis that are not among those `told`, with what they make (A): or may, by what they were told
    before. Without a BMS the Multi has no more than its own setting, which is what we lower."""
    ac_chargers: list[Any] = inputs.installation.by_kind.get(p.CHARGER, [])
    for charger in ac_chargers:
        yield charger, max(charger.current_a or 0.0, 0.0)
    names = {multi.name for multi in told}
    for multi in inputs.installation.multis:
        if multi.name not in names:
            may_a = multi.told_charge_a or 0.0 if inputs.bms is not None and can_charge(multi) else 0.0
            made_a = max(multi.current_a or 0.0, may_a, 0.0)
            if inputs.bms is None and multi == inputs.multi and (own_a := own_current(multi)) is not None:
                made_a = min(made_a, max(own_a, 0.0))
            yield multi, made_a


def untold(inputs: Inputs, told: Collection[VebusSystem]) -> float:
    """What those make that take some of the limit before it is shared (A)."""
    return sum([made_a for _, made_a in takers(inputs, told)], sum(inputs.gone.values()))


def untold_takers(inputs: Inputs, told: Collection[VebusSystem]) -> list[str]:
    """Who they are, where they take anything."""
    return [title(device) for device, made_a in takers(inputs, told) if made_a > 0] + list(inputs.gone)


def wishes(
    inputs: Inputs, limit_a: float, chargers: Sequence[Charger], smoothed: Mapping[str, float]
) -> Mapping[str, float]:
    """What each charger is told at most (A), because a Multi can take the rest; nothing where none can."""
    able = [multi for multi in told_multis(inputs) if can_charge(multi) or (inputs.bms is None and charges(multi))]
    if not chargers or not able:
        return {}
    room_a = min(max(ROOM * limit_a, LEAST_ROOM_A * len(chargers)), limit_a / 2) / len(chargers)
    found = {}
    awake: list[str] = []
    spare_a = limit_a - sum(multi.max_charge_current_a or inf for multi in able)
    for charger in chargers:
        made_a, own_a = most_made(charger, smoothed), charger.own_limit_a or 0.0
        told_a = charger.told_current_a
        uses_all = told_a is not None and made_a >= told_a - room_a / 2
        found[charger.name] = made_a + room_a + (made_a if uses_all else 0.0)
        spare_a -= min(found[charger.name], own_a)
        if made_a >= SLEEPS * own_a:
            awake.append(charger.name)
    for name in awake:  # what the Multis cannot take by their own settings
        found[name] += max(spare_a, 0.0) / len(awake)
    return {name: max(floor(wish_a * 10 + TINY) / 10, STEP_A) for name, wish_a in found.items()}


def multi_shares(inputs: Inputs, rest_a: float | None) -> Mapping[str, float | None]:
    """What each Multi that is told a current gets of the rest: what it makes, and as much again as the others."""
    multis = told_multis(inputs)
    if rest_a is None or len(multis) < 2 or not inputs.options.strict_sharing:
        return {multi.name: rest_a for multi in multis}
    able = [multi for multi in multis if can_charge(multi)] or multis
    made = {multi.name: max(multi.current_a or 0.0, 0.0) for multi in able}
    total_a = sum(made.values())
    room_a = max(rest_a - total_a, 0.0) / len(able)
    part = min(rest_a / total_a, 1.0) if total_a else 1.0
    shares = {name: floor(made_a * part + room_a + TINY) for name, made_a in made.items()}
    return {multi.name: shares.get(multi.name, 0) for multi in multis}
