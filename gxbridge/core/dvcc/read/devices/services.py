"""Devices as their D-Bus services show them: one type for each class, whose fields are read when they are asked for."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, Self, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.service_items import READINGS, KeptItems
from gxbridge.core.dvcc.read.numbers import SENSIBLE, numbers, sensible, text
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple

ON_VECAN: Final = "VE.Can"
"""`/Mgmt/Connection` of a device on VE.Can."""
CHARGERS: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER, p.ALTERNATOR, p.DCDC, p.GENSET})
"""The classes that can be chargers."""
INVERTERS: Final = (p.MULTI, p.INVERTER)
SUN: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER})
"""The kinds on the solar side."""

Hindrance: TypeAlias = Literal["ac-charger", "other-multi", "no-path", "no-setting", "other-network", "genset"]
NEVER_TOLD: Final[Mapping[str, Hindrance]] = {p.CHARGER: "ac-charger", p.GENSET: "genset"}
"""The kinds that take no limit."""
BY_USB: Final = "/dev/ttyUSB"
"""How the connection of a VE.Bus system begins that is not on the GX's own port."""
MK3: Final = "MK3"
"""The interface a VE.Bus BMS V2 needs (`/Interfaces/Mk2/ProductName`)."""
LONGEST_TITLE: Final = 64
NO_NUMBER: Final = -1.0
"""Something was said, and it is not a number."""


class NumberAt:
    """A number of a service, in a table of field and path: None when it is not said, or not a sensible number.

    It is read when it is asked for: most are asked for once in a round or less.
    """

    def __init__(self, path: str, rubbish: float | None = None) -> None:
        self.path = path
        self.rubbish = rubbish
        """What it is when something is said that is not a number."""

    def __get__(self, device: tuple[Any, ...], owner: object) -> float | None:
        value = device[2].get(self.path)
        if value is None:
            return None
        try:  # as `number` does, without the call: this is asked some hundred times for each decision
            return value if -SENSIBLE < value < SENSIBLE else self.rubbish
        except TypeError:
            return self.rubbish


NAMED_BY: Final = (p.CUSTOM_NAME, p.PRODUCT_NAME, p.DEVICE_INSTANCE, p.UNIQUE_NUMBER, p.SERIAL)
"""What people know a device by."""


class Called(NamedTuple):
    """A service and what people know it by: `identity_of` tells the words of its identity."""

    service: str
    title: str
    instance: float
    identity: str


STANDING: Final = (
    *(p.STATE, p.CHARGE_LIMIT_SETTING, p.N2K_INSTANCE, p.IS_INVERTER_CHARGER, p.ERROR_CODE, p.CONNECTION),
    *NAMED_BY,
)
"""What is the same for many seconds."""
TAKEN: Final = (p.CHARGE_CURRENT, p.CHARGE_VOLTAGE, p.NETWORK_MODE, p.VOLTAGE_SENSE)
"""What many services are told, where they have the path."""
BMS_LOST: Final = 67
"""Charger error "BMS connection lost" (veutil charger_error.cpp)."""


class ServiceStanding:
    """Of a service, what is the same for many seconds. `fields`: the last of `DeviceItems`, from `state` on; `takes`:
    which paths of `TAKEN` it has; `inverter_charges`: it is an inverter that says so; `lost_bms`: it shows error #67;
    `on_vecan`: its charge voltage comes by VE.Can.

    Two are equal when they are the same object: a key of many of them is looked up in each look.
    """

    __slots__ = ("fields", "inverter_charges", "lost_bms", "on_vecan", "takes")

    def __init__(
        self,
        fields: tuple[float | None, float | None, float | None, Hindrance | None, Called],
        takes: frozenset[str],
        inverter_charges: bool,
        lost_bms: bool,
        on_vecan: bool,
    ) -> None:
        self.fields = fields
        self.takes = takes
        self.on_vecan = on_vecan
        self.inverter_charges = inverter_charges
        self.lost_bms = lost_bms


class DeviceItems(NamedTuple):
    """One service with its class (`battery`, `solarcharger`, ...) and its items, which only this room looks into.

    What follows is read at once, because each look asks for it several times; `Device` has the rest. `own_limit_a`: the
    most a charger may by its own setting, 0 or more; None for others and where it is unknown. `n2k_instance`: its
    network; one that cannot be read is not ours. `not_told`: why a charger takes no charge current limit. `called`: by
    what people know it.
    """

    name: str
    kind: str
    items: Items
    voltage_v: float | None
    current_a: float | None
    """As it says it: a charger's is + out of it, a Multi's + into the battery."""
    told_current_a: float | None
    state: float | None
    own_limit_a: float | None
    n2k_instance: float | None
    not_told: Hindrance | None
    called: Called


