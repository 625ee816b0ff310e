"""What the demo sees on D-Bus by itself: a client that keeps every item's value, and a monitor of every write.

It shares nothing with the service under watch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

BusValue: TypeAlias = int | float | str | None
"""None: the item exists but is invalid."""

PREFIX = "com.victronenergy."
ITEM = "com.victronenergy.BusItem"
BUS, BUS_PATH, BUS_INTERFACE = "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"
MATCHES = (
    f"type='signal',interface='{ITEM}',member='ItemsChanged'",
    f"type='signal',interface='{ITEM}',member='PropertiesChanged'",
    f"type='signal',sender='{BUS}',interface='{BUS_INTERFACE}',member='NameOwnerChanged'",
)
WRITES = f"type='method_call',interface='{ITEM}',member='SetValue'"


SERVICE = ""
"""The path of an ItemChange that is about the service itself: `new` is HERE when it appears, None when it goes."""
HERE = "here"


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item that changed: when (monotonic seconds), where, and its new value."""

    at: float
    service: str
    path: str
    new: BusValue


@dataclass(frozen=True, slots=True)
class SeenWrite:
    """Somebody set a value, whether it changed or not."""

    at: float
    service: str
    path: str
    value: BusValue


def plain_value(value: Any) -> BusValue:
    """A D-Bus value as int, float, str, or None for an empty array and whatever else is no plain value."""
    while isinstance(value, Variant):
        value = value.value
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | float | str) else None


class BusWatch:
    """`services` holds every com.victronenergy service with its items; `on_change` hears each change as it comes."""

    def __init__(self, on_change: Callable[[ItemChange], None]) -> None:
        self.services: dict[str, dict[str, BusValue]] = {}
        self.writes: list[SeenWrite] = []
        self.on_change = on_change
        self._owners: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._bus: Any = None
        self._monitor: Any = None
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, address: str) -> None:
        """Connect twice (a monitor may not do anything else), and look at what is there."""
        self._bus = await MessageBus(bus_address=address).connect()
        self._bus.add_message_handler(self._on_message)
        for match in MATCHES:
            await self._call(BUS, BUS_PATH, BUS_INTERFACE, "AddMatch", match)
        self._monitor = await MessageBus(bus_address=address).connect()
        self._monitor.add_message_handler(self._on_write)
        await self._monitor.call(
            Message(
                BUS, BUS_PATH, "org.freedesktop.DBus.Monitoring", "BecomeMonitor", signature="asu", body=[[WRITES], 0]
            )
        )
        for name in await self._call(BUS, BUS_PATH, BUS_INTERFACE, "ListNames"):
            if name.startswith(PREFIX):
                owner = await self._call(BUS, BUS_PATH, BUS_INTERFACE, "GetNameOwner", name)
                await self._appeared(name, owner)

    def close(self) -> None:
        """Leave the bus."""
        for task in self._tasks:
            task.cancel()
        for bus in (self._bus, self._monitor):
            if bus is not None:
                bus.disconnect()

    async def changed(self, timeout_s: float) -> None:
        """Wait until something changes, at most so long."""
        try:
            # Not wait_for: before Python 3.12 that loses a cancellation that comes together with the event.
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    def wake(self) -> None:
        """Something else has changed that a waiter should look at."""
        self._changed.set()

    async def _call(self, to: str, path: str, interface: str, member: str, *text: str) -> Any:
        message = Message(to, path, interface, member, signature="s" * len(text), body=list(text))
        reply = await self._bus.call(message)
        if reply.message_type == MessageType.ERROR:
            raise LookupError(f"{to} {member}: {reply.body}")
        return reply.body[0] if reply.body else None

    def _on_message(self, message: Any) -> None:
        if message.message_type != MessageType.SIGNAL:
            return
        if message.member == "NameOwnerChanged" and message.body[0].startswith(PREFIX):
            name, _, owner = message.body
            self._vanished(name)
            if owner:
                task = asyncio.ensure_future(self._appeared(name, owner))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        elif message.interface == ITEM and message.sender in self._names:
            name = self._names[message.sender]
            if message.member == "ItemsChanged":
                self._take(name, {path: item.get("Value") for path, item in message.body[0].items()})
            elif message.member == "PropertiesChanged" and "Value" in message.body[0]:
                self._take(name, {message.path: message.body[0]["Value"]})

    def _on_write(self, message: Any) -> bool:
        if message.message_type not in (MessageType.METHOD_CALL, MessageType.SIGNAL):
            return False
        if message.member == "SetValue" and message.body:
            service = self._names.get(message.destination, message.destination)
            self.writes.append(SeenWrite(time.monotonic(), service, message.path, plain_value(message.body[0])))
        return True  # a monitor that answers is thrown off the bus

    async def _appeared(self, name: str, owner: str) -> None:
        self._names[owner] = name
        self._owners[name] = owner
        known = self.services.setdefault(name, {})
        self.on_change(ItemChange(time.monotonic(), name, SERVICE, HERE))
        try:
            items = await self._call(name, "/", ITEM, "GetItems")
        except (LookupError, EOFError, OSError):
            return  # it has gone again
        if self._owners.get(name) == owner:
            # What a signal said meanwhile is newer than this answer.
            self._take(name, {path: item.get("Value") for path, item in items.items() if path not in known})

    def _vanished(self, name: str) -> None:
        self._names.pop(self._owners.pop(name, ""), None)
        if self.services.pop(name, None) is not None:
            self.on_change(ItemChange(time.monotonic(), name, SERVICE, None))
            self._changed.set()

    def _take(self, name: str, values: Mapping[str, Any]) -> None:
        items = self.services.setdefault(name, {})
        now = time.monotonic()
        for path, raw in values.items():
            value = plain_value(raw)
            if path not in items or items[path] != value:
                items[path] = value
                self.on_change(ItemChange(now, name, path, value))
        self._changed.set()
