"""Stand-ins for a SocketCAN socket and a python-can bus, for tests without a CAN kernel."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import can

from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG, ERR_FLAG, SO_RXQ_OVFL

WAIT_S = 10.0


def frame(can_id: int = 0x1CEFFF24, data: bytes = b"\1\2\3\4\5\6\7\x08", flags: int = EFF_FLAG) -> bytes:
    """A struct can_frame as the kernel gives it."""
    return CAN_FRAME.pack(can_id | flags, len(data), data)


def error_frame(kind: int, data: bytes = bytes(8)) -> bytes:
    return frame(kind, data, ERR_FLAG)


class FakeCanSocket:
    """A datagram socket that can also fail and lose frames as AF_CAN does. `inject` is what the wire does."""

    def __init__(self) -> None:
        self.inner, self.wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.errors: list[int] = []
        self.send_error: int | None = None
        self.dropped = 0
        self.flags = 0
        self.options: list[tuple[int, int, int]] = []
        self.refused: set[int] = set()

    def inject(self, *frames: bytes) -> None:
        for item in frames:
            self.wire.send(item)

    def fail(self, code: int) -> None:
        """The next read fails once with this error, and the descriptor wakes its reader, as the kernel does it."""
        self.errors.append(code)
        self.wire.send(b"")

    def fileno(self) -> int:
        return self.inner.fileno()

    def _maybe_fail(self) -> None:
        if self.errors:
            self.inner.recv(16, socket.MSG_DONTWAIT)
            code = self.errors.pop(0)
            raise OSError(code, "as told")

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        self._maybe_fail()
        return self.inner.recv(size, flags)

    def recvmsg(self, size: int, space: int = 0, flags: int = 0, /) -> tuple[bytes, list[Any], int, object]:
        data = self.recv(size, flags)
        ancillary = [(socket.SOL_SOCKET, SO_RXQ_OVFL, self.dropped.to_bytes(4, "little"))] if self.dropped else []
        return data, ancillary, self.flags, None

    def send(self, data: bytes, flags: int = 0, /) -> int:
        if self.send_error is not None:
            raise OSError(self.send_error, "as told")
        return self.inner.send(data, flags)

    def setsockopt(self, level: int, option: int, value: int, /) -> None:
        if option in self.refused:
            raise OSError(1, "not permitted")
        self.options.append((level, option, value))

    def close(self) -> None:
        self.inner.close()
        self.wire.close()


class FakeBus:
    """What `open_bus` returns: a python-can bus by looks."""

    def __init__(self, sock: FakeCanSocket | None = None) -> None:
        self.socket = sock or FakeCanSocket()
        self.shut = 0
        self.sent: list[can.Message] = []

    def send(self, message: can.Message, timeout: float | None = None) -> None:
        self.sent.append(message)

    def shutdown(self) -> None:
        self.shut += 1
        self.socket.close()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds; a test that waits in vain fails here."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.002)

    await asyncio.wait_for(poll(), WAIT_S)
