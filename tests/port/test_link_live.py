"""LINK with a simulated charger as a process, on the real clock: frames through the edge, words by the real bridge."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.link.link_out import LinkTarget
from gxbridge.edge.can.can_bus import CanSource
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.runtime.can_speaker import CanSpeaker
from tests.contract.scene import Orders
from tests.core.boat import NO_CHARGE, RUNNING, claim, solar, status, vreg
from tests.core.test_link import REMEMBERED
from tests.port.fleet import FLEET

IO = 0x2108
SERVICE = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc283819"
PATIENCE_S = 15.0


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Orders]:
    (tmp_path / "w").mkdir()
    command = ["tests.port.live", "--interface", "gxsocket", "--channel", str(tmp_path / "w"), "mppt"]
    process = Orders(sys.executable, "-m", *command)
    yield process
    process.close()


async def told(port: Orders, register: str, wanted: int) -> dict[str, Any]:
    """What the charger says of itself once it is told so."""
    until = time.monotonic() + PATIENCE_S
    state: dict[str, Any] = {}
    while state.get("told", {}).get(register) != wanted:
        assert time.monotonic() < until, state
        state = await asyncio.to_thread(port, "state", "mppt")
        await asyncio.sleep(0.05)
    return state


async def play(folder: str, port: Orders) -> None:
    bridge = Bridge(Setup(mode="control", transmit="link", buses=("can0",), remembered=REMEMBERED))
    bridge.hold_name(True)

    def hear(frames: list[tuple[float, int, bytes]]) -> None:
        bridge.hear("can0", frames)
        speaker.speak()

    source = CanSource(CanSpec("gxsocket", folder, "can0"), hear)
    speaker = CanSpeaker(bridge.transmitter, {"can0": source}, silent=False)
    said, target = dict(RUNNING), LinkTarget("can0", Name(FLEET["mppt"].name), SERVICE)

    async def controller() -> None:
        """A BMS that speaks, and a controller that always wants 50 A."""
        bridge.service_added(SERVICE, solar(70.0, **{"/N2kDeviceInstance": 0}), time.monotonic())
        while True:
            now = time.monotonic()
            words = (claim(), status(), *(vreg(register, raw) for register, raw in said.items()))
            bridge.hear("can0", [(now, *frame) for frame in words])
            bridge.orders.write_link(target, "/Link/ChargeCurrent", 50.0, now)
            bridge.tick(now)
            speaker.speak()
            await asyncio.sleep(0.5)

    await source.start()
    task = asyncio.create_task(controller())
    try:
        await asyncio.to_thread(port, "source", "mppt", 60.0)
        assert (await told(port, "0x2015", 500))["current_a"] == 50.0
        await asyncio.to_thread(port, "lose", "mppt", 1)
        said[IO] = NO_CHARGE
        assert (await told(port, "0x2015", 0))["current_a"] == 0.0
        assert bridge.link is not None
        assert bridge.link.findings == ()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        speaker.cancel()
        await source.close()


def test_a_charger_in_a_process_of_its_own_is_told_and_stopped(tmp_path: Path, port: Orders) -> None:
    asyncio.run(play(str(tmp_path / "w"), port))
