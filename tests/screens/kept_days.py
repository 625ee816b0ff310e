"""A history of ninety days as an installation with sun and loads would have it, for what is looked at."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterator
from pathlib import Path

from gxbridge.core.history.block import HistoryBlock, SeriesColumn, StateChange
from gxbridge.history.folder import HistoryFolder

DAY_S = 86_400


def write_days(folder: Path, until: float, days: int = 90, fine_days: int = 8) -> None:
    """Minutes for the newest days, quarters of an hour before; ends at epoch second `until`."""
    kept = HistoryFolder(folder, 1 << 40)
    for block in _blocks(until, days, fine_days):
        kept.append(block)


def _blocks(until: float, days: int, fine_days: int) -> Iterator[HistoryBlock]:
    chance, soc = random.Random(7), 62.0
    first = (until // DAY_S - days) * DAY_S
    sun_today = 1.0
    for day in range(days + 1):
        step_s = 60.0 if day > days - fine_days else 900.0
        begin = first + day * DAY_S
        sun_today = 0.35 + 0.65 * chance.random()
        times, changes, refused = [], [], False
        rows: dict[str, list[float]] = {name: [] for name in SERIES}
        for n in range(int(DAY_S / step_s)):
            at = begin + n * step_s
            if at >= until:
                break
            hour = n * step_s / 3600
            sun = max(0.0, math.sin((hour - 6.5) / 12 * math.pi)) * 95 * sun_today if 6.5 < hour < 18.5 else 0.0
            load = 9 + (18 if 18 < hour < 22 else 0) + 2 * chance.random()
            ccl = 100.0 if soc < 92 else max(0.0, 100.0 - 13.5 * (soc - 92))
            current = min(sun + sun * 0.08 * (chance.random() - 0.5), ccl + load) - load
            soc = min(100.0, max(12.0, soc + current * step_s / 3600 / 3))
            if (ccl < 1) != refused:
                refused = not refused
                changes += _refusal(at, refused)
            voltage = 25.9 + soc * 0.008 + current * 0.004
            values = (voltage, current, voltage * current, soc, 18 + sun / 12, voltage / 8 - 0.01, voltage / 8 + 0.015,
                      17 + sun / 12, 19 + sun / 12, 28.4, ccl, 400.0)  # fmt: skip
            times.append(at)
            for name, value in zip(SERIES, values, strict=True):
                rows[name].append(value)
        if not times:
            return
        states = [
            StateChange(times[0], "charge", "no" if refused else "yes"),
            StateChange(times[0], "discharge", "yes"),
        ]
        columns = {name: _column(values, chance) for name, values in rows.items()}
        yield HistoryBlock(step_s, tuple(times), columns, {}, (*states, *changes))


SERIES = (
    "voltage_v", "current_a", "power_w", "soc_percent", "temperature_c", "min_cell_voltage_v", "max_cell_voltage_v",
    "min_cell_temperature_c", "max_cell_temperature_c", "cvl_v", "ccl_a", "dcl_a",
)  # fmt: skip


def _refusal(at: float, refused: bool) -> list[StateChange]:
    if not refused:
        return [StateChange(at, "charge", "yes"), StateChange(at, "ccl", "bms-ccl", "CCL 8 A: said by the Lynx.")]
    sentence = "CCL 0 A: charging is refused by the Lynx Smart BMS 500."
    return [StateChange(at, "charge", "no"), StateChange(at, "ccl", "charge-refused", sentence)]


def _column(values: list[float], chance: random.Random) -> SeriesColumn:
    spread = [0.01 * abs(value) * chance.random() for value in values]
    return SeriesColumn(
        array("f", (value - part for value, part in zip(values, spread, strict=True))),
        array("f", values),
        array("f", (value + part for value, part in zip(values, spread, strict=True))),
    )
