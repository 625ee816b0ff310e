"""CanSource on a real kernel's virtual CAN interfaces. Runs in the guest that tests/kernel/boot.py boots."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import can
import pytest

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_bus import CanSource
from gxbridge.edge.can.can_link import carried
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from gxbridge.runtime.assembly import kernel_filters
from tests.edge.aio import run
from tests.edge.cansockets import until
from tests.kernel import interfaces

LYNX = 0x1CEFFF29
"""A register broadcast from address 0x29."""
DATA = bytes.fromhex("66990F1027000000")


@pytest.fixture
def vcan() -> Iterator[str]:
    """A virtual CAN interface that is up."""
    interfaces.add("vcan0")
    yield "vcan0"
    if interfaces.exists("vcan0"):
        interfaces.delete("vcan0")


@contextmanager
def raw(channel: str) -> Iterator[socket.socket]:
    """Somebody else's socket on the bus."""
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.bind((channel,))
        yield sock


def put(sock: socket.socket, can_id: int = LYNX, data: bytes = DATA, flags: int = EFF_FLAG) -> None:
    sock.send(CAN_FRAME.pack(can_id | flags, len(data), data))


class Heard(CanSource):
    """A CanSource that keeps what it heard and how its state went."""

    def __init__(self, channel: str = "vcan0", filters: tuple[tuple[int, int], ...] = ()) -> None:
        self.frames: list[TimedFrame] = []
        self.states: list[str] = []
        super().__init__(
            CanSpec("socketcan", channel, channel),
            self.frames.extend,
            filters=filters,
            on_state=lambda stats: self.states.append(stats.state),
        )

    @property
    def ids(self) -> list[int]:
        return [can_id for _, can_id, _ in self.frames]


@asynccontextmanager
async def listening(*sources: Heard) -> AsyncIterator[None]:
    try:
        for source in sources:
            await source.start()
        yield
    finally:
        for source in sources:
            await source.close()


def test_what_one_sends_every_other_reader_hears_and_nobody_hears_himself(vcan: str) -> None:
    async def main() -> None:
        first, second, third = Heard(), Heard(), Heard()
        async with listening(first, second, third):
            with raw(vcan) as vendor:
                vendor.settimeout(5)
                assert first.send(LYNX, DATA)
                await until(lambda: second.frames and third.frames)
                assert [(can_id, data) for _, can_id, data in second.frames] == [(LYNX, DATA)]
                assert vendor.recv(16) == CAN_FRAME.pack(LYNX | EFF_FLAG, 8, DATA)
                put(vendor, 0x18EAFF00, b"\x00\xee\x00")
                await until(lambda: first.frames)
                assert [(can_id, data) for _, can_id, data in first.frames] == [(0x18EAFF00, b"\x00\xee\x00")]
                assert (first.stats.sent, first.stats.unsent, first.stats.lost) == (1, 0, 0)

    run(main)


def test_frames_of_this_machine_are_no_echoes(vcan: str) -> None:
    """python-can marks them `is_rx` False on every virtual interface; whoever drops those hears nothing there."""

    async def main() -> None:
        source = Heard()
        with can.Bus(interface="socketcan", channel=vcan, ignore_config=True) as peer:
            async with listening(source):
                with raw(vcan) as vendor:
                    put(vendor)
                message = await asyncio.to_thread(peer.recv, 5)
                assert message is not None
                assert message.is_rx is False
                await until(lambda: source.frames)

    run(main)


def test_our_moments_lie_at_most_a_pause_after_the_kernels_own(vcan: str) -> None:
    async def main() -> None:
        source = Heard()
        with can.Bus(interface="socketcan", channel=vcan, ignore_config=True) as peer:
            async with listening(source):
                with raw(vcan) as vendor:
                    for number in range(20):
                        put(vendor, LYNX, bytes([number]))
                        await asyncio.sleep(0.01)
                await until(lambda: len(source.frames) == 20)
                wall = time.time() - time.monotonic()
                for at, _, data in source.frames:
                    message = peer.recv(1)
                    assert message is not None
                    assert bytes(message.data) == data, "in the order in which they were sent"
                    late_s = at + wall - message.timestamp
                    assert -0.01 < late_s < 5.0, "never before it came; how long after is the machine's load"

    run(main)


