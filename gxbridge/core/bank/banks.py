"""Every bank from one look to the next: who is in it, whether it stands for its members, and what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.figures import figures_of
from gxbridge.core.bank.findings import MomentWords, bank_findings, different_voltages
from gxbridge.core.bank.limits import BankMembers
from gxbridge.core.bank.member import MemberCandidate
from gxbridge.core.bank.membership import (
    BankMemory,
    GatheredMembers,
    gather,
    keep_members,
    recall_members,
)
from gxbridge.core.bank.view import BankRole, BankView, differences
from gxbridge.core.dvcc.read.devices.bank import differ, is_lynx, is_totals, network_of
from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import OPENED, BankMember

NOT_CONFIGURED: Final = (
    "Nothing stands for them: the configuration names no bank (`banks:`). What follows is what one would say"
)
STANDS: Final = "It stands for them as {service}"
NO_MEMBER: Final = "It stands for nobody: none of its members is heard"
HINDERED: Final = "It is only explained: {totals} adds the same batteries up"
OF_ANOTHER_DRIVER: Final = (
    "It is only explained: {service} is a Lynx that another driver publishes, for which a GX makes totals of its own"
)
DIFFERENT: Final = "It is no bank: its members are of different nominal voltage"


class BanksLook(NamedTuple):
    """What is known of the world at a look. `totals`: services of the vendor that add Lynx up, or may; `moment`:
    seconds since 1970 in words."""

    now: float
    epoch: float
    totals: tuple[MemberCandidate, ...]
    unread_totals: tuple[str, ...]
    moment: MomentWords


class Banks:
    """`memories`: bank -> what is remembered of it; `views`, `findings`: what came of the last look."""

    def __init__(self, entries: Sequence[BankEntry], remembered: Iterable[BankMember] = ()) -> None:
        remembered = tuple(remembered)
        self.entries = tuple(entries)
        self.memories: dict[str, BankMemory] = {entry.name: recall_members(entry, remembered) for entry in entries}
        self.views: tuple[BankView, ...] = ()
        self.findings: tuple[Finding, ...] = ()

    def remembered(self) -> tuple[BankMember, ...]:
        """The members that are to be known at the next start."""
        return tuple(one for entry in self.entries for one in keep_members(entry, self.memories[entry.name]))

    def claims(self, battery: Battery, names: Collection[str]) -> bool:
        """Is a battery of ours a member of one of these banks, or may it be?"""
        words = {f"uc{battery.unique_number}", battery.serial}
        return any(entry.name in names and claimed(entry, battery, words) for entry in self.entries)

    def left_open(self, battery: Battery) -> bool:
        """Was the last word of a battery that has gone silent that its contactor is open?"""
        words = {f"uc{battery.unique_number}", battery.serial}
        return any(
            one.word in words and one.source == OPENED for memory in self.memories.values() for one in memory.members
        )

    def look(self, heard: Sequence[MemberCandidate], world: BanksLook) -> None:
        """Look at every bank."""
        taken: set[str] = set()
        views: list[BankView] = []
        findings: list[Finding] = []
        for entry in self.entries:
            gathered = gather(entry, self.memories[entry.name], heard, world.now, world.epoch, taken)
            self.memories[entry.name] = gathered.memory
            bank = BankMembers(entry, gathered.members, gathered.services)
            taken |= set(bank.services)
            members = [member.heard for member in bank.members if member.heard is not None]
            totals = hindering(members, world.totals, world.unread_totals)
            role, why = standing(bank, gathered, totals)
            view = view_of(bank, gathered.memory, role, why)
            if gathered.nominals:
                findings.append(different_voltages(entry, gathered, world.now))
            elif view.stands:
                findings += bank_findings(view, gathered, world.now, world.moment)
            elif totals:
                view = view._replace(differences=differing(view, totals, world.totals))
            views.append(view)
        self.views, self.findings = tuple(views), tuple(findings)


def claimed(entry: BankEntry, battery: Battery, words: Collection[str | None]) -> bool:
    """Is a battery of ours a member of this bank, or may it be: of a Lynx whose nominal voltage is not heard yet?"""
    if entry.members:
        return not set(words).isdisjoint(entry.members)
    nominal_v = battery.get("nominal_voltage_v")
    fits = None in (nominal_v, entry.nominal_voltage_v) or nominal_v == entry.nominal_voltage_v
    return battery.device_instance == entry.network and entry.bus in ("", battery.bus) and fits


def hindering(members: Sequence[MemberCandidate], totals: Sequence[MemberCandidate], unread: Sequence[str]) -> str:
    """The vendor's service that adds the same batteries up, or may; "" for none."""
    if unread:
        return unread[0]
    return next((total.bms.name for total in totals if any(in_totals(one, total) for one in members)), "")


