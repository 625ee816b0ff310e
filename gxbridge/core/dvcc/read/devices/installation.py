"""Every service by what it is: each is read once, then everybody asks here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, read_bms
from gxbridge.core.dvcc.read.devices.services import (
    CHARGERS,
    INVERTERS,
    Called,
    Charger,
    DcLoad,
    Device,
    RsSystem,
    VebusSystem,
    kind_of,
    read_fields,
)
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

BatteryMonitor: TypeAlias = Bms | Device
"""What can be the battery monitor: whatever measures the battery."""
ChargingDevice: TypeAlias = Charger | VebusSystem


class Installation(NamedTuple):
    """Every service that matters, by what it is, each in order of appearance.

    `batteries`: those of others, then our own. `by_kind` holds all the others as they are, the rest what was read from
    them. `inverters` are inverter/chargers only; `others` alternators and DC/DC chargers. `solar_side` shares the solar
    limit: solar chargers as they appeared, then inverter/chargers. `chargers`: whatever charges, but not the Multi.
    """

    batteries: tuple[Bms, ...]
    by_kind: Mapping[str, list[Any]]
    solar: list[Charger]
    inverters: list[Charger]
    others: list[Charger]
    gensets: list[Charger]
    solar_side: list[Charger]
    chargers: list[Charger]
    multis: list[VebusSystem]
    rs_systems: list[RsSystem]
    dc_loads: list[DcLoad]
    ac_chargers: list[Charger]

    def of(self, kind: str) -> list[Device]:
        """The services of one class that is not that of batteries."""
        return self.by_kind.get(kind, [])

    def monitors(self, kind: str) -> Sequence[BatteryMonitor]:
        """The services of one class, whichever."""
        return self.batteries if kind == p.BATTERY else self.of(kind)

    def named(self, name: str, kind: str) -> BatteryMonitor | None:
        """The service of this name, if it is there."""
        return next((device for device in self.monitors(kind) if device.name == name), None)

    def battery(self, name: str) -> Bms | None:
        """The battery of this name, if it is there."""
        return next((battery for battery in self.batteries if battery.name == name), None)

    def without(self, names: Container[str]) -> Installation:
        """The same without some chargers."""
        left = {kind: [one for one in devices if one.name not in names] for kind, devices in self.by_kind.items()}
        inverters, others = ([one for one in few if one.name not in names] for few in (self.inverters, self.others))
        return arranged(self.batteries, left, inverters, others)

    def multi(self, name: str) -> VebusSystem | None:
        """The VE.Bus system of this name, if it is there."""
        return next((multi for multi in self.multis if multi.name == name), None)


TYPES: Final[Mapping[str, type[Device]]] = {
    **dict.fromkeys((*CHARGERS, p.CHARGER), Charger),
    p.VEBUS: VebusSystem,
    p.ACSYSTEM: RsSystem,
    p.DCSYSTEM: DcLoad,
    p.DCLOAD: DcLoad,
}


class Order(NamedTuple):
    """Services in order of appearance: the names of batteries, and names and classes of all others. Places are among
    these: `by_kind` of each class, `inverters` of what may be an inverter/charger."""

    batteries: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    types: tuple[type[Device], ...]
    by_kind: tuple[tuple[str, tuple[int, ...]], ...]
    inverters: tuple[int, ...]


@lru_cache(maxsize=64)
def order_of(services: tuple[str, ...]) -> Order:
    """What the names of services say. They hardly ever change, and are asked for every second."""
    kinds = {name: kind_of(name) for name in services}
    names = tuple(name for name in services if kinds[name] != p.BATTERY)
    others = tuple(kinds[name] for name in names)
    return Order(
        batteries=tuple(name for name in services if kinds[name] == p.BATTERY),
        names=names,
        kinds=others,
        types=tuple(TYPES.get(kind, Device) for kind in others),
        by_kind=tuple(
            (kind, tuple(place for place, other in enumerate(others) if other == kind))
            for kind in dict.fromkeys(others)
        ),
        inverters=tuple(place for place, kind in enumerate(others) if kind in INVERTERS),
    )


def sort_services(services: Mapping[str, Items], dcdc_obeys: bool = True, own: Iterable[Bms] = ()) -> Installation:
    """Sort the services; `dcdc_obeys`: a DC/DC charger counts as an alternator does. `own`: our own batteries."""
    order = order_of(tuple(services))
    shown = [services[name] for name in order.names]
    devices: list[Any] = [*map(make, order.types, read_fields(order.names, order.kinds, shown))]
    by_kind = {kind: [devices[place] for place in places] for kind, places in order.by_kind}
    inverters = [devices[place] for place in order.inverters if shown[place].get(p.IS_INVERTER_CHARGER) == 1]
    others = by_kind.get(p.ALTERNATOR, []) + (by_kind.get(p.DCDC, []) if dcdc_obeys else [])
    batteries = [read_bms(name, services[name]) for name in order.batteries]
    return arranged((*batteries, *own), by_kind, inverters, others)


def arranged(
    batteries: tuple[Bms, ...], by_kind: Mapping[str, list[Any]], inverters: list[Charger], others: list[Charger]
) -> Installation:
    """The services in the groups in which they are asked for."""
    solar, gensets = by_kind.get(p.SOLAR, []), by_kind.get(p.GENSET, [])
    solar_side = solar + inverters
    chargers = solar_side + others + gensets
    multis, rs_systems = by_kind.get(p.VEBUS, []), by_kind.get(p.ACSYSTEM, [])
    dc_loads, ac_chargers = by_kind.get(p.DCSYSTEM, []), by_kind.get(p.CHARGER, [])
    plant = batteries, by_kind, solar, inverters, others, gensets, solar_side, chargers
    return Installation(*plant, multis, rs_systems, dc_loads, ac_chargers)


def charging_devices(plant: Installation) -> tuple[ChargingDevice, ...]:
    """Everything that charges."""
    return (*plant.chargers, *plant.ac_chargers, *plant.multis)


def charging_titles(plant: Installation) -> MappingProxyType[str, str]:
    """What a person calls everything that charges, by service."""
    return titles(charging_devices(plant))


def told_apart(plant: Installation) -> Installation:
    """The same, and batteries of one name are told apart."""
    if len(plant.batteries) < 2:
        return plant
    names = titles(plant.batteries)
    if all(bms.title == names[bms.name] for bms in plant.batteries):
        return plant
    return plant._replace(batteries=tuple(bms._replace(title=names[bms.name]) for bms in plant.batteries))


def titles(devices: Iterable[BatteryMonitor]) -> MappingProxyType[str, str]:
    """Service -> what a person calls it; those of one name have their device instance behind it, and where that is the
    same too, what they are known again by."""
    return named_apart(tuple([device.called for device in devices]))


@lru_cache(maxsize=64)
def named_apart(devices: tuple[Called, ...]) -> MappingProxyType[str, str]:
    """The titles of devices that are called so. Names hardly ever change: they are looked up again each second."""
    names = {service: title for service, title, *_ in devices}
    if len(set(names.values())) == len(names):
        return MappingProxyType(names)
    often = Counter(names.values())
    twins = Counter((title, instance) for _, title, instance, _ in devices)
    marks = {
        service: mark_of(service, identity) if twins[title, instance] > 1 else f"{instance:g}"
        for service, title, instance, identity in devices
        if often[title] > 1
    }
    return MappingProxyType(
        {name: f"{title} ({marks[name]})" if name in marks else title for name, title in names.items()}
    )


def mark_of(service: str, identity: str) -> str:
    """What tells a device from its twins: its serial, else its unique number, else the end of its service's name."""
    words = identity.split()
    return words[-1].removeprefix("uc") if words else service.rpartition(".")[2]
