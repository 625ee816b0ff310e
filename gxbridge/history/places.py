"""Where the history is kept, and how people name moments."""

from __future__ import annotations

import math
import os
import re
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Final

from gxbridge.edge.machine import platform

GX_FOLDER: Final = Path("/data/log/gxbridge-history")
MOST_BYTES: Final = 60_000_000
"""Kept on the disk."""
_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_AGO: Final = re.compile(r"(\d{1,7}(?:\.\d{1,6})?)(s|min|h|d)")


def history_folder() -> Path:
    """On a GX beside the black boxes; elsewhere in the user's folder for state."""
    if platform():
        return GX_FOLDER
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "gxbridge" / "history"


def moment(text: str, now: float, zone: tzinfo | None) -> float:
    """Epoch seconds of `now`, `24h` (ago), or a date and time of `zone`. Raises ValueError for people."""
    if text == "now":
        return now
    if (found := _AGO.fullmatch(text)) is not None:
        return now - float(found[1]) * _UNITS[found[2]]
    try:
        when = datetime.fromisoformat(text)
        at = (when if when.tzinfo is not None else when.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        at = math.nan
    if math.isnan(at):
        raise ValueError(f"{text!r} is not a time: write now, 90min, 24h, 7d, 2026-11-29 or 2026-11-29T12:00")
    return at