def test_the_kernel_drops_what_the_database_does_not_know(vcan: str) -> None:
    async def main() -> None:
        filtered, everything = Heard(filters=kernel_filters()), Heard()
        async with listening(filtered, everything):
            with raw(vcan) as vendor:
                put(vendor, 0x19F80129)  # 129025, a position: no business of ours
                put(vendor, 0x123, b"\1", flags=0)  # a standard identifier
                for source in range(0x20, 0x28):
                    put(vendor, 0x19F21400 | source)  # 127508
                put(vendor, LYNX)
                put(vendor, 0x15EF4029)  # the start of a long register for address 0x40, with another priority
            await until(lambda: len(filtered.frames) == 10 and len(everything.frames) == 11)
            assert filtered.ids == [*(0x19F21400 | source for source in range(0x20, 0x28)), LYNX, 0x15EF4029]
            assert (filtered.stats.ignored, everything.stats.ignored) == (0, 1), "the kernel, not we"

    run(main)


def test_the_interface_counts_also_what_the_kernel_keeps_from_us(vcan: str) -> None:
    """The load of a bus is that of all frames, not of those that gxbridge decodes."""

    async def main() -> None:
        source = Heard(filters=kernel_filters())
        async with listening(source):
            assert source.stats.interface == vcan
            before = carried(vcan)
            with raw(vcan) as vendor:
                for _ in range(50):
                    put(vendor, 0x19F80129)  # a position
                put(vendor, LYNX)
            await until(lambda: source.frames)
            after = carried(vcan)
            assert before is not None
            assert after is not None
            assert (after.frames - before.frames, after.data_bytes - before.data_bytes) == (51, 51 * 8)
            assert source.stats.frames == 1

    run(main)


def test_remote_standard_and_short_frames(vcan: str) -> None:
    async def main() -> None:
        source = Heard()
        async with listening(source):
            with raw(vcan) as vendor:
                put(vendor, LYNX, b"", flags=EFF_FLAG | 0x40000000)  # remote
                put(vendor, 0x7FF, b"\1\2", flags=0)
                put(vendor, LYNX, b"")
                put(vendor, LYNX, b"\1\2\3")
            await until(lambda: len(source.frames) == 2)
            assert [data for _, _, data in source.frames] == [b"", b"\1\2\3"]
            assert source.stats.ignored == 2

    run(main)


def test_down_and_up_again_is_heard_on_the_same_socket(vcan: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gxbridge.can")

    async def main() -> None:
        source = Heard()
        async with listening(source):
            opened_at = source.stats.opened_at
            interfaces.down(vcan)
            await until(lambda: source.stats.state == "down")
            assert "ip link set vcan0 up" in source.stats.reason
            assert not source.send(LYNX, DATA)
            interfaces.up(vcan)
            with raw(vcan) as vendor:
                put(vendor)
                await until(lambda: source.frames)
                assert source.stats.state == "open"
            assert source.send(LYNX, DATA)
            assert source.stats.opened_at == opened_at, "never opened anew"
            assert source.states == ["open", "down", "open"]

    run(main)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]


def test_up_again_is_noticed_on_a_bus_where_nobody_sends(vcan: str) -> None:
    async def main() -> None:
        source = Heard()
        async with listening(source):
            interfaces.down(vcan)
            await until(lambda: source.stats.state == "down")
            interfaces.up(vcan)
            await until(lambda: source.stats.state == "open")

    run(main)


