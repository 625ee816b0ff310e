"""Which service is what: one look at the names, then everybody asks here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.numbers import number
from gxbridge.core.dvcc.snapshot import Service

ON_VECAN: Final = "VE.Can"
"""`/Mgmt/Connection` of a device on VE.Can."""
OTHER_CHARGERS: Final = frozenset({p.ALTERNATOR, p.DCDC})
"""Chargers that are neither solar nor inverters and take a current."""


class Device(NamedTuple):
    """One service with its class (`battery`, `solarcharger`, ...) and its items."""

    name: str
    kind: str
    items: Service

    @property
    def on_vecan(self) -> bool:
        """Is it a device on VE.Can (its charge voltage then comes through the vecan service)?"""
        return self.items.get(p.CONNECTION) == ON_VECAN

    @property
    def instance(self) -> float:
        """The device instance, 0 when unknown."""
        return number(self.items, p.DEVICE_INSTANCE) or 0


@dataclass(frozen=True, slots=True)
class Plant:
    """Every service that matters, by what it is, each in order of appearance.

    `inverters` are inverter/chargers only; `others` alternators and DC/DC chargers; `by_kind` has everything.
    """

    by_kind: Mapping[str, list[Device]]
    solar: list[Device]
    inverters: list[Device]
    others: list[Device]
    gensets: list[Device]

    def of(self, kind: str) -> list[Device]:
        """The services of one class."""
        return self.by_kind.get(kind, [])

    @property
    def solar_side(self) -> list[Device]:
        """Those that share the solar limit: solar chargers as they appeared, then inverter/chargers."""
        return self.solar + self.inverters

    @property
    def chargers(self) -> list[Device]:
        """Everything that charges from anything but the Multi."""
        return self.solar + self.inverters + self.others + self.gensets


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """The class word of a service name: `com.victronenergy.battery.x` -> `battery`."""
    return name[len(p.PREFIX) :].partition(".")[0] if name.startswith(p.PREFIX) else ""


def survey(services: Mapping[str, Service]) -> Plant:
    """Sort the services."""
    by_kind: dict[str, list[Device]] = {}
    for name, items in services.items():
        kind = kind_of(name)
        by_kind.setdefault(kind, []).append(Device(name, kind, items))
    inverters = [
        device
        for kind in (p.MULTI, p.INVERTER)
        for device in by_kind.get(kind, ())
        if device.items.get(p.IS_INVERTER_CHARGER) == 1
    ]
    return Plant(
        by_kind=by_kind,
        solar=by_kind.get(p.SOLAR, []),
        inverters=inverters,
        others=[device for kind in (p.ALTERNATOR, p.DCDC) for device in by_kind.get(kind, ())],
        gensets=by_kind.get(p.GENSET, []),
    )
