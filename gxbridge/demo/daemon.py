"""A dbus-daemon of our own on a unix socket, open to its owner only: nothing of the real system bus is touched."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from pathlib import Path

from gxbridge.demo.keeper import Keeper, last_words
from gxbridge.demo.trouble import DemoError

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
STARTS_WITHIN_S = 10.0
USUAL_FOLDERS = "/usr/bin:/usr/local/bin:/bin:/usr/sbin"


def find(wanted: str | None) -> str:
    """The dbus-daemon program; raises DemoError that says what to install."""
    found = shutil.which(wanted or "dbus-daemon") or (
        None if wanted else shutil.which("dbus-daemon", path=USUAL_FOLDERS)
    )
    if found is None and wanted:
        raise DemoError(f"there is no program {wanted} (--dbus-daemon)")
    if found is None:
        raise DemoError(
            "dbus-daemon is not installed. Debian, Ubuntu: apt-get install dbus-daemon (older: dbus); "
            "Fedora: dnf install dbus-daemon; Alpine: apk add dbus; or give its path with --dbus-daemon"
        )
    return found


async def start(keeper: Keeper, program: str, folder: Path) -> str:
    """Start a bus and return its address once it listens; raises DemoError with the daemon's own words."""
    path = folder / "bus"
    configuration = folder / "dbus.conf"
    configuration.write_text(CONFIGURATION.format(socket=path), encoding="utf-8")
    command = [program, f"--config-file={configuration}", "--nofork", "--nopidfile"]
    process = keeper.start(folder / "dbus.log", command, orders=False, last=True)
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not _listens(path):
        if process.code is not None:
            raise DemoError(f"dbus-daemon ended with code {process.code}: {last_words(process.log)}")
        if time.monotonic() > deadline:
            raise DemoError(f"dbus-daemon does not listen after {STARTS_WITHIN_S:.0f} s: {last_words(process.log)}")
        await asyncio.sleep(0.02)
    return f"unix:path={path}"


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
