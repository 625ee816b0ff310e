"""The time zone of the boat: the configuration's, else the GX's setting, else that of this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from gxbridge.edge.local_time import system_offset_s, zone_offset_s
from gxbridge.edge.machine import PLATFORM_FILE

SETTINGS: Final = "com.victronenergy.settings"
SETTING: Final = "/Settings/System/TimeZone"


def boat_zone_s(configured: str | None, services: Mapping[str, Mapping[str, Any]], epoch: float) -> float | None:
    """Local time minus UTC (s) at a moment; None: not known.

    A GX keeps its own clock in UTC and the zone among its settings; where neither has one, nobody knows it there.
    """
    if configured is not None:
        return zone_offset_s(configured, epoch)
    settings = services.get(SETTINGS)
    if settings is not None:
        name = settings.get(SETTING)
        return zone_offset_s(name, epoch) if isinstance(name, str) and name else None
    return None if os.path.exists(PLATFORM_FILE) else system_offset_s(epoch)
