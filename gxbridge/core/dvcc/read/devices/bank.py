"""Which batteries limit and stop beside the BMS in control: every live BMS of its bank, with named exceptions.

States of a BMS: gui-v2@2ffcc3c src/enums.h. Grouping of Lynx: victronenergy/venus#1345 and #1641.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.plausible import class_of_charge_voltage
from gxbridge.core.dvcc.read.devices.products import is_lynx_product, is_lynx_totals
from gxbridge.core.dvcc.read.devices.quirks import quirk_of
from gxbridge.core.model.named_tuple import NamedTuple

STANDBY: Final = 14
PENDING: Final = 18
OUT: Final = frozenset({STANDBY, PENDING})
"""States in which a battery is not connected to its bank."""
NEITHER: Final = frozenset({*range(9), 12, 15, 16, 17})
"""States on the way in or out (initialising, shutdown, pre-charging ...): they neither grant nor stop."""
VIRTUAL: Final = "Virtual"
AGGREGATES: Final = ("aggregate", "aggregator")
"""The last words of the names of services that add batteries up."""

Exemption: TypeAlias = Literal["other-nominal-voltage", "other-bank", "other-network", "virtual-copy"]


class LeftOut(NamedTuple):
    """A battery that neither limits nor stops, and why."""

    bms: Bms
    why: Exemption


class BatteryBank(NamedTuple):
    """`others` limit and stop as the BMS in control does. `members`: their limits are in a total that counts; each may
    still stop. `totals`: totals that say no permission of their own, so that a member must give it."""

    others: tuple[Bms, ...] = ()
    members: tuple[Bms, ...] = ()
    totals: tuple[Bms, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    gone: tuple[Bms, ...] = ()
    """Batteries of the bank that have left the bus, as they were last: one that refused still stops."""


ALONE: Final = BatteryBank()


def counts_as_bms(bms: Bms) -> bool:
    """Is it more than a monitor: does it give limits, or is it of a kind that always gives permissions?"""
    return bms.offers_limits or quirk_of(bms.product_id).gives_permissions


def is_out(bms: Bms) -> bool:
    """Does it say that it is not connected, or on its way in or out?"""
    return bms.state in OUT or bms.state in NEITHER or bms.contactor_closed == 0


def takes_part(bms: Bms) -> bool:
    """Does its word count for its bank? Of a Lynx not while it is out; of others it always does."""
    return not (is_lynx(bms) and is_out(bms))


def is_totals(bms: Bms) -> bool:
    """Is it the vendor's service for Lynx BMSes in parallel?"""
    return is_lynx_totals(bms.product_id) or bms.name.startswith(p.PARALLEL_PREFIX)


def named_in(bms: Bms, wanted: Iterable[str]) -> bool:
    """Is it named by its device instance, unique number, serial or service?"""
    names = {f"{bms.instance:g}", bms.name, *bms.identity.split()}
    return not names.isdisjoint(wanted)


def is_aggregate(bms: Bms, named: Iterable[str]) -> bool:
    """Does it add up other batteries, by its name or because the configuration says so?"""
    return bms.name.endswith(AGGREGATES) or named_in(bms, named)


def network_of(bms: Bms) -> float | None:
    """The N2K device instance; the vendor's totals have it in their name."""
    if bms.n2k_instance is None and bms.name.startswith(p.PARALLEL_PREFIX):
        digits = bms.name.removeprefix(p.PARALLEL_PREFIX)
        return float(digits) if digits.isascii() and digits.isdigit() else None
    return bms.n2k_instance


def nominal_of(bms: Bms) -> float | None:
    """The nominal voltage that it is set to, else the one whose window its charge voltage limit is in."""
    if bms.nominal_v is not None and bms.nominal_v > 0:
        return bms.nominal_v
    return class_of_charge_voltage(bms.max_charge_voltage_v)


def differ(one: float | None, other: float | None) -> bool:
    """Are both known, and not equal?"""
    return one is not None and other is not None and one != other


def is_lynx(bms: Bms) -> bool:
    """Is it a Lynx, or the vendor's totals of several?"""
    return is_lynx_product(bms.product_id) or is_totals(bms)


def is_virtual(bms: Bms) -> bool:
    """Is it a copy that a program made, and not a total?"""
    last = bms.name.rpartition(".")[2]
    return (bms.connection == VIRTUAL or last.startswith("virtual_")) and not is_totals(bms)


def exemption(
    other: Bms, bms: Bms, nominal: Mapping[str, float | None], other_banks: Iterable[str], *, in_place: bool = False
) -> Exemption | None:
    """Why a battery neither limits nor stops; None where it does. `in_place`: `bms` only stands in the place of one
    that is not there, so that nobody knows which of them is on its DC bus."""
    if named_in(other, other_banks):
        return "other-bank"
    if not in_place and differ(nominal.get(other.name), nominal.get(bms.name)):
        return "other-nominal-voltage"
    if not in_place and is_lynx(other) and is_lynx(bms) and differ(network_of(other), network_of(bms)):
        return "other-network"
    return "virtual-copy" if is_virtual(other) and not is_virtual(bms) else None


def is_member(bms: Bms, total: Bms) -> bool:
    """Are the limits of a battery in a total of its bank? A bank of ours says whose; the vendor's has the Lynx of one
    N2K device instance."""
    if total.adds:
        return bms.name in total.adds
    return not is_totals(total) or (is_lynx(bms) and not differ(network_of(bms), network_of(total)))


def find_bank(
    bms: Bms | None,
    batteries: Iterable[Bms],
    nominal: Mapping[str, float | None],
    other_banks: Iterable[str],
    aggregates: Iterable[str],
    *,
    in_place: bool = False,
) -> BatteryBank:
    """The bank of the BMS in control. `nominal`: service -> nominal voltage as it was first known. `in_place`: it only
    stands in the place of the one that the user chose."""
    if bms is None:
        return ALONE
    bank: list[Bms] = []
    left_out: list[LeftOut] = []
    for other in batteries:
        if other.name == bms.name or not counts_as_bms(other):
            continue
        why = exemption(other, bms, nominal, other_banks, in_place=in_place)
        if why is None:
            bank.append(other)
        else:
            left_out.append(LeftOut(other, why))
    if not bank and not left_out and not is_totals(bms):
        return ALONE
    totals = [one for one in (bms, *bank) if is_totals(one) or (one is bms and is_aggregate(one, aggregates))]
    members = [one for one in bank if one not in totals and any(is_member(one, total) for total in totals)]
    others = [one for one in bank if one not in members]
    without_word = [total for total in totals if is_totals(total) and total.charge is None and not total.adds]
    return BatteryBank(tuple(others), tuple(members), tuple(without_word), tuple(left_out))


def left(before: BatteryBank, batteries: Collection[Bms]) -> tuple[Bms, ...]:
    """The batteries of the bank that have gone, unless they were out of it or are there under another name."""
    known = (*before.others, *before.members, *before.gone)
    if not known:
        return ()
    names = {battery.name for battery in batteries}
    marks = {word for battery in batteries for word in battery.identity.split()}
    return tuple(
        bms
        for bms in known
        if takes_part(bms) and not is_totals(bms) and bms.name not in names and marks.isdisjoint(bms.identity.split())
    )
