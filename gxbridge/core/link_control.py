"""LINK out and the last gate together: what stands is judged in every cycle; what was confirmed is kept."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory
from gxbridge.core.gate.link import LinkMemory, may_link, pass_link
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import Latch
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.link.link_out import LinkOut

CONFIRMED: Final = "link-confirmed"
"""What the latch is called: how a register is sent, and which device showed the value that it was sent."""
TRIED: Final = "link-tried"
"""The latch of one that was tried in vain, and what the device did."""


class LinkView(NamedTuple):
    """What a look of the gate saw, and when (monotonic s)."""

    words: RawWords
    gate: GateMemory
    own_name: bool
    at: float


class LinkControl:
    """Made only with a level that sends LINK and `dvcc.mode: control`. Time is monotonic seconds."""

    def __init__(self, setup: Setup, registry: BatteryRegistry) -> None:
        known = [sources(setup.remembered.latches, name) for name in (CONFIRMED, TRIED)]
        self.out = LinkOut(registry.network, may_link, *known, judge_anew=self._judge, broadcast=setup.link_broadcast)
        self._seen: LinkView | None = None
        self._setup = setup
        self._memory = LinkMemory()

    def look(self, words: RawWords, gate: GateMemory, now: float, *, own_name: bool) -> None:
        """Hold what stands against the last gate. `gate`: of this look; `own_name`: our own D-Bus name is ours."""
        self._seen = LinkView(words, gate, own_name, now)
        self._judge(now)
        self.out.look(now)

    def gone(self, services: Container[str], now: float) -> dict[str, float]:
        """Who is not among the services any more, and the current (A) by which it may still charge."""
        holds = self.out.holds(now).items()
        return {name: hold.highest_a for name, hold in holds if name not in services and hold.highest_a > 0}

    def shut(self) -> None:
        """Our own D-Bus name is not ours: nothing may leave from this moment on, until the next look."""
        self._seen = None
        self.out.shut()

    def _judge(self, now: float) -> None:
        """Hold it against what the last look saw: a verdict is as old as that."""
        if self._seen is None:
            return
        words, gate, own_name, at = self._seen
        standing = [Write(*word) for word in self.out.words(now)]
        holds = self.out.holds(now)
        passed = pass_link(standing, words, gate, self._memory, self._setup, now, own_name=own_name, holds=holds)
        self._memory = passed.memory
        self.out.judge(passed.values, at)

    def told(self, service: str, path: str) -> str:
        """Who was told what of the word that stands at a path, for the log, and why less than that; "" while it has not
        left."""
        found, why = self.out.told(service, path), self._memory.lowered.get((service, path), "")
        if found is None or (found.sent is None and not why):
            return ""
        if not why:
            return f"{path} = {found.sent:g} is sent"
        sent = "nothing" if found.sent is None else f"{found.sent:g}"
        return f"{path} = {found.asked:g} is written, and {sent} is sent: {why}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should know since the last look."""
        return (*self.out.findings, *self._memory.findings)

    def keep(self, before: tuple[Latch, ...], since: float) -> tuple[Latch, ...]:
        """The latches of the state; `since`: now, in seconds since 1970."""
        for name, entries in ((CONFIRMED, self.out.confirmed), (TRIED, self.out.tried)):
            known = sources(before, name)
            fresh = [Latch(name, key, since, source) for key, source in entries.items() if known.get(key) != source]
            same = (latch for latch in before if latch.name != name or entries.get(latch.subject) == latch.source)
            before = (*same, *fresh)
        return before


def sources(latches: tuple[Latch, ...], name: str) -> dict[str, str]:
    """Subject -> source of the latches that are called so."""
    return {latch.subject: latch.source for latch in latches if latch.name == name}
