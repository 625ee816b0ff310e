"""What the chargers are told: network mode, charge voltage, charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed; the strict rules are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.voltage import Voltages, feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import ON_VECAN, Device, sort_services, title
from gxbridge.core.dvcc.tell.sharing import Sharer, strict_share, vendor_share
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.fast import make
from gxbridge.core.model.wording import names_text

NETWORKED: Final = 1
EXTERNAL: Final = 4
REMOTE_BMS: Final = 8
"""Bits of `/Link/NetworkMode`."""


SUN: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER})
"""The kinds on the solar side."""


class ChargerOrder(NamedTuple):
    """What one charger is told (A; None: nothing) and the name of the reason.

    `system_a`: the limit it is a share of; `extra_a`: what a feeding Multi RS adds to it; `taken_by`: who takes
    some of the limit before it is shared, because it cannot be told.
    """

    device: Device
    current_a: float | None
    why: str
    system_a: float | None = None
    extra_a: float = 0.0
    taken_by: str = ""


def put(device: Device, path: str, value: float | None) -> list[Write]:
    """A write, if the service has such an item."""
    return [Write(device.name, path, value)] if path in device.items else []


def network_modes(inputs: Inputs, volts: Voltages, amps: Currents, has_bms: bool) -> list[Write]:
    """External control for every charger, with the BMS bit when one controls; vecan never hears of a BMS alone."""
    mode = NETWORKED | EXTERNAL | (REMOTE_BMS if has_bms else 0)
    plain = NETWORKED | (EXTERNAL if amps.limit_a is not None else 0)
    writes = [
        make(Write, (name, p.NETWORK_MODE, mode))
        for name, _, items, _ in (*inputs.installation.solar_side, *inputs.installation.others)
        if p.NETWORK_MODE in items
    ]
    for vecan in inputs.installation.of(p.VECAN):
        writes += put(vecan, p.NETWORK_MODE, plain if volts.vecan_v is None else mode)
    return writes


def charge_voltages(inputs: Inputs, volts: Voltages) -> list[Write]:
    """The effective voltage for the solar side off VE.Can, vecan its own, the BMS's for alternators and gensets."""
    writes: list[Write] = []
    if volts.effective_v is not None:
        writes = [
            make(Write, (name, p.CHARGE_VOLTAGE, volts.effective_v))
            for name, _, items, _ in inputs.installation.solar_side
            if p.CHARGE_VOLTAGE in items and items.get(p.CONNECTION) != ON_VECAN
        ]
    if volts.vecan_v is not None:
        for vecan in inputs.installation.of(p.VECAN):
            writes += put(vecan, p.CHARGE_VOLTAGE, volts.vecan_v)
    if volts.bms_v is not None:
        for device in (*inputs.installation.others, *inputs.installation.gensets):
            writes += put(device, p.CHARGE_VOLTAGE, volts.bms_v)
    return writes


def in_other_network(device: Device) -> bool:
    """Is a charger in another network, on another battery?"""
    return device.items.get(p.N2K_INSTANCE, 0) not in (0, None)


def hindrance(device: Device, own_a: float | None) -> str:
    """Why a charger of the solar side cannot be told a current; "" when it can."""
    if own_a is None:
        return "no-setting"
    if in_other_network(device):
        return "other-network"
    off = device.items.get(p.STATE) == 0 if device.kind == p.SOLAR else own_a <= 0
    return "off" if off else ""


def no_orders(devices: Sequence[Device], why: str, current_a: float | None = None) -> list[ChargerOrder]:
    """Every charger with one reason."""
    return [ChargerOrder(device, current_a, why) for device in devices]


def currents(
    inputs: Inputs, amps: Currents, smoothed: Mapping[str, float], pv_off: bool
) -> tuple[list[ChargerOrder], list[Write]]:
    """What every charger is told, and writes to a Multi RS that come with it."""
    if inputs.options.stop_means_zero and amps.stop:
        return no_orders(inputs.installation.chargers, "stopped", 0.0), []
    if inputs.apart:
        return apart_currents(inputs, amps, smoothed, pv_off)
    rs = feeding_system(inputs)
    feeding = feeds_in(inputs.multi, inputs.settings) and not pv_off
    if inputs.options.strict_sharing and amps.solar_a is not None and rs is None and not feeding:
        return strict_currents(inputs, amps.solar_a, smoothed), []
    orders, writes = solar_currents(inputs, amps, smoothed, pv_off, rs, feeding)
    return orders + other_currents(inputs, amps, smoothed), writes


def made_by(device: Device, smoothed: Mapping[str, float]) -> float:
    """What a charger makes (A): of the sun smoothed, of others now."""
    return smoothed.get(device.name, 0.0) if device.kind in SUN else number(device.items, p.CURRENT) or 0.0


