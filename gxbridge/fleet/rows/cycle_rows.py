"""Looks of a bridge as rows: batteries every ten seconds, limits and findings when they change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from gxbridge.core.cycle import Cycle
from gxbridge.core.model.battery import Battery
from gxbridge.fleet.columns.tables import BATTERY_QUANTITIES
from gxbridge.fleet.rows.devices import KnownDevices
from gxbridge.fleet.rows.row_tables import RowTables

EVERY_S: Final = 10.0


class CycleRows:
    """Takes one look after another."""

    def __init__(self, tables: RowTables, devices: KnownDevices) -> None:
        self._tables = tables
        self._devices = devices
        self._due = -math.inf
        self._limits: dict[tuple[str, str], tuple[Any, str]] = {}
        self._findings: dict[tuple[str, str], tuple[str, Mapping[str, Any]]] = {}
        self._states: dict[str, str] = {}
        self.silences: dict[str, int] = {}
        """By bus: how often a battery fell silent."""
        self.begins: float | None = None
        """Epoch seconds of the first look."""
        self.bms: Mapping[str, Any] = {}
        """The battery of the BMS that was in control last."""

    def look(self, cycle: Cycle, at: float, epoch_offset: float | None = None) -> None:
        """One look at monotonic second `at`; the offset where the record's own is wrong. Raises OSError."""
        t = at + (cycle.epoch_offset if epoch_offset is None else epoch_offset)
        if self.begins is None:
            self.begins = t
        due = at >= self._due
        if due:
            self._due = at + EVERY_S
        for note in cycle.situation.batteries:
            battery = note.battery
            row = self._devices.battery(battery)
            if due:
                self._tables.add("batteries", t, **row, state=battery.state, **values_of(battery))
            if battery.state == "silent" and self._states.get(battery.key) == "live":
                self.silences[battery.bus] = self.silences.get(battery.bus, 0) + 1
            self._states[battery.key] = battery.state
        self._limit_rows(cycle, t)
        self._finding_rows(cycle, t)

    def _limit_rows(self, cycle: Cycle, t: float) -> None:
        decision = cycle.decision
        if decision.bms_service:
            self.bms = self._devices.subject(decision.bms_service)
        for limit in decision.limits:
            key = limit.name, limit.subject
            now = limit.value, limit.caps[0].name if limit.caps else ""
            if self._limits.get(key) == now:
                continue
            self._limits[key] = now
            device = self._devices.subject(limit.subject) if limit.subject else self.bms
            self._tables.add(
                "limits", t, **device, name=limit.name, value=now[0], unit=limit.unit, reason=now[1] or None
            )

    def _finding_rows(self, cycle: Cycle, t: float) -> None:
        standing = {(one.id, one.subject): one.severity for one in cycle.situation.findings}
        for key, severity in standing.items():
            if key not in self._findings:
                device = self._devices.subject(key[1])
                self._findings[key] = severity, device
                self._tables.add("findings", t, **device, id=key[0], severity=severity, begins=True)
        for key in [key for key in self._findings if key not in standing]:
            ended, device = self._findings.pop(key)
            self._tables.add("findings", t, **device, id=key[0], severity=ended, begins=False)


def values_of(battery: Battery) -> dict[str, Any]:
    """What is known of a battery, by the names of the columns."""
    row: dict[str, Any] = {}
    for quantity in BATTERY_QUANTITIES:
        value = battery.get(quantity.name)
        if isinstance(value, int | float):
            row[quantity.name] = bool(value) if quantity.kind == "permission" else float(value)
    return row
