"""What every BMS says, as the last gate reads it: from raw D-Bus items and from CAN, with no rule of the decision."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple

BATTERY: Final = "com.victronenergy.battery."
VEBUS: Final = "com.victronenergy.vebus."
LYNX_TOTAL: Final = 0xA3E3
LYNX: Final = range(0xA3E4, 0xA3E8)
"""Products that always say whether they allow charging and discharging (Victron, VE.Can registers public)."""
PARALLEL: Final = re.compile(r"\.lynxparallel\d*?_?(\d+)$")
"""The vendor's sum of parallel Lynx has their NMEA 2000 device instance in its name."""
OWN_BANK: Final = f"{BATTERY}gxbridge_bank_"
"""A bank of ours; its `/Members` are the services of the batteries that it adds up."""
OUT: Final = frozenset({14, 18})
"""`/State` of a BMS that is not on its bank's busbar: standby and pending (gui-v2@2ffcc3c src/enums.h)."""
ON_THE_WAY: Final = frozenset({*range(9), 12, 15, 16, 17})
"""States in which a member of a bank neither grants nor stops: starting, shutting down, pre-charging."""
WINDOWS: Final = ((12.0, 10.0, 16.0), (24.0, 20.0, 32.0), (48.0, 40.0, 64.0))
"""Nominal voltage, and the lowest and highest charge voltage that makes sense for it."""
DISCHARGE: Final = "discharge"
"""Behind a mark: this BMS has given a permission to discharge."""
SENSIBLE: Final = 1e9
NUMBER: Final = (int, float)
AUTOMATIC, NOBODY = -1, -255
"""The setting `BmsInstance`."""

RawWord: TypeAlias = Literal["yes", "no", "unknown", ""]
"""A permission; "" where a BMS never gives it."""


class RawBms(NamedTuple):
    """One battery service, with what was heard of the same battery on CAN: of two words the stricter."""

    name: str
    marks: frozenset[str]
    """By each of these it is known again: its unique number, its serial, else its name."""
    instance: float
    product: float | None
    network: float | None
    """NMEA 2000 device instance."""
    state: float | None
    nominal_v: float | None
    voltage_v: float | None
    speaks: bool
    """It gives a charge voltage limit; `offers`: it has the item for one."""
    offers: bool
    virtual: bool
    usable: bool
    opened: bool
    """It says on CAN that its contactor is open."""
    cvl: float | None
    ccl: float | None
    dcl: float | None
    low_v: float | None
    charge: RawWord
    discharge: RawWord
    adds: frozenset[str] = frozenset()
    """Services of the batteries that a bank of ours adds up."""

    @property
    def lynx_total(self) -> bool:
        """Is it the vendor's sum of parallel Lynx, or a bank of ours?"""
        return bool(self.adds) or self.product == LYNX_TOTAL or self.name.startswith(f"{BATTERY}lynxparallel")

    @property
    def lynx(self) -> bool:
        """Is it a Lynx by itself?"""
        return self.product in LYNX and not self.lynx_total

    @property
    def copy(self) -> bool:
        """Is it made of what others say, and no sum of Lynx?"""
        return self.virtual and not self.lynx_total

    @property
    def out(self) -> bool:
        """Is its contactor open, or may be: on its way in or out?"""
        return self.opened or self.state in OUT or self.state in ON_THE_WAY

    def listed(self, banks: Collection[str]) -> bool:
        """Is it named in a list, by its instance or one of its marks?"""
        return f"{self.instance:.0f}" in banks or not self.marks.isdisjoint(banks)

    @property
    def class_v(self) -> float | None:
        """Its nominal voltage: its setting, else by the window of its charge voltage, whatever its contactor does."""
        return self.nominal_v or next((n for n, low, high in WINDOWS if self.cvl and low <= self.cvl <= high), None)


class RawWords(NamedTuple):
    """Everything that is known outside: `services` of everybody, ours too, `batteries` on CAN, the GX's settings.

    `stops`, `discharge_stops`: sources that can only stop (wires, VE.Bus, Bluetooth); `permits`: wires that allow;
    `discharge_unknown`: sources of which nobody knows whether they allow discharging.
    `awaited`: a BMS on CAN has not said yet who it is, or was heard before the last start and not since.
    `unpublished`: our battery services that are not on the bus. `opened`: those of batteries whose last word was that
    their contactor is open. `other_banks`: instances and serials of batteries that the installer says are on another DC
    bus.
    """

    services: Mapping[str, Items]
    batteries: Iterable[Battery] = ()
    settings: Mapping[str, Value] = MappingProxyType({})
    stops: Collection[object] = ()
    discharge_stops: Collection[object] = ()
    discharge_unknown: Collection[object] = ()
    permits: Collection[object] = ()
    unpublished: Collection[str] = ()
    opened: Collection[str] = ()
    other_banks: Collection[str] = ()
    awaited: bool = False