def in_totals(one: MemberCandidate, total: MemberCandidate) -> bool:
    """Does the vendor's service add this battery up: a Lynx of its network and nominal voltage?"""
    network = differ(network_of(one.bms), network_of(total.bms))
    return is_lynx(one.bms) and not network and not differ(one.nominal_v, total.nominal_v)


def standing(bank: BankMembers, gathered: GatheredMembers, totals: str) -> tuple[BankRole, str]:
    """Whether a bank stands for its members, and why not."""
    if gathered.nominals:
        return "explained", DIFFERENT
    if totals:
        return "explained", HINDERED.format(totals=totals)
    theirs = [
        member.bms.name for member in bank.heard if is_lynx(member.bms) and not member.bms.name.startswith(OWN_PREFIX)
    ]
    if theirs:
        return "explained", OF_ANOTHER_DRIVER.format(service=theirs[0])
    if not bank.heard:
        return "empty", NO_MEMBER
    return "one battery", STANDS.format(service=bank.entry.service)


def view_of(bank: BankMembers, memory: BankMemory, role: BankRole, why: str) -> BankView:
    """A bank with its figures."""
    since = {one.word: one.since for one in memory.members}
    return BankView(bank.entry, bank, figures_of(bank), memory.nominal_v, role, why, since)


def differing(view: BankView, name: str, totals: Sequence[MemberCandidate]) -> tuple[str, ...]:
    """What the vendor's totals say otherwise."""
    return next((differences(view, total.items) for total in totals if total.bms.name == name), ())


def recognise(heard: Sequence[MemberCandidate], entries: Sequence[BankEntry]) -> Iterator[BankView]:
    """Batteries that look like a bank and are none in the configuration: those of the vendor's totals, and Lynx of one
    N2K device instance and nominal voltage on one CAN bus. Only explained: nothing stands for them."""
    if entries:
        return
    left = [one for one in heard if one.live and not is_totals(one.bms)]
    for total in (one for one in heard if is_totals(one.bms)):
        members = [one for one in left if in_totals(one, total)]
        if members:
            left = [one for one in left if one not in members]
            view = explained(
                total.bms.name.rpartition(".")[2], total.bms.title, members, HINDERED.format(totals=total.bms.name)
            )
            yield view._replace(differences=differences(view, total.items))
    groups: dict[tuple[str, float | None, float], list[MemberCandidate]] = {}
    for one in left:
        if one.lynx and one.nominal_v is not None:
            groups.setdefault((one.bus, one.bms.n2k_instance, one.nominal_v), []).append(one)
    for (bus, network, nominal_v), members in groups.items():
        if len(members) > 1:
            title = f"of Lynx on {bus} with device instance {network or 0:g} and {nominal_v:g} V"
            yield explained(f"{bus}_{network or 0:g}", title, members, NOT_CONFIGURED)


def explained(name: str, title: str, members: Sequence[MemberCandidate], why: str) -> BankView:
    """A bank that nobody configured, as it would be."""
    entry = BankEntry(name, title, tuple(one.bms.name for one in members))
    gathered = gather(entry, BankMemory(), members, 0.0, 0.0)
    return view_of(BankMembers(entry, gathered.members, gathered.services), gathered.memory, "explained", why)
