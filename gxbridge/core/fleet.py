"""All batteries on all buses."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from .battery import Battery, Configured, Provisional
from .decoder import Message  # type: ignore[import-not-found, unused-ignore]
from .finding import Finding


class Heard(IntEnum):
    """What a message changed: `URGENT` means a limit or permission of a battery became another one (or was repeated
    after silence), so that a decision should not wait for the next round."""

    NOTHING = 0
    VALUE = 1
    URGENT = 2


class Fleet:
    """Hears every message of every bus and holds one battery per device."""

    def __init__(self, configured: Iterable[Configured] = ()) -> None: ...

    def hear(self, bus: str, message: Message, now: float) -> Heard: ...

    def alive(self, bus: str, address: int, now: float) -> None:
        """A frame of this address came that is no message (unknown, or part of one): the device is not silent."""

    def batteries(self, now: float) -> tuple[Battery, ...]: ...

    def provisional(self, now: float) -> tuple[Provisional, ...]: ...

    def findings(self, now: float) -> tuple[Finding, ...]: ...

    def next_deadline(self, now: float) -> float | None:
        """The next monotonic second at which `batteries` changes by itself (a value or a device falls silent)."""
