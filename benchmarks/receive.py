"""What a received frame costs: our drain against a bare socket and against python-can's asyncio Notifier.

    python -m benchmarks.receive [--rounds 5] [--seconds 4] [--json]

A unix datagram pair stands in for the CAN socket; python-can's real SocketcanBus runs on it. Drained: 200 frames wait
and are fetched at once, 300 times. Paced: another process sends 600 frames a second, and each wakes its receiver. Each
figure comes from a fresh process, contenders take turns, ratios are formed inside a round; only ratios mean something.
Reading a candump log is measured beside it, against the least code that splits and converts a line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from gxbridge.edge.can.socketcan import BUSY_S, CAN_FRAME, COALESCE_S, EFF_FLAG

BURST, BURSTS = 200, 300
RATE = 600
CPUS = sorted(os.sched_getaffinity(0))

# Row: contender, base, what the ratio must not exceed (performance notes of the project, x86-64), and its meaning.
TARGETS = (
    ("drained", "drain", "raw", 1.6, "our drain, without decoding"),
    ("drained", "drain and decode", "raw", 2.0, "our drain and the decoder"),
    ("drained", "drain and decode", "notifier", 0.25, "the same, of python-can's asyncio Notifier"),
    ("paced", "drain and decode", "notifier", 0.25, "the same at 600 frames/s"),
    ("lines", "open_log", "split", 1.5, "a candump line, of the least code for it"),
    ("lines", "open_log", "python-can", 0.4, "a candump line, of python-can's reader"),
)


def frames(count: int) -> list[tuple[int, bytes]]:
    """A VE.Can mixture: registers, battery status, fast packets with interleaved sources; a third repeats."""
    made: list[tuple[int, bytes]] = []
    for n in range(count):
        source = 0x24 + n % 7
        match n % 9:
            case 0 | 1 | 2 | 3:
                register = (0x2002, 0x201C, 0xEDD5, 0x0FFF)[n % 4]
                made.append((0x1CEFFF00 | source, struct.pack("<HHI", 0x9966, register, n % 3 * 11 + 5000)))
            case 4 | 5:
                made.append((0x19F21400 | source, struct.pack("<BhhHB", 0, 5240 + n % 5, n % 300, 29600, n % 253)))
            case 6:
                made.append((0x19F21200 | source, bytes([n // 9 % 8 << 5, 11, 0, 0, 0, 78, 99, 255])))
            case 7:
                made.append(
                    (0x19F21200 | 0x24 + (n - 1) % 7, bytes([n // 9 % 8 << 5 | 1, 255, 255, 255, 200, 0, 255, 255]))
                )
            case _:
                made.append((0x0DF20D00 | source, bytes([0, n % 4, 85, 85, 85, 85, 85, 255])))
    return made


def packed(count: int) -> list[bytes]:
    return [CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data) for can_id, data in frames(count)]


# --- receivers: each is given a socket and awaits `count` frames ----------------------------------------------------


class Raw:
    """recv(16) and unpack, until nothing is there; where it has to wait, it blocks."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    async def take(self, count: int) -> None:
        receive, unpack = self.sock.recv, CAN_FRAME.unpack
        for _ in range(count):
            unpack(receive(16))


class Drain:
    """What the service does; waking up included."""

    def __init__(self, sock: socket.socket, delays: tuple[float, float], decode: bool = False) -> None:
        from gxbridge.core.nmea2000.decoder import Decoder
        from gxbridge.core.nmea2000.frame import TimedFrame
        from gxbridge.edge.can.can_stats import CanStats
        from gxbridge.edge.can.socketcan import SocketDrain

        self.missing = 0
        self.done = asyncio.Event()
        feed = Decoder().feed

        def take(batch: list[TimedFrame]) -> None:
            if decode:
                for at, can_id, data in batch:
                    feed(can_id, data, at)
            self.missing -= len(batch)
            if self.missing <= 0:
                self.done.set()

        self.drain = SocketDrain(sock, CanStats("can0"), take, print, print, *delays)

    async def take(self, count: int) -> None:
        self.missing += count
        self.done.clear()
        await self.done.wait()


class Notifier:
    """python-can's SocketcanBus with an asyncio Notifier, as most programs use it."""

    def __init__(self, sock: socket.socket) -> None:
        import can
        import can.interfaces.socketcan.socketcan as module

        logging.getLogger("can").setLevel(logging.CRITICAL)
        module.create_socket = lambda: sock
        module.bind_socket = lambda sock, channel: None
        self.bus = can.Bus(interface="socketcan", channel="can0", ignore_config=True)
        self.missing = 0
        self.done = asyncio.Event()

        def take(message: can.Message) -> None:
            self.missing -= 1
            if self.missing <= 0:
                self.done.set()

        self.notifier = can.Notifier(self.bus, [take], loop=asyncio.get_running_loop())

    async def take(self, count: int) -> None:
        self.missing += count
        self.done.clear()
        await self.done.wait()


def receiver(name: str, sock: socket.socket, delays: tuple[float, float]) -> Raw | Drain | Notifier:
    if name == "raw":
        return Raw(sock)
    if name == "notifier":
        return Notifier(sock)
    return Drain(sock, delays, decode=name == "drain and decode")


