"""Which device a row is about: its kind, its id, its product and its firmware, by D-Bus service or battery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gxbridge.core.model import firmware
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value, plain_items
from gxbridge.fleet.privacy import Privacy

SERVICES: Final = "com.victronenergy."
UNKNOWN: Final[Mapping[str, Any]] = {"kind": None, "device": None, "product": None, "firmware": None}


class KnownDevices:
    """What is known of the devices of one file. `site` tells apart what has no serial."""

    def __init__(self, privacy: Privacy, site: str) -> None:
        self._privacy = privacy
        self._site = site
        self.items: dict[str, dict[str, Value]] = {}
        """D-Bus services as they are now."""
        self.serials: dict[tuple[str, int], str] = {}
        """By bus and address, as a log says anywhere."""
        self._batteries: dict[str, dict[str, Any]] = {}
        self._services: dict[str, dict[str, Any]] = {}

    def service_added(self, name: str, items: Mapping[str, Any]) -> None:
        """A D-Bus service came."""
        self.items[name] = plain_items(items)
        self._services.pop(name, None)

    def service_changed(self, name: str, changes: Mapping[str, Any]) -> None:
        """Some of its items changed."""
        self.items.setdefault(name, {}).update(plain_items(changes))
        if not changes.keys().isdisjoint(("/ProductName", "/FirmwareVersion", "/Serial")):
            self._services.pop(name, None)

    def battery(self, battery: Battery) -> Mapping[str, Any]:
        """A battery of our own."""
        serial = battery.serial
        if serial is None and battery.address is not None:
            serial = self.serials.get((battery.bus, battery.address))
        name = serial or f"{self._site} {battery.key}"
        row = {
            "kind": "battery",
            "device": self._privacy.device(name),
            "product": self._privacy.product(battery.product_name),
            "firmware": self._privacy.firmware(battery.firmware_text),
        }
        self._batteries[battery.key] = row
        return row

    def subject(self, subject: str) -> Mapping[str, Any]:
        """Whatever a limit or a finding is about: a service, the key of a battery, or something else."""
        if subject in self._batteries:
            return self._batteries[subject]
        for key, row in self._batteries.items():  # com.victronenergy.battery.gxbridge_can0_uc167120
            if subject.startswith(SERVICES) and subject.endswith(f"_{key}"):
                return row
        if not subject.startswith(SERVICES):
            return UNKNOWN
        known = self._services.get(subject)
        if known is None:
            known = self._services[subject] = self._service(subject)
        return known

    def _service(self, name: str) -> dict[str, Any]:
        items = self.items.get(name, {})
        version = items.get("/FirmwareVersion")
        serial = items.get("/Serial") or f"{self._site} {name}"
        text = firmware.text(version) if isinstance(version, int) else version if isinstance(version, str) else None
        return {
            "kind": self._privacy.kind(name.removeprefix(SERVICES).partition(".")[0]),
            "device": self._privacy.device(str(serial)),
            "product": self._privacy.product(items.get("/ProductName")),
            "firmware": self._privacy.firmware(text),
        }
