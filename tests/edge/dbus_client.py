"""A bare client for tests: sends any call, even one that no library would, and keeps the signals it hears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, Connection, connect
from gxbridge.edge.dbus.client import items_of
from gxbridge.edge.dbus.wire import Incoming

ITEM = "com.victronenergy.BusItem"


class Client:
    """Calls `service`; `changes` are the ItemsChanged that it hears, `signals` the names of all BusItem signals."""

    def __init__(self, connection: Connection, service: str) -> None:
        self.connection = connection
        self.service = service
        self.changes: list[dict[str, Any]] = []
        self.signals: list[str | None] = []

    def hear(self, message: Incoming) -> None:
        if message.kind == wire.SIGNAL and message.header.interface == ITEM:
            self.signals.append(message.header.member)
            if message.header.member == "ItemsChanged":
                self.changes.append(items_of(self.connection, message))

    async def call(
        self, path: str, member: str, signature: str = "", *body: Any, interface: str | None = ITEM
    ) -> list[Any]:
        """The reply's arguments. Variants are (signature, value). Raises CallFailed."""
        data = self.connection.encode(signature, body) if signature else b""
        reply = await self.connection.call(self.service, path, interface, member, signature, data)
        return self.connection.body(reply)

    async def written(self, path: str, signature: str, value: Any) -> int:
        """The code of a SetValue with a variant of this signature."""
        (code,) = await self.call(path, "SetValue", "v", (signature, value))
        assert isinstance(code, int)
        return code


@asynccontextmanager
async def client(bus: str, service: str) -> AsyncIterator[Client]:
    """A client that hears the service's signals, if the service is there."""
    connection = await connect(bus)
    found = Client(connection, service)
    connection.on_message = found.hear
    rule = f"type='signal',interface='{ITEM}',sender='{service}'"
    await connection.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", bodies.string_body(rule))
    try:
        yield found
    finally:
        connection.close()
