"""A device on a bus of sockets that says the same again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import can

from gxbridge.edge.can.gxsocket import SocketDirBus


@contextmanager
def speaking(folder: Path, frames: Sequence[tuple[int, bytes]], pause_s: float) -> Iterator[SocketDirBus]:
    """Says all frames, each with its 29-bit id, with a pause between the rounds; yields the bus."""
    bus, end = SocketDirBus(str(folder)), threading.Event()

    def speak() -> None:
        while not end.wait(pause_s):
            for can_id, data in frames:
                bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield bus
    finally:
        end.set()
        thread.join()
        bus.shutdown()
