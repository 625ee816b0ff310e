"""Whole seconds, counted by whoever looks: clocks jitter, and a late cycle does not lose its round."""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.run.memory import Timer

ROUND_S: Final = 3
"""Every so many seconds: the full round; shared voltage and current."""
EARLY_S: Final = 0.1
"""A second that is this near is due: callers' clocks jitter."""
LATE_S: Final = 2.0
"""A clock that is more behind than this starts afresh instead of catching up."""


def due(timer: Timer | None, now: float, between: bool = False) -> Timer | None:
    """The timer after its next whole second, None when that is not yet: a look `between` two brings none forward."""
    if timer is None or now < timer.due_at - (0.0 if between else EARLY_S):
        return None
    next_at = timer.due_at + 1 if now < timer.due_at + LATE_S else now + 1
    return Timer(next_at, timer.seconds + 1)