# --- measurements, each in a process of its own ---------------------------------------------------------------------


async def drained(name: str) -> float:
    """CPU microseconds for each frame when they are waiting."""
    inner, wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    taker = receiver(name, inner, (0.0, 0.0))
    batch = packed(BURST)
    used = 0.0
    for number in range(BURSTS + 20):
        for item in batch:
            wire.send(item)
        begin = time.process_time()
        await taker.take(BURST)
        if number >= 20:  # the first ones warm up
            used += time.process_time() - begin
    return used / (BURST * BURSTS) * 1e6


SENDER = """
import socket, sys, time
wire = socket.socket(fileno=int(sys.argv[1]))
rate, count = float(sys.argv[2]), int(sys.argv[3])
batch = [bytes.fromhex(line) for line in sys.stdin.read().split()]
begin = time.monotonic()
for number in range(count):
    time.sleep(max(0.0, begin + number / rate - time.monotonic()))
    wire.send(batch[number % len(batch)])
"""


async def paced(name: str, seconds: float) -> float:
    """CPU microseconds for each frame when they come one by one."""
    inner, wire = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    taker = receiver(name, inner, (COALESCE_S, BUSY_S))
    count = int(RATE * seconds)
    arguments = [sys.executable, "-c", SENDER, str(wire.fileno()), str(RATE), str(count)]
    with subprocess.Popen(  # noqa: ASYNC220 - starting it may block, nothing is measured yet
        arguments, stdin=subprocess.PIPE, pass_fds=[wire.fileno()], text=True
    ) as sender:
        pin(sender.pid, CPUS[0])
        assert sender.stdin is not None
        sender.stdin.write("\n".join(item.hex() for item in packed(BURST)))
        sender.stdin.close()
        await taker.take(1)
        begin = time.process_time()
        await taker.take(count - 1)
        return (time.process_time() - begin) / (count - 1) * 1e6


def lines(name: str) -> float:
    """CPU microseconds for each line of a candump log; the best of three passes."""
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        made = frames(100_000)
        file.writelines(f"({1.7e9 + n / 900:.6f}) can0 {i:08X}#{d.hex().upper()}\n" for n, (i, d) in enumerate(made))
        file.flush()
        return min(_read(name, file.name) for _ in range(3)) / len(made) * 1e6


def _read(name: str, path: str) -> float:
    begin = time.process_time()
    for _ in _source(name, path):
        pass
    return time.process_time() - begin


def _source(name: str, path: str) -> Iterable[object]:
    if name == "python-can":
        import can

        return can.LogReader(path)
    if name == "open_log":
        from gxbridge.edge.logs.reader import open_log

        return open_log(path)
    return _split(path)


def _split(path: str) -> Iterator[object]:
    with open(path, encoding="latin-1") as file:
        for line in file:
            stamp, bus, frame = line.split()
            can_id, data = frame.split("#")
            yield float(stamp[1:-1]), bus, int(can_id, 16), bytes.fromhex(data)


def pin(process: int, cpu: int) -> None:
    os.sched_setaffinity(process, {cpu})


def child(kind: str, name: str, seconds: float) -> None:
    pin(0, CPUS[-1])
    value = (
        lines(name) if kind == "lines" else asyncio.run(drained(name) if kind == "drained" else paced(name, seconds))
    )
    print(value)


def run(kind: str, name: str, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.receive", "--child", kind, name, "--seconds", str(seconds)]
    return float(
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1]).stdout
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child, arguments.seconds)
        return 0
    wanted = dict.fromkeys((kind, name) for kind, ours, base, _, _ in TARGETS for name in (ours, base))
    values: dict[tuple[str, str], list[float]] = {key: [] for key in wanted}
    for _ in range(arguments.rounds):
        for kind, name in wanted:
            values[kind, name].append(run(kind, name, arguments.seconds))
    rows = []
    for kind, ours, base, target, meaning in TARGETS:
        ratio = statistics.median(a / b for a, b in zip(values[kind, ours], values[kind, base], strict=True))
        rows.append({"kind": kind, "ours": ours, "base": base, "ratio": ratio, "target": target, "meaning": meaning})
    missed = int(any(row["ratio"] > row["target"] for row in rows))  # type: ignore[operator]
    if arguments.json:
        micro = {f"{kind} {name}": statistics.median(found) for (kind, name), found in values.items()}
        print(json.dumps({"microseconds": micro, "ratios": rows}, indent=2))
        return missed
    for (kind, name), found in values.items():
        print(
            f"{kind:8} {name:17} {min(found):7.2f} / {statistics.median(found):7.2f} / {max(found):7.2f} us CPU a piece"
        )
    for row in rows:
        verdict = "ok" if row["ratio"] <= row["target"] else "MISSED"  # type: ignore[operator]
        base = f"{row['ratio']:6.2f} x {row['base']:10} (at most {row['target']:4})"
        print(f"{base} {verdict:6} {row['kind']}: {row['meaning']}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
