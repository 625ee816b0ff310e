"""What the kernel says about a network interface, without opening it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

LinkState: TypeAlias = Literal["up", "down", "no-carrier", "missing", "unknown"]
FOLDER: Final = Path("/sys/class/net")
IFF_UP: Final = 1


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