def read_standing(name: str, kind: str, items: Items) -> ServiceStanding:
    """What stands of one service."""
    own_type = type(items.get(p.CHARGE_LIMIT_SETTING))
    takes = frozenset([path for path in TAKEN if path in items])
    standing = standing_of((name, kind, takes, own_type, *map(items.get, STANDING)))
    if type(items) is KeptItems:
        items.standing = standing
    return standing


@lru_cache(maxsize=1024)
def standing_of(shown: tuple[Any, ...]) -> ServiceStanding:
    """`shown`: name, class, which of `TAKEN` it has, the type of its own limit (35 and 35.0 are one key of what is
    kept, and two values where they are told), and what is shown at the paths of `STANDING`."""
    name, kind, takes, _, state, own_limit_a, network, is_charger, error, connection, *named_by = shown
    state_number, own_a, n2k_instance = plain_float(state), sensible(own_limit_a), plain_float(network)
    if own_a is not None:
        own_a = max(own_a, 0.0) if kind in CHARGERS else None
    if n2k_instance is None and network is not None:
        n2k_instance = NO_NUMBER
    not_told = why_not_told(kind, p.CHARGE_CURRENT in takes, n2k_instance, own_a)
    called = called_by(name, *named_by)
    fields = state_number, own_a, n2k_instance, not_told, called
    return ServiceStanding(fields, takes, is_charger == 1, error == BMS_LOST, connection == ON_VECAN)


def plain_float(value: Value) -> float | None:
    """A number that is only compared: 3 and 3.0 are one."""
    number = sensible(value)
    return None if number is None else float(number)


def why_not_told(
    kind: str, takes_current: bool, n2k_instance: float | None, own_limit_a: float | None
) -> Hindrance | None:
    """Why a charger takes no charge current limit; None where it does."""
    if kind in NEVER_TOLD:
        return NEVER_TOLD[kind]
    if not takes_current:
        return "no-path"
    if n2k_instance and kind in SUN:
        return "other-network"  # alternators are told whatever their network
    return "no-setting" if own_limit_a is None else None


class Device(DeviceItems):
    """Any service, with what it may measure on the DC side. A battery is a `Bms` instead."""

    __slots__ = ()

    def __new__(cls, name: str, kind: str, items: Items) -> Self:
        return make(cls, (name, kind, items, *numbers(items, READINGS), *read_standing(name, kind, items).fields))

    power_w = NumberAt(p.POWER)
    """Of the sign of its current; what a load takes is above 0."""
    soc_percent = NumberAt(p.SOC)
    paths: Container[str] = DeviceItems.items
    """The paths that it has: only these are ever written."""

    @property
    def says_itself(self) -> bool:
        """Whether what it was told is what it says itself, whoever told it that."""
        return device_says(self.items)

    @property
    def on_vecan(self) -> bool:
        """Is it a device on VE.Can (its charge voltage then comes through the vecan service)?"""
        return self.items.get(p.CONNECTION) == ON_VECAN

    @property
    def instance(self) -> float:
        """The device instance, 0 when unknown."""
        return self.called.instance

    @property
    def title(self) -> str:
        """What a person calls it."""
        return self.called.title

    @property
    def identity(self) -> str:
        """Words by each of which it is known again, see `identity_of`."""
        return self.called.identity

    @property
    def usable(self) -> bool:
        """Can it be the battery monitor?"""
        return is_usable(self.items)

    @property
    def secure(self) -> bool:
        """Does it not come by a connection that anybody may use?"""
        return self.items.get(p.INSECURE) != 1


class Charger(Device):
    """Whatever charges but is not on VE.Bus: solar, inverter/charger, alternator, DC/DC, genset."""

    __slots__ = ()
    told_voltage_v = NumberAt(p.CHARGE_VOLTAGE)
    network_mode = NumberAt(p.NETWORK_MODE)
    bms_present = NumberAt(p.BMS_PRESENT)
    sensed_v = NumberAt(p.VOLTAGE_SENSE)
    """The battery voltage that it is told."""
    yield_w = NumberAt(p.YIELD_POWER)
    setpoint_v = NumberAt(p.SETPOINT)
    """What an inverter/charger aims at, and how much more for solar."""
    solar_offset_v = NumberAt(p.SOLAR_OFFSET)
    product_id = NumberAt(p.PRODUCT_ID)
    firmware = NumberAt(p.FIRMWARE)
    error_code = NumberAt(p.ERROR_CODE)
    mode = NumberAt(p.MODE)
    """Its own switch: 1 on, 4 off."""
    output_battery = NumberAt(p.OUTPUT_BATTERY)
    """Of an Orion XS: 1 where it charges another battery."""


