"""What is told to a device: one value at one path of its service."""

from __future__ import annotations

from typing import NamedTuple

from gxbridge.core.model.items import Value


class Write(NamedTuple):
    """One SetValue. Order matters; the same path may be written twice (a repetition keeps a charger's link alive)."""

    service: str
    path: str
    value: Value
