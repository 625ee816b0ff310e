"""A made-up but lifelike VE.Can log for the benchmarks, in `candump -l` form: `python -m benchmarks.genlog OUT.log`.

Shares of frames: registers 44 %, 127506 (fast packet, two frames) 20 %, 127508 14 %, 127751 10 %, 127501 6 %,
126993 4 %, 60928 2 %. Twelve senders; values wander in whole raw steps, so that about a third of the payloads repeat;
3 % of the optional values are "not available"; one fast packet in fifty loses its second frame; other senders'
frames come between the two halves. The same seed gives the same log.
"""

from __future__ import annotations

import argparse
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import pack

Row = tuple[float, int, bytes]

FRAMES = 200_000
RATE_PER_S = 900.0
START_S = 1_700_000_000.0
SENDERS = (0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x30, 0x31, 0x40, 0xE3)
NOT_AVAILABLE = 0.03
LOST = 0.02
CHANGES = 0.6
"""Share of the readings in which a wandering value moves at all."""

# register, struct letter, first raw value, step, least, most: what chargers and a battery monitor send.
REGISTERS: tuple[tuple[int, str, int, int, int, int], ...] = (
    (0xEDD5, "H", 5240, 2, 4000, 6000),
    (0xEDD7, "H", 312, 3, 0, 1000),
    (0xEDBB, "H", 9800, 25, 0, 15000),
    (0xEDBC, "I", 180_000, 900, 0, 600_000),
    (0xEDBD, "H", 120, 3, 0, 700),
    (0xEDDB, "h", 3120, 4, -1000, 9000),
    (0xEDD3, "I", 210, 0, 0, 0),
    (0xEDD2, "I", 1450, 0, 0, 0),
    (0x0201, "B", 3, 0, 0, 0),
    (0x0200, "B", 1, 0, 0, 0),
    (0xEDDA, "B", 0, 0, 0, 0),
    (0xEDF0, "H", 850, 0, 0, 0),
    (0xEDF7, "H", 5640, 0, 0, 0),
    (0xEDF6, "H", 5400, 0, 0, 0),
    (0x0FFF, "H", 7850, 1, 0, 10_000),
    (0x0FFE, "H", 640, 1, 0, 14_400),
    (0x2002, "H", 5236, 2, 4000, 6000),
    (0x201C, "i", -2800, 90, -400_000, 400_000),
    (0x0382, "H", 2618, 1, 0, 6000),
    (0xEDEC, "H", 29530, 2, 20_000, 40_000),
    (0x0371, "B", 9, 0, 0, 0),
)
MISSING = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF, "h": 0x7FFF, "i": 0x7FFFFFFF}


@dataclass(slots=True)
class Wanderer:
    """A raw value that moves by at most `step` at a time."""

    value: int
    step: int
    least: int
    most: int

    def move(self, chance: random.Random) -> int:
        if self.step and chance.random() < CHANGES:
            moved = self.value + chance.randint(-self.step, self.step)
            self.value = max(self.least, min(self.most, moved))
        return self.value


