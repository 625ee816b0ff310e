"""The log of findings: what holds now, since when, how often it began; each is announced once when it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gxbridge.core.model.finding import Finding

REMEMBERED = 256
"""Findings that are over are remembered for their count; the oldest are forgotten beyond this many."""

_RANK = {"alarm": 0, "warning": 1, "info": 2}


class FindingLog:
    """Takes the findings of each cycle; keeps first and count over the cycles and over interruptions."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Finding] = {}
        self._holding: set[tuple[str, str]] = set()

    def update(self, findings: Iterable[Finding], now: float) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Returns those that begin with this cycle and those that held in the last one and no longer do."""
        holding: set[tuple[str, str]] = set()
        began: list[Finding] = []
        for finding in findings:
            key = (finding.id, finding.subject)
            if key in holding:
                continue
            holding.add(key)
            old = self._known.pop(key, None)
            if old is None:
                merged = replace(finding, last=now)
            elif key in self._holding:
                merged = replace(finding, first=old.first, last=now, count=old.count)
            else:
                merged = replace(finding, first=now, last=now, count=old.count + 1)
            self._known[key] = merged  # popped and put back: the newest are last
            if key not in self._holding:
                began.append(merged)
        ended = tuple(self._known[key] for key in sorted(self._holding - holding))
        self._holding = holding
        for key in [key for key in self._known if key not in holding][: max(0, len(self._known) - REMEMBERED)]:
            del self._known[key]
        return tuple(began), ended

    def since(self, id: str, subject: str) -> float | None:
        """Since when a finding holds (monotonic s); None while it does not."""
        return self._known[id, subject].first if (id, subject) in self._holding else None

    @property
    def current(self) -> tuple[Finding, ...]:
        """What holds now: worst first, then by id and subject, so that the order does not jump."""
        return tuple(
            sorted(
                (self._known[key] for key in self._holding),
                key=lambda item: (_RANK[item.severity], item.id, item.subject),
            )
        )
