"""This machine and what is installed on it."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path
from typing import Final

from gxbridge import __version__
from gxbridge.core.nmea2000.database import DatabaseError, database
from gxbridge.doctor.facts import Program, Supervised
from gxbridge.edge.dbus.bus import BusError, library
from gxbridge.edge.machine import platform as gx_kind

VENUS: Final = Path("/opt/victronenergy/version")
"""Its first line is the version of Venus OS."""
OS_RELEASE: Final = Path("/etc/os-release")
SERVICE: Final = Path("/service/gxbridge")
PACKAGES: Final = {"python-can": "can", "PyYAML": "yaml"}
TAI_EPOCH: Final = (1 << 62) + 10
"""TAI64 label of 1970-01-01 (cr.yp.to/libtai/tai64.html)."""


def program() -> Program:
    """What runs here."""
    try:
        database()
        fault = ""
    except DatabaseError as error:
        fault = str(error)
    venus = first_line(VENUS)
    return Program(
        version=__version__,
        python=tuple(sys.version_info[:3]),
        packages=packages(),
        system=f"Venus OS {venus}" if venus else os_name(OS_RELEASE),
        venus=venus,
        machine=gx_kind(),
        architecture=platform.machine(),
        database_error=fault,
        supervised=supervised(SERVICE),
    )


def packages() -> dict[str, str]:
    """Versions of what gxbridge needs; "" for what is missing."""
    found = {package: version(package, module) for package, module in PACKAGES.items()}
    try:
        name = library().name
    except BusError:
        return {**found, "dbus-next": ""}
    return {**found, name.replace("_", "-"): version(name.replace("_", "-"), name)}


def version(package: str, module: str) -> str:
    """The installed version, "(version unknown)" where only the module is there, "" where it is not."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pass
    try:
        found = importlib.import_module(module)
    except Exception:  # a package may fail in any way while it is imported
        return ""
    return str(getattr(found, "__version__", "(version unknown)"))


def os_name(path: Path) -> str:
    """`Debian GNU/Linux 12 (bookworm)`, "" when it is not said."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    names = [line.partition("=")[2].strip("\"'") for line in lines if line.startswith("PRETTY_NAME=")]
    return names[0] if names else ""


def first_line(path: Path) -> str:
    """The first line of a small file, "" when there is none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline(200).strip()
    except OSError:
        return ""


def supervised(folder: Path) -> Supervised | None:
    """How daemontools holds a service; None when it is not installed (daemontools, svstat.c)."""
    if not folder.is_dir():
        return None
    try:
        os.close(os.open(folder / "supervise" / "ok", os.O_WRONLY | os.O_NONBLOCK))  # fails unless supervise reads it
        status = (folder / "supervise" / "status").read_bytes()
    except OSError:
        return Supervised(str(folder), None)
    if len(status) < 18:
        return Supervised(str(folder), None)
    since = int.from_bytes(status[:8], "big") - TAI_EPOCH
    return Supervised(str(folder), int.from_bytes(status[12:16], "little") > 0, max(0.0, time.time() - since))