class Sender:
    """One node and everything it has to say."""

    def __init__(self, address: int, chance: random.Random) -> None:
        self.address = address
        self._chance = chance
        self._counters: dict[str, int] = {}
        self._registers = [Wanderer(*row[2:]) for row in REGISTERS]
        self._volt = Wanderer(5240, 2, 4000, 6000)
        self._ampere = Wanderer(312, 3, -3000, 3000)
        self._kelvin = Wanderer(29615, 1, 25_000, 33_000)
        self._charge = Wanderer(78, 1, 0, 100)
        self._minutes = Wanderer(640, 1, 0, 65_000)
        self._panel_volt = Wanderer(980, 3, 0, 1500)
        self._panel_ampere = Wanderer(1200, 30, -100_000, 100_000)
        self._switches = chance.getrandbits(24)
        name = chance.getrandbits(21) | 358 << 21 | chance.randrange(8) << 32
        self._name = name | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63

    def _count(self, what: str, modulo: int) -> int:
        self._counters[what] = (self._counters.get(what, -1) + 1) % modulo
        return self._counters[what]

    def _known(self, value: int, missing: int) -> int:
        return missing if self._chance.random() < NOT_AVAILABLE else value

    def register(self) -> list[tuple[int, bytes]]:
        which = self._chance.randrange(len(REGISTERS))
        number, letter = REGISTERS[which][:2]
        value = self._known(self._registers[which].move(self._chance), MISSING[letter])
        return [(0x1CEFFF00, pack("<HH", 0x9966, number) + pack(f"<{letter}", value).ljust(4, b"\xff"))]

    def battery_status(self) -> list[tuple[int, bytes]]:
        volt = self._known(self._volt.move(self._chance), 0x7FFF)
        ampere = self._known(self._ampere.move(self._chance), 0x7FFF)
        kelvin = self._known(self._kelvin.move(self._chance), 0xFFFF)
        return [(0x19F21400, pack("<BhhHB", self.address & 15, volt, ampere, kelvin, self._count("sid", 253)))]

    def dc_status(self) -> list[tuple[int, bytes]]:
        charge = self._known(self._charge.move(self._chance), 0xFF)
        health = self._known(99, 0xFF)
        minutes = self._known(self._minutes.move(self._chance), 0xFFFF)
        sid = self._count("sid", 253)
        body = pack("<BBBBBHHH", sid, self.address & 15, 0, charge, health, minutes, 0xFFFF, 200)
        head = self._count("sequence", 8) << 5
        first = (0x19F21200, bytes((head, len(body))) + body[:6])
        second = (0x19F21200, bytes((head | 1,)) + body[6:] + b"\xff\xff")
        return [first] if self._chance.random() < LOST else [first, second]

    def dc_voltage_current(self) -> list[tuple[int, bytes]]:
        volt = self._known(self._panel_volt.move(self._chance), 0xFFFF)
        ampere = self._known(self._panel_ampere.move(self._chance), 0x7FFFFF)
        data = pack("<BBH", self._count("sid", 253), self.address & 15, volt)
        return [(0x19F30700, data + ampere.to_bytes(3, "little", signed=True) + b"\xff")]

    def switch_bank(self) -> list[tuple[int, bytes]]:
        if self._chance.random() < 0.2:
            self._switches ^= 1 << self._chance.randrange(24)
        bits = sum((self._switches >> n & 1 if n < 24 else 3) << 2 * n for n in range(28))
        return [(0x0DF20D00, bytes((self.address & 15,)) + bits.to_bytes(7, "little"))]

    def heartbeat(self) -> list[tuple[int, bytes]]:
        return [(0x1DF01100, pack("<HB", 60_000, self._count("heartbeat", 253)) + b"\xff" * 5)]

    def claim(self) -> list[tuple[int, bytes]]:
        return [(0x18EEFF00, self._name.to_bytes(8, "little"))]


KINDS: dict[Callable[[Sender], list[tuple[int, bytes]]], float] = {
    Sender.register: 44,
    Sender.battery_status: 14,
    Sender.dc_status: 10,
    Sender.dc_voltage_current: 10,
    Sender.switch_bank: 6,
    Sender.heartbeat: 4,
    Sender.claim: 2,
}
"""Share of each message; 127506 has two frames."""


def generate(frames: int = FRAMES, seed: int = 1) -> Iterator[Row]:
    """Rows (seconds, identifier, data) in the order of time."""
    chance = random.Random(seed)
    senders = [Sender(address, chance) for address in SENDERS]
    kinds, weights = list(KINDS), list(KINDS.values())
    halves: deque[tuple[int, bytes]] = deque()
    t = START_S
    made = 0
    while made < frames:
        if halves and chance.random() < 0.7:
            now = [halves.popleft()]
        else:
            kind = chance.choices(kinds, weights)[0]
            sender = chance.choice(senders)
            if kind is Sender.dc_status and any(can_id & 0xFF == sender.address for can_id, _ in halves):
                continue  # nobody begins a message inside its own
            parts = [(can_id | sender.address, data) for can_id, data in kind(sender)]
            now = parts[:1]
            halves.extend(parts[1:])
        for can_id, data in now:
            t += chance.expovariate(RATE_PER_S)
            made += 1
            yield round(t, 6), can_id, data


def write(path: Path, frames: int = FRAMES, seed: int = 1) -> None:
    """The log as a file in `candump -l` form."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(
            f"({t:.6f}) can0 {can_id:08X}#{data.hex().upper()}\n" for t, can_id, data in generate(frames, seed)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.out, arguments.frames, arguments.seed)


if __name__ == "__main__":
    main()
