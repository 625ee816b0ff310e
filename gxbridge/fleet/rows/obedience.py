"""Whether each device that charges does as it is told, and how long it takes: from what a black box saw on D-Bus.

A device is told by a GX or by gxbridge, whoever is master: both show on the device's own items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gxbridge.core.dvcc.run.watching.audit import over
from gxbridge.core.model.items import Value
from gxbridge.fleet.rows.devices import KnownDevices
from gxbridge.fleet.rows.row_tables import RowTables

MADE: Final = "/Dc/0/Current"
TOLD: Final = ("/Link/ChargeCurrent", "/BatteryOperationalLimits/MaxChargeCurrent")


@dataclass(slots=True)
class _Excess:
    """A device makes more than it is told."""

    since: float
    told_a: float
    made_a: float
    worst_a: float


class ObedienceRows:
    """Takes what D-Bus services show, in order; moments in monotonic s."""

    def __init__(self, tables: RowTables, devices: KnownDevices, epoch_offset: float) -> None:
        self._tables = tables
        self._devices = devices
        self._offset = epoch_offset
        self._open: dict[str, _Excess] = {}

    def changed(self, service: str, changes: Mapping[str, Any], at: float) -> None:
        """Items of a service changed, and the devices know it already. Raises OSError."""
        if MADE not in changes and all(path not in changes for path in TOLD):
            return
        items = self._devices.items.get(service, {})
        told, made = _told(items), _number(items.get(MADE))
        excess = self._open.get(service)
        if told is None or made is None:
            if excess is not None:
                self._end(service, at, "raised" if made is not None else "gone")
            return
        exceeds = over(made, told)
        if excess is None:
            if exceeds:
                self._open[service] = _Excess(at, told, made, made)
            return
        if not exceeds:
            self._end(service, at, "raised" if told > excess.told_a else "obeyed")
            return
        excess.worst_a = max(excess.worst_a, made)
        excess.told_a = min(excess.told_a, told)

    def removed(self, service: str, at: float) -> None:
        """A service left. Raises OSError."""
        if service in self._open:
            self._end(service, at, "gone")

    def end(self, at: float) -> None:
        """The record ends. Raises OSError."""
        for service in list(self._open):
            self._end(service, at, "end of record")

    def _end(self, service: str, at: float, how: str) -> None:
        excess = self._open.pop(service)
        lasted = round(at - excess.since, 3)
        self._tables.add(
            "obedience",
            excess.since + self._offset,
            **self._devices.subject(service),
            told_a=excess.told_a,
            made_a=excess.made_a,
            worst_a=excess.worst_a,
            lag_s=lasted if how == "obeyed" else None,
            lasted_s=lasted,
            ended=how,
        )


def _told(items: Mapping[str, Value]) -> float | None:
    return next((number for path in TOLD if (number := _number(items.get(path))) is not None), None)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None
