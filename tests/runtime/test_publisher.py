"""Writes leave by the connection that owns our own name, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from gxbridge.core.cycle import ServiceView
from gxbridge.core.model.items import ItemSpec
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.edge.dbus.client import SetValueError
from gxbridge.runtime.publisher import Publisher
from tests.edge.aio import until
from tests.edge.dbus_client import client
from tests.edge.dbus_daemon import DBusDaemon
from tests.edge.dbus_fakes import fake

CHARGER = "com.victronenergy.solarcharger.x"


def test_a_write_leaves_by_the_connection_that_owns_our_name_and_never_later() -> None:
    async def story(bus: str) -> None:
        publisher = Publisher(bus, lambda *_: 0)
        assert not publisher.owns_name
        with pytest.raises(SetValueError, match="is not ours"):
            await publisher.set_value(CHARGER, "/a", 1)
        await publisher.start({}, {})
        assert publisher.owns_name
        async with fake(bus, CHARGER, lambda *_: ("i", [0])) as charger:
            senders = []
            hear = charger.hear
            charger.connection.on_message = lambda message: (senders.append(message.header.sender), hear(message))
            assert await publisher.set_value(CHARGER, "/a", 1) == 0
            own = publisher._own
            assert own is not None
            assert own.owner is not None
            assert senders == [own.owner.unique_name]
            own.owner._waiting.append(b"")
            with pytest.raises(SetValueError, match="takes nothing"):
                await publisher.set_value(CHARGER, "/a", 2)
            own.owner._waiting.clear()
            assert len(charger.calls) == 1
        await publisher.close()
        assert not publisher.owns_name

    with DBusDaemon() as daemon:
        asyncio.run(story(daemon.address))


def test_a_range_that_a_device_says_later_is_answered() -> None:
    path, name = "/Ac/In/1/CurrentLimit", "com.victronenergy.multi.socketcan_can0_vi0_uc1"

    def view(spec: ItemSpec) -> ServiceView:
        return ServiceView(name, "key", None, 0, {path: spec}, {path: 16.0}, kind="multi")

    async def story(bus: str) -> None:
        publisher = Publisher(bus, lambda *_: 0)
        spec = ItemSpec("d", writable=True)
        publisher.refresh([view(spec)], 0.0)
        await until(lambda: publisher._batteries[name].service.state == "up")
        async with client(bus, name) as found:
            assert await found.call(path, "GetMax") == [None]
            publisher.refresh([view(spec._replace(minimum=4.0, maximum=50.0))], 1.0)
            assert [await found.call(path, f"Get{end}") for end in ("Min", "Max", "Value")] == [[4.0], [50.0], [16.0]]
        await publisher.close()

    with DBusDaemon() as daemon:
        asyncio.run(story(daemon.address))


def test_a_refresh_leaves_at_once_with_paths_that_are_new() -> None:
    async def story(bus: str) -> None:
        publisher = Publisher(bus, lambda *_: 0)
        await publisher.start({"/Dvcc/Effective": "monitor"}, {})
        async with client(bus, OWN_NAME) as found:
            publisher.refresh_own({"/Dvcc/Effective": "control", "/Bms/Name": "Lynx"})
            own = publisher._own
            assert own is not None
            assert own.signals == 1  # the loop did not turn for it
            await until(lambda: found.changes)
            assert found.changes == [{"/Dvcc/Effective": "control", "/Bms/Name": "Lynx"}]
        await publisher.close()

    with DBusDaemon() as daemon:
        asyncio.run(story(daemon.address))