def counted_apart(inputs: Inputs, device: Device, smoothed: Mapping[str, float]) -> float:
    """What a charger that is set apart counts with (A): the most of what it was told, shows and makes."""
    shown_a = number(device.items, p.CHARGE_CURRENT) or 0.0
    made_a = max(made_by(device, smoothed), number(device.items, p.CURRENT) or 0.0)
    return max(inputs.apart[device.name], shown_a, made_a, 0.0)


def apart_currents(
    inputs: Inputs, amps: Currents, smoothed: Mapping[str, float], pv_off: bool
) -> tuple[list[ChargerOrder], list[Write]]:
    """The others share what those leave that are set apart; these are never told more than before."""
    orders: list[ChargerOrder] = []
    limit_a = amps.solar_a
    for device in inputs.installation.chargers:
        if device.name in inputs.apart:
            told_a = None if amps.solar_a is None else clamp(device.own_a, min(amps.solar_a, inputs.apart[device.name]))
            orders.append(ChargerOrder(device, told_a, "set-apart", amps.solar_a))
            limit_a = None if limit_a is None else max(limit_a - counted_apart(inputs, device, smoothed), 0.0)
    others = sort_services(
        {
            device.name: device.items
            for devices in inputs.installation.by_kind.values()
            for device in devices
            if device.name not in inputs.apart
        }
    )
    rest = inputs._replace(installation=others, apart={})
    shares, writes = currents(rest, amps._replace(solar_a=limit_a), smoothed, pv_off)
    taking = [order.device for order in orders if counted_apart(inputs, order.device, smoothed) > 0]
    left_by = names_text(
        [*(title(device) for device in taking), *(order.taken_by for order in shares[:1] if order.taken_by)]
    )
    return [order._replace(taken_by=left_by) for order in shares] + orders, writes


class Charger(NamedTuple):
    """A charger that can be told a current."""

    device: Device
    own_a: float


def vendor_sharers(chargers: Sequence[Charger], smoothed: Mapping[str, float]) -> list[Sharer]:
    """Chargers as the vendor's sharing rule sees them; one that was never told anything counts with its own limit."""
    sharers = []
    for device, own_a in chargers:
        orders = number(device.items, p.CHARGE_CURRENT)
        orders = own_a if orders is None else orders
        sharers.append(make(Sharer, (smoothed.get(device.name, 0.0), own_a, orders, True, True)))
    return sharers


class Shared(NamedTuple):
    """What is told to some chargers, and how much of the limit they got (A)."""

    orders: list[ChargerOrder]
    given_a: float


def shared(
    inputs: Inputs, chargers: Sequence[Charger], limit_a: float, smoothed: Mapping[str, float], extra_a: float = 0.0
) -> Shared:
    """A limit over chargers of the solar side that can be told."""
    if not chargers:
        return Shared([], 0.0)
    rule = strict_share if inputs.options.strict_sharing else vendor_share
    sharers = vendor_sharers(chargers, smoothed)
    shares = rule(limit_a, sharers)
    if shares is None:
        kept_a = sum(sharer.told_a for sharer in sharers)
        return Shared([ChargerOrder(device, None, "flat-out") for device, _ in chargers], min(limit_a, kept_a))
    orders = [
        make(ChargerOrder, (device, clamp(own_a, current), "share", limit_a, extra_a, ""))
        for (device, own_a), current in zip(chargers, shares, strict=True)
    ]
    return Shared(orders, min(limit_a, sum(shares)))


def clamp(own_a: float | None, current_a: float) -> float:
    """Never beyond the charger's own setting, never below 0."""
    if own_a is not None and current_a > own_a:
        return own_a
    return current_a if current_a > 0 else 0.0


def at_most(chargers: Sequence[Charger], why: str) -> list[ChargerOrder]:
    """Every charger its own setting."""
    return [ChargerOrder(device, own_a, why) for device, own_a in chargers]


def solar_currents(
    inputs: Inputs,
    amps: Currents,
    smoothed: Mapping[str, float],
    pv_off: bool,
    rs: Device | None,
    feeding: bool,
) -> tuple[list[ChargerOrder], list[Write]]:
    """The solar side as the vendor does it."""
    silent: list[ChargerOrder] = []
    chargers: list[Charger] = []
    for device in inputs.installation.solar_side:
        own_a = device.own_a
        why = hindrance(device, own_a)
        if own_a is None or why:
            silent.append(ChargerOrder(device, None, why))
        else:
            chargers.append(make(Charger, (device, own_a)))
    if amps.stop or amps.dark:
        why = "stopped" if amps.stop else "share"
        return [ChargerOrder(device, 0.0, why, 0.0) for device, _ in chargers] + silent, []
    if amps.solar_a is None:
        return at_most(chargers, "no-limit") + silent, []
    if rs is not None:
        orders, writes = rs_currents(inputs, rs, chargers, amps.solar_a, smoothed, pv_off)
        return orders + silent, writes
    if feeding:
        return at_most(chargers, "feed-in") + silent, []
    return shared(inputs, chargers, amps.solar_a, smoothed).orders + silent, []


