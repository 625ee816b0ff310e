"""What more devices cost: 1 to 20 BMSes and 1 to 64 chargers, in the pure bridge and in the whole service.

    python -m benchmarks.growth [--rounds 3] [--seconds 10] [--json]

Bridge: CPU of one cycle (a tick with a full round every third) and of one frame, no D-Bus. Service: CPU share and
memory of the process, with the BMSes on a directory bus saying everything twice a second and the chargers as real D-Bus
services. Ratios are to the smallest installation of the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import sys
import time
from contextlib import ExitStack

from benchmarks.service import cpu_s, resident_mb
from gxbridge.core.bridge import Bridge
from gxbridge.core.setup import Setup
from tests.core.boat import MULTI, NAME, RUNNING, claim, multi, solar, status, vreg
from tests.faults.lynx import Lynx
from tests.faults.scene import Scene, StandIns
from tests.runtime.service import OWN

BMSES = (1, 5, 10, 20)
CHARGERS = (1, 4, 16, 64)
CYCLES = 240
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


def cycle_us(bmses: int, chargers: int) -> tuple[float, float]:
    """(microseconds for one cycle, for one frame) of the pure bridge."""
    bridge = Bridge(Setup(mode="control", buses=("can0",)))
    now = 1000.0
    for n in range(chargers):
        bridge.service_added(charger(n), solar(**{"/DeviceInstance": 279 + n}), now)
    bridge.service_added(MULTI, multi(), now)
    frames = [frame for n in range(bmses) for frame in said(n)]
    cycles = heard = 0.0
    for n in range(CYCLES + 10):
        now += 1.0
        batch = [(now, can_id, data) for can_id, data in frames]
        begin = time.process_time()
        bridge.hear("can0", batch)
        middle = time.process_time()
        cycle = bridge.tick(now)
        end = time.process_time()
        for service, path, value in cycle.writes:
            bridge.service_changed(service, {path: value}, now)
        if n >= 10:
            heard += middle - begin
            cycles += end - middle
    return 1e6 * cycles / CYCLES, 1e6 * heard / CYCLES / len(frames)


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
    cycles: dict[tuple[int, int], list[tuple[float, float]]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            cycles[size].append(cycle_us(*size))
    bridge = []
    for (bmses, chargers), found in cycles.items():
        us = [cycle for cycle, _ in found]
        bridge.append(
            {
                "bmses": bmses,
                "chargers": chargers,
                "cycle_us_min": min(us),
                "cycle_us": statistics.median(us),
                "cycle_us_max": max(us),
                "frame_us": statistics.median(frame for _, frame in found),
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
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    print("one cycle of the pure bridge (min / median / max), and one frame")
    first = found["bridge"][0]["cycle_us"]
    for row in found["bridge"]:
        spread = f"{row['cycle_us_min']:7.0f} / {row['cycle_us']:7.0f} / {row['cycle_us_max']:7.0f} us"
        size = f"{row['bmses']:>3.0f} BMS {row['chargers']:>3.0f} chargers"
        print(f"  {size}  {spread}  {row['cycle_us'] / first:6.2f} x  {row['frame_us']:5.2f} us/frame")
    print("the whole service, each BMS 30 frames/s")
    first = found["service"][0]["cpu_percent"]
    for row in found["service"]:
        size = f"{row['bmses']:>3.0f} BMS {row['chargers']:>3.0f} chargers"
        ratio = row["cpu_percent"] / first
        print(f"  {size}  {row['cpu_percent']:6.2f} % of a core  {ratio:6.2f} x  {row['resident_mb']:6.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
