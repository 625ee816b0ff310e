"""One value on its way to one device: written, waited for, written again, read back; and what came of it.

A device that takes a write broadcasts the new value, one that refuses it answers with a code that has bit 15 (Victron,
VE.Can registers public, v20). What it had already it need not say again, so that is asked for sooner.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from gxbridge.core.model.record import state

ACK_S: Final = 1.0
"""So long may a device take to answer."""
NEW: Final = "WWWR"
KNOWN: Final = "WRWRWR"
"""Write (at most three times) and read: of a value that the device did not show before, and of one that it did."""
LATER: Final = frozenset({0x8200, 0x8600})
"""Refusals that are none: busy, still initialising."""

ExchangeOutcome: TypeAlias = Literal["", "followed", "silent", "other", "refused"]


@state
class Exchange:
    """Moments are monotonic seconds. Ask `act` when `deadline` is due."""

    raw: int
    plan: str = NEW
    step: int = 0
    deadline: float = float("-inf")
    outcome: ExchangeOutcome = ""
    said: tuple[int | None, ...] = ()
    """What the device said last, where it was something else; None: that it has no value."""
    code: int = 0
    """Of its refusal."""

    def act(self, now: float) -> Literal["W", "R", ""]:
        """What to send now that `deadline` is due: a write, a read; or nothing: the end of the plan is an outcome."""
        if self.step == len(self.plan):
            self.outcome = "other" if self.said else "silent"
            return ""
        self.step += 1
        self.deadline = now + ACK_S
        return "W" if self.plan[self.step - 1] == "W" else "R"

    def heard(self, raw: int | None) -> None:
        """The device said its value (None: it has none)."""
        if self.step == 0 or self.outcome:
            return
        if raw == self.raw:
            self.outcome = "followed"
        else:
            self.said = (raw,)

    def answered(self, code: int) -> None:
        """The device answered with a code."""
        if self.step and not self.outcome and code & 0x8000 and code not in LATER:
            self.outcome, self.code = "refused", code