class VebusSystem(Device):
    """A VE.Bus system: a Multi, a Quattro, or several as one."""

    __slots__ = ()
    connected = NumberAt(p.CONNECTED)
    max_charge_current_a = NumberAt(p.MULTI_CHARGE_CURRENT)
    """Its own setting."""
    told_voltage_v = NumberAt(p.BOL_CHARGE_VOLTAGE)
    told_charge_a = NumberAt(p.BOL_CHARGE_CURRENT)
    told_discharge_a = NumberAt(p.BOL_DISCHARGE_CURRENT)
    hub_voltage_v = NumberAt(p.HUB_VOLTAGE)
    """The charge voltage that its assistant asks for."""
    assistant = NumberAt(p.ASSISTANT)
    not_fed_in = NumberAt(p.NOT_FED_IN)
    ac_connected = NumberAt(p.AC_CONNECTED)
    active_input = NumberAt(p.ACTIVE_INPUT)
    bms_type = NumberAt(p.BMS_TYPE)
    bms_version = NumberAt(p.BMS_VERSION)
    bms_charge = NumberAt(p.BMS_ALLOW_CHARGE, NO_NUMBER)
    """1 or 0 as its BMS allows charging; another number where it says something else."""
    bol_frame = NumberAt(p.BOL_FRAME)
    sense_feature = NumberAt(p.SENSE_FEATURE)
    firmware = NumberAt(p.FIRMWARE)
    extra_current_a = NumberAt(p.EXTRA_CURRENT)
    """What it is told of currents that it does not measure itself."""

    @property
    def runs(self) -> bool:
        """Is it on?"""
        return self.items.get(p.STATE) not in (0, None)

    @property
    def on_board(self) -> bool:
        """Is it on the GX's own port: not on an adapter on USB?"""
        return not text(self.items, p.MK_CONNECTION).startswith(BY_USB)

    @property
    def by_mk3(self) -> bool:
        """Is it connected by the interface that a VE.Bus BMS V2 needs?"""
        return self.items.get(p.MK_PRODUCT) == MK3


class DcLoad(Device):
    """A metered part of the DC system."""

    __slots__ = ()


class RsSystem(Device):
    """A system of Multi RS; `discharge_capacity_a`: what its battery side can take from solar chargers."""

    __slots__ = ()
    no_feed_in_reason = NumberAt(p.NO_FEED_IN)
    discharge_capacity_a = NumberAt(p.DISCHARGE_CAPACITY)
    known_instance = NumberAt(p.DEVICE_INSTANCE)
    """None where it is not known."""


def title(device: Device) -> str:
    """What a person calls it."""
    return device.title


def called_by(service: str, given: Value, product: Value, instance: Value, unique: Value, serial: Value) -> Called:
    """By what people know a service that shows this."""
    title = title_of({p.CUSTOM_NAME: given, p.PRODUCT_NAME: product}, service)
    known = plain_float(instance) or 0.0
    return Called(service, title, int(known) if known.is_integer() else known, identity_of(sensible(unique), serial))


def title_of(items: Items, name: str) -> str:
    """The name given to it, else the product's name, else the end of the service's name."""
    given, product = items.get(p.CUSTOM_NAME), items.get(p.PRODUCT_NAME)
    if isinstance(given, str) and given.strip():
        return shortened(given)
    return shortened(product) if isinstance(product, str) and product.strip() else name.rpartition(".")[2]


def shortened(name: str) -> str:
    """A name of a length that leaves room for what is said of it."""
    return name if len(name) <= LONGEST_TITLE else f"{name[: LONGEST_TITLE - 1]}…"


def identity_of(unique: float | None, serial: Value) -> str:
    """Words by each of which a device is known again: `uc` and the unique number of its NAME, and the maker's serial
    (the last word of `0167120 HQ21302VUDQ`); "" when it says neither."""
    words = serial.split()[-1:] if isinstance(serial, str) else []
    return " ".join(([] if unique is None else [f"uc{unique:.0f}"]) + words)


def is_usable(items: Items) -> bool:
    """Only connected services with a product name and a connection can be the battery monitor."""
    return items.get(p.CONNECTED) == 1 and bool(text(items, p.PRODUCT_NAME)) and bool(text(items, p.CONNECTION))


def device_says(items: Items) -> bool:
    """Whether gxbridge serves a charger itself: what stands there is what the device says, whoever told it that."""
    return items.get(p.PROCESS) == "gxbridge"


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str:
    """The class word of a service name: `com.victronenergy.battery.x` -> `battery`."""
    return name[len(p.PREFIX) :].partition(".")[0] if name.startswith(p.PREFIX) else ""
