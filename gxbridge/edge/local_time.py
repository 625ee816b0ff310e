"""The local time of a zone, by the tables of this machine."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def zone_offset_s(name: str, epoch: float) -> float | None:
    """Local time of a zone minus UTC (s) at a moment; None where this machine knows no such zone."""
    from datetime import UTC, datetime

    zone = _zone(name)
    if zone is None:
        return None
    try:
        offset = datetime.fromtimestamp(epoch, UTC).astimezone(zone).utcoffset()
    except (OverflowError, ValueError, OSError):
        return None
    return None if offset is None else offset.total_seconds()


def system_offset_s(epoch: float) -> float | None:
    """The same by the time zone of this machine."""
    try:
        return float(time.localtime(epoch).tm_gmtoff)
    except (OverflowError, ValueError, OSError):
        return None


def zone_exists(name: str) -> bool:
    """Does this machine know the zone?"""
    return _zone(name) is not None


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo | None:
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name.removeprefix("/"))
    except (ImportError, KeyError, ValueError, OSError):
        return None
