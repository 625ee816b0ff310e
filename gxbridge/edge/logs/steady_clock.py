"""The time of a log made steady: what its recorder's clock did when it was set is no time that passed."""

from __future__ import annotations

DISORDER_S = 1.0
"""Lines of several buses, or of a busy machine, may stand this much out of order; more is a clock that was set back."""
UNTIMED_PER_S = 500.0
"""Pace of a log without times: a busy 250 kbit/s bus."""
LONGEST_PAUSE_S = 86_400.0
"""More between two lines is no pause but a clock that was set: many recorders begin in 1970."""


class SteadyClock:
    """Seconds that never go back. `spans` counts the stretches between which the recorder's clock was set."""

    def __init__(self) -> None:
        self.spans = 0
        self.now = 0.0
        self._ahead = 0.0

    def at(self, t: float) -> float:
        """The steady time of a line at `t`; the first is its own."""
        if not self.spans:
            self.spans, self.now = 1, t
            return t
        step = t + self._ahead - self.now
        if -DISORDER_S <= step <= LONGEST_PAUSE_S:
            if step > 0.0:
                self.now += step
        else:
            self.spans += 1
            self._ahead -= step
        return self.now
