"""What the kernel says about a network interface, without opening it."""

from __future__ import annotations

import os
from typing import Final, Literal, TypeAlias

from gxbridge.core.vecan.bus_load import Carried

LinkState: TypeAlias = Literal["up", "down", "no-carrier", "missing", "unknown"]
NETWORKS: Final = "/sys/class/net"
IFF_UP: Final = 1
HARDWARE: Final = "device"
"""Of an interface with a controller behind it. Without one (vcan) what is sent comes in again, and is counted twice."""


def link_state(name: str, folder: str | os.PathLike[str] = NETWORKS) -> LinkState:
    """`no-carrier` of a CAN interface that is up: its controller is bus-off, or a vxcan's other end is down."""
    if not os.path.isdir(folder):
        return "unknown"
    try:
        flags = int(_read(folder, name, "flags"), 16)
    except FileNotFoundError:
        return "missing"
    except (OSError, ValueError):
        return "unknown"
    if not flags & IFF_UP:
        return "down"
    try:
        return "no-carrier" if _read(folder, name, "carrier").strip() == "0" else "up"
    except OSError:
        return "up"


def carried(name: str, folder: str | os.PathLike[str] = NETWORKS) -> Carried | None:
    """All that the bus carried since the interface is there, by its own counters; None when they cannot be read."""
    ways = ("rx", "tx") if os.path.exists(os.path.join(folder, name, HARDWARE)) else ("rx",)
    try:
        frames, data_bytes = (
            sum(int(_read(folder, name, "statistics", f"{way}_{what}")) for way in ways)
            for what in ("packets", "bytes")
        )
    except (OSError, ValueError):
        return None
    return Carried(frames, data_bytes)


def _read(folder: str | os.PathLike[str], *names: str) -> str:
    with open(os.path.join(folder, *names), encoding="ascii") as stream:
        return stream.read()
