"""Which service is what: the names are read once, then everybody asks here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import SENSIBLE, number
from gxbridge.core.dvcc.read.snapshot import Service
from gxbridge.core.model.fast import make

ON_VECAN: Final = "VE.Can"
"""`/Mgmt/Connection` of a device on VE.Can."""
CHARGERS: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER, p.ALTERNATOR, p.DCDC, p.GENSET})
"""The classes that can be chargers."""
INVERTERS: Final = (p.MULTI, p.INVERTER)
NO_NUMBER: Final = -1.0
"""Something was said, and it is not a number."""


class Device(NamedTuple):
    """One service with its class (`battery`, `solarcharger`, ...) and its items, which only this room looks into.

    `own_limit_a`: the most a charger may by its own setting, 0 or more; None for others and where it is unknown.
    """

    name: str
    kind: str
    items: Service
    own_limit_a: float | None = None

    @property
    def paths(self) -> Container[str]:
        """The paths that it has: only these are ever written."""
        return self.items

    @property
    def on_vecan(self) -> bool:
        """Is it a device on VE.Can (its charge voltage then comes through the vecan service)?"""
        return self.items.get(p.CONNECTION) == ON_VECAN

    @property
    def instance(self) -> float:
        """The device instance, 0 when unknown."""
        return number(self.items, p.DEVICE_INSTANCE) or 0


class NumberAt:
    """A number of a service, in a table of field and path: None when it is not said, or not a sensible number.

    It is read when it is asked for: most are asked for once in a round or less.
    """

    def __init__(self, path: str, rubbish: float | None = None) -> None:
        self.path = path
        self.rubbish = rubbish
        """What it is when something is said that is not a number."""

    def __get__(self, device: Device, owner: object) -> float | None:
        value = device[2].get(self.path)
        if value is None:
            return None
        try:  # as `number` does, without the call: this is asked some hundred times for each decision
            return value if -SENSIBLE < value < SENSIBLE else self.rubbish  # type: ignore[operator,return-value]
        except TypeError:
            return self.rubbish


class Charger(Device):
    """Whatever charges but is not on VE.Bus: solar, inverter/charger, alternator, DC/DC, genset."""

    __slots__ = ()
    made_current_a = NumberAt(p.CURRENT)
    told_current_a = NumberAt(p.CHARGE_CURRENT)
    told_voltage_v = NumberAt(p.CHARGE_VOLTAGE)
    network_mode = NumberAt(p.NETWORK_MODE)
    n2k_instance = NumberAt(p.N2K_INSTANCE, NO_NUMBER)
    """Its network; one that cannot be read is not ours."""
    state = NumberAt(p.STATE)
    bms_present = NumberAt(p.BMS_PRESENT)
    voltage_v = NumberAt(p.VOLTAGE)
    yield_w = NumberAt(p.YIELD_POWER)
    setpoint_v = NumberAt(p.SETPOINT)
    """What an inverter/charger aims at, and how much more for solar."""
    solar_offset_v = NumberAt(p.SOLAR_OFFSET)
    product_id = NumberAt(p.PRODUCT_ID)
    firmware = NumberAt(p.FIRMWARE)


class VebusSystem(Device):
    """A VE.Bus system: a Multi, a Quattro, or several as one."""

    __slots__ = ()
    connected = NumberAt(p.CONNECTED)
    state = NumberAt(p.STATE)
    voltage_v = NumberAt(p.VOLTAGE)
    current_a = NumberAt(p.CURRENT)
    max_charge_current_a = NumberAt(p.MULTI_CHARGE_CURRENT)
    """Its own setting."""
    told_voltage_v = NumberAt(p.BOL_CHARGE_VOLTAGE)
    told_charge_a = NumberAt(p.BOL_CHARGE_CURRENT)
    told_discharge_a = NumberAt(p.BOL_DISCHARGE_CURRENT)
    hub_voltage_v = NumberAt(p.HUB_VOLTAGE)
    """The charge voltage that its assistant asks for."""
    assistant = NumberAt(p.ASSISTANT)
    ac_connected = NumberAt(p.AC_CONNECTED)
    active_input = NumberAt(p.ACTIVE_INPUT)
    bms_type = NumberAt(p.BMS_TYPE)
    bms_version = NumberAt(p.BMS_VERSION)
    bms_charge = NumberAt(p.BMS_ALLOW_CHARGE, NO_NUMBER)
    """1 or 0 as its BMS allows charging; another number where it says something else."""
    bol_frame = NumberAt(p.BOL_FRAME)
    sense_feature = NumberAt(p.SENSE_FEATURE)
    firmware = NumberAt(p.FIRMWARE)


class RsSystem(Device):
    """A system of Multi RS; `discharge_capacity_a`: what its battery side can take from solar chargers."""

    __slots__ = ()
    no_feed_in_reason = NumberAt(p.NO_FEED_IN)
    discharge_capacity_a = NumberAt(p.DISCHARGE_CAPACITY)
    known_instance = NumberAt(p.DEVICE_INSTANCE)
    """None where it is not known."""


class Installation(NamedTuple):
    """Every service that matters, by what it is, each in order of appearance.

    `by_kind` holds them as they are, the others what was read from them. `inverters` are inverter/chargers only;
    `others` alternators and DC/DC chargers. `solar_side` shares the solar limit: solar chargers as they appeared, then
    inverter/chargers. `chargers`: whatever charges, but not the Multi.
    """

    by_kind: Mapping[str, list[Any]]
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
        return next((device for device in self.of(kind) if device.name == name), None)

    def without(self, names: Container[str]) -> Installation:
        """The same without some services."""
        every = (device for devices in self.by_kind.values() for device in devices)
        return sort_services({device.name: device.items for device in every if device.name not in names})

    def multi(self, name: str) -> VebusSystem | None:
        """The VE.Bus system of this name, if it is there."""
        return next((multi for multi in self.multis if multi.name == name), None)


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


def titles(devices: Iterable[Device]) -> dict[str, str]:
    """Service -> what a person calls it; those of one name have their device instance behind it, and where that is the
    same too, what they are known again by."""
    found = {device.name: (device, title(device)) for device in devices}
    often = Counter(name for _, name in found.values())
    if len(often) == len(found):
        return {service: name for service, (_, name) in found.items()}
    twins = Counter((name, device.instance) for device, name in found.values())
    marks = {
        service: mark_of(device) if twins[name, device.instance] > 1 else f"{device.instance:g}"
        for service, (device, name) in found.items()
        if often[name] > 1
    }
    return {service: f"{name} ({marks[service]})" if service in marks else name for service, (_, name) in found.items()}


def mark_of(device: Device) -> str:
    """What tells a device from its twins: its serial, else its unique number, else the end of its service's name."""
    words = identity_of(device).split()
    return words[-1].removeprefix("uc") if words else device.name.rpartition(".")[2]


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """The class word of a service name: `com.victronenergy.battery.x` -> `battery`."""
    return name[len(p.PREFIX) :].partition(".")[0] if name.startswith(p.PREFIX) else ""


