"""How a published service comes, lasts and goes: names, restarts of the daemon, daemons that do not read."""

from __future__ import annotations

import asyncio

import pytest

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus import client as ask
from gxbridge.edge.dbus import connection as connection_module
from gxbridge.edge.dbus import reconnecting
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, BusLost, BusUnreachable, connect, opened
from gxbridge.edge.dbus.service import NameTaken, PublishedService
from tests.edge.aio import run, until
from tests.edge.dbus_client import client
from tests.edge.dbus_daemon import DBusDaemon

NAME = "com.victronenergy.battery.life"
PATHS = [f"/Dc/{number}/Voltage" for number in range(20)]
SPECS = {path: ItemSpec("d", "{:.2f}V") for path in PATHS}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnect without the waits of real life."""
    monkeypatch.setattr(reconnecting, "FIRST_DELAY_S", 0.02)
    monkeypatch.setattr(reconnecting, "LONGEST_DELAY_S", 0.05)


def test_everything_is_there_when_the_name_appears(bus: str) -> None:
    """Consumers scan the moment the name appears: the answer to that first call must be complete."""

    async def main() -> None:
        found = {}
        async with opened(bus) as connection:
            scans = set()

            def hear(message: object) -> None:
                scans.add(asyncio.create_task(scan()))

            async def scan() -> None:
                found.update(await ask.items(connection, NAME))

            rule = f"type='signal',member='NameOwnerChanged',arg0='{NAME}'"
            await connection.call(DAEMON, DAEMON_PATH, DAEMON, "AddMatch", "s", connection.encode("s", [rule]))
            connection.on_message = hear
            service = PublishedService(bus, NAME, SPECS, dict.fromkeys(PATHS, 26.4))
            await service.start()
            await until(lambda: found)
            assert found == dict.fromkeys(PATHS, 26.4)
            connection.on_message = None
            await asyncio.gather(*scans)
            await service.close()

    run(main)


def test_a_name_that_is_taken_is_one_clear_line_and_nothing_is_left_on_the_bus(bus: str) -> None:
    async def main() -> None:
        first = PublishedService(bus, NAME, SPECS)
        await first.start()
        second = PublishedService(bus, NAME, SPECS)
        with pytest.raises(NameTaken, match=r"battery.life is taken by connection :\d+\.\d+, process \d+: stop that"):
            await second.start()
        assert (first.state, second.state) == ("up", "new")
        await second.close()
        await first.close()
        third = PublishedService(bus, NAME, SPECS)  # the second one was not queued for it
        await third.start()
        await third.close()

    run(main)


def test_closing_takes_the_connection_away_not_only_the_name(bus: str) -> None:
    async def main() -> None:
        service = PublishedService(bus, NAME, SPECS)
        await service.start()
        async with opened(bus) as connection:
            owner = await ask.owner(connection, NAME)
            await service.close()
            assert service.state == "closed"

            async def names() -> set[str]:
                reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "ListNames")
                return set(connection.body(reply)[0])

            while {NAME, owner} & await names():  # noqa: ASYNC110 - the daemon's doing
                await asyncio.sleep(0.003)

    run(main)


def test_two_services_have_two_connections(bus: str) -> None:
    """Consumers keep a service's values by its connection: two names on one would overwrite each other."""

    async def main() -> None:
        services = [PublishedService(bus, NAME + end, SPECS) for end in ("a", "b")]
        for service in services:
            await service.start()
        async with opened(bus) as connection:
            owners = {await ask.owner(connection, service.name) for service in services}
        assert len(owners) == 2
        for service in services:
            await service.close()

    run(main)


def test_a_bus_that_is_not_there_is_one_clear_line() -> None:
    async def main() -> None:
        service = PublishedService("unix:path=/nowhere/bus", NAME, SPECS)
        with pytest.raises(BusUnreachable, match="no D-Bus at /nowhere/bus: No such file or directory"):
            await service.start()
        await service.close()

    run(main)


def test_after_a_restart_of_the_daemon_everything_is_published_again_with_the_latest_values(
    own_daemon: DBusDaemon,
) -> None:
    async def main() -> None:
        service = PublishedService(own_daemon.address, NAME, SPECS, dict.fromkeys(PATHS, 1.0))
        await service.start()
        for round_ in (1, 2):
            own_daemon.stop()
            await until(lambda: service.state == "lost")
            assert "the connection to the bus ended" in service.trouble
            service.update({PATHS[0]: 2.0 + round_})  # neither blocks nor raises
            service.add_items({f"/New/{round_}": ItemSpec("i")}, {f"/New/{round_}": round_})
            service.flush()
            await until(lambda: "no D-Bus at" in service.trouble)
            own_daemon.start()
            await until(lambda: service.state == "up")
            assert (service.reconnects, service.trouble) == (round_, "")
            async with client(own_daemon.address, NAME) as found:
                (items,) = await found.call("/", "GetItems")
                assert items[PATHS[0]]["Value"] == 2.0 + round_
                assert items[f"/New/{round_}"]["Value"] == round_
                service.update({PATHS[1]: 5.0 + round_})
                await until(lambda: found.changes)
                assert found.changes == [{PATHS[1]: 5.0 + round_}]
        await service.close()

    run(main)


