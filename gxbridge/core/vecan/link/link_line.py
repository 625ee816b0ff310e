"""The word that stands for one path of one service, when it is to be sent, and what became of it."""

from __future__ import annotations

from typing import Final, TypeAlias

from gxbridge.core.model.record import state
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.exchange import ACK_S, Exchange
from gxbridge.core.vecan.link.registers import NETWORK_MODE, LinkRow

FRESH_S: Final = 60.0
"""So long a word counts; chargers forget after the same time (Venus OS wiki, "dbus")."""
REPEAT_S: Final = 4.0
"""Between two broadcasts of a voltage."""
RENEW_S: Final = 8.0
"""Between two writes to one device, and two broadcasts of a mode: behind each of these all currents are sent again."""
ROUND_S: Final = 7.0
"""So long a mode waits before somebody is told: a controller has written everything in that time, and a device answered
or had its chances."""
STANDS_S: Final = 10.0
"""So long after a current or voltage was sent may a network mode be: so long, at most, does a mode outlive them."""

Awaited: TypeAlias = tuple[str, str]
"""A word that must be sent before another: its path, and whose it is."""


@state
class LinkLine:
    """The word that stands for one path of one service, and what became of it."""

    row: LinkRow
    name: Name | None
    """The device; None: everybody."""
    service: str
    value: float
    at: float
    since: float
    """When the first word came; `at`: when the last one did."""
    passed: int | None = None
    """The raw number that the gate let pass; None: nothing."""
    judged_at: float = float("-inf")
    sent: int | None = None
    sent_at: float = float("-inf")
    mode_at: float = float("-inf")
    """Of a current or voltage: when a mode was sent last to who is told it, which is not to outlive it."""
    due: bool = True
    """A word of the kind that is sent once has not been sent yet."""
    exchange: Exchange | None = None
    failed: Exchange | None = None
    """The last one, where the device did not follow it."""
    again_at: float = float("-inf")
    waits_since: float | None = None
    """Of a mode: since when it waits for another word, by the looks of the gate."""
    awaits: Awaited | None = None
    """For which, where it has waited for long."""
    followed: int | None = None
    """What the device has shown last as the answer to a word."""

    def failure(self) -> Exchange | None:
        """The exchange that the device did not follow, unless it has followed one since."""
        if self.exchange is None or not self.exchange.outcome:
            return self.failed
        return None if self.exchange.outcome == "followed" else self.exchange

    def wait_until(self) -> float:
        """When there is something to send, if it may be sent."""
        if self.row.way == "once":
            return self.again_at if self.due else float("inf")
        every_s = RENEW_S if self.name is not None or self.row.register == NETWORK_MODE else REPEAT_S
        renew_at = self.mode_at if self.mode_at > self.sent_at else self.sent_at + every_s
        if self.row.way == "repeated":
            changed = self.sent != self.passed
            return self.again_at if changed else max(self.again_at, renew_at)
        exchange = self.exchange
        if exchange is None or exchange.raw != self.passed:
            return self.again_at
        return max(self.again_at, renew_at if exchange.outcome else exchange.deadline)

    @property
    def held(self) -> bool:
        """Whether the gate has looked at it and lets nothing pass."""
        return self.passed is None and self.judged_at > float("-inf")

    def came_through(self, now: float) -> bool:
        """Whether what may be sent now was sent a moment ago, since a device began last, and answered if it ever is."""
        answered = self.exchange is None or self.exchange.outcome != ""
        told = self.passed is not None and self.sent == self.passed and now - self.sent_at < STANDS_S
        return told and answered and now - self.at < FRESH_S - STANDS_S

    def wait_for(self, word: Awaited | None, now: float) -> None:
        """Of a mode: it waits for another word now; None: it does not."""
        since = now if self.waits_since is None else self.waits_since
        self.waits_since = None if word is None else since
        self.awaits = word if now - since >= ROUND_S else None

    def tell_anew(self) -> None:
        """What it was told may be gone: to be told as soon as it has had time to answer the last word."""
        self.failed, self.exchange = self.failure(), None
        self.again_at, self.sent_at = max(self.again_at, self.sent_at + ACK_S), float("-inf")
