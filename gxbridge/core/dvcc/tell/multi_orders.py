"""What the inverter/chargers are told: the BMS's limits, and what is left of the charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, inf

from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.feed_in import may_feed_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.plausible import NO_LIMIT_A
from gxbridge.core.dvcc.read.devices.services import SUN, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder
from gxbridge.core.dvcc.tell.charger_orders import counted_apart
from gxbridge.core.dvcc.tell.one_bound import (
    is_connected,
    made_by,
    most_made,
    multi_shares,
    own_current,
    told_multis,
    untold,
    wishes,
)
from gxbridge.core.dvcc.tell.vendor_orders import solar_sum
from gxbridge.core.dvcc.tell.write import Write, put

LEAST_A = 1
"""Without a BMS, this much or less is nothing for a Multi."""


def remainder(
    inputs: Inputs,
    limit_a: float | None,
    smoothed: Mapping[str, float],
    voltage_v: float | None,
    orders: Sequence[ChargerOrder],
) -> int | None:
    """What is left for the Multi (whole A), after the sun, alternators and gensets; None: no limit."""
    cap = charge_power_current(inputs, voltage_v)
    if limit_a is None or (limit_a >= NO_LIMIT_A and inputs.bms is None and inputs.charge_permits):
        return cap  # a BMS at terminals that allows is no reason to touch what the Multi's own setting is
    if inputs.options.strict_sharing:
        rest = floor(max(min(limit_a, NO_LIMIT_A) - taken(inputs, limit_a, orders, smoothed), 0.0) + 1e-6)
        return rest if cap is None else min(rest, cap)
    made = solar_sum(inputs, smoothed)
    made += sum(charger.current_a or 0.0 for charger in inputs.installation.others)
    made += sum(genset.current_a or 0.0 for genset in inputs.installation.gensets)
    for charger in inputs.installation.chargers:
        if charger.name in inputs.apart:
            made += max(counted_apart(inputs, charger, smoothed) - made_by(charger, smoothed), 0.0)
    rest = round(max(limit_a - made, 0.0))
    return rest if cap is None else min(rest, cap)


def charge_power_current(inputs: Inputs, voltage_v: float | None) -> int | None:
    """The charge power that energy management asks for, as a current (whole A); None: it asks for none."""
    power = inputs.options.charge_power_w
    return ceil(max(power, 0.0) / voltage_v) if power is not None and voltage_v else None


def taken(inputs: Inputs, limit_a: float, orders: Sequence[ChargerOrder], smoothed: Mapping[str, float]) -> float:
    """What all but the Multis that are told a current have of the limit (A): what they are told, or what they make.

    A Multi without a BMS is lowered first, by its own setting: chargers get the room when it has made it.
    """
    feeding = may_feed_in(inputs) and not inputs.options.feed_in_obeys_ccl
    told = [order.charger for order in orders if order.current_a is not None]
    waiting = wishes(inputs, limit_a, told, smoothed) if inputs.bms is None else {}
    sum_a = untold(inputs, told_multis(inputs))
    plain = not (inputs.apart or feeding or waiting)
    for charger, current_a, why, _, _, _ in orders:
        if plain and current_a is not None:
            sum_a += current_a
        elif charger.name in inputs.apart:
            sum_a += counted_apart(inputs, charger, smoothed)
        elif current_a is None or (feeding and charger.kind in SUN):
            sum_a += 0.0 if why == "other-network" else most_made(charger, smoothed)
        else:
            wish_a = min(charger.own_limit_a or 0.0, waiting.get(charger.name, 0.0))
            sum_a += max(current_a, wish_a)
    return sum_a


def positive(value: float | None) -> float | None:
    """Nothing below 0."""
    return None if value is None else max(value, 0)


def charge_limits(
    multi: VebusSystem, voltage_v: float | None, rest_a: float | None, *, tell_v: bool = True
) -> list[Write]:
    """Charge voltage and current for one VE.Bus system; without a limit the last current stays."""
    writes = put(multi, p.BOL_CHARGE_VOLTAGE, positive(voltage_v)) if tell_v else []
    return writes if rest_a is None else writes + put(multi, p.BOL_CHARGE_CURRENT, rest_a)


def multi_limits(
    inputs: Inputs, voltage_v: float | None, rest_a: float | None, discharge: Capped, low_v: float | None
) -> list[Write]:
    """With a BMS: its limits to the Multi, to the other Multis if wanted, and the discharge limit to inverters."""
    discharge_a = positive(discharge.value)
    renew = not discharge.refused
    tell_v = voltage_v is not None or not inputs.options.voltage_window
    writes: list[Write] = []
    multi, shares = inputs.multi, multi_shares(inputs, rest_a)
    if multi is not None:
        rest_a = shares.get(multi.name, rest_a)
        writes += charge_limits(multi, voltage_v, rest_a, tell_v=tell_v)
        if renew:
            writes += put(multi, p.BOL_DISCHARGE_CURRENT, discharge_a)
        if low_v or not inputs.options.measurements_checked:  # 0 V: the BMS has no such limit
            writes += put(multi, p.BOL_LOW_VOLTAGE, positive(low_v))
        now_a = own_current(multi)
        if now_a is not None and rest_a is not None:
            most_a = NO_LIMIT_A if inputs.options.strict_sharing else inf
            writes += put(multi, p.MULTI_CHARGE_CURRENT, min(max(now_a, rest_a), most_a))
    if inputs.settings.all_multis:
        for other in inputs.selection.other_multis:
            writes += charge_limits(other, voltage_v, shares.get(other.name), tell_v=tell_v)
            if renew and discharge_a is not None:
                writes += put(other, p.BOL_DISCHARGE_CURRENT, discharge_a)
    if renew:
        for inverter in inputs.installation.inverters:
            writes += put(inverter, p.DISCHARGE_CURRENT, discharge_a)
    return writes


def left_at_zero(inputs: Inputs) -> bool:
    """Does the Multi stand at 0 A while a BMS at terminals allows? That is a stop whose end was never told."""
    multi = inputs.multi
    return multi is not None and bool(inputs.charge_permits) and multi.max_charge_current_a == 0


def without_bms(inputs: Inputs, rest_a: float | None, unlimited: bool, limited: bool) -> tuple[list[Write], bool]:
    """Without a BMS only the Multi's own charge current is set; and whether it was told that there is no limit.

    "No limit" is told once; with `no_unlimited_reset` only to lift a limit that we had told (`limited`), maybe in a
    former life of the program.
    """
    multi = inputs.multi
    if multi is None or not is_connected(multi):
        return [], False
    if own_current(multi) is None:
        return [], unlimited
    if rest_a is not None:
        return put(multi, p.MULTI_CHARGE_CURRENT, rest_a if rest_a > LEAST_A else 0), False
    if unlimited or (inputs.options.no_unlimited_reset and not limited and not left_at_zero(inputs)):
        return [], unlimited
    return put(multi, p.MULTI_CHARGE_CURRENT, NO_LIMIT_A), True


def stop_charge(inputs: Inputs) -> list[Write]:
    """After the loss of a BMS: no charge from any VE.Bus system; its discharge limit is left alone."""
    multi = inputs.multi
    writes: list[Write] = [] if multi is None else put(multi, p.BOL_CHARGE_CURRENT, 0)
    if inputs.settings.all_multis:
        for other in inputs.selection.other_multis:
            writes += put(other, p.BOL_CHARGE_CURRENT, 0)
    return writes


def stop_discharge(inputs: Inputs) -> list[Write]:
    """Discharge 0 for the Multis and the inverters."""
    multis = ([] if inputs.multi is None else [inputs.multi]) + (
        list(inputs.selection.other_multis) if inputs.settings.all_multis else []
    )
    writes: list[Write] = []
    for multi in multis:
        writes += put(multi, p.BOL_DISCHARGE_CURRENT, 0)
    for inverter in inputs.installation.inverters:
        writes += put(inverter, p.DISCHARGE_CURRENT, 0)
    return writes
