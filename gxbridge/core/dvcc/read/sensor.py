"""Whose temperature is shared with the chargers: the battery monitor's, or the one that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, number_at
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor, Installation
from gxbridge.core.dvcc.read.numbers import sensible
from gxbridge.core.dvcc.read.user_settings import DEFAULT_TEMPERATURE, UserSettings
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

NO_SENSOR: Final = "nosensor"
BATTERY_SENSOR: Final = 0
"""`/TemperatureType` of a temperature sensor that sits on the battery."""


class Sensor(NamedTuple):
    """Whose temperature is shared."""

    device: BatteryMonitor
    path: str
    temperature_c: float


def temperature_sensor(
    installation: Installation, monitor: BatteryMonitor | None, settings: UserSettings, services: Mapping[str, Items]
) -> Sensor | None:
    """The battery monitor's temperature, or the chosen one; None without a valid one. `services`: as they are, because
    the user may choose any path."""
    choice = settings.temperature
    if choice == NO_SENSOR:
        return None
    if choice == DEFAULT_TEMPERATURE:
        return measured(monitor, p.TEMPERATURE, services)
    kind, _, rest = choice.removeprefix(p.PREFIX).partition("/")
    instance, _, path = rest.partition("/")
    device = next((d for d in installation.monitors(kind) if str(int(d.instance)) == instance), None)
    if kind == p.SENSOR and device is not None and services[device.name].get(p.SENSOR_TYPE) != BATTERY_SENSOR:
        return None
    return measured(device, f"/{path}", services)


def measured(device: BatteryMonitor | None, path: str, services: Mapping[str, Items]) -> Sensor | None:
    """The temperature of a device, if it knows one; a text that is a number counts as that."""
    if device is None:
        return None
    items = services.get(device.name)
    value = number_at(device, path) if items is None and isinstance(device, Bms) else (items or {}).get(path)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    known = sensible(value)
    return None if known is None else Sensor(device, path, known)
