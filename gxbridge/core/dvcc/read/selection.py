"""Which battery is the monitor, which BMS controls, which VE.Bus system is "the" Multi.

Source: observed on dbus-systemcalc-py 9730db0 (2026-06-26).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.dvcc.read.services import NO_NUMBER, Device, Installation, VebusSystem, kind_of
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, DEFAULT_BATTERY, NO_BMS, UserSettings

NO_OWN_PORT: Final = frozenset({"C003", "C009", "C00D", "C010"})
"""GX products without a VE.Bus port of their own (C003: any computer that runs Venus OS, C009: Maxi GX)."""
BY_USB: Final = "/dev/ttyUSB"
"""How the connection of a VE.Bus system begins that is not on the GX's own port."""
NO_BATTERY: Final = "nobattery"
VEBUS_BMS: Final = 2
"""`/Bms/BmsType`: 0 none, 1 two-signal BMS, 2 VE.Bus BMS."""
VEBUS_BMS_V2_VERSION: Final = 1146100
"""`/Devices/Bms/Version` of a VE.Bus BMS V2 or newer."""
MK3: Final = "MK3"
"""The interface a VE.Bus BMS V2 needs (`/Interfaces/Mk2/ProductName`)."""


class Selection(NamedTuple):
    """`monitor`: the battery monitor, maybe a Multi or an inverter; `bms`: in control; `multi`: the one VE.Bus."""

    monitor: Device | None
    bms: Device | None
    multi: VebusSystem | None
    other_multis: Sequence[VebusSystem]
    bmses: int
    vebus_bms: bool
    vebus_bms_v2: bool

    @property
    def has_bms(self) -> bool:
        """Is anything in control that counts as a BMS for the chargers?"""
        return self.bms is not None or (self.vebus_bms and self.vebus_bms_v2)


def select(
    installation: Installation,
    settings: UserSettings,
    platform: str,
    never: Container[str] = (),
    last: Container[str] = (),
    held: str | None = None,
) -> Selection:
    """Choose monitor, BMS and Multi. `never`: batteries that are no BMS of this bank; `last`: those that are one only
    where there is no other or the user names them. `held`: the monitor that was chosen before ("" none) and is kept."""
    multi, others = select_multi(installation, platform)
    monitor = select_monitor(installation, settings) if held is None else installation.named(held, kind_of(held))
    bmses = [battery for battery in installation.of(p.BATTERY) if is_bms(battery) and battery.name not in never]
    return Selection(
        monitor=monitor,
        bms=select_bms(bmses, monitor, settings, last),
        multi=multi,
        other_multis=others,
        bmses=len(bmses),
        vebus_bms=multi is not None and multi.bms_type == VEBUS_BMS,
        vebus_bms_v2=multi is not None and is_vebus_bms_v2(multi),
    )


def is_bms(battery: Device) -> bool:
    """A battery service is a BMS when it gives a charge voltage limit."""
    return number(battery.items, p.CVL) is not None


def is_parallel(battery: Device) -> bool:
    """Is it the vendor's virtual battery of Lynx BMSes in parallel?"""
    return battery.name.startswith(p.PARALLEL_PREFIX)


def select_bms(
    bmses: Sequence[Device], monitor: Device | None, settings: UserSettings, last: Container[str] = ()
) -> Device | None:
    """The BMS in control: by setting, else a parallel Lynx, else the battery monitor, else the lowest instance."""
    wanted = settings.bms_instance
    if wanted == NO_BMS or not bmses:
        return None
    if wanted != AUTOMATIC_BMS:
        return next((bms for bms in bmses if bms.instance == wanted), None)
    name = "" if monitor is None else monitor.name
    return min(bmses, key=lambda bms: (bms.name in last, not is_parallel(bms), bms.name != name, bms.instance))


def select_multi(installation: Installation, platform: str) -> tuple[VebusSystem | None, list[VebusSystem]]:
    """The VE.Bus system that is "the" Multi, and the others."""
    systems = sorted(installation.multis, key=lambda system: (not on_board(system), system.instance))
    if not systems or (platform not in NO_OWN_PORT and not on_board(systems[0])):
        return None, systems
    return systems[0], systems[1:]


def on_board(system: VebusSystem) -> bool:
    """Is a VE.Bus system on the GX's own port: not on an adapter on USB?"""
    return not text(system.items, p.MK_CONNECTION).startswith(BY_USB)


def is_vebus_bms_v2(multi: VebusSystem) -> bool:
    """V2 or newer by its version behind an MK3; or one whose version is invalid because the Multi is off."""
    if multi.bms_version is None:
        return multi.bms_type == VEBUS_BMS and multi.bms_charge not in (None, NO_NUMBER)
    return multi.bms_version >= VEBUS_BMS_V2_VERSION and multi.items.get(p.MK_PRODUCT) == MK3


def usable(device: Device) -> bool:
    """Only connected services with a product name and a connection can be the battery monitor."""
    items = device.items
    return items.get(p.CONNECTED) == 1 and bool(text(items, p.PRODUCT_NAME)) and bool(text(items, p.CONNECTION))


def select_monitor(installation: Installation, settings: UserSettings) -> Device | None:
    """The battery monitor by the user's choice (`default`, `nobattery`, or class/instance)."""
    if settings.battery == NO_BATTERY:
        return None
    if settings.battery != DEFAULT_BATTERY:
        return chosen(installation, settings.battery)
    return default_monitor(installation, settings)


def chosen(installation: Installation, choice: str) -> Device | None:
    """The service named `com.victronenergy.battery/288`; one that is absent stays chosen: none."""
    kind, _, instance = choice.removeprefix(p.PREFIX).partition("/")
    return next((d for d in installation.of(kind) if str(int(d.instance)) == instance), None)


def default_monitor(installation: Installation, settings: UserSettings) -> Device | None:
    """A battery (a BMS before a monitor), else an inverter with a state of charge, else a Multi if it counts."""
    batteries = [battery for battery in installation.of(p.BATTERY) if usable(battery)]
    if batteries:
        return min(batteries, key=lambda b: (p.CVL not in b.items, not is_parallel(b), b.instance))
    if any(usable(charger) for charger in installation.of(p.CHARGER)):
        return None
    multi = lowest_usable(installation, p.VEBUS)
    if multi is None:
        return inverter_monitor(installation)
    tracks = number(multi.items, p.EXTRA_CURRENT) is not None and not settings.has_dc_system
    return multi if tracks or lowest_usable(installation, p.SOLAR) is None else None


def lowest_usable(installation: Installation, kind: str) -> Device | None:
    """The usable service of a class with the lowest instance; of equals the one whose name comes first."""
    return min(filter(usable, installation.of(kind)), key=lambda device: (device.instance, device.name), default=None)


def inverter_monitor(installation: Installation) -> Device | None:
    """Without VE.Bus: the first inverter of one of two classes, if it knows the state of charge."""
    first = (lowest_usable(installation, kind) for kind in (p.MULTI, p.INVERTER))
    return next((device for device in first if device is not None and number(device.items, p.SOC) is not None), None)
