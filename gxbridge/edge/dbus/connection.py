"""One connection to a D-Bus daemon: authentication, frames in and out, calls and their replies.

The library's own connection ends for good when the socket's buffer is full, which a daemon that pauses for a moment
brings about; this one waits. It writes at once when it can, keeps the rest, and tells its owner when the way is free
again, so that owners can hold changes back and send the last ones only (`congested`, `on_free`).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from gxbridge.core.model.items import printable
from gxbridge.edge.dbus import bodies, wire
from gxbridge.edge.dbus.wire import Incoming

DAEMON: Final = "org.freedesktop.DBus"
DAEMON_PATH: Final = "/org/freedesktop/DBus"

CALL_TIMEOUT_S: Final = 2.0
CONNECT_TIMEOUT_S: Final = 5.0
READ_SIZE: Final = 1 << 17
MAX_WAITING_FRAMES: Final = 2000
"""Frames kept for a daemon that does not read; what comes on top is dropped and counted."""


class BusError(Exception):
    """Something about the bus; the text is for people."""


class BusUnreachable(BusError):
    """No daemon at the address, or it refuses us."""


class BusLost(BusError):
    """The connection ended."""


class CallFailed(BusError):
    """The other side answered with an error."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{text or 'no text'} ({name})")
        self.name = name


class CallTimeout(BusError):
    """No answer in time."""


class MessageCodec(Protocol):
    """What the D-Bus library does for us: any message in, any body out."""

    def decode(self, frame: bytes) -> tuple[Incoming, list[Any]]:
        """A whole frame as header and plain values. Raises wire.WireError."""

    def encode(self, signature: str, body: Sequence[Any]) -> bytes:
        """A body; variants as (signature, value). Raises ValueError."""


