"""Names the chargers that have once seen a BMS, and so show error 67 when nobody tells them about one any more.

Source: VREG 0xEDE8 and the vendor's dvcc.py: the setting turns on by itself and stays.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.connection import Connection
from gxbridge_venus.asking import ask

PREFIX = "com.victronenergy."
OWN = ("com.victronenergy.gxbridge", "com.victronenergy.battery.gxbridge_")
SYSTEM = "com.victronenergy.system"

CURE = (
    "If no BMS controls them from now on, switch it off there: in the GX's device list open the charger, Networked",
    "operation, BMS controlled, Reset; or in VictronConnect. Error 67 goes once it is off.",
)


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger whose /Settings/BmsPresent is 1."""

    service: str
    name: str
    instance: int | None


async def remembering(connection: Connection, service: str) -> Charger | None:
    """The charger behind a service, if it remembers a BMS."""
    try:
        if await client.fetch(connection, service, "/Settings/BmsPresent") != 1:
            return None
    except BusError:
        return None
    values = []
    for path in ("/CustomName", "/ProductName", "/DeviceInstance"):
        try:
            values.append(await client.fetch(connection, service, path))
        except BusError:
            values.append(None)
    name = next((str(value) for value in values[:2] if value), "charger")
    return Charger(service, name, values[2] if isinstance(values[2], int) else None)


async def other_bms(connection: Connection) -> str:
    """The BMS that the GX's own DVCC follows, if it is not one that gxbridge publishes; else ""."""
    try:
        active = await client.fetch(connection, SYSTEM, "/ActiveBmsService")
    except BusError:
        return ""
    return active if isinstance(active, str) and not active.startswith(OWN) else ""


async def report(connection: Connection) -> list[str]:
    """Lines for people; none when no charger remembers a BMS."""
    services = [name for name in await client.names(connection) if name.startswith(PREFIX) and not name.startswith(OWN)]
    found = await asyncio.gather(*(remembering(connection, service) for service in services))
    chargers = [charger for charger in found if charger is not None]
    if not chargers:
        return []
    lines = ["These chargers have seen a BMS, and show error 67 (BMS connection lost) when they hear of none for 60 s:"]
    for charger in chargers:
        instance = "" if charger.instance is None else f", instance {charger.instance}"
        lines.append(f"  * {charger.name} ({charger.service}{instance})")
    other = await other_bms(connection)
    if other:
        lines.append(f"The GX goes on to tell them about {other}, so nothing needs to be done while that is there.")
    return [*lines, *CURE]


if __name__ == "__main__":
    sys.exit(ask(report, sys.argv[1] if len(sys.argv) > 1 else "system"))
