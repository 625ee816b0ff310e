"""Who belongs to a bank: found by name or by the vendor's rule, remembered, and let in when the voltage fits.

Grouping of Lynx: victronenergy/venus#1345 (equal N2K device instance and nominal voltage).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from gxbridge.core.bank.entry import MOST_MEMBERS, BankEntry
from gxbridge.core.bank.member import COUNTED, Member, MemberCandidate, MemberState
from gxbridge.core.bank.shares import NOT_MEASURED, MeasuredDivision, measure
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import ACKNOWLEDGED, OPENED, BankMember

NAMED: Final = "the configuration"
THERE: Final = "what it said: it is there"
SILENT: Final = "its silence"
SOURCES: Final = frozenset({NAMED, THERE, OPENED, SILENT, ACKNOWLEDGED})
"""By what a member is remembered, and with that its last word."""
WINDOW_V: Final = 0.2
"""For each 12 V of nominal voltage: a member this near to the others' voltage is on their busbar. Cables of 2 mΩ differ
by as much at 100 A; lithium cells that were apart for long differ by more."""


class MemberMemory(NamedTuple):
    """A member as it was: `source` is its last word, `since` when that began (seconds since 1970, for people)."""

    word: str
    source: str
    since: float
    title: str = ""
    joined: bool = False


class MembersApart(NamedTuple):
    """The members with the lowest and the highest voltage (V), which are farther apart than the window."""

    low: str
    low_v: float
    high: str
    high_v: float


class BankMemory(NamedTuple):
    """What one look hands to the next. `nominal_v`: of the bank, as it was first known; `began`: when we began to look
    (monotonic s)."""

    members: tuple[MemberMemory, ...] = ()
    division: MeasuredDivision = NOT_MEASURED
    apart: MembersApart | None = None
    nominal_v: float | None = None
    began: float | None = None


class GatheredMembers(NamedTuple):
    """The members now. `services`: of all that are there, also of those that have gone silent. `twice`: words by which
    several batteries are known, or one battery that another word names too. `nominals`: the nominal voltages of members
    where they differ, each with a member's title: then there is no bank."""

    members: tuple[Member, ...]
    services: tuple[str, ...]
    memory: BankMemory
    twice: tuple[str, ...] = ()
    nominals: tuple[tuple[float, str], ...] = ()


def recall_members(entry: BankEntry, remembered: Iterable[BankMember]) -> BankMemory:
    """What was known of a bank when the program ended the last time; who is not named any more is not of it."""
    known = [one for one in remembered if one.bank == entry.name and one.source in SOURCES]
    if entry.members:
        known = [one for one in known if one.member in entry.members]
    return BankMemory(tuple(MemberMemory(one.member, one.source, one.since) for one in known))


def keep_members(entry: BankEntry, memory: BankMemory) -> tuple[BankMember, ...]:
    """What is to be known of a bank at the next start."""
    return tuple(BankMember(entry.name, one.word, one.since, one.source) for one in memory.members)


def find_members(
    entry: BankEntry, heard: Sequence[MemberCandidate], nominal_v: float | None
) -> dict[str, list[MemberCandidate]]:
    """The batteries that belong to a bank now, by the word that they are known by in it."""
    if entry.members:
        return {word: [one for one in heard if word in one.words] for word in entry.members}
    found: dict[str, list[MemberCandidate]] = {}
    for one in heard:
        if one.lynx and (not entry.bus or one.bus == entry.bus) and one.bms.n2k_instance == entry.network:
            other = None not in (one.nominal_v, nominal_v) and one.nominal_v != nominal_v
            if not other:
                found.setdefault(one.bms.identity.split()[0], []).append(one)
    return found


def bank_nominal(entry: BankEntry, heard: Sequence[MemberCandidate], before: float | None) -> float | None:
    """The nominal voltage of the bank: as configured, as it was first known, else that of its first member."""
    if entry.nominal_voltage_v is not None:
        return entry.nominal_voltage_v
    return (
        before
        if before is not None
        else next(
            (one.nominal_v for found in find_members(entry, heard, None).values() for one in found if one.nominal_v),
            None,
        )
    )


