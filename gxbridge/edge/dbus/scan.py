"""Every service of a GX, read once with all its items. For commands; the service itself has a monitor."""

from __future__ import annotations

import asyncio
from typing import Final

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, Connection
from gxbridge.edge.dbus.monitor import PREFIX
from gxbridge.edge.dbus.parse import WireValue

EACH_S: Final = 6.0
"""For one service."""
AT_ONCE: Final = 6
"""So many are asked at the same time: a GX has one slow core."""


async def look(connection: Connection) -> tuple[dict[str, dict[str, WireValue]], dict[str, str]]:
    """The items of each service, and those that did not answer with the reason. Raises BusError for the list only."""
    names = [name for name in await client.names(connection) if name.startswith(PREFIX)]
    room = asyncio.Semaphore(AT_ONCE)
    items: dict[str, dict[str, WireValue]] = {}
    silent: dict[str, str] = {}

    async def ask(name: str) -> None:
        async with room:
            try:
                async with asyncio.timeout(EACH_S):
                    items[name] = await client.items(connection, name, EACH_S)
            except TimeoutError:
                silent[name] = f"no answer within {EACH_S:g} s"
            except BusError as error:
                silent[name] = str(error)

    await asyncio.gather(*map(ask, names))
    return {name: items[name] for name in names if name in items}, dict(sorted(silent.items()))
