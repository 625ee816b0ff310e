"""Lynxes that talk on a `gxsocket` bus, and an ear that hears what else is said there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import can

from gxbridge.core.nmea2000.encode import vreg_frames
from gxbridge.core.nmea2000.vreg import payload
from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.core.lynx_frames import CLAIM_ID, DC_STATUS, DC_STATUS_ID, LYNX, REGISTERS, STATUS, STATUS_ID, name_of

REPEAT_S = 0.5

NG_ONLY = (0x0312, 0x0313, 0x0380, 0x0384, 0x0385, 0x0386, 0xEA15)
"""Registers behind the paths that only the recorded NG services have a value for."""
STATUS_WITHOUT_TEMPERATURE = STATUS[:5] + b"\xff\xff" + STATUS[7:]

COMMON = {
    **REGISTERS,
    0x0102: "00 FF 13 01",
    0x0390: "B4 0A 00 00",
    0x0391: "40 1F 00 00",
    0x0392: "70 08 00 00",
    0x0393: "E0 2E 00 00",
    0x2100: "00 00 00 06",
    0x2107: "55 55 01 00",
    0x2112: "F8 A7 7F 67",
    0x2113: "54 A6 7F 67",
    0x2114: "EC A4 7F 67",
}
"""What the recorded services show: 27.40 V, 800 A, 21.60 V, 1200 A; all alarms supported and quiet; flags: charge and
discharge allowed, not balancing."""
LYNX_500 = {register: value for register, value in COMMON.items() if register not in NG_ONLY}
LYNX_NG = {**COMMON, 0x0100: "00 E7 A3 00", 0x0313: "00 00"}
"""The lowest temperature was never measured: 0 K."""

Frame = tuple[int, bytes]


class Lynx:
    """One BMS: `said` is repeated twice a second, claim included; change it with `say`, end it with `quiet`."""

    def __init__(
        self,
        unique_number: int = 167120,
        serial: str = "HQ21302VUDQ",
        registers: dict[int, str] | None = None,
        source: int = LYNX,
        status: bytes = STATUS_WITHOUT_TEMPERATURE,
    ) -> None:
        self.source = source
        self.name = name_of(unique_number)
        self.said = dict(LYNX_500 if registers is None else registers)
        self.said[0x010A] = (serial.encode() + b"\0").hex()
        self.status = status
        self.quiet = False
        self.once: list[Frame] = []
        """Frames that go out with the next repetition, once."""

    def frames(self) -> list[Frame]:
        frames: list[Frame] = [(CLAIM_ID | self.source, self.name.payload)]
        for register, value in list(self.said.items()):
            frames += vreg_frames(payload(register, bytes.fromhex(value)), self.source)
        frames.append((STATUS_ID | self.source, self.status))
        return frames + [(DC_STATUS_ID | self.source, data) for data in DC_STATUS]


class Wire:
    """The bus in a directory. In `with`, its Lynxes talk and `heard` fills with the frames of everybody else."""

    def __init__(self, directory: Path, *lynxes: Lynx) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self.lynxes = list(lynxes)
        self.heard: list[Frame] = []
        self._bus = SocketDirBus(str(directory))
        self._end = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._talk, self._listen)]

    def __enter__(self) -> Wire:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(5.0)
        self._bus.shutdown()

    def say(self, lynx: Lynx, *registers: int, **changes: str) -> None:
        """New values (`x2102="12"`) now and from now on; `registers` are said again as they are."""
        lynx.said.update({int(name[1:], 16): value for name, value in changes.items()})
        for register in (*registers, *(int(name[1:], 16) for name in changes)):
            self.send(*vreg_frames(payload(register, bytes.fromhex(lynx.said[register])), lynx.source))

    def send(self, *frames: Frame) -> None:
        for can_id, data in frames:
            with contextlib.suppress(can.CanError, OSError):
                self._bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

    def _talk(self) -> None:
        while not self._end.wait(REPEAT_S):
            for lynx in self.lynxes:
                if not lynx.quiet:
                    self.send(*lynx.frames())

    def _listen(self) -> None:
        while not self._end.is_set():
            message = self._bus.recv(0.1)
            if message is not None:
                self.heard.append((message.arbitration_id, bytes(message.data)))


SINGLE, FAST, CLAIM, ISO_REQUEST = 0x0EF, 0x1EF, 0x0EE, 0x0EA
REQUEST = 0x0001
"""The register number by which another register is asked for."""


def kind_of(can_id: int) -> int:
    """Data page and PDU format of an addressed frame."""
    return can_id >> 16 & 0x1FF


def payloads(frames: list[Frame]) -> Iterator[tuple[bytes, int]]:
    """(payload, destination) of each register message, short or of several frames."""
    parts: dict[int, tuple[int, bytes]] = {}
    for can_id, data in frames:
        destination = can_id >> 8 & 0xFF
        if kind_of(can_id) == SINGLE:
            yield data, destination
        elif kind_of(can_id) == FAST:
            sequence, number = data[0] >> 5, data[0] & 0x1F
            length, start = parts.get(sequence, (0, b""))
            length, start = (data[1], data[2:]) if number == 0 else (length, start + data[1:])
            parts[sequence] = length, start
            if len(start) >= length:
                yield start[:length], destination


def written(frames: list[Frame]) -> list[tuple[int, bytes, int]]:
    """(register, value bytes, destination) of every register write among frames; requests are none."""
    return [
        (int.from_bytes(payload[2:4], "little"), payload[4:], destination)
        for payload, destination in payloads(frames)
        if payload[:2] == b"\x66\x99" and payload[2:4] != REQUEST.to_bytes(2, "little")
    ]
