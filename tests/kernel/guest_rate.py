"""2,000 frames a second, more than a full 250 kbit/s bus: every frame is received, or counted as dropped by the kernel.

Runs in the guest that tests/kernel/boot.py boots. The sender is a process of its own; there is one CPU for both.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gxbridge.edge.can.can_bus import CanSource
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from gxbridge.runtime.assembly import kernel_filters
from tests.edge.aio import run
from tests.kernel import interfaces
from tests.kernel.measured import note

RATE = 2000
SECONDS = 5


@pytest.fixture
def vcan() -> Iterator[str]:
    interfaces.add("vcan0")
    yield "vcan0"
    interfaces.delete("vcan0")


@pytest.mark.parametrize("filters", [(), kernel_filters()], ids=["all", "filtered"])
def test_every_frame_of_a_full_bus_is_received_or_counted(vcan: str, filters: tuple[tuple[int, int], ...]) -> None:
    async def main() -> None:
        batches: list[int] = []
        source = CanSource(
            CanSpec("socketcan", vcan, vcan), lambda frames: batches.append(len(frames)), filters=filters
        )
        await source.start()
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        command = [sys.executable, "-m", "tests.kernel.sender", vcan, f"--rate={RATE}", f"--seconds={SECONDS}"]
        sender = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        out, _ = await sender.communicate()
        said = json.loads(out)
        sent, took_s = said["sent"], said["took_s"]
        used = resource.getrusage(resource.RUSAGE_SELF)
        assert sent == RATE * SECONDS
        with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as last:
            last.bind((vcan,))
            for _ in range(100):  # the count of what was dropped comes with a later frame
                if source.stats.frames + source.stats.lost >= sent:
                    break
                await asyncio.sleep(0.1)
                last.send(CAN_FRAME.pack(0x18EEFF00 | EFF_FLAG, 8, bytes(8)))
                sent += 1
            await asyncio.sleep(0.2)
        assert source.stats.frames + source.stats.lost == sent
        assert sum(batches) == source.stats.frames
        await source.close()
        cpu_s = used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime
        note(
            f"CanSource, {len(filters)} filters: {sent} frames at {sent / took_s:.0f}/s, {source.stats.lost} lost, "
            f"{len(batches)} batches, {cpu_s / took_s:.0%} CPU"
        )

    run(main)
