"""One simulated device: what it sends when, and what it answers. Frames and moments in, frames out; see tests/port."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gxbridge.demo.sim import wire
from gxbridge.demo.sim.wire import SimFrame

CLAIM_WAIT_S = 0.25
CLAIM_REPEAT_S = 60.0
GROUP_S = 1.5
REGISTER_S = 5.0
LINK_TIMEOUT_S = 60.0

VSET, VSENSE, TSENSE, BATTERY_CURRENT, MODE, STATUS = 0x2001, 0x2002, 0x2003, 0x200A, 0x200E, 0x200F
CHARGE_LIMIT, OLD_VSET, DISCHARGE_LIMIT, EXTRA_CURRENT = 0x2015, 0x2016, 0x2017, 0x201C
LINK = {
    VSET: "<H", VSENSE: "<H", TSENSE: "<h", BATTERY_CURRENT: "<i", MODE: "<B", CHARGE_LIMIT: "<H", OLD_VSET: "<H",
    DISCHARGE_LIMIT: "<H", EXTRA_CURRENT: "<i",
}  # fmt: skip
"""LINK register -> how its number is packed."""
BROADCAST_LINK = (VSET, VSENSE, TSENSE, BATTERY_CURRENT, MODE, EXTRA_CURRENT)
NOT_AVAILABLE = {"<H": 0xFFFF, "<h": 0x7FFF, "<i": 0x7FFFFFFF, "<B": 0}
"""After the time-out. Of the mode: no bit is set any more."""
STAND_ALONE, USES_CURRENT, USES_TEMPERATURE, USES_VOLTAGE = 4, 0x20, 0x40, 0x80
REMOTE_BMS, CONTROLLED = 0x08, 0x06
"""Bits of the mode: a BMS is there; charge algorithm or set-points come from outside."""

DEVICE_STATE, ERROR_CODE, BMS_PRESENT, DC_CURRENT = 0x0201, 0xEDDA, 0xEDE8, 0xED8F
OFF, FAULT, BULK, EXTERNAL = 0, 2, 3, 252
BMS_LOST = 67

OK, UNKNOWN_REQUEST, UNKNOWN_COMMAND, INVALID = 0x0000, 0x8000, 0x8100, 0x8300
DISPLAY_CLASS = 120
CONFIGURATION = 126998
GROUP_FUNCTION = 126208
COMMAND, ACKNOWLEDGE = 1, 2
INSTANCE_LOWER, INSTANCE_UPPER = 3, 4
"""Fields of the address claim by their numbers, as 126208 names them."""
INVALID_PARAMETER = 0x33
"""Error 3 for each of two parameters: it cannot be changed."""


def name_of(
    unique: int, function: int, device_class: int, manufacturer: int = 358, instance: int = 0, system: int = 0
) -> int:
    """A NAME by its bits: industry group marine, arbitrary address capable."""
    low = unique & 0x1FFFFF | manufacturer << 21 | instance << 32
    return low | function << 40 | device_class << 49 | system << 56 | 4 << 60 | 1 << 63


def instance_of(name: int) -> int:
    return name >> 32 & 0xFF


def class_of(name: int) -> int:
    return name >> 49 & 0x7F


@dataclass(frozen=True)
class Device:
    """What a device is and says at first. `groups`: (PGN, payload) sent every 1.5 s; payloads of more than 8 bytes, or
    of a PGN in `fast`, as fast packet."""

    name: int
    address: int
    code: int
    texts: tuple[str, str, str, str]
    """126996: model, software version, model version, serial."""
    registers: Mapping[int, bytes] = field(default_factory=dict)
    live: frozenset[int] = frozenset()
    """Registers that are said every 5 s; the others on change and on request."""
    groups: tuple[tuple[int, bytes], ...] = ()
    fast: frozenset[int] = frozenset()
    writable: Mapping[int, tuple[str, int, int]] = field(default_factory=dict)
    """Setting -> how it is packed, lowest and highest number."""
    link: frozenset[int] = frozenset()
    """LINK registers it takes when they are written to it or, of `BROADCAST_LINK`, said to everybody."""
    obeys_everybody: bool = False
    """Takes all its LINK registers from broadcasts, of the first sender that it hears, and no addressed ones."""
    description: str = ""


class SimNode:
    """A device that lives. Its LINK values expire after `timeout_s`."""

    def __init__(self, device: Device, now: float, timeout_s: float = LINK_TIMEOUT_S) -> None:
        self.device = device
        self.name = device.name
        self.address = device.address
        self.registers = dict(device.registers)
        self.source_a = 0.0
        """What its sun, engine or mains could give."""
        self.told: dict[int, tuple[int, float]] = {}
        self.heard: list[tuple[int, bytes, int, int, str]] = []
        self.lose_acks = self.lose_writes = 0
        self.refusals: dict[int, int] = {}
        self.master: int | None = None
        self._quiet = False
        self._timeout_s = timeout_s
        self._names: dict[int, int] = {}
        self._parts: dict[tuple[int, int, int], bytearray] = {}
        self._sequence = self._sid = 0
        self._out: list[SimFrame] = []
        self._usable_at = self._claim_at = self._groups_at = self._registers_at = now
        self._announce(now)

    # --- orders ------------------------------------------------------------------------------------------------------

    def set(self, registers: Mapping[int, bytes]) -> None:
        """New values, said at once."""
        for register, value in registers.items():
            self.registers[register] = value
            self._say(register)

    def quiet(self, quiet: bool, now: float) -> None:
        """The cable is out, or in again."""
        self._quiet = quiet
        self._out.clear()
        if not quiet:
            self._announce(now)

    def move(self, address: int, now: float) -> None:
        self.address = address
        self._announce(now)

    def instance(self, instance: int, now: float) -> None:
        """Its N2K device instance becomes another: the same device, under another NAME."""
        self.name = self.name & ~(0xFF << 32) | instance << 32
        self._claim(now)

    def announce(self, now: float) -> None:
        self._announce(now)

    # --- the bus -----------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[SimFrame]:
        """What is due."""
        self._expire(now)
        if now >= self._claim_at:
            self._claim(now)
        if now >= self._usable_at:
            if now >= self._groups_at:
                self._groups_at = now + GROUP_S
                self._sid = (self._sid + 1) % 250
                for pgn, payload in self._groups():
                    self._group(pgn, payload)
            if now >= self._registers_at:
                self._registers_at = now + REGISTER_S
                for register in sorted(self.device.live & self.registers.keys()):
                    self._say(register)
        return self._taken()

    def hear(self, can_id: int, data: bytes, now: float) -> list[SimFrame]:
        """A frame of somebody else, and the answer to it."""
        if self._quiet:
            return []
        pgn, source, destination = wire.split(can_id)
        if pgn == wire.ADDRESS_CLAIM and len(data) == 8:
            self._claimed(source, struct.unpack("<Q", data)[0], now)
        elif destination in (self.address, wire.EVERYBODY):
            if pgn == wire.ISO_REQUEST and len(data) >= 3:
                self._requested(source, destination, int.from_bytes(data[:3], "little"), now)
            elif pgn == wire.VREG_SINGLE and data[:2] == wire.HEADER:
                self._vreg(source, destination, data, now)
            elif pgn in (wire.VREG_FAST, GROUP_FUNCTION):
                payload = self._joined(pgn, source, destination, data)
                if payload is not None and pgn == GROUP_FUNCTION:
                    self._commanded(source, payload, now)
                elif payload is not None and payload[:2] == wire.HEADER:
                    self._vreg(source, destination, payload, now)
        return self._taken()

    def _claimed(self, source: int, name: int, now: float) -> None:
        if name == self.name:
            return
        self._names[source] = name
        if source != self.address:
            return
        if name < self.name:
            self.address = (source + 1) % 252
            self._announce(now)
        else:
            self._claim(now)

    def _requested(self, source: int, destination: int, pgn: int, now: float) -> None:
        if pgn == wire.ADDRESS_CLAIM:
            self._claim(now)
        elif pgn == wire.PRODUCT_INFO:
            self._out += wire.product_info(self.address, self._count(), self.device.code, self.device.texts)
        elif pgn == CONFIGURATION and self.device.description:
            self._group(CONFIGURATION, b"".join(map(_lau, (self.device.description, "", ""))), fast=True)
        elif (own := dict(self._groups()).get(pgn)) is not None:
            self._group(pgn, own)
        elif destination == self.address:
            self._out.append(wire.no_such_group(self.address, source, pgn))

    def _commanded(self, source: int, payload: bytes, now: float) -> None:
        """126208, function 1: fields of our claim are to be other ones; of these, the device instance may be."""
        function, pgn, pairs = payload[0], int.from_bytes(payload[1:4], "little"), payload[6:]
        if function != COMMAND or pgn != wire.ADDRESS_CLAIM:
            return
        wanted = dict(zip(pairs[0::2], pairs[1::2], strict=False))
        known = wanted.keys() <= {INSTANCE_LOWER, INSTANCE_UPPER}
        if known:
            instance = instance_of(self.name)
            lower, upper = wanted.get(INSTANCE_LOWER, instance & 7), wanted.get(INSTANCE_UPPER, instance >> 3)
            self.instance(lower & 7 | upper << 3, now)
        errors = bytes([0 if known else INVALID_PARAMETER]) * ((len(wanted) + 1) // 2)
        answer = bytes([ACKNOWLEDGE]) + payload[1:4] + bytes([0, len(wanted)]) + errors
        self._out += wire.fast_packet(wire.identifier(3, GROUP_FUNCTION, self.address, source), self._count(), answer)

    def _vreg(self, source: int, destination: int, payload: bytes, now: float) -> None:
        register, value = struct.unpack_from("<H", payload, 2)[0], payload[4:]
        if register == wire.VREG_REQUEST:
            wanted, mask = struct.unpack_from("<HH", payload, 4)
            found = [known for known in sorted(self.registers) if known & mask == wanted]
            for known in found:
                self._say(known)
            if not found and destination == self.address:
                self._refuse(source, wanted, UNKNOWN_REQUEST)
        elif register == wire.VREG_ACK:
            return
        elif destination == wire.EVERYBODY:
            if register in self.device.link:
                became = self._broadcast(register, value, source, now)
                self.heard.append((register, value, source, destination, became))
        elif self.lose_writes:
            self.lose_writes -= 1
            self.heard.append((register, value, source, destination, "lost"))
        else:
            code = self._written(register, value, now)
            self.heard.append((register, value, source, destination, "taken" if code == OK else f"0x{code:04X}"))
            if self.lose_acks:
                self.lose_acks -= 1
            elif code == OK:
                self._say(register)
            else:
                self._refuse(source, register, code)

    def _broadcast(self, register: int, value: bytes, source: int, now: float) -> str:
        name = self._names.get(source)
        if name is None:
            request = wire.identifier(6, wire.ISO_REQUEST, self.address, source)
            self._out.append((request, wire.ADDRESS_CLAIM.to_bytes(3, "little")))
            return "unknown sender"
        if class_of(name) != DISPLAY_CLASS:
            return "no master"
        if instance_of(name) != instance_of(self.name):
            return "other instance"
        if self.device.obeys_everybody:
            self.master = source if self.master is None else self.master
            if source != self.master:
                return "locked to another"
        elif register not in BROADCAST_LINK:
            return "not addressed"
        return "taken" if self._take(register, value, now) else "invalid"

    def _written(self, register: int, value: bytes, now: float) -> int:
        if register in self.refusals:
            return self.refusals[register]
        if register in self.device.link and not self.device.obeys_everybody:
            return OK if self._take(register, value, now) else INVALID
        if register not in self.device.writable:
            return UNKNOWN_COMMAND
        packed, lowest, highest = self.device.writable[register]
        if packed == "text":
            self.registers[register] = value.rstrip(b"\xff")
            return OK
        size = struct.calcsize(packed)
        if len(value) < size or not lowest <= struct.unpack_from(packed, value)[0] <= highest:
            return INVALID
        self.registers[register] = value[:size]
        return OK

    def _take(self, register: int, value: bytes, now: float) -> bool:
        packed = LINK[register]
        size = struct.calcsize(packed)
        if len(value) < size:
            return False
        number = struct.unpack_from(packed, value)[0]
        if packed != "<B" and number == NOT_AVAILABLE[packed]:
            return False
        self.told[register] = number, now
        self.registers[register] = value[:size]
        if register == MODE and number & REMOTE_BMS:
            self._show(BMS_PRESENT, b"\x01")
        self._follow()
        return True

    # --- what a charger makes of it ----------------------------------------------------------------------------------

    @property
    def current_a(self) -> float:
        """What it makes now: its source and its own limit bound it, and what it is told."""
        if self.registers.get(ERROR_CODE, b"\0")[0]:
            return 0.0
        limit = self.told.get(CHARGE_LIMIT)
        return self.source_a if limit is None else min(self.source_a, limit[0] / 10)

    def _follow(self) -> None:
        if DEVICE_STATE not in self.registers or not self.device.link:
            return
        controlled = self.told.get(MODE, (0, 0.0))[0] & CONTROLLED
        uses = {VSENSE: USES_VOLTAGE, TSENSE: USES_TEMPERATURE, BATTERY_CURRENT: USES_CURRENT}
        status = sum(bit for register, bit in uses.items() if register in self.told)
        self._show(STATUS, bytes([status if controlled else STAND_ALONE]))
        if controlled:
            self._show(ERROR_CODE, b"\0")
        own = self.device.registers[DEVICE_STATE][0]
        if self.registers.get(ERROR_CODE, b"\0")[0] == BMS_LOST:
            state = FAULT
        elif controlled and (self.source_a > 0 or own != OFF):
            state = EXTERNAL
        else:
            state = BULK if self.source_a > 0 else own
        self._show(DEVICE_STATE, bytes([state]))
        self._show(DC_CURRENT, struct.pack("<h", round(self.current_a * 10)))

    def _expire(self, now: float) -> None:
        gone = [register for register, (_, at) in self.told.items() if now - at >= self._timeout_s]
        lost_bms = MODE in gone and self.told[MODE][0] & REMOTE_BMS
        for register in gone:
            del self.told[register]
            self._show(register, struct.pack(LINK[register], NOT_AVAILABLE[LINK[register]]))
        if lost_bms:
            self._show(ERROR_CODE, bytes([BMS_LOST]))
        self._follow()

    def _show(self, register: int, value: bytes) -> None:
        """On change; only what the device has."""
        if register in self.registers and self.registers[register] != value:
            self.registers[register] = value
            self._say(register)

    # --- frames ------------------------------------------------------------------------------------------------------

    def _groups(self) -> Iterator[tuple[int, bytes]]:
        """The groups as they are now: of a charger, the first 127508 shows what it makes."""
        first = True
        for pgn, payload in self.device.groups:
            if pgn == wire.BATTERY_STATUS and first and self.device.link and self.source_a:
                payload = payload[:3] + struct.pack("<h", round(self.current_a * 10)) + payload[5:]
            first = first and pgn != wire.BATTERY_STATUS
            yield pgn, payload

    def _announce(self, now: float) -> None:
        self._claim(now)
        self._usable_at = self._groups_at = self._registers_at = now + CLAIM_WAIT_S
        self._out += wire.product_info(self.address, self._count(), self.device.code, self.device.texts)
        for register in sorted(self.registers):
            self._say(register)

    def _claim(self, now: float) -> None:
        self._claim_at = now + CLAIM_REPEAT_S
        self._out.append(wire.claim(self.address, self.name))

    def _say(self, register: int) -> None:
        self._out += wire.vreg(self.address, self._count(), register, self.registers[register])

    def _refuse(self, to: int, register: int, code: int) -> None:
        data = wire.HEADER + struct.pack("<HHH", wire.VREG_ACK, register, code)
        self._out.append((wire.identifier(7, wire.VREG_SINGLE, self.address, to), data))

    def _group(self, pgn: int, payload: bytes, *, fast: bool = False) -> None:
        can_id = wire.identifier(6, pgn, self.address)
        if fast or pgn in self.device.fast or len(payload) > 8:
            self._out += wire.fast_packet(can_id, self._count(), payload)
        else:
            self._out.append((can_id, payload))

    def _count(self) -> int:
        self._sequence = (self._sequence + 1) % 8
        return self._sequence

    def _taken(self) -> list[SimFrame]:
        out, self._out = self._out, []
        return [] if self._quiet else out

    def _joined(self, pgn: int, source: int, destination: int, data: bytes) -> bytes | None:
        """The payload of a fast packet once its last frame is there."""
        key = pgn, source, destination
        if not data or data[0] & 0x1F == 0:
            self._parts[key] = bytearray(data)
        elif key in self._parts:
            self._parts[key] += data[1:]
        part = self._parts.get(key, b"")
        if len(part) < 2 or len(part) - 2 < part[1]:
            return None
        return bytes(part[2 : 2 + part[1]])


def _lau(text: str) -> bytes:
    return bytes([len(text) + 2, 1]) + text.encode()


def exchange(nodes: Iterable[SimNode], frames: Iterable[SimFrame], now: float) -> list[SimFrame]:
    """All frames of a bus when somebody else says these and what is due is said too: theirs, the nodes', and the nodes'
    answers to all that."""
    among = tuple(nodes)
    said = [(None, frame) for frame in frames] + [(node, frame) for node in among for frame in node.tick(now)]
    for speaker, (can_id, data) in said:  # grows while it is read
        said += [(node, frame) for node in among if node is not speaker for frame in node.hear(can_id, data, now)]
    return [frame for _, frame in said]
