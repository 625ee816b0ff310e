"""The whole service as a process: CPU share at 0 to 1800 frames a second, memory, and the time to its names.

    python -m benchmarks.service [--seconds 15] [--rounds 5] [--json]

Frames come from another process over a bus of unix datagram sockets, evenly spaced: nearly every frame is a wake-up:
the worst case. The same once more with a longer queue, so that frames are collected for as long as on SocketCAN; then
a recorded log of many devices, all of whose values move (`genlog.py`), played by the service itself. CPU is told per
frame as well, and how many times the struct floor's of the same run (`floor.py`); beside it what a turn of an asyncio
loop takes that a clock wakes and that does nothing: on a virtual machine most of what a frame takes that comes alone.
Start is compared with a velib-style dbus-python service in the same run and with the same interpreter, spawn until the
name is owned, because absolute times say nothing about a GX. Exit code 1 when a figure is above its most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import floor, genlog
from benchmarks.byte_code import keeping
from benchmarks.dbus import LIBRARIES, PEERS, PYTHON, ROOT, SERVICE
from benchmarks.dvcc import floor_us
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import connect
from tests.core.boat import RUNNING, claim, status, vreg
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN

FEEDER = """
import struct, sys, time
from gxbridge.edge.can.gxsocket import SocketDirBus
import can
bus, rate, seconds = SocketDirBus(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
frames = [can.Message(arbitration_id=int(i), data=bytes.fromhex(d), is_extended_id=True) for i, d in
          (pair.split(":") for pair in sys.argv[4].split(","))]
for frame in frames: bus.send(frame)
print("sent", flush=True)
begin, n = time.monotonic(), 0
while time.monotonic() - begin < seconds:
    due = int((time.monotonic() - begin) * rate)
    while n < due:
        bus.send(frames[n % len(frames)]); n += 1
    time.sleep(0.005)
bus.shutdown()
"""

ROWS = [(can_id, data) for _, can_id, data in genlog.generate(20_000)]
RATES = (0, 200, 1000, 1800)
"""Frames a second; the last is a saturated bus of 250 kbit/s."""
MOST = {200: (100.0, 60.0), 1000: (30.0, 20.0), 1800: (22.0, 15.0)}
"""Frames a second -> how many times the floor a frame may cost the whole service, and how many it should."""
MOST_COLLECTED = 0.5
"""Of that, with frames collected as on SocketCAN."""
REPLAYED_PER_S, REPLAY_S = 1000, 25.0
MOST_REPLAYED = (50.0, 25.0)
"""As `MOST`, for a frame of the log that is replayed."""
TURN_S = 0.005
"""A gxsocket's pace."""
TURN = """
import asyncio, sys, time
async def turn(seconds, turns):
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    def fire(left):
        loop.call_later(seconds, fire, left - 1) if left else over.set()
    begin = time.process_time()
    fire(turns)
    await over.wait()
    print((time.process_time() - begin) / turns * 1e6)
asyncio.run(turn(float(sys.argv[1]), 1000))
"""
MOST_START = {"start": 1.4, "start with file and black box": 1.6}
"""How many times the processor time of the velib-style service a start may take."""
TARGET_MB = 30.0
COLLECTING = """
import sys
from gxbridge.edge.can import can_bus, socketcan
can_bus.SOCKET_INTERFACES = {"gxsocket": (socketcan.COALESCE_S, socketcan.BUSY_S)}
from gxbridge.cli import main
sys.exit(main(sys.argv[1:]))
"""
LONG_QUEUE = (
    "unshare",
    "--map-root-user",
    "--net",
    "sh",
    "-c",
    'echo 2048 >/proc/sys/net/unix/max_dgram_qlen && exec "$@"',
    "sh",
)
"""Runs a command where a unix socket holds as many frames as a CAN socket: by default it holds 10."""


def cpu_s(pid: int) -> float:
    """User and system seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu_s(pid: int) -> float:
    """Processor seconds of a process that has one thread, exactly."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def wait_for_name(address: str, name: str) -> None:
    """Ask every 2 ms over one connection until the name is owned."""

    async def wait() -> None:
        connection = await connect(address)
        try:
            while name not in await client.names(connection):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.002)
        finally:
            connection.close()

    asyncio.run(asyncio.wait_for(wait(), 30.0))


