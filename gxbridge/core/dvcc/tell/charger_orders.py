"""What the chargers are told: network mode, charge voltage, charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed; the strict rules are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import Final, NamedTuple

from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.feed_in import Surplus, feeding_system
from gxbridge.core.dvcc.limit.voltage import Voltages, feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import SUN
from gxbridge.core.dvcc.read.devices.services import Charger, Device, RsSystem, title
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.one_bound import TINY, limited_multis, made_by, most_made, untold, untold_takers, wishes
from gxbridge.core.dvcc.tell.sharing import Sharer, strict_share, vendor_share
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.fast import make
from gxbridge.core.model.wording import names_text

NETWORKED: Final = 1
EXTERNAL: Final = 4
REMOTE_BMS: Final = 8
"""Bits of `/Link/NetworkMode`."""
NO_CEILINGS: Final[Mapping[str, float]] = MappingProxyType({})
LEAST_GROWTH_A: Final = 1.0
"""A charger whose solar energy is fed in is told at least so much more than it makes."""


class ChargerOrder(NamedTuple):
    """What one charger is told (A; None: nothing) and the name of the reason.

    `system_a`: the limit it is a share of; `extra_a`: what a feeding Multi RS adds to it; `taken_by`: who takes
    some of the limit before it is shared, because it cannot be told.
    """

    charger: Charger
    current_a: float | None
    why: str
    system_a: float | None = None
    extra_a: float = 0.0
    taken_by: str = ""


def put(device: Device, path: str, value: float | None) -> list[Write]:
    """A write, if the service has such an item."""
    return [Write(device.name, path, value)] if path in device.paths else []


def network_modes(inputs: Inputs, volts: Voltages, amps: Currents, has_bms: bool) -> list[Write]:
    """External control for every charger, with the BMS bit when one controls; vecan never hears of a BMS alone."""
    mode = NETWORKED | EXTERNAL | (REMOTE_BMS if has_bms else 0)
    plain = NETWORKED | (EXTERNAL if amps.limit_a is not None else 0)
    writes = [
        make(Write, (charger.name, p.NETWORK_MODE, mode))
        for charger in (*inputs.installation.solar_side, *inputs.installation.others)
        if p.NETWORK_MODE in charger.paths
    ]
    for vecan in inputs.installation.of(p.VECAN):
        writes += put(vecan, p.NETWORK_MODE, plain if volts.vecan_v is None else mode)
    return writes


def charge_voltages(inputs: Inputs, volts: Voltages) -> list[Write]:
    """The effective voltage for the solar side off VE.Can, vecan its own, the BMS's for alternators and gensets."""
    writes: list[Write] = []
    if volts.effective_v is not None:
        writes = [
            make(Write, (charger.name, p.CHARGE_VOLTAGE, volts.effective_v))
            for charger in inputs.installation.solar_side
            if p.CHARGE_VOLTAGE in charger.paths and not charger.on_vecan
        ]
    if volts.vecan_v is not None:
        for vecan in inputs.installation.of(p.VECAN):
            writes += put(vecan, p.CHARGE_VOLTAGE, volts.vecan_v)
    if volts.bms_v is not None:
        for charger in (*inputs.installation.others, *inputs.installation.gensets):
            writes += put(charger, p.CHARGE_VOLTAGE, volts.bms_v)
    return writes


def hindrance(charger: Charger) -> str:
    """Why a charger of the solar side cannot be told a current; "" when it can."""
    if charger.own_limit_a is None:
        return "no-setting"
    if charger.n2k_instance:
        return "other-network"  # it is on another battery
    off = charger.state == 0 if charger.kind == p.SOLAR else charger.own_limit_a <= 0
    return "off" if off else ""


def no_orders(chargers: Sequence[Charger], why: str, current_a: float | None = None) -> list[ChargerOrder]:
    """Every charger with one reason."""
    return [ChargerOrder(charger, current_a, why) for charger in chargers]


