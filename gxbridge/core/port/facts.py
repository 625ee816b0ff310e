"""What a device is, for the rows that show it; and the rows that are made of other rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import gxbridge
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.port.kinds import product_of
from gxbridge.core.vecan.node import Node

Values = Mapping[str, Value]
"""Path -> value of one service."""

TRACKERS = range(4)
"""The vendor's largest has four."""
LIMITED, TRACKING = 1, 2
"""What holds a tracker's power: a voltage or current limit, or the sun."""
UNKNOWN_STATUS = 4
"""Of a tank or temperature sender (dbus_modbustcp@24c50db); 0 is ok."""


def facts_of(node: Node, name: Name, port: str, service: str, instance: int, custom_name: str) -> dict[str, Value]:
    """The facts of a device by the words of the tables. `name`: its NAME; `service`: as it is called on D-Bus."""
    identity, product = node.identity, product_of(node)
    ours = name.manufacturer == VICTRON
    return {
        "version": gxbridge.__version__,
        "instance": instance,
        "product_id": identity.product_id if product is None else product.product_id,
        "product_name": identity.model if product is None else product.name,
        "custom_name": custom_name or identity.description or "",
        "firmware": identity.firmware if ours else identity.software_version,
        "hardware": None if ours else identity.model_version,
        "serial": identity.serial_code or _numbered(name, identity.serial_register),
        "device_instance": name.device_instance,
        "system_instance": name.system_instance,
        "unique_number": name.unique_number,
        "gateway": f"socketcan:{port}",
        "address": node.address,
        "service": service,
    }


def _numbered(name: Name, serial: str | None) -> str | None:
    """A serial as PGN 126996 of a Victron device has it: the unique number in seven digits in front."""
    return None if serial is None else f"{name.unique_number:07d} {serial}"


def dc_power(values: Values) -> Value:
    """Watts, cut towards zero as the vendor's driver does."""
    voltage_v, current_a = values.get("/Dc/0/Voltage"), values.get("/Dc/0/Current")
    if not isinstance(voltage_v, float) or not isinstance(current_a, float):
        return None
    return int(voltage_v * current_a)


def single_tracker(values: Values) -> Value:
    """The panel voltage, unless there are several."""
    return None if _trackers(values) > 1 else values.get("/Pv/V")


def tracker_total(values: Values) -> Value:
    """Watts of all trackers: what the charger says, else their sum once all of them are known."""
    powers = [values.get(f"/Pv/{tracker}/P") for tracker in TRACKERS[: _trackers(values)]]
    known = [power for power in powers if isinstance(power, float)]
    said = values.get("/Yield/Power")
    return said if said is not None or not known or len(known) < len(powers) else sum(known)


def tracker_mode(values: Values) -> Value:
    """What the charger says, else limited while one tracker is, else tracking while one does, else off."""
    modes = [values.get(f"/Pv/{tracker}/MppOperationMode") for tracker in TRACKERS[: _trackers(values)]]
    said = values.get("/MppOperationMode")
    if said is not None or not modes or None in modes:
        return said
    return next((mode for mode in (LIMITED, TRACKING) if mode in modes), 0)


def _trackers(values: Values) -> int:
    count = values.get("/NrOfTrackers")
    return count if isinstance(count, int) else 0


def tank_remaining(values: Values) -> Value:
    """Cubic metres."""
    capacity_m3, level_percent = values.get("/Capacity"), values.get("/Level")
    if not isinstance(capacity_m3, float) or not isinstance(level_percent, float):
        return None
    return capacity_m3 * level_percent / 100


def tank_status(values: Values) -> Value:
    """0 while there is a level."""
    return UNKNOWN_STATUS if values.get("/Level") is None else 0


def temperature_status(values: Values) -> Value:
    """0 while there is a temperature."""
    return UNKNOWN_STATUS if values.get("/Temperature") is None else 0


COMPUTED: Mapping[str, Callable[[Values], Value]] = {
    "dc_power": dc_power,
    "single_tracker": single_tracker,
    "tracker_total": tracker_total,
    "tracker_mode": tracker_mode,
    "tank_remaining": tank_remaining,
    "tank_status": tank_status,
    "temperature_status": temperature_status,
}
"""What a table may write behind `compute:`."""
