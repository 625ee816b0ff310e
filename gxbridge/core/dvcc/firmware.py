"""Which firmware cannot be controlled.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.numbers import integer
from gxbridge.core.dvcc.scene import Scene
from gxbridge.core.dvcc.services import Device

VEBUS_FIRMWARE: Final = 0x422
SHORT_FIRMWARE: Final = 0x129
LONG_FIRMWARE: Final = 0x10200
"""The least versions: 16-bit numbers (VE.Direct) and 24-bit ones (VE.Can)."""
EXEMPT: Final = range(0xA102, 0xA10F)
"""Solar chargers on VE.Can that take external control whatever their number says."""


def too_old(charger: Device) -> bool:
    """Is a solar charger's firmware known, and too old for external control?"""
    version = integer(charger.items, p.FIRMWARE)
    if version is None or integer(charger.items, p.PRODUCT_ID) in EXEMPT:
        return False
    return version < (LONG_FIRMWARE if version > 0xFFFF else SHORT_FIRMWARE)


def insufficient(scene: Scene) -> list[Device]:
    """Every device whose firmware is known to be too old for DVCC."""
    old = [charger for charger in scene.plant.solar if too_old(charger)]
    multi = scene.multi
    if multi is not None:
        version = integer(multi.items, p.FIRMWARE)
        if version is not None and version < VEBUS_FIRMWARE:
            old.append(multi)
    return old
