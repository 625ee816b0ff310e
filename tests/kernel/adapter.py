"""A serial CAN adapter (LAWICEL protocol, slcan) played by a thread on a pty: the kernel makes a CAN controller of it.

What it reports is what a script says: errors, states, bus-off; and it may be slow, or be pulled out.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import threading
import time
import tty
from types import TracebackType
from typing import Final

from tests.kernel import interfaces

N_SLCAN: Final = 17
"""Line discipline (linux/tty.h)."""
SIOCGIFNAME: Final = 0x8910

WARNING: Final = b"sw096000\r"
"""The controller's state with its receive and transmit error counters (drivers/net/can/slcan/slcan-core.c)."""
ERROR_PASSIVE: Final = b"sp128000\r"
ERROR_ACTIVE: Final = b"sa000000\r"
BUS_OFF: Final = b"sb000256\r"
NO_ACK: Final = b"e1a\r"
PROTOCOL_ERRORS: Final = b"e3afo\r"
"""An ACK, a form and a receive overflow error in one report."""


class Adapter:
    """An adapter that is plugged in: the interface `name`, up at `bitrate`. Pulled out at the end of `with`."""

    def __init__(self, name: str = "can0", bitrate: int = 250_000) -> None:
        self.name = name
        self.bitrate = bitrate
        self.commands: list[bytes] = []
        """What the driver told the adapter: `C`, `S5`, `O` ..."""
        self.sent: list[tuple[int, bytes]] = []
        """Extended frames that went out to the wire."""
        self.reading = threading.Event()
        self.reading.set()
        self._ended = False
        self._end = threading.Lock()

    def __enter__(self) -> Adapter:
        self._wire, self._tty = pty.openpty()
        for end in (self._wire, self._tty):
            tty.setraw(end)
        fcntl.ioctl(self._tty, termios.TIOCSETD, struct.pack("i", N_SLCAN))
        request = fcntl.ioctl(self._tty, SIOCGIFNAME, bytes(64))
        given = request[:16].split(b"\0")[0].decode()
        if given != self.name:
            interfaces.rename(given, self.name)
        self._thread = threading.Thread(target=self._serve, name="adapter", daemon=True)
        self._thread.start()
        interfaces.set_bitrate(self.name, self.bitrate)
        interfaces.up(self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Pull it out: the interface goes away."""
        with self._end:
            if self._ended:
                return
            self._ended = True
        self.reading.set()
        self._thread.join(10)
        os.close(self._tty)
        os.close(self._wire)

    def say(self, *lines: bytes) -> None:
        """Report states or errors to the driver."""
        for line in lines:
            os.write(self._wire, line)

    def receive(self, can_id: int, data: bytes) -> None:
        """A frame comes in from the wire."""
        self.say(b"T%08X%d%s\r" % (can_id, len(data), data.hex().upper().encode()))

    def _serve(self) -> None:
        """Read what the driver sends, unless told to be slow; acknowledge nothing, as cheap adapters do."""
        rest = b""
        while not self._ended:
            if not self.reading.is_set():
                time.sleep(0.01)
                continue
            if not select.select([self._wire], [], [], 0.05)[0]:
                continue
            try:
                rest += os.read(self._wire, 4096)
            except OSError:
                return
            *lines, rest = rest.split(b"\r")
            for line in lines:
                if line.startswith(b"T"):
                    length = int(line[9:10])
                    self.sent.append((int(line[1:9], 16), bytes.fromhex(line[10 : 10 + 2 * length].decode())))
                else:
                    self.commands.append(line)
