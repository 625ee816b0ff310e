"""A Lynx Smart BMS on a directory bus: a thread that says everything again and again, and obeys a test."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import can

from gxbridge.edge.can.gxsocket import CAN_FRAME, EFF_FLAG, SocketDirBus
from tests.core import boat
from tests.core.boat import NAME, RUNNING

REPEAT_S = 0.5
"""A real one repeats more slowly; a test has no patience."""


class Lynx:
    """Speaks in `with`. `say(ccl=0)` is said at once and from then on; the names are those of tests/core/boat.py."""

    def __init__(self, wire: Path, *, name: bytes = NAME, address: int = 0x29, speaking: bool = True) -> None:
        self.wire = wire
        self.name = name
        self.address = address
        self.said = dict(RUNNING)
        self.speaking = speaking
        self.claims = True
        """False: it repeats everything but its claim."""
        self.limits = True
        """False: only the claim and measurements, as a BMS that has just started."""
        self.sent = 0
        self._bus: SocketDirBus | None = None
        self._stop = threading.Event()
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._speak, name="lynx", daemon=True)

    def __enter__(self) -> Lynx:
        self.plug()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._bus is not None:
            self._bus.shutdown()

    def plug(self) -> None:
        """Join the bus, again if need be: after its directory was made anew."""
        with self._lock:
            if self._bus is not None:
                self._bus.shutdown()
            self._bus = SocketDirBus(str(self.wire))
            os.unlink(self._bus.path)  # it only speaks: nobody needs to keep frames for it

    def send(self, *frames: tuple[int, bytes]) -> None:
        """Send extended data frames now."""
        self.send_raw(*(CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data) for can_id, data in frames))

    def send_raw(self, *frames: bytes) -> None:
        """Send anything as it is."""
        with self._lock, contextlib.suppress(can.CanError):
            assert self._bus is not None
            for frame in frames:
                self._bus.send_frame(frame)
                self.sent += 1

    def say(self, **changes: int) -> None:
        registers = {getattr(boat, name.upper()): raw for name, raw in changes.items()}
        self.said |= registers
        self.send(*(boat.vreg(register, raw, self.address) for register, raw in registers.items()))

    def claim(self) -> None:
        self.send(boat.claim(self.address, self.name))

    def everything(self) -> list[tuple[int, bytes]]:
        frames = [boat.claim(self.address, self.name)] if self.claims else []
        frames.append(boat.status(source=self.address))
        if self.limits:
            frames += [boat.vreg(register, raw, self.address) for register, raw in self.said.items()]
        return frames

    def _speak(self) -> None:
        while not self._stop.is_set():
            if self.speaking:
                self.send(*self.everything())
            self._stop.wait(REPEAT_S)
