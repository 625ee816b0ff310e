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
        "membership": (
            'return "acknowledged" if source == ACKNOWLEDGED else "away" if source >= OPENED else "silent"',
            "return frozenset(joined | {word for word, v in volts.items()"
            " if v is not None and abs(v - busbar_v) < window_v})",
            "if len(known) < 1:",
            "if high_v % low_v <= (window_v if before is None else window_v * 3 / 4):",
            "return tuple((volts, title) for volts, title in said.items()) if len(said) != 1 else ()",
        ),
        "bank/limits": (
            'return tuple(member for member in self.members if member.state >= "waiting")',
            'what = "charging" if path <= p.ALLOW_CHARGE else "discharging"',
            'if word <= "no":',
            'if any(word >= "yes" for _, word in words):',
            "return {member.word: max(number_at(member.bms, path) or -1.0, 0.0) for member in members}",
            "least = min(limits, key=lambda word: limits[word] / ( 2.0 if parts is None else parts[word]))",
            "least = min(limits, key=lambda word: limits[word] / ( 1.01 if parts is None else parts[word]))",
            "least = min(limits, key=lambda word: limits[word] / ( 0.99 if parts is None else parts[word]))",
            "if len(bank.counted) <= 1:",
            "if limits[member.word] <= 0:",
            "whole_a = round(int(limit_a / parts[least] / TOLD_A + 1e-6) * TOLD_A, 2)",
        ),
        "member": ("said = bms.charge if path <= p.ALLOW_CHARGE else bms.discharge",),
        "shares": (
            "seconds: float = 1.0",
            "seconds: float = -1.0",
            "stepped(part) if part >= held or part < held - 2 * STEP else held",
            "known = self.seconds == SETTLES_S and word in self.words",
            "away = any(one * total <= 0 and abs(one) > OFFSET_A for one in known)",
            "away = any(one * total < 1 and abs(one) > OFFSET_A for one in known)",
            "away = any(one * total < -1 and abs(one) > OFFSET_A for one in known)",
            "if len(known) != len(currents) or len(known) < 2 or abs(total) < LEAST_A or away:",
            "if len(known) is not len(currents) or len(known) < 2 or abs(total) < LEAST_A or away:",
            "if len(parts) >= len(inside):",
            "if len(known) != len(sizes):",
            "if len(known) is not len(sizes):",
            "if len(everybody) <= 1:",
            "return {everybody[ -1].word: 1.0}  # there is nobody else whom it could divide with",
            "member.word: max(max(parts[member.word], LEAST_PART) * (1 + entry.imbalance), member.measured or -1.0)",
        ),
        "figures": ('known = [member for member in bank.members if member.state > "acknowledged"]',),
        "bank/findings": (
            'named = [member for member in bank.members if member.state > "acknowledged"]',
            "if sizes and len(bank.counted) != 1 and not entry.sums:",
        ),
        "view": ('return self.role >= "one battery"',),
        "words": (
            'members = [member for member in bank["members"] if member["state"] > "acknowledged"]',
            "words.append(f\"{'refuses' if word <= 'no' else 'does not say whether it allows'} {what}\")",
        ),
        "banks": (
            "one.word in words and one.source >= OPENED for memory in self.memories.values() for one in memory.members",
            "if len(members) != 1:",
            "gathered = gather(entry, BankMemory(), members, 1.0, 0.0)",
            "gathered = gather(entry, BankMemory(), members, -1.0, 0.0)",
            "gathered = gather(entry, BankMemory(), members, 0.0, 1.0)",
            "gathered = gather(entry, BankMemory(), members, 0.0, -1.0)",
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
