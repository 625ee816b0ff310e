"""The door to D-Bus: the only module that imports the D-Bus library, finds addresses, and opens connections.

dbus-next, or dbus-fast where that is installed instead (or asked for with GXBRIDGE_DBUS_LIBRARY=dbus_fast), reads and
writes the messages that are not hot. Connection and hot messages are ours (`connection`, `wire`), the same under both.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import io
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.machinery import PathFinder
from typing import Any, Final

from gxbridge.edge.dbus.connection import (
    DAEMON,
    DAEMON_PATH,
    BusError,
    BusLost,
    BusUnreachable,
    CallFailed,
    CallTimeout,
    Connection,
)
from gxbridge.edge.dbus.wire import Header, Incoming, WireError

__all__ = [
    "DAEMON",
    "DAEMON_PATH",
    "BusError",
    "BusLost",
    "BusUnreachable",
    "CallFailed",
    "CallTimeout",
    "Connection",
    "Library",
    "addresses",
    "connect",
    "library",
    "opened",
]

LIBRARIES: Final = ("dbus_next", "dbus_fast")
SYSTEM_BUS: Final = "unix:path=/var/run/dbus/system_bus_socket"
"""Where the specification puts the system bus."""

_LIBRARY_ERRORS: Final = (ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError, struct.error)
"""What the libraries raise on odd input; their own errors are ValueErrors."""


class Library:
    """The chosen D-Bus library behind the two functions that we need of it.

    It is imported when the first message comes that we do not read or write ourselves: a start needs none.
    """

    def __init__(self, name: str) -> None:
        """Raises ImportError when the library is not installed."""
        self.name = name
        if PathFinder.find_spec(name) is None:
            raise ImportError(name)

    @functools.cached_property
    def _parts(self) -> tuple[Any, Any, Any]:
        """Its Marshaller, Unmarshaller and Variant."""
        # Both libraries import GObject introspection when it is there: 10 MB and a third of a second for nothing.
        had_gi = "gi" in sys.modules
        gi = sys.modules.get("gi")
        if gi is None:
            sys.modules["gi"] = None  # type: ignore[assignment]
        try:
            return (
                importlib.import_module(f"{self.name}._private.marshaller").Marshaller,
                importlib.import_module(f"{self.name}._private.unmarshaller").Unmarshaller,
                importlib.import_module(self.name).Variant,
            )
        finally:
            if had_gi:
                sys.modules["gi"] = gi  # type: ignore[assignment]
            else:
                sys.modules.pop("gi", None)

    def encode(self, signature: str, body: Sequence[Any]) -> bytes:
        """A body of this signature; variants are given as (signature, value). Raises ValueError."""
        try:
            marshaller, _, variant = self._parts
            return bytes(marshaller(signature, [_with_variants(part, variant) for part in body]).marshall())
        except _LIBRARY_ERRORS as error:
            raise ValueError(f"cannot marshal {body!r} as {signature}: {error}") from error

    def decode(self, frame: bytes) -> tuple[Incoming, list[Any]]:
        """A whole frame as header and plain values, with empty arrays as None. Raises WireError."""
        try:
            _, unmarshaller, variant = self._parts
            message = unmarshaller(io.BytesIO(frame)).unmarshall()
            header = Header(
                path=message.path,
                interface=message.interface,
                member=message.member,
                error_name=message.error_name,
                destination=message.destination,
                sender=message.sender,
                signature=message.signature,
            )
            kind, flags = int(message.message_type.value), int(message.flags.value)
            incoming = Incoming(kind, flags, message.serial, message.reply_serial or 0, header, frame, -1)
            return incoming, [_plain(part, variant) for part in message.body]
        except _LIBRARY_ERRORS as error:
            raise WireError(f"{self.name} cannot read a message: {error}") from error


def _with_variants(part: Any, variant: Any) -> Any:
    """Our (signature, value) pairs as the library's variants."""
    if isinstance(part, tuple):
        signature, value = part
        return variant(signature, _with_variants(value, variant))
    if isinstance(part, dict):
        return {key: _with_variants(value, variant) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_variants(value, variant) for value in part]
    return part


