"""What a bank allows: who stops it, and the largest current at which no member takes more than its own limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.figure import Figure
from gxbridge.core.bank.member import COUNTED, Member
from gxbridge.core.bank.shares import divisors
from gxbridge.core.dvcc.limit.reasons import amount, plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import NO_ANSWER, number_at
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.wording import listed

TOLD_A: Final = 0.1
"""Limits are told in tenths of an ampere, rounded down."""


class BankMembers(NamedTuple):
    """The members of a bank as they are now."""

    entry: BankEntry
    members: tuple[Member, ...]
    services: tuple[str, ...] = ()
    """Of all of them that are there, also of those that have gone silent."""

    @property
    def inside(self) -> tuple[Member, ...]:
        """Those that count in everything."""
        return tuple(member for member in self.members if member.state == "in")

    @property
    def waiting(self) -> tuple[Member, ...]:
        """Those whose limits and refusals count already."""
        return tuple(member for member in self.members if member.state == "waiting")

    @property
    def counted(self) -> tuple[Member, ...]:
        """Those whose limits and refusals count."""
        return tuple(member for member in self.members if member.state in COUNTED)

    @property
    def heard(self) -> tuple[Member, ...]:
        """Those that are heard at all."""
        return tuple(member for member in self.members if member.heard is not None)

    @property
    def silent(self) -> tuple[Member, ...]:
        """Those that stop the bank because nobody knows what they would say."""
        return tuple(member for member in self.members if member.state == "silent")


def titles_of(members: Iterable[Member]) -> str:
    """The names of members, for a sentence."""
    return listed([member.title for member in members])


def permission(bank: BankMembers, path: str) -> Figure:
    """Whether the bank allows charging or discharging: 1, 0, `NO_ANSWER` where it is not known, None where none of its
    members says such a thing. Who refuses stops all; who is silent makes it unknown."""
    what = "charging" if path == p.ALLOW_CHARGE else "discharging"
    words = [(member, member.allows(path)) for member in bank.counted]
    for member, word in words:
        if word == "no":
            return Figure(0, f"{member.title} does not allow {what}", member.title)
    if bank.silent:
        names = titles_of(bank.silent)
        return Figure(NO_ANSWER, f"{names} cannot be heard, and its contactor was not known to be open", names)
    for member, word in words:
        if word == "unknown":
            return Figure(NO_ANSWER, f"whether {member.title} allows {what} is unknown", member.title)
    if not bank.inside:
        return Figure(NO_ANSWER, "no member is in the bank")
    if any(word == "yes" for _, word in words):
        return Figure(1, f"every member that says so allows {what}")
    return Figure(None, f"no member says whether it allows {what}")


def charge_stops(bank: BankMembers) -> Iterator[Figure]:
    """Why nothing may be charged, if so; each with 0 A."""
    said = permission(bank, p.ALLOW_CHARGE)
    if said.value in (0, NO_ANSWER):
        yield said._replace(value=0.0)
    for path, what in ((p.CCL, "charge current"), (p.CVL, "charge voltage")):
        for member in bank.counted:
            if number_at(member.bms, path) is None:
                yield Figure(0.0, f"{member.title} does not say the {what} that it allows", member.title)


def charge_current(bank: BankMembers) -> Figure:
    """The charge current limit of the bank (A): never unknown."""
    stop = next(charge_stops(bank), None)
    return stop or least_by_share(bank, p.CCL)


def discharge_current(bank: BankMembers) -> Figure:
    """The discharge current limit of the bank (A): 0 where a member refuses, None where it is not known."""
    said = permission(bank, p.ALLOW_DISCHARGE)
    if said.value == 0:
        return said._replace(value=0.0)
    if not bank.inside:
        return Figure(None, "no member is in the bank")
    for member in bank.counted:
        if number_at(member.bms, p.DCL) is None:
            return Figure(None, f"{member.title} does not say the discharge current that it allows", member.title)
    return least_by_share(bank, p.DCL)


def known_limits(members: Sequence[Member], path: str) -> dict[str, float]:
    """The limits of members by their words: all of them say one, and below 0 there is none."""
    return {member.word: max(number_at(member.bms, path) or 0.0, 0.0) for member in members}


def least_by_share(bank: BankMembers, path: str) -> Figure:
    """The current at which the first member reaches its own limit; every member that counts says one."""
    limits, by_word = known_limits(bank.counted, path), {member.word: member for member in bank.counted}
    if bank.entry.sums:
        return summed_limit(bank, limits)
    parts = divisors(bank.entry, bank.inside, bank.waiting)
    least = min(limits, key=lambda word: limits[word] / (1.0 if parts is None else parts[word]))
    member, limit_a = by_word[least], limits[least]
    allows = f"{member.title} allows {amount(limit_a, 'A')}"
    if parts is None:
        unknown = titles_of(one for one in bank.counted if one.capacity_ah is None)
        return Figure(
            limit_a, f"{allows}, and all could flow into one: the capacity of {unknown} is unknown", member.title
        )
    if len(bank.counted) == 1:
        return Figure(limit_a, allows, member.title)
    whole_a = round(int(limit_a / parts[least] / TOLD_A + 1e-6) * TOLD_A, 1)
    return Figure(
        whole_a, f"{allows}, and up to {plain(parts[least] * 100)} % of the current may be its part", member.title
    )


def summed_limit(bank: BankMembers, limits: dict[str, float]) -> Figure:
    """The limits added up, because the configuration says so; 0 of one member is 0 for all, and one that waits to be
    added limits them."""
    for member in bank.counted:
        if limits[member.word] == 0:
            return Figure(0.0, f"{member.title} allows 0 A", member.title)
    whole_a = sum(limits[member.word] for member in bank.inside)
    text = f"the limits of {titles_of(bank.inside)} added up, as `current: sum` says"
    for member in bank.waiting:
        if limits[member.word] < whole_a:
            whole_a, text = (
                limits[member.word],
                f"{member.title} allows {amount(limits[member.word], 'A')}, and waits to be added",
            )
    return Figure(whole_a, text, "")


def charge_voltage(bank: BankMembers) -> Figure:
    """The lowest charge voltage limit (V); where no member counts, that of those that are heard: nothing is charged
    then, and it stays known that there is a BMS."""
    return extreme(bank.counted or bank.heard, p.CVL, lowest=True, unit="V")


def low_voltage(bank: BankMembers) -> Figure:
    """The highest voltage down to which may be discharged (V)."""
    return extreme(bank.counted, p.LOW_VOLTAGE, lowest=False, unit="V")


def extreme(members: Sequence[Member], path: str, *, lowest: bool, unit: str) -> Figure:
    """The lowest or highest of what members say at a path, with the member whose it is."""
    said = [(value, member) for member in members if (value := number_at(member.bms, path)) is not None]
    if not said:
        return Figure(None, "no member says it")
    value, member = (min if lowest else max)(said, key=lambda pair: pair[0])
    return Figure(
        value, f"the {'lowest' if lowest else 'highest'}, {plain(value)} {unit} of {member.title}", member.title
    )
