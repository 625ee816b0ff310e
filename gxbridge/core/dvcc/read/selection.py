"""Which battery is the monitor, which BMS controls, which VE.Bus system is "the" Multi.

Source: observed on dbus-systemcalc-py 9730db0 (2026-06-26).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final, TypeVar

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor, Installation
from gxbridge.core.dvcc.read.devices.services import NO_NUMBER, Device, VebusSystem, kind_of
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, DEFAULT_BATTERY, NO_BMS, UserSettings
from gxbridge.core.model.named_tuple import NamedTuple

NO_OWN_PORT: Final = frozenset({"C003", "C009", "C00D", "C010"})
"""GX products without a VE.Bus port of their own (C003: any computer that runs Venus OS, C009: Maxi GX)."""
AnyDevice = TypeVar("AnyDevice", bound=Device)

NO_BATTERY: Final = "nobattery"
VEBUS_BMS: Final = 2
"""`/Bms/BmsType`: 0 none, 1 two-signal BMS, 2 VE.Bus BMS."""
VEBUS_BMS_V2_VERSION: Final = 1146100
"""`/Devices/Bms/Version` of a VE.Bus BMS V2 or newer."""


class Selection(NamedTuple):
    """`monitor`: the battery monitor, maybe a Multi or an inverter; `bms`: in control; `multi`: the one VE.Bus."""

    monitor: BatteryMonitor | None
    bms: Bms | None
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
    theirs: str = "",
) -> Selection:
    """Choose monitor, BMS and Multi. `never`: batteries that are no BMS of this bank; `last`: those that are one only
    where there is no other or the user names them. `held`: the monitor that was chosen before ("" none) and is kept.
    `theirs`: the service that another master goes by, if it is one of them: what it does is explained by that."""
    multi, others = select_multi(installation, platform)
    monitor = select_monitor(installation, settings) if held is None else installation.named(held, kind_of(held))
    bmses = [battery for battery in installation.batteries if is_bms(battery) and battery.name not in never]
    return Selection(
        monitor=monitor,
        bms=next((bms for bms in bmses if bms.name == theirs), None) or select_bms(bmses, monitor, settings, last),
        multi=multi,
        other_multis=others,
        bmses=len(bmses),
        vebus_bms=multi is not None and multi.bms_type == VEBUS_BMS,
        vebus_bms_v2=multi is not None and is_vebus_bms_v2(multi),
    )


def is_bms(battery: Bms) -> bool:
    """A battery service is a BMS when it gives a charge voltage limit."""
    return battery.max_charge_voltage_v is not None


def is_parallel(battery: Bms) -> bool:
    """Is it the vendor's virtual battery of Lynx BMSes in parallel, or a bank of ours, whose members are battery
    monitors then?"""
    return battery.name.startswith(p.PARALLEL_PREFIX) or bool(battery.adds)


def select_bms(
    bmses: Sequence[Bms], monitor: BatteryMonitor | None, settings: UserSettings, last: Container[str] = ()
) -> Bms | None:
    """The BMS in control: by setting, else a parallel Lynx, else the battery monitor, else the lowest instance."""
    wanted = settings.bms_instance
    if wanted == NO_BMS or not bmses:
        return None
    if wanted != AUTOMATIC_BMS:
        return next((bms for bms in bmses if bms.instance == wanted), None)
    if len(bmses) == 1:
        return bmses[0]
    name = "" if monitor is None else monitor.name
    return min(bmses, key=lambda bms: (bms.name in last, not is_parallel(bms), bms.name != name, bms.instance))


def select_multi(installation: Installation, platform: str) -> tuple[VebusSystem | None, list[VebusSystem]]:
    """The VE.Bus system that is "the" Multi, and the others."""
    systems = installation.multis
    if len(systems) > 1:
        systems = sorted(systems, key=lambda system: (not system.on_board, system.instance))
    if not systems or (platform not in NO_OWN_PORT and not systems[0].on_board):
        return None, systems
    return systems[0], systems[1:]


def is_vebus_bms_v2(multi: VebusSystem) -> bool:
    """V2 or newer by its version behind an MK3; or one whose version is invalid because the Multi is off."""
    if multi.bms_version is None:
        return multi.bms_type == VEBUS_BMS and multi.bms_charge not in (None, NO_NUMBER)
    return multi.bms_version >= VEBUS_BMS_V2_VERSION and multi.by_mk3


def select_monitor(installation: Installation, settings: UserSettings) -> BatteryMonitor | None:
    """The battery monitor by the user's choice (`default`, `nobattery`, or class/instance)."""
    if settings.battery == NO_BATTERY:
        return None
    if settings.battery != DEFAULT_BATTERY:
        return chosen(installation, settings.battery)
    return default_monitor(installation, settings)


def chosen(installation: Installation, choice: str) -> BatteryMonitor | None:
    """The service named `com.victronenergy.battery/288`; one that is absent stays chosen: none."""
    kind, _, instance = choice.removeprefix(p.PREFIX).partition("/")
    return next((d for d in installation.monitors(kind) if str(int(d.instance)) == instance), None)


def default_monitor(installation: Installation, settings: UserSettings) -> BatteryMonitor | None:
    """A battery (a BMS before a monitor), else an inverter with a state of charge, else a Multi if it counts."""
    batteries = [battery for battery in installation.batteries if battery.usable]
    if len(batteries) == 1:
        return batteries[0]
    if batteries:
        return min(batteries, key=lambda b: (not b.offers_limits, not is_parallel(b), b.instance))
    if any(charger.usable for charger in installation.of(p.CHARGER)):
        return None
    multi: VebusSystem | None = lowest_usable(installation.multis)
    if multi is None:
        return inverter_monitor(installation)
    tracks = multi.extra_current_a is not None and not settings.has_dc_system
    return multi if tracks or lowest_usable(installation.solar) is None else None


def lowest_usable(devices: Iterable[AnyDevice]) -> AnyDevice | None:
    """The usable one with the lowest instance; of equals the one whose name comes first."""
    return min((one for one in devices if one.usable), key=lambda device: (device.instance, device.name), default=None)


def inverter_monitor(installation: Installation) -> Device | None:
    """Without VE.Bus: the first inverter of one of two classes, if it knows the state of charge."""
    first = (lowest_usable(installation.of(kind)) for kind in (p.MULTI, p.INVERTER))
    return next((device for device in first if device is not None and device.soc_percent is not None), None)