def test_a_name_that_somebody_took_meanwhile_is_taken_back_when_it_is_free(own_daemon: DBusDaemon) -> None:
    async def main() -> None:
        service = PublishedService(own_daemon.address, NAME, SPECS)
        await service.start()
        own_daemon.stop()
        await until(lambda: service.state == "lost")
        own_daemon.start()
        other = PublishedService(own_daemon.address, NAME, SPECS)
        try:
            await other.start()
        except NameTaken:  # ours was quicker
            await until(lambda: service.state == "up")
        else:
            await until(lambda: "is taken by" in service.trouble)
            await other.close()
            await until(lambda: service.state == "up")
        await other.close()
        await service.close()

    run(main)


def test_closing_while_the_bus_is_away_leaves_nothing_running(own_daemon: DBusDaemon) -> None:
    async def main() -> None:
        service = PublishedService(own_daemon.address, NAME, SPECS)
        await service.start()
        own_daemon.stop()
        await until(lambda: service.state == "lost")
        await service.close()
        assert service.state == "closed"

    run(main)


def test_400_updates_of_20_values_survive_a_daemon_that_hangs(own_daemon: DBusDaemon) -> None:
    """dbus-next 0.2.3 ends its connection here after some 80 updates."""

    async def main() -> None:
        service = PublishedService(own_daemon.address, NAME, SPECS)
        await service.start()
        async with client(own_daemon.address, NAME) as found:
            own_daemon.pause()
            try:
                for update in range(400):
                    service.update({path: update + place / 100 for place, path in enumerate(PATHS)})
                    await asyncio.sleep(0)
                assert service.state == "up"
                assert service.held_back > 100
            finally:
                own_daemon.resume()
            last = {path: 399 + place / 100 for place, path in enumerate(PATHS)}
            await until(lambda: found.changes and found.changes[-1] == last)
            assert await found.call(PATHS[3], "GetValue") == [399.03]
            assert service.signals == len(found.changes) < 400
            assert [changes[PATHS[0]] for changes in found.changes] == sorted(c[PATHS[0]] for c in found.changes)
            service.update({PATHS[0]: 7.0})
            await until(lambda: found.changes[-1] == {PATHS[0]: 7.0})
        assert service.reconnects == 0
        await service.close()

    run(main)


def test_frames_waiting_for_a_daemon_that_hangs_are_bounded(
    own_daemon: DBusDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MAX_WAITING_FRAMES", 10)

    async def main() -> None:
        connection = await connect(own_daemon.address)
        own_daemon.pause()
        frame = connection.encode("s", ["x" * 60000])
        for _ in range(40):
            connection.send(connection_module.wire.signal(connection.next_serial(), "/", "a.b", "C", "s", frame))
        assert connection.congested
        assert connection.dropped > 10
        own_daemon.resume()
        await until(lambda: not connection.congested)
        assert await ask.names(connection)
        connection.close()

    run(main)


def test_calls_under_way_fail_at_once_when_the_bus_goes(own_daemon: DBusDaemon) -> None:
    async def main() -> None:
        connection = await connect(own_daemon.address)
        own_daemon.pause()
        call = asyncio.create_task(ask.names(connection))
        await asyncio.sleep(0)
        own_daemon.stop()
        with pytest.raises(connection_module.BusLost):
            await call
        with pytest.raises(connection_module.BusLost, match="closed"):
            await ask.names(connection)
        connection.send(b"into the void")

    run(main)


def test_a_name_that_the_bus_takes_away_ends_the_connection_and_is_asked_for_again(bus: str) -> None:
    async def main() -> None:
        service = PublishedService(bus, NAME, SPECS, {})
        assert service.owner is None
        await service.start()
        owner = service.owner
        assert owner is not None
        with pytest.raises(BusLost, match="took the name away"):
            await owner.call(DAEMON, DAEMON_PATH, DAEMON, "ReleaseName", "s", owner.encode("s", [NAME]))
        await until(lambda: service.owner is not owner)
        assert not owner.is_open, "what it still had to send is gone"
        async with opened(bus) as other:
            body = other.encode("su", [NAME, 4])
            await other.call(DAEMON, DAEMON_PATH, DAEMON, "RequestName", "su", body)
            await until(lambda: "is taken by" in service.trouble)
            assert service.owner is None
        await until(lambda: service.owner)
        await service.close()
        assert service.owner is None

    run(main)
