"""A length of time in words, the same wherever people are told how long something lasts or how long ago it was."""

from __future__ import annotations


def duration_text(seconds: float) -> str:
    """`12 s`, `3 min`, `5 h`: whole units that have passed, in the largest unit of which there are at least two."""
    whole = max(int(seconds), 0)
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
