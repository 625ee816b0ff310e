"""LINK out and the last gate together: what stands is judged in every cycle; what was confirmed is kept."""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory
from gxbridge.core.gate.link import LinkMemory, may_link, pass_link
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.remembered import Latch
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.link.link_out import LinkOut

CONFIRMED: Final = "link-confirmed"
"""What the latch is called: how a register is sent, and which device showed the value that it was sent."""


class LinkControl:
    """Made only with a level that sends LINK and `dvcc.mode: control`. Time is monotonic seconds."""

    def __init__(self, setup: Setup, registry: BatteryRegistry) -> None:
        latches = setup.remembered.latches
        confirmed = {latch.subject: latch.source for latch in latches if latch.name == CONFIRMED}
        self.out = LinkOut(registry.network, may_link, confirmed, broadcast=setup.link_broadcast)
        self._setup = setup
        self._memory = LinkMemory()

    def look(self, words: RawWords, gate: GateMemory, now: float, *, own_name: bool) -> None:
        """Hold what stands against the last gate. `gate`: of this look; `own_name`: our own D-Bus name is ours."""
        standing = [Write(*word) for word in self.out.words(now)]
        holds = self.out.holds(now)
        passed = pass_link(standing, words, gate, self._memory, self._setup, now, own_name=own_name, holds=holds)
        self._memory = passed.memory
        self.out.judge(passed.values, now)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should know since the last look."""
        return (*self.out.findings, *self._memory.findings)

    def keep(self, before: tuple[Latch, ...], since: float) -> tuple[Latch, ...]:
        """The latches of the state; `since`: now, in seconds since 1970."""
        known = {latch.subject for latch in before if latch.name == CONFIRMED}
        fresh = self.out.confirmed.items()
        return before + tuple(Latch(CONFIRMED, key, since, by) for key, by in fresh if key not in known)