def currents(
    inputs: Inputs, amps: Currents, smoothed: Mapping[str, float], pv_off: bool
) -> tuple[list[ChargerOrder], list[Write]]:
    """What every charger is told, and writes to a Multi RS that come with it."""
    rs = feeding_system(inputs)
    if inputs.options.stop_means_zero and amps.stop:
        return no_orders(inputs.installation.chargers, "stopped", 0.0), push_out(rs, 0.0)
    if inputs.apart:
        return apart_currents(inputs, amps, smoothed, pv_off)
    if amps.fed is not None and amps.solar_a is not None:
        return fed_currents(inputs, rs, amps, amps.solar_a, amps.fed)
    obeys = inputs.options.feed_in_obeys_ccl
    feeding = feeds_in(inputs.multi, inputs.settings) and not pv_off and not obeys
    if inputs.options.strict_sharing and amps.solar_a is not None and (obeys or (rs is None and not feeding)):
        return strict_currents(inputs, amps.solar_a, smoothed), push_out(rs, 0.0)
    orders, writes = solar_currents(inputs, amps, smoothed, pv_off, rs, feeding)
    return orders + other_currents(inputs, amps, smoothed), writes


def counted_apart(inputs: Inputs, charger: Charger, smoothed: Mapping[str, float]) -> float:
    """What a charger that is set apart counts with (A): the most of what it was told, shows and makes."""
    return max(inputs.apart[charger.name], charger.told_current_a or 0.0, most_made(charger, smoothed))


def apart_currents(
    inputs: Inputs, amps: Currents, smoothed: Mapping[str, float], pv_off: bool
) -> tuple[list[ChargerOrder], list[Write]]:
    """The others share what those leave that are set apart; these are never told more than before, nor together more
    than there is."""
    orders: list[ChargerOrder] = []
    limit_a, part = amps.solar_a, 1.0
    if limit_a is not None and inputs.options.strict_sharing:
        rest_a = max(limit_a - untold(inputs, limited_multis(inputs)), 0.0)
        part = min(rest_a / max(sum(inputs.apart.values()), TINY), 1.0)
    for charger in inputs.installation.chargers:
        if charger.name in inputs.apart:
            most_a = inputs.apart[charger.name]
            told_a = None if amps.solar_a is None else clamp(charger.own_limit_a, min(amps.solar_a, most_a * part))
            orders.append(ChargerOrder(charger, told_a, "set-apart", amps.solar_a))
            limit_a = None if limit_a is None else max(limit_a - counted_apart(inputs, charger, smoothed), 0.0)
    rest = inputs._replace(installation=inputs.installation.without(inputs.apart), apart={})
    shares, writes = currents(rest, amps._replace(solar_a=limit_a), smoothed, pv_off)
    taking = [order.charger for order in orders if counted_apart(inputs, order.charger, smoothed) > 0]
    left_by = names_text(
        [*(title(charger) for charger in taking), *(order.taken_by for order in shares[:1] if order.taken_by)]
    )
    return [order._replace(taken_by=left_by) for order in shares] + orders, writes


def vendor_sharers(chargers: Sequence[Charger], smoothed: Mapping[str, float]) -> list[Sharer]:
    """Chargers as the vendor's sharing rule sees them; one that was never told anything counts with its own limit."""
    sharers = []
    for charger in chargers:
        own_a, told_a = charger.own_limit_a or 0.0, charger.told_current_a
        told_a = own_a if told_a is None else told_a
        sharers.append(make(Sharer, (smoothed.get(charger.name, 0.0), own_a, told_a, True, True)))
    return sharers


class Shared(NamedTuple):
    """What is told to some chargers, and how much of the limit they got (A)."""

    orders: list[ChargerOrder]
    given_a: float


def shared(chargers: Sequence[Charger], limit_a: float, smoothed: Mapping[str, float], extra_a: float = 0.0) -> Shared:
    """A limit over chargers of the solar side that can be told."""
    if not chargers:
        return Shared([], 0.0)
    sharers = vendor_sharers(chargers, smoothed)
    shares = vendor_share(limit_a, sharers)
    if shares is None:
        kept_a = sum(sharer.told_a for sharer in sharers)
        return Shared(no_orders(chargers, "flat-out"), min(limit_a, kept_a))
    orders = [
        make(ChargerOrder, (charger, clamp(charger.own_limit_a, current_a), "share", limit_a, extra_a, ""))
        for charger, current_a in zip(chargers, shares, strict=True)
    ]
    return Shared(orders, min(limit_a, sum(shares)))


