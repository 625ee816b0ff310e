"""Services as bad as one likes: each answers what the test says, and sends what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, Connection, connect
from gxbridge.edge.dbus.wire import Incoming

ITEM = "com.victronenergy.BusItem"

Answer = tuple[str, list[Any]] | str | None
"""Signature and arguments, the name of an error, or no answer at all."""


class Fake:
    """A service on a connection of its own."""

    def __init__(self, connection: Connection, answer: Callable[[str, str, list[Any]], Answer]) -> None:
        self.connection = connection
        self._answer = answer
        self.calls: list[tuple[str, str, list[Any]]] = []

    def hear(self, message: Incoming) -> None:
        if message.kind != wire.CALL:
            return
        path, member = message.header.path or "", message.header.member or ""
        body = self.connection.body(message)
        self.calls.append((path, member, body))
        answer = self._answer(path, member, body)
        if isinstance(answer, str):
            self.connection.refuse(message, answer, "as the test wants it")
        elif answer is not None:
            signature, arguments = answer
            self.connection.answer(message, signature, self.connection.encode(signature, arguments))

    def signal(self, path: str, member: str, signature: str, *arguments: Any, interface: str = ITEM) -> None:
        body = self.connection.encode(signature, arguments)
        self.connection.send(wire.signal(self.connection.next_serial(), path, interface, member, signature, body))

    async def own(self, name: str) -> None:
        body = self.connection.encode("su", [name, 4])
        await self.connection.call(DAEMON, DAEMON_PATH, DAEMON, "RequestName", "su", body)

    async def disown(self, name: str) -> None:
        body = bodies.string_body(name)
        await self.connection.call(DAEMON, DAEMON_PATH, DAEMON, "ReleaseName", "s", body)


@asynccontextmanager
async def fake(bus: str, name: str, answer: Callable[[str, str, list[Any]], Answer]) -> AsyncIterator[Fake]:
    """A fake service under `name`."""
    found = Fake(await connect(bus), answer)
    found.connection.on_message = found.hear
    await found.own(name)
    try:
        yield found
    finally:
        found.connection.close()


def value(signature: str, number: Any) -> dict[str, Any]:
    """An item's dictionary."""
    return {"Value": (signature, number), "Text": ("s", str(number))}
