"""Every service by what it is: each is read once, then everybody asks here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, read_bms
from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.dvcc.read.devices.services import (
    CHARGERS,
    INVERTERS,
    SUN,
    Called,
    Charger,
    DcLoad,
    Device,
    RsSystem,
    ServiceStanding,
    VebusSystem,
    kind_of,
    read_standing,
)
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

BatteryMonitor: TypeAlias = Bms | Device
"""What can be the battery monitor: whatever measures the battery."""
ChargingDevice: TypeAlias = Charger | VebusSystem


class Takers(NamedTuple):
    """Names of services that have the path for what they are told. `modes`: of the solar side, alternators and DC/DC
    chargers; `modes_here`: the same without those of the sun that are on another network; `voltages`: of the solar
    side, where it does not come by VE.Can; `senses`: of whomever the battery voltage may help."""

    modes: tuple[str, ...] = ()
    modes_here: tuple[str, ...] = ()
    voltages: tuple[str, ...] = ()
    senses: tuple[str, ...] = ()


class Installation(NamedTuple):
    """Every service that matters, by what it is, each in order of appearance.

    `batteries`: those of others, then our own. `by_kind` holds all the others as they are, the rest what was read from
    them. `inverters` are inverter/chargers only; `others` alternators and DC/DC chargers. `solar_side` shares the solar
    limit: solar chargers as they appeared, then inverter/chargers. `chargers`: whatever charges, but not the Multi. Of
    these, `told` take a charge current limit and `lost_bms` show error #67; `solar_on_bus` are on the solar side and on
    this network, and not off. `titles`: what a person calls everything that charges, by service.
    `takers`: the names of those that have a path for what they are told.
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
    told: list[Charger]
    solar_on_bus: list[Charger]
    lost_bms: list[Charger]
    titles: MappingProxyType[str, str]
    takers: Takers

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
        left: dict[str, Any] = {
            field: [one for one in value if one.name not in names]
            for field, value in zip(self._fields, self, strict=True)
            if isinstance(value, list)
        }
        by_kind = {kind: [one for one in devices if one.name not in names] for kind, devices in self.by_kind.items()}
        takers = Takers._make(tuple(name for name in few if name not in names) for few in self.takers)
        return self._replace(by_kind=by_kind, takers=takers, **left)

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
    """Services in order of appearance: the names of batteries; of all others name, class and type; and the classes."""

    batteries: tuple[str, ...]
    others: tuple[tuple[str, str, type[Device]], ...]
    kinds: tuple[str, ...]


@lru_cache(maxsize=64)
def order_of(services: tuple[str, ...]) -> Order:
    """What the names of services say. They hardly ever change, and are asked for every second."""
    others = [(name, kind_of(name)) for name in services if kind_of(name) != p.BATTERY]
    return Order(
        batteries=tuple(name for name in services if kind_of(name) == p.BATTERY),
        others=tuple((name, kind, TYPES.get(kind, Device)) for name, kind in others),
        kinds=tuple(kind for _, kind in others),
    )


Places: TypeAlias = tuple[int, ...]


class ServiceLayout(NamedTuple):
    """Where among the services that are no batteries those are that belong together: see `Installation`."""

    by_kind: tuple[tuple[str, Places], ...]
    inverters: Places
    others: Places
    told: Places | None
    """None: all chargers."""
    solar_on_bus: Places | None
    """None: the whole solar side."""
    lost_bms: Places
    titles: MappingProxyType[str, str]
    takers: Takers


