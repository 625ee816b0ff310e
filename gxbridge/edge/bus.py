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
from typing import Any, Final
from urllib.parse import unquote

from gxbridge.edge.connection import (
    DAEMON,
    DAEMON_PATH,
    BusError,
    BusLost,
    BusUnreachable,
    CallFailed,
    CallTimeout,
    Connection,
)
from gxbridge.edge.wire import Header, Incoming, WireError

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
    """The chosen D-Bus library behind the two functions that we need of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Both libraries import GObject introspection when it is there: 10 MB and a third of a second for nothing.
        had_gi = "gi" in sys.modules
        gi = sys.modules.get("gi")
        if gi is None:
            sys.modules["gi"] = None  # type: ignore[assignment]
        try:
            package = importlib.import_module(name)
            self._marshaller: Any = importlib.import_module(f"{name}._private.marshaller").Marshaller
            self._unmarshaller: Any = importlib.import_module(f"{name}._private.unmarshaller").Unmarshaller
        finally:
            if had_gi:
                sys.modules["gi"] = gi  # type: ignore[assignment]
            else:
                sys.modules.pop("gi", None)
        self._variant: Any = package.Variant

    def encode(self, signature: str, body: Sequence[Any]) -> bytes:
        """A body of this signature; variants are given as (signature, value). Raises ValueError."""
        try:
            return bytes(self._marshaller(signature, [self._with_variants(part) for part in body]).marshall())
        except _LIBRARY_ERRORS as error:
            raise ValueError(f"cannot marshal {body!r} as {signature}: {error}") from error

    def decode(self, frame: bytes) -> tuple[Incoming, list[Any]]:
        """A whole frame as header and plain values, with empty arrays as None. Raises WireError."""
        try:
            message = self._unmarshaller(io.BytesIO(frame)).unmarshall()
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
            return incoming, [self._plain(part) for part in message.body]
        except _LIBRARY_ERRORS as error:
            raise WireError(f"{self.name} cannot read a message: {error}") from error

    def _with_variants(self, part: Any) -> Any:
        if isinstance(part, tuple):
            signature, value = part
            return self._variant(signature, self._with_variants(value))
        if isinstance(part, dict):
            return {key: self._with_variants(value) for key, value in part.items()}
        if isinstance(part, list):
            return [self._with_variants(value) for value in part]
        return part

    def _plain(self, part: Any) -> Any:
        if isinstance(part, self._variant):
            value = self._plain(part.value)
            return value if value or not isinstance(value, list | dict) else None
        if isinstance(part, bool):
            return int(part)
        if isinstance(part, float):
            return part if part - part == 0 else None
        if isinstance(part, dict):
            return {key: self._plain(value) for key, value in part.items()}
        if isinstance(part, bytes | bytearray):
            return list(part)
        if isinstance(part, list | tuple):
            return [self._plain(value) for value in part]
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
            raise BusUnreachable("no session bus: DBUS_SESSION_BUS_ADDRESS is not set; use --dbus system or an address")
    elif bus.startswith("/"):
        text = f"unix:path={bus}"
    found = []
    for part in filter(None, text.split(";")):
        transport, colon, rest = part.partition(":")
        options = dict(option.partition("=")[::2] for option in rest.split(",") if option)
        if colon and ("path" in options or "abstract" in options or transport == "tcp"):
            found.append((transport, {key: unquote(value) for key, value in options.items()}))
    if not found:
        raise BusUnreachable(
            f"{text!r} is no D-Bus address: use system, session, or one like unix:path=/run/dbus/socket"
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
