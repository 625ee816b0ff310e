"""The current of what charges and cannot be told: the last one counts while it says none. Unknown is not nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import NEVER_TOLD, kind_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

TOLD_BY_LINK: Final = frozenset({p.ALTERNATOR, p.DCDC})
UNHEARD_S: Final = 10.0
"""A current that is not said for so long is worth a finding."""


class HeldCurrents(NamedTuple):
    """`last`: service -> the current that it said last (A); `since`: since when it says none (monotonic s)."""

    last: Mapping[str, float] = MappingProxyType({})
    since: Mapping[str, float] = MappingProxyType({})


NOTHING_HELD: Final = HeldCurrents()


def hold_currents(snapshot: Snapshot, before: HeldCurrents, now: float) -> tuple[Snapshot, HeldCurrents]:
    """The snapshot with the last current of each that cannot be told and says none now, although it is on.

    In profile `vendor` what is not said counts as nothing.
    """
    if not snapshot.options.strict_sharing:
        return snapshot, before
    names = maybe_untold(tuple(snapshot.services))
    if not names and before == NOTHING_HELD:
        return snapshot, before
    last: dict[str, float] = {}
    since: dict[str, float] = {}
    for name in names:
        items = snapshot.services[name]
        if p.CHARGE_CURRENT in items and kind_of(name) not in NEVER_TOLD:
            continue
        current_a = number(items, p.CURRENT)
        if current_a is not None:
            last[name] = current_a
        elif name in before.last and not is_switched_off(items):
            last[name] = before.last[name]
            since[name] = before.since.get(name, now)
    held = HeldCurrents(last, since)
    if since:
        services = dict(snapshot.services)
        services |= {name: dict(services[name]) | {p.CURRENT: last[name]} for name in since}
        snapshot = replace(snapshot, services=services)
    return snapshot, before if held == before else held


@lru_cache(maxsize=64)
def maybe_untold(services: tuple[str, ...]) -> tuple[str, ...]:
    """Of these services, which cannot be told a current, or not always. Names hardly ever change."""
    return tuple(name for name in services if kind_of(name) in TOLD_BY_LINK or kind_of(name) in NEVER_TOLD)


def is_switched_off(items: Items) -> bool:
    """Does it say that it is off, or not connected? What says nothing may run."""
    return number(items, p.CONNECTED) == 0 or number(items, p.STATE) == 0


def held_current_findings(held: HeldCurrents, titles: Mapping[str, str], now: float) -> Iterator[Finding]:
    """Which of them count although they have said nothing for a while."""
    for name, since in held.since.items():
        if now - since >= UNHEARD_S and held.last[name] > 0:
            device = titles.get(name, name)
            yield finding("current-held", name, now, since, device=device, current=f"{held.last[name]:.3g}")
