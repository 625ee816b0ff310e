"""Writes leave by the connection that owns our own name, or not at all."""

from __future__ import annotations

import asyncio

import pytest

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
