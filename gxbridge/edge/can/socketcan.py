"""Draining a socket of `struct can_frame`s (SocketCAN, gxsocket) in batches, straight from its file descriptor.

A wake-up costs far more than a frame. So the first frame that arrives only starts a short delay, after which all that
has come is read at once; while frames go on coming a clock alone fetches them, and the descriptor is not even watched.
"""

from __future__ import annotations

import asyncio
import errno
import math
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_stats import CanStats, OnFrames

COALESCE_S: Final = 0.02
"""An ISO request, an address claim (250 ms) or a limit bears this much delay."""
BUSY_S: Final = 0.04
"""Pace while the bus is busy: a quarter of the CPU time per frame of one wake-up for each (benchmarks/receive.py)."""
BUSY: Final = 4
"""From this many frames in a batch the bus is busy."""
FEW: Final = 6
"""So many frames are asked for before they are read."""
ARMED: Final = select.EPOLLIN | select.EPOLLONESHOT
BATCH_LIMIT: Final = 2048
"""Let the loop do something else after so many frames: more than a second of a full 250 kbit/s bus."""

# linux/can.h and linux/can/error.h
CAN_FRAME: Final = struct.Struct("=IB3x8s")
EFF_FLAG: Final = 0x80000000
EFF_MASK: Final = 0x1FFFFFFF
ERR_FLAG: Final = 0x20000000
DATA_FRAME: Final = 0b100
"""The three flag bits (extended, remote, error) of an extended data frame."""

# asm-generic/socket.h; not in Python's socket module
SO_RXQ_OVFL: Final = 40
SO_RCVBUFFORCE: Final = 33
RECEIVE_BUFFER: Final = 1 << 22
"""4 MiB: some 10,900 frames, six seconds of a full bus. The kernel's default holds 278."""

ERROR_CLASSES: Final = (
    (0x001, "tx-timeout"),
    (0x002, "lost-arbitration"),
    (0x008, "protocol"),
    (0x010, "transceiver"),
    (0x020, "no-ack"),
    (0x040, "bus-off"),
    (0x080, "bus-error"),
    (0x100, "restarted"),
)
"""Bits of the id of an error frame (linux/can/error.h, CAN_ERR_*)."""
CONTROLLER_CLASS: Final = 0x004
CONTROLLER_STATES: Final = (
    (0x03, "overflow"),
    (0x0C, "warning"),
    (0x30, "error-passive"),
    (0x40, "error-active"),
)
"""Bits of data byte 1 when the class says "controller" (CAN_ERR_CRTL_*)."""


def error_kinds(can_id: int, data: bytes) -> list[str]:
    """What an error frame reports; never empty."""
    kinds = [kind for bit, kind in ERROR_CLASSES if can_id & bit]
    if can_id & CONTROLLER_CLASS and len(data) > 1:
        kinds += [kind for bits, kind in CONTROLLER_STATES if data[1] & bits]
    return kinds or ["other"]


Ancillary: TypeAlias = tuple[int, int, bytes]


class FrameSocket(Protocol):
    """The part of socket.socket that is used."""

    def fileno(self) -> int: ...
    def recv(self, size: int, flags: int = 0, /) -> bytes: ...
    def recvmsg(self, size: int, space: int = 0, flags: int = 0, /) -> tuple[bytes, list[Ancillary], int, object]: ...
    def send(self, data: bytes, flags: int = 0, /) -> int: ...
    def setsockopt(self, level: int, option: int, value: int, /) -> None: ...


def enlarge(sock: FrameSocket) -> bool:
    """A receive buffer for seconds of traffic, and counting of what is dropped; False when there is no counting."""
    for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):  # the first needs CAP_NET_ADMIN, the second is cut to rmem_max
        try:
            sock.setsockopt(socket.SOL_SOCKET, option, RECEIVE_BUFFER)
        except OSError:
            continue
        break
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
    except OSError:
        return False
    return True


