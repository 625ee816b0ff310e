"""One simulated D-Bus device: `python -m gxbridge.demo.sim.devices KIND --dbus ADDRESS`; orders on standard input."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Protocol

from gxbridge.demo.sim import chargers, multi
from gxbridge.demo.sim.busitem import SimService, SimValue
from gxbridge.demo.sim.orders import Orders, SimOrder, say

TICK_S = 0.2


class SimDevice(Protocol):
    """What a simulated device can do; `items` is what it publishes."""

    items: dict[str, SimValue]

    def order(self, order: SimOrder) -> None:
        """Something happens around it."""

    def written(self, path: str, value: SimValue, now: float) -> None:
        """A GX has written one of its paths."""

    def step(self, now: float, passed_s: float) -> dict[str, SimValue]:
        """Let time pass; returns what changed."""


def make(kind: str, limits_expire_s: float) -> tuple[str, SimDevice, frozenset[str]]:
    """(service name, device, writable paths) of a kind."""
    if kind in multi.MULTIS:
        name, items = multi.MULTIS[kind]
        return name, multi.Multi(dict(items), limits_expire_s), multi.WRITABLE
    name, items = chargers.CHARGERS[kind]
    return name, chargers.SimCharger(dict(items)), frozenset(path for path in items if path.startswith("/Link/"))


async def live_device(kind: str, address: str, limits_expire_s: float) -> None:
    """Be the device until there is nobody left to give orders, or the bus ends."""
    name, device, writable = make(kind, limits_expire_s)

    def written(path: str, value: SimValue) -> None:
        device.written(path, value, time.monotonic())

    service = SimService(address, name, device.items, writable, written)
    services = [service]
    if kind == "solar-can" and isinstance(device, chargers.SimCharger):
        services.append(_can_interface(address, device))
    for each in services:
        await each.start()
    orders = Orders(device.order)
    say(ready=True)
    lost = asyncio.ensure_future(service.lost())
    before = time.monotonic()
    while not lost.done() and await orders.pause(TICK_S):
        now = time.monotonic()
        for path, value in device.step(now, now - before).items():
            service[path] = value
        before = now
        service.flush()
    lost.cancel()


def _can_interface(address: str, charger: chargers.SimCharger) -> SimService:
    def written(path: str, value: SimValue) -> None:
        if path == "/Link/ChargeVoltage":
            charger.link_voltage_v = float(value) if isinstance(value, int | float) else None

    writable = frozenset(path for path in chargers.VECAN_ITEMS if path.startswith("/Link/"))
    return SimService(address, chargers.VECAN, chargers.VECAN_ITEMS, writable, written)


def main() -> None:
    """The command line of a simulated device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[*multi.MULTIS, *chargers.CHARGERS])
    parser.add_argument("--dbus", required=True)
    parser.add_argument("--limits-expire-s", type=float, default=multi.LIMITS_EXPIRE_S)
    arguments = parser.parse_args()
    asyncio.run(live_device(arguments.kind, arguments.dbus, arguments.limits_expire_s))


if __name__ == "__main__":
    main()
