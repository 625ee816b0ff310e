"""`gxsocket`: a CAN bus made of a directory, for demonstrations and tests. No CAN kernel, no network, no extra package.

The channel is a directory. Each participant binds a unix datagram socket in it and sends every frame, as one 16-byte
`struct can_frame` (linux/can.h), to all the other sockets there; like on a real bus, nobody hears himself. The socket
of a participant that died refuses the next frame and is swept away by whoever notices.

Some kernels (containers!) let only 10 datagrams wait in a unix socket. What does not fit stays in a queue of ours,
which a thread passes on as the receiver reads. A receiver that never reads loses frames after `BACKLOG`; the sender
never waits.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import select
import socket
import struct
import threading
import time
from collections import deque
from typing import Any

import can

CAN_FRAME = struct.Struct("=IB3x8s")
"""struct can_frame of linux/can.h: id with flags, length, 3 bytes of padding, data."""
EFF_FLAG, RTR_FLAG, ERR_FLAG = 0x80000000, 0x40000000, 0x20000000
EFF_MASK, SFF_MASK = 0x1FFFFFFF, 0x7FF
BACKLOG = 8192
"""Frames kept for one slow receiver: more than four seconds of a full 250 kbit/s bus."""
RECEIVE_BUFFER = 1 << 22
FAREWELL_S = 2.0
"""Leaving the bus, so long is given to slow receivers to take what is meant for them."""
SETTLE_S = 0.1
"""A directory changed this recently may change again within the same tick of its time stamp: look again."""


def pack(message: can.Message) -> bytes:
    """A python-can message as a can_frame. Raises ValueError for what the frame cannot hold (CAN FD)."""
    if message.is_fd or message.dlc > 8:
        raise ValueError("gxsocket carries classic CAN frames of at most 8 bytes")
    can_id = message.arbitration_id
    can_id |= message.is_extended_id * EFF_FLAG | message.is_remote_frame * RTR_FLAG | message.is_error_frame * ERR_FLAG
    return CAN_FRAME.pack(can_id, message.dlc, bytes(message.data))


def unpack(frame: bytes, channel: str | None = None) -> can.Message | None:
    """A can_frame as a python-can message with the present time; None for anything that is not one."""
    if len(frame) != CAN_FRAME.size:
        return None
    can_id, length, data = CAN_FRAME.unpack(frame)
    if length > 8:
        return None
    extended, remote = bool(can_id & EFF_FLAG), bool(can_id & RTR_FLAG)
    return can.Message(
        timestamp=time.time(),
        arbitration_id=can_id & (EFF_MASK if extended else SFF_MASK),
        is_extended_id=extended,
        is_remote_frame=remote,
        is_error_frame=bool(can_id & ERR_FLAG),
        dlc=length,
        data=None if remote else data[:length],
        channel=channel,
    )


class SocketDirBus(can.BusABC):
    """python-can bus `gxsocket`; `channel` is an existing directory. `dropped` counts frames nobody had room for.

    Raises can.CanInitializationError when the directory is missing or not writable.
    """

    def __init__(self, channel: Any, can_filters: Any = None, **kwargs: Any) -> None:
        self.directory = os.fspath(channel)
        self.channel_info = f"gxsocket {self.directory}"
        self._bus = "_".join(os.path.basename(os.path.abspath(self.directory)).split()) or "gxsocket"
        self.dropped = 0
        name = f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        self.path = os.path.join(self.directory, name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        hidden = os.path.join(self.directory, f".{name}")
        try:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            # Bound under a hidden name: between its making and its binding a visible one would look dead.
            self.socket.bind(hidden)
            os.rename(hidden, self.path)
        except OSError as error:
            self.socket.close()
            reason = f"the path is longer than a socket name may be ({len(hidden)} characters)"
            if "too long" not in str(error):
                reason = error.strerror or str(error)
            raise can.CanInitializationError(f"gxsocket {self.directory}: {reason}", error.errno) from None
        self._peers = _Peers(self.directory, name)
        super().__init__(channel=channel, can_filters=can_filters, **kwargs)

    def fileno(self) -> int:
        """The descriptor frames arrive on, one 16-byte datagram each."""
        return self.socket.fileno()

    def send(self, msg: can.Message, timeout: float | None = None) -> None:  # noqa: ARG002
        """Send to everybody else. Never waits; raises can.CanOperationError only when the directory is gone."""
        self.send_frame(pack(msg))

    def send_frame(self, frame: bytes) -> None:
        """`send` for a ready can_frame."""
        try:
            self.dropped += self._peers.send(frame)
        except OSError as error:
            raise can.CanOperationError(f"gxsocket {self.directory}: {error.strerror}", error.errno) from None

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        try:
            if not select.select([self.socket], [], [], timeout)[0]:
                return None, False
            return unpack(self.socket.recv(CAN_FRAME.size + 1), self._bus), False
        except BlockingIOError:
            return None, False
        except (OSError, ValueError) as error:
            raise can.CanOperationError(f"gxsocket {self.directory}: {error}") from None

    def shutdown(self) -> None:
        """Leave the bus; frames still waiting for slow receivers are passed on for a moment, then dropped."""
        if self._is_shutdown:
            return
        super().shutdown()
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.dropped += self._peers.close()
        self.socket.close()


class _Peer:
    __slots__ = ("path", "socket", "waiting")

    def __init__(self, path: str) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.waiting: deque[bytes] = deque()


class _Peers:
    """The other participants: one connected socket each, so that the kernel tells when a full one has room again."""

    def __init__(self, directory: str, own: str) -> None:
        self._directory = directory
        self._own = own
        self._peers: dict[str, _Peer] = {}
        self._seen: tuple[int, int] | None = None
        self._seen_at_ns = 0
        self._lock = threading.Lock()
        self._wake_out, self._wake_in = -1, -1
        self._thread: threading.Thread | None = None
        self._closed = False

    def send(self, frame: bytes) -> int:
        """Give the frame to every peer; the number of those that had no room left even in our queue."""
        with self._lock:
            self._look()
            lost = 0
            for name, peer in list(self._peers.items()):
                if peer.waiting:
                    if len(peer.waiting) >= BACKLOG:
                        lost += 1
                    else:
                        peer.waiting.append(frame)
                elif not self._give(name, peer, frame):
                    peer.waiting.append(frame)
                    self._call_courier()
            return lost

    def _give(self, name: str, peer: _Peer, frame: bytes) -> bool:
        """False when the peer is full. A peer that is gone is forgotten, and its socket removed."""
        try:
            peer.socket.send(frame)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in (errno.ENOBUFS, errno.EINTR):
                return False
            self._forget(name, remove=error.errno == errno.ECONNREFUSED)
        return True

    def _look(self) -> None:
        """Read the directory again when it has changed."""
        status = os.stat(self._directory)
        seen = (status.st_mtime_ns, status.st_ino)
        if seen == self._seen and self._seen_at_ns - status.st_mtime_ns > SETTLE_S * 1e9:
            return
        self._seen, self._seen_at_ns = seen, time.time_ns()
        present = {
            name
            for name in os.listdir(self._directory)
            if name.endswith(".sock") and not name.startswith(".") and name != self._own
        }
        for name in self._peers.keys() - present:
            self._forget(name)
        for name in present - self._peers.keys():
            peer = _Peer(os.path.join(self._directory, name))
            try:
                peer.socket.connect(peer.path)
            except OSError as error:
                peer.socket.close()
                if error.errno == errno.ECONNREFUSED:
                    _remove(peer.path)
            else:
                self._peers[name] = peer

    def _forget(self, name: str, remove: bool = False) -> None:
        peer = self._peers.pop(name)
        peer.waiting.clear()
        peer.socket.close()
        if remove:
            _remove(peer.path)

    def _call_courier(self) -> None:
        if self._thread is None:
            self._wake_out, self._wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            self._thread = threading.Thread(target=self._courier, name="gxsocket courier", daemon=True)
            self._thread.start()
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_in, b"\0")

    def _courier(self) -> None:
        """Pass on what had to wait, as receivers make room."""
        while True:
            with self._lock:
                busy = {peer.socket.fileno(): name for name, peer in self._peers.items() if peer.waiting}
                if self._closed and not busy:
                    return
            poll = select.poll()
            poll.register(self._wake_out, select.POLLIN)
            for descriptor in busy:
                poll.register(descriptor, select.POLLOUT)
            poll.poll()
            with self._lock:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_out, 4096)
                for name in busy.values():
                    peer = self._peers.get(name)
                    while peer is not None and peer.waiting and self._give(name, peer, peer.waiting[0]):
                        if peer.waiting:  # empty when the peer was found to be gone
                            peer.waiting.popleft()

    def close(self) -> int:
        """Stop; the number of frames that could not be passed on any more."""
        with self._lock:
            self._closed = True
        if self._thread is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_in, b"\0")
            self._thread.join(FAREWELL_S)
        with self._lock:
            lost = sum(len(peer.waiting) for peer in self._peers.values())
            for name in list(self._peers):
                self._forget(name)
        if self._thread is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_in, b"\0")
            self._thread.join()
            os.close(self._wake_out)
            os.close(self._wake_in)
        return lost


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
