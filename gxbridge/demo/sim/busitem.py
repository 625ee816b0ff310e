"""A small D-Bus service in the shape of `com.victronenergy.BusItem`, on dbus-next, for the simulated devices.

All items exist before the name is requested; changes go out as one ItemsChanged; `busctl tree` and `introspect` work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import MessageFlag, MessageType, NameFlag, RequestNameReply
from dbus_next.message import Message
from dbus_next.signature import Variant

SimValue: TypeAlias = int | float | str | None
"""None is "invalid": an empty array on the wire."""

INTERFACE = "com.victronenergy.BusItem"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
ACCEPTED, REFUSED = 0, 1

LEAF_XML = f"""<interface name="{INTERFACE}">
<method name="GetValue"><arg direction="out" type="v"/></method>
<method name="GetText"><arg direction="out" type="s"/></method>
<method name="SetValue"><arg direction="in" type="v"/><arg direction="out" type="i"/></method>
</interface>"""
ROOT_XML = f"""<interface name="{INTERFACE}">
<method name="GetItems"><arg direction="out" type="a{{sa{{sv}}}}"/></method>
<method name="GetValue"><arg direction="out" type="v"/></method>
<signal name="ItemsChanged"><arg type="a{{sa{{sv}}}}"/></signal>
</interface>"""
INTROSPECT_XML = f"""<interface name="{INTROSPECTABLE}">
<method name="Introspect"><arg direction="out" type="s"/></method></interface>"""


def to_variant(value: SimValue) -> Any:
    """A value as a D-Bus variant."""
    if value is None:
        return Variant("ai", [])
    if isinstance(value, str):
        return Variant("s", value)
    return Variant("d", value) if isinstance(value, float) else Variant("i", value)


def from_variant(value: Any) -> SimValue:
    """A D-Bus value, in a variant or not, as int, float, str or None; a bool becomes 0 or 1."""
    while isinstance(value, Variant):
        value = value.value
    if isinstance(value, bool):
        return int(value)
    return value if isinstance(value, int | float | str) else None


def _item(value: SimValue) -> dict[str, Any]:
    return {"Value": to_variant(value), "Text": Variant("s", "" if value is None else str(value))}


class SimService:
    """One service on its own connection. `on_write(path, value)` hears every accepted write, equal ones too."""

    def __init__(
        self,
        address: str,
        name: str,
        items: Mapping[str, SimValue],
        writable: frozenset[str] = frozenset(),
        on_write: Callable[[str, SimValue], None] | None = None,
    ) -> None:
        self.name = name
        self._address = address
        self._items = dict(items)
        self._writable = writable
        self._on_write = on_write
        self._dirty: set[str] = set()
        self._bus: Any = None

    def __getitem__(self, path: str) -> SimValue:
        return self._items[path]

    def __setitem__(self, path: str, value: SimValue) -> None:
        if path not in self._items or self._items[path] != value:
            self._items[path] = value
            self._dirty.add(path)

    def __contains__(self, path: str) -> bool:
        return path in self._items

    async def start(self) -> None:
        """Connect, then own the name; raises RuntimeError when somebody else has it."""
        self._bus = await MessageBus(bus_address=self._address).connect()
        self._bus.add_message_handler(self._handle)
        if await self._bus.request_name(self.name, NameFlag.DO_NOT_QUEUE) != RequestNameReply.PRIMARY_OWNER:
            raise RuntimeError(f"the D-Bus name {self.name} is taken")

    async def lost(self) -> None:
        """Wait until the connection ends."""
        await self._bus.wait_for_disconnect()

    def flush(self) -> None:
        """Send what has changed since the last time, in one signal."""
        if self._dirty and self._bus is not None:
            changes = {path: _item(self._items[path]) for path in sorted(self._dirty)}
            self._dirty.clear()
            self._bus.send(Message.new_signal("/", INTERFACE, "ItemsChanged", "a{sa{sv}}", [changes]))

    def _handle(self, message: Any) -> Any:
        if message.message_type != MessageType.METHOD_CALL or message.interface not in (
            None,
            INTERFACE,
            INTROSPECTABLE,
        ):
            return None
        answer = self._answer(message)
        return True if message.flags & MessageFlag.NO_REPLY_EXPECTED else answer

    def _answer(self, message: Any) -> Any:
        path, member = message.path, message.member
        below = {item: value for item, value in self._items.items() if path == "/" or item.startswith(path + "/")}
        if member == "Introspect":
            return Message.new_method_return(message, "s", [self._introspect(path, below)])
        if member == "GetItems" and path == "/":
            items = {item: _item(value) for item, value in self._items.items()}
            return Message.new_method_return(message, "a{sa{sv}}", [items])
        if path not in self._items and not below:
            return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownObject", f"there is no {path} here")
        if member == "GetValue":
            if path in self._items:
                return Message.new_method_return(message, "v", [to_variant(self._items[path])])
            start = len(path.rstrip("/")) + 1
            tree = {item[start:]: to_variant(value) for item, value in below.items()}
            return Message.new_method_return(message, "v", [Variant("a{sv}", tree)])
        if member == "GetText" and path in self._items:
            return Message.new_method_return(message, "s", [_item(self._items[path])["Text"].value])
        if member == "SetValue" and len(message.body) == 1:
            return Message.new_method_return(message, "i", [self._write(path, from_variant(message.body[0]))])
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", f"{path} has no method {member}")

    def _write(self, path: str, value: SimValue) -> int:
        if path not in self._writable:
            return REFUSED
        self[path] = value
        if self._on_write is not None:
            self._on_write(path, value)
        self.flush()
        return ACCEPTED

    def _introspect(self, path: str, below: Mapping[str, SimValue]) -> str:
        start = len(path.rstrip("/")) + 1
        children = sorted({item[start:].split("/")[0] for item in below})
        own = ROOT_XML if path == "/" else LEAF_XML if path in self._items else ""
        nodes = "".join(f'<node name="{child}"/>' for child in children)
        return f"<node>{INTROSPECT_XML}{own}{nodes}</node>"
