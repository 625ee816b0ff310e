"""A boat's days in accelerated time: the pure bridge, frames spread over the hours, and every fault in between.

Time is simulated, so a week passes in minutes. Quiet minutes are looked at every 3 s, eventful ones every second. At
each look the invariants are held: a BMS that is silent or refuses is never followed by a grant.
"""

from __future__ import annotations

import gc
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gxbridge.core.bridge import Bridge
from tests.core.boat import (
    CCL,
    IO,
    MULTI,
    NAME,
    NO_CHARGE,
    RUNNING,
    SOLAR,
    Boat,
    claim,
    multi,
    solar,
    status,
    vreg,
)

CURRENT = "/Link/ChargeCurrent"
SECOND = "com.victronenergy.solarcharger.ttyO4"
HOUR_S = 3600
QUIET_STEP_S = 3
OTHERS = 12


def resident_kb() -> int:
    """Of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


@dataclass(frozen=True, slots=True)
class Sample:
    hour: int
    resident_kb: int
    objects: int


class Week(Boat):
    """`run(hours)`; `frames` and `looks` count what happened, `happened` how often each fault did."""

    def __init__(self, seed: int, frames_per_s: float, bridge: Callable[[Bridge], Bridge] | None = None) -> None:
        super().__init__()
        if bridge is not None:
            self.bridge = bridge(self.bridge)
        self.chance = random.Random(seed)
        self.frames = 0
        self.looks = 0
        self.offset = 1.7e9
        self.happened: dict[str, int] = {}
        self.samples: list[Sample] = []
        self._rate = frames_per_s
        self._owed = 0.0
        self._traffic = self._make_traffic(4096)
        self._at = 0
        self._address = 0x29
        self.silent_since: float | None = None
        self.refused_since: float | None = None

    # --- the boat ------------------------------------------------------------------------------------------------

    def _make_traffic(self, count: int) -> list[tuple[int, bytes]]:
        """Other devices: registers that change, standard messages, fast packets, and what nobody knows."""
        frames = []
        for n in range(count):
            source = 0x40 + n % OTHERS
            match n % 6:
                case 0 | 1 | 2:
                    register = (0xED8D, 0xED8F, 0xEDEC, 0xEDD5, 0x0201, 0x031C)[n // 6 % 6]
                    frames.append((0x1CEFFF00 | source, struct.pack("<HHI", 0x9966, register, n * 7919 % 65000)))
                case 3:
                    frames.append(
                        (0x19F21400 | source, struct.pack("<BhhHB", 0, 2600 + n % 90, n % 300, 29600, n % 250))
                    )
                case 4:
                    part = n // 6 % 2
                    frames.append((0x19F21200 | source, bytes([part | n // 12 % 8 << 5, 11, 0, 0, 0, 78, 99, n % 250])))
                case 5:
                    frames.append((0x18FF0000 | n % 256 << 8 | source, struct.pack("<Q", n)))
        return frames

    def speak(self, seconds: float) -> None:
        """The frames of so many seconds: the BMS's own in turn, and the others'."""
        self._owed += seconds * self._rate
        count, self._owed = int(self._owed), self._owed % 1.0
        batch: list[tuple[float, int, bytes]] = []
        if self.silent_since is None:
            own = [claim(self._address), status(26.0 + self.now % 50 / 100, self.now % 60, self._address)]
            own += [vreg(register, raw, self._address) for register, raw in self.said.items()]
            batch += [(self.now, can_id, data) for can_id, data in own]
        begin = self._at
        more = max(0, count - len(batch))
        for n in range(begin, begin + more):
            can_id, data = self._traffic[n & 4095]
            batch.append((self.now, can_id, data))
        self._at = begin + more
        self.frames += len(batch)
        if self.bridge.hear("can0", batch):
            self._take(self.bridge.react(self.now, self.offset))

    def step(self, seconds: int) -> None:
        self.now += seconds
        self.speak(seconds)
        self._take(self.bridge.tick(self.now, self.offset))
        self.looks += 1
        told = self.links.get((SOLAR, CURRENT))
        granted = isinstance(told, int | float) and told > 0
        for since, grace_s, why in ((self.silent_since, 12.0, "silent"), (self.refused_since, 1.0, "refusing")):
            assert not (granted and since is not None and self.now - since > grace_s), f"{told} A while {why}"

    def watch(self, seconds: int) -> None:
        for _ in range(seconds):
            self.step(1)

    # --- what happens --------------------------------------------------------------------------------------------

    def silence(self) -> None:
        self.silent_since = self.now
        self.watch(self.chance.choice((5, 15, 30, 75, 150)))
        self.silent_since = None
        self.watch(10)

    def refusal(self) -> None:
        register, raw = self.chance.choice(((CCL, 0), (IO, NO_CHARGE)))
        for _ in range(self.chance.randrange(1, 6)):
            before, self.said[register] = self.said[register], raw
            self.refused_since = self.now + 1
            self.watch(self.chance.randrange(2, 20))
            self.said[register], self.refused_since = before, None
            self.watch(self.chance.randrange(1, 8))

    def move(self) -> None:
        self._address = 0x29 if self._address != 0x29 else 0x2A + self.chance.randrange(8)
        self.watch(10)

    def newcomers(self) -> None:
        """Devices that claim addresses, some the one of the BMS; there are thirty of them in all."""
        for _ in range(20):
            raw = struct.unpack("<Q", NAME)[0] & ~0x1FFFFF | self.chance.randrange(1000, 1030)
            name = struct.pack("<Q", raw)
            self.send(claim(self.chance.choice((self._address, 0x80 + self.chance.randrange(64))), name))
            self.send(claim(self._address))
            self.send(claim(0x80 + self.chance.randrange(64), name))
            self.frames += 3
        self.watch(10)

    def garbage(self) -> None:
        for _ in range(10):
            batch = []
            for _ in range(200):
                source = self.chance.choice((self._address, 0x40, 0x41, 0x42, 0x43))  # a boat has few devices
                can_id = self.chance.getrandbits(21) << 8 | source
                if can_id >> 16 & 0xFF != 0xEE:
                    batch.append((self.now, can_id, self.chance.randbytes(self.chance.randrange(9))))
            self.bridge.hear("can0", batch)
            self.frames += len(batch)
            self.step(1)

    def flood(self) -> None:
        for _ in range(10):
            self.bridge.hear("can0", [(self.now, *self._traffic[n]) for n in range(1800)])
            self.frames += 1800
            self.step(1)

    def services(self) -> None:
        """Chargers come and go under ever new names, and say nonsense."""
        for n in range(10):
            name = f"com.victronenergy.solarcharger.tty{self.chance.getrandbits(32)}"
            self.add(name, solar(**{"/DeviceInstance": self.chance.choice((None, -1, "x", 300 + n))}))
            self.bridge.service_changed(name, {"/Dc/0/Current": self.chance.choice((1e308, "x", None, -5))}, self.now)
            self.watch(2)
            self.bridge.service_removed(name, self.now)
            self.links = {key: value for key, value in self.links.items() if key[0] != name}
        self.watch(3)

    def clock(self) -> None:
        self.offset += self.chance.choice((-3e7, 3600.0, 3e7))
        self.watch(5)

    def settings(self) -> None:
        name = "com.victronenergy.settings"
        limit = self.chance.choice((-1.0, 60.0, "much", None))
        self.add(name, {"/Settings/SystemSetup/MaxChargeCurrent": limit})
        self.watch(10)
        self.bridge.service_removed(name, self.now)
        self.watch(3)

    def run(self, hours: int, hour_s: int = HOUR_S) -> None:
        """So many hours, with a fault or two in each; a sample of the memory after each."""
        self.watch(5)
        self.add(SOLAR, solar())
        self.add(SECOND, solar())
        self.add(MULTI, multi())
        faults = (
            self.silence,
            self.refusal,
            self.move,
            self.newcomers,
            self.garbage,
            self.flood,
            self.services,
            self.clock,
            self.settings,
        )
        for hour in range(hours):
            end = self.now + hour_s
            for fault in self.chance.sample(faults, 2) if hour >= len(faults) else (faults[hour],):
                self.watch(5)
                fault()
                self.happened[fault.__name__] = self.happened.get(fault.__name__, 0) + 1
            self.said = dict(RUNNING)
            while self.now < end:
                self.step(QUIET_STEP_S)
            assert self.links[SOLAR, CURRENT] == 35.0, "an hour ends with all well"
            gc.collect()
            self.samples.append(Sample(hour, resident_kb(), len(gc.get_objects())))
