"""The history in memory: a second for an hour, ten seconds for a day, and the minutes that wait for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from gxbridge.core.history.block import HistoryBlock, StateChange
from gxbridge.core.history.ring import MOST_SERIES, NumberRing
from gxbridge.core.history.series import HistorySample

MINUTE_S: Final = 60.0
SECONDS, TENS, MINUTES = 3600, 8640, 1440
"""Spans kept: an hour of seconds, a day of ten seconds; a day of minutes where the disk takes none."""
MOST_CHANGES: Final = 4000
MOST_LABELS: Final = 2 * MOST_SERIES
CHANGES_A_MINUTE: Final = 60
"""A reason that flickers is not written down more often; the state that stands after the minute is."""
EVERYTHING_AGAIN_S: Final = 900.0
"""So often every state is written down anew, so that each quarter of an hour on the disk can be read alone."""


class HistoryMemory:
    """Takes samples; gives blocks. Moments are monotonic seconds until a block is taken."""

    def __init__(self) -> None:
        self._seconds = NumberRing(1.0, SECONDS, wide=False)
        self._tens = NumberRing(10.0, TENS, wide=True)
        self._minutes = NumberRing(MINUTE_S, MINUTES, wide=True)
        self._labels: dict[str, str] = {}
        self._states: dict[str, tuple[str, str]] = {}
        self._changes: deque[tuple[float, StateChange]] = deque(maxlen=MOST_CHANGES)
        self._minute = float("-inf")
        self._in_minute = 0
        self._again_at = float("-inf")

    def add(self, now: float, sample: HistorySample) -> None:
        """A look at monotonic second `now`."""
        for ring in (self._seconds, self._tens, self._minutes):
            ring.add(now, sample.numbers)
        if len(self._labels) > MOST_LABELS:
            self._labels.clear()
        self._labels.update(sample.labels)
        self._note(now, sample.states)

    @property
    def oldest(self) -> float | None:
        """The monotonic second from which on the memory knows everything; None where it knows nothing."""
        return self._tens.oldest

    def recent(self, since: float, until: float, offset: float, names: frozenset[str] | None = None) -> HistoryBlock:
        """What is kept between two monotonic seconds: in seconds where there are for all of it, else in tens."""
        oldest = self._seconds.oldest
        ring = self._seconds if oldest is not None and oldest <= since else self._tens
        block = ring.block(since, until, offset, names)
        changes = self._between(since, until, offset)
        return HistoryBlock(block.step_s, block.times, block.columns, self._labels_of(block), changes)

    def waiting(self, now: float, offset: float) -> HistoryBlock:
        """The whole minutes that nobody has on a disk yet; at most a day of them."""
        until = now // MINUTE_S * MINUTE_S
        block = self._minutes.block(0.0, until, offset)
        first = block.times[0] - offset if block.times else until
        return HistoryBlock(
            MINUTE_S, block.times, block.columns, self._labels_of(block), self._between(first, until, offset)
        )

    def written(self, now: float) -> None:
        """The block that `waiting` gave at `now` is on the disk."""
        self._minutes.forget(now // MINUTE_S * MINUTE_S)

    def _labels_of(self, block: HistoryBlock) -> dict[str, str]:
        return {name: label for name, label in self._labels.items() if name in block.columns}

    def _between(self, since: float, until: float, offset: float) -> tuple[StateChange, ...]:
        return tuple(change._replace(t=moment + offset) for moment, change in self._changes if since <= moment < until)

    def _note(self, now: float, states: Mapping[str, tuple[str, str]]) -> None:
        """Keep what changed: by its value, as a sentence may count along."""
        minute = now // MINUTE_S
        if minute != self._minute:
            self._minute, self._in_minute = minute, 0
        if now >= self._again_at:
            self._again_at = (now // EVERYTHING_AGAIN_S + 1) * EVERYTHING_AGAIN_S
            changed = dict(states)
        else:
            changed = {
                name: state
                for name, state in states.items()
                if name not in self._states or self._states[name][0] != state[0]
            }
        gone = [name for name in self._states if name not in states]
        for name, (value, text) in (*changed.items(), *((name, ("", "")) for name in gone)):
            if self._in_minute >= CHANGES_A_MINUTE:
                return  # what is not noted now differs still in the next minute
            self._in_minute += 1
            self._changes.append((now, StateChange(0.0, name, value, text)))
            if value or name in states:
                self._states[name] = (value, text)
            else:
                del self._states[name]