def gather(
    entry: BankEntry,
    before: BankMemory,
    heard: Sequence[MemberCandidate],
    now: float,
    epoch: float,
    taken: Collection[str] = (),
) -> GatheredMembers:
    """The members of a bank. `heard`: every battery; `taken`: services that are members of another bank already;
    `now` in monotonic seconds, `epoch` in seconds since 1970."""
    nominal_v = bank_nominal(entry, heard, before.nominal_v)
    found = find_members(entry, heard, nominal_v)
    known = {one.word: one for one in before.members}
    words = tuple(dict.fromkeys((*(entry.members or known), *found)))[:MOST_MEMBERS]
    found = {word: found[word] for word in words if word in found}
    twice = contested(words, found, taken)
    fits = {one.bms.name for batteries in found.values() for one in batteries if one.nominal_v == nominal_v is not None}
    let_in = joining(found, known, twice, fits, nominal_v)
    members: list[Member] = []
    memories: list[MemberMemory] = []
    for word in words:
        memory = known.get(word, MemberMemory(word, NAMED, epoch))
        there = [one for one in found.get(word, ()) if one.live]
        if not there:
            source = SILENT if memory.source == THERE else memory.source
            if source == ACKNOWLEDGED and not entry.members:
                continue
            memory = changed_memory(memory, source, epoch)._replace(joined=False)
            members.append(Member(word, memory.title or word, gone_state(source)))
        else:
            states = [state_of(one, word in let_in) for one in there]
            source = OPENED if all(state == "open" for state in states) else THERE
            memory = changed_memory(memory, source, epoch)
            memory = memory._replace(title=there[0].bms.title, joined="in" in states)
            part = before.division.part(word)
            members += [Member(word, one.bms.title, state, one, part) for one, state in zip(there, states, strict=True)]
        memories.append(memory)
    inside = [member for member in members if member.state == "in"]
    division = measure(before.division, inside, now)
    apart = members_apart(before.apart, members, window_of(nominal_v))
    everyone = found if entry.members or entry.nominal_voltage_v else find_members(entry, heard, None)
    return GatheredMembers(
        tuple(members),
        tuple(dict.fromkeys(one.bms.name for batteries in found.values() for one in batteries)),
        BankMemory(tuple(memories), division, apart, nominal_v, now if before.began is None else before.began),
        twice,
        different_nominals(entry, everyone, nominal_v),
    )


def changed_memory(memory: MemberMemory, source: str, epoch: float) -> MemberMemory:
    """With its last word; since when it is that stays as long as it is that."""
    return memory if memory.source == source else memory._replace(source=source, since=epoch)


def gone_state(source: str) -> MemberState:
    """How a member that is not heard stands with its bank."""
    return "acknowledged" if source == ACKNOWLEDGED else "away" if source == OPENED else "silent"


def state_of(one: MemberCandidate, let_in: bool) -> MemberState:
    """How a member that is heard stands with its bank."""
    if one.opened:
        return "open"
    if not one.counts:
        return "coming"
    return "in" if let_in else "waiting"


def contested(
    words: Iterable[str], found: Mapping[str, Sequence[MemberCandidate]], taken: Collection[str]
) -> tuple[str, ...]:
    """Words that name several batteries, or one that another word names already."""
    twice: list[str] = []
    seen = set(taken)
    for word in words:
        names = {one.bms.name for one in found.get(word, ())}
        if len(names) > 1 or not names.isdisjoint(seen):
            twice.append(word)
        seen |= names
    return tuple(twice)


def joining(
    found: Mapping[str, Sequence[MemberCandidate]],
    known: Mapping[str, MemberMemory],
    twice: Collection[str],
    fits: Collection[str],
    nominal_v: float | None,
) -> frozenset[str]:
    """The words of members that count in everything: those that did, and those whose voltage fits theirs. At the start
    the voltage in the middle is taken for the busbar's."""
    able = {
        word: one
        for word, batteries in found.items()
        if word not in twice
        for one in batteries
        if one.live and one.counts and not one.opened
        if one.bms.name in fits or (one.nominal_v is None and was_in(word, known))
    }
    joined = {word for word in able if was_in(word, known)}
    volts = {word: one.bms.voltage_v for word, one in able.items()}
    busbar = [v for word in joined if (v := volts[word]) is not None]
    middle = busbar or [v for v in volts.values() if v is not None]
    if not middle or nominal_v is None:
        return frozenset(joined)
    busbar_v, window_v = sorted(middle)[(len(middle) - 1) // 2], window_of(nominal_v)
    return frozenset(joined | {word for word, v in volts.items() if v is not None and abs(v - busbar_v) <= window_v})


def was_in(word: str, known: Mapping[str, MemberMemory]) -> bool:
    """Did it count in everything at the last look?"""
    return word in known and known[word].joined


def different_nominals(
    entry: BankEntry, found: Mapping[str, Sequence[MemberCandidate]], nominal_v: float | None
) -> tuple[tuple[float, str], ...]:
    """The nominal voltages of members, where they are not all the same."""
    said = {
        one.nominal_v: one.bms.title for batteries in found.values() for one in batteries if one.nominal_v is not None
    }
    if nominal_v is not None:
        said.setdefault(nominal_v, entry.called)
    return tuple((volts, title) for volts, title in said.items()) if len(said) > 1 else ()


def window_of(nominal_v: float | None) -> float:
    """By how much members of a bank may differ (V)."""
    return WINDOW_V * (nominal_v or 12.0) / 12


def members_apart(before: MembersApart | None, members: Iterable[Member], window_v: float) -> MembersApart | None:
    """Which members that count are farther apart than the window. It ends three quarters of the window apart, and
    stays as it was first seen while they move little: what is measured is never quiet."""
    known = [
        (one.bms.voltage_v, one.title) for one in members if one.state in COUNTED and one.bms.voltage_v is not None
    ]
    if len(known) < 2:
        return None
    (low_v, low), (high_v, high) = min(known), max(known)
    if high_v - low_v <= (window_v if before is None else window_v * 3 / 4):
        return None
    there = before is not None and {before.low, before.high} <= {title for _, title in known}
    still = before is not None and max(abs(low_v - before.low_v), abs(high_v - before.high_v)) <= window_v / 2
    return before if there and still else MembersApart(low, low_v, high, high_v)
