"""How a bank's current divides among its members: by capacity, and as it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.member import Member
from gxbridge.core.model.named_tuple import NamedTuple

SETTLES_S: Final = 60.0
"""So long a division is measured before it counts; it follows a change with this time constant."""
LEAST_A: Final = 10.0
"""Below this current of the whole bank the offsets of the shunts are most of what is measured."""
OFFSET_A: Final = 1.0
"""So little the other way is the offset of a shunt: nothing flows through that member, and more through the others."""
MOST_STEP_S: Final = 5.0
"""A look that comes later than this does not weigh more."""
STEP: Final = 0.005
"""A measured part counts rounded up to this step, and falls only when it is two steps lower: shunts are never quiet,
and a bank's limit is not to be another one every second."""
LEAST_PART: Final = 0.01
"""Of the current, for a member through which none was measured: it may take some in the next moment."""


class MeasuredDivision(NamedTuple):
    """Parts of the current, of the members whose words these are; `steady`: as they count; `seconds`: measured for so
    long; `at`: the last time (monotonic s)."""

    words: tuple[str, ...] = ()
    parts: tuple[float, ...] = ()
    steady: tuple[float, ...] = ()
    seconds: float = 0.0
    at: float | None = None

    def part(self, word: str) -> float | None:
        """The part of a member, once it is settled."""
        known = self.seconds >= SETTLES_S and word in self.words
        return self.steady[self.words.index(word)] if known else None


NOT_MEASURED: Final = MeasuredDivision()


def measure(before: MeasuredDivision, members: Sequence[Member], now: float) -> MeasuredDivision:
    """The division after this look at the members that are in the bank. Other members begin anew; what cannot be
    measured now (little current, members that charge others) changes nothing."""
    words = tuple(member.word for member in members)
    if words != before.words:
        before = MeasuredDivision(words)
    currents = [member.bms.current_a for member in members]
    known = [current for current in currents if current is not None]
    total = sum(known)
    away = any(one * total < 0 and abs(one) > OFFSET_A for one in known)
    if len(known) < len(currents) or len(known) < 2 or abs(total) < LEAST_A or away:
        return before._replace(at=now)
    parts = tuple(max(one / total, 0.0) for one in known)
    if before.at is None or not before.parts:
        return MeasuredDivision(words, parts, tuple(map(stepped, parts)), 0.0, now)
    step = min(max(now - before.at, 0.0), MOST_STEP_S)
    weight = step / SETTLES_S
    mixed = tuple(old + (new - old) * weight for old, new in zip(before.parts, parts, strict=True))
    steady = tuple(
        stepped(part) if part > held or part < held - 2 * STEP else held
        for part, held in zip(mixed, before.steady, strict=True)
    )
    return MeasuredDivision(words, mixed, steady, min(before.seconds + step, SETTLES_S), now)


def stepped(part: float) -> float:
    """Up to the next step, and never more than all of it."""
    return min(ceil(part / STEP - 1e-9) * STEP, 1.0)


def shares(entry: BankEntry, inside: Sequence[Member], waiting: Sequence[Member]) -> dict[str, float] | None:
    """The share of each member by its word; None where nobody knows it. One that waits takes part of what would then be
    more, and takes nothing off the others' shares: for each of them that is the stricter way."""
    if entry.share == "measured" and not waiting:
        measured = [member.measured for member in inside]
        parts = {member.word: part for member, part in zip(inside, measured, strict=True) if part is not None}
        if len(parts) == len(inside):
            return parts
    sizes = {member.word: member.capacity_ah for member in (*inside, *waiting)}
    known = {word: size for word, size in sizes.items() if size is not None}
    if len(known) < len(sizes):
        return None
    whole = sum(known[member.word] for member in inside)
    found = {member.word: known[member.word] / whole for member in inside}
    found.update({member.word: known[member.word] / (whole + known[member.word]) for member in waiting})
    return found


def divisors(entry: BankEntry, inside: Sequence[Member], waiting: Sequence[Member]) -> dict[str, float] | None:
    """The largest part of the bank's current that may flow through each member, by its word: its share and the stated
    imbalance, or what is measured where that is more. Where no share is known any one may take all of it."""
    everybody = (*inside, *waiting)
    if len(everybody) == 1:
        return {everybody[0].word: 1.0}  # there is nobody else whom it could divide with
    parts = shares(entry, inside, waiting)
    if parts is None:
        return None
    return {
        member.word: max(max(parts[member.word], LEAST_PART) * (1 + entry.imbalance), member.measured or 0.0)
        for member in everybody
    }