class Connection:
    """An open connection. `on_message` gets signals and method calls; `on_lost` is called once, unless `close` was."""

    def __init__(self, sock: socket.socket, codec: MessageCodec) -> None:
        self.unique_name = ""
        self.on_message: Callable[[Incoming], None] | None = None
        self.on_free: Callable[[], None] | None = None
        self.on_lost: Callable[[BusLost], None] | None = None
        self.dropped = 0
        """Frames that found no room, in either direction: waiting too long to go out, or unreadable."""
        self._sock = sock
        self._codec = codec
        self._loop = asyncio.get_running_loop()
        self._serial = 0
        self._calls: dict[int, asyncio.Future[Incoming]] = {}
        self._waiting: deque[bytes] = deque()
        self._received = b""
        self._frames: deque[bytes] = deque()
        self._headers = wire.HeaderReader()
        self._open = True

    async def hello(self) -> None:
        """Authenticates and gets a unique name. Raises BusUnreachable."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._authenticate()
                self._loop.add_reader(self._sock, self._read)
                reply = await self.call(DAEMON, DAEMON_PATH, DAEMON, "Hello", timeout_s=CONNECT_TIMEOUT_S)
                self.unique_name = str(self.body(reply)[0])
        except (OSError, TimeoutError, BusError) as error:
            self.close()
            raise BusUnreachable(str(error) or "no answer in time") from error
        except BaseException:
            self.close()
            raise

    # --- out ----------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent."""
        return self._open

    @property
    def congested(self) -> bool:
        """Whether the daemon does not take what we send; `on_free` tells when it does again."""
        return bool(self._waiting)

    def next_serial(self) -> int:
        """Serial for a frame of ours."""
        self._serial = serial = self._serial % 0xFFFF_FFFF + 1
        return serial

    def send(self, frame: bytes) -> None:
        """Sends a frame now or, if the daemon is slow, later. On a connection that ended it does nothing."""
        if not self._open:
            return
        if self._waiting:
            if len(self._waiting) < MAX_WAITING_FRAMES:
                self._waiting.append(frame)
            else:
                self.dropped += 1
            return
        sent = self._send_now(frame)
        if sent < len(frame) and self._open:
            self._waiting.append(frame[sent:])
            self._loop.add_writer(self._sock, self._write)

    def _send_now(self, frame: bytes) -> int:
        try:
            return self._sock.send(frame)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._lose(error)
            return 0

    def _write(self) -> None:
        waiting = self._waiting
        while waiting:
            sent = self._send_now(waiting[0])
            if not self._open:
                return
            if sent < len(waiting[0]):
                waiting[0] = waiting[0][sent:]
                return
            waiting.popleft()
        self._loop.remove_writer(self._sock)
        if self.on_free is not None:
            self.on_free()

    async def call(
        self,
        destination: str,
        path: str,
        interface: str | None,
        member: str,
        signature: str = "",
        body: bytes = b"",
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Incoming:
        """Calls a method and returns the reply. Raises CallFailed, CallTimeout, BusLost."""
        if not self._open:
            raise BusLost("the connection is closed")
        serial = self.next_serial()
        answer = self._calls[serial] = self._loop.create_future()
        self.send(wire.call(serial, destination, path, interface, member, signature, body))
        try:
            async with asyncio.timeout(timeout_s):
                reply: Incoming = await answer
        except TimeoutError:
            raise CallTimeout(f"{destination} did not answer {member} on {path} within {timeout_s:g} s") from None
        finally:
            self._calls.pop(serial, None)
        if reply.kind == wire.ERROR:
            texts = self.body(reply)
            raise CallFailed(reply.header.error_name or "", printable(str(texts[0])) if texts else "")
        return reply

    def encode(self, signature: str, body: Sequence[Any]) -> bytes:
        """A body by the library; variants as (signature, value). Raises ValueError."""
        return self._codec.encode(signature, body)

    def body(self, message: Incoming) -> list[Any]:
        """A message's arguments as plain values, by the library where they are not simple. Raises wire.WireError."""
        simple = bodies.simple_body(message.header.signature, message.frame, message.at)
        if simple is not None:
            return simple
        return self._codec.decode(message.frame)[1]

    def answer(self, question: Incoming, signature: str = "", body: bytes = b"") -> None:
        """Replies to a method call, unless the caller wants none."""
        if not question.flags & wire.NO_REPLY:
            self.send(wire.answer(self.next_serial(), question, signature, body))

    def refuse(self, question: Incoming, error: str, text: str) -> None:
        """Answers a method call with a D-Bus error (`UnknownObject`), unless the caller wants no answer."""
        if not question.flags & wire.NO_REPLY:
            self.send(wire.refusal(self.next_serial(), question, f"org.freedesktop.DBus.Error.{error}", text))

    # --- in -----------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if not data:
            self._lose(None)
            return
        if self._received:
            data = self._received + data
        at = 0
        try:
            while length := wire.frame_length(data, at):
                if at + length > len(data):
                    break
                self._frames.append(data[at : at + length])
                at += length
        except wire.WireError as error:
            self._lose(error)
            return
        self._received = data[at:]
        self._handle_frames()

    def _handle_frames(self) -> None:
        frames = self._frames
        try:
            while frames and self._open:
                self._handle(frames.popleft())
        finally:
            if frames and self._open:  # a handler raised: let the loop report it, and lose nothing that came after
                self._loop.call_soon(self._handle_frames)

    def _handle(self, frame: bytes) -> None:
        message = self._headers.read(frame)
        if message is None:
            try:
                message, _ = self._codec.decode(frame)
            except wire.WireError:
                self.dropped += 1
                return
        if message.kind in (wire.RETURN, wire.ERROR):
            answer = self._calls.get(message.reply_serial)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif self.on_message is not None:
            self.on_message(message)

    # --- beginning and end --------------------------------------------------------------------------------------------

    async def _authenticate(self) -> None:
        who = str(os.getuid()).encode().hex()
        await self._loop.sock_sendall(self._sock, f"\0AUTH EXTERNAL {who}\r\n".encode())
        answer = await self._line()
        if not answer.startswith("OK") and "ANONYMOUS" in answer:
            await self._loop.sock_sendall(self._sock, b"AUTH ANONYMOUS\r\n")
            answer = await self._line()
        if not answer.startswith("OK"):
            raise BusUnreachable(f"the bus refuses user id {os.getuid()}: {answer!r}")
        await self._loop.sock_sendall(self._sock, b"BEGIN\r\n")

    async def _line(self) -> str:
        data = b""
        while not data.endswith(b"\r\n"):
            got = await self._loop.sock_recv(self._sock, 256)
            if not got:
                raise BusUnreachable("the bus closed the connection")
            data += got
        return data.decode("ascii", "replace").strip()

    def close(self) -> None:
        """Ends the connection; the daemon takes our names away at once. Calls under way raise BusLost."""
        self._end(BusLost("the connection was closed"))

    def lose(self, why: str) -> None:
        """Ends a connection that is of no use any more, as if the daemon had ended it."""
        self._lose(BusLost(why))

    def _lose(self, error: Exception | None) -> None:
        lost = BusLost(f"the connection to the bus ended: {error or 'closed by the daemon'}")
        on_lost = self.on_lost
        self._end(lost)
        if on_lost is not None:
            on_lost(lost)

    def _end(self, reason: BusLost) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        self._waiting.clear()
        self._frames.clear()
        self.on_message = self.on_free = self.on_lost = None
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(reason)
        self._calls.clear()
