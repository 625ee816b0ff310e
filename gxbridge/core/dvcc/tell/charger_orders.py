"""What the chargers are told: network mode, charge voltage, charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed; the strict rules are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.feed_in import feeding_system
from gxbridge.core.dvcc.limit.voltage import Voltages, feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger, title
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder, clamp, no_orders, push_out
from gxbridge.core.dvcc.tell.one_bound import TINY, limited_multis, most_made, untold
from gxbridge.core.dvcc.tell.strict_orders import fed_currents, strict_currents
from gxbridge.core.dvcc.tell.vendor_orders import other_currents, solar_currents
from gxbridge.core.dvcc.tell.write import Write, put, tell_all
from gxbridge.core.model.fast import make
from gxbridge.core.model.wording import names_text

NETWORKED: Final = 1
EXTERNAL: Final = 4
REMOTE_BMS: Final = 8
"""Bits of `/Link/NetworkMode`."""


def network_modes(inputs: Inputs, volts: Voltages, amps: Currents, has_bms: bool) -> list[Write]:
    """External control for every charger of this battery, with the BMS bit when one controls; vecan never hears of a
    BMS alone."""
    mode = NETWORKED | EXTERNAL | (REMOTE_BMS if has_bms else 0)
    plain = NETWORKED | (EXTERNAL if amps.limit_a is not None else 0)
    takers = inputs.installation.takers
    names = takers.modes_here if inputs.options.own_network_only else takers.modes
    writes = [*tell_all(names, p.NETWORK_MODE, mode)]
    for vecan in inputs.installation.of(p.VECAN):
        writes += put(vecan, p.NETWORK_MODE, plain if volts.vecan_v is None else mode)
    return writes


def charge_voltages(inputs: Inputs, volts: Voltages) -> list[Write]:
    """The effective voltage for the solar side off VE.Can, vecan its own, the BMS's for alternators and gensets."""
    writes: list[Write] = []
    if volts.effective_v is not None:
        writes += tell_all(inputs.installation.takers.voltages, p.CHARGE_VOLTAGE, volts.effective_v)
    if volts.vecan_v is not None:
        for vecan in inputs.installation.of(p.VECAN):
            writes += put(vecan, p.CHARGE_VOLTAGE, volts.vecan_v)
    if volts.bms_v is not None:
        for charger in (*inputs.installation.others, *inputs.installation.gensets):
            writes += put(charger, p.CHARGE_VOLTAGE, volts.bms_v)
    return writes


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


def current_writes(orders: Sequence[ChargerOrder]) -> list[Write]:
    """The writes for what the chargers are told."""
    return [
        make(Write, (charger.name, p.CHARGE_CURRENT, current_a))
        for charger, current_a, _, _, _, _ in orders
        if current_a is not None and p.CHARGE_CURRENT in charger.paths
    ]
