"""Which machine this is: the kind of GX device, and a number that is this machine's own."""

from __future__ import annotations

import os
import re
import socket
import sys
import zlib

MACHINE_ID_FILE = "/etc/machine-id"
PLATFORM_FILE = "/etc/venus/machine"
"""Names the kind of GX device on Venus OS (meta-victronenergy)."""

BOOT_FILE = "/proc/sys/kernel/random/boot_id"

GX_ID_FILE = "/data/venus/unique-id"
"""The number by which a GX is known to VRM (meta-victronenergy, get-unique-id); the same after a firmware update."""

GX_COMMAND = "/data/apps/gxbridge/gxbridge"
"""The command as it is installed on a GX, where no folder of PATH can be written to."""

COMMANDS = re.compile(
    r"(?<![\w/])gxbridge (?=(?:advise|blackbox|candb|capture|config|decode|doctor|explain|fleet|history|learn|link"
    r"|master|models|mqtt|plot|readout|rules|run|sample|state|status|watch|web|wiring-test)\b)"
)
"""A command of ours within a text."""


def platform() -> str:
    """The kind of GX device, "" on other machines."""
    try:
        with open(PLATFORM_FILE, encoding="utf-8", errors="replace") as file:
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


def boot_id() -> str | None:
    """Tells this run of the machine from the one before its last reboot; None where the kernel does not say."""
    try:
        with open(BOOT_FILE, encoding="utf-8", errors="replace") as file:
            return file.readline().strip() or None
    except OSError:
        return None


def boat_id() -> str:
    """Tells this installation's state from another's. A digest, as the numbers themselves are nobody's business."""
    import hashlib

    for path in (GX_ID_FILE, MACHINE_ID_FILE):
        try:
            with open(path, "rb") as file:
                seed = file.read(64).strip()
        except OSError:
            continue
        if seed:
            break
    else:
        seed = socket.gethostname().encode()
    return hashlib.blake2b(b"gxbridge " + seed, digest_size=8).hexdigest()


def own_command() -> str:
    """How a person starts gxbridge here: by its path on a GX, by its name where that is in PATH, else as now."""
    if os.path.exists(GX_COMMAND):
        return GX_COMMAND
    import shutil

    if shutil.which("gxbridge"):
        return "gxbridge"
    typed = sys.argv[0]
    return (
        typed
        if os.path.basename(typed) == "gxbridge" and os.access(typed, os.X_OK)
        else f"{sys.executable} -m gxbridge"
    )


def followable(text: str) -> str:
    """A text for people whose commands can be typed here as they stand."""
    return text if (command := own_command()) == "gxbridge" else COMMANDS.sub(f"{command} ", text)
