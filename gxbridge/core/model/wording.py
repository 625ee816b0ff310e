"""Durations, counts and temperatures in words, the same wherever people read them."""

from __future__ import annotations

from collections.abc import Sequence


def duration_text(seconds: float) -> str:
    """`12 s`, `3 min`, `5 h`: whole units that have passed, in the largest unit of which there are at least two."""
    whole = max(int(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


def counted(count: float, noun: str) -> str:
    """`1 service`, `2 services`; `noun` is the singular and takes a plain s."""
    return f"{count:.0f} {noun}" if count == 1 else f"{count:.0f} {noun}s"


def names_text(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; of more than four the first three and how many more."""
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


def celsius_text(temperature_c: float) -> str:
    """`+4.9 °C`: a temperature always shows its sign, because it decides."""
    return f"{round(temperature_c, 1) + 0.0:+g} °C"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def utc_text(epoch: float) -> str:
    """`2026-11-29 23:10 UTC` of seconds since 1970, without a calendar's module: the core has none that knows a clock.

    Days to a date by H. Hinnant's civil_from_days (chrono-Compatible Low-Level Date Algorithms)."""
    minutes = int(min(max(epoch, 0.0), 1e11)) // 60
    days, minute = divmod(minutes, 1440)
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    shifted = (5 * day + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year += era * 400 + (month <= 2)
    return f"{year:04d}-{month:02d}-{day - (153 * shifted + 2) // 5 + 1:02d} {minute // 60:02d}:{minute % 60:02d} UTC"
