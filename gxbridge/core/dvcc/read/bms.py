"""A battery BMS as its D-Bus service shows it: parsed once, then a value with types."""

from __future__ import annotations

from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.dvcc.read.services import Device, identity_of, title
from gxbridge.core.dvcc.read.trouble import Trouble, troubles
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Value

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
    offers_limits: bool
    """Its service has the charge voltage limit, maybe without a value."""
    instance: float
    charge: float | None
    discharge: float | None
    product_id: float | None
    state: float | None
    """9 running, 14 standby, 18 pending ..., where it says it."""
    n2k_instance: float | None
    voltage_v: float | None
    current_a: float | None
    max_charge_voltage_v: float | None
    max_charge_current_a: float | None
    max_discharge_current_a: float | None
    low_voltage_v: float | None
    nominal_v: float | None
    alternator: float | None
    low_cell_alarm: float | None
    min_cell_v: float | None
    max_cell_v: float | None
    min_cell_c: float | None
    temperature_c: float | None
    capacity_ah: float | None
    own_voltage_control: float | None
    contactor_closed: float | None
    """0: known to be open."""
    troubles: tuple[Trouble, ...] = ()
    """Its alarms, error code and state, and limits that are no numbers."""


NUMBERS: Final = (
    p.PRODUCT_ID,
    p.STATE,
    p.N2K_INSTANCE,
    p.VOLTAGE,
    p.CURRENT,
    p.CVL,
    p.CCL,
    p.DCL,
    p.LOW_VOLTAGE,
    p.NOMINAL_VOLTAGE,
    p.ALTERNATOR_ALLOW,
    p.ALARM_LOW_CELL,
    p.MIN_CELL_VOLTAGE,
    p.MAX_CELL_VOLTAGE,
    p.MIN_CELL_TEMPERATURE,
    p.TEMPERATURE,
    p.INSTALLED_CAPACITY,
    p.OWN_VOLTAGE_CONTROL,
    p.CONTACTOR_CLOSED,
)
"""Where each number comes from: the fields of `Bms` from `product_id` to `contactor_closed`, in their order."""


def read_permission(value: Value) -> float | None:
    """A permission: 1, 0, `NO_ANSWER`; None where nothing is said."""
    return value if value is None or value in (0, 1) else NO_ANSWER


def read_bms(battery: Device) -> Bms:
    """What a battery service shows."""
    items = battery.items
    charge, discharge = (read_permission(items.get(path)) for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE))
    numbers = (number(items, path) for path in NUMBERS)
    who = (battery.name, title(battery), identity_of(battery), text(items, p.CONNECTION), p.CVL in items)
    return make(Bms, (*who, battery.instance, charge, discharge, *numbers, troubles(items)))
