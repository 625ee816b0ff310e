"""Which machine this is: the kind of GX device, and a number that is this machine's own."""

from __future__ import annotations

import os
import socket
import zlib

MACHINE_ID_FILE = "/etc/machine-id"
PLATFORM_FILE = "/etc/venus/machine"
"""Names the kind of GX device on Venus OS (meta-victronenergy)."""


def platform() -> str:
    """The kind of GX device, "" on other machines."""
    try:
        with open(PLATFORM_FILE, encoding="ascii", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return os.environ.get("GXBRIDGE_PLATFORM", "")


def own_number() -> int:
    """21 bits that tell this machine's gxbridge from another on the same bus, the same after every start."""
    try:
        with open(MACHINE_ID_FILE, "rb") as file:
            seed = file.read(64)
    except OSError:
        seed = socket.gethostname().encode()
    return zlib.crc32(b"gxbridge " + seed.strip()) & 0x1FFFFF