def _plain(part: Any, variant: Any) -> Any:
    """What the library read as plain values: no variants, no booleans, empty arrays in variants as None."""
    if isinstance(part, variant):
        value = _plain(part.value, variant)
        return value if value or not isinstance(value, list | dict) else None
    if isinstance(part, bool):
        return int(part)
    if isinstance(part, float):
        return part if part - part == 0 else None
    if isinstance(part, dict):
        return {key: _plain(value, variant) for key, value in part.items()}
    if isinstance(part, bytes | bytearray):
        return list(part)
    if isinstance(part, list | tuple):
        return [_plain(value, variant) for value in part]
    return part


@functools.cache
def library(name: str = "") -> Library:
    """The library of that name, or of GXBRIDGE_DBUS_LIBRARY, or the first installed. Raises BusError."""
    wanted = name or os.environ.get("GXBRIDGE_DBUS_LIBRARY", "")
    if wanted and wanted not in LIBRARIES:
        raise BusError(f"unknown D-Bus library {wanted!r}: use dbus_next or dbus_fast")
    for candidate in (wanted,) if wanted else LIBRARIES:
        try:
            return Library(candidate)
        except ImportError:
            continue
    raise BusError(f"no D-Bus library: install {wanted or 'dbus-next (pip install dbus-next==0.2.3)'}")


def unescaped(text: str) -> str:
    """An address value with its %-escapes undone."""
    if "%" not in text:
        return text
    from urllib.parse import unquote  # rarely needed, and slow to load

    return unquote(text)


def addresses(bus: str) -> list[tuple[str, dict[str, str]]]:
    """Transport and options of each address that `bus` stands for: `system`, `session`, or a D-Bus address.

    Raises BusUnreachable when it cannot be one. Source: D-Bus Specification, "Server Addresses".
    """
    text = bus
    if bus == "system":
        text = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM_BUS
    elif bus == "session":
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        text = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (f"unix:path={runtime}/bus" if runtime else "")
        if not text:
            raise BusUnreachable(
                "no session bus: DBUS_SESSION_BUS_ADDRESS is not set; work in the shell that `dbus-run-session bash` "
                "opens, or use --dbus system or an address"
            )
    elif bus.startswith("/"):
        text = f"unix:path={bus}"
    found = []
    for part in filter(None, text.split(";")):
        transport, colon, rest = part.partition(":")
        options = dict(option.partition("=")[::2] for option in rest.split(",") if option)
        if colon and ("path" in options or "abstract" in options or transport == "tcp"):
            found.append((transport, {key: unescaped(value) for key, value in options.items()}))
    if not found:
        raise BusUnreachable(
            f"{text!r} is not a D-Bus address: use system, session, or one like unix:path=/run/dbus/socket"
        )
    return found


async def _open_socket(transport: str, options: dict[str, str]) -> socket.socket:
    target: str | tuple[str, int]
    if transport == "unix":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target = options["path"] if "path" in options else f"\0{options['abstract']}"
    elif transport == "tcp":
        sock = socket.socket(socket.AF_INET6 if options.get("family") == "ipv6" else socket.AF_INET, socket.SOCK_STREAM)
        target = (options.get("host", "localhost"), int(options.get("port", "0") or 0))
    else:
        raise BusUnreachable(f"transport {transport!r} is not supported: use unix or tcp")
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, target)
    except BaseException:
        sock.close()
        raise
    return sock


async def connect(bus: str, library_name: str = "") -> Connection:
    """Opens a connection to `system`, `session` or a D-Bus address. Raises BusUnreachable with one line for people."""
    codec = library(library_name)
    reason = ""
    for transport, options in addresses(bus):
        try:
            async with asyncio.timeout(5):
                sock = await _open_socket(transport, options)
            connection = Connection(sock, codec)
            await connection.hello()
        except (OSError, ValueError, BusUnreachable) as error:
            where = options.get("path") or options.get("abstract") or f"{options.get('host')}:{options.get('port')}"
            code = getattr(error, "errno", None)
            reason = f"no D-Bus at {where}: {os.strerror(code) if code else str(error) or 'no answer in time'}"
        else:
            return connection
    raise BusUnreachable(reason if bus not in ("system", "session") else f"{bus} bus: {reason}")


@asynccontextmanager
async def opened(bus: str) -> AsyncIterator[Connection]:
    """A connection for the length of a `with`, for commands that ask and go. Raises BusUnreachable."""
    connection = await connect(bus)
    try:
        yield connection
    finally:
        connection.close()
