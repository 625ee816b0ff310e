"""Records docs/examples/boat.log and boat-box.jsonl.gz anew: two minutes of the simulated boat.

    python packaging/samples.py

A Lynx Smart BMS bank charges; one cell runs ahead until the BMS stops charging; it recovers; then the BMS falls silent.
The log is what `gxbridge watch --dump` wrote, the box what the service kept. Everything in them is simulated.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pins import ROOT

from gxbridge.demo.buses import choose_can, find_dbus_daemon
from gxbridge.demo.roles import LYNX
from gxbridge.demo.simulation import BOAT, SimulatedInstallation

INTO = ROOT / "docs" / "examples"
Orders = Mapping[str, Mapping[str, object]]
STORY: tuple[tuple[Orders, float], ...] = (
    (
        {
            LYNX: {"power": True},
            "MPPT 100/50": {"power_a": 45},
            "MPPT 150/70": {"power_a": 50},
            "Orion XS": {"power_a": 30},
            "MultiPlus": {"shore": True, "load_a": 0},
        },
        14,
    ),
    ({LYNX: {"set": {"rise_v": 0.22}, "over_s": 2}}, 6),
    ({LYNX: {"set": {"rise_v": 0.38}, "over_s": 1}}, 6),
    ({LYNX: {"set": {"rise_v": 0.02}, "over_s": 1}}, 6),
    ({LYNX: {"cable": "out"}}, 75),
)
"""Orders to the simulated devices, and how long (s) each is let be."""


async def record(folder: Path) -> tuple[bytes, bytes]:
    """The log, and the box."""
    boxes = folder / "boxes"
    plan = replace(BOAT, config={**BOAT.config, "blackbox": {"folder": str(boxes)}})
    can = choose_can(None, folder / "boat")
    boat = SimulatedInstallation(plan, folder / "boat", can, lambda _role, _path, _new: None)
    log = folder / "boat.log"
    try:
        await boat.start(find_dbus_daemon(None))
        command = [sys.executable, "-m", "gxbridge", "watch", ":".join(can), "--plain", "--dump", str(log)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watch:  # noqa: ASYNC220 - it starts at once
            await asyncio.sleep(4)  # until it listens
            for orders, seconds in STORY:
                for role, order in orders.items():
                    boat.order(role, order)
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    await boat.changed(0.2)
            watch.send_signal(signal.SIGINT)
            watch.wait(10)
        kept = sorted(boxes.glob("*.gz"))
        if not kept:
            raise SystemExit("no box was kept: " + boat.service_log(between=" | "))
        return log.read_bytes(), kept[-1].read_bytes()
    finally:
        await boat.close()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gxs-", dir="/tmp") as folder:
        log, box = asyncio.run(record(Path(folder)))
    (INTO / "boat.log").write_bytes(log)
    (INTO / "boat-box.jsonl.gz").write_bytes(box)
    print(f"{len(log)} and {len(box)} bytes in {INTO}")


if __name__ == "__main__":
    main()
