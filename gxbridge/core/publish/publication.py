"""Whether a battery may be published: never beside another service that publishes the same one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, cast

from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.paths import OWN_PREFIX, SET_BATTERY, SET_BMS_INSTANCE
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS
from gxbridge.core.dvcc.run.masters.bus_names import UNREAD_S
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.publish.battery_paths import Publish, service_name

BATTERY_PREFIX = "com.victronenergy.battery."
PARALLEL_PREFIX = "com.victronenergy.battery.lynxparallel"
SETTINGS = "com.victronenergy.settings"

VENDOR_DRIVER_PROFILES: Mapping[int, str] = {
    1: "VE.Can",
    2: "VE.Can & CAN-bus BMS",
    4: "Oceanvolt",
    9: "VE.Can & CANopen E-drive",
}
"""Port profiles with which a GX runs its own VE.Can driver (veutil@97c80ef canbus_interfaces.cpp)."""

FREE_PROFILE = 5
"""The port is up at 250 kbit/s and no vendor driver uses it."""


class Publication(NamedTuple):
    """How a battery is published: `bms`, `bms-neutral`, `monitor`, or `none` with a reason for people."""

    publish: Literal["bms", "bms-neutral", "monitor", "none"]
    reason: str = ""
    published_by: str = ""
    """The other service that publishes this battery."""
    findings: tuple[Finding, ...] = ()


def profile_path(port: str) -> str:
    """The setting that holds a port's profile; a port is called by its interface, such as can0."""
    return f"/Settings/Canbus/{port}/Profile"


def publishers(battery: Battery, services: Mapping[str, Items]) -> Iterator[tuple[str, str]]:
    """The services of others that say they are this battery, and by what it is recognised."""
    for name, items in services.items():
        if not name.startswith(BATTERY_PREFIX) or name.startswith(OWN_PREFIX):
            continue
        if items.get("/N2kUniqueNumber") == battery.unique_number:
            yield name, f"the same N2K unique number {battery.unique_number}"
        elif battery.serial is not None and last_word(items.get("/Serial")) == battery.serial:
            yield name, f"the same serial {battery.serial}"


def other_publisher(battery: Battery, services: Mapping[str, Items]) -> tuple[str, str] | None:
    """The first of them."""
    return next(publishers(battery, services), None)


def may_be(name: str, battery: Battery, port: str) -> bool:
    """Whether a battery service that says nothing may be this battery, by its name alone: the vendor's are called
    `socketcan_<port>_vi<n>_uc<unique number>`."""
    own_name = name[len(BATTERY_PREFIX) :]
    unique = re.search(r"uc(\d+)", own_name)
    return int(unique[1]) == battery.unique_number if unique else port in own_name


def silent_publisher(
    battery: Battery, port: str, unread: Mapping[str, float], now: float, published: bool
) -> tuple[str, bool] | None:
    """A battery service of somebody else that has not said yet which battery it is, and whether it is too late for it
    to say so. One that is published goes on beside a name that cannot be the same battery."""
    for name, since in unread.items():
        if name.startswith(BATTERY_PREFIX) and not name.startswith(OWN_PREFIX):
            late, same = now - since >= UNREAD_S, may_be(name, battery, port)
            if same or not (late or published):
                return name, late
    return None


def last_word(value: Value) -> str | None:
    """The maker's serial at the end of the vendor's `0167120 HQ21302VUDQ`."""
    words = value.split() if isinstance(value, str) else ()
    return words[-1] if words else None


def vendor_driver(port: str, services: Mapping[str, Items]) -> str | None:
    """The name of the port's profile if it promises a vendor driver there, else None."""
    profile = number(services.get(SETTINGS, {}), profile_path(port))
    return None if profile is None else VENDOR_DRIVER_PROFILES.get(int(profile))


def parallel_aggregate(services: Iterable[str]) -> str | None:
    """The vendor's sum of parallel Lynx BMSes. A GX starts it when any battery service has a Lynx product id
    (venus-platform@8d6a52e application.cpp), and it counts in every service with such an id."""
    return next((name for name in services if name.startswith(PARALLEL_PREFIX)), None)


def rivals(services: Mapping[str, Items]) -> dict[str, float]:
    """The batteries of others that a GX takes for BMSes, with their device instances."""
    return {
        name: number(items, "/DeviceInstance") or 0.0
        for name, items in services.items()
        if name.startswith(BATTERY_PREFIX) and not name.startswith(OWN_PREFIX) and "/Info/MaxChargeVoltage" in items
    }


def unchosen(instance: int, services: Mapping[str, Items], settings: Items) -> str | None:
    """The BMS that a GX takes, "" where that is none, in place of a bank of ours with this device instance; None where
    it takes the bank: it is the one that the settings choose, or the automatic choice finds no other (the lowest device
    instance wins, as observed on dbus-systemcalc-py 9730db0)."""
    others = rivals(services)
    wanted = number(settings, SET_BMS_INSTANCE)
    if wanted not in (None, AUTOMATIC_BMS):
        return None if wanted == instance else next((name for name, other in others.items() if other == wanted), "")
    monitor = settings.get(SET_BATTERY)
    chosen = [name for name, other in others.items() if str(monitor).endswith(f"/{other:.0f}")]
    lower = sorted((other, name) for name, other in others.items() if other <= instance)
    return chosen[0] if chosen else lower[0][1] if lower else None


def verdict(
    battery: Battery,
    publish: str,
    services: Mapping[str, Items],
    port: str | None = None,
    *,
    unread: Mapping[str, float] | None = None,
    now: float = 0.0,
    published: bool = False,
) -> Publication:
    """How to publish `battery` when the configuration says `publish`. Asked again in every cycle: it answers
    `none` as soon as another service publishes the same battery, or the port's profile says that one will. `port`: the
    interface of its bus, where that is not the bus's name. `unread`: name -> since when it is on the bus without having
    answered; `published`: it is published at present."""
    port, at = port or battery.bus, battery.last_heard
    if publish == "none":
        return Publication("none", "the configuration says publish: none")
    other = other_publisher(battery, services)
    if other is not None:
        name, mark = other
        twice = finding("published-twice", battery.key, at, service=name, mark=mark)
        return Publication("none", twice.text, name, (twice,))
    silent = silent_publisher(battery, port, unread or {}, now, published)
    if silent is not None:
        name, late = silent
        if not late:
            return Publication("none", f"{name} has not said yet which battery it is")
        unknown = finding("battery-unknown", battery.key, now, battery=service_name(battery), service=name)
        return Publication("none", unknown.text, "", (unknown,))
    profile = vendor_driver(port, services)
    if profile is not None:
        driver = finding("vendor-driver", battery.key, at, port=port, profile=profile)
        return Publication("none", driver.text, "", (driver,))
    chosen = cast(Publish, publish)
    aggregate = parallel_aggregate(services)
    if aggregate is not None and chosen == "bms":
        parallel = finding("parallel-bms", battery.key, at, aggregate=aggregate, service=service_name(battery))
        return Publication(chosen, "", "", (parallel,))
    return Publication(chosen)
