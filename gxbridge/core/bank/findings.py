"""What a person should know about a bank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.limits import titles_of
from gxbridge.core.bank.membership import GatheredMembers, window_of
from gxbridge.core.bank.shares import STEP, shares
from gxbridge.core.bank.view import BankView
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.wording import listed

MomentWords = Callable[[float], str]
"""Seconds since 1970 in words."""
SETTLES_S: Final = 60.0
"""So long after our start one that was not heard yet is no finding: a device may take as long to say who it is."""
GONE: Final = {"silent": "bank-member-silent", "away": "bank-member-away"}


def different_voltages(entry: BankEntry, gathered: GatheredMembers, now: float) -> Finding:
    """Members of different nominal voltage: there is no bank."""
    which = listed([f"{title} {volts:g} V" for volts, title in gathered.nominals])
    return finding("bank-nominal", entry.service, now, bank=entry.called, which=which, key=entry.name)


def bank_findings(view: BankView, gathered: GatheredMembers, now: float, moment: MomentWords) -> Iterator[Finding]:
    """The findings of a bank that stands for its members."""
    bank, entry = view.bank, view.entry
    named = [member for member in bank.members if member.state != "acknowledged"]
    known = {one.word for one in gathered.memory.members if one.title}
    settled = now - (gathered.memory.began or 0.0) >= SETTLES_S
    there = sum(member.heard is not None for member in named)
    for member in named:
        row = GONE.get(member.state)
        if row is not None and (settled or member.word in known):
            words = {
                "bank": entry.called,
                "member": member.title,
                "word": member.word,
                "since": moment(view.since[member.word]),
            }
            yield finding(row, f"{entry.service} {member.word}", now, there=there, all=len(named), **words)
    for word in gathered.twice:
        yield finding("bank-member-twice", f"{entry.service} {word}", now, bank=entry.called, member=word)
    apart = gathered.memory.apart
    if apart is not None:
        words = {
            "low": f"{apart.low} {plain(apart.low_v)} V",
            "high": f"{apart.high} {plain(apart.high_v)} V",
            "window": f"{plain(window_of(view.nominal_v))} V",
        }
        yield finding("bank-voltages", entry.service, now, bank=entry.called, **words)
    for member in bank.waiting:
        if member.word not in gathered.twice:
            yield finding(
                "bank-member-waits", f"{entry.service} {member.word}", now, bank=entry.called, member=member.title
            )
    sizes = [member for member in bank.counted if member.capacity_ah is None]
    if sizes and len(bank.counted) > 1 and not entry.sums:
        yield finding("bank-capacity", entry.service, now, bank=entry.called, members=titles_of(sizes))
    yield from imbalances(view, now)


def imbalances(view: BankView, now: float) -> Iterator[Finding]:
    """Members through which more flows than their share and the stated imbalance."""
    bank, entry = view.bank, view.entry
    if entry.sums:
        return
    parts = shares(entry, bank.inside, bank.waiting)
    if parts is None:
        return
    for member in bank.inside:
        stated = parts[member.word] * (1 + entry.imbalance)
        # What counts is up to two steps above what is measured: only what is certainly more is a finding.
        if member.measured is not None and member.measured - 2 * STEP > stated:
            yield finding(
                "bank-imbalance",
                f"{entry.service} {member.word}",
                now,
                bank=entry.called,
                member=member.title,
                measured=f"{member.measured * 100:.0f} %",
                stated=f"{stated * 100:.0f} %",
            )