class SocketDrain:
    """Reads one bus's socket on the running loop until `stop()`.

    `on_trouble(OSError)` is called for every error but "nothing there"; reading goes on (an interface that went down
    works again on the same socket when it comes up), unless the call stops it. `on_errors(kinds)` reports error frames.
    """

    def __init__(
        self,
        sock: FrameSocket,
        stats: CanStats,
        on_frames: OnFrames,
        on_errors: Callable[[list[str]], None],
        on_trouble: Callable[[OSError], None],
        coalesce_s: float = COALESCE_S,
        busy_s: float = BUSY_S,
    ) -> None:
        self._socket = sock
        self._stats = stats
        self._on_frames = on_frames
        self._on_errors = on_errors
        self._on_trouble = on_trouble
        self._coalesce_s = coalesce_s
        self._busy_s = busy_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._stopped = False
        self._counting = enlarge(sock)
        self._last = -math.inf
        self._ready = select.poll()
        self._ready.register(sock.fileno(), select.POLLIN)
        # Reports one frame each time it is armed. To have the loop watch and forget the socket itself costs three
        # times what a turn of the loop does.
        self._alarm = select.epoll()
        self._alarm.register(sock.fileno(), ARMED)
        self._loop.add_reader(self._alarm.fileno(), self._readable)

    async def stop(self, close: Callable[[], None]) -> None:
        """Read no more, and close."""
        self._stopped = True
        self._loop.remove_reader(self._alarm.fileno())
        self._alarm.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        close()

    def _watch(self) -> None:
        self._alarm.modify(self._socket.fileno(), ARMED)

    def _readable(self) -> None:
        if self._alarm.poll(0):
            self._wait(self._coalesce_s)

    def _wait(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._fetch)

    def _fetch(self) -> None:
        self._timer = None
        frames, more = self.drain()
        if self._stopped:
            return
        # The next reading is arranged before the frames are handed on: whatever happens there, the bus stays heard.
        if more:
            self._wait(0.0)
        elif frames and frames[0][0] - self._last <= self._coalesce_s + self._busy_s:  # they go on coming
            self._wait(self._busy_s if len(frames) >= BUSY else self._coalesce_s)
        else:
            self._watch()
        if frames:
            self._last = frames[0][0]
            self._on_frames(frames)

    def drain(self) -> tuple[list[TimedFrame], bool]:
        """Everything that is there (at most BATCH_LIMIT frames), and whether there may be more."""
        frames: list[TimedFrame] = []
        add, receive, unpack, ready = frames.append, self._socket.recv, CAN_FRAME.unpack, self._ready.poll
        if not ready(0):
            return frames, False
        now = time.monotonic()
        stats = self._stats
        room, ask_until = BATCH_LIMIT, BATCH_LIMIT - FEW
        try:
            frame = self._first() if self._counting else receive(16, socket.MSG_DONTWAIT)
            while True:
                try:
                    can_id, length, data = unpack(frame)
                    if can_id >> 29 == DATA_FRAME and length <= 8:
                        add((now, can_id & EFF_MASK, data if length == 8 else data[:length]))
                    elif can_id & ERR_FLAG:
                        self._on_errors(error_kinds(can_id, data))
                    else:
                        stats.ignored += 1
                except struct.error:
                    stats.ignored += 1
                room -= 1
                # To ask costs a tenth of the exception that says "nothing there".
                if not room or (room > ask_until and not ready(0)):
                    break
                frame = receive(16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.EINTR:
                self._on_trouble(error)
        if frames:
            stats.frames += len(frames)
            stats.last_frame_at = now
        return frames, not room

    def _first(self) -> bytes:
        """The first frame of a batch, with the kernel's count of what it had to drop before that frame."""
        frame, ancillary, _flags, _address = self._socket.recvmsg(16, 256, socket.MSG_DONTWAIT)
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL and len(value) == 4:
                dropped = int.from_bytes(value, sys.byteorder)
                self._stats.lost += (dropped - self._dropped) & 0xFFFFFFFF
                self._dropped = dropped
        return frame