def test_sending_tells_first_that_the_interface_is_down(vcan: str) -> None:
    """The kernel reports it to the reader and to the sender; whoever comes first, the state is the same."""

    async def main() -> None:
        source = Heard()
        async with listening(source):
            interfaces.down(vcan)
            assert not source.send(LYNX, DATA)
            assert source.stats.state == "down"
            assert source.stats.unsent == 1

    run(main)


def test_an_interface_that_is_down_at_the_start(vcan: str) -> None:
    async def main() -> None:
        interfaces.down(vcan)
        source = Heard()
        async with listening(source):
            await until(lambda: source.stats.state == "down")
            interfaces.up(vcan)
            await until(lambda: source.stats.state == "open")
            with raw(vcan) as vendor:
                put(vendor)
                await until(lambda: source.frames)

    run(main)


def test_an_interface_that_comes_later_is_opened_by_itself() -> None:
    async def main() -> None:
        source = Heard("vcan7")
        async with listening(source):
            assert source.stats.state == "waiting"
            assert "ip -br link" in source.stats.reason
            interfaces.add("vcan7")
            try:
                await until(lambda: source.stats.state == "open")
                with raw("vcan7") as vendor:
                    put(vendor)
                await until(lambda: source.frames)
            finally:
                interfaces.delete("vcan7")

    run(main)


def test_deleted_and_made_anew_is_opened_anew(vcan: str) -> None:
    """The old socket hears nothing of an interface of the same name, and the kernel reports the loss only once."""

    async def main() -> None:
        source = Heard()
        async with listening(source):
            before = source.stats.opened_at
            assert before is not None
            for number in range(1, 3):
                interfaces.delete(vcan)
                await until(lambda: source.stats.state == "waiting")
                assert not source.send(LYNX, DATA)
                interfaces.add(vcan)
                await until(lambda: source.stats.state == "open")
                with raw(vcan) as vendor:
                    put(vendor, LYNX, bytes([number]))
                await until(lambda n=number: len(source.frames) == n)
                assert source.stats.opened_at is not None
                assert source.stats.opened_at > before
                assert source.send(LYNX, DATA)

    run(main)


def test_deleted_and_made_anew_at_once_is_opened_anew_as_well(vcan: str) -> None:
    async def main() -> None:
        source = Heard()
        async with listening(source):
            interfaces.delete(vcan)
            interfaces.add(vcan)
            await until(lambda: source.states == ["open", "waiting", "open"])
            with raw(vcan) as vendor:
                put(vendor)
            await until(lambda: source.frames)

    run(main)


def test_deleted_while_it_was_down(vcan: str) -> None:
    async def main() -> None:
        source = Heard()
        async with listening(source):
            interfaces.down(vcan)
            await until(lambda: source.stats.state == "down")
            interfaces.delete(vcan)
            await until(lambda: source.stats.state == "waiting")
            interfaces.add(vcan)
            await until(lambda: source.stats.state == "open")
            with raw(vcan) as vendor:
                put(vendor)
            await until(lambda: source.frames)

    run(main)


def test_a_full_receive_queue_is_counted_to_the_frame(vcan: str) -> None:
    """While the program is held up, the kernel keeps what fits into the enlarged buffer, drops the rest, and counts."""

    async def main() -> None:
        source = Heard()
        sent = 14_000
        async with listening(source):
            with raw(vcan) as vendor:
                for number in range(sent):  # without a pause of the loop: nobody reads
                    put(vendor, LYNX, number.to_bytes(8, "little"))
                while source.stats.frames + source.stats.lost < sent:  # a later frame carries the count
                    put(vendor, LYNX, sent.to_bytes(8, "little"))
                    sent += 1
                    await asyncio.sleep(0.1)
            kept = [number for _, _, data in source.frames if (number := int.from_bytes(data, "little")) < 14_000]
            assert kept == list(range(len(kept))), "the first are kept, in order"
            assert 8_000 < len(kept) < 13_000, "4 MiB hold some 10,900 frames"
            assert source.stats.lost >= 14_000 - len(kept)
            assert source.stats.frames == len(source.frames) == sent - source.stats.lost

    run(main)
