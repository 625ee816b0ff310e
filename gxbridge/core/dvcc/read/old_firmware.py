"""Which firmware cannot be controlled.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import Device
from gxbridge.core.model.items import Value

VEBUS_FIRMWARE: Final = 0x422
SHORT_FIRMWARE: Final = 0x129
LONG_FIRMWARE: Final = 0x10200
"""The least versions: 16-bit numbers (VE.Direct) and 24-bit ones (VE.Can)."""
EXEMPT: Final = frozenset(range(0xA102, 0xA10F))
"""Solar chargers on VE.Can that take external control whatever their number says."""


@lru_cache(maxsize=1024)
def too_old(product: Value, firmware: Value) -> bool:
    """Is a solar charger's firmware known, and too old for external control?"""
    if not isinstance(firmware, int | float) or product in EXEMPT:
        return False
    return firmware < (LONG_FIRMWARE if firmware > 0xFFFF else SHORT_FIRMWARE)


def insufficient(inputs: Inputs) -> list[Device]:
    """Every device whose firmware is known to be too old for DVCC."""
    old = [
        charger
        for charger in inputs.installation.solar
        if too_old(charger.items.get(p.PRODUCT_ID), charger.items.get(p.FIRMWARE))
    ]
    multi = inputs.multi
    if multi is not None:
        version = number(multi.items, p.FIRMWARE)
        if version is not None and version < VEBUS_FIRMWARE:
            old.append(multi)
    return old
