"""A configured bus over its life: missing, opened, down, bus-off, unplugged, back; and what is said about it, once."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import can
import pytest

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.core.vecan.bus_load import Carried
from gxbridge.edge.can import can_bus
from gxbridge.edge.can.can_bus import CanSource, why
from gxbridge.edge.can.can_link import LinkState, carried, link_state
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.edge.can.gxsocket import SocketDirBus
from gxbridge.edge.can.socketcan import CAN_FRAME
from tests.edge.cansockets import FakeBus, FakeCanSocket, error_frame, frame, until

CAN0 = CanSpec("socketcan", "can0", "can0")
LONGEST_WAIT_S = can_bus.LAST_RETRY_S


class World:
    """What `open_bus` finds (a bus, or an error) and what the kernel says of the interface."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: list[FakeBus | Exception] = []
        self.buses: list[FakeBus] = []
        self.opened = 0
        self.filters: list[object] = []
        self.link: LinkState = "unknown"
        self.heard: list[TimedFrame] = []
        self.states: list[str] = []
        monkeypatch.setattr(can_bus, "open_bus", self._open)
        monkeypatch.setattr(can_bus, "link_state", lambda channel: self.link)
        monkeypatch.setattr(can_bus, "FIRST_RETRY_S", 0.01)
        monkeypatch.setattr(can_bus, "LAST_RETRY_S", 0.04)

    async def _open(self, spec: CanSpec, filters: object) -> FakeBus:
        self.opened += 1
        self.filters.append(filters)
        found = self.found.pop(0) if self.found else FakeBus()
        if isinstance(found, Exception):
            raise found
        self.buses.append(found)
        return found

    @property
    def socket(self) -> FakeCanSocket:
        return self.buses[-1].socket


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def live(world: World, story: Callable[[CanSource], Awaitable[None]], spec: CanSpec = CAN0) -> CanSource:
    """Start a source in this world, let the story happen, close it."""

    async def run() -> CanSource:
        source = CanSource(
            spec,
            world.heard.extend,
            filters=[(1, 2)],
            on_state=lambda stats: world.states.append(stats.state),
        )
        await source.start()
        await story(source)
        await source.close()
        return source

    return asyncio.run(run())


def missing() -> OSError:
    return OSError(errno.ENODEV, "No such device")


def test_an_open_bus_hands_its_frames_on_and_is_released_at_the_end(world: World) -> None:
    async def story(source: CanSource) -> None:
        assert source.stats.state == "open"
        assert source.stats.opened_at is not None
        world.socket.inject(frame(5), frame(6))
        await until(lambda: len(world.heard) == 2)

    live(world, story)
    assert world.states == ["open", "closed"]
    assert world.buses[0].shut == 1
    assert world.filters == [[(1, 2)]]


