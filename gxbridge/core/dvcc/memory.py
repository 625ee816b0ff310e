"""What one decision leaves for the next: low passes, last written limits, timers. A value, never changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Memory:
    """`Memory()` is the memory of somebody who has just begun."""
