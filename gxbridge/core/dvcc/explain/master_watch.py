"""Watching another master in monitor mode: a difference counts when it outlives its round, and silence is noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.explain.compare import compare_with_master, master_title
from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.named_tuple import NamedTuple

LAG_S: Final = 4.0
"""A master tells every third second what it read before: what we would have told so long ago is no difference yet."""
LASTS_S: Final = 2.0
"""What lasts so long on top of that counts."""
HUNG_S: Final = 60.0
"""A master that spoke all the time and says nothing for so long hangs."""
LIVELY: Final = 10
"""After so many signs of life a master is one that speaks all the time."""


class Ours(NamedTuple):
    """What we would have told at a moment."""

    at: float
    limits: tuple[Limit, ...]
    effective_v: float | None


class MasterWatch(NamedTuple):
    """`since`: (finding, subject) -> since when the difference holds; `signs`: how often the master gave a sign."""

    recent: tuple[Ours, ...] = ()
    since: Mapping[tuple[str, str], float] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()
    heard_at: float | None = None
    signs: int = 0


def watch_master(
    before: MasterWatch,
    limits: Sequence[Limit],
    effective_v: float | None,
    bus: DbusState,
    master: str,
    heard: float | None,
    now: float,
) -> MasterWatch:
    """Look at what another master tells. `limits` and `effective_v` are ours; `heard`: when it gave its last sign."""
    recent = tuple(one for one in before.recent if now - one.at <= LAG_S)
    if not recent or recent[-1].limits is not limits or recent[-1].effective_v != effective_v:
        recent = (*recent, Ours(now, tuple(limits), effective_v))
    else:
        recent = (*recent[:-1], recent[-1]._replace(at=now))
    found = {(one.id, one.subject): one for one in compare_with_master(limits, effective_v, bus, now, master)}
    for ours in recent[:-1] if found else ():
        told = compare_with_master(ours.limits, ours.effective_v, bus, now, master)
        found = {key: found[key] for key in ((one.id, one.subject) for one in told) if key in found}
    since = {key: before.since.get(key, now) for key in found}
    findings = [one for key, one in found.items() if now - since[key] >= LASTS_S]
    signs = before.signs + (heard != before.heard_at)
    if heard is not None and signs >= LIVELY and now - heard >= HUNG_S:
        findings.append(
            finding("master-silent", master, now, heard, master=master_title(master), seconds=int(now - heard))
        )
    return MasterWatch(recent, since, tuple(findings), heard, signs)