def test_a_missing_bus_is_waited_for_and_said_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.found = [missing() for _ in range(5)]

    async def story(source: CanSource) -> None:
        assert source.stats.state == "waiting"
        assert "there is no interface can0" in source.stats.reason
        await until(lambda: source.stats.state == "open")

    with caplog.at_level(logging.INFO, "gxbridge"):
        live(world, story)
    assert world.opened == 6
    assert world.states == ["waiting", "open", "closed"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_retries_get_rarer_up_to_the_longest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.found = [missing() for _ in range(6)]
    waits: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await real(0)

    async def story(source: CanSource) -> None:
        while source.stats.state != "open":
            await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    live(world, story)
    assert waits == [0.01, 0.02, 0.04, 0.04, 0.04, 0.04]


def test_a_missing_interface_is_looked_for_between_the_attempts_and_opened_when_it_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it was away: the kernel is asked every second, and nothing is opened in vain more often."""
    world.found = [missing() for _ in range(4)]
    world.link = "missing"
    waits: list[tuple[int, float]] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append((world.opened, seconds))
        if len(waits) == 9:
            world.link = "up"
        await real(0)

    async def story(source: CanSource) -> None:
        while source.stats.state != "open":
            await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    live(world, story)
    attempts = [attempt for attempt, _ in waits]
    assert {seconds for _, seconds in waits} == {0.01}
    assert [attempts.count(attempt) for attempt in (1, 2, 3, 4)] == [1, 2, 4, 2], "the last wait was cut short"
    assert world.opened == 5


def test_a_bus_is_never_left_alone_for_long() -> None:
    assert LONGEST_WAIT_S <= 5.0


def test_an_unplugged_interface_is_opened_anew_when_it_is_back(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.found = [missing(), missing()]
        world.socket.fail(errno.ENODEV)
        await until(lambda: source.stats.state == "waiting")
        await until(lambda: source.stats.state == "open")
        world.socket.inject(frame(7))
        await until(lambda: world.heard)

    live(world, story)
    assert world.states == ["open", "waiting", "waiting", "open", "closed"]  # lost, then cannot be opened
    assert [bus.shut for bus in world.buses] == [1, 1]


def test_a_downed_interface_keeps_its_socket_and_a_frame_says_it_is_up(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.socket.fail(errno.ENETDOWN)
        await until(lambda: source.stats.state == "down")
        assert "ip link set can0 up" in source.stats.reason
        await asyncio.sleep(0.05)
        assert source.stats.state == "down"
        world.socket.inject(frame(7))
        await until(lambda: source.stats.state == "open")

    live(world, story)
    assert world.opened == 1


def test_a_downed_interface_that_comes_up_is_noticed_without_any_frame(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.link = "down"
        world.socket.fail(errno.ENETDOWN)
        await until(lambda: source.stats.state == "down")
        world.link = "up"
        await until(lambda: source.stats.state == "open")

    live(world, story)
    assert world.states == ["open", "down", "open", "closed"]


@pytest.mark.parametrize(("link", "state"), [("down", "down"), ("no-carrier", "bus-off"), ("up", "open")])
def test_the_state_at_the_opening_is_what_the_kernel_says(world: World, link: LinkState, state: str) -> None:
    world.link = link

    async def story(source: CanSource) -> None:
        assert source.stats.state == state
        assert bool(source.stats.reason) == (state != "open")
        world.link = "up"
        await until(lambda: source.stats.state == "open")

    live(world, story)


def test_an_interface_that_vanishes_while_down_is_waited_for(world: World) -> None:
    world.link = "down"

    async def story(source: CanSource) -> None:
        world.link = "missing"
        world.found = [missing()]
        await until(lambda: source.stats.state == "waiting")
        world.link = "up"
        await until(lambda: source.stats.state == "open")

    live(world, story)


def test_bus_off_is_a_state_until_the_controller_restarts(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.link = "no-carrier"
        world.socket.inject(error_frame(0x004, bytes([0, 0x20])), error_frame(0x040))
        await until(lambda: source.stats.state == "bus-off")
        assert "restart-ms" in source.stats.reason
        assert not source.send(1, b"")
        await asyncio.sleep(0.05)
        assert source.stats.state == "bus-off"
        world.link = "unknown"
        world.socket.inject(error_frame(0x100))
        await until(lambda: source.stats.state == "open")

    source = live(world, story)
    assert source.stats.errors == {"error-passive": 1, "bus-off": 1, "restarted": 1}
    assert source.stats.error_count == 3
    assert world.opened == 1


def test_a_frame_ends_bus_off_too(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.socket.inject(error_frame(0x040))
        await until(lambda: source.stats.state == "bus-off")
        world.socket.inject(frame())
        await until(lambda: source.stats.state == "open")

    live(world, story)


def test_an_error_nobody_expects_leads_to_a_new_opening(world: World) -> None:
    async def story(source: CanSource) -> None:
        world.socket.fail(errno.EIO)
        await until(lambda: world.opened == 2)

    live(world, story)


def test_sending_packs_an_extended_frame(world: World) -> None:
    async def story(source: CanSource) -> None:
        assert source.send(0x18EAFF24, b"\x14\xf0\x01")
        assert world.socket.wire.recv(32) == CAN_FRAME.pack(0x98EAFF24, 3, b"\x14\xf0\x01")

    assert live(world, story).stats.sent == 1


@pytest.mark.parametrize("code", [errno.ENOBUFS, errno.EAGAIN])
def test_a_full_queue_is_no_trouble_but_the_frame_is_not_sent(world: World, code: int) -> None:
    async def story(source: CanSource) -> None:
        world.socket.send_error = code
        assert not source.send(1, b"")
        assert source.stats.state == "open"

    source = live(world, story)
    assert (source.stats.sent, source.stats.unsent) == (0, 1)


@pytest.mark.parametrize(("code", "state"), [(errno.ENETDOWN, "down"), (errno.ENXIO, "waiting")])
def test_sending_notices_an_interface_that_is_down_or_gone(world: World, code: int, state: str) -> None:
    async def story(source: CanSource) -> None:
        world.socket.send_error = code
        world.link = "down"
        world.found = [missing()]
        assert not source.send(1, b"")
        assert source.stats.state == state

    live(world, story)


def test_nothing_is_sent_before_the_bus_is_open(world: World) -> None:
    world.found = [missing()]

    async def story(source: CanSource) -> None:
        assert not source.send(1, b"")

    assert live(world, story).stats.unsent == 1


def test_a_slow_opening_does_not_hold_up_the_start_and_can_be_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(spec: CanSpec, filters: object) -> FakeBus:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(can_bus, "open_bus", never)
    monkeypatch.setattr(can_bus, "PATIENCE_S", 0.01)

    async def story(source: CanSource) -> None:
        assert source.stats.state == "waiting"

    assert live(world, story).stats.state == "closed"


def test_too_many_filters_are_none(world: World) -> None:
    source = CanSource(CAN0, world.heard.extend, filters=[(i, i) for i in range(513)])

    async def run() -> None:
        await source.start()
        await source.close()

    asyncio.run(run())
    assert world.filters == [()]


def test_closing_twice_or_before_the_start_is_fine(world: World) -> None:
    async def run() -> None:
        source = CanSource(CAN0, world.heard.extend)
        await source.close()
        await source.start()
        await source.close()
        await source.close()

    asyncio.run(run())


def test_errors_are_in_words_with_what_to_do() -> None:
    assert why(missing(), CAN0) == "there is no interface can0; `ip -br link` lists those there are"
    assert "no SocketCAN" in why(OSError(errno.EAFNOSUPPORT, "x"), CAN0)
    assert why(can.CanInitializationError("could\n not", 5), CAN0) == "could not [Error Code 5]"
    assert why(RuntimeError(), CAN0) == "RuntimeError"
    assert len(why(RuntimeError("x" * 900), CAN0)) == 200
    assert why(missing(), CanSpec("slcan", "tty", "tty")) == "[Errno 19] No such device"


def interface(folder: Path, flags: str | None, carrier: str | None) -> LinkState:
    (folder / "can0").mkdir(exist_ok=True)
    for name, text in (("flags", flags), ("carrier", carrier)):
        if text is not None:
            (folder / "can0" / name).write_text(text)
    return link_state("can0", folder)


def test_the_kernels_word_on_an_interface(tmp_path: Path) -> None:
    assert link_state("can0", tmp_path / "nothing") == "unknown"
    assert link_state("can0", tmp_path) == "missing"
    assert interface(tmp_path, "nonsense", None) == "unknown"
    assert interface(tmp_path, "0x40080\n", None) == "down"
    assert interface(tmp_path, "0x40081\n", None) == "up"
    assert interface(tmp_path, None, "0\n") == "no-carrier"
    assert interface(tmp_path, None, "1\n") == "up"


def counters(folder: Path, name: str, **counts: int | str) -> None:
    statistics = folder / name / "statistics"
    statistics.mkdir(parents=True, exist_ok=True)
    for counter, count in counts.items():
        (statistics / counter).write_text(f"{count}\n")


def test_what_an_interface_carried_is_what_it_received_and_sent(tmp_path: Path) -> None:
    counters(tmp_path, "can0", rx_packets=100, rx_bytes=800, tx_packets=7, tx_bytes=21)
    (tmp_path / "can0" / "device").mkdir()
    assert carried("can0", tmp_path) == Carried(107, 821)


def test_a_virtual_interface_counts_what_is_sent_twice(tmp_path: Path) -> None:
    counters(tmp_path, "vcan0", rx_packets=100, rx_bytes=800, tx_packets=7, tx_bytes=21)
    assert carried("vcan0", tmp_path) == Carried(100, 800)


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert carried("can0", tmp_path) is None
    counters(tmp_path, "can0", rx_packets="?", rx_bytes=0)
    assert carried("can0", tmp_path) is None


def test_only_a_network_interface_has_counters_of_its_own(world: World) -> None:
    for spec, name in ((CAN0, "can0"), (CanSpec("gxsocket", "/wire", "can0"), ""), (CanSpec("slcan", "tty", "c"), "")):
        assert CanSource(spec, world.heard.extend).stats.interface == name


def test_a_gxsocket_bus_is_opened_directly_heard_and_sent_to(tmp_path: Path) -> None:
    async def run() -> None:
        heard: list[TimedFrame] = []
        source = CanSource(CanSpec("gxsocket", str(tmp_path), "sim"), heard.extend)
        await source.start()
        assert source.stats.state == "open"
        with SocketDirBus(tmp_path) as other:
            other.send(can.Message(arbitration_id=5, data=b"hi", is_extended_id=True))
            await until(lambda: heard)
            assert source.send(0x18EAFF24, b"\x14\xf0\x01")
            got = other.recv(5)
            assert got is not None
            assert (got.arbitration_id, bytes(got.data)) == (0x18EAFF24, b"\x14\xf0\x01")
        await source.close()
        assert [item[1:] for item in heard] == [(5, b"hi")]

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_gxsocket_directory_that_appears_later_is_opened_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(can_bus, "FIRST_RETRY_S", 0.01)
    folder = tmp_path / "bus"

    async def run() -> None:
        source = CanSource(CanSpec("gxsocket", str(folder), "sim"), lambda frames: None)
        await source.start()
        assert source.stats.state == "waiting"
        folder.mkdir()
        await until(lambda: source.stats.state == "open")
        await source.close()

    asyncio.run(run())
