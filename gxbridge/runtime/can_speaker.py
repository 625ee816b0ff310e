"""What the bridge has to say on CAN: sent when it is due, and nothing at all unless `transmit` is on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

from gxbridge.core.vecan.sending.transmitter import Transmitter

SHORTEST_WAIT_S = 0.01


class FrameSender(Protocol):
    """A CAN bus that may be sent on."""

    def send(self, can_id: int, data: bytes) -> bool: ...


class CanSpeaker:
    """Sends on the buses, by their names; comes back by itself when there is more."""

    def __init__(self, transmitter: Transmitter, buses: Mapping[str, FrameSender], *, silent: bool) -> None:
        self._transmitter = transmitter
        self._buses = buses
        self._silent = silent
        self._again: asyncio.TimerHandle | None = None

    def speak(self) -> None:
        """Send what is due now."""
        if self._silent:
            return
        now = time.monotonic()
        for bus, can_id, data in self._transmitter.outgoing(now):
            sender = self._buses.get(bus)
            if sender is not None:
                sender.send(can_id, data)
        self.cancel()
        deadline = self._transmitter.next_deadline()
        if deadline is not None:
            delay = max(SHORTEST_WAIT_S, deadline - now)
            self._again = asyncio.get_running_loop().call_later(delay, self.speak)

    def cancel(self) -> None:
        """Say nothing more by itself."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