def feeding_system(inputs: Inputs) -> Device | None:
    """A Multi RS system that may feed in and says how much its battery side can take."""
    for system in inputs.installation.of(p.ACSYSTEM):
        if (
            number(system.items, p.DEVICE_INSTANCE) == 0
            and number(system.items, p.NO_FEED_IN) == 0
            and number(system.items, p.DISCHARGE_CAPACITY) is not None
        ):
            return system
    return None


def rs_currents(
    inputs: Inputs,
    rs: Device,
    chargers: Sequence[Charger],
    limit_a: float,
    smoothed: Mapping[str, float],
    pv_off: bool,
) -> tuple[list[ChargerOrder], list[Write]]:
    """Solar chargers may make what the RS can push out on top of the limit; the RS is told the excess."""
    capacity = max(number(rs.items, p.DISCHARGE_CAPACITY) or 0.0, 0.0)
    solar = [charger for charger in chargers if charger.device.kind == p.SOLAR]
    inverters = [charger for charger in chargers if charger.device.kind != p.SOLAR]
    orders, given_a = shared(
        inputs, solar, 0.0 if pv_off else limit_a + capacity, smoothed, 0.0 if pv_off else capacity
    )
    made_a = min(given_a, sum(smoothed.get(charger.device.name, 0.0) for charger in solar))
    orders += shared(inputs, inverters, max(limit_a - made_a, 0.0), smoothed).orders
    return orders, put(rs, p.DISCHARGE_SETPOINT, max(round(made_a - limit_a, 1), 0.0))


def other_currents(inputs: Inputs, amps: Currents, smoothed: Mapping[str, float]) -> list[ChargerOrder]:
    """Alternators and DC/DC chargers get what the sun leaves, by their size; gensets are told no current."""
    orders = no_orders(inputs.installation.gensets, "genset")
    chargers: list[Charger] = []
    for device in inputs.installation.others:
        own_a = device.own_a
        if own_a is None or p.CHARGE_CURRENT not in device.items:
            orders.append(ChargerOrder(device, None, "no-setting" if own_a is None else "no-path"))
        else:
            chargers.append(Charger(device, own_a))
    if amps.solar_a is None:
        return [ChargerOrder(device, None, "no-limit") for device, _ in chargers] + orders
    rest = max(amps.solar_a - solar_sum(inputs, smoothed), 0.0)
    capacity = sum(own_a for _, own_a in chargers)
    # A genset that takes a voltage has its part too, though it is told no current.
    capacity += sum(genset.own_a or 0.0 for genset in inputs.installation.gensets if p.CHARGE_VOLTAGE in genset.items)
    part = rest / capacity if capacity > 0 else 0.0
    return [
        ChargerOrder(device, clamp(own_a, part * own_a), "rest", amps.solar_a) for device, own_a in chargers
    ] + orders


def strict_currents(inputs: Inputs, limit_a: float, smoothed: Mapping[str, float]) -> list[ChargerOrder]:
    """All chargers together are told at most the limit, less what those make that cannot be told."""
    silent: list[ChargerOrder] = []
    devices: list[Device] = []
    sharers: list[Sharer] = []
    taking: list[str] = []
    for device in inputs.installation.chargers:
        name, kind, items, own_a = device
        first = kind in SUN
        actual = smoothed.get(name, 0.0) if first else number(items, p.CURRENT) or 0.0
        why = ""
        if p.CHARGE_CURRENT not in items:
            why = "no-path"
        elif first and items.get(p.N2K_INSTANCE):
            why = "other-network"
        if own_a is not None and not why:
            devices.append(device)
            sharers.append(make(Sharer, (actual, own_a, 0.0, first, items.get(p.STATE) != 0)))
        else:
            silent.append(ChargerOrder(device, None, why or "no-setting"))
            if why != "other-network" and actual > 0:
                limit_a -= actual
                taking.append(title(device))
    limit_a = max(limit_a, 0.0)
    taken_by = names_text(taking)
    return [
        make(ChargerOrder, (device, share, "share" if sharer.awake else "asleep", limit_a, 0.0, taken_by))
        for device, share, sharer in zip(devices, strict_share(limit_a, sharers), sharers, strict=True)
    ] + silent


def current_writes(orders: Sequence[ChargerOrder]) -> list[Write]:
    """The writes for what the chargers are told."""
    return [
        make(Write, (device.name, p.CHARGE_CURRENT, current_a))
        for device, current_a, _, _, _, _ in orders
        if current_a is not None and p.CHARGE_CURRENT in device.items
    ]


def solar_sum(inputs: Inputs, smoothed: Mapping[str, float]) -> float:
    """What the solar side makes (A, smoothed)."""
    return sum([smoothed.get(name, 0.0) for name, _, _, _ in inputs.installation.solar_side])
