"""Which service is what: the names are read once, then everybody asks here."""

from __future__ import annotations

from collections.abc import Container, Mapping, Set
from functools import lru_cache
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import (
    ON_VECAN,
    Charger,
    RsSystem,
    VebusSystem,
    read_charger,
    read_multi,
    read_rs_system,
    title_of,
)
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.snapshot import Service
from gxbridge.core.model.fast import make

CHARGERS: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER, p.ALTERNATOR, p.DCDC, p.GENSET})
"""The classes that can be chargers."""


INVERTERS: Final = (p.MULTI, p.INVERTER)


class Device(NamedTuple):
    """One service with its class (`battery`, `solarcharger`, ...) and its items."""

    name: str
    kind: str
    items: Service

    @property
    def paths(self) -> Set[str]:
        """The paths that it has."""
        return self.items.keys()

    @property
    def on_vecan(self) -> bool:
        """Is it a device on VE.Can (its charge voltage then comes through the vecan service)?"""
        return self.items.get(p.CONNECTION) == ON_VECAN

    @property
    def instance(self) -> float:
        """The device instance, 0 when unknown."""
        return number(self.items, p.DEVICE_INSTANCE) or 0


class Installation(NamedTuple):
    """Every service that matters, by what it is, each in order of appearance.

    `by_kind` holds them as they are, the others what was read from them. `inverters` are inverter/chargers only;
    `others` alternators and DC/DC chargers. `solar_side` shares the solar limit: solar chargers as they appeared, then
    inverter/chargers. `chargers`: whatever charges, but not the Multi.
    """

    by_kind: Mapping[str, list[Device]]
    solar: list[Charger]
    inverters: list[Charger]
    others: list[Charger]
    gensets: list[Charger]
    solar_side: list[Charger]
    chargers: list[Charger]
    multis: list[VebusSystem]
    rs_systems: list[RsSystem]

    def of(self, kind: str) -> list[Device]:
        """The services of one class."""
        return self.by_kind.get(kind, [])

    def named(self, name: str, kind: str) -> Device | None:
        """The service of this name, if it is there."""
        return next((device for device in self.by_kind.get(kind, ()) if device.name == name), None)

    def without(self, names: Container[str]) -> Installation:
        """The same without some chargers."""

        def kept(chargers: list[Charger]) -> list[Charger]:
            return [charger for charger in chargers if charger.name not in names]

        return self._replace(
            solar=kept(self.solar),
            inverters=kept(self.inverters),
            others=kept(self.others),
            gensets=kept(self.gensets),
            solar_side=kept(self.solar_side),
            chargers=kept(self.chargers),
        )

    def multi(self, name: str) -> VebusSystem | None:
        """The VE.Bus system of this name, if it is there."""
        return next((multi for multi in self.multis if multi.name == name), None)


def title(device: Device) -> str:
    """What a person calls it."""
    return title_of(device.name, device.items.get(p.CUSTOM_NAME), device.items.get(p.PRODUCT_NAME))


def identity_of(device: Device) -> str:
    """Words by each of which it is known again: `uc` and the unique number of its NAME, and the maker's serial (the
    last word of `0167120 HQ21302VUDQ`); "" when it says neither."""
    unique = number(device.items, p.UNIQUE_NUMBER)
    serial = device.items.get(p.SERIAL)
    words = serial.split()[-1:] if isinstance(serial, str) else []
    return " ".join(([] if unique is None else [f"uc{unique:.0f}"]) + words)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """The class word of a service name: `com.victronenergy.battery.x` -> `battery`."""
    return name[len(p.PREFIX) :].partition(".")[0] if name.startswith(p.PREFIX) else ""


def sort_services(services: Mapping[str, Service]) -> Installation:
    """Sort the services."""
    by_kind: dict[str, list[Device]] = {}
    found: dict[str, list[Charger]] = {kind: [] for kind in CHARGERS}
    inverters: list[Charger] = []
    for name, items in services.items():
        kind = kind_of(name)
        device = make(Device, (name, kind, items))
        if kind in by_kind:
            by_kind[kind].append(device)
        else:
            by_kind[kind] = [device]
        if kind in INVERTERS:
            if items.get(p.IS_INVERTER_CHARGER) == 1:
                inverters.append(read_charger(name, kind, items))
        elif kind in CHARGERS:
            found[kind].append(read_charger(name, kind, items))
    solar, others, gensets = found[p.SOLAR], found[p.ALTERNATOR] + found[p.DCDC], found[p.GENSET]
    solar_side = solar + inverters
    multis = [read_multi(name, items) for name, _, items in by_kind.get(p.VEBUS, ())]
    systems = [read_rs_system(name, items) for name, _, items in by_kind.get(p.ACSYSTEM, ())]
    chargers = solar_side + others + gensets
    return Installation(by_kind, solar, inverters, others, gensets, solar_side, chargers, multis, systems)
