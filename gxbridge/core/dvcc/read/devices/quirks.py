"""What is special about some BMS products: one table, and the small functions it names.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.database import database

PYLONTECH_START_V: Final = 52.5
"""Where the slow voltage regulator of the 48 V Pylontech begins."""


class QuirkLimits(NamedTuple):
    """A charge voltage and current limit, and the memory of the slow regulator (V)."""

    cvl: float
    ccl: float | None
    regulator_v: float


Adjust = Callable[[Bms, QuirkLimits], QuirkLimits]


@record
class Quirk:
    """`stop_on_zero`: a charge current limit of 0 stops every charger, and no load compensation is added.

    `quick`: a new charge voltage limit is passed on at once. `gives_permissions`: the product always says whether
    charge and discharge are allowed, so silence about it is a fault. `adjust` changes what the BMS said.
    """

    name: str
    stop_on_zero: bool = False
    quick: bool = False
    gives_permissions: bool = False
    adjust: Adjust | None = None


def lg(_: Bms, limits: QuirkLimits) -> QuirkLimits:
    """Room for the 0.4 V overvoltage of feed-in under the 57.7 V at which the battery disconnects."""
    return limits._replace(cvl=min(limits.cvl, 57.3))


def byd(_: Bms, limits: QuirkLimits) -> QuirkLimits:
    """At 0 A the battery is full: float it at 55 V and let loads be fed."""
    if limits.ccl == 0:
        return limits._replace(cvl=min(limits.cvl, 55.0), ccl=40.0)
    return limits


def pelio(bms: Bms, limits: QuirkLimits) -> QuirkLimits:
    """At most 56 V (55.2 V when nearly no current is allowed) and at least a fifth of the capacity."""
    full = limits.ccl is not None and limits.ccl < 0.1
    capacity = bms.capacity_ah or 100
    return limits._replace(
        cvl=min(limits.cvl, 55.2 if full else 56.0),
        ccl=None if limits.ccl is None else max(limits.ccl, round(capacity / 5)),
    )


def pylontech(bms: Bms, limits: QuirkLimits) -> QuirkLimits:
    """Keep the battery where its cells balance; never let a low limit starve the loads."""
    if bms.own_voltage_control == 1:
        return limits
    if limits.cvl <= 20:
        return limits
    ccl = limits.ccl
    if limits.cvl < 30:
        capacity = bms.capacity_ah or 55
        cvl = min(limits.cvl, 27.6 if ccl is not None and ccl < 0.1 else 27.8)
        return limits._replace(cvl=cvl, ccl=None if ccl is None else max(ccl, round(capacity / 4)))
    capacity = bms.capacity_ah or 25
    if limits.cvl <= 55 and ccl is not None:
        limits = limits._replace(ccl=max(ccl, round(capacity / 4)))
    return limits if limits.cvl > 54 else regulate(bms, limits)


def regulate(bms: Bms, limits: QuirkLimits) -> QuirkLimits:
    """The slow regulator of a 15-cell Pylontech: hold the highest cell at 3.52 V."""
    voltage = bms.voltage_v
    low, high = bms.min_cell_v, bms.max_cell_v
    if voltage is None or low is None or high is None:
        return limits._replace(cvl=min(limits.cvl, 52.4))
    spread = max(high - low, 0.0)
    skew = min(max((voltage / 15 - spread / 2) / spread, -0.5), 0.5) if spread > 0 else 0.0
    aim = min(max(voltage + 16 * (3.52 - high) - skew * spread, 47.0), 52.8)
    regulator_v = 0.95 * limits.regulator_v + 0.05 * aim
    return limits._replace(cvl=round(regulator_v, 2), regulator_v=regulator_v)


ORDINARY: Final = Quirk("BMS")

QUIRKS: Final[Mapping[int, Quirk]] = {
    0xB004: Quirk("LG", adjust=lg),
    0xB009: Quirk("Pylontech", adjust=pylontech),
    **dict.fromkeys((0xB00A, 0xB015, 0xB019), Quirk("BYD", adjust=byd)),
    0xB029: Quirk("Pelio-L", adjust=pelio),
}
"""By product id, of BMSes that other drivers publish; those on VE.Can have theirs in `can_db/products.yaml`. Every
other product is `ORDINARY`."""
TREATMENT: Final = ("stop_on_zero", "quick", "gives_permissions")
"""The fields of `Quirk` that a product family of the message database may have."""


def quirk_of(product: float | None) -> Quirk:
    """What is special about a battery service's product."""
    return ORDINARY if product is None else _quirk(int(product))


@lru_cache(maxsize=256)
def _quirk(product: int) -> Quirk:
    known = database().products.get(product)
    if known is None or not known.quirks:
        return QUIRKS.get(product, ORDINARY)
    stops, quick, permits = (quirk in known.quirks for quirk in TREATMENT)
    return Quirk(known.name, stops, quick, permits)


class Forced(NamedTuple):
    """What a controlling BMS does to settings: a value (bit 0 on, bit 1 forced), or None to remove the force bit."""

    dvcc: int | None = None
    svs: int | None = None
    sts: int | None = None


ON, OFF = 3, 2
FORCED: Final[Mapping[int, Forced]] = {
    **dict.fromkeys((0xB02E, 0xB02F, 0xB038, 0xB054, 0xB055), Forced(ON, ON, OFF)),
    **dict.fromkeys(
        (
            *(0xB005, 0xB009, 0xB00A, 0xB015, 0xB016, 0xB019, 0xB01A, 0xB01B),
            *(0xB01D, 0xB01E, 0xB01F, 0xB021, 0xB028, 0xB029, 0xB052),
        ),
        Forced(ON, OFF, OFF),
    ),
    **dict.fromkeys((0xB014, 0xB020, 0xB024, 0xB02A, 0xB02B, 0xB051), Forced(ON, None, OFF)),
}
NOT_FORCED: Final = Forced()
FORCE_BIT: Final = 2


def forced_of(product: float | None) -> Forced:
    """The settings a controlling BMS of this product forces; `NOT_FORCED` for others and for none."""
    if product is None:
        return NOT_FORCED
    known = database().products.get(int(product))
    if known is not None and "forces_svs" in known.quirks:
        return Forced(ON, ON, OFF)
    return FORCED.get(int(product), NOT_FORCED)


def force(setting: int, forced: int | None) -> int:
    """A stored setting after the BMS has had its say."""
    return setting & ~FORCE_BIT if forced is None else forced
