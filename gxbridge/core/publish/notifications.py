"""Which findings are told to people as notifications, when, and when they are over. Who carries them is the runtime's.

One for each beginning, and nothing twice: what comes and goes is told again after ten minutes at the earliest, and
all together never more than a handful at once. What has to wait is told later, if it still holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gxbridge.core.model.finding import Finding, stopped
from gxbridge.core.model.items import printable
from gxbridge.core.model.record import record
from gxbridge.core.publish.own_paths import OWN_NAME

TOLD_AT: Final[Mapping[str, frozenset[str]]] = {
    "alarms": frozenset({"alarm"}),
    "warnings": frozenset({"alarm", "warning"}),
}
"""Level of the configuration -> severities that are told."""
SETTLE_S: Final = 5.0
"""What is over within this time is not told: a start has many beginnings."""
REPEAT_S: Final = 600.0
"""The same finding is not told again before."""
BURST: Final = 5
REFILL_S: Final = 60.0
"""So many at once, and one more for each of these times: the GX keeps 20 and forgets the oldest."""
LONGEST: Final = 250
"""Characters of a text: what a screen and a telephone show."""

TYPES: Final[Mapping[str, int]] = {"warning": 0, "alarm": 1}
"""Severity -> type of a notification (venus-platform, src/notification.hpp)."""
TITLE: Final = "gxbridge"
PLACES: Final = ("state", "id", "severity", "title", "text", "advice")
"""What `{...}` in an argument of the hook stands for."""

FindingKey = tuple[str, str]
"""Id and subject."""


@record
class Notice:
    """One notification. `number` counts them, so that no two are taken for each other."""

    finding: Finding
    number: int

    @property
    def mark(self) -> str:
        """By which it is known again in the GX's list."""
        return f"{self.finding.id}/{self.number}"


class Notifications:
    """Takes what begins and ends with each cycle; `level` is a key of TOLD_AT."""

    def __init__(self, level: str) -> None:
        self._severities = TOLD_AT[level]
        self._waiting: dict[FindingKey, tuple[Finding, float]] = {}
        self._told: dict[FindingKey, Notice] = {}
        self._told_at: dict[FindingKey, float] = {}
        self._room = float(BURST)
        self._room_at = 0.0
        self._count = 0

    def look(
        self, began: Iterable[Finding], ended: Iterable[Finding], now: float
    ) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
        """What is to be told at `now` (monotonic s), alarms first, and what was told and is over."""
        over = []
        for finding in ended:
            key = (finding.id, finding.subject)
            self._waiting.pop(key, None)
            if key in self._told:
                over.append(self._told.pop(key))
        for finding in began:
            if finding.severity in self._severities:
                self._waiting[finding.id, finding.subject] = (finding, now)
        return self._due(now) if self._waiting else (), tuple(over)

    def _due(self, now: float) -> tuple[Notice, ...]:
        self._room = min(BURST, self._room + (now - self._room_at) / REFILL_S)
        self._room_at = now
        self._told_at = {key: at for key, at in self._told_at.items() if now - at < REPEAT_S}
        ready = [
            (finding.severity != "alarm", since, key)
            for key, (finding, since) in self._waiting.items()
            if now - since >= SETTLE_S and key not in self._told_at
        ]
        due = []
        for _, _, key in sorted(ready)[: int(self._room)]:
            self._room -= 1
            self._count += 1
            finding, _ = self._waiting.pop(key)
            self._told[key] = notice = Notice(finding, self._count)
            self._told_at[key] = now
            due.append(notice)
        return tuple(due)


def shown(text: str) -> str:
    """A text as it may stand in a notification: one line, not long, and no option of a program."""
    line = printable(" ".join(text.split())).lstrip("-")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def inject_text(notice: Notice, tracked: bool) -> str:
    """What `/Notifications/Inject` of the GX's platform takes: three fields, or with `tracked` five, behind tabs."""
    found = notice.finding
    fields = [str(TYPES[found.severity]), TITLE, shown(stopped(found.text))]
    return "\t".join([*fields, OWN_NAME, notice.mark] if tracked else fields)


def hook_arguments(hook: Sequence[str], notice: Notice, state: str) -> list[str]:
    """The program and its arguments, with `{...}` filled in; `state` is `began` or `ended`."""
    found = notice.finding
    words = {
        "state": state,
        "id": found.id,
        "severity": found.severity,
        "title": f"{TITLE}: {found.severity}" if state == "began" else f"{TITLE}: over",
        "text": shown(stopped(found.text)),
        "advice": shown(stopped(found.advice)),
    }
    filled = (re.sub(r"\{(\w+)\}", lambda place: words[place[1]], argument) for argument in hook[1:])
    return [hook[0], *filled]
