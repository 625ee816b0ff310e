"""Every device of a bus as a person sees it: what kind it is, who it is, and its quantities."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.model import conversions as convert
from gxbridge.core.model.battery import Known, State
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.nmea2000.database import BMS, BMS_COPY, ProductInfo, database
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.device_state import QuantityTable
from gxbridge.core.vecan.error_counters import BUS_OFF, WiringVerdict, wiring_verdict
from gxbridge.core.vecan.lynx.live import MEASUREMENTS
from gxbridge.core.vecan.lynx.table import LYNX
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.quantities import Derived, Quantity, QuantityKind, QuantitySource, pgn, register
from gxbridge.core.vecan.readings import VREG

CHARGER_STATUS = 127507
INVERTER_STATUS = 127509


def _q(name: str, kind: QuantityKind, unit: str, text: str, *sources: QuantitySource) -> Quantity:
    return Quantity(name, kind, unit, text, sources)


STATE = (
    _q("mode", "state", "", "mode", register(0x0200, "device_mode")),
    _q("device_state", "state", "", "device state", register(0x0201, "device_state")),
)

NETWORK = (
    _q("bms_present", "state", "", "told that a BMS is present", register(0x200E, "remote_bms")),
    _q("link_charge_voltage_v", "state", "V", "charge voltage told by the network",
       register(0x2001, "link_vset", unit="V")),
    _q("link_charge_current_a", "state", "A", "charge current limit told by the network",
       register(0x2015, "link_charge_current_limit", unit="A")),
    Quantity("bms_blocks_charge", "state", "", "a BMS controls the chargers and lets none through (a hint, 60 s)", (),
             derived=Derived(("bms_present", "link_charge_current_a"), convert.blocked, "network mode and limit")),
)  # fmt: skip

DC = tuple(q for q in MEASUREMENTS if q.name in ("voltage_v", "current_a", "power_w", "temperature_c"))

SOLAR = (
    _q("pv_voltage_v", "measurement", "V", "panel voltage", register(0xEDBB, "dc_input_voltage", unit="V")),
    _q("pv_power_w", "measurement", "W", "panel power", register(0xEDBC, "dc_input_power", unit="W")),
    _q("pv_current_a", "measurement", "A", "panel current", register(0xEDBD, "dc_input_current", unit="A")),
    _q("today_yield_kwh", "history", "kWh", "yield today", register(0xEDD3, "chr_today_yield", unit="kWh")),
    _q("today_max_power_w", "history", "W", "highest power today", register(0xEDD2, "chr_today_pmax", unit="W")),
    _q("system_yield_kwh", "history", "kWh", "yield ever", register(0xEDDD, "chr_system_yield", unit="kWh")),
)

CHARGE = (
    _q("charge_state", "state", "", "charge state (NMEA 2000)", pgn(CHARGER_STATUS, "operating_state")),
    _q("charger_error", "state", "", "charger error", register(0xEDDA, "chr_error_code")),
    _q(
        "max_charge_current_a",
        "setting",
        "A",
        "charge current set by the user",
        register(0xEDF0, "bat_max_current", unit="A"),
    ),
    _q("absorption_voltage_v", "setting", "V", "absorption voltage", register(0xEDF7, "bat_absorption_v", unit="V")),
    _q("float_voltage_v", "setting", "V", "float voltage", register(0xEDF6, "bat_float_v", unit="V")),
)

AC = (
    _q(
        "ac_in_limit_a", "state", "A", "limit of the active AC input", register(0x0203, "ac_in_current_limit", unit="A")
    ),
    _q("ac_in_active", "state", "", "active AC input (0, 1; 240 none)", register(0x0204, "ac_in_active")),
    _q("inverter_state", "state", "", "inverter state (NMEA 2000)", pgn(INVERTER_STATUS, "operating_state")),
)

STARTER = (
    _q("starter_voltage_v", "measurement", "V", "starter or second battery",
       register(0xED7D, "dc_channel2_voltage", unit="V")),
)  # fmt: skip

MONITOR = QuantityTable(MEASUREMENTS + STATE + STARTER)
CHARGER = QuantityTable(DC + STATE + NETWORK + SOLAR + CHARGE)
INVERTER = QuantityTable(DC + STATE + NETWORK + SOLAR + CHARGE + AC)
VEBUS = QuantityTable(DC + STATE + NETWORK + AC)
GX = QuantityTable(STATE + NETWORK)
OTHER = QuantityTable(DC + STATE)

GX_FAMILY = "gx"
"""By its NAME: a GX says no product on CAN."""

KINDS: Mapping[str, tuple[str, QuantityTable]] = {
    BMS: ("battery", LYNX),
    BMS_COPY: ("copy of a battery made by a GX device", OTHER),
    "battery-monitor": ("battery monitor", MONITOR),
    "charger": ("charger", CHARGER),
    "inverter": ("inverter", INVERTER),
    "vebus-system": ("VE.Bus system", VEBUS),
    GX_FAMILY: ("GX device", GX),
}
"""Kind of a product family (`can_db/products.yaml`) -> what people call it, and its quantities. What is not here is an
"other device"."""

CHARGING = (CHARGER, INVERTER, VEBUS)
"""The quantities of devices that can charge."""

OTHER_DEVICE = ("other device", OTHER)


def family_of(name: Name | None, product_id: int | None, products: Mapping[int, ProductInfo]) -> str | None:
    """Product family, or `gx` for the NAME of a GX device; None when unknown."""
    if product_id is not None and (product := products.get(product_id)) is not None:
        return product.family
    return GX_FAMILY if name is not None and name.is_gx else None


def table_of(family: str | None) -> QuantityTable:
    """The quantities of a family."""
    return _kind(family)[1]


def _kind(family: str | None) -> tuple[str, QuantityTable]:
    return KINDS.get(GX_FAMILY if family == GX_FAMILY else database().family_kind(family), OTHER_DEVICE)


def kind_of(name: Name | None, product_id: int | None, family: str | None) -> str:
    """What people call a device: by its product, else by the function of its NAME."""
    kind = _kind(family)
    if kind is not OTHER_DEVICE or product_id is not None or name is None:
        return kind[0]
    enums = database().enums
    return enums[database().function_enum(name.device_class)].get(name.function, OTHER_DEVICE[0])


class DeviceView(NamedTuple):
    """One device of one bus; texts are None when not heard."""

    key: str
    bus: str
    address: int | None
    """None while it has none."""
    kind: str
    """`battery`, `battery monitor`, `charger`, `inverter`, `VE.Bus system`, `GX device`, `other device`, ..."""
    family: str | None
    product_id: int | None
    product_name: str | None
    """The product's name, else the model it says it is."""
    unique_number: int | None
    device_instance: int | None
    manufacturer: int | None
    serial: str | None
    firmware_text: str | None
    """In human form, such as `v1.13`."""
    description: str | None
    """The name the installer gave it."""
    group: int | None
    """Low half of the NAME of the box it belongs to; addresses of one box share it."""
    state: State
    last_heard: float
    messages: int
    values: Mapping[str, Known]
    wiring: WiringVerdict
    tells_counters: bool
    """It has told its CAN error counters since it was last silent."""