def of_class(words: RawWords, kind: str) -> Iterator[Items]:
    """The items of every service of a class."""
    prefix = f"com.victronenergy.{kind}."
    return (items for name, items in words.services.items() if name.startswith(prefix))


def finite(value: Value) -> float | None:
    """A number that can be one."""
    if not isinstance(value, NUMBER) or isinstance(value, bool):
        return None
    return value if -SENSIBLE < value < SENSIBLE else None  # neither infinity nor what is no number is in between


def limit(value: Value) -> float | None:
    """A limit: a number that is not below 0."""
    known = finite(value)
    return known if known is not None and known >= 0 else None


def lowest(*values: float | None) -> float | None:
    """The least of those that are known."""
    return min([value for value in values if value is not None], default=None)


def word(value: Value, expected: bool) -> RawWord:
    """1 is yes and 0 is no; anything else is unknown, and so is nothing where a word is expected."""
    if value in (0, 1):
        return "yes" if value else "no"
    return "unknown" if expected or value is not None else ""


def stricter(one: RawWord, other: RawWord) -> RawWord:
    """Of two words for the same the one that allows less."""
    return "no" if "no" in (one, other) else "unknown" if "unknown" in (one, other) else one or other


def read_bmses(words: RawWords, gave: Collection[str], *, full: bool) -> list[RawBms]:
    """Every battery service. `gave`: marks of those that have given a permission before; `full`: it holds no more."""
    heard = {
        mark: battery
        for battery in words.batteries
        if battery.state == "live"
        for mark in marks_of(f"{battery.unique_number}", battery.serial)
    }
    found = [
        _read(name, items, heard, gave, full=full) for name, items in words.services.items() if name.startswith(BATTERY)
    ]
    return [bms._replace(opened=True) if bms.name in words.opened else bms for bms in found]


def marks_of(unique: str, serial: Value) -> frozenset[str]:
    """By what a battery is known: `uc167120`, and the maker's serial at the end of `0167120 HQ21302VUDQ`."""
    last = serial.split()[-1:] if isinstance(serial, str) else []
    return frozenset([f"uc{unique}", *last] if unique else last)


def _read(name: str, items: Items, heard: Mapping[str, Battery], gave: Collection[str], *, full: bool) -> RawBms:
    get = items.get
    unique = finite(get("/N2kUniqueNumber"))
    marks = marks_of("" if unique is None else f"{unique:.0f}", get("/Serial")) or frozenset({name})
    product = finite(get("/ProductId"))
    expected = full or product in LYNX
    charge = word(get("/Io/AllowToCharge"), expected or not marks.isdisjoint(gave))
    discharge = word(get("/Io/AllowToDischarge"), expected or any(f"{mark} {DISCHARGE}" in gave for mark in marks))
    cvl, ccl = limit(get("/Info/MaxChargeVoltage")), limit(get("/Info/MaxChargeCurrent"))
    dcl = limit(get("/Info/MaxDischargeCurrent"))
    low_v = limit(get("/Info/BatteryLowVoltage"))
    battery = next((heard[mark] for mark in marks if mark in heard), None)
    speaks = finite(get("/Info/MaxChargeVoltage")) is not None
    parallel = PARALLEL.search(name)
    if battery is not None:
        charge = stricter(charge, word(battery.get("allow_to_charge"), expected=False))
        discharge = stricter(discharge, word(battery.get("allow_to_discharge"), expected=False))
        if cvl is not None:
            cvl = lowest(cvl, limit(battery.get("charge_voltage_limit_v")))
        if ccl is not None:
            ccl = lowest(ccl, limit(battery.get("charge_current_limit_a")))
        if dcl is not None:
            dcl = lowest(dcl, limit(battery.get("discharge_current_limit_a")))
        if low_v is not None:
            low_v = max(low_v, limit(battery.get("low_voltage_limit_v")) or 0.0)
    return RawBms(
        name,
        marks,
        finite(get("/DeviceInstance")) or 0.0,
        product,
        finite(get("/N2kDeviceInstance")) if parallel is None else float(parallel[1]),
        finite(get("/State")),
        limit(get("/Settings/Battery/NominalVoltage")) or None,
        finite(get("/Dc/0/Voltage")),
        speaks,
        "/Info/MaxChargeVoltage" in items,
        get("/Mgmt/Connection") == "Virtual" or name.startswith(f"{BATTERY}virtual_"),
        get("/Connected") == 1 and bool(get("/ProductName")) and bool(get("/Mgmt/Connection")),
        battery is not None and battery.get("contactor_closed") == 0,
        cvl,
        ccl,
        dcl,
        low_v,
        charge,
        discharge,
        frozenset(str(get("/Members") or "").split()) if name.startswith(OWN_BANK) else frozenset(),
    )
