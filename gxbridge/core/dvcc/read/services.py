"""Which service is what: the names are read once, then everybody asks here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.snapshot import Service
from gxbridge.core.model.fast import make

ON_VECAN: Final = "VE.Can"
"""`/Mgmt/Connection` of a device on VE.Can."""


CHARGERS: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER, p.ALTERNATOR, p.DCDC, p.GENSET})
"""The classes that can be chargers."""


INVERTERS: Final = (p.MULTI, p.INVERTER)


class Device(NamedTuple):
    """One service with its class (`battery`, `solarcharger`, ...) and its items.

    `own_a`: the most a charger may by its own setting (A); None for others and where it is unknown.
    """

    name: str
    kind: str
    items: Service
    own_a: float | None = None

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

    `inverters` are inverter/chargers only; `others` alternators and DC/DC chargers. `solar_side` shares the solar
    limit: solar chargers as they appeared, then inverter/chargers. `chargers`: whatever charges, but not the Multi.
    """

    by_kind: Mapping[str, list[Device]]
    solar: list[Device]
    inverters: list[Device]
    others: list[Device]
    gensets: list[Device]
    solar_side: list[Device]
    chargers: list[Device]

    def of(self, kind: str) -> list[Device]:
        """The services of one class."""
        return self.by_kind.get(kind, [])

    def named(self, name: str, kind: str) -> Device | None:
        """The service of this name, if it is there."""
        return next((device for device in self.by_kind.get(kind, ()) if device.name == name), None)


def title(device: Device) -> str:
    """What a person calls it: the name given to it, else the product's name, else the end of the service's name."""
    items = device.items
    given, product = items.get(p.CUSTOM_NAME), items.get(p.PRODUCT_NAME)
    if isinstance(given, str) and given.strip():
        return given
    return product if isinstance(product, str) and product.strip() else device.name.rpartition(".")[2]


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
    inverters: list[Device] = []
    for name, items in services.items():
        kind = kind_of(name)
        own_a = None
        if kind in CHARGERS:
            own_a = number(items, p.CHARGE_LIMIT_SETTING)
            if own_a is not None and own_a < 0:
                own_a = 0.0
        device = make(Device, (name, kind, items, own_a))
        if kind in by_kind:
            by_kind[kind].append(device)
        else:
            by_kind[kind] = [device]
        if kind in INVERTERS and items.get(p.IS_INVERTER_CHARGER) == 1:
            inverters.append(device)
    solar = by_kind.get(p.SOLAR, [])
    others = [device for kind in (p.ALTERNATOR, p.DCDC) for device in by_kind.get(kind, ())]
    gensets = by_kind.get(p.GENSET, [])
    solar_side = solar + inverters
    return Installation(by_kind, solar, inverters, others, gensets, solar_side, solar_side + others + gensets)
