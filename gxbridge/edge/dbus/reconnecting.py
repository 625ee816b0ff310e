"""Keeps one connection to the bus open: opens it, sets it up, and does both again when it is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from gxbridge.edge.dbus.bus import BusError, BusLost, Connection, connect
from gxbridge.edge.tasks import report_failure

log = logging.getLogger("gxbridge.dbus")

FIRST_DELAY_S: Final = 0.25
LONGEST_DELAY_S: Final = 10.0


class ReconnectingBus:
    """`set_up` makes a fresh connection useful (subscribes, takes a name); if it raises, that connection is closed."""

    def __init__(
        self,
        bus: str,
        label: str,
        set_up: Callable[[Connection], Awaitable[None]],
        on_lost: Callable[[], None],
    ) -> None:
        self.connection: Connection | None = None
        self.reconnects = 0
        self.trouble = ""
        """Why there is no connection, for people; empty while there is one."""
        self._bus = bus
        self._label = label
        self._set_up = set_up
        self._on_lost = on_lost
        self._lost = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Opens the connection and keeps it from then on. Raises what opening and `set_up` raise."""
        await self._open()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self._label} on the bus")
        report_failure(self._keeper)

    async def close(self) -> None:
        """Ends the connection for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.trouble = "closed"

    async def _open(self) -> None:
        connection = await connect(self._bus)
        try:
            await self._set_up(connection)
            if not connection.is_open:
                raise BusLost("the connection ended while it was set up")
        except BaseException:
            connection.close()
            raise
        connection.on_lost = self._note_loss
        self.connection = connection
        self.trouble = ""

    def _note_loss(self, reason: BusLost) -> None:
        self.connection = None
        self.trouble = str(reason)
        log.warning("%s: %s", self._label, reason)
        self._lost.set()
        self._on_lost()

    async def _keep(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            delay_s = FIRST_DELAY_S
            while self.connection is None:
                await asyncio.sleep(delay_s)
                delay_s = min(2 * delay_s, LONGEST_DELAY_S)
                try:
                    await self._open()
                except BusError as error:
                    if str(error) != self.trouble:
                        log.warning("%s: %s", self._label, error)
                    self.trouble = str(error)
            self.reconnects += 1
            log.warning("%s: on the bus again", self._label)
