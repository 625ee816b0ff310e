"""What the kernel says about a network interface, without opening it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

from gxbridge.core.canload import Carried

LinkState: TypeAlias = Literal["up", "down", "no-carrier", "missing", "unknown"]
FOLDER: Final = Path("/sys/class/net")
IFF_UP: Final = 1
HARDWARE: Final = "device"
"""Of an interface with a controller behind it. Without one (vcan) what is sent comes in again, and is counted twice."""


def link_state(name: str, folder: Path = FOLDER) -> LinkState:
    """`no-carrier` of a CAN interface that is up: its controller is bus-off, or a vxcan's other end is down."""
    if not folder.is_dir():
        return "unknown"
    try:
        flags = int((folder / name / "flags").read_text(), 16)
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError):
        return "unknown"
    if not flags & IFF_UP:
        return "down"
    try:
        return "no-carrier" if (folder / name / "carrier").read_text().strip() == "0" else "up"
    except OSError:
        return "up"


def carried(name: str, folder: Path = FOLDER) -> Carried | None:
    """All that the bus carried since the interface is there, by its own counters; None when they cannot be read."""
    ways = ("rx", "tx") if (folder / name / HARDWARE).exists() else ("rx",)
    try:
        frames, data_bytes = (
            sum(int((folder / name / "statistics" / f"{way}_{what}").read_text()) for way in ways)
            for what in ("packets", "bytes")
        )
    except (OSError, ValueError):
        return None
    return Carried(frames, data_bytes)
