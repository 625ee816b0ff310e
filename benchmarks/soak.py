"""The real service for an hour, with traffic and small faults: nothing may grow.

    python -m benchmarks.soak [--minutes 60] [--rate 300]

Sampled every 10 s: resident memory, open file descriptors, threads, asyncio tasks, objects, and the match rules that
the D-Bus daemon keeps for the service. Every two minutes the BMS falls silent for 15 s, every three the D-Bus daemon is
killed and started again, every five a black box is asked for, and in between permissions are withdrawn. The black box
is on and small, so that its memory is full early. Ends with code 1 when something has grown, or when the newest black
box does not play again with the same decisions.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.service import resident_mb
from gxbridge.edge.dbus import bodies
from gxbridge.edge.dbus.bus import DAEMON, DAEMON_PATH, BusError, connect
from tests.core.boat import LYNX_SERVICE
from tests.faults.can_faults import granted
from tests.faults.scene import CONFIG, Scene

STATS = "org.freedesktop.DBus.Debug.Stats"
SAMPLE_S = 10.0
WARM_UP = 0.2
"""Share of the time after which nothing may grow any more."""
GROWTH_MB = 1.5
BOX_BYTES = 1_000_000
BOXES = 4
BLACK_BOX = f"blackbox:\n  max_bytes: {BOX_BYTES}\n  keep: {BOXES}\n  folder: "


@dataclass(frozen=True, slots=True)
class Sample:
    minute: float
    resident_mb: float
    descriptors: int
    threads: int
    tasks: int
    objects: int
    matches: int


def matches_of(scene: Scene, pid: int) -> int:
    """Match rules of all connections of a process; -1 when the daemon does not tell."""

    async def ask() -> int:
        connection = await connect(scene.daemon.address)
        try:
            reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "ListNames")
            total = 0
            for name in connection.body(reply)[0]:
                if not name.startswith(":"):
                    continue
                body = bodies.string_body(name)
                reply = await connection.call(DAEMON, DAEMON_PATH, DAEMON, "GetConnectionUnixProcessID", "s", body)
                if connection.body(reply)[0] == pid:
                    reply = await connection.call(DAEMON, DAEMON_PATH, STATS, "GetConnectionStats", "s", body)
                    total += connection.body(reply)[0].get("MatchRules", 0)
            return total
        finally:
            connection.close()

    try:
        return scene.watch.run(ask())
    except (BusError, OSError):
        return -1


def sample(scene: Scene, counts: Path, begin: float) -> Sample:
    assert scene.process is not None
    assert scene.process.poll() is None, f"the service ended by itself: {scene.log()[-3000:]}"
    pid = scene.process.pid
    status = Path(f"/proc/{pid}/status").read_text()
    threads = int(next(line for line in status.splitlines() if line.startswith("Threads:")).split()[1])
    tasks, objects = -1, -1
    with contextlib.suppress(OSError, ValueError):
        tasks, objects = (int(word) for word in counts.read_text().split())
    return Sample(
        (time.monotonic() - begin) / 60,
        resident_mb(pid),
        len(os.listdir(f"/proc/{pid}/fd")),
        threads,
        tasks,
        objects,
        matches_of(scene, pid),
    )


def trouble(scene: Scene, tick: int) -> None:
    """What happens every ten seconds: mostly a withdrawn permission; at times a silence or a new daemon."""
    if tick % 12 == 6:
        scene.lynx.speaking = False
        time.sleep(15)
        scene.lynx.speaking = True
    elif tick % 18 == 13:
        scene.daemon.stop()
        time.sleep(0.5)
        scene.daemon.start()
        time.sleep(8)
    elif tick % 30 == 20:
        scene.signal(signal.SIGUSR1)
    else:
        scene.lynx.say(ccl=0)
        time.sleep(1)
        scene.lynx.say(ccl=2000)


def soak(minutes: float, rate: float) -> list[Sample]:
    samples = []
    inside = Path(__file__).parents[1] / "tests" / "faults" / "inside"
    with Scene(service=False) as scene:
        boxes = scene.folder / "boxes"
        scene.config = CONFIG + BLACK_BOX + str(boxes) + "\n"
        counts = scene.folder / "counts"
        scene.environment |= {"PYTHONPATH": str(inside), "SOAK_COUNTS": str(counts)}
        scene.start()
        scene.ready()
        command = [sys.executable, "-m", "tests.faults.flood", str(scene.wire), str(rate), str(minutes * 60 + 60)]
        flood = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            begin = time.monotonic()
            tick = 0
            while time.monotonic() - begin < minutes * 60:
                tick += 1
                trouble(scene, tick)
                time.sleep(max(0.0, SAMPLE_S - 2))
                samples.append(sample(scene, counts, begin))
                if tick % 6 == 0:
                    print(samples[-1], flush=True)
            scene.lynx.say(ccl=2000)
            scene.until_told(granted, time.monotonic(), "a grant at the end", 30)
            scene.until("/Info/MaxChargeCurrent", 200.0, LYNX_SERVICE, 30)
        finally:
            flood.kill()
            flood.wait()
        scene.finish()
        check_boxes(boxes)
    return samples


def check_boxes(folder: Path) -> None:
    """No more and no larger files than configured; the newest plays again with the same decisions."""
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    assert 1 <= len(files) <= BOXES, files
    assert all(file.stat().st_size <= BOX_BYTES for file in files), [file.stat().st_size for file in files]
    command = [sys.executable, "-m", "gxbridge", "blackbox", "replay", str(files[-1])]
    played = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(f"{len(files)} black boxes; the newest, {files[-1].name}, played again:\n{played.stdout[-600:]}")
    assert played.returncode == 0, played.stdout


def verdict(samples: list[Sample]) -> list[str]:
    """What has grown, compared over the first and the last fifth after the warm-up (medians: faults come and go)."""
    warm = samples[int(len(samples) * WARM_UP) :]
    fifth = max(1, len(warm) // 5)
    grown = []
    for name, allowed in (("resident_mb", GROWTH_MB), ("descriptors", 0), ("threads", 0), ("tasks", 0), ("matches", 0)):
        first, last = (
            sorted(getattr(one, name) for one in part)[len(part) // 2] for part in (warm[:fifth], warm[-fifth:])
        )
        print(f"{name:<12} {first:>8.1f} -> {last:>8.1f}")
        if last - first > allowed:
            grown.append(f"{name} has grown from {first:.1f} to {last:.1f}")
    return grown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=300.0, help="frames a second beside the BMS's own")
    arguments = parser.parse_args()
    grown = verdict(soak(arguments.minutes, arguments.rate))
    for line in grown:
        print(line)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
