"""Mutants of `core/vecan` and `core/bank` that no test can notice, and why, as in `argued.py`."""

from __future__ import annotations

from typing import Final

BATTERIES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "at the bound itself both answers are the same": {
        "figures": (
            'why = f"that of {titles_of(bank.inside)}" if low[1] >= high[1] else f"the mean of {spread}"',
            "if len(weighed) >= len(known):",
        ),
    },
    "a byte more or less of what is reckoned roughly and in steps of 60 bytes": {
        "readings": (
            "SHARED_BYTES = 999999",
            "SHARED_BYTES = 1000001",
            "RESERVED_BYTES = 119999",
            "RESERVED_BYTES = 120001",
            "MOST_SHARE = 399999",
            "MOST_SHARE = 400001",
            "if self.size > limit * 3 / 4:",
            "if self.size <= (limit if used(key) else limit / 2):",
        ),
    },
    "the same for every value that can get there": {
        "readings": (
            "fresh_s = max(LEAST_FRESH_S, FRESH_INTERVALS * (layout.interval_ms or -1) / 1000)",
            "fresh_s = max(LEAST_FRESH_S, FRESH_INTERVALS * (layout.interval_ms or 1) / 1000)",
            "if field.name in _APART and field.length >= 8",
            "continue",
        ),
        "quantities": (
            "least = min((known for _, known in said), key=lambda known: 0.505 if known is None else known.value)",
            "least = min((known for _, known in said), key=lambda known: 0.495 if known is None else known.value)",
            "agreed = len({known and known.value for _, known in said}) <= 1",
        ),
        "transmitter": ('if self.level < "off":', 'if self.level <= "off":'),
    },
    "a shortcut: what is kept as it was is equal to what would be made anew": {
        "device_state": (
            "self._pending[what] = new or self._pending.get(what, True)",
            "due = {name: self.table.by_name[name] for name, until in self._until.items() if until is not now}",
            "return changed ^ {quantity.name for quantity in self.table.derived if self._judge_one(quantity, now)}",
            "return False",
        ),
    },
}
