"""One service on the bus with its own connection: consumers keep what they know of us by connection, not by name.

Every item is there before the name is asked for, because scanning starts the moment the name appears. To take a service
away its connection is closed. Source: D-Bus contract notes on velib_python vedbus.py and dbusmonitor.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, KeysView, Mapping
from typing import Final, Literal

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, BusError, Connection
from gxbridge.edge.dbus.busitem import NOTHING_ON_REQUEST, ItemTree, MakeText, OnWrite
from gxbridge.edge.dbus.introspect import BUS_ITEM
from gxbridge.edge.dbus.item_bytes import items_body
from gxbridge.edge.dbus.reconnecting import ReconnectingBus
from gxbridge.edge.dbus.wire import Incoming

log = logging.getLogger("gxbridge.dbus")

ServiceState = Literal["new", "up", "lost", "closed"]

DO_NOT_QUEUE: Final = 4
PRIMARY_OWNER: Final = 1


class NameTaken(BusError):
    """Another connection owns the name."""


class PublishedService:
    """`update` collects, and one ItemsChanged per turn of the loop carries what changed; `announce` sends one now."""

    def __init__(
        self,
        bus: str,
        name: str,
        specs: Mapping[str, ItemSpec],
        values: Mapping[str, Value] | None = None,
        on_write: OnWrite | None = None,
        on_request: Mapping[str, MakeText] = NOTHING_ON_REQUEST,
    ) -> None:
        """`on_write(path, value)` answers 0 (accepted), 1 (not writable now) or 2 (refused). An accepted value is taken
        and announced, unless `on_write` set another by `update`. Without it all writes to writable paths are accepted.
        `on_request`: paths whose text is made when GetValue asks for it.

        Raises ValueError for paths or signatures that cannot be published.
        """
        self.name = name
        self.state: ServiceState = "new"
        self.signals = 0
        self.held_back = 0
        """Flushes put off because the daemon did not read; the last values went out with the next one."""
        self._tree = ItemTree(specs, values or {}, on_write, on_request)
        self._tree.on_change = self._flush_soon
        self._link = ReconnectingBus(bus, name, self._publish, self._on_lost)
        self._flush_at: asyncio.Handle | None = None

    @property
    def misfits(self) -> int:
        """Values that did not fit their item (70000 in a `q`, NaN) and were published as invalid."""
        return self._tree.misfits

    @property
    def reconnects(self) -> int:
        """How often the connection was lost and came back."""
        return self._link.reconnects

    @property
    def trouble(self) -> str:
        """Why the service is not on the bus, for people; empty while it is."""
        return self._link.trouble

    @property
    def paths(self) -> KeysView[str]:
        """Every published path, also of those that are added later."""
        return self._tree.items.keys()

    @property
    def owner(self) -> Connection | None:
        """The connection that owns the name; what is sent on it is sent by nobody else. None while the name is not
        ours."""
        return self._link.connection if self.state == "up" else None

    def value(self, path: str) -> Value:
        """The value as published. Raises KeyError."""
        return self._tree.items[path].value

    async def start(self) -> None:
        """Connects and takes the name. Raises BusUnreachable or NameTaken; a bus lost later is found again."""
        await self._link.start()

    def update(self, values: Mapping[str, Value]) -> None:
        """Takes new values; those that changed are announced at the end of this turn of the loop, or by `flush`.

        Raises KeyError for a path that was never published.
        """
        self._tree.update(values)
        if self._flush_at is None and self._tree.changed:
            self._flush_soon()

    def announce(self, values: Mapping[str, Value]) -> None:
        """Takes all the new values that this turn of the loop has, and announces at once what changed: the loop need
        not turn once more for that.

        Raises KeyError for a path that was never published.
        """
        self._tree.update(values)
        self.flush()

    def add_items(self, specs: Mapping[str, ItemSpec], values: Mapping[str, Value] | None = None) -> None:
        """More items, announced like changes. Raises ValueError for a path that is there already."""
        self._tree.add(specs, values or {})
        self._flush_soon()

    def respec(self, specs: Mapping[str, ItemSpec]) -> None:
        """Items whose range is another one by now; it is announced with the next values. Raises KeyError."""
        self._tree.respec(specs)

    def remove_items(self, paths: Iterable[str]) -> None:
        """Takes items away: they become invalid, then unknown."""
        known = [path for path in paths if path in self._tree.items]
        self._tree.update(dict.fromkeys(known))
        self.flush()
        self._tree.remove(known)

    def flush(self) -> None:
        """Announces now what changed; without a bus, or while the daemon does not read, at the next chance."""
        if self._flush_at is not None:
            self._flush_at.cancel()
            self._flush_at = None
        connection = self._link.connection
        if connection is None or not self._tree.changed:
            return
        if connection.congested:
            self.held_back += 1
            return
        changed = self._tree.take_changed()
        if changed:
            self.signals += 1
            body = items_body(changed)
            connection.send(wire.signal(connection.next_serial(), "/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", body))

    async def close(self) -> None:
        """Takes the service from the bus by closing its connection."""
        self.flush()
        self.state = "closed"
        await self._link.close()

    def _flush_soon(self) -> None:
        if self._flush_at is None and self._link.connection is not None:
            self._flush_at = asyncio.get_running_loop().call_soon(self.flush)

    async def _publish(self, connection: Connection) -> None:
        def handle(message: Incoming) -> None:
            if message.kind == wire.CALL:
                self._tree.handle(connection, message)
            elif (
                message.header.sender == DAEMON
                and message.header.member == "NameLost"
                and connection.body(message) == [self.name]
            ):
                connection.lose("the bus took the name away")

        connection.on_message = handle
        connection.on_free = self.flush
        self._tree.mark_all_sent()
        body = bodies.name_request_body(self.name, DO_NOT_QUEUE)
        reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "RequestName", "su", body)
        if connection.body(reply) != [PRIMARY_OWNER]:
            raise NameTaken(await self._who_has_it(connection))
        self.state = "up"
        self._flush_soon()

    async def _who_has_it(self, connection: Connection) -> str:
        """One line about the owner of our name."""
        try:
            name = bodies.string_body(self.name)
            reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "GetNameOwner", "s", name)
            owner = str(connection.body(reply)[0])
            body = bodies.string_body(owner)
            reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "GetConnectionUnixProcessID", "s", body)
            who = f"connection {owner}, process {connection.body(reply)[0]}"
        except BusError:
            who = "another connection"
        return f"the D-Bus name {self.name} is taken by {who}: stop that service"

    def _on_lost(self) -> None:
        self.state = "lost"
