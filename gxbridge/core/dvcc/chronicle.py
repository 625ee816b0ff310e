"""Since when each cap has had its value: the memory behind "2 s ago"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gxbridge.core.dvcc.decision import Cap, Unit
from gxbridge.core.dvcc.reasons import cap

Since: TypeAlias = Mapping[tuple[str, str], tuple[float | None, float]]
"""(reason, source) -> its value and since when it has it (monotonic s)."""


@dataclass(slots=True)
class Chronicle:
    """Made for one round and thrown away: takes the old moments, gives caps theirs, collects the new moments."""

    now: float
    before: Since
    fresh: dict[tuple[str, str], tuple[float | None, float]] = field(default_factory=dict)

    def cap(self, name: str, value: float | None, unit: Unit, source: str = "", path: str = "", /, **words: str) -> Cap:
        """A cap that remembers since when it has its value."""
        key = (name, source)
        known = self.before.get(key)
        entry = known if known is not None and known[0] == value else (value, self.now)
        self.fresh[key] = entry
        return cap(name, value, unit, source, path, entry[1], **words)
