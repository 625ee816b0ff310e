"""Opening a bus with python-can, and fetching frames from interfaces that only python-can can read."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_stats import CanSpec, CanStats, OnFrames

if TYPE_CHECKING:
    import can

COALESCE_S: Final = 0.02
BATCH_LIMIT: Final = 2048
QUEUE: Final = 16_384
"""Messages a reading thread may be ahead of the loop: eight seconds of a full 250 kbit/s bus."""
GARBLED: Final = 100
"""So many unreadable messages in a row: not a disturbed adapter but a broken one."""
POLL_S: Final = 0.5
"""How long a reading thread waits before it looks whether it should end."""
QUICK: Final = {"socketcan", "gxsocket", "virtual", "udp_multicast"}
"""Interfaces that open at once. Serial adapters may take seconds: a thread opens those."""


async def open_bus(spec: CanSpec, filters: Sequence[tuple[int, int]]) -> can.BusABC:
    """Open the bus of `spec`. Raises whatever the driver raises."""
    if spec.interface in QUICK:
        return _open(spec, filters)
    return await _in_thread(lambda: _open(spec, filters))


def _open(spec: CanSpec, filters: Sequence[tuple[int, int]]) -> can.BusABC:
    settings: dict[str, Any] = dict(spec.options)
    if spec.bitrate is not None:
        settings["bitrate"] = spec.bitrate
    if spec.interface == "gxsocket":  # also where the package is not installed, so that python-can finds no plug-in
        from gxbridge.edge.can.gxsocket import SocketDirBus

        return SocketDirBus(spec.channel, **settings)
    import can

    if filters and spec.interface == "socketcan":
        settings["can_filters"] = [{"can_id": can_id, "can_mask": mask, "extended": True} for can_id, mask in filters]
    return can.Bus(interface=spec.interface, channel=spec.channel, ignore_config=True, **settings)


async def _in_thread(call: Callable[[], can.BusABC]) -> can.BusABC:
    """The result of a slow call; a bus that arrives after the caller was cancelled is shut down again."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[can.BusABC] = loop.create_future()

    def deliver(bus: can.BusABC | None, error: BaseException | None) -> None:
        if future.done():
            _shut(bus)
        elif error is not None:
            future.set_exception(error)
        elif bus is not None:
            future.set_result(bus)

    def run() -> None:
        bus: can.BusABC | None = None
        error: BaseException | None = None
        try:
            bus = call()
        except Exception as problem:  # handed to the caller
            error = problem
        try:
            loop.call_soon_threadsafe(deliver, bus, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _shut(bus)

    threading.Thread(target=run, name="can open", daemon=True).start()
    return await future


def _shut(bus: can.BusABC | None) -> None:
    if bus is not None:
        with contextlib.suppress(Exception):
            bus.shutdown()


def descriptor(bus: can.BusABC) -> int | None:
    """The bus's file descriptor, None when it has none."""
    try:
        number = bus.fileno()
    except (NotImplementedError, OSError, ValueError):
        return None
    return number if isinstance(number, int) and number >= 0 else None


class LibraryDrain:
    """Reads a python-can bus on the running loop until `stop()`; with a thread when it has no descriptor.

    `on_trouble(Exception)` is called once, when the bus cannot be read any more.
    """

    def __init__(
        self,
        bus: can.BusABC,
        stats: CanStats,
        on_frames: OnFrames,
        on_errors: Callable[[list[str]], None],
        on_trouble: Callable[[Exception], None],
    ) -> None:
        self._bus = bus
        self._stats = stats
        self._on_frames = on_frames
        self._on_errors = on_errors
        self._on_trouble = on_trouble
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False
        self._descriptor = descriptor(bus)
        self._queue: deque[can.Message] = deque()
        self._awake = False
        self._failure: Exception | None = None
        self._ended = asyncio.Event()
        if self._descriptor is None:
            threading.Thread(target=self._read, name=f"can {stats.name}", daemon=True).start()
        else:
            self._watch()

    async def stop(self, close: Callable[[], None]) -> None:
        """Read no more, and close once the reading thread has let go of the bus."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2 * POLL_S):
                    await self._ended.wait()
        close()

    # --- a bus with a descriptor ---

    def _watch(self) -> None:
        if self._descriptor is not None:
            self._loop.add_reader(self._descriptor, self._readable)

    def _readable(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
        self._timer = self._loop.call_later(COALESCE_S, self._fetch)

    def _fetch(self) -> None:
        self._timer = None
        messages: list[can.Message] = []
        failure: Exception | None = None
        for _ in range(BATCH_LIMIT):
            try:
                message = self._receive(0)
            except Exception as error:  # drivers raise what they like
                failure = error
                break
            if message is None:
                break
            messages.append(message)
        if failure is None:
            self._watch()
        self._hand_on(messages)
        if failure is not None:
            self._on_trouble(failure)

    # --- a bus without one ---

    def _read(self) -> None:
        """The thread: messages into the queue, one wake-up of the loop for each batch."""
        while not self._stopping:
            try:
                message = self._receive(POLL_S)
            except Exception as error:  # handed to the loop
                self._failure = error
                self._wake()
                break
            if message is None:
                continue
            if len(self._queue) >= QUEUE:
                self._stats.lost += 1
                continue
            self._queue.append(message)
            if not self._wake():
                break
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ended.set)

    def _wake(self) -> bool:
        if not self._awake:
            self._awake = True
            try:
                self._loop.call_soon_threadsafe(self._woken)
            except RuntimeError:  # the loop is closed
                return False
        return True

    def _woken(self) -> None:
        if not self._stopping:
            self._timer = self._loop.call_later(COALESCE_S, self._empty)

    def _empty(self) -> None:
        self._timer = None
        self._awake = False  # before the queue is read: what comes after wakes the loop anew
        messages = [self._queue.popleft() for _ in range(len(self._queue))]
        self._hand_on(messages)
        if self._failure is not None and not self._stopping:
            self._on_trouble(self._failure)

    # --- both ---

    def _receive(self, timeout_s: float) -> can.Message | None:
        """One message. What a serial adapter sent in an unreadable form is passed over, up to a point."""
        for _ in range(GARBLED):
            try:
                return self._bus.recv(timeout_s)
            except ValueError:
                self._stats.error("garbled")
        return self._bus.recv(timeout_s)

    def _hand_on(self, messages: list[can.Message]) -> None:
        now = time.monotonic()
        frames: list[TimedFrame] = []
        for message in messages:
            if message.is_error_frame:
                self._on_errors(["other"])
            elif (
                message.is_extended_id and not message.is_remote_frame and not message.is_fd and len(message.data) <= 8
            ):
                frames.append((now, message.arbitration_id, bytes(message.data)))
            else:
                self._stats.ignored += 1
        if frames:
            self._stats.frames += len(frames)
            self._stats.last_frame_at = now
            self._on_frames(frames)
