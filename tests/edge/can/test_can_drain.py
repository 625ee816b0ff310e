"""Draining a socket of can_frames: what a frame means, how batches are made, what the kernel tells besides."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can import socketcan
from gxbridge.edge.can.can_stats import CanStats
from gxbridge.edge.can.socketcan import RECEIVE_BUFFER, SO_RCVBUFFORCE, SO_RXQ_OVFL, SocketDrain, enlarge, error_kinds
from tests.edge.cansockets import FakeCanSocket, error_frame, frame, until


class Bench:
    """A drain on a fake socket, and everything it reported."""

    def __init__(self, sock: FakeCanSocket) -> None:
        self.socket = sock
        self.stats = CanStats("can0")
        self.batches: list[list[TimedFrame]] = []
        self.errors: list[list[str]] = []
        self.troubles: list[int | None] = []
        self.drain = SocketDrain(
            sock,
            self.stats,
            self.batches.append,
            self.errors.append,
            lambda e: self.troubles.append(e.errno),
            0.001,
            0.002,
        )

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        return [(can_id, data) for batch in self.batches for _, can_id, data in batch]


@pytest.fixture
def sock() -> Iterator[FakeCanSocket]:
    fake = FakeCanSocket()
    yield fake
    fake.close()


def play(sock: FakeCanSocket, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> Bench:
    """Run a story on a loop with a drain, and stop it."""

    async def run() -> Bench:
        bench = Bench(sock)
        await story(bench)
        await bench.drain.stop(lambda: None)
        return bench

    return asyncio.run(run())


@given(st.integers(0, 0x1FFFFFFF), st.binary(max_size=8))
def test_an_extended_data_frame_is_handed_on_bit_for_bit(can_id: int, data: bytes) -> None:
    sock = FakeCanSocket()
    sock.inject(frame(can_id, data))

    async def story(bench: Bench) -> None:
        await until(lambda: bench.frames)

    assert play(sock, story).frames == [(can_id, data)]
    sock.close()


def test_a_burst_is_one_batch_with_one_time(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        sock.inject(*(frame(0x18EAFF00 + i) for i in range(50)))
        await until(lambda: len(bench.frames) == 50)

    bench = play(sock, story)
    assert len(bench.batches) == 1
    assert {now for now, _, _ in bench.batches[0]} == {bench.stats.last_frame_at}
    assert bench.stats.frames == 50


def test_more_than_a_batch_holds_comes_in_several_and_in_order(
    sock: FakeCanSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socketcan, "BATCH_LIMIT", 10)

    async def story(bench: Bench) -> None:
        sock.inject(*(frame(i) for i in range(57)))
        await until(lambda: len(bench.frames) == 57)

    bench = play(sock, story)
    assert [can_id for can_id, _ in bench.frames] == list(range(57))
    assert max(map(len, bench.batches)) == 10


def test_frames_are_heard_after_a_busy_time_and_after_silence(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        for count in (20, 1, 1, 20, 3):
            before = len(bench.frames)
            sock.inject(*(frame() for _ in range(count)))
            await until(lambda: len(bench.frames) == before + count)  # noqa: B023 - awaited at once
            await asyncio.sleep(0.01)

    assert play(sock, story).stats.frames == 45


def test_while_frames_come_a_clock_alone_fetches_them(sock: FakeCanSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptor is watched for the first frame, and for the second, which tells that more may come."""
    watched: list[int] = []
    watch = SocketDrain._watch

    def counted(drain: SocketDrain) -> None:
        watched.append(len(heard))
        watch(drain)

    heard: list[TimedFrame] = []
    monkeypatch.setattr(SocketDrain, "_watch", counted)

    async def run() -> None:
        def take(frames: list[TimedFrame]) -> None:
            heard.extend(frames)
            if len(heard) < 5:
                sock.inject(frame())

        drain = SocketDrain(sock, CanStats("can0"), take, lambda kinds: None, lambda error: None, 0.001, 10.0)
        sock.inject(frame())
        await until(lambda: len(watched) == 2)
        await drain.stop(lambda: None)

    asyncio.run(run())
    assert watched == [0, 5]


