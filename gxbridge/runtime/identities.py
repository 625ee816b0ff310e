"""Device instance and custom name of each battery: from the GX's settings, else from the configuration."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from gxbridge.core.cycle import ServiceView
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.settings import DeviceSettings, SettingsClient

log = logging.getLogger("gxbridge.identities")

BATTERY_CLASS = "battery"
FIRST_OF_A_PORT = 0
"""Instances of a port's devices begin there, as the vendor's do (recorded)."""


def unique_id(view: ServiceView) -> str:
    """What the settings know the battery by: its unique number, which survives address, port and instance; a bank by
    its name in the configuration."""
    return f"gxbridge_{view.key}"


class Identities:
    """Asks once for each battery; `of` is None until the answer is there, so that no instance is ever guessed."""

    def __init__(
        self, monitor: Monitor, instance: int, custom_name: str, on_news: Callable[[], None] = lambda: None
    ) -> None:
        """`on_news` is called when an answer has come or has changed."""
        self._on_news = on_news
        self._default = (instance, custom_name)
        self._settings = SettingsClient(monitor, self._changed)
        self._known: dict[str, tuple[int, str]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._proposed: dict[str, tuple[str, int]] = {}
        """What was asked for, with its class: instances are unique inside a class."""

    def of(self, view: ServiceView) -> tuple[int, str] | None:
        """Instance and name of a battery, None while they are being asked for."""
        battery = unique_id(view)
        known = self._known.get(battery)
        if known is None and battery not in self._asking:
            ask = self._ask(battery, view.kind, view.title)
            task = asyncio.get_running_loop().create_task(ask, name=f"identity of {battery}")
            self._asking[battery] = task
        return known

    async def _ask(self, battery: str, kind: str, title: str) -> None:
        instance, custom_name = (FIRST_OF_A_PORT, "") if kind else self._default
        custom_name, kind = title or custom_name, kind or BATTERY_CLASS
        # Several batteries without a settings service must not share an instance, asked for together or not.
        same = [other for other, (its, _) in self._proposed.items() if its == kind]
        taken = {self._known[other][0] for other in same if other in self._known}
        taken |= {self._proposed[other][1] for other in same}
        while instance in taken:
            instance += 1
        self._proposed[battery] = kind, instance
        try:
            found = await self._settings.device(battery, kind, instance, custom_name)
            self._known.setdefault(battery, (found.instance, found.custom_name))
        except (BusError, OSError) as error:
            log.warning("%s keeps instance %d: %s", battery, instance, error)
            self._known[battery] = (instance, custom_name)
        finally:
            self._asking.pop(battery, None)
        self._on_news()

    def _changed(self, battery: str, settings: DeviceSettings) -> None:
        self._known[battery] = (settings.instance, settings.custom_name)
        self._on_news()

    @property
    def refused(self) -> Mapping[str, str]:
        """What the GX's settings do not keep, by battery, in words; empty where there are no settings."""
        return self._settings.refused

    def rename(self, battery: str, custom_name: str) -> None:
        """A consumer gave the battery a name: it holds at once, and is stored where there are settings."""
        instance, _ = self._known.get(battery, self._default)
        self._known[battery] = (instance, custom_name)
        task = asyncio.get_running_loop().create_task(self._store(battery, custom_name), name=f"name of {battery}")
        self._asking[f"{battery} name"] = task

    async def _store(self, battery: str, custom_name: str) -> None:
        try:
            await self._settings.set_custom_name(battery, custom_name)
        finally:
            self._asking.pop(f"{battery} name", None)

    # --- the monitor's events --------------------------------------------------------------------------------------

    def added(self, name: str) -> None:
        self._settings.added(name)

    def changed(self, name: str, changes: Mapping[str, WireValue]) -> None:
        self._settings.changed(name, changes)

    def removed(self, name: str) -> None:
        self._settings.removed(name)

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._settings.close()
