"""Which charge current each device of a bus may still hold, whatever became of the words that it was sent.

A write may be lost, or taken and its answer lost; a device keeps what it took for a minute, also when its service is
gone from D-Bus and nobody writes any more. So what was sent counts until it has expired, or the device has shown that
word or one that was sent later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.model.link_hold import HoldEvidence
from gxbridge.core.model.record import state

HELD_S: Final = 60.0
"""So long a device keeps what it was told (ve_regs.h of gui-v2@3b94597, 0x200E)."""
MOST_DEVICES: Final = 256
"""Devices kept for a bus: as many as have room on it."""


MOST_SENT: Final = 64
"""Words kept for a device that answers none."""


@state
class DeviceHold:
    """Of one device: raw numbers and moments (monotonic seconds)."""

    service: str
    shown: tuple[int, float] | None = None
    """What it said last."""
    sent: tuple[tuple[int, float], ...] = ()
    """What it was sent since, in order, and has not shown: it may have taken each of these, or none."""
    unknown_since: float | None = None
    """It has not shown what it holds since then: not even that of another controller outlives its time."""

    def send(self, raw: int, now: float) -> None:
        """A word leaves for it. Equal ones behind each other are one: their answers cannot be told apart."""
        fresh = [word for word in self.sent if now - word[1] < HELD_S]
        if fresh and fresh[-1][0] == raw:
            fresh.pop()
        elif len(fresh) >= MOST_SENT:
            fresh[:2] = [(max(fresh[0][0], fresh[1][0]), fresh[1][1])]
        self.sent = (*fresh, (raw, now))

    def say(self, raw: int, now: float) -> None:
        """It said what it holds: the answer to the first word that it can be the answer to, as frames come in order."""
        raws = [word[0] for word in self.sent]
        if raw in raws:
            self.sent = self.sent[raws.index(raw) + 1 :]
        self.shown = raw, now

    def doubt(self, now: float) -> None:
        """It may have begun anew."""
        self.unknown_since = now if self.unknown_since is None else self.unknown_since

    def span(self, now: float) -> tuple[int, int] | None:
        """The highest and the lowest raw number that it may hold: of those that have not expired."""
        words = self.sent if self.shown is None else (self.shown, *self.sent)
        raws = [raw for raw, at in words if now - at < HELD_S]
        return (max(raws), min(raws)) if raws else None


class LinkHolds:
    """By the NAME of a device without instances. Bounded."""

    def __init__(self) -> None:
        self._devices: dict[str, DeviceHold] = {}

    def stands(self, device: str, service: str, now: float) -> None:
        """A word stands for a device, of which nobody knows yet what it holds."""
        if device in self._devices:
            self._devices[device].service = service
        elif len(self._devices) < MOST_DEVICES:
            self._devices[device] = DeviceHold(service, unknown_since=now)

    def sent(self, device: str, raw: int, now: float) -> None:
        """A word leaves for it."""
        hold = self._devices.get(device)
        if hold is not None:
            hold.send(raw, now)

    def said(self, device: str, raw: int | None, now: float) -> None:
        """It said what it holds; None: nothing."""
        hold = self._devices.get(device)
        if hold is None:
            return
        if raw is None:
            hold.doubt(now)
        else:
            hold.unknown_since = None
            hold.say(raw, now)

    def forget(self, device: str, now: float) -> None:
        """It was away: it may have begun anew, and go its own way."""
        if device in self._devices:
            self._devices[device].doubt(now)

    def forget_all(self, now: float) -> None:
        """Nobody was heard."""
        for hold in self._devices.values():
            hold.doubt(now)

    def highest(self, device: str, now: float) -> int | None:
        """The highest raw number that a device may hold by what it was sent or said."""
        hold = self._devices.get(device)
        found = None if hold is None else hold.span(now)
        return None if found is None else found[0]

    def holds(self, now: float) -> Iterator[tuple[str, int, int, HoldEvidence]]:
        """Of each device: service, highest and lowest raw number, and how that is known."""
        for hold in self._devices.values():
            since = hold.unknown_since
            evidence: HoldEvidence = "shown" if since is None else "unknown" if now - since < HELD_S else "unproven"
            yield hold.service, *(hold.span(now) or (0, 0)), evidence
