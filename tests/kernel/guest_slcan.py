"""CanSource on a CAN controller with error states: a scripted serial adapter, and the kernel's own slcan driver.

Runs in the guest that tests/kernel/boot.py boots.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_bus import CanSource
from gxbridge.edge.can.can_link import carried
from gxbridge.edge.can.can_stats import CanSpec
from tests.edge.aio import run
from tests.edge.cansockets import until
from tests.kernel import adapter as say
from tests.kernel import interfaces
from tests.kernel.adapter import Adapter

LYNX = 0x1CEFFF29
DATA = bytes.fromhex("66990F1027000000")


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    with Adapter("can0") as plugged:
        yield plugged


class Bus(CanSource):
    """A CanSource on can0 that keeps what it heard and how its state went."""

    def __init__(self) -> None:
        self.frames: list[TimedFrame] = []
        self.states: list[str] = []
        super().__init__(
            CanSpec("socketcan", "can0", "can0"),
            self.frames.extend,
            on_state=lambda stats: self.states.append(stats.state),
        )


@asynccontextmanager
async def opened() -> AsyncIterator[Bus]:
    bus = Bus()
    try:
        await bus.start()
        yield bus
    finally:
        await bus.close()


def test_frames_go_in_and_out_at_250_kbit(adapter: Adapter) -> None:
    async def main() -> None:
        async with opened() as bus:
            adapter.receive(LYNX, DATA)
            await until(lambda: bus.frames)
            assert bus.frames[0][1:] == (LYNX, DATA)
            assert bus.send(0x18EAFF00, b"\x00\xee\x00")
            await until(lambda: adapter.sent)
            assert adapter.sent == [(0x18EAFF00, b"\x00\xee\x00")]
            assert adapter.commands == [b"C", b"S5", b"O"], "closed, 250 kbit/s, opened"
            heard = carried("can0")
            assert heard is not None
            assert (heard.frames, heard.data_bytes) == (1, 8), "a serial adapter's interface has no device behind it"

    run(main)


def test_errors_are_counted_by_kind_and_the_bus_stays_open(adapter: Adapter) -> None:
    async def main() -> None:
        async with opened() as bus:
            errors = bus.stats.errors
            adapter.say(say.WARNING)
            await until(lambda: errors.get("warning"))
            adapter.say(say.ERROR_PASSIVE)
            await until(lambda: errors.get("error-passive"))
            adapter.say(say.NO_ACK)
            await until(lambda: errors.get("no-ack") or errors.get("bus-error"))
            adapter.say(say.PROTOCOL_ERRORS)
            await until(lambda: errors.get("overflow"))
            adapter.say(say.ERROR_ACTIVE)
            await until(lambda: errors.get("error-active"))
            adapter.receive(LYNX, DATA)
            await until(lambda: bus.frames)
            assert bus.states == ["open"]
            assert bus.send(LYNX, DATA)

    run(main)


def test_bus_off_is_said_and_nothing_is_sent_into_it(adapter: Adapter) -> None:
    """The kernel takes frames for a controller that is off the bus, and loses them without a word."""

    async def main() -> None:
        async with opened() as bus:
            adapter.say(say.BUS_OFF)
            await until(lambda: bus.stats.state == "bus-off")
            assert "wiring, termination or bit rate" in bus.stats.reason
            assert not bus.send(LYNX, DATA)
            assert bus.stats.errors["bus-off"] == 1
            await asyncio.sleep(1.5)
            assert bus.stats.state == "bus-off", "a look at the interface does not call it well"
            assert adapter.sent == []

    run(main)


def test_after_bus_off_a_new_adapter_is_taken(adapter: Adapter) -> None:
    async def main() -> None:
        async with opened() as bus:
            adapter.say(say.BUS_OFF)
            await until(lambda: bus.stats.state == "bus-off")
            adapter.unplug()
            await until(lambda: bus.stats.state == "waiting")
            with Adapter("can0") as another:
                await until(lambda: bus.stats.state == "open")
                another.receive(LYNX, DATA)
                await until(lambda: bus.frames)
                assert bus.send(LYNX, DATA)
                await until(lambda: another.sent)

    run(main)


def test_a_bus_that_is_off_at_the_start_is_not_called_open(adapter: Adapter) -> None:
    async def main() -> None:
        adapter.say(say.BUS_OFF)
        await asyncio.sleep(0.2)
        async with opened() as bus:
            assert bus.stats.state == "bus-off"

    run(main)


def test_unplugged_and_plugged_in_again(adapter: Adapter) -> None:
    async def main() -> None:
        async with opened() as bus:
            adapter.unplug()
            await until(lambda: bus.stats.state == "waiting")
            assert not interfaces.exists("can0")
            assert not bus.send(LYNX, DATA)
            with Adapter("can0") as again:
                await until(lambda: bus.stats.state == "open")
                again.receive(LYNX, DATA)
                await until(lambda: bus.frames)
                assert bus.states == ["open", "waiting", "open"]

    run(main)


def test_a_slow_adapter_fills_the_queue_and_sending_fails_until_it_is_emptied(adapter: Adapter) -> None:
    """ENOBUFS: nothing waits for room, and the frames that were not taken are the caller's to send again."""

    async def main() -> None:
        async with opened() as bus:
            adapter.reading.clear()
            taken = 0
            while bus.send(LYNX, taken.to_bytes(8, "little")):
                taken += 1
                assert taken < 5000, "the queue must fill"
                await asyncio.sleep(0)
            assert bus.stats.unsent == 1
            assert bus.stats.state == "open", "a full queue is no lost bus"
            adapter.reading.set()
            await until(lambda: len(adapter.sent) == taken)
            assert [int.from_bytes(data, "little") for _, data in adapter.sent] == list(range(taken))
            assert bus.send(LYNX, DATA)
            await until(lambda: len(adapter.sent) == taken + 1)

    run(main)


def test_two_controllers_are_two_buses(adapter: Adapter) -> None:
    async def main() -> None:
        with Adapter("can1", 500_000) as second:
            async with opened() as bus:
                second.receive(LYNX, b"\2")
                adapter.receive(LYNX, b"\1")
                await until(lambda: bus.frames)
                await asyncio.sleep(0.1)
                assert [data for _, _, data in bus.frames] == [b"\1"]
                assert b"S6" in second.commands

    run(main)
