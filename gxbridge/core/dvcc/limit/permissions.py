"""Whether the BMS in control allows charging and discharging: yes, no, or unknown.

Where a product always says it (a Lynx), or a BMS has said it once, not knowing is unknown; elsewhere it is not offered.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.quirks import quirk_of
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.selection import VEBUS_BMS
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS
from gxbridge.core.model.items import Value

PermissionWord: TypeAlias = Literal["yes", "no", "unknown", "not offered"]


def permission_word(value: Value, expected: bool) -> PermissionWord:
    """A 0 or 1 as a word; whatever else is said (text, 2, NaN) is unknown, and so is nothing where it is expected."""
    if value == 1:
        return "yes"
    if value == 0:
        return "no"
    return "unknown" if expected or value is not None else "not offered"


def permission_said(bms: Bms, path: str) -> float | None:
    """What it says about one of its two permissions."""
    return bms.charge if path == p.ALLOW_CHARGE else bms.discharge


def battery_permission(inputs: Inputs, path: str, gave: Set[tuple[str, str]]) -> PermissionWord:
    """What the battery BMS in control says about charging or discharging."""
    bms = inputs.bms
    if bms is None or not inputs.options.battery_permission_counts:
        return "not offered"
    return word_of(bms, path, gave)


def word_of(bms: Bms, path: str, gave: Set[tuple[str, str]]) -> PermissionWord:
    """What a battery BMS says about charging or discharging."""
    expected = quirk_of(bms.product_id).gives_permissions or (bms.name, path) in gave
    return permission_word(permission_said(bms, path), expected)


def vebus_permission(inputs: Inputs) -> PermissionWord:
    """What a VE.Bus BMS says about charging."""
    multi = inputs.multi
    if multi is None or not inputs.selection.vebus_bms:
        return "not offered"
    found = permission_word(multi.bms_charge, expected=True)
    return "yes" if found == "unknown" and not inputs.options.unknown_permission_stops else found


def awaits_bms(inputs: Inputs) -> bool:
    """Is a BMS expected that has not spoken: the one that the user chose, or any, because a charger or gxbridge
    remembers one, or one on CAN has not said its name yet?"""
    multis, permits, wanted = inputs.installation.multis, inputs.charge_permits, inputs.settings.bms_instance
    if permits or any(multi.bms_type == VEBUS_BMS for multi in multis):
        return False
    chosen = wanted not in (AUTOMATIC_BMS, NO_BMS) and (inputs.bms is None or inputs.bms.instance != wanted)
    known = inputs.bms_remembered or inputs.bms_awaited
    known = known or any(charger.bms_present == 1 for charger in inputs.installation.chargers)
    return inputs.options.unknown_limit_stops and (chosen or (known and inputs.bms is None))


def given(inputs: Inputs, gave: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Remember which permissions the BMSes that count have given; others are forgotten."""
    if inputs.bms is None:
        return gave
    fresh = frozenset(
        (bms.name, path)
        for bms in (inputs.bms, *inputs.bank.others, *inputs.bank.members)
        for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)
        if (bms.name, path) in gave or permission_said(bms, path) is not None
    )
    return gave if fresh == gave else fresh
