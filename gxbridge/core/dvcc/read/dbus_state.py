"""What services on the bus say about who is master, and what devices show of what they were told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import Installation, sort_services
from gxbridge.core.dvcc.read.devices.services import Charger, VebusSystem, kind_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Items, Value

OTHER_GXBRIDGE: Final = "com.victronenergy.gxbridge"
OTHER_MODE: Final = "/Dvcc/Mode"
WRITES_NOTHING: Final = ("monitor", "off")
"""Modes of another gxbridge that are no obstacle; one that is missing, invalid or new may be control."""
LEGACY_INPUT: Final[Mapping[str, str]] = {p.BATTERY: p.CCL, p.VEBUS: p.HUB_VOLTAGE}
"""Class of a service -> by what it feeds the vendor's legacy loop."""
OWN_LIMIT: Final[Mapping[str, str]] = {
    p.CHARGE_CURRENT: p.CHARGE_LIMIT_SETTING,
    p.BOL_CHARGE_CURRENT: p.MULTI_CHARGE_CURRENT,
}
"""Path -> the device's own limit, at which it may cut off what it is told."""
URGENT_PREFIXES: Final = (
    "/Info/",
    "/Io/",
    "/Bms/",
    "/InputState",
    "/Alarms/Bms",
    "/N2kUniqueNumber",
    "/Serial",
    "/Settings/Canbus/",
)
"""Paths whose change may lower a limit, withdraw a permission or show a battery that others publish too: looked at when
they arrive, not at the next second."""
NO_ITEMS: Final[Items] = {}


def disturbs(path: str, before: Value, after: Value) -> bool:
    """Does this change say that a device was connected, switched or started?"""
    if path == p.STATE:
        return (before == 0) != (after == 0)
    return path in (p.CONNECTED, p.MODE) and before != after


class DbusState:
    """The services as they are on the bus, or would be if ours were published. Each answer is read when it is asked
    for."""

    __slots__ = ("_services",)

    def __init__(self, services: Mapping[str, Items]) -> None:
        self._services = services

    @property
    def names(self) -> Set[str]:
        """Every service."""
        return self._services.keys()

    @property
    def other_gxbridge(self) -> str:
        """The service of another gxbridge that is in control or may be; "" when there is none."""
        for name, items in self._services.items():
            if name.startswith(OTHER_GXBRIDGE) and items.get(OTHER_MODE) not in WRITES_NOTHING:
                return name
        return ""

    @property
    def vendor_dvcc(self) -> float | None:
        """Whether the GX's own DVCC is on; None when that is unknown."""
        return number(self._services.get(p.SYSTEM, NO_ITEMS), p.CONTROL_DVCC)

    def feeding_legacy(self) -> Iterator[tuple[str, str]]:
        """(name, class) of what feeds the vendor's legacy loop, with whatever it says there."""
        for name, items in self._services.items():
            kind = kind_of(name)
            if kind in LEGACY_INPUT and items.get(LEGACY_INPUT[kind]) is not None:
                yield name, kind

    def shows(self, service: str, path: str) -> float | None:
        """The number that a device shows where it is told something."""
        return number(self._services.get(service, NO_ITEMS), path)

    def own_limit(self, service: str, path: str) -> float | None:
        """The device's own limit of what it is told there, None where it has none or does not say it."""
        return number(self._services.get(service, NO_ITEMS), OWN_LIMIT.get(path, ""))

    def charger(self, name: str) -> Charger:
        """A charger that is not on VE.Bus; one that has left says nothing."""
        return Charger(name, kind_of(name), self._services.get(name, NO_ITEMS))

    def multi(self, name: str) -> VebusSystem:
        """A VE.Bus system; one that has left says nothing."""
        return VebusSystem(name, p.VEBUS, self._services.get(name, NO_ITEMS))

    def installation(self) -> Installation:
        """Every service by what it is."""
        return sort_services(self._services)
