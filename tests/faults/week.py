"""A boat's days in accelerated time: the whole core, frames spread over the hours, and every fault in between.

Time is simulated, so a week passes in minutes. Quiet minutes are looked at every 5 s, eventful ones every second. Every
look is held against what must be true at it: no grant while the BMS is silent or refuses, no write beside a master, no
more current than the BMS allows, a reason for every limit. What happens to the boat is in `weather.py`.
"""

from __future__ import annotations

import gc
import random
import struct
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Protocol

from gxbridge.core.blackbox.box import lines, parse
from gxbridge.core.blackbox.play import replay
from gxbridge.core.blackbox.recorder import RecordingBridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.publish.own_items import CanView
from tests.core.boat import MULTI, RUNNING, SOLAR, Boat, claim, multi, solar, status, vreg

CURRENT = "/Link/ChargeCurrent"
MULTI_CURRENT = "/BatteryOperationalLimits/MaxChargeCurrent"
SECOND = "com.victronenergy.solarcharger.ttyO4"
CHARGERS = ((SOLAR, CURRENT), (SECOND, CURRENT), (MULTI, MULTI_CURRENT))
ALLOWED_A = 200.0
"""What the BMS allows at most (RUNNING)."""
HOUR_S = 3600
QUIET_STEP_S = 5
WELL_WITHIN_S = 15
OTHERS = 12
LYNX = 0x29


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

    def __init__(self, seed: int, frames_per_s: float, box_bytes: int = 1 << 18) -> None:
        super().__init__()
        self.bridge = self.recorder = RecordingBridge(self.bridge.setup, box_bytes)
        self.chance = random.Random(seed)
        self.frames = 0
        self.cycles = 0
        self.boxes = 0
        """Black boxes that events have asked for."""
        self.played = 0
        """Looks that were played again from a black box, with the same decision each."""
        self.offset = 1.7e9
        self.happened: dict[str, int] = {}
        self.slowest: dict[str, int] = {}
        """Most seconds from the end of a fault until all chargers were granted current."""
        self.samples: list[Sample] = []
        self.can = CanView("open")
        self.address = LYNX
        self.speaking = True
        self.limits = True
        """False: the BMS says no limits and permissions, only who it is and what it measures."""
        self.refusing: set[str] = set()
        """Services that refuse to be written to."""
        self.no_grant_from: float | None = None
        self.no_write_from: float | None = None
        self._rate = frames_per_s
        self._owed = 0.0
        self.traffic = self._make_traffic(4096)
        self._at = 0

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

    def own(self) -> list[tuple[int, bytes]]:
        """What the BMS says now."""
        frames = [claim(self.address), status(26.0 + self.now % 50 / 100, self.now % 60, self.address)]
        if self.limits:
            frames += [vreg(register, raw, self.address) for register, raw in self.said.items()]
        return frames

    def hear(self, frames: list[tuple[float, int, bytes]]) -> None:
        """The bridge hears frames, and looks at once if it asks for that."""
        self.frames += len(frames)
        if self.bridge.hear("can0", frames):
            self.react()

    def speak(self, seconds: float) -> None:
        """The frames of the seconds that have passed: the others' spread over them, and the BMS's own."""
        self._owed += seconds * self._rate
        count, self._owed = int(self._owed), self._owed % 1.0
        own = self.own() if self.speaking else []
        more = max(0, count - len(own))
        begin, self._at = self._at, self._at + more
        start, each = self.now - seconds, seconds / (more or 1)
        batch = [(start + n * each, *self.traffic[(begin + n) & 4095]) for n in range(more)]
        self.hear(batch + [(self.now, can_id, data) for can_id, data in own])

    def step(self, seconds: int) -> None:
        """Let seconds pass, and look."""
        self.now += seconds
        self.speak(seconds)
        self.look()

    def look(self) -> None:
        self._took(self.bridge.tick(self.now, self.offset, {"can0": self.can}))

    def react(self) -> Cycle:
        cycle = self.bridge.react(self.now, self.offset, {"can0": self.can})
        self._took(cycle)
        return cycle

    def watch(self, seconds: int) -> None:
        for _ in range(seconds):
            self.step(1)

    def _took(self, cycle: Cycle) -> None:
        self.cycles += 1
        self._take(cycle)
        self._hold(cycle)
        if self.recorder.frozen(self.now) is not None:
            self.boxes += 1

    def _take(self, cycle: Cycle) -> None:
        for service, path, value in cycle.writes:
            if service in self.refusing:
                self.bridge.not_delivered([(service, path)])
            else:
                self.links[service, path] = value
                self.bridge.service_changed(service, {path: value}, self.now)

    def _hold(self, cycle: Cycle) -> None:
        """What must be true at every look."""
        for service, path, value in cycle.writes:
            assert self.no_write_from is None or self.now < self.no_write_from, f"{service}{path} beside a master"
            assert value is None or not isinstance(value, float) or isfinite(value), (service, path, value)
        told = {key: amps for key in CHARGERS if isinstance(amps := self.links.get(key), int | float) and amps > 0}
        assert sum(told.values()) <= 2 * ALLOWED_A, told  # solar and Multi are told the sum each
        if self.no_grant_from is not None and self.now >= self.no_grant_from:
            assert not {key for key in told if key[0] not in self.refusing}, f"{told} granted"
        for limit in cycle.decision.limits:
            assert limit.sentence.strip(), limit
            assert limit.caps, limit
            assert all(cap.text for cap in limit.caps), limit

    def arrive(self) -> None:
        """The chargers appear on D-Bus, as after their start: nobody has told them anything yet."""
        for name, items in ((SOLAR, solar()), (SECOND, solar()), (MULTI, multi())):
            self.leave(name)
            self.add(name, items)

    def leave(self, name: str) -> None:
        self.bridge.service_removed(name, self.now)
        self.links = {key: value for key, value in self.links.items() if key[0] != name}

    def well(self) -> bool:
        """Whether every charger is granted what it can take."""
        return all(isinstance(amps := self.links.get(key), int | float) and amps >= 35.0 for key in CHARGERS)

    # --- the days ------------------------------------------------------------------------------------------------

    def suffer(self, fault: Fault) -> None:
        """One fault, and what must come back after it."""
        self.watch(5)
        fault(self)
        self.said = dict(RUNNING)
        self.speaking = self.limits = True
        self.no_grant_from = self.no_write_from = None
        self.refusing.clear()
        self.can = CanView("open")
        after = 0
        while not self.well():
            self.step(1)
            after += 1
            assert after <= WELL_WITHIN_S, f"{fault.__name__}: not well again; {self.links}"
        name = fault.__name__
        self.happened[name] = self.happened.get(name, 0) + 1
        self.slowest[name] = max(after, self.slowest.get(name, 0))

    def run(self, hours: int, faults: tuple[Fault, ...], hour_s: int = HOUR_S) -> None:
        """So many hours, with a fault or two in each; a sample of the memory after each."""
        self.watch(5)
        self.arrive()
        waiting: list[Fault] = []
        for hour in range(hours):
            end = self.now + hour_s
            for _ in range(2):
                waiting = waiting or self.chance.sample(faults, len(faults))
                self.suffer(waiting.pop())
            while self.now < end:
                self.step(QUIET_STEP_S)
            assert self.well(), "an hour ends with all well"
            if hour % 24 == 23:
                self.play_again()
            gc.collect()
            self.samples.append(Sample(hour, resident_kb(), len(gc.get_objects())))

    def play_again(self) -> None:
        """What the black box holds now decides the same again."""
        assert not self.recorder.recorder_fault
        frozen = self.recorder.keep_now("command", "the week asks", self.now)
        assert frozen is not None
        report = replay(parse(lines(frozen, "test", "digest")))
        assert report.cycles > 10
        assert report.differences == []
        self.played += report.cycles


class Fault(Protocol):
    """A function of a Week; see `weather.py`."""

    __name__: str

    def __call__(self, week: Week) -> None: ...