def clamp(own_a: float | None, current_a: float) -> float:
    """Never beyond the charger's own setting, never below 0."""
    if own_a is not None and current_a > own_a:
        return own_a
    return current_a if current_a > 0 else 0.0


def at_most(chargers: Sequence[Charger], why: str) -> list[ChargerOrder]:
    """Every charger its own setting."""
    return [ChargerOrder(charger, charger.own_limit_a, why) for charger in chargers]


def solar_currents(
    inputs: Inputs,
    amps: Currents,
    smoothed: Mapping[str, float],
    pv_off: bool,
    rs: RsSystem | None,
    feeding: bool,
) -> tuple[list[ChargerOrder], list[Write]]:
    """The solar side as the vendor does it."""
    silent: list[ChargerOrder] = []
    chargers: list[Charger] = []
    for charger in inputs.installation.solar_side:
        why = hindrance(charger)
        if why:
            silent.append(ChargerOrder(charger, None, why))
        else:
            chargers.append(charger)
    if amps.stop or amps.dark:
        why = "stopped" if amps.stop else "share"
        return [ChargerOrder(charger, 0.0, why, 0.0) for charger in chargers] + silent, []
    if amps.solar_a is None:
        return at_most(chargers, "no-limit") + silent, []
    if rs is not None:
        orders, writes = rs_currents(rs, chargers, amps.solar_a, smoothed, pv_off)
        return orders + silent, writes
    if feeding:
        return at_most(chargers, "feed-in") + silent, []
    return shared(chargers, amps.solar_a, smoothed).orders + silent, []


def rs_currents(
    rs: RsSystem,
    chargers: Sequence[Charger],
    limit_a: float,
    smoothed: Mapping[str, float],
    pv_off: bool,
) -> tuple[list[ChargerOrder], list[Write]]:
    """Solar chargers may make what the RS can push out on top of the limit; the RS is told the excess."""
    capacity = max(rs.discharge_capacity_a or 0.0, 0.0)
    solar = [charger for charger in chargers if charger.kind == p.SOLAR]
    inverters = [charger for charger in chargers if charger.kind != p.SOLAR]
    orders, given_a = shared(solar, 0.0 if pv_off else limit_a + capacity, smoothed, 0.0 if pv_off else capacity)
    made_a = min(given_a, sum(smoothed.get(charger.name, 0.0) for charger in solar))
    orders += shared(inverters, max(limit_a - made_a, 0.0), smoothed).orders
    return orders, push_out(rs, made_a - limit_a)


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
    made = {charger.name: charger.made_current_a or 0.0 for charger in plant.solar_side}
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
    fuel_a = sum(charger.made_current_a or 0.0 for charger in (*plant.others, *plant.gensets))
    excess_a = made_a + fuel_a - limit_a
    capacity_a = 0.0 if rs is None else max(rs.discharge_capacity_a or 0.0, 0.0)
    # Sensors differ, and AC chargers are told nothing: what the battery shows as too much leaves too, if it can be sun.
    return orders, push_out(rs, min(max(excess_a, min(fed.takes_a, made_a)), capacity_a))


def room_to_feed(sun: Sequence[Charger], fed: Surplus) -> dict[str, float]:
    """The most for those that do not use what they are told: a shaded one leaves the headroom to the others."""
    room_a = max(fed.headroom_a / len(sun), LEAST_GROWTH_A) if sun else 0.0
    found = {}
    for charger in sun:
        made_a, told_a = max(charger.made_current_a or 0.0, 0.0), charger.told_current_a
        if told_a is not None and made_a < told_a - room_a:
            found[charger.name] = made_a + room_a
    return found if len(found) < len(sun) else {}


