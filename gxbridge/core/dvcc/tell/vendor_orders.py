"""Currents as the vendor shares them: the solar side by its rule, then alternators and DC/DC chargers by their size.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed. Profile `strict` comes here only where there is no limit,
or where feed-in does not obey it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger, RsSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder, clamp, no_orders, push_out
from gxbridge.core.dvcc.tell.one_bound import limited_multis, untold, wishes
from gxbridge.core.dvcc.tell.sharing import Sharer, vendor_share
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.fast import make
from gxbridge.core.model.named_tuple import NamedTuple


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


def hindrance(charger: Charger) -> str:
    """Why a charger of the solar side cannot be told a current; "" when it can."""
    if charger.own_limit_a is None:
        return "no-setting"
    if charger.n2k_instance:
        return "other-network"  # it is on another battery
    off = charger.state == 0 if charger.kind == p.SOLAR else charger.own_limit_a <= 0
    return "off" if off else ""


def at_most(chargers: Sequence[Charger], why: str) -> list[ChargerOrder]:
    """Every charger its own setting."""
    return [ChargerOrder(charger, charger.own_limit_a, why) for charger in chargers]


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


def vendor_sharers(chargers: Sequence[Charger], smoothed: Mapping[str, float]) -> list[Sharer]:
    """Chargers as the vendor's sharing rule sees them; one that was never told anything counts with its own limit."""
    sharers = []
    for charger in chargers:
        own_a, told_a = charger.own_limit_a or 0.0, charger.told_current_a
        told_a = own_a if told_a is None else told_a
        sharers.append(make(Sharer, (smoothed.get(charger.name, 0.0), own_a, told_a, True, True)))
    return sharers


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


def solar_sum(inputs: Inputs, smoothed: Mapping[str, float]) -> float:
    """What the solar side makes (A, smoothed)."""
    return sum([smoothed.get(charger.name, 0.0) for charger in inputs.installation.solar_side])
