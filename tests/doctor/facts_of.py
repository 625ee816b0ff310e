"""A GX with a Lynx as the doctor meets it: everything in order, for tests that then spoil one thing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from gxbridge.core.model.items import Value
from gxbridge.doctor.examine import examine
from gxbridge.doctor.facts import Bus, ConfigSummary, ConfiguredBus, Facts, Program, Supervised
from gxbridge.doctor.row import Row
from gxbridge.edge.can.can_interface import CanInterface, Port
from tests.core.boat import multi, solar

LYNX = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"
SOLAR = "com.victronenergy.solarcharger.ttyO2"
CAN_SOLAR = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc20002"
MULTI = "com.victronenergy.vebus.ttyS4"
SYSTEM = "com.victronenergy.system"
SETTINGS = "com.victronenergy.settings"
VECAN = "com.victronenergy.vecan.can0"
OWN = "com.victronenergy.gxbridge"

Services = dict[str, dict[str, Value]]


def lynx(**items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 0,
        "/ProductId": 0xA3E5,
        "/ProductName": "Lynx Smart BMS 500",
        "/Mgmt/ProcessName": "vecan-dbus",
        "/Mgmt/Connection": "VE.Can",
        "/Connected": 1,
        "/Serial": "0167120 HQ21302VUDQ",
        "/N2kUniqueNumber": 167120,
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 200.0,
        **items,
    }


def own(**items: Value) -> dict[str, Value]:
    return {
        "/Mgmt/ProcessVersion": "0.1.0",
        "/Dvcc/Mode": "monitor",
        "/Dvcc/Effective": "monitor",
        "/Dvcc/Profile": "strict",
        "/Bms/State": "live",
        "/Bms/Name": "Lynx Smart BMS 500",
        "/Bms/Service": LYNX,
        "/Can/can0/State": "open",
        "/Can/can0/Frames": 5000,
        "/Can/can0/Lost": 0,
        "/Can/can0/Errors": 0,
        "/Findings/0/Id": None,
        **items,
    }


def settings(**items: Value) -> dict[str, Value]:
    return {"/Settings/Services/Bol": 3, "/Settings/Canbus/can0/Profile": 1, **items}


def services() -> Services:
    """A Lynx alone on can0 with the vendor's driver, a solar charger, a Multi, DVCC on; gxbridge watches."""
    return {
        SYSTEM: {"/Control/Dvcc": 1, "/ActiveBmsService": LYNX, "/Serial": "c0619ab12345"},
        SETTINGS: settings(),
        VECAN: {"/Devices/0/ModelName": "Lynx Smart BMS 500", "/Devices/0/N2kUniqueNumber": 167120},
        LYNX: lynx(),
        SOLAR: solar(),
        MULTI: multi(),
        OWN: own(),
    }


GOOD_LINK = CanInterface(
    "can0", kind="can", state="ERROR-ACTIVE", bitrate=250_000, rx_errors=0, tx_errors=0, restart_ms=1000,
    frames=10_000, data_bytes=80_000, received=9_000,
)  # fmt: skip
LATER = dataclasses.replace(GOOD_LINK, frames=10_200, data_bytes=81_600, received=9_200)


def port(**changes: Any) -> Port:
    whole: dict[str, Any] = {
        "name": "can0", "label": "VE.Can port", "kind": 0, "profile": 1, "link": GOOD_LINK, "later": LATER,
        "seconds": 2.0, "drivers": ("vecan-dbus.can0",),
    }  # fmt: skip
    return Port(**(whole | changes))


def program(**changes: Any) -> Program:
    whole: dict[str, Any] = {
        "version": "0.1.0", "python": (3, 12, 3), "packages": {"python-can": "4.5.0", "dbus-next": "0.2.3"},
        "system": "Venus OS v3.67", "venus": "v3.67", "machine": "einstein", "architecture": "armv7l",
        "supervised": Supervised("/service/gxbridge", up=True, seconds=3600.0),
    }  # fmt: skip
    return Program(**(whole | changes))


def configured(**changes: Any) -> ConfigSummary:
    whole: dict[str, Any] = {
        "file": "/data/conf/gxbridge.yaml",
        "buses": (ConfiguredBus("can0", "socketcan", "can0"),),
        "summary": "socketcan:can0, mode monitor",
    }
    return ConfigSummary(**(whole | changes))


def facts(**changes: Any) -> Facts:
    whole: dict[str, Any] = {
        "program": program(), "bus": Bus("system"), "configured": configured(), "ports": (port(),),
        "services": services(),
    }  # fmt: skip
    return Facts(**(whole | changes))


def changed(**items: Mapping[str, Value] | None) -> Services:
    """The services with items changed: SYSTEM={"/Control/Dvcc": 0}; None takes the service away."""
    found = services()
    for constant, values in items.items():
        name = globals()[constant]
        if values is None:
            found.pop(name)
        else:
            found[name] = {**found.get(name, {}), **values}
    return found


def report(**changes: Any) -> dict[str, Row]:
    """The rows of a spoilt GX by id; the first of each."""
    return by_id(examine(facts(**changes)))


def by_id(rows: Iterable[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.id, row)
    return found


STATISTICS = json.dumps(
    [
        {
            "ifindex": 3, "ifname": "can0", "flags": ["NOARP", "UP", "LOWER_UP", "ECHO"], "mtu": 16,
            "linkinfo": {
                "info_kind": "can",
                "info_data": {
                    "state": "ERROR-ACTIVE", "berr_counter": {"tx": 0, "rx": 3}, "restart_ms": 1000,
                    "bittiming": {"bitrate": 250000, "sample_point": "0.875"},
                },
                "info_xstats": {"restarts": 0, "bus_error": 0, "arbitration_lost": 0, "error_warning": 1,
                                "error_passive": 2, "bus_off": 1},
            },
            "stats64": {
                "rx": {"bytes": 800, "packets": 100, "errors": 4, "dropped": 5, "over_errors": 6, "multicast": 0},
                "tx": {"bytes": 80, "packets": 10, "errors": 1, "dropped": 0, "carrier_errors": 0, "collisions": 0},
            },
        }
    ]
)  # fmt: skip
"""In the form of iproute2 6.1 on a real controller."""
