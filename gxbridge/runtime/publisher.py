"""Keeps on the bus what the bridge says should be there: our own service and one service for each battery.

One connection for each service. A battery whose instance changes, or that begins or ends to give limits, is taken from
the bus and published again: consumers key what they know by connection and instance, and go on with the paths that they
found (D-Bus contract: never change an instance of a live service).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from gxbridge.core.cycle import ServiceView
from gxbridge.core.dvcc.read.paths import CVL
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import state
from gxbridge.core.publish.own_paths import OWN_NAME, own_spec
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.busitem import MakeText
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.service import NameTaken, PublishedService

log = logging.getLogger("gxbridge.publisher")

OnServiceWrite = Callable[[str, str, Value], int]
"""(service name, path, value) -> 0 accepted, 1 not now writable, 2 refused."""

RANGED = frozenset({"multi"})
"""Kinds with items whose range is known only when the device says it."""

AGAIN_S = 10.0
"""Wait before a battery service that could not be published is tried again."""


@state
class _Published:
    service: PublishedService
    instance: int
    limits: bool
    """It has the path by which a GX takes it for a BMS."""
    starting: asyncio.Task[None] | None
    again_at: float = 0.0


class Publisher:
    """`refresh` is called in every cycle of the bridge; it never waits."""

    def __init__(self, bus: str, on_write: OnServiceWrite) -> None:
        self._bus = bus
        self._on_write = on_write
        self._own: PublishedService | None = None
        self._batteries: dict[str, _Published] = {}
        self._closing: dict[asyncio.Task[None], str] = {}
        self._past = (0, 0)
        """Reconnects and announcements held back of services that are no more."""

    @property
    def names(self) -> frozenset[str]:
        """Names that are ours, or are about to be."""
        return frozenset({OWN_NAME, *self._batteries})

    @property
    def owns_name(self) -> bool:
        """Whether the name of our own service is ours at this moment."""
        return self._own is not None and self._own.owner is not None

    async def set_value(self, service: str, path: str, value: Value) -> int:
        """Write to another service by the connection that owns our name: where that ends, no write can leave.

        0 means accepted. Raises SetValueError, at the latest after 2 s.
        """
        connection = None if self._own is None else self._own.owner
        if connection is None:
            raise SetValueError(f"cannot write to {service} {path}: the name {OWN_NAME} is not ours")
        if connection.congested:  # it would wait, and leave when nobody asks any more whether it may
            raise SetValueError(f"cannot write to {service} {path}: the bus takes nothing")
        return await client.write(connection, service, path, value)

    async def get_value(self, service: str, path: str) -> WireValue:
        """What an item of another service is now. Raises BusError."""
        connection = None if self._own is None else self._own.owner
        if connection is None:
            raise BusError(f"cannot read {service} {path}: the name {OWN_NAME} is not ours")
        return await client.fetch(connection, service, path)

    async def start(self, own: Mapping[str, Value], on_request: Mapping[str, MakeText]) -> None:
        """Publish our own service, with paths that are answered when asked.

        Raises NameTaken (another gxbridge runs) and BusUnreachable.
        """
        own = {**own, **self._counted()}
        specs = {path: own_spec(path) for path in own}

        def on_write(path: str, value: Value) -> int:
            return self._on_write(OWN_NAME, path, value)

        self._own = PublishedService(self._bus, OWN_NAME, specs, own, on_write, on_request)
        await self._own.start()

    def refresh_own(self, values: Mapping[str, Value]) -> None:
        """New values of our own service; paths that are new are added."""
        if self._own is None:
            return
        values = {**values, **self._counted()}
        known = self._own.paths
        if not values.keys() <= known:
            self._own.add_items({path: own_spec(path) for path in values if path not in known})
        self._own.announce(values)

    def _counted(self) -> dict[str, Value]:
        """What all our connections together went through, as paths of our own service."""
        services = [published.service for published in self._batteries.values()]
        if self._own is not None:
            services.append(self._own)
        reconnects, held_back = self._past
        return {
            "/DBus/Reconnects": reconnects + sum(service.reconnects for service in services),
            "/DBus/HeldBack": held_back + sum(service.held_back for service in services),
        }

    def show(self, name: str, values: Mapping[str, Value]) -> None:
        """Values of a battery service as they are, in place of what a client has just written."""
        published = self._batteries.get(name)
        if published is not None:
            published.service.update(values)

    def refresh(self, views: Iterable[ServiceView], now: float) -> None:
        """Battery services as they should be now: those that are not named are closed."""
        wanted = {view.name: view for view in views}
        for name in [name for name in self._batteries if name not in wanted]:
            self._close(name)
        for name, view in wanted.items():
            published = self._batteries.get(name)
            if published is not None and published.instance != view.instance:
                log.info("%s: device instance is now %d, publishing it again", name, view.instance)
                self._close(name)
                published = None
            if published is not None and published.limits != (CVL in view.specs):
                log.info("%s: %s limits now, publishing it again", name, "with" if CVL in view.specs else "without")
                self._close(name)
                published = None
            if published is None:
                self._open(view)
                continue
            if published.service.state == "new" and published.starting is None and now >= published.again_at:
                published.starting = self._start(published, now)
            self._update(published.service, view)

    def _update(self, service: PublishedService, view: ServiceView) -> None:
        if service.paths != view.specs.keys():
            service.remove_items(service.paths - view.specs.keys())
            added = {path: spec for path, spec in view.specs.items() if path not in service.paths}
            if added:
                service.add_items(added)
        if view.kind in RANGED:
            service.respec(view.specs)
        service.announce(view.items)

    def _open(self, view: ServiceView) -> None:
        def on_write(path: str, value: Value) -> int:
            return self._on_write(view.name, path, value)

        service = PublishedService(self._bus, view.name, view.specs, view.items, on_write)
        published = _Published(service, view.instance, CVL in view.specs, None)
        self._batteries[view.name] = published
        published.starting = self._start(published, 0.0)

    def _start(self, published: _Published, now: float) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(
            self._start_now(published, now), name=f"publish {published.service.name}"
        )

    async def _start_now(self, published: _Published, now: float) -> None:
        name = published.service.name
        try:
            before = [task for task, closing in self._closing.items() if closing == name]
            if before:  # the name is free only when its last connection is closed
                await asyncio.wait(before)
            await published.service.start()
            log.info("publishing %s, device instance %d", published.service.name, published.instance)
        except NameTaken as error:
            log.warning("%s", error)
            published.again_at = now + AGAIN_S
        except BusError as error:
            log.warning("cannot publish %s: %s", published.service.name, error)
            published.again_at = now + AGAIN_S
        finally:
            published.starting = None

    def _close(self, name: str) -> None:
        published = self._batteries.pop(name)
        reconnects, held_back = self._past
        self._past = (reconnects + published.service.reconnects, held_back + published.service.held_back)
        log.info("no longer publishing %s", name)
        task = asyncio.get_running_loop().create_task(self._close_now(published), name=f"close {name}")
        self._closing[task] = name
        task.add_done_callback(lambda done: self._closing.pop(done, None))

    @staticmethod
    async def _close_now(published: _Published) -> None:
        if published.starting is not None:
            published.starting.cancel()
            await asyncio.gather(published.starting, return_exceptions=True)
        await published.service.close()

    async def close(self) -> None:
        """Take everything from the bus."""
        for name in list(self._batteries):
            self._close(name)
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._own is not None:
            await self._own.close()