TYPES: Final[Mapping[str, type[Device]]] = {
    **dict.fromkeys((*CHARGERS, p.CHARGER), Charger),
    p.VEBUS: VebusSystem,
    p.ACSYSTEM: RsSystem,
}


def read_service(name: str, kind: str, items: Service) -> Any:
    """A service as what its class makes it."""
    own_limit_a = number(items, p.CHARGE_LIMIT_SETTING) if kind in CHARGERS else None
    if own_limit_a is not None and own_limit_a < 0:
        own_limit_a = 0.0
    return make(TYPES.get(kind, Device), (name, kind, items, own_limit_a))


def sort_services(services: Mapping[str, Service], dcdc_obeys: bool = True) -> Installation:
    """Sort the services; `dcdc_obeys`: a DC/DC charger counts as an alternator does."""
    by_kind: dict[str, list[Any]] = {}
    inverters: list[Charger] = []
    for name, items in services.items():
        kind = kind_of(name)
        device = read_service(name, kind, items)
        if kind in by_kind:
            by_kind[kind].append(device)
        else:
            by_kind[kind] = [device]
        if kind in INVERTERS and items.get(p.IS_INVERTER_CHARGER) == 1:
            inverters.append(device)
    solar = by_kind.get(p.SOLAR, [])
    others = by_kind.get(p.ALTERNATOR, []) + (by_kind.get(p.DCDC, []) if dcdc_obeys else [])
    gensets = by_kind.get(p.GENSET, [])
    solar_side = solar + inverters
    chargers = solar_side + others + gensets
    multis, rs_systems = by_kind.get(p.VEBUS, []), by_kind.get(p.ACSYSTEM, [])
    return Installation(by_kind, solar, inverters, others, gensets, solar_side, chargers, multis, rs_systems)
