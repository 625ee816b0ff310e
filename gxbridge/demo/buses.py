"""The demo's buses: a dbus-daemon of its own on a unix socket, open to its owner only, and a CAN bus for the Lynx.

Nothing of the real system bus is touched.
"""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import time
from pathlib import Path

import can

from gxbridge.config.interfaces import MULTICAST, MULTICAST_GROUP
from gxbridge.demo.processes import DemoError, ProcessGroup, last_words
from gxbridge.edge.dbus.bus import BusUnreachable, opened

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
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

OWN_INTERFACE = "gxsocket"


def find_dbus_daemon(wanted: str | None) -> str:
    """The dbus-daemon program; raises DemoError that says what to install."""
    found = shutil.which(wanted or "dbus-daemon") or shutil.which(wanted or "dbus-daemon", path=USUAL_FOLDERS)
    if found is not None:
        return found
    if wanted:
        raise DemoError(f"there is no program {wanted} (--dbus-daemon)")
    raise DemoError(
        "dbus-daemon is not installed. Debian, Ubuntu: apt-get install dbus-daemon (older: dbus); "
        "Fedora: dnf install dbus-daemon; Alpine: apk add dbus; or give its path with --dbus-daemon"
    )


async def start_dbus(processes: ProcessGroup, program: str, folder: Path) -> str:
    """Start a bus and return its address once it listens; raises DemoError with the daemon's own words."""
    address = f"unix:path={folder / 'bus'}"
    configuration = folder / "dbus.conf"
    configuration.write_text(CONFIGURATION.format(address=address), encoding="utf-8")
    command = [program, f"--config-file={configuration}", "--nofork", "--nopidfile"]
    process = processes.start(folder / "dbus.log", command, orders=False)
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            async with opened(address):
                return address
        except BusUnreachable:
            if process.code is not None:
                raise DemoError(f"dbus-daemon {process.ended()}") from None
            if time.monotonic() > deadline:
                raise DemoError(f"dbus-daemon does not listen: {last_words(process.log)}") from None
            await asyncio.sleep(0.02)


def choose_can(wanted: str | None, folder: Path) -> tuple[str, str]:
    """(interface, channel) of the demo's CAN bus, by default a folder of sockets; raises DemoError if unusable."""
    if wanted is None:
        return OWN_INTERFACE, str(folder / "can")
    interface, _, channel = wanted.partition(":")
    if interface == MULTICAST:
        channel = channel or MULTICAST_GROUP
        if importlib.util.find_spec("msgpack") is None:
            raise DemoError("--can udp_multicast needs the Python package msgpack: pip install 'msgpack>=1.2.1'")
    if not channel:
        raise DemoError(f"--can {wanted}: give INTERFACE:CHANNEL, for example socketcan:vcan0 or udp_multicast")
    if interface == "virtual":
        raise DemoError("--can virtual joins only parts of one process; the demo's devices are processes of their own")
    try:
        with can.Bus(interface=interface, channel=channel) as bus:
            bus.send(can.Message(arbitration_id=0x18EAFFFE, data=b"\x00\xee\x00", is_extended_id=True))
    except (can.CanError, OSError, ValueError, NotImplementedError) as error:
        route = "; loopback needs a route: ip route add 239.0.0.0/8 dev lo" if interface == MULTICAST else ""
        raise DemoError(f"--can {wanted} cannot be used here: {error}{route}") from error
    return interface, channel
