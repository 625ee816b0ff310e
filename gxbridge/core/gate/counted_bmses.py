"""Which BMSes count for the last gate: the one in control, and all that speak for its bank."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from gxbridge.core.gate.raw_words import AUTOMATIC, RawBms, RawWord, lowest
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple

AGGREGATES: Final = ("aggregate", "aggregator")
"""Last words of the names of services that add batteries up (dbus-aggregate-batteries)."""


def own_bms(bmses: Collection[RawBms], wanted: float, service: Value, other_banks: Collection[str]) -> RawBms | None:
    """The BMS in control by the user's settings: `wanted` is `BmsInstance`, `service` is `BatteryService`. Never one of
    another bank; a virtual copy only where it is alone or wanted."""
    speaking = [bms for bms in bmses if bms.speaks and not bms.listed(other_banks)]
    if wanted != AUTOMATIC:
        return next((bms for bms in speaking if bms.instance == wanted), None)
    monitor = ""
    if service in (None, "", "default"):
        usable = [bms for bms in bmses if bms.usable]
        first = min(usable, key=lambda bms: (not bms.offers, not bms.lynx_total, bms.instance), default=None)
        monitor = "" if first is None else first.name
    else:
        wanted_text = str(service).rpartition("/")[2]
        monitor = next((bms.name for bms in bmses if f"{bms.instance:.0f}" == wanted_text), "")
    return min(
        speaking, key=lambda bms: (bms.copy, not bms.lynx_total, bms.name != monitor, bms.instance), default=None
    )


class CountedBmses(NamedTuple):
    """The BMSes that count for the bank of the BMS in control: those whose limits hold, those whose permissions do.

    `nobody_in`: a bank with a total of which no member is on the busbar and allows.
    """

    limiting: tuple[RawBms, ...] = ()
    permitting: tuple[RawBms, ...] = ()
    nobody_in: bool = False


def bank_of(
    bmses: Collection[RawBms], own: RawBms | None, other_banks: Collection[str], gave: Mapping[str, RawWord]
) -> CountedBmses:
    """Every BMS that speaks for this bank: all that are live, but for other banks, virtual copies, and members of a
    total, whose limits are in the total's while each one's refusal still stops."""
    counted = [bms for bms in bmses if (bms.speaks or bms.lynx) and belongs(bms, own, other_banks)]
    if own is not None or any(bms.speaks and not bms.copy for bms in counted):
        counted = [bms for bms in counted if not bms.copy or same(bms, own)]
    total = next((bms for bms in counted if is_total(bms, own)), None)
    if total is None:
        here = [bms for bms in counted if not (bms.lynx and bms.out)]
        if not here and (own is None or any(same(bms, own) for bms in counted)):
            here = counted  # who is alone speaks with an open contactor too, but not in the place of a lost one
        return CountedBmses(tuple(here), tuple(here))
    others = [bms for bms in counted if bms is not total and belongs(bms, total, ())]
    members = [bms for bms in others if adds_up(total, bms)]
    alone = [bms for bms in counted if bms is not total and bms not in members]
    limiting = (bounded(total, members), *alone, *(bms for bms in members if same(bms, own)))
    there = [bms for bms in members if not (bms.lynx and bms.out)]
    allowed = any(bms.charge == "yes" for bms in there) or vanished_granting(bmses, gave)
    nobody_in = total.lynx_total and not total.adds and not allowed
    return CountedBmses(limiting, (total, *alone, *there), nobody_in)


def adds_up(total: RawBms, bms: RawBms) -> bool:
    """Is it one of those that a total adds up: of a bank of ours those that it names, of the vendor's every Lynx?"""
    return bms.name in total.adds if total.adds else bms.lynx or not total.lynx_total


def bounded(total: RawBms, members: Iterable[RawBms]) -> RawBms:
    """A bank of ours allows, whatever it says, no more than those of its members that are on the busbar together."""
    if not total.adds:
        return total
    there = sum(bms.ccl or 0.0 for bms in members if not (bms.lynx and bms.out))
    return total._replace(ccl=lowest(total.ccl, there))


def vanished_granting(bmses: Iterable[RawBms], gave: Mapping[str, RawWord]) -> bool:
    """Did a BMS leave that allowed charging? Then the word is left to the vendor's total."""
    there = {mark for bms in bmses for mark in bms.marks}
    granted = (mark for mark, last in gave.items() if last == "yes" and mark.startswith("uc") and " " not in mark)
    return any(mark not in there for mark in granted)


def is_total(bms: RawBms, own: RawBms | None) -> bool:
    """Does it add others up: the vendor's sum of Lynx, or an aggregate that is in control?"""
    return bms.lynx_total or (same(bms, own) and bms.name.rpartition(".")[2] in AGGREGATES)


def same(bms: RawBms, own: RawBms | None) -> bool:
    """Is it the BMS in control, under whatever name?"""
    return own is not None and (bms.name == own.name or not bms.marks.isdisjoint(own.marks))


def belongs(bms: RawBms, own: RawBms | None, other_banks: Collection[str]) -> bool:
    """Is it on the same DC bus as the BMS in control? What is unknown counts as the same."""
    if same(bms, own):
        return True
    if bms.listed(other_banks):
        return False
    if own is None:
        return True
    if None not in (bms.class_v, own.class_v) and bms.class_v != own.class_v:
        return False
    lynx = (bms.lynx or bms.lynx_total) and (own.lynx or own.lynx_total)
    return not lynx or None in (bms.network, own.network) or bms.network == own.network
