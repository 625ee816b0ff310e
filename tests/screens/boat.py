"""What the real service publishes for the simulated boat of `gxbridge demo`, at a few moments of its day."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gxbridge.demo.buses import choose_can, find_dbus_daemon
from gxbridge.demo.roles import LYNX
from gxbridge.demo.simulation import BOAT, SimulatedInstallation

WITHIN_S = 30.0
Items = dict[str, dict[str, Any]]
"""Service -> path -> value."""
Step = tuple[Mapping[str, Mapping[str, object]], Callable[[Items], bool]]
"""Orders to the simulated devices by role, and what must hold after them."""


class MomentError(Exception):
    """What was waited for did not come."""


async def _play(steps: Sequence[Step], look: Callable[[str], None]) -> list[Items]:
    with tempfile.TemporaryDirectory(prefix="gxs-", dir="/tmp") as name:
        folder = Path(name)
        boat = SimulatedInstallation(
            BOAT, folder / "boat", choose_can(None, folder / "boat"), lambda _role, _path, _new: None
        )
        try:
            await boat.start(find_dbus_daemon(None))
            for role, order in ((LYNX, {"power": True}), *DAY.items()):
                boat.order(role, order)
            found = [await _moment(boat, lambda items: own(items).get("/Limits/Ccl/Value") == 200)]
            for orders, until in steps:
                for role, order in orders.items():
                    boat.order(role, order)
                found.append(await _moment(boat, until))
            await asyncio.to_thread(look, boat.address)
            return found
        finally:
            await boat.close()


DAY: Mapping[str, Mapping[str, object]] = {
    "MPPT 100/50": {"power_a": 45},
    "MPPT 150/70": {"power_a": 50},
    "Orion XS": {"power_a": 30},
    "MultiPlus": {"shore": True, "load_a": 0},
}


async def _moment(boat: SimulatedInstallation, holds: Callable[[Items], bool]) -> Items:
    deadline = time.monotonic() + WITHIN_S
    while True:
        items = {service: dict(values) for service, values in boat.monitor.services.items()}
        if holds(items):
            return items
        if time.monotonic() > deadline:
            raise MomentError("it did not come: " + boat.service_log())
        await boat.changed(0.2)


def moments(*steps: Step, look: Callable[[str], None] = lambda _address: None) -> list[Items]:
    """Every item of every service on a sunny day, and when each step's condition holds after its orders.

    `look` is called at the end with the address of the bus, while everything runs.
    """
    return asyncio.run(_play(steps, look))


def own(items: Items) -> dict[str, Any]:
    """The items of our own service."""
    return items.get("com.victronenergy.gxbridge", {})
