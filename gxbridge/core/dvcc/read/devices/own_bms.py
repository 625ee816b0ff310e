"""Our own batteries as the decision has them: straight from what was heard on CAN, not by their D-Bus services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import NUMBERS, Bms, read_permission
from gxbridge.core.dvcc.read.devices.products import is_lynx_product
from gxbridge.core.dvcc.read.devices.services import ON_VECAN, identity_of
from gxbridge.core.dvcc.read.devices.trouble import alarms, failure_troubles, in_order
from gxbridge.core.dvcc.read.numbers import sensible
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value

QUANTITIES: Final[Mapping[str, str]] = {
    "state": "bms_state",
    "voltage_v": "voltage_v",
    "current_a": "current_a",
    "low_cell_alarm": "low_cell_voltage_alarm",
    "nominal_v": "nominal_voltage_v",
    "alternator": "alternator_allow_to_charge",
    "min_cell_v": "min_cell_voltage_v",
    "max_cell_v": "max_cell_voltage_v",
    "min_cell_c": "min_cell_temperature_c",
    "max_cell_c": "max_cell_temperature_c",
    "temperature_c": "temperature_c",
    "soc_percent": "soc_percent",
}
"""Field of `Bms` -> quantity of the battery."""
LIMITS: Final[Mapping[str, str]] = {
    "max_charge_voltage_v": "charge_voltage_limit_v",
    "max_charge_current_a": "charge_current_limit_a",
    "max_discharge_current_a": "discharge_current_limit_a",
    "low_voltage_v": "low_voltage_limit_v",
}
"""The same for what it does not mean while it is pending."""
ALARM_QUANTITIES: Final[Mapping[str, str]] = {
    p.ALARM_LOW_CELL: "low_cell_voltage_alarm",
    "/Alarms/HighCurrent": "high_current_alarm",
    "/Alarms/HighInternalTemperature": "high_bms_temperature_alarm",
    "/Alarms/HighTemperature": "high_temperature_alarm",
    "/Alarms/Contactor": "contactor_alarm",
    "/Alarms/BmsCable": "bms_cable_alarm",
    "/Alarms/LowSoc": "low_soc_alarm",
}
"""The alarms that a Lynx gives, by the path where they are shown."""


def own_bms(battery: Battery, service: str, title: str, instance: int) -> Bms:
    """A battery of ours. `service`: the name that it has on D-Bus, or would have; `title`: what a person calls it."""
    numbers: dict[str, Any] = {
        **dict.fromkeys(NUMBERS),
        "product_id": battery.product_id,
        "n2k_instance": battery.device_instance,
        **{field: sensible(battery.get(quantity)) for field, quantity in QUANTITIES.items()},
        **{field: sensible(battery.limit(quantity)) for field, quantity in LIMITS.items()},
    }
    shown: dict[str, Value] = {path: battery.get(quantity) for path, quantity in ALARM_QUANTITIES.items()}
    error = sensible(battery.get("bms_error"))
    failed = failure_troubles(error, numbers["state"], lynx=is_lynx_product(battery.product_id))
    return Bms(
        service,
        title,
        identity_of(battery.unique_number, battery.serial_text),
        ON_VECAN,
        usable=True,
        secure=True,
        offers_limits=True,
        instance=instance,
        charge=read_permission(battery.get("allow_to_charge")),
        discharge=read_permission(battery.get("allow_to_discharge")),
        **numbers,
        troubles=in_order([*alarms(shown), *failed]),
    )
