"""The BMS behind a VE.Bus system, read from the D-Bus items of `com.victronenergy.vebus.*`. Nothing is written.

A VE.Bus BMS has no CAN port: VE.Bus, MK3 and the GX device's own driver are the only way to its permissions. It says
charge yes or no, discharge yes or no, and a pre-alarm; it gives no current and no voltage limit.

Deliberately unlike the vendor's DVCC: a permission that is invalid, contradictory, or "allowed" while no BMS is there
is unknown here, not allowed. Sources: Victron's D-Bus wiki; victronenergy/venus#89, #215, #230, #938, #989 and #1032;
dbus-systemcalc-py 9730db0 (version threshold and the MK3 rule); recordings in venus-docker and dbus-recorder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Literal, TypeAlias

from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.permission import Permission, flag
from gxbridge.core.model.record import record

Generation: TypeAlias = Literal["none", "two-signal", "v1", "v2-or-newer", "v2-assumed", "unknown"]
VebusDoubt: TypeAlias = Literal["", "no-bms", "not-ready", "connection-lost", "error", "invalid", "unknown-type"]
"""Why a permission is unknown although the service is there; empty when nothing is in doubt."""

PREFIX = "com.victronenergy.vebus."

CONNECTION = "/Mgmt/Connection"
CHARGE = "/Bms/AllowToCharge"
DISCHARGE = "/Bms/AllowToDischarge"
TYPE = "/Bms/BmsType"
ERROR = "/Bms/Error"
EXPECTED = "/Bms/BmsExpected"
VERSION = "/Devices/Bms/Version"
PRE_ALARM = "/Alarms/BmsPreAlarm"
PRE_ALARM_BEFORE = "/Bms/PreAlarm"
CONNECTION_LOST = "/Alarms/BmsConnectionLost"
INTERFACE = "/Interfaces/Mk2/ProductName"
MODE = "/Mode"
STATE = "/State"
VEBUS_ERROR = "/VebusError"

PATHS = (
    *(CONNECTION, CHARGE, DISCHARGE, TYPE, ERROR, EXPECTED, VERSION, PRE_ALARM, PRE_ALARM_BEFORE),
    *(CONNECTION_LOST, INTERFACE, MODE, STATE, VEBUS_ERROR),
)
"""Every path this module reads."""

TYPE_NONE, TYPE_TWO_SIGNAL, TYPE_VEBUS = 0, 1, 2

V1_VERSIONS = range(1145000, 1146000)
V2_FROM = 1146100
"""Product number as four digits, firmware as three: 1145110 is product 0x1145 with firmware 110."""

MK3 = "MK3"
MODE_OFF = 4
STATE_OFF = 0
ASSISTANT_MISSING = 7
"""VE.Bus error: a BMS is connected, the assistant that it needs is not."""


@record
class VebusBms:
    """What one VE.Bus system says of its BMS.

    `charge` and `discharge` are what may be acted upon; `doubt` says why one of them is unknown. `pre_alarm`,
    `error` and `connection_lost` are tri-state. `version` is the raw number of the BMS, `mk3` whether the interface is
    the one a V2 needs, `multi_off` whether the inverter/charger is switched off.
    """

    service: str
    generation: Generation
    charge: Permission
    discharge: Permission
    doubt: VebusDoubt
    pre_alarm: bool | None
    error: bool | None
    error_raw: Value
    connection_lost: bool | None
    version: int | None
    interface: str | None
    mk3: bool | None
    multi_off: bool | None
    assistant_missing: bool
    expected: bool | None

    @property
    def present(self) -> bool | None:
        """True: a BMS is there. None: this cannot be told (no data, or its connection is lost)."""
        if self.generation == "none":
            return False
        return None if self.generation == "unknown" or self.connection_lost else True

    @property
    def certain(self) -> bool:
        """Whether the generation was read off a version, and not concluded from what is missing."""
        return self.generation in ("none", "two-signal", "v1", "v2-or-newer")

    @property
    def full(self) -> bool | None:
        """Whether the vendor's DVCC treats it as a V2 (chargers get the BMS bit). None: cannot be told."""
        if self.generation == "v2-or-newer":
            return self.mk3
        return None if self.generation == "unknown" else self.generation == "v2-assumed"


