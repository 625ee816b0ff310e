"""Buses that only python-can can read: with a descriptor, with a thread, slow to open, broken."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque

import can
import pytest

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can import can_bus, can_library
from gxbridge.edge.can.can_bus import CanSource
from gxbridge.edge.can.can_library import LibraryDrain, descriptor, open_bus
from gxbridge.edge.can.can_stats import CanSpec, CanStats
from tests.edge.cansockets import until


def message(can_id: int = 5, data: bytes = b"hi", extended: bool = True, **more: bool) -> can.Message:
    return can.Message(arbitration_id=can_id, data=data, is_extended_id=extended, **more)


class ScriptedBus(can.BusABC):
    """Gives what is in its script: messages, None (nothing now) or an error. With a descriptor or without."""

    def __init__(self, with_descriptor: bool = True) -> None:
        self.script: deque[can.Message | Exception] = deque()
        self.inner, self.wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.with_descriptor = with_descriptor
        self.shut_in: str | None = None
        super().__init__("scripted")

    def give(self, *items: can.Message | Exception) -> None:
        self.script.extend(items)
        self.wire.send(b"!")

    def fileno(self) -> int:
        if not self.with_descriptor:
            raise NotImplementedError
        return self.inner.fileno()

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        self.inner.settimeout(timeout or 0)
        try:
            while not self.script:
                self.inner.recv(1)
        except (TimeoutError, BlockingIOError):
            return None, False
        item = self.script.popleft()
        if isinstance(item, Exception):
            raise item
        return item, False

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        raise can.CanOperationError("full")

    def shutdown(self) -> None:
        super().shutdown()
        self.shut_in = threading.current_thread().name
        self.inner.close()
        self.wire.close()


class Bench:
    def __init__(self, bus: can.BusABC) -> None:
        self.stats = CanStats("adapter")
        self.heard: list[TimedFrame] = []
        self.errors: list[list[str]] = []
        self.troubles: list[Exception] = []
        self.drain = LibraryDrain(bus, self.stats, self.heard.extend, self.errors.append, self.troubles.append)


BOTH = pytest.mark.parametrize("with_descriptor", [True, False], ids=["descriptor", "thread"])


@BOTH
def test_frames_come_in_order_and_only_what_ve_can_uses(with_descriptor: bool) -> None:
    async def run() -> None:
        bus = ScriptedBus(with_descriptor)
        bench = Bench(bus)
        bus.give(
            message(1),
            message(0x123, extended=False),
            message(2, b"", is_remote_frame=True),
            can.Message(is_error_frame=True),
            message(3, bytes(12), is_fd=True),
            message(4, b""),
        )
        await until(lambda: len(bench.heard) == 2)
        assert [item[1:] for item in bench.heard] == [(1, b"hi"), (4, b"")]
        assert (bench.stats.frames, bench.stats.ignored, bench.errors) == (2, 3, [["other"]])
        bus.give(message(9))
        await until(lambda: len(bench.heard) == 3)
        await bench.drain.stop(bus.shutdown)
        assert bus.shut_in == "MainThread"

    asyncio.run(run())


@BOTH
def test_what_a_serial_adapter_garbles_is_counted_and_passed_over(with_descriptor: bool) -> None:
    async def run() -> None:
        bus = ScriptedBus(with_descriptor)
        bench = Bench(bus)
        bus.give(message(1), ValueError("invalid literal for int()"), message(2))
        await until(lambda: len(bench.heard) == 2)
        assert bench.stats.errors == {"garbled": 1}
        assert bench.troubles == []
        await bench.drain.stop(bus.shutdown)

    asyncio.run(run())


@BOTH
@pytest.mark.parametrize("failure", [[can.CanOperationError("unplugged")], [ValueError("noise")] * 101])
def test_a_bus_that_fails_is_trouble_after_the_frames_before_it(
    with_descriptor: bool, failure: list[Exception]
) -> None:
    async def run() -> None:
        bus = ScriptedBus(with_descriptor)
        bench = Bench(bus)
        bus.give(message(1), *failure)
        await until(lambda: bench.troubles)
        assert [item[1] for item in bench.heard] == [1]
        assert bench.troubles == [failure[-1]]
        await bench.drain.stop(bus.shutdown)

    asyncio.run(run())


def test_a_thread_ahead_of_the_loop_loses_counted_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can_library, "QUEUE", 10)

    async def run() -> None:
        bus = ScriptedBus(with_descriptor=False)
        bench = Bench(bus)
        bus.give(*(message(i) for i in range(50)))
        while bus.script:  # the loop is held up, as by a slow D-Bus call
            time.sleep(0.001)  # noqa: ASYNC251
        await until(lambda: bench.heard)
        await until(lambda: len(bench.heard) + bench.stats.lost == 50)
        assert [item[1] for item in bench.heard][:10] == list(range(10))
        await bench.drain.stop(bus.shutdown)

    asyncio.run(run())


def test_a_batch_is_one_wake_up_of_the_loop() -> None:
    async def run() -> None:
        bus = ScriptedBus(with_descriptor=False)
        stats, batches = CanStats("adapter"), list[list[TimedFrame]]()
        drain = LibraryDrain(bus, stats, batches.append, lambda kinds: None, lambda error: None)
        bus.give(*(message(i) for i in range(200)))
        while bus.script:
            time.sleep(0.001)  # noqa: ASYNC251
        await until(lambda: stats.frames == 200)
        assert len(batches) <= 2
        await drain.stop(bus.shutdown)

    asyncio.run(run())


def test_the_virtual_bus_of_python_can_end_to_end() -> None:
    async def run() -> None:
        heard: list[TimedFrame] = []
        source = CanSource(CanSpec("virtual", "gxbridge-test", "virtual"), heard.extend)
        await source.start()
        with can.Bus("gxbridge-test", interface="virtual", ignore_config=True) as other:
            for number in range(100):
                other.send(message(number))
            await until(lambda: len(heard) == 100)
            assert [item[1] for item in heard] == list(range(100))
            assert source.send(0x18EAFF24, b"\x14\xf0\x01")
            got = other.recv(5)
            assert got is not None
            assert (got.arbitration_id, got.is_extended_id, bytes(got.data)) == (0x18EAFF24, True, b"\x14\xf0\x01")
        await source.close()

    asyncio.run(run())


def test_an_adapter_that_cannot_send_now_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(spec: CanSpec, filters: object) -> can.BusABC:
        return ScriptedBus()

    monkeypatch.setattr(can_bus, "open_bus", opened)

    async def run() -> None:
        source = CanSource(CanSpec("slcan", "/dev/tty", "tty"), lambda frames: None)
        await source.start()
        assert not source.send(1, b"")
        assert source.stats.state == "open"
        await source.close()

    asyncio.run(run())


def test_an_adapter_that_fails_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    buses: list[ScriptedBus] = []

    async def opened(spec: CanSpec, filters: object) -> can.BusABC:
        buses.append(ScriptedBus(with_descriptor=False))
        return buses[-1]

    monkeypatch.setattr(can_bus, "open_bus", opened)
    monkeypatch.setattr(can_bus, "FIRST_RETRY_S", 0.01)

    async def run() -> None:
        source = CanSource(CanSpec("slcan", "/dev/tty", "tty"), lambda frames: None)
        await source.start()
        buses[0].give(can.CanOperationError("unplugged"))
        await until(lambda: len(buses) == 2)
        assert buses[0].shut_in is not None
        await until(lambda: source.stats.state == "open")
        await source.close()

    asyncio.run(run())


def test_a_slow_adapter_is_opened_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, threads = threading.Event(), list[str]()

    def slow(spec: CanSpec, filters: object) -> can.BusABC:
        threads.append(threading.current_thread().name)
        gate.wait(10)
        return ScriptedBus()

    monkeypatch.setattr(can_library, "_open", slow)

    async def run() -> None:
        opening = asyncio.create_task(open_bus(CanSpec("slcan", "/dev/tty", "tty"), ()))
        await asyncio.sleep(0)
        gate.set()
        bus = await opening
        bus.shutdown()

    asyncio.run(run())
    assert threads == ["can open"]


def test_a_bus_that_opens_after_everybody_has_left_is_shut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, bus = threading.Event(), ScriptedBus()

    def slow(spec: CanSpec, filters: object) -> can.BusABC:
        gate.wait(10)
        return bus

    monkeypatch.setattr(can_library, "_open", slow)

    async def run() -> None:
        opening = asyncio.create_task(open_bus(CanSpec("slcan", "/dev/tty", "tty"), ()))
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.sleep(0)
        gate.set()
        await until(lambda: bus.shut_in)

    asyncio.run(run())


def test_an_error_while_opening_in_the_thread_comes_back() -> None:
    async def run() -> None:
        with pytest.raises(Exception, match=r"serial|tty|No such"):
            await open_bus(CanSpec("slcan", "/dev/no-such-tty", "tty", 250_000), ())

    asyncio.run(run())


def test_options_bit_rate_and_filters_reach_python_can(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, object]] = []
    monkeypatch.setattr(can, "Bus", lambda **settings: calls.append(settings))
    can_library._open(CanSpec("socketcan", "can0", "can0", None, {"local_loopback": False}), [(0x100, 0x1FF)])
    can_library._open(CanSpec("slcan", "/dev/tty", "tty", 250_000), [(0x100, 0x1FF)])
    assert calls == [
        {
            "interface": "socketcan",
            "channel": "can0",
            "ignore_config": True,
            "local_loopback": False,
            "can_filters": [{"can_id": 0x100, "can_mask": 0x1FF, "extended": True}],
        },
        {"interface": "slcan", "channel": "/dev/tty", "ignore_config": True, "bitrate": 250_000},
    ]


def test_a_bus_without_a_usable_descriptor_has_none() -> None:
    class Odd(ScriptedBus):
        def fileno(self) -> int:
            return -1

    for bus in (Odd(), ScriptedBus(with_descriptor=False)):
        assert descriptor(bus) is None
        bus.shutdown()


def test_python_can_is_not_loaded_before_a_bus_is_opened() -> None:
    import subprocess
    import sys

    modules = "gxbridge.edge.can.can_bus, gxbridge.edge.logs.replay, gxbridge.edge.logs.reader"
    code = f"import sys, {modules}; print('can' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