def parts_of(limit_a: float, chargers: Sequence[Charger]) -> dict[str, float]:
    """A limit as the most for each of some chargers, by their size."""
    own_a = sum(charger.own_limit_a or 0.0 for charger in chargers)
    part = min(limit_a / own_a, 1.0) if own_a > 0 else 1.0
    return {charger.name: (charger.own_limit_a or 0.0) * part for charger in chargers}


def push_out(rs: RsSystem | None, excess_a: float) -> list[Write]:
    """What a Multi RS system that feeds in is to take out of the battery."""
    return [] if rs is None else put(rs, p.DISCHARGE_SETPOINT, max(round(excess_a, 1), 0.0))


def other_currents(inputs: Inputs, amps: Currents, smoothed: Mapping[str, float]) -> list[ChargerOrder]:
    """Alternators and DC/DC chargers get what the sun leaves, by their size; gensets are told no current."""
    orders = no_orders(inputs.installation.gensets, "genset")
    chargers: list[Charger] = []
    for charger in inputs.installation.others:
        if charger.own_limit_a is None or p.CHARGE_CURRENT not in charger.paths:
            why = "no-setting" if charger.own_limit_a is None else "no-path"
            orders.append(ChargerOrder(charger, None, why))
        else:
            chargers.append(charger)
    if amps.solar_a is None:
        return no_orders(chargers, "no-limit") + orders
    rest = max(amps.solar_a - solar_sum(inputs, smoothed), 0.0)
    most: Mapping[str, float] = {}
    if inputs.options.strict_sharing:
        rest = max(rest - untold(inputs, limited_multis(inputs)), 0.0)
        most = wishes(inputs, amps.solar_a, chargers, smoothed)
    # A genset that takes a voltage has its part too, though it is told no current.
    gensets = [genset for genset in inputs.installation.gensets if p.CHARGE_VOLTAGE in genset.paths]
    own_a = {one.name: min(one.own_limit_a or 0.0, most.get(one.name, inf)) for one in chargers}
    capacity = sum(own_a.values()) + sum(genset.own_limit_a or 0.0 for genset in gensets)
    if capacity <= 0:
        return no_orders(chargers, "own-zero") + orders
    part = rest / capacity
    shares = {name: clamp(own, part * own) for name, own in own_a.items()}
    return [ChargerOrder(one, shares[one.name], "rest", amps.solar_a) for one in chargers] + orders


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
    chargers: list[Charger] = []
    whole_a, told = limit_a, limited_multis(inputs)
    limit_a -= untold(inputs, told)
    taking = untold_takers(inputs, told)
    for charger in inputs.installation.chargers:
        first, why = charger.kind in SUN, ""
        if p.CHARGE_CURRENT not in charger.paths:
            why = "no-path"
        elif first and charger.n2k_instance:
            why = "other-network"
        if charger.own_limit_a is not None and not why:
            chargers.append(charger)
        else:
            silent.append(ChargerOrder(charger, None, why or "no-setting"))
            actual = most_made(charger, smoothed)
            if why != "other-network" and actual > 0:
                limit_a -= actual
                taking.append(title(charger))
    limit_a = max(limit_a, 0.0)
    taken_by = names_text(taking)
    most = wishes(inputs, whole_a, chargers, smoothed)
    sharers = []
    for charger in chargers:
        name, kind, _, own_a = charger
        own_a = min(own_a or 0.0, most_a.get(name, inf), most.get(name, inf))
        actual = made_by(charger, smoothed)
        sharers.append(make(Sharer, (actual, own_a, 0.0, kind in SUN, charger.state != 0)))
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


def current_writes(orders: Sequence[ChargerOrder]) -> list[Write]:
    """The writes for what the chargers are told."""
    return [
        make(Write, (charger.name, p.CHARGE_CURRENT, current_a))
        for charger, current_a, _, _, _, _ in orders
        if current_a is not None and p.CHARGE_CURRENT in charger.paths
    ]


def solar_sum(inputs: Inputs, smoothed: Mapping[str, float]) -> float:
    """What the solar side makes (A, smoothed)."""
    return sum([smoothed.get(charger.name, 0.0) for charger in inputs.installation.solar_side])
