"""A battery as its D-Bus service shows it: parsed once, then a value with types."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.dvcc.read.devices.services import NAMED_BY, ON_VECAN, Called, identity_of, is_usable, title_of
from gxbridge.core.dvcc.read.devices.trouble import Trouble, troubles
from gxbridge.core.dvcc.read.numbers import number, numbers, text
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple

NO_ANSWER: Final = -1.0
"""Something was said about a permission, and it is neither yes nor no."""


class Bms(NamedTuple):
    """None: not said, or not a sensible number. Currents are positive into the battery.

    `charge`, `discharge`: 1 allowed, 0 refused, `NO_ANSWER` for whatever else is said (text, 2, NaN). `alternator`: 1
    allowed, 0 refused. `low_cell_alarm`: 0 none, 1 warning, 2 alarm. `own_voltage_control`: 1 where the battery itself
    regulates its charge voltage.
    """

    name: str
    title: str
    """What a person calls it."""
    identity: str
    """Words by each of which it is known again, see `identity_of`."""
    connection: str
    usable: bool
    """It can be the battery monitor."""
    secure: bool
    """It does not come by a connection that anybody may use."""
    offers_limits: bool
    """Its service has the charge voltage limit, maybe without a value."""
    instance: float
    charge: float | None
    discharge: float | None
    product_id: float | None
    state: float | None
    """9 running, 14 standby, 18 pending ..., where it says it."""
    n2k_instance: float | None
    low_voltage_v: float | None
    nominal_v: float | None
    alternator: float | None
    low_cell_alarm: float | None
    capacity_ah: float | None
    own_voltage_control: float | None
    contactor_closed: float | None
    """0: known to be open."""
    voltage_v: float | None
    current_a: float | None
    max_charge_voltage_v: float | None
    max_charge_current_a: float | None
    max_discharge_current_a: float | None
    min_cell_v: float | None
    max_cell_v: float | None
    min_cell_c: float | None
    max_cell_c: float | None
    temperature_c: float | None
    soc_percent: float | None
    troubles: tuple[Trouble, ...] = ()
    """Its alarms, error code and state, and limits that are no numbers."""
    adds: tuple[str, ...] = ()
    """Services of the batteries that it adds up, where it is a bank of ours."""

    @property
    def kind(self) -> str:
        """The class of its service."""
        return p.BATTERY

    @property
    def called(self) -> Called:
        """By what people know it."""
        return Called(self.name, self.title, self.instance, self.identity)

    @property
    def on_vecan(self) -> bool:
        """Is it a device on VE.Can?"""
        return self.connection == ON_VECAN


STANDING: Final[Mapping[str, str]] = {
    "product_id": p.PRODUCT_ID,
    "state": p.STATE,
    "n2k_instance": p.N2K_INSTANCE,
    "low_voltage_v": p.LOW_VOLTAGE,
    "nominal_v": p.NOMINAL_VOLTAGE,
    "alternator": p.ALTERNATOR_ALLOW,
    "low_cell_alarm": p.ALARM_LOW_CELL,
    "capacity_ah": p.INSTALLED_CAPACITY,
    "own_voltage_control": p.OWN_VOLTAGE_CONTROL,
    "contactor_closed": p.CONTACTOR_CLOSED,
}
MEASURED: Final[Mapping[str, str]] = {
    "voltage_v": p.VOLTAGE,
    "current_a": p.CURRENT,
    "max_charge_voltage_v": p.CVL,
    "max_charge_current_a": p.CCL,
    "max_discharge_current_a": p.DCL,
    "min_cell_v": p.MIN_CELL_VOLTAGE,
    "max_cell_v": p.MAX_CELL_VOLTAGE,
    "min_cell_c": p.MIN_CELL_TEMPERATURE,
    "max_cell_c": p.MAX_CELL_TEMPERATURE,
    "temperature_c": p.TEMPERATURE,
    "soc_percent": p.SOC,
}
NUMBERS: Final[Mapping[str, str]] = {**STANDING, **MEASURED}
"""Where each number comes from: the fields of `Bms` from `product_id` to `soc_percent`, in their order. What stands is
the same for many seconds; what is measured, and the limits, may be others each second."""
MEASURED_PATHS: Final = tuple(MEASURED.values())
WHO: Final = (*NAMED_BY, p.CONNECTION, p.CONNECTED, p.INSECURE, p.ALLOW_CHARGE, p.ALLOW_DISCHARGE, *STANDING.values())
FIELDS: Final[Mapping[str, str]] = {path: field for field, path in NUMBERS.items()}


def read_permission(value: Value) -> float | None:
    """A permission: 1, 0, `NO_ANSWER`; None where nothing is said."""
    return value if value is None or value in (0, 1) else NO_ANSWER


def read_bms(name: str, items: Items) -> Bms:
    """What a battery service shows."""
    standing = items.who if type(items) is KeptItems else None
    if standing is None:
        standing = read_who(name, p.CVL in items, *map(items.get, WHO))
        if type(items) is KeptItems:
            items.who = standing
    return make(Bms, (*standing, *numbers(items, MEASURED_PATHS), troubles(items), ()))


@lru_cache(maxsize=64, typed=True)
def read_who(name: str, offers_limits: bool, *shown: Value) -> tuple[Any, ...]:
    """The fields of `Bms` before what is measured, by what is shown at the paths of `WHO`."""
    items = dict(zip(WHO, shown, strict=True))
    identity = identity_of(number(items, p.UNIQUE_NUMBER), items[p.SERIAL])
    who = (name, title_of(items, name), identity, text(items, p.CONNECTION))
    is_there = (is_usable(items), items[p.INSECURE] != 1, offers_limits, number(items, p.DEVICE_INSTANCE) or 0)
    permits = read_permission(items[p.ALLOW_CHARGE]), read_permission(items[p.ALLOW_DISCHARGE])
    return *who, *is_there, *permits, *numbers(items, STANDING.values())


def number_at(bms: Bms, path: str) -> float | None:
    """What a battery says at one of the paths that are read of it."""
    field = FIELDS.get(path)
    value: float | None = None if field is None else getattr(bms, field)
    return value


def without_number(bms: Bms, path: str) -> Bms:
    """A battery that does not say what it says at this path."""
    nothing: dict[str, Any] = {FIELDS[path]: None}
    return bms._replace(**nothing)
