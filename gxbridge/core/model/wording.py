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
