"""What com.victronenergy.settings keeps for a device of ours: its instance and its custom name.

The settings service hands out instances: we propose `battery:220`, it answers with the next free number, and remembers.
Where it is not there, or refuses, the configured values hold; when it appears later it is asked then, and one that
refuses or is too busy to answer is asked again and again.
Source: the vendor's localsettings README and localsettings.py (AddSettings, ClassAndVrmInstance).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Literal

from gxbridge.core.model.record import record
from gxbridge.edge.dbus import bodies, parse
from gxbridge.edge.dbus.bus import BusError, Connection
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.wire import Incoming
from gxbridge.edge.tasks import report_failure

log = logging.getLogger("gxbridge.dbus")

SERVICE: Final = "com.victronenergy.settings"
INTERFACE: Final = "com.victronenergy.Settings"
DEVICES: Final = "/Settings/Devices"

ANSWER_S: Final = 5.0
"""A GX that has just started is slow."""
FIRST_AGAIN_S: Final = 5.0
LONGEST_AGAIN_S: Final = 60.0

ERRORS: Final = {
    -1: "refused",
    -2: "a part of the path starts with an underscore",
    -3: "unknown type",
    -4: "invalid path",
    -5: "another type is stored",
    -6: "invalid default",
    -7: "default out of range",
    -8: "the path is a group",
    -9: "the path is not below /Settings",
}

_INSTANCE: Final = re.compile(r"([a-z0-9]+):(\d{1,9})")


class SettingsError(BusError):
    """The settings service refused, or is not there."""


@record
class Setting:
    """One setting to be added: its absolute path and default; the stored value wins. No range when both ends are 0."""

    path: str
    default: int | float | str
    minimum: int | float = 0
    maximum: int | float = 0


@record
class DeviceSettings:
    """A device's instance and name; `source` says who decided, `trouble` why it was not the settings service."""

    instance: int
    custom_name: str
    source: Literal["settings", "config"] = "config"
    trouble: str = ""


@record
class _NamedDevice:
    device_class: str
    settings: DeviceSettings


def instance_of(value: WireValue, device_class: str) -> int | None:
    """The number in `battery:5`, None when it is of another class or no such text."""
    found = _INSTANCE.fullmatch(value) if isinstance(value, str) else None
    return int(found[2]) if found is not None and found[1] == device_class else None


