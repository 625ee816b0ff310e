"""From the charge current limit to what the chargers and the Multi may share: compensation for loads.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from math import ceil

from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.caps import ChargeCaps
from gxbridge.core.dvcc.limit.feed_in import Surplus
from gxbridge.core.dvcc.limit.reasons import cap, load, plain
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.model.named_tuple import NamedTuple


class Currents(NamedTuple):
    """`limit_a`: for the Multi, `solar_a`: for the solar side (AC loads may be fed too). None: no limit.

    `stop`: 0 A for everybody, no help from anything. `terms` explain what was added. `dark`: PV is disabled, and the
    BMS is of the kind whose 0 A is 0 A for every charger of the solar side. `fed`: what solar may make
    beyond `solar_a` because it is fed in, where it obeys the limit.
    """

    limit_a: float | None
    solar_a: float | None
    stop: bool
    terms: tuple[Cap, ...]
    dark: bool = False
    fed: Surplus | None = None


def stops_everything(inputs: Inputs) -> bool:
    """Is the BMS of the kind whose 0 A means 0 A for everybody, loads or not?"""
    return inputs.quirk.stop_on_zero or inputs.selection.vebus_bms


def counts_loads(inputs: Inputs, limit_a: float | None, feeds: bool = False) -> bool:
    """Are metered DC loads added to this limit? `feeds`: solar that is fed in obeys it, and goes on at 0 A."""
    return limit_a is not None and (limit_a > 0 or feeds) and not stops_everything(inputs)


def compensate(
    inputs: Inputs,
    charge: ChargeCaps,
    dc_loads_a: float | None,
    vebus_a: float,
    pv_off: bool,
    fed: Surplus | None = None,
) -> Currents:
    """Add what DC loads and the Multi take, where that kind of BMS leaves room for it, and what feed-in does."""
    terms: list[Cap] = []
    limit = charge.limit.value
    stops = stops_everything(inputs)
    if limit is not None and limit > 0:
        added = None if dc_loads_a is None or stops else round(dc_loads_a, 1)
        if added is not None:
            terms.append(cap("dc-loads", None, "A", added=load(added)))
        elif dc_loads_a is not None:
            terms.append(cap("dc-loads-not", None, "A"))
        if inputs.options.strict_sharing:
            limit += added or 0.0
        elif not stops:
            limit = round(limit + (dc_loads_a or 0.0), 1)
    if inputs.options.clean_limits and limit is not None:
        limit = max(limit, 0.0)
    refused = charge.stopped and fed is None
    stop = refused or (stops and limit == 0)
    solar = limit
    if fed is not None and solar == 0 and dc_loads_a and not stops:  # all that is fed in would go to them first
        solar = round(dc_loads_a, 1)
        terms.append(cap("dc-loads", None, "A", added=load(solar)))
    if solar is not None and vebus_a < 0 and not stop:
        raised = solar - vebus_a
        solar = raised if inputs.options.strict_sharing else float(ceil(raised))
        terms.append(cap("ac-loads", None, "A", added=load(-vebus_a)))
    if fed is not None and not stop:
        terms.append(headroom_term(fed))
    if refused:
        limit = solar = 0.0
    if pv_off:
        solar = 0.0
        terms.append(cap("pv-disabled", None, "A"))
    dark = stops and pv_off and not inputs.options.strict_sharing
    return Currents(limit, solar, stop, tuple(terms), dark, fed)


def headroom_term(fed: Surplus) -> Cap:
    """Why solar may make more than leaves now, or may not."""
    if fed.held:
        return cap("feed-in-held", None, "A", why=fed.held)
    return cap("feed-in-room", None, "A", added=plain(fed.headroom_a))
