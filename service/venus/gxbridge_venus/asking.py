"""One connection to the GX's D-Bus for a question that must not take long."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from gxbridge.edge.dbus.bus import BusError, opened
from gxbridge.edge.dbus.connection import Connection

WHOLE_S = 15.0


def ask(question: Callable[[Connection], Awaitable[Sequence[str]]], bus: str) -> int:
    """Prints the lines that the question answers with; 1 when there is no bus or no answer in time."""

    async def asked() -> Sequence[str]:
        async with asyncio.timeout(WHOLE_S), opened(bus) as connection:
            return await question(connection)

    try:
        lines = asyncio.run(asked())
    except (BusError, OSError, TimeoutError) as error:
        print(f"gxbridge: D-Bus: {error or 'no answer in time'}", file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    return 0