@lru_cache(maxsize=16)
def layout_of(kinds: tuple[str, ...], standings: tuple[ServiceStanding, ...], dcdc_obeys: bool) -> ServiceLayout:
    """The layout by what stands. It is the same for many seconds, and asked for in each."""
    every = {kind: tuple(n for n, other in enumerate(kinds) if other == kind) for kind in dict.fromkeys(kinds)}

    def of(*wanted: str) -> Places:
        return tuple(place for kind in wanted for place in every.get(kind, ()))

    inverters = tuple(n for n, kind in enumerate(kinds) if kind in INVERTERS and standings[n].inverter_charges)
    others = of(p.ALTERNATOR, p.DCDC) if dcdc_obeys else of(p.ALTERNATOR)
    solar_side = of(p.SOLAR) + inverters
    chargers = solar_side + others + of(p.GENSET)
    charging = chargers + of(p.CHARGER, p.VEBUS)
    told, on_bus, called = [], [], []
    for n, standing in enumerate(standings):
        state, _, n2k_instance, not_told, known_as = standing.fields
        called.append(known_as)
        if not_told is None:
            told.append(n)
        if not n2k_instance and state != 0:
            on_bus.append(n)
    all_told = tuple(n for n in chargers if n in told)
    solar_on_bus = tuple(n for n in solar_side if n in on_bus)
    driven = solar_side + others
    modes = [n for n in driven if p.NETWORK_MODE in standings[n].takes]
    takers = Takers(
        modes=tuple(called[n].service for n in modes),
        modes_here=tuple(called[n].service for n in modes if kinds[n] not in SUN or not standings[n].fields[2]),
        voltages=tuple(
            called[n].service
            for n in solar_side
            if p.CHARGE_VOLTAGE in standings[n].takes and not standings[n].on_vecan
        ),
        senses=tuple(
            called[n].service for n in of(p.SOLAR, p.INVERTER) + others if p.VOLTAGE_SENSE in standings[n].takes
        ),
    )
    return ServiceLayout(
        by_kind=tuple(every.items()),
        inverters=inverters,
        others=others,
        told=None if all_told == chargers else all_told,
        solar_on_bus=None if solar_on_bus == solar_side else solar_on_bus,
        lost_bms=tuple(n for n in chargers if standings[n].lost_bms),
        titles=named_apart(tuple(called[n] for n in charging)),
        takers=takers,
    )


def sort_services(services: Mapping[str, Items], dcdc_obeys: bool = True, own: Iterable[Bms] = ()) -> Installation:
    """Sort the services; `dcdc_obeys`: a DC/DC charger counts as an alternator does. `own`: our own batteries."""
    order = order_of(tuple(services))
    standings: list[ServiceStanding] = []
    devices: list[Any] = []
    for name, kind, cls in order.others:
        items = services[name]
        if type(items) is KeptItems:  # what has not changed is not read again
            standing = items.standing or read_standing(name, kind, items)
            devices.append(make(cls, (name, kind, items, *items.readings, *standing.fields)))
        else:
            standing = read_standing(name, kind, items)
            devices.append(cls(name, kind, items))
        standings.append(standing)
    layout = layout_of(order.kinds, tuple(standings), dcdc_obeys)
    by_kind = {kind: [devices[n] for n in places] for kind, places in layout.by_kind}
    solar, gensets = by_kind.get(p.SOLAR, []), by_kind.get(p.GENSET, [])
    inverters, others, lost = [[devices[n] for n in few] for few in (layout.inverters, layout.others, layout.lost_bms)]
    solar_side = solar + inverters
    chargers = solar_side + others + gensets
    told = chargers if layout.told is None else [devices[n] for n in layout.told]
    on_bus = solar_side if layout.solar_on_bus is None else [devices[n] for n in layout.solar_on_bus]
    batteries = (*[read_bms(name, services[name]) for name in order.batteries], *own)
    rest = [by_kind.get(kind, []) for kind in (p.VEBUS, p.ACSYSTEM, p.DCSYSTEM, p.CHARGER)]
    groups = batteries, by_kind, solar, inverters, others, gensets, solar_side, chargers, *rest
    return make(Installation, (*groups, told, on_bus, lost, layout.titles, layout.takers))


def charging_devices(plant: Installation) -> tuple[ChargingDevice, ...]:
    """Everything that charges."""
    return (*plant.chargers, *plant.ac_chargers, *plant.multis)


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
