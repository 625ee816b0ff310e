"""Which firmware cannot be controlled.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs

VEBUS_FIRMWARE: Final = 0x422
SHORT_FIRMWARE: Final = 0x129
LONG_FIRMWARE: Final = 0x10200
"""The least versions: 16-bit numbers (VE.Direct) and 24-bit ones (VE.Can)."""
EXEMPT: Final = frozenset(range(0xA102, 0xA10F))
"""Solar chargers on VE.Can that take external control whatever their number says."""


def too_old(charger: Charger) -> bool:
    """Is a solar charger's firmware known, and too old for external control?"""
    firmware = charger.firmware
    if firmware is None or firmware >= (LONG_FIRMWARE if firmware > 0xFFFF else SHORT_FIRMWARE):
        return False
    return charger.product_id not in EXEMPT


def proven_chargers(inputs: Inputs, before: frozenset[str]) -> frozenset[str]:
    """The solar chargers that have shown a new enough firmware: none gets older while its charger is there."""
    if before.issuperset(names := [charger.name for charger in inputs.installation.solar]):
        return before if len(before) == len(names) else before.intersection(names)
    return frozenset(
        charger.name
        for charger in inputs.installation.solar
        if charger.name in before or (charger.firmware is not None and not too_old(charger))
    )


def insufficient(inputs: Inputs, proven: frozenset[str]) -> list[Charger | VebusSystem]:
    """Every device whose firmware is known to be too old for DVCC; `proven` chargers are not."""
    old: list[Charger | VebusSystem] = [
        charger for charger in inputs.installation.solar if charger.name not in proven and too_old(charger)
    ]
    multi = inputs.multi
    if multi is not None and multi.firmware is not None and multi.firmware < VEBUS_FIRMWARE:
        old.append(multi)
    return old
