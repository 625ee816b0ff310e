"""What is told to a device: one value at one path of its service."""

from __future__ import annotations

from functools import lru_cache

from gxbridge.core.dvcc.read.devices.services import Device
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple


class Write(NamedTuple):
    """One SetValue. Order matters; the same path may be written twice (a repetition keeps a charger's link alive)."""

    service: str
    path: str
    value: Value


@lru_cache(maxsize=256, typed=True)
def tell_all(names: tuple[str, ...], path: str, value: float) -> tuple[Write, ...]:
    """The same to several services. It is told again and again, so that links stay alive."""
    return tuple([make(Write, (name, path, value)) for name in names])


def put(device: Device, path: str, value: float | None) -> list[Write]:
    """A write, if the service has such an item."""
    return [Write(device.name, path, value)] if path in device.paths else []
