"""Asks the vendor's driver for one battery after the other, so that a capture made meanwhile holds what each says.

`/Battery/Request/Id` of a Lynx Smart BMS NG takes the number of a battery (1 to `/System/NrOfBatteries`); the driver
then fetches that battery's values and shows them below `/Battery/<number>/` (gui-v2 PageLynxIonBatteryInfo.qml, pull
request 2781). It is what the GX's own page of batteries does: a question, never a setting. Nothing else is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from gxbridge.core.learn.recording import OWN_MARK
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, Connection

REQUEST: Final = "/Battery/Request/Id"
COUNT: Final = "/System/NrOfBatteries"
MOST_BATTERIES: Final = 50
"""Of one Lynx Smart BMS NG (dbus recordings and manual: 25 at 48 V, 50 at 12 and 24 V)."""
LEAST_PAUSE_S: Final = 5.0


class SteppingError(Exception):
    """It cannot be asked, or somebody else is asking; the text says so."""


async def step_batteries(connection: Connection, service: str, pause_s: float, tell: Callable[[str], None]) -> int:
    """Ask for each battery once, `pause_s` apart, and put back what stood there; returns how many were asked for.

    Raises SteppingError, and BusError when the service does not answer.
    """
    found, count = await _checked(connection, service)
    last = found
    try:
        for number in range(1, count + 1):
            await _undisturbed(connection, service, last)
            code = await client.write(connection, service, REQUEST, number)
            if code != 0:
                raise SteppingError(f"{service} refuses {REQUEST} = {number} (code {code})")
            last = number
            tell(f"battery {number} of {count}")
            await asyncio.sleep(max(pause_s, LEAST_PAUSE_S))
    finally:
        if last != found and await _shown(connection, service) == last:
            await client.write(connection, service, REQUEST, found)
    return count


async def _checked(connection: Connection, service: str) -> tuple[int, int]:
    """What stands in the path, and how many batteries there are. Raises SteppingError."""
    if OWN_MARK in service:
        raise SteppingError(f"{service} is gxbridge's own: only the vendor's driver can be asked")
    items = await client.items(connection, service)
    found, count = items.get(REQUEST), items.get(COUNT)
    if not isinstance(found, int):
        raise SteppingError(f"{service} has no valid {REQUEST}: only newer drivers have it, for a Lynx Smart BMS NG")
    if not isinstance(count, int) or not 1 <= count <= MOST_BATTERIES:
        raise SteppingError(f"{service} does not say how many batteries it has ({COUNT} is {count!r})")
    return found, count


async def _shown(connection: Connection, service: str) -> object:
    try:
        return await client.fetch(connection, service, REQUEST)
    except BusError:
        return None


async def _undisturbed(connection: Connection, service: str, expected: int) -> None:
    shown = await client.fetch(connection, service, REQUEST)
    if shown != expected:
        raise SteppingError(f"somebody else uses {REQUEST} of {service}: it is {shown!r}, not {expected}; stopped")