NO_VALUES: Mapping[str, Known] = {}


def device_of(node: Node, products: Mapping[int, ProductInfo], now: float, *, contested: bool = False) -> DeviceView:
    """What is known of a node now. `contested`: two devices speak from its address."""
    family = family_of(node.name, node.product_id, products)
    product = None if node.product_id is None else products.get(node.product_id)
    identity, name, state = node.identity, node.name, node.state(now)
    manufacturer = None if name is None else name.manufacturer
    told = node.readings.get((VREG, BUS_OFF))
    return DeviceView(
        key=node.key,
        bus=node.bus,
        address=node.address,
        kind=kind_of(name, node.product_id, family),
        family=family,
        product_id=node.product_id,
        product_name=identity.model if product is None else product.name,
        unique_number=None if name is None else name.unique_number,
        device_instance=None if name is None else name.device_instance,
        manufacturer=manufacturer,
        serial=identity.serial,
        firmware_text=identity.firmware_text,
        description=identity.description,
        group=identity.group,
        state=state,
        last_heard=node.last_heard,
        messages=node.messages,
        values=NO_VALUES if node.belief is None else node.belief.values(now),
        wiring=wiring_verdict(
            *(node.error_counters, None if told is None else told.at, state, node.silences, manufacturer),
            contested=contested,
            now=now,
        ),
        tells_counters=told is not None,
    )
