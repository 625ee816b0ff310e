"""Chargers and inverter systems as their D-Bus services show them: parsed once, then values with types.

None: not said, or not a sensible number. `paths` are those that the service has: only these are ever written.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number, numbers, text
from gxbridge.core.model.fast import make
from gxbridge.core.model.items import Value

ON_VECAN: Final = "VE.Can"
"""`/Mgmt/Connection` of a device on VE.Can."""
NO_NUMBER: Final = -1.0
"""Something was said, and it is not a number."""


def number_said(items: Mapping[str, Value], path: str) -> float | None:
    """The number at `path`; `NO_NUMBER` for anything else that is said, None where nothing is."""
    value = number(items, path)
    return NO_NUMBER if value is None and items.get(path) is not None else value


def title_of(name: str, given: Value, product: Value) -> str:
    """What a person calls it: the name given to it, else the product's name, else the end of the service's name."""
    if isinstance(given, str) and given.strip():
        return given
    return product if isinstance(product, str) and product.strip() else name.rpartition(".")[2]


class Charger(NamedTuple):
    """Whatever charges but is not on VE.Bus: solar, inverter/charger, alternator, DC/DC, genset.

    `own_limit_a`: the most it may by its own setting, 0 or more. `n2k_instance`: its network, `NO_NUMBER` for one that
    cannot be read. `told_*`: what its link shows. `setpoint_v`: what an inverter/charger aims at, `solar_offset_v` how
    much more for solar.
    """

    name: str
    kind: str
    paths: Set[str]
    custom_name: Value
    product_name: Value
    on_vecan: bool
    n2k_instance: float | None
    own_limit_a: float | None
    made_current_a: float | None
    voltage_v: float | None
    yield_w: float | None
    state: float | None
    bms_present: float | None
    network_mode: float | None
    told_current_a: float | None
    told_voltage_v: float | None
    setpoint_v: float | None
    solar_offset_v: float | None
    product_id: float | None
    firmware: float | None

    @property
    def title(self) -> str:
        """What a person calls it."""
        return title_of(self.name, self.custom_name, self.product_name)


class VebusSystem(NamedTuple):
    """A VE.Bus system.

    `told_*`: the limits it was given. `max_charge_current_a`: its own charge current setting. `hub_voltage_v`: the
    charge voltage that its assistant asks for. `bms_charge`: 1 or 0 as its BMS allows charging, `NO_NUMBER` or another
    number where it says something else. `extra_current_a`: what it knows of other chargers.
    """

    name: str
    paths: Set[str]
    custom_name: Value
    product_name: Value
    instance: float
    mk_product: str
    mk_connection: str
    bms_charge: float | None
    connected: float | None
    state: float | None
    voltage_v: float | None
    current_a: float | None
    max_charge_current_a: float | None
    told_voltage_v: float | None
    told_discharge_a: float | None
    hub_voltage_v: float | None
    assistant: float | None
    ac_connected: float | None
    active_input: float | None
    bms_type: float | None
    bms_version: float | None
    bol_frame: float | None
    sense_feature: float | None
    firmware: float | None

    @property
    def title(self) -> str:
        """What a person calls it."""
        return title_of(self.name, self.custom_name, self.product_name)


class RsSystem(NamedTuple):
    """A system of Multi RS; `discharge_capacity_a`: what its battery side can take from solar chargers."""

    name: str
    paths: Set[str]
    instance: float | None
    no_feed_in_reason: float | None
    discharge_capacity_a: float | None


CHARGER_ROWS: Final = {
    "own_limit_a": p.CHARGE_LIMIT_SETTING,
    "made_current_a": p.CURRENT,
    "voltage_v": p.VOLTAGE,
    "yield_w": p.YIELD_POWER,
    "state": p.STATE,
    "bms_present": p.BMS_PRESENT,
    "network_mode": p.NETWORK_MODE,
    "told_current_a": p.CHARGE_CURRENT,
    "told_voltage_v": p.CHARGE_VOLTAGE,
    "setpoint_v": p.SETPOINT,
    "solar_offset_v": p.SOLAR_OFFSET,
    "product_id": p.PRODUCT_ID,
    "firmware": p.FIRMWARE,
}
MULTI_ROWS: Final = {
    "connected": p.CONNECTED,
    "state": p.STATE,
    "voltage_v": p.VOLTAGE,
    "current_a": p.CURRENT,
    "max_charge_current_a": p.MULTI_CHARGE_CURRENT,
    "told_voltage_v": p.BOL_CHARGE_VOLTAGE,
    "told_discharge_a": p.BOL_DISCHARGE_CURRENT,
    "hub_voltage_v": p.HUB_VOLTAGE,
    "assistant": p.ASSISTANT,
    "ac_connected": p.AC_CONNECTED,
    "active_input": p.ACTIVE_INPUT,
    "bms_type": p.BMS_TYPE,
    "bms_version": p.BMS_VERSION,
    "bol_frame": p.BOL_FRAME,
    "sense_feature": p.SENSE_FEATURE,
    "firmware": p.FIRMWARE,
}
RS_ROWS: Final = {
    "instance": p.DEVICE_INSTANCE,
    "no_feed_in_reason": p.NO_FEED_IN,
    "discharge_capacity_a": p.DISCHARGE_CAPACITY,
}
"""The numbers: the last fields of each type, in their order, and where each comes from."""
CHARGER_PATHS, MULTI_PATHS, RS_PATHS = (tuple(rows.values()) for rows in (CHARGER_ROWS, MULTI_ROWS, RS_ROWS))


def read_charger(name: str, kind: str, items: Mapping[str, Value]) -> Charger:
    """What a charger's service shows."""
    get = items.get
    own_limit_a, *rest = numbers(items, CHARGER_PATHS)
    if own_limit_a is not None and own_limit_a < 0:
        own_limit_a = 0.0
    names = get(p.CUSTOM_NAME), get(p.PRODUCT_NAME)
    on_vecan, network = get(p.CONNECTION) == ON_VECAN, number_said(items, p.N2K_INSTANCE)
    return make(Charger, (name, kind, items.keys(), *names, on_vecan, network, own_limit_a, *rest))


def read_multi(name: str, items: Mapping[str, Value]) -> VebusSystem:
    """What a VE.Bus service shows."""
    return VebusSystem(
        name,
        items.keys(),
        items.get(p.CUSTOM_NAME),
        items.get(p.PRODUCT_NAME),
        number(items, p.DEVICE_INSTANCE) or 0,
        text(items, p.MK_PRODUCT),
        text(items, p.MK_CONNECTION),
        number_said(items, p.BMS_ALLOW_CHARGE),
        *numbers(items, MULTI_PATHS),
    )


def read_rs_system(name: str, items: Mapping[str, Value]) -> RsSystem:
    """What the service of a Multi RS system shows."""
    return RsSystem(name, items.keys(), *numbers(items, RS_PATHS))
