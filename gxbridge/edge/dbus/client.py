"""Asking other services: their names, items, single values, and writing. For the monitor and for commands."""

from __future__ import annotations

import struct
from typing import Final

from gxbridge.core.model.items import Value
from gxbridge.edge.dbus import bodies, parse, wire
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, BusError, CallFailed, Connection
from gxbridge.edge.dbus.introspect import BUS_ITEM
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.wire import Incoming

ITEMS: Final = "a{sa{sv}}"
SCAN_TIMEOUT_S: Final = 10.0
"""A GX under load needs seconds for a service with hundreds of paths."""
WRITE_TIMEOUT_S: Final = 2.0


class SetValueError(BusError):
    """A write got no return code: no such service or path, no answer, or no bus."""


async def names(connection: Connection) -> list[str]:
    """The well-known names on the bus, sorted. Raises BusError."""
    reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "ListNames")
    return sorted(name for name in connection.body(reply)[0] if not name.startswith(":"))


async def owner(connection: Connection, name: str) -> str:
    """The unique name behind a well-known one. Raises CallFailed when there is none, and other BusErrors."""
    reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "GetNameOwner", "s", bodies.string_body(name))
    return str(connection.body(reply)[0])


async def items(connection: Connection, service: str, timeout_s: float = SCAN_TIMEOUT_S) -> dict[str, WireValue]:
    """Every item of a service, by GetItems or, of an older one, by GetValue of its root. Raises BusError."""
    try:
        reply = await connection.call(service, "/", BUS_ITEM, "GetItems", timeout_s=timeout_s)
    except CallFailed:
        reply = await connection.call(service, "/", BUS_ITEM, "GetValue", timeout_s=timeout_s)
        values = argument(connection, reply)
        if values is not None and not isinstance(values, dict):
            raise BusError(f"{service} lists no items") from None
        return {f"/{path}": value for path, value in (values or {}).items() if isinstance(path, str)}
    return items_of(connection, reply)


def items_of(connection: Connection, message: Incoming) -> dict[str, WireValue]:
    """Path -> value of a GetItems reply or an ItemsChanged signal. Raises BusError when it is neither in shape."""
    if message.header.signature != ITEMS:
        raise BusError(f"{message.header.sender} sent items as {message.header.signature!r} instead of {ITEMS}")
    if message.at >= 0:
        try:
            return parse.read_items(message.frame, message.at)
        except parse.Unusual:
            pass
    try:
        entries = connection.body(message)[0]
    except wire.WireError as error:
        raise BusError(str(error)) from error
    return {path: entry["Value"] for path, entry in entries.items() if "Value" in entry}


def argument(connection: Connection, message: Incoming) -> WireValue:
    """The single argument of a message, None for an empty array. Raises BusError when there is none."""
    if message.header.signature == "v" and message.at >= 0:
        try:
            return parse.read_variant(message.frame, message.at)[0]
        except (parse.Unusual, struct.error, IndexError, UnicodeDecodeError):
            pass
    try:
        body = connection.body(message)
    except wire.WireError as error:
        raise BusError(str(error)) from error
    if not body:
        raise BusError(f"{message.header.sender} answered without a value")
    value: WireValue = body[0]
    return value


async def fetch(connection: Connection, service: str, path: str) -> WireValue:
    """One value, None when it is invalid. Raises BusError, as CallFailed when there is no such service or path."""
    return argument(connection, await connection.call(service, path, BUS_ITEM, "GetValue"))


async def write(connection: Connection, service: str, path: str, value: Value) -> int:
    """Writes a value (None: invalid) and returns the service's code, 0 when it accepts. Raises SetValueError."""
    try:
        body = bodies.free_variant_body(value)
        reply = await connection.call(service, path, BUS_ITEM, "SetValue", "v", body, timeout_s=WRITE_TIMEOUT_S)
        code = argument(connection, reply)
    except (BusError, ValueError) as error:
        raise SetValueError(f"cannot write {value!r} to {service} {path}: {error}") from error
    if not isinstance(code, int):
        raise SetValueError(f"{service} {path} answered a write with {code!r} instead of a number")
    return code
