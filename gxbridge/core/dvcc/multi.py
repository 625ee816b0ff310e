"""What the inverter/chargers are told: the BMS's limits, and what is left of the charge current.

Source: dbus-systemcalc-py 9730db0 (2026-06-26) as observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.chargers import put, solar_sum
from gxbridge.core.dvcc.current import NO_LIMIT_A
from gxbridge.core.dvcc.decision import Write
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.scene import Scene


def remainder(
    scene: Scene, limit_a: float | None, smoothed: Mapping[str, float], voltage_v: float | None
) -> int | None:
    """What is left for the Multi (whole A), after the sun, alternators and gensets; None: no limit."""
    power = scene.options.charge_power_w
    cap = ceil(power / voltage_v) if power is not None and voltage_v else None
    if limit_a is None:
        return cap
    made = solar_sum(scene, smoothed)
    made += sum(number(device.items, p.CURRENT) or 0.0 for device in (*scene.plant.others, *scene.plant.gensets))
    rest = round(max(limit_a - made, 0.0))
    return rest if cap is None else min(rest, cap)


def positive(value: float | None) -> float | None:
    """Nothing below 0."""
    return None if value is None else max(value, 0)


def bms_limits(scene: Scene, voltage_v: float | None, rest_a: float | None) -> list[Write]:
    """With a BMS: its limits to the Multi, to the other Multis if wanted, and the discharge limit to inverters."""
    bms = scene.bms
    if bms is None:
        return []
    discharge = positive(number(bms.items, p.DCL))
    low = positive(number(bms.items, p.LOW_VOLTAGE))
    writes: list[Write] = []
    multi = scene.multi
    if multi is not None:
        writes += put(multi, p.BOL_CHARGE_VOLTAGE, voltage_v)
        if rest_a is not None:
            writes += put(multi, p.BOL_CHARGE_CURRENT, rest_a)
        writes += put(multi, p.BOL_DISCHARGE_CURRENT, discharge)
        writes += put(multi, p.BOL_LOW_VOLTAGE, low)
        now_a = number(multi.items, p.MULTI_CHARGE_CURRENT)
        if now_a is not None and rest_a is not None:
            writes += put(multi, p.MULTI_CHARGE_CURRENT, max(now_a, rest_a))
    if scene.settings.all_multis:
        for other in scene.selection.other_multis:
            writes += put(other, p.BOL_CHARGE_VOLTAGE, voltage_v)
            if rest_a is not None:
                writes += put(other, p.BOL_CHARGE_CURRENT, rest_a)
            writes += put(other, p.BOL_DISCHARGE_CURRENT, discharge)
    for inverter in scene.plant.inverters:
        writes += put(inverter, p.DISCHARGE_CURRENT, discharge)
    return writes


def without_bms(scene: Scene, rest_a: float | None, unlimited: bool) -> tuple[list[Write], bool]:
    """Without a BMS only the Multi's own charge current is set; and whether it was told that there is no limit."""
    multi = scene.multi
    if multi is None or number(multi.items, p.MULTI_CHARGE_CURRENT) is None:
        return [], unlimited
    if rest_a is not None:
        return put(multi, p.MULTI_CHARGE_CURRENT, rest_a if rest_a > 1 else 0), False
    if unlimited:
        return [], True
    return put(multi, p.MULTI_CHARGE_CURRENT, NO_LIMIT_A), True
