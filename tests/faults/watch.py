"""A client's view of a bus, kept by a thread: what every service has now, and every change with its moment."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import Connection, connect
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from tests.edge.dbus_client import ITEM

T = TypeVar("T")


class Watch:
    """In `with`; `changes` are (monotonic seconds, service, path, value), `gone` (seconds, service)."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.changes: list[tuple[float, str, str, WireValue]] = []
        self.came: list[tuple[float, str]] = []
        self.gone: list[tuple[float, str]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="watch", daemon=True)
        self._monitor = Monitor(address, self._added, self._changed, self._removed)

    def __enter__(self) -> Watch:
        self._thread.start()
        self.run(self._monitor.start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._monitor.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T], within_s: float = 30.0) -> T:
        """Run a coroutine on the thread's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within_s)

    def names(self) -> set[str]:
        return set(dict(self._monitor.services))

    def value(self, service: str, path: str) -> WireValue:
        """The newest value; "absent" when there is no such service or path."""
        items = dict(self._monitor.services).get(service)
        return "absent" if items is None else items.get(path, "absent")

    def items(self, service: str) -> dict[str, WireValue]:
        return dict(dict(self._monitor.services).get(service, {}))

    def call(self, service: str, path: str, member: str, signature: str = "", *body: Any) -> list[Any]:
        """Call a BusItem method over a connection of its own. Raises BusError."""

        async def question() -> list[Any]:
            connection: Connection = await connect(self.address)
            try:
                data = connection.encode(signature, body) if signature else b""
                reply = await connection.call(service, path, ITEM, member, signature, data, timeout_s=10.0)
                return connection.body(reply)
            finally:
                connection.close()

        return self.run(question())

    def ask(self, service: str, path: str) -> WireValue:
        """Ask anew, in place of what the signals said. Raises BusError."""

        async def question() -> WireValue:
            connection = await connect(self.address)
            try:
                return await client.fetch(connection, service, path)
            finally:
                connection.close()

        return self.run(question())

    def _added(self, name: str, items: dict[str, WireValue]) -> None:
        now = time.monotonic()
        self.came.append((now, name))
        self.changes += [(now, name, path, value) for path, value in items.items()]

    def _changed(self, name: str, changes: dict[str, WireValue]) -> None:
        now = time.monotonic()
        self.changes += [(now, name, path, value) for path, value in changes.items()]

    def _removed(self, name: str) -> None:
        self.gone.append((time.monotonic(), name))