def is_source(service: str, items: Items) -> bool:
    """Whether a service is a VE.Bus system that can carry a BMS: one that came over VE.Can has no `/Bms` items."""
    return service.startswith(PREFIX) and items.get(CONNECTION) != "VE.Can"


def read(service: str, items: Items) -> VebusBms:
    """Judge the items of one VE.Bus service. Any item may be missing, invalid or of the wrong type."""
    kind = _number(items.get(TYPE))
    version = _number(items.get(VERSION))
    charge, discharge = flag(items.get(CHARGE)), flag(items.get(DISCHARGE))
    error_raw = items.get(ERROR)
    error = None if _number(error_raw) is None else _number(error_raw) != 0
    lost = _alarm(items.get(CONNECTION_LOST))
    generation = _generation(kind, version, charge)
    doubt = _doubt(kind, generation, charge, discharge, error, lost)
    pre_alarm = _alarm(items.get(PRE_ALARM))
    if pre_alarm is None:
        pre_alarm = _alarm(items.get(PRE_ALARM_BEFORE))
    interface = items.get(INTERFACE)
    interface = interface if isinstance(interface, str) and interface else None
    return VebusBms(
        service=service,
        generation=generation,
        charge=_usable(charge, doubt, generation),
        discharge=_usable(discharge, doubt, generation),
        doubt=doubt,
        pre_alarm=None if generation == "none" else pre_alarm,
        error=error,
        error_raw=error_raw,
        connection_lost=lost,
        version=version,
        interface=interface,
        mk3=None if interface is None else interface == MK3,
        multi_off=_multi_off(items),
        assistant_missing=_number(items.get(VEBUS_ERROR)) == ASSISTANT_MISSING,
        expected=flag(items.get(EXPECTED)),
    )


def read_all(services: Mapping[str, Items]) -> tuple[VebusBms, ...]:
    """Every VE.Bus system among the services, those without a BMS included; one that says the same as before is the
    same object."""
    found = ((name, items) for name, items in services.items() if is_source(name, items))
    return tuple(_read_once(name, *map(items.get, PATHS)) for name, items in found)


@lru_cache(maxsize=64, typed=True)
def _read_once(service: str, *said: Value) -> VebusBms:
    """What stands at `PATHS`, judged."""
    return read(service, dict(zip(PATHS, said, strict=True)))


def _number(value: Value) -> int | None:
    """A whole number, however it was sent; None for everything else (NaN, infinities, arrays)."""
    if not isinstance(value, int | float) or not isfinite(value):
        return None
    return int(value) if value == int(value) else None


def _alarm(value: Value) -> bool | None:
    number = _number(value)
    return None if number is None or number < 0 else number > 0


def _generation(kind: int | None, version: int | None, charge: Permission) -> Generation:
    if kind == TYPE_NONE:
        return "none"
    if kind == TYPE_TWO_SIGNAL:
        return "two-signal"
    if kind != TYPE_VEBUS:
        return "unknown"
    if version is None:
        # With the Multi off a V2 keeps talking and only the version is gone; a V1's values go altogether.
        return "unknown" if charge is None else "v2-assumed"
    if version >= V2_FROM:
        return "v2-or-newer"
    return "v1" if version in V1_VERSIONS else "unknown"


def _doubt(
    kind: int | None,
    generation: Generation,
    charge: Permission,
    discharge: Permission,
    error: bool | None,
    lost: bool | None,
) -> VebusDoubt:
    if generation == "none":
        return "no-bms"
    if kind is None:
        return "not-ready"
    if kind not in (TYPE_TWO_SIGNAL, TYPE_VEBUS):
        return "unknown-type"
    if lost:
        return "connection-lost"
    if error:
        return "error"
    return "invalid" if charge is None or discharge is None else ""


def _usable(permission: Permission, doubt: VebusDoubt, generation: Generation) -> Permission:
    """What may be acted upon: with a doubt about the BMS as a whole an allowance is unknown; a refusal stays one."""
    if doubt == "no-bms":
        return None
    in_doubt = doubt not in ("", "invalid") or (doubt == "invalid" and generation == "unknown")
    return None if in_doubt and permission else permission


def _multi_off(items: Items) -> bool | None:
    mode, state = _number(items.get(MODE)), _number(items.get(STATE))
    if mode is None and state is None:
        return None
    return mode == MODE_OFF or state == STATE_OFF
