"""What publishing, receiving and answering cost, against velib-style dbus-python on the same private bus.

    python -m benchmarks.dbus [--rounds 7] [--json]

Publishing: CPU of the service process for 500 updates of 20 values, back to back and at 200 a second, one signal each.
Receiving: CPU of a subscriber for 1000 ItemsChanged of 20 values. GetItems (200 paths) and GetValue: median time of a
blocking client. Start: from spawn until the name is owned. Only the ratios mean something; rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import dbus_next

from benchmarks.byte_code import keeping
from gxbridge.edge.dbus import wire
from tests.edge.dbus_daemon import DBusDaemon

PEERS = Path(__file__).parent / "dbus_peers"
ROOT = Path(__file__).parent.parent
PYTHON = "/usr/bin/python3"  # for both: dbus-python is Debian's, and an interpreter built otherwise is another speed
LIBRARIES = Path(dbus_next.__file__).parent.parent
CPUS = sorted(os.sched_getaffinity(0))
SERVICE = "com.victronenergy.battery.bench"
ITEM = "com.victronenergy.BusItem"

# Row: what it is, the most of ours / velib-style.
TARGETS = {
    "publish, CPU per value": 0.33,
    "publish paced, CPU per value": 0.6,
    "receive, CPU per value": 1.0,
    "GetItems of 200, median": 0.5,
    "GetValue, median": 0.8,
    "start to name owned": 1.4,
    "resident memory": None,
}


def pin(process: int, cpu: int) -> None:
    """Peers on the last CPU, daemon and client on the first."""
    os.sched_setaffinity(process, {CPUS[cpu]})


class Peer:
    """One service or receiver process."""

    def __init__(self, kind: str, role: str, address: str) -> None:
        program = PEERS / ("velib_style.py" if kind == "velib" else "ours.py")
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [PYTHON, str(program), address, role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**keeping(), "PYTHONPATH": f"{ROOT}:{LIBRARIES}"},
        )
        pin(self.process.pid, -1)
        if self.line() != "ready":
            raise SystemExit(f"{kind} {role} did not start (it needs the packages python3-dbus and python3-gi)")
        self.start_s = time.perf_counter() - begin

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> float:
        self.tell(command)
        return float(self.line())

    def memory_mb(self) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Client:
    """A blocking client with as little of its own cost as possible."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.sock.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        self.sock.recv(256)
        self.sock.sendall(b"BEGIN\r\n")
        self.data = b""
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    def call(self, *call: str) -> float:
        frame = wire.call(7, *call)
        begin = time.perf_counter()
        self.sock.sendall(frame)
        while True:
            length = wire.frame_length(self.data, 0)
            if length and len(self.data) >= length:
                kind = self.data[1]
                self.data = self.data[length:]
                if kind == wire.RETURN:
                    return time.perf_counter() - begin
                if kind == wire.ERROR:
                    raise SystemExit(f"{call} was refused")
            else:
                self.data += self.sock.recv(1 << 18)


def measure(kind: str, daemon: DBusDaemon) -> dict[str, float]:
    """One round of one kind."""
    figures: dict[str, float] = {}
    service = Peer(kind, "service", daemon.address)
    figures["start to name owned"] = service.start_s
    service.ask("publish 200")  # warm
    figures["publish, CPU per value"] = service.ask("publish 500") / 500 / 20
    figures["publish paced, CPU per value"] = service.ask("paced 200 200") / 200 / 20
    client = Client(str(daemon.socket))
    items = [client.call(SERVICE, "/", ITEM, "GetItems") for _ in range(150)]
    figures["GetItems of 200, median"] = statistics.median(items)
    figures["GetValue, median"] = statistics.median(
        [client.call(SERVICE, "/Dc/7/Voltage", ITEM, "GetValue") for _ in range(1000)]
    )
    figures["resident memory"] = service.memory_mb()
    client.sock.close()
    service.stop()
    sender = Peer("ours", "service", daemon.address)
    receiver = Peer(kind, "receiver", daemon.address)
    receiver.tell("receive 1000")
    receiver.line()
    sender.ask("publish 1000")
    figures["receive, CPU per value"] = float(receiver.line()) / 1000 / 20
    receiver.stop()
    sender.stop()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rounds: dict[str, list[dict[str, float]]] = {"ours": [], "velib": []}
    with DBusDaemon() as daemon:
        for process in (daemon.pid, os.getpid()):
            pin(process, 0)
        for kind in rounds:
            Peer(kind, "service", daemon.address).stop()  # makes the byte code
        for _ in range(arguments.rounds):
            for kind, found in rounds.items():
                found.append(measure(kind, daemon))
    rows = {}
    for name, target in TARGETS.items():
        pairs = [(ours[name], velib[name]) for ours, velib in zip(rounds["ours"], rounds["velib"], strict=True)]
        rows[name] = {
            "ours": statistics.median(pair[0] for pair in pairs),
            "velib": statistics.median(pair[1] for pair in pairs),
            "ratio": statistics.median(pair[0] / pair[1] for pair in pairs),
            "target": target,
        }
    over = [name for name, row in rows.items() if row["target"] is not None and row["ratio"] > row["target"]]
    missed = int(bool(over))
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return missed
    print(f"{'':32}{'ours':>12}{'velib-style':>12}{'ratio':>8}{'most':>8}")
    for name, row in rows.items():
        form: Callable[[float], str] = (
            (lambda mb: f"{mb:.1f} MB") if "memory" in name else (lambda s: f"{s * 1e6:.1f} us")
        )
        target = "" if row["target"] is None else f"{row['target']:.2f}"
        print(f"{name:32}{form(row['ours']):>12}{form(row['velib']):>12}{row['ratio']:>8.2f}{target:>8}")
    for name in over:
        print(f"MISSED: {name}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
