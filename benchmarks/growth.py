"""What a look costs, and what more devices do: 1 to 16 BMSes and 1 to 64 chargers, in the bridge and in the service.

    python -m benchmarks.growth [--rounds 3] [--seconds 10] [--json]

Bridge: CPU of one look (a tick with a full round every third) and of one frame, no D-Bus, each beside the struct
floor's cost of a frame (`floor.py`) measured at the same time. Service: CPU share and memory of the process, with the
BMSes on a directory bus saying everything twice a second and the chargers as real D-Bus services. Exit code 1 when a
look costs more than its most.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from benchmarks import floor, genlog
from benchmarks.service import cpu_s, resident_mb
from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.setup import Setup
from tests.core.boat import MULTI, NAME, RUNNING, claim, multi, solar, status, vreg
from tests.faults.lynx import Lynx
from tests.faults.scene import Scene, StandIns
from tests.runtime.service import OWN

BMSES = (1, 5, 10, 16)
"""The last is as many as are followed on one bus."""
CHARGERS = (1, 4, 16, 64)
CYCLES = 240
ONE_LOOK, FURTHER_BMS = "one look, 1 BMS and 1 charger", "each further BMS"
MOST = {ONE_LOOK: 750.0, FURTHER_BMS: 420.0}
"""How many times the floor a look may cost."""
FLOOR_FRAMES = 2_000
BASE = struct.unpack("<Q", NAME)[0]


def name_of(n: int) -> bytes:
    """The NAME of the n-th BMS: another unique number."""
    return struct.pack("<Q", BASE + n)


def said(n: int) -> list[tuple[int, bytes]]:
    source = 0x29 + n
    frames = [claim(source, name_of(n)), status(26.4, 10.0, source)]
    return frames + [vreg(register, raw, source) for register, raw in RUNNING.items()]


def charger(n: int) -> str:
    return f"com.victronenergy.solarcharger.tty{n}"


class Boat:
    """A pure bridge with so many BMSes, which say everything every second, chargers and a Multi."""

    def __init__(self, bmses: int, chargers: int) -> None:
        self.bridge = Bridge(Setup(mode="control", buses=("can0",)))
        self.now = 1000.0
        for n in range(chargers):
            self.bridge.service_added(charger(n), solar(**{"/DeviceInstance": 279 + n}), self.now)
        self.bridge.service_added(MULTI, multi(), self.now)
        self.frames = [frame for n in range(bmses) for frame in said(n)]
        self.cycle: Cycle | None = None

    def hear(self) -> None:
        """A second passes, and the BMSes speak."""
        self.now += 1.0
        self.bridge.hear("can0", [(self.now, can_id, data) for can_id, data in self.frames])

    def look(self) -> None:
        """What is measured."""
        self.cycle = self.bridge.tick(self.now)

    def carry_out(self) -> None:
        """What was written is shown by the devices."""
        assert self.cycle is not None
        for service, path, value in self.cycle.writes:
            self.bridge.service_changed(service, {path: value}, self.now)


def cpu_us(work: Callable[[], object]) -> float:
    """CPU time (us) of a piece of work."""
    begin = time.process_time_ns()
    work()
    return (time.process_time_ns() - begin) / 1000


def cycle_us(bmses: int, chargers: int) -> tuple[float, float, float]:
    """(microseconds for one look, for one frame, and for one frame of the floor) of the pure bridge."""
    boat, rows = Boat(bmses, chargers), [(can_id, data) for _, can_id, data in genlog.generate(FLOOR_FRAMES)]

    def run_floor() -> None:
        for can_id, data in rows:
            floor.decode(can_id, data)

    looks = heard = 0.0
    floors: list[float] = []
    for n in range(CYCLES + 10):
        frame_us, look_us = cpu_us(boat.hear), cpu_us(boat.look)
        boat.carry_out()
        if n >= 10:
            heard += frame_us
            looks += look_us
            if n % 10 == 0:  # in turns, so that a busy machine is busy for both
                floors.append(cpu_us(run_floor) / FLOOR_FRAMES)
    return looks / CYCLES, heard / CYCLES / len(boat.frames), statistics.median(floors)


def service_load(bmses: int, chargers: int, seconds: float) -> tuple[float, float]:
    """(percent of a core, resident MB) of the whole service."""
    with ExitStack() as stack:
        scene = stack.enter_context(Scene(standins=False))
        devices = {charger(n): "solar" for n in range(chargers)} | {MULTI: "multi"}
        scene.devices = StandIns(scene.daemon.address, scene.folder, "standins", devices)
        for n in range(1, bmses):
            stack.enter_context(Lynx(scene.wire, name=name_of(n), address=0x29 + n))
        scene.wait(
            lambda: sum(name.startswith("com.victronenergy.battery.") for name in scene.watch.names()) == bmses,
            f"{bmses} batteries: {scene.watch.names()}",
            40,
        )
        scene.until("/Dvcc/Effective", "control", OWN)
        time.sleep(5)
        assert scene.process is not None
        before, begin = cpu_s(scene.process.pid), time.monotonic()
        time.sleep(seconds)
        share = 100 * (cpu_s(scene.process.pid) - before) / (time.monotonic() - begin)
        return share, resident_mb(scene.process.pid)


def measure(rounds: int, seconds: float) -> dict[str, list[dict[str, float]]]:
    sizes = [(bmses, 1) for bmses in BMSES] + [(1, chargers) for chargers in CHARGERS[1:]] + [(BMSES[-1], CHARGERS[-1])]
    cycles: dict[tuple[int, int], list[tuple[float, float, float]]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            cycles[size].append(cycle_us(*size))
    bridge = []
    for (bmses, chargers), found in cycles.items():
        us = [cycle for cycle, _, _ in found]
        bridge.append(
            {
                "bmses": bmses,
                "chargers": chargers,
                "cycle_us_min": min(us),
                "cycle_us": statistics.median(us),
                "cycle_us_max": max(us),
                "frame_us": statistics.median(frame for _, frame, _ in found),
                "x_floor": statistics.median(cycle / base for cycle, _, base in found),
            }
        )
    service = []
    for bmses, chargers in ((1, 1), (BMSES[-1], 1), (1, CHARGERS[-1]), (BMSES[-1], CHARGERS[-1])):
        share, memory = service_load(bmses, chargers, seconds)
        service.append({"bmses": bmses, "chargers": chargers, "cpu_percent": share, "resident_mb": memory})
    return {"bridge": bridge, "service": service}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.rounds, arguments.seconds)
    looks = {(row["bmses"], row["chargers"]): row["x_floor"] for row in found["bridge"]}
    ratios = {
        ONE_LOOK: looks[1, 1],
        FURTHER_BMS: (looks[BMSES[-1], 1] - looks[1, 1]) / (BMSES[-1] - 1),
    }
    missed = int(any(ratio > MOST[name] for name, ratio in ratios.items()))
    if arguments.json:
        print(json.dumps({**found, "ratios": ratios}, indent=2))
        return missed
    for name, ratio in ratios.items():
        print(f"{ratio:7.0f} x floor (at most {MOST[name]:.0f}) {'ok' if ratio <= MOST[name] else 'MISSED'}  {name}")
    print("one look of the pure bridge (min / median / max), and one frame")
    first = found["bridge"][0]["cycle_us"]
    for row in found["bridge"]:
        spread = f"{row['cycle_us_min']:7.0f} / {row['cycle_us']:7.0f} / {row['cycle_us_max']:7.0f} us"
        size = f"{row['bmses']:>3.0f} BMS {row['chargers']:>3.0f} chargers"
        ratio = f"{row['cycle_us'] / first:6.2f} x  {row['x_floor']:6.0f} x floor"
        print(f"  {size}  {spread}  {ratio}  {row['frame_us']:5.2f} us/frame")
    print("the whole service, each BMS 30 frames/s")
    first = found["service"][0]["cpu_percent"]
    for row in found["service"]:
        size = f"{row['bmses']:>3.0f} BMS {row['chargers']:>3.0f} chargers"
        ratio = row["cpu_percent"] / first
        print(f"  {size}  {row['cpu_percent']:6.2f} % of a core  {ratio:6.2f} x  {row['resident_mb']:6.1f} MB")
    return missed


if __name__ == "__main__":
    sys.exit(main())