class SettingsClient:
    """Device instances and names, through a monitor whose events its owner passes on (`added`, `changed`, `removed`).

    `on_device(unique_id, settings)` is called when what `device` returned has changed since. `refused`: what a settings
    service that is there does not keep, by device, in words.
    """

    def __init__(self, monitor: Monitor, on_device: Callable[[str, DeviceSettings], None]) -> None:
        self._monitor = monitor
        self._on_device = on_device
        self._devices: dict[str, _NamedDevice] = {}
        self._insisting: dict[str, asyncio.Task[None]] = {}
        self.present = False
        self.refused: dict[str, str] = {}

    async def add(self, settings: Sequence[Setting]) -> dict[str, WireValue]:
        """Creates settings that do not exist, returns path -> stored value of all. Raises SettingsError."""
        try:
            connection = self._monitor.connection()
            body = bodies.rows_body(_entry(setting) for setting in settings)
            reply = await connection.call(SERVICE, "/", INTERFACE, "AddSettings", "aa{sv}", body, timeout_s=ANSWER_S)
            rows = _rows(connection, reply)
        except (BusError, ValueError) as error:
            raise SettingsError(f"the settings service does not add settings: {error}") from error
        stored: dict[str, WireValue] = {}
        for row in rows if isinstance(rows, list) else ():
            path, code = str(row.get("path")), row.get("error", 0)
            if code:
                raise SettingsError(f"the settings service refuses {path}: {ERRORS.get(code, '')} ({code})")
            stored[path] = row.get("value")
        return stored

    async def device(self, unique_id: str, device_class: str, instance: int, custom_name: str = "") -> DeviceSettings:
        """The device's settings: those stored, else the given ones, which are also what is proposed to be stored."""
        settings = DeviceSettings(instance, custom_name)
        device = self._devices[unique_id] = _NamedDevice(device_class, settings)
        found = await self._ask(unique_id, device)
        if unique_id in self.refused:
            self._insist_on(unique_id, FIRST_AGAIN_S)
        return found

    def forget(self, unique_id: str) -> None:
        """The device is gone; what is stored stays."""
        self._devices.pop(unique_id, None)
        self.refused.pop(unique_id, None)

    async def set_custom_name(self, unique_id: str, custom_name: str) -> bool:
        """Stores a name; False when the settings service did not take it."""
        device = self._devices.get(unique_id)
        if device is not None:
            self._devices[unique_id] = replace(device, settings=replace(device.settings, custom_name=custom_name))
        try:
            code = await self._monitor.set_value(SERVICE, _path(unique_id, "CustomName"), custom_name)
            trouble = "" if code == 0 else f"the settings service refuses it: {ERRORS.get(code, '')} ({code})"
        except BusError as error:
            trouble = str(error)
        if not trouble:
            if device is None or device.settings.source == "settings":
                self.refused.pop(unique_id, None)
            return True
        log.warning("the name of %s is not stored: %s", unique_id, trouble)
        if self.present and device is not None and device.settings.source == "settings":
            self.refused[unique_id] = f"the name {custom_name!r} is not stored: {trouble}"
        return False

    async def close(self) -> None:
        """Ends what is under way."""
        tasks = list(self._insisting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the monitor's events -----------------------------------------------------------------------------------------

    def added(self, name: str) -> None:
        """A service appeared. If it is the settings service, every device is entered there."""
        if name != SERVICE:
            return
        self.present = True
        for unique_id, device in self._devices.items():
            if device.settings.source == "config":
                self._insist_on(unique_id, 0.0)

    def changed(self, name: str, changes: Mapping[str, WireValue]) -> None:
        """A service changed. Instances and names that somebody sets in the GUI arrive here."""
        if name != SERVICE:
            return
        for unique_id, device in list(self._devices.items()):
            old = new = device.settings
            instance = instance_of(changes.get(_path(unique_id, "ClassAndVrmInstance")), device.device_class)
            if instance is not None:
                new = replace(new, instance=instance, source="settings", trouble="")
            custom_name = changes.get(_path(unique_id, "CustomName"))
            if isinstance(custom_name, str):
                new = replace(new, custom_name=custom_name)
            if new != old:
                self._devices[unique_id] = replace(device, settings=new)
                self._on_device(unique_id, new)

    def removed(self, name: str) -> None:
        """A service is gone. What was read stays valid: an instance never changes because somebody else restarts."""
        if name == SERVICE:
            self.present = False
            self.refused.clear()

    # ------------------------------------------------------------------------------------------------------------------

    async def _ask(self, unique_id: str, device: _NamedDevice) -> DeviceSettings:
        proposed = device.settings
        instance_path, name_path = _path(unique_id, "ClassAndVrmInstance"), _path(unique_id, "CustomName")
        try:
            stored = await self.add(
                [
                    Setting(instance_path, f"{device.device_class}:{proposed.instance}"),
                    Setting(name_path, proposed.custom_name),
                ]
            )
            instance = instance_of(stored.get(instance_path), device.device_class)
            if instance is None:
                raise SettingsError(f"{instance_path} is stored as {stored.get(instance_path)!r}")
            found = DeviceSettings(instance, str(stored.get(name_path) or ""), "settings")
        except SettingsError as error:
            found = replace(proposed, trouble=str(error))
            if self.present and found.trouble != proposed.trouble:
                log.warning("%s keeps the configured instance %d: %s", unique_id, proposed.instance, error)
        if unique_id in self._devices:
            self._devices[unique_id] = replace(device, settings=found)
            if found.trouble and self.present:
                self.refused[unique_id] = found.trouble
            else:
                self.refused.pop(unique_id, None)
        return found

    def _insist_on(self, unique_id: str, wait_s: float) -> None:
        """Ask in a while, and again until it is stored."""
        before = self._insisting.pop(unique_id, None)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._insist(unique_id, wait_s), name=f"settings of {unique_id}")
        self._insisting[unique_id] = task
        report_failure(task)

    async def _insist(self, unique_id: str, wait_s: float) -> None:
        while True:
            await asyncio.sleep(wait_s)
            device = self._devices.get(unique_id)
            if device is None or not self.present or device.settings.source == "settings":
                return
            old = device.settings
            new = await self._ask(unique_id, device)
            if (new.instance, new.custom_name, new.source) != (old.instance, old.custom_name, old.source):
                self._on_device(unique_id, new)
            wait_s = min(max(FIRST_AGAIN_S, 2 * wait_s), LONGEST_AGAIN_S)


def _path(unique_id: str, name: str) -> str:
    return f"{DEVICES}/{unique_id}/{name}"


def _entry(setting: Setting) -> dict[str, int | float | str]:
    """One row of AddSettings; the service knows the types `i`, `x`, `d` and `s` and refuses all others."""
    entry = {"path": setting.path, "default": setting.default}
    if setting.minimum or setting.maximum:
        entry |= {"min": setting.minimum, "max": setting.maximum}
    return entry


def _rows(connection: Connection, reply: Incoming) -> Any:
    """What AddSettings answers, a row for each setting. Raises wire.WireError."""
    if reply.header.signature == "aa{sv}" and reply.at >= 0:
        with suppress(parse.Unusual):
            return parse.read_rows(reply.frame, reply.at)
    (rows,) = connection.body(reply)
    return rows
