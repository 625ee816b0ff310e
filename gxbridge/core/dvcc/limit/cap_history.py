"""Since when each cap has had its value: the memory behind "2 s ago"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from gxbridge.core.dvcc.limit.cap import Cap, Unit
from gxbridge.core.dvcc.limit.reasons import cap, reason_text
from gxbridge.core.model.fast import make
from gxbridge.core.model.record import state

Since: TypeAlias = Mapping[tuple[str, str, str], Cap]
"""(reason, source, path) -> the cap as it was last, with its moment."""


@state
class CapHistory:
    """Made for one round and thrown away: takes the old caps, gives new ones their moment, collects them."""

    now: float
    before: Since
    fresh: dict[tuple[str, str, str], Cap] = field(default_factory=dict)

    def cap(self, name: str, value: float | None, unit: Unit, source: str = "", path: str = "", /, **words: str) -> Cap:
        """A cap that remembers since when it has its value."""
        key = (name, source, path)
        known = self.before.get(key)
        if known is None:
            made = cap(name, value, unit, source, path, self.now, **words)
        else:
            same_words = known.arguments == words
            if known.value == value and same_words:
                self.fresh[key] = known
                return known
            since = known.since if known.value == value else self.now
            text = known.text if same_words else reason_text(name, **words)
            made = make(Cap, (value, unit, name, known.kind, source, path, since, text, words))
        self.fresh[key] = made
        return made