def start_service(
    address: str, source: Sequence[str], log: Path, *, collecting: bool = False, config: Path | None = None
) -> tuple[subprocess.Popen[bytes], float, float]:
    """Spawn the service, with the options that say where frames come from; returns it, the seconds until its name is
    owned, and its processor seconds until then."""
    environment = {**keeping(), "PYTHONPATH": f"{ROOT}:{LIBRARIES}"}
    program = [*LONG_QUEUE, PYTHON, "-c", COLLECTING] if collecting else [PYTHON, "-m", "gxbridge"]
    command = [*program, "run", *source, "--dbus", address]
    command += [] if config is None else ["--config", str(config)]
    with log.open("ab") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=errors, stderr=errors, env=environment)
    wait_for_name(address, OWN)
    return process, time.perf_counter() - begin, own_cpu_s(process.pid)


def start_peer(address: str) -> tuple[float, float]:
    """Seconds until a velib-style service of 200 paths owns its name, and its processor seconds until then."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [PYTHON, str(PEERS / "velib_style.py"), address, "service"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=keeping(),
    )
    wait_for_name(address, SERVICE)
    passed = time.perf_counter() - begin, own_cpu_s(process.pid)
    process.kill()
    process.wait()
    return passed


def feed(wire: str, rate: float, seconds: float) -> subprocess.Popen[bytes]:
    """Begin to send; it goes on for so many seconds."""
    frames = [claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items())]
    # Measurements change with every frame, as on a boat; the rest repeats.
    frames += [status(26.0 + n / 100, 5.0 + n / 10) for n in range(40)]
    text = ",".join(f"{can_id}:{data.hex()}" for can_id, data in frames)
    command = [sys.executable, "-c", FEEDER, wire, str(rate), str(seconds), text]
    feeder = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert feeder.stdout is not None
    feeder.stdout.readline()
    return feeder


def bus_of(wire: str) -> tuple[str, str]:
    """Frames come from a directory of sockets."""
    return "--can", f"gxsocket:{wire}"


def replayed_us(folder: Path, log: Path) -> float:
    """Processor microseconds for each frame of a recorded log that the service plays."""
    recorded = folder / "mixed.log"
    genlog.write(recorded, int(REPLAYED_PER_S * (REPLAY_S + 10)))
    source = ("--replay", f"{recorded}@{REPLAYED_PER_S / genlog.RATE_PER_S}")
    with DBusDaemon() as bus:
        process, *_ = start_service(bus.address, source, log)
        time.sleep(3.0)
        before, begin = own_cpu_s(process.pid), time.monotonic()
        time.sleep(REPLAY_S)
        us = (own_cpu_s(process.pid) - before) / (time.monotonic() - begin) / REPLAYED_PER_S * 1e6
        process.terminate()
        process.wait()
    return us


def turn_us() -> float:
    """Processor microseconds of a turn of the loop that does nothing."""
    return float(subprocess.run([PYTHON, "-c", TURN, str(TURN_S)], capture_output=True, check=True).stdout)


def measure(seconds: float, rounds: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    starts: dict[str, list[tuple[float, float]]] = {name: [] for name in (*MOST_START, "peer")}
    with tempfile.TemporaryDirectory(prefix="gxb") as folder:
        log = Path(folder) / "log"
        file = Path(folder) / "gxbridge.yaml"
        file.write_text(f"blackbox:\n  folder: {folder}/boxes\n")
        for n in range(rounds + 1):
            with DBusDaemon() as bus:
                taken: list[tuple[float, float]] = []
                for config in (None, file):
                    wire = tempfile.mkdtemp(dir=folder)
                    process, *passed = start_service(bus.address, bus_of(wire), log, config=config)
                    process.terminate()
                    process.wait()
                    taken.append((passed[0], passed[1]))
                taken.append(start_peer(bus.address))
            if n:  # the first makes the byte code
                for found, one in zip(starts.values(), taken, strict=True):
                    found.append(one)
        for name in MOST_START:
            pairs = list(zip(starts[name], starts["peer"], strict=True))
            result[name] = {
                "s": statistics.median(ours[0] for ours, _ in pairs),
                "ratio": statistics.median(ours[0] / peer[0] for ours, peer in pairs),
                "cpu_s": statistics.median(ours[1] for ours, _ in pairs),
                "cpu_ratio": statistics.median(ours[1] / peer[1] for ours, peer in pairs),
            }
        for name, collecting in (("cpu", False), ("collected", True)):
            shares, floors = {}, {}
            with DBusDaemon() as bus:
                wire = tempfile.mkdtemp(dir=folder)
                process, *_ = start_service(bus.address, bus_of(wire), log, collecting=collecting)
                for rate in RATES:
                    base = usual_floor_us()
                    feeder = feed(wire, rate, seconds + 3)
                    time.sleep(2.0)
                    before, begin = cpu_s(process.pid), time.monotonic()
                    time.sleep(seconds)
                    shares[rate] = 100 * (cpu_s(process.pid) - before) / (time.monotonic() - begin)
                    feeder.wait()
                    if rate:
                        floors[rate] = 1e4 * shares[rate] / rate / base
                result.setdefault("resident_mb", resident_mb(process.pid))
                process.terminate()
                process.wait()
            result[f"{name}_percent"], result[f"{name}_x_floor"] = shares, floors
        base = usual_floor_us()
        result["replayed_x_floor"], result["turn_x_floor"] = replayed_us(Path(folder), log) / base, turn_us() / base
    return result


def run_floor() -> None:
    for can_id, data in ROWS:
        floor.decode(can_id, data)


def usual_floor_us() -> float:
    """The floor, several times over: it is soon measured, and every ratio stands on it."""
    return statistics.median(floor_us(run_floor, len(ROWS)) for _ in range(9))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.seconds, arguments.rounds)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return int(any(missed(result)))
    for name, most in MOST_START.items():
        took = result[name]
        print(f"{name}: own name after {took['s']:.3f} s, {took['ratio']:.2f} x velib style")
        ratio = f"{took['cpu_ratio']:.2f} x velib style (at most {most})"
        print(f"    processor time  {took['cpu_s']:.3f} s, {ratio}, which a busy machine disturbs less")
    print(f"resident memory     {result['resident_mb']:.1f} MB with python-can loaded (at most {TARGET_MB})")
    for name, title in (("cpu", ""), ("collected", ", collected as on SocketCAN")):
        for rate, share in result[f"{name}_percent"].items():
            ratio = result[f"{name}_x_floor"].get(rate)
            text = "" if ratio is None else f", a frame {ratio:.0f} x floor"
            most = f" (at most {MOST[rate][0]:.0f}, aim {MOST[rate][1]:.0f})" if ratio and not title else ""
            print(f"CPU at {rate:>4} frames/s  {share:.2f} % of a core{text}{most}{title}")
    most, aim = MOST_REPLAYED
    print(f"a frame of a replayed log    {result['replayed_x_floor']:.0f} x floor (at most {most:.0f}, aim {aim:.0f})")
    print(f"an empty turn of the loop    {result['turn_x_floor']:.0f} x floor")
    for text in missed(result):
        print(f"MISSED: {text}")
    return int(any(missed(result)))


def missed(result: Mapping[str, Any]) -> list[str]:
    """What is above its most."""
    found = [f"{rate} frames/s" for rate, ratio in result["cpu_x_floor"].items() if ratio > MOST[rate][0]]
    for rate, ratio in result["collected_x_floor"].items():
        if ratio > MOST_COLLECTED * result["cpu_x_floor"][rate]:
            found.append(f"{rate} frames/s collected")
    found += ["replay"] if result["replayed_x_floor"] > MOST_REPLAYED[0] else []
    found += [name for name, most in MOST_START.items() if result[name]["cpu_ratio"] > most]
    return found + (["memory"] if result["resident_mb"] > TARGET_MB else [])


if __name__ == "__main__":
    sys.exit(main())
