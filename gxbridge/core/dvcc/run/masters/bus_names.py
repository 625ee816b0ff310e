"""Names on the bus apart from their items: our own, those that have not been read yet, and one that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from itertools import pairwise
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import kind_of
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.record import record

UNREAD_S: Final = 60.0
"""A battery that has not answered for so long holds up nothing any more, and is a finding."""
HOLD_OFF_S: Final = 60.0
"""The GX's own controller came more than once in this time: raised limits wait for so long from the last time."""


@record
class BusNames:
    """`ours`: our own name is ours; the service does not begin without it.

    `unread`: name -> since when it is on the bus (monotonic s) without its items having been read; `system_came`: the
    last moments at which the name of the GX's own controller appeared, two at most.
    """

    ours: bool = True
    unread: Mapping[str, float] = field(default_factory=dict)
    system_came: tuple[float, ...] = ()

    def named(self, name: str, now: float, *, appeared: bool) -> BusNames:
        """A name has an owner; `appeared`: it had none, or another one, while we looked."""
        came = self.system_came
        if appeared and name == p.SYSTEM:
            came = (*came[-1:], now)
        return replace(self, unread={**self.unread, name: now}, system_came=came)

    def without(self, name: str) -> BusNames:
        """A name was read, or left the bus."""
        if name not in self.unread:
            return self
        return replace(self, unread={key: since for key, since in self.unread.items() if key != name})

    def unread_batteries(self) -> Iterator[tuple[str, float]]:
        """Names of batteries, and since when, that have not been read."""
        return ((name, since) for name, since in self.unread.items() if kind_of(name) == p.BATTERY)

    def holds_off(self, now: float) -> bool:
        """Whether the GX's own controller comes and goes."""
        return any(
            last - before <= HOLD_OFF_S and now - last < HOLD_OFF_S for before, last in pairwise(self.system_came)
        )

    def raises_wait(self, now: float) -> str:
        """Why no limit may be raised now; "" when it may."""
        if self.holds_off(now):
            return "the GX's own controller comes and goes"
        for name, since in self.unread_batteries():
            if now - since < UNREAD_S:
                return f"{name} has not answered yet"
        return ""

    def findings(self, now: float) -> tuple[Finding, ...]:
        """What a person should know of the names."""
        found = [
            finding("battery-mute", name, now, since, service=name)
            for name, since in self.unread_batteries()
            if now - since >= UNREAD_S
        ]
        if self.holds_off(now):
            last = max(self.system_came)
            found.append(finding("master-flickers", p.SYSTEM, now, last, service=p.SYSTEM, seconds=int(HOLD_OFF_S)))
        return tuple(found)
