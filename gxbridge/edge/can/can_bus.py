"""One CAN bus, kept open: opened when it can be, watched, and opened again when it went away.

python-can opens, configures and filters the bus, whatever the interface. How frames are then fetched depends on it:
from the socket itself (SocketCAN, gxsocket), by `recv(0)` when its descriptor is readable, or by a thread when it has
none.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_library import LibraryDrain, open_bus
from gxbridge.edge.can.can_link import link_state
from gxbridge.edge.can.can_stats import BusState, CanSpec, CanStats, OnFrames, OnState
from gxbridge.edge.can.socketcan import BUSY_S, CAN_FRAME, COALESCE_S, EFF_FLAG, SocketDrain
from gxbridge.edge.tasks import report_failure

if TYPE_CHECKING:
    import socket

    import can

log = logging.getLogger("gxbridge.can")

FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 5.0
"""An attempt costs a GX a few milliseconds; whoever plugs an adapter in again waits for it."""
PATIENCE_S: Final = 0.5
"""A serial adapter may take seconds to open; nobody waits for that."""
STEADY_S: Final = 60.0
"""A bus that was open this long is retried quickly again."""
SOCKET_INTERFACES: Final[Mapping[str, tuple[float, float]]] = {
    "socketcan": (COALESCE_S, BUSY_S),
    "gxsocket": (0.005, 0.005),
}
"""Interfaces whose socket carries struct can_frame, and how long frames are collected: the first ones, and while the
bus is busy. A gxsocket may hold no more than 10."""
MAX_KERNEL_FILTERS: Final = 512
"""CAN_RAW_FILTER_MAX of linux/can/raw.h."""
FULL: Final = {errno.ENOBUFS, errno.EAGAIN}
DOWN: Final = "the interface {channel} is down; `ip link set {channel} up` brings it up"
BUS_OFF: Final = (
    "the controller of {channel} has left the bus after too many errors (wiring, termination or bit rate); "
    "`ip link set {channel} type can restart-ms 1000` lets it come back by itself"
)
ADVICE: Final = {
    errno.ENODEV: "there is no interface {channel}; `ip -br link` lists those there are",
    errno.ENXIO: "the interface {channel} has gone",
    errno.EAFNOSUPPORT: "this kernel has no SocketCAN (modules can, can_raw)",
    errno.EPROTONOSUPPORT: "this kernel has no raw CAN sockets (module can_raw)",
    errno.EPERM: "not permitted to open {channel}",
}


class Drain(Protocol):
    """Whatever fetches frames from an open bus."""

    async def stop(self, close: Callable[[], None]) -> None: ...


class CanSource:
    """A configured bus that is retried until it opens, and again when it is lost.

    `on_frames` gets each batch as a list of (monotonic seconds, 29-bit id, data), on the event loop. `filters` are
    (id, mask) pairs for extended frames, used where the kernel can filter. `on_state` is told of every change of state.
    """

    def __init__(
        self,
        spec: CanSpec,
        on_frames: OnFrames,
        *,
        filters: Sequence[tuple[int, int]] = (),
        on_state: OnState | None = None,
    ) -> None:
        self.spec = spec
        self.stats = CanStats(spec.name, spec.channel if spec.interface == "socketcan" else "")
        self._on_frames = on_frames
        self._filters = filters if len(filters) <= MAX_KERNEL_FILTERS else ()
        self._on_state = on_state
        self._bus: can.BusABC | None = None
        self._probe: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._lost: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Begin. Returns after the first attempt to open the bus, or half a second; a missing bus is no error."""
        tried = asyncio.Event()
        self._task = asyncio.create_task(self._keep_open(tried), name=f"can {self.spec.name}")
        report_failure(self._task)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await tried.wait()

    async def close(self) -> None:
        """Stop reading and release the bus."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self._set("closed", "")

    def send(self, can_id: int, data: bytes) -> bool:
        """Send one extended data frame now. False when it could not be (full, down, not open); it is not repeated."""
        bus = self._bus
        sent = False
        if bus is not None and self.stats.state == "open":
            try:
                sent = self._send(bus, can_id, data)
            except OSError as error:
                self._trouble(error)
        if sent:
            self.stats.sent += 1
        else:
            self.stats.unsent += 1
        return sent

    def _send(self, bus: can.BusABC, can_id: int, data: bytes) -> bool:
        if self.spec.interface == "socketcan":
            frame = CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data)
            try:
                return bool(bus.socket.send(frame) == len(frame))  # type: ignore[attr-defined]
            except OSError as error:
                if error.errno in FULL:
                    return False
                raise
        import can

        try:
            bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True), timeout=0)
        except can.CanError:
            return False
        return True

    async def _keep_open(self, tried: asyncio.Event) -> None:
        delay = FIRST_RETRY_S
        try:
            while True:
                try:
                    bus = await open_bus(self.spec, self._filters)
                except Exception as error:  # drivers raise what they like
                    self._set("waiting", f"cannot be opened: {why(error, self.spec)}")
                else:
                    opened = time.monotonic()
                    await self._use(bus, tried)
                    if time.monotonic() - opened >= STEADY_S:
                        delay = FIRST_RETRY_S
                tried.set()
                await self._pause(delay)
                delay = min(2 * delay, LAST_RETRY_S)
        finally:
            tried.set()

    async def _pause(self, longest_s: float) -> None:
        """Before the next attempt. A network interface that is missing is looked for meanwhile: that costs next to
        nothing, and it is used as soon as it is there."""
        if not self._missing():
            await asyncio.sleep(longest_s)
            return
        for _ in range(math.ceil(longest_s / FIRST_RETRY_S)):
            await asyncio.sleep(FIRST_RETRY_S)
            if not self._missing():
                return

    def _missing(self) -> bool:
        return self.spec.interface == "socketcan" and link_state(self.spec.channel) == "missing"

    async def _use(self, bus: can.BusABC, tried: asyncio.Event) -> None:
        """Read the bus until it is lost."""
        self._lost = asyncio.get_running_loop().create_future()
        self._bus = bus
        self.stats.opened_at = time.monotonic()
        drain = self._attach(bus)
        try:
            self._look()
            tried.set()
            await self._lost
        finally:
            self._bus = None
            if self._probe is not None:
                self._probe.cancel()
                self._probe = None
            await drain.stop(lambda: _shut_down(bus))

    def _attach(self, bus: can.BusABC) -> Drain:
        delays = SOCKET_INTERFACES.get(self.spec.interface)
        if delays is None:
            return LibraryDrain(bus, self.stats, self._take, self._errors, self._trouble)
        sock: socket.socket = bus.socket  # type: ignore[attr-defined]
        return SocketDrain(sock, self.stats, self._take, self._errors, self._trouble, *delays)

    # --- what happens on an open bus ---

    def _take(self, frames: list[TimedFrame]) -> None:
        if self.stats.state != "open":
            self._set("open", "")
        self._on_frames(frames)

    def _errors(self, kinds: list[str]) -> None:
        for kind in kinds:
            self.stats.error(kind)
        if "bus-off" in kinds:
            self._set("bus-off", self._text(BUS_OFF))
            self._look_again(FIRST_RETRY_S)
        elif "restarted" in kinds:
            self._set("open", "")

    def _trouble(self, error: Exception) -> None:
        """The socket or the driver failed. A downed interface keeps its socket, which works again when it comes up."""
        if isinstance(error, OSError) and error.errno == errno.ENETDOWN:
            self._set("down", self._text(DOWN))
            self._look_again(FIRST_RETRY_S)
            return
        self._set("waiting", f"lost: {why(error, self.spec)}")
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    def _look(self, delay_s: float = FIRST_RETRY_S) -> None:
        """Ask about the interface: when it is up again but nobody sends, no frame tells. A gxsocket is looked at
        again and again, because nothing tells a receiver that the directory was removed."""
        self._probe = None
        state = link_state(self.spec.channel) if self.spec.interface == "socketcan" else "up"
        if self.spec.interface == "gxsocket":
            if self._bus is not None and not os.path.exists(self._bus.path):  # type: ignore[attr-defined]
                self._trouble(OSError(errno.ENOENT, f"the directory {self.spec.channel} was removed"))
                return
            self._look_again(FIRST_RETRY_S)
        if state == "missing":
            self._trouble(OSError(errno.ENODEV, os.strerror(errno.ENODEV)))
        elif state == "up" or (state == "unknown" and self.stats.state == "waiting"):
            self._set("open", "")
        elif state != "unknown":  # else only a frame can tell that it is well again
            self._set(*(("down", self._text(DOWN)) if state == "down" else ("bus-off", self._text(BUS_OFF))))
            self._look_again(min(2 * delay_s, LAST_RETRY_S))

    def _look_again(self, delay_s: float) -> None:
        if self._probe is None:
            self._probe = asyncio.get_running_loop().call_later(delay_s, self._look, delay_s)

    def _text(self, text: str) -> str:
        return text.format(channel=self.spec.channel)

    def _set(self, state: BusState, reason: str) -> None:
        """Change the state; said once, at the change."""
        stats = self.stats
        if (stats.state, stats.reason) == (state, reason):
            return
        before, stats.state, stats.reason = stats.state, state, reason
        if state == "open":
            log.info("%s: open (%s %s)", stats.name, self.spec.interface, self.spec.channel)
        elif state != "closed":
            log.warning("%s: %s: %s", stats.name, state, reason)
        elif before != "closed":
            log.debug("%s: closed", stats.name)
        if self._on_state is not None:
            self._on_state(stats)


def _shut_down(bus: can.BusABC) -> None:
    with contextlib.suppress(Exception):  # a driver may complain about a device that is gone already
        bus.shutdown()


def why(error: Exception, spec: CanSpec) -> str:
    """An error of a driver in words, with what to do where that is known."""
    code = getattr(error, "errno", None) or getattr(error, "error_code", None)
    advice = ADVICE.get(code) if spec.interface == "socketcan" and isinstance(code, int) else None
    if advice is not None:
        return advice.format(channel=spec.channel)
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
