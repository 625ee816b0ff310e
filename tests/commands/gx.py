"""The services of a GX on a private bus, answering from a thread: for commands that run to their end in the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any

from gxbridge.core.model.items import Value
from tests.edge.dbus_fakes import Answer, fake, value

PLATFORM = "com.victronenergy.platform"
WITHIN_S = 20.0
UNKNOWN = "org.freedesktop.DBus.Error.UnknownObject"
KINDS = {str: "s", int: "i", float: "d", type(None): "ai"}


class Gx:
    """`services` by name; `interfaces` is what the platform service lists, `statistics` what it says of each.

    Services named in `hanging` never answer, those in `refusing` with an error, those in `special` by a function of
    their own. Everything is on the bus inside `with`.
    """

    def __init__(
        self,
        address: str,
        services: Mapping[str, Mapping[str, Value]],
        interfaces: Any = None,
        statistics: Mapping[str, str] | None = None,
        hanging: tuple[str, ...] = (),
        refusing: tuple[str, ...] = (),
        special: Mapping[str, Any] | None = None,
    ) -> None:
        self._address = address
        self._services = services
        self._interfaces = interfaces
        self._statistics = statistics or {}
        self._hanging = hanging
        self._refusing = refusing
        self._special = special or {}
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="gx", daemon=True)

    def __enter__(self) -> Gx:
        self._thread.start()
        assert self._ready.wait(WITHIN_S), "the services did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(WITHIN_S)

    async def _live(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as stack:
            for name, items in self._services.items():
                await stack.enter_async_context(
                    fake(self._address, name, self._special.get(name) or self.answers(items))
                )
            for name in self._hanging:
                await stack.enter_async_context(fake(self._address, name, lambda *_: None))
            for name in self._refusing:
                await stack.enter_async_context(fake(self._address, name, lambda *_: UNKNOWN))
            if self._interfaces is not None:
                await stack.enter_async_context(fake(self._address, PLATFORM, self._platform))
            self._ready.set()
            await self._end.wait()

    @staticmethod
    def answers(items: Mapping[str, Value]) -> Any:
        rows = {path: value(KINDS[type(item)], [] if item is None else item) for path, item in items.items()}

        def answer(path: str, member: str, _body: list[Any]) -> Answer:
            if (path, member) == ("/", "GetItems"):
                return "a{sa{sv}}", [rows]
            if member == "GetValue" and path in rows:
                return "v", [rows[path]["Value"]]
            return UNKNOWN

        return answer

    def _platform(self, path: str, member: str, _body: list[Any]) -> Answer:
        if (path, member) == ("/", "GetItems"):
            return "a{sa{sv}}", [{"/CanBus/Interfaces": value("s", "a list"), "/Mgmt/ProcessName": value("s", "x")}]
        if member == "GetValue" and path == "/CanBus/Interfaces":
            return "v", [self._interfaces]
        if member == "GetValue" and path.startswith("/CanBus/Interface/"):
            said = self._statistics.get(path.split("/")[3])
            return ("v", [("s", said)]) if said is not None else UNKNOWN
        return UNKNOWN


def listed(*ports: tuple[str, str, int]) -> tuple[str, Any]:
    """The platform's list of (interface, name, config)."""
    return "aa{sv}", [
        {"interface": ("s", name), "name": ("s", label), "config": ("i", config)} for name, label, config in ports
    ]