def test_frames_far_apart_are_watched_for(sock: FakeCanSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[int] = []
    watch = SocketDrain._watch

    def counted(drain: SocketDrain) -> None:
        watched.append(len(bench[0].frames) if bench else 0)
        watch(drain)

    bench: list[Bench] = []
    monkeypatch.setattr(SocketDrain, "_watch", counted)

    async def story(found: Bench) -> None:
        bench.append(found)
        for count in (1, 2, 3):
            await asyncio.sleep(0.02)
            sock.inject(frame())
            await until(lambda: len(found.frames) == count)  # noqa: B023 - awaited at once

    play(sock, story)
    assert watched == [0, 1, 2]


def test_a_few_frames_are_read_without_running_into_the_end(
    sock: FakeCanSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception that says "nothing there" costs as much as ten questions."""
    reads: list[int] = []
    receive = FakeCanSocket.recv

    def counted(fake: FakeCanSocket, size: int, flags: int = 0) -> bytes:
        reads.append(size)
        return receive(fake, size, flags)

    monkeypatch.setattr(FakeCanSocket, "recv", counted)

    async def story(bench: Bench) -> None:
        sock.inject(frame(), frame(), frame())
        await until(lambda: len(bench.frames) == 3)
        await asyncio.sleep(0.01)

    play(sock, story)
    assert len(reads) == 3


def test_what_ve_can_does_not_use_is_counted_and_dropped(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        standard, remote = frame(0x123, flags=0), frame(0x18EAFF24, flags=0xC0000000)
        flexible = frame()[:4] + b"\x0c" + frame()[5:]
        sock.inject(standard, remote, flexible, b"short", frame())
        await until(lambda: bench.frames)

    bench = play(sock, story)
    assert (len(bench.frames), bench.stats.ignored, bench.stats.frames) == (1, 4, 1)


def test_a_frame_sent_on_this_machine_is_a_frame_like_any_other(sock: FakeCanSocket) -> None:
    """The kernel marks what another program here sent (python-can: `is_rx` False), on vcan every frame."""
    sock.flags = socket.MSG_DONTROUTE

    async def story(bench: Bench) -> None:
        sock.inject(frame())
        await until(lambda: bench.frames)

    play(sock, story)


ERRORS = [
    (0x040, bytes(8), ["bus-off"]),
    (0x004, bytes([0, 0x08]), ["warning"]),
    (0x004, bytes([0, 0x30]), ["error-passive"]),
    (0x004, bytes([0, 0x40]), ["error-active"]),
    (0x004, bytes([0, 0x01]), ["overflow"]),
    (0x020, bytes(8), ["no-ack"]),
    (0x100, bytes(8), ["restarted"]),
    (0x088, bytes(8), ["protocol", "bus-error"]),
    (0x200, bytes(8), ["other"]),
    (0x004, b"\0", ["other"]),
]


@pytest.mark.parametrize(("kind", "data", "said"), ERRORS)
def test_error_frames_are_named(kind: int, data: bytes, said: list[str]) -> None:
    assert error_kinds(kind, data) == said


def test_error_frames_are_reported_and_are_no_frames(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        sock.inject(error_frame(0x040), error_frame(0x020), frame())
        await until(lambda: bench.frames)

    bench = play(sock, story)
    assert bench.errors == [["bus-off"], ["no-ack"]]
    assert bench.stats.frames == 1


def test_what_the_kernel_dropped_is_counted_once(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        for dropped, lost in ((0, 0), (5, 5), (5, 5), (12, 12)):
            sock.dropped = dropped
            before = len(bench.frames)
            sock.inject(frame())
            await until(lambda: len(bench.frames) > before)  # noqa: B023 - awaited at once
            assert bench.stats.lost == lost

    play(sock, story)


def test_the_kernels_loss_counter_may_wrap(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        for dropped in (0xFFFFFFFE, 3):
            sock.dropped = dropped
            sock.inject(frame())
            before = len(bench.frames)
            await until(lambda: len(bench.frames) > before)  # noqa: B023 - awaited at once

    assert play(sock, story).stats.lost == 0xFFFFFFFE + 5


def test_a_downed_interface_is_trouble_once_and_works_again_on_the_same_socket(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        sock.fail(errno.ENETDOWN)
        await until(lambda: bench.troubles)
        await asyncio.sleep(0.01)
        sock.inject(frame())
        await until(lambda: bench.frames)

    assert play(sock, story).troubles == [errno.ENETDOWN]


def test_frames_before_an_error_are_not_lost(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        sock.inject(frame(), frame())
        await until(lambda: len(bench.frames) == 2)
        sock.fail(errno.ENODEV)
        await until(lambda: bench.troubles)

    play(sock, story)


def test_an_interrupted_call_is_no_trouble(sock: FakeCanSocket) -> None:
    async def story(bench: Bench) -> None:
        sock.fail(errno.EINTR)
        sock.inject(frame())
        await until(lambda: bench.frames)

    assert play(sock, story).troubles == []


def test_a_fault_behind_the_socket_does_not_make_the_bus_deaf(sock: FakeCanSocket) -> None:
    async def run() -> list[TimedFrame]:
        heard: list[TimedFrame] = []
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["exception"]))

        def take(frames: list[TimedFrame]) -> None:
            heard.extend(frames)
            if len(heard) == 1:
                raise RuntimeError("a fault of ours")

        drain = SocketDrain(sock, CanStats("can0"), take, lambda kinds: None, lambda error: None, 0.001, 0.002)
        sock.inject(frame(1))
        await until(lambda: faults)
        sock.inject(frame(2))
        await until(lambda: len(heard) == 2)
        await drain.stop(lambda: None)
        return heard

    assert [can_id for _, can_id, _ in asyncio.run(run())] == [1, 2]


def test_after_stop_nothing_is_read_and_the_socket_is_closed(sock: FakeCanSocket) -> None:
    closed = []

    async def run() -> Bench:
        bench = Bench(sock)
        sock.inject(frame())
        await until(lambda: bench.frames)
        sock.inject(frame())
        await bench.drain.stop(lambda: closed.append(True))
        await asyncio.sleep(0.01)
        return bench

    assert asyncio.run(run()).stats.frames == 1
    assert closed == [True]


def test_stopping_from_inside_the_frames_is_fine(sock: FakeCanSocket) -> None:
    async def run() -> None:
        done = asyncio.Event()

        def take(frames: list[TimedFrame]) -> None:
            asyncio.get_running_loop().create_task(drain.stop(done.set))

        drain = SocketDrain(sock, CanStats("can0"), take, lambda kinds: None, lambda error: None, 0.001, 0.002)
        sock.inject(frame())
        await asyncio.wait_for(done.wait(), 10)

    asyncio.run(run())


def test_the_receive_buffer_is_made_big_by_force_where_that_is_allowed(sock: FakeCanSocket) -> None:
    assert enlarge(sock)
    assert sock.options == [
        (socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER),
        (socket.SOL_SOCKET, SO_RXQ_OVFL, 1),
    ]


def test_without_the_right_to_force_it_is_made_as_big_as_allowed(sock: FakeCanSocket) -> None:
    sock.refused = {SO_RCVBUFFORCE}
    assert enlarge(sock)
    assert sock.options[0] == (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def test_a_kernel_without_a_loss_counter_is_drained_all_the_same(sock: FakeCanSocket) -> None:
    sock.refused = {SO_RXQ_OVFL, SO_RCVBUFFORCE, socket.SO_RCVBUF}
    sock.dropped = 7

    async def story(bench: Bench) -> None:
        sock.inject(frame())
        await until(lambda: bench.frames)

    assert play(sock, story).stats.lost == 0


def test_the_options_of_this_kernel_are_what_we_take_them_for() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as real:
        assert enlarge(real)
        assert real.getsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL) == 1
        assert real.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > 212_992
    assert sys.byteorder == "little"  # of the machines these tests run on; the code asks
