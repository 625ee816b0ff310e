"""The CAN interfaces there are: from the GX's platform service, else from this machine's kernel; and how each is doing.

`com.victronenergy.platform /CanBus/Interfaces` is a list of {interface, name, config}, and its
`/CanBus/Interface/<if>/Statistics` what `ip -json -details -statistics link show` says there (veutil
canbus_monitor.cpp and canbus_interfaces.cpp).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gxbridge.edge.can.can_interface import CanInterface, Port, parse_link
from gxbridge.edge.can.can_link import NETWORKS, link_state
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, Connection
from gxbridge.edge.dbus.parse import WireValue

PLATFORM: Final = "com.victronenergy.platform"
INTERFACES: Final = "/CanBus/Interfaces"
ASK_S: Final = 3.0
"""For one question; a GX under load needs more than a second."""
ARPHRD_CAN: Final = "280"
"""linux/if_arp.h"""
FOLDER: Final = Path(NETWORKS)
SERVICES: Final = Path("/service")
NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,15}")
"""What a network interface may be called; anything else is no interface and part of no path."""


async def find_ports(
    connection: Connection | None,
    configured: Iterable[str] = (),
    folder: Path = FOLDER,
    services: Path = SERVICES,
) -> list[Port]:
    """Every CAN interface, without its state and profile. Never raises, and takes a few seconds at most.

    `configured`: the ports that the GX has settings for. They count where nobody says which ports there are: a GX that
    is asked from afar, and is too old to say so.
    """
    found: dict[str, Port] = {}
    if connection is not None:
        for port in _listed(await _ask(connection, INTERFACES)):
            found[port.name] = port
    for name in local_names(folder):
        found.setdefault(name, Port(name))
    if not found:
        found = {name: Port(name) for name in configured}
    return [replace(port, drivers=_drivers(services, port.name)) for port in found.values()]


def _drivers(services: Path, name: str) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in services.glob(f"*.{name}")))


def _listed(value: WireValue) -> list[Port]:
    """The ports in what the platform service says; what has another shape is passed over."""
    ports = []
    for entry in value if isinstance(value, list) else ():
        fields: dict[Any, Any] = entry if isinstance(entry, dict) else {}
        name, label, kind = fields.get("interface"), fields.get("name"), fields.get("config")
        if isinstance(name, str) and NAME.fullmatch(name):
            ports.append(Port(name, label if isinstance(label, str) else "", kind if isinstance(kind, int) else None))
    return ports


async def _ask(connection: Connection, path: str) -> WireValue:
    with contextlib.suppress(BusError, TimeoutError):
        async with asyncio.timeout(ASK_S):
            return await client.fetch(connection, PLATFORM, path)
    return None


def local_names(folder: Path = FOLDER) -> list[str]:
    """The CAN interfaces of this machine's kernel."""
    names = []
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            with contextlib.suppress(OSError):
                if (path / "type").read_text().strip() == ARPHRD_CAN:
                    names.append(path.name)
    return names


async def read_link(name: str, connection: Connection | None, folder: Path = FOLDER) -> CanInterface | None:
    """How an interface is doing: as the GX says, else `ip`, else what little sysfs has. Never raises."""
    if not NAME.fullmatch(name):
        return None
    if connection is not None:
        said = parse_link(await _ask(connection, f"/CanBus/Interface/{name}/Statistics"))
        if said is not None:
            return said
    if not (folder / name).is_dir():
        return None
    return parse_link(await _ip(name)) or _sysfs(name, folder)


async def _ip(name: str) -> str:
    """What iproute2 says, "" when it is not there or does not answer; busybox's `ip` knows no JSON."""
    command = ["ip", "-json", "-details", "-statistics", "link", "show", "dev", name]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(ASK_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return out.decode(errors="replace")


def _sysfs(name: str, folder: Path) -> CanInterface:
    def count(path: str) -> int:
        try:
            return int((folder / name / "statistics" / path).read_text())
        except (OSError, ValueError):
            return 0

    received, dropped = count("rx_packets"), count("rx_dropped")
    return CanInterface(
        name=name,
        up=link_state(name, folder) not in ("down", "missing"),
        state="BUS-OFF" if link_state(name, folder) == "no-carrier" else "",
        frames=received + count("tx_packets"),
        data_bytes=count("rx_bytes") + count("tx_bytes"),
        received=received,
        dropped=dropped,
        overruns=count("rx_over_errors"),
        faulty=count("rx_errors") + count("tx_errors"),
    )
