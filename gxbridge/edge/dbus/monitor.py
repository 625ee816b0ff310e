"""Watches the other services on the bus: what they publish, when they come, change and go.

A service is announced when it was scanned completely. Values that it signals meanwhile are newer than the scan or as
new, and win. A service that answers nonsense is tried again later and never announced; nothing that it sends raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from gxbridge.core.model.items import Value
from gxbridge.edge.dbus import bodies, client, parse, wire
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, BusError, CallFailed, Connection
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.edge.dbus.introspect import BUS_ITEM
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.reconnecting import ReconnectingBus
from gxbridge.edge.dbus.wire import Incoming
from gxbridge.edge.tasks import report_failure

log = logging.getLogger("gxbridge.dbus")

PREFIX: Final = "com.victronenergy."
RETRY_S: Final = (1.0, 5.0, 30.0)
"""Waits between scans of a service that cannot be scanned; the last repeats. Old services own their name too early."""

_RULES: Final = (
    f"type='signal',interface='{BUS_ITEM}',member='ItemsChanged',path='/'",
    f"type='signal',interface='{BUS_ITEM}',member='PropertiesChanged'",
    f"type='signal',sender='{DAEMON}',interface='{DAEMON}',member='NameOwnerChanged',arg0namespace='com.victronenergy'",
)


class _WatchedService:
    """A name with its owner; `items` is None until the scan is complete, and `early` keeps what arrives before."""

    def __init__(self, name: str, owner: str) -> None:
        self.name = name
        self.owner = owner
        self.items: dict[str, WireValue] | None = None
        self.early: dict[str, WireValue] = {}
        self.scan: asyncio.Task[None] | None = None


class Monitor:
    """Calls `on_added(name, items)`, then `on_changed(name, changes)` and `on_removed(name)`, all within the loop.

    Before that `on_named(name, appeared)` when a name has an owner (`appeared`: not there when we began to watch), and
    `on_left(name)` when it goes before it was read.
    """

    def __init__(
        self,
        bus: str,
        on_added: Callable[[str, dict[str, WireValue]], None],
        on_changed: Callable[[str, dict[str, WireValue]], None],
        on_removed: Callable[[str], None],
        *,
        wanted: Callable[[str], bool] | None = None,
        on_named: Callable[[str, bool], None] = lambda _name, _appeared: None,
        on_left: Callable[[str], None] = lambda _name: None,
    ) -> None:
        """`wanted` chooses among the names that start with com.victronenergy. ; our own services, say, are not."""
        self.odd_messages = 0
        """Signals that made no sense and were dropped."""
        self._on_added = on_added
        self._on_changed = on_changed
        self._on_removed = on_removed
        self._on_named = on_named
        self._on_left = on_left
        self._watched = False
        self._wanted = wanted or (lambda _name: True)
        self._services: dict[str, _WatchedService] = {}
        self._by_owner: dict[str, list[_WatchedService]] = {}
        self._moved: set[str] | None = None
        self._link = ReconnectingBus(bus, "monitor", self._subscribe, self._on_lost)

    # --- for the owner ------------------------------------------------------------------------------------------------

    @property
    def sees(self) -> bool:
        """Whether it is on the bus, and sees every name there."""
        return self._link.connection is not None

    @property
    def trouble(self) -> str:
        """Why there is none, for people."""
        return self._link.trouble

    @property
    def services(self) -> Mapping[str, Mapping[str, WireValue]]:
        """Items of every announced service, in order of appearance."""
        return {name: service.items for name, service in self._services.items() if service.items is not None}

    async def start(self) -> None:
        """Connects, subscribes and starts to scan. Raises BusUnreachable; a bus lost later is found again by itself."""
        await self._link.start()

    async def scanned(self, timeout_s: float = client.SCAN_TIMEOUT_S) -> bool:
        """Waits until the services that are there now have been scanned; False when some did not answer in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while scans := [service.scan for service in self._services.values() if service.scan is not None]:
                    await asyncio.wait(scans)
                return True
        return False

    async def set_value(self, service: str, path: str, value: Value) -> int:
        """Writes to another service; 0 means accepted. Raises SetValueError, at the latest after 2 s."""
        connection = self._link.connection
        if connection is None:
            raise SetValueError(f"cannot write to {service} {path}: {self.trouble or 'not connected'}")
        return await client.write(connection, service, path, value)

    async def fetch(self, service: str, path: str) -> WireValue:
        """Asks for one value. Raises BusError."""
        return await client.fetch(self.connection(), service, path)

    def connection(self) -> Connection:
        """The connection, for calls beyond BusItem. Raises BusError while there is none."""
        if self._link.connection is None:
            raise BusError(self.trouble or "not connected")
        return self._link.connection

    def read_anew(self, name: str) -> None:
        """Reads a service once more and announces it again; one that does not answer shows what it showed."""
        service = self._services.get(name)
        if service is not None and service.items is not None and service.scan is None:
            service.scan = asyncio.create_task(self._read_anew(service, service.items), name=f"read {name} anew")
            report_failure(service.scan)

    async def close(self) -> None:
        """Ends it. Nothing is called afterwards, for the services that were known neither."""
        services = list(self._services.values())
        self._services.clear()
        self._by_owner.clear()
        for service in services:
            _cancel(service)
        await self._link.close()
        await asyncio.gather(*(service.scan for service in services if service.scan), return_exceptions=True)

    # --- services come and go -----------------------------------------------------------------------------------------

    async def _subscribe(self, connection: Connection) -> None:
        def handle(message: Incoming) -> None:
            if message.kind == wire.SIGNAL:
                self._hear(connection, message)
            elif message.kind == wire.CALL:
                connection.refuse(message, "UnknownObject", "This connection publishes nothing")

        connection.on_message = handle
        self._moved = set()
        for rule in _RULES:
            await connection.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", bodies.string_body(rule))
        owners = {}
        for name in await client.names(connection):
            if name.startswith(PREFIX) and self._wanted(name):
                with contextlib.suppress(CallFailed):
                    owners[name] = await client.owner(connection, name)
        # All names are known before the first of them is read: one that decides who is master may come last.
        for name, owner in owners.items():
            if name not in self._moved:
                self._track(connection, name, owner, appeared=self._watched)
        self._moved, self._watched = None, True

    def _track(self, connection: Connection, name: str, owner: str, *, appeared: bool = True) -> None:
        service = self._services[name] = _WatchedService(name, owner)
        self._on_named(name, appeared)
        self._by_owner.setdefault(owner, []).append(service)
        service.scan = asyncio.create_task(self._scan(connection, service), name=f"scan {name}")
        report_failure(service.scan)

    def _drop(self, name: str) -> None:
        service = self._services.pop(name, None)
        if service is None:
            return
        others = self._by_owner[service.owner]
        others.remove(service)
        if not others:
            del self._by_owner[service.owner]
        _cancel(service)
        (self._on_left if service.items is None else self._on_removed)(name)

    def _on_lost(self) -> None:
        for name in list(self._services):
            self._drop(name)

    async def _scan(self, connection: Connection, service: _WatchedService) -> None:
        for attempt in range(1_000_000):
            try:
                found = await client.items(connection, service.owner)
            except BusError as error:
                if not connection.is_open:
                    return
                if not attempt:
                    log.warning("%s cannot be scanned: %s", service.name, error)
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                continue
            found.update(service.early)
            service.early = {}
            service.items = found
            service.scan = None
            self._on_added(service.name, dict(found))
            return

    async def _read_anew(self, service: _WatchedService, items: dict[str, WireValue]) -> None:
        try:
            items.update(await client.items(self.connection(), service.owner))
        except BusError as error:
            log.warning("%s cannot be read anew: %s", service.name, error)
        service.scan = None
        self._on_added(service.name, dict(items))

    # --- signals ------------------------------------------------------------------------------------------------------

    def _hear(self, connection: Connection, message: Incoming) -> None:
        sender, member = message.header.sender, message.header.member
        services = self._by_owner.get(sender or "")
        if services is not None:
            try:
                changes = self._changes(connection, message)
            except BusError:
                self.odd_messages += 1
                return
            for service in services:
                self._take(service, changes)
        elif sender == DAEMON and member == "NameOwnerChanged":
            self._owner_changed(connection, *(str(part) for part in connection.body(message)))

    def _take(self, service: _WatchedService, changes: dict[str, WireValue]) -> None:
        if service.items is None:
            service.early.update(changes)
        elif changes:
            service.items.update(changes)
            self._on_changed(service.name, changes)

    def _changes(self, connection: Connection, message: Incoming) -> dict[str, WireValue]:
        header = message.header
        if header.interface != BUS_ITEM:
            return {}
        if header.member == "ItemsChanged":
            return client.items_of(connection, message)
        if header.member != "PropertiesChanged" or header.signature != "a{sv}" or header.path is None:
            raise BusError(f"{header.sender} sent {header.member} as {header.signature!r}")
        if message.at >= 0:
            with contextlib.suppress(parse.Unusual):
                return parse.read_properties(message.frame, message.at, header.path)
        try:
            properties: dict[str, Any] = connection.body(message)[0]
        except wire.WireError as error:
            raise BusError(str(error)) from error
        return {header.path: properties["Value"]} if "Value" in properties else {}

    def _owner_changed(self, connection: Connection, name: str, old: str, new: str) -> None:
        if self._moved is not None:
            self._moved.add(name)
        if old:
            self._drop(name)
        if new and name.startswith(PREFIX) and self._wanted(name):
            self._drop(name)
            self._track(connection, name, new)


def _cancel(service: _WatchedService) -> None:
    if service.scan is not None:
        service.scan.cancel()
