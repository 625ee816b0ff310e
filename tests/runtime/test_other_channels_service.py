"""The running service with a BMS at digital inputs on a real bus: what a charger is told, and what the user is told."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from gxbridge.demo.sim.busitem import SimService as Device
from gxbridge.demo.sim.busitem import SimValue
from tests.core.boat import MULTI, SOLAR, multi, solar
from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import Service

INPUT = "com.victronenergy.digitalinput.input_{}"
CURRENT, MODE, MULTI_CURRENT = "/Link/ChargeCurrent", "/Link/NetworkMode", "/Dc/0/MaxChargeCurrent"
LONG_S = 40.0
"""For a machine that is busy; what is waited for comes within a few seconds."""


async def until(holds: Callable[[], bool], what: str) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONG_S):
            while not holds():  # noqa: ASYNC110 - the devices have no event for it
                await asyncio.sleep(0.02)
    assert holds(), what


async def told(command: str, bus: DBusDaemon, words: str) -> str:
    """The output of a command of the user, asked again until the words are in it."""
    async with asyncio.timeout(LONG_S):
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gxbridge", command, "--dbus", bus.address),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            out, _ = await process.communicate()
            text = " ".join(out.decode().split())
            if words in text:
                return text


def test_a_small_bms_at_three_inputs_from_the_levels_to_the_chargers(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        f"can: []\ndbus: {{address: '{own_daemon.address}'}}\ndvcc: {{mode: control}}\nblackbox: {{enabled: no}}\n"
        "terminals:\n  - model: SmallBMS\n    name: bank\n"
        f"    allow_to_charge: {INPUT.format(1)}\n    allow_to_discharge: {INPUT.format(2)}\n"
        f"    pre_alarm: {INPUT.format(3)}\n"
    )
    inputs = {
        number: Device(own_daemon.address, INPUT.format(number), {"/Type": 10, "/InputState": level, "/State": 8})
        for number, level in ((1, 0), (2, 0), (3, 1))
    }
    writable = frozenset({CURRENT, MODE, "/Link/ChargeVoltage", MULTI_CURRENT})
    voltages: list[SimValue] = []

    def on_write(path: str, value: SimValue) -> None:
        if path == "/Link/ChargeVoltage" or path.startswith("/BatteryOperationalLimits"):
            voltages.append(value)

    charger = Device(own_daemon.address, SOLAR, solar(), writable, on_write)
    inverter = Device(own_daemon.address, MULTI, multi(), frozenset(multi()), on_write)

    def level(number: int, value: int) -> None:
        inputs[number]["/InputState"] = value
        inputs[number].flush()

    async def story() -> None:
        for device in (*inputs.values(), charger, inverter):
            await device.start()
        await until(lambda: (charger[CURRENT], charger[MODE]) == (35.0, 5), "allowed: its own limit, no BMS bit")
        level(1, 1)
        await until(lambda: (charger[CURRENT], inverter[MULTI_CURRENT]) == (0, 0), "a broken wire stops both")
        await told("explain", own_daemon, "bank, allowed-to-charge terminal at input_1: open, which is stop")
        level(1, 0)
        await until(lambda: (charger[CURRENT], inverter[MULTI_CURRENT]) == (35.0, 10000.0), "the end of the stop")
        level(2, 1)
        level(3, 0)
        text = await told("explain", own_daemon, "observed, not enforced: no battery service gives a discharge limit")
        assert "A refusal to discharge is observed, not enforced: loads need the BMS's own wire" in text
        text = await told("doctor", own_daemon, "bank: pre-alarm: a cell is low")
        assert "observed, not enforced" in text
        assert "load disconnect" in text
        assert charger[CURRENT] == 35.0
        assert voltages == [], "nobody was told a voltage, and the inverter/charger no limits of a battery"

    with Service(tmp_path, "--config", str(config)) as service:
        asyncio.run(story())
        assert service.end() == 0
    assert "Traceback" not in service.log()
