"""What a service shows, as it is kept from look to look: what was read of it is read again only when it may differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import numbers
from gxbridge.core.model.items import Items, Value

MEASURED: Final = frozenset(
    {
        *(p.VOLTAGE, p.CURRENT, p.POWER, p.TEMPERATURE, p.SOC, p.YIELD_POWER),
        *(p.CVL, p.CCL, p.DCL, p.MIN_CELL_VOLTAGE, p.MAX_CELL_VOLTAGE, p.MIN_CELL_TEMPERATURE, p.MAX_CELL_TEMPERATURE),
        *(p.CHARGE_CURRENT, p.CHARGE_VOLTAGE, p.VOLTAGE_SENSE, p.TEMPERATURE_SENSE, p.BATTERY_CURRENT, p.NETWORK_MODE),
        *(p.BOL_CHARGE_VOLTAGE, p.BOL_CHARGE_CURRENT, p.BOL_DISCHARGE_CURRENT, p.BOL_LOW_VOLTAGE),
        *("/Pv/V", "/Pv/I", "/Pv/0/V", "/Pv/0/P", "/Pv/1/V", "/Pv/1/P", "/Load/I", "/Yield/User", "/Yield/System"),
    }
)
"""Where there is another value every few seconds: none of them is among what stands (`STANDING` in `services`, `WHO` in
`bms`). A path that is missing here costs time, nothing else."""


READINGS: Final = (p.VOLTAGE, p.CURRENT, p.CHARGE_CURRENT)
"""What is read of each service and may be another number each second."""


class KeptItems(dict[str, Value]):
    """`readings`: the numbers at the paths of `READINGS`. `standing` and, of a battery, `who`: what was read of it that
    no measurement changes; None when anything else has changed since, or a path has appeared. Paths never leave a
    service: other ways to change a dictionary are refused."""

    __slots__ = ("readings", "standing", "who")
    readings: list[float | None]
    standing: Any
    who: Any

    def __init__(self, items: Items) -> None:
        super().__init__(items)
        self.readings = numbers(items, READINGS)
        self.standing = self.who = None

    def __setitem__(self, path: str, value: Value) -> None:
        self.update({path: value})

    def update(self, changes: Mapping[str, Value]) -> None:  # type: ignore[override]
        """Show these values too."""
        if not (MEASURED.issuperset(changes) and self.keys() >= changes.keys()):
            self.standing = self.who = None
        super().update(changes)
        if not changes.keys().isdisjoint(READINGS):
            self.readings = numbers(self, READINGS)

    def _refuse(self, *_arguments: object) -> NoReturn:
        raise TypeError("what a service shows is changed by update() or path by path")

    __delitem__ = clear = pop = popitem = setdefault = __ior__ = _refuse
