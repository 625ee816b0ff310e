"""Whether a battery may be published: never beside another service that publishes the same one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, cast

from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.record import record
from gxbridge.core.publish.battery_paths import OWN_PREFIX, Publish, service_name

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


@record
class Publication:
    """How a battery is published: `bms`, `bms-neutral`, `monitor`, or `none` with a reason for people."""

    publish: Literal["bms", "bms-neutral", "monitor", "none"]
    reason: str = ""
    published_by: str = ""
    """The other service that publishes this battery."""
    findings: tuple[Finding, ...] = ()


def profile_path(port: str) -> str:
    """The setting that holds a port's profile; a port is called by its interface, such as can0."""
    return f"/Settings/Canbus/{port}/Profile"


def other_publisher(battery: Battery, services: Mapping[str, Items]) -> tuple[str, str] | None:
    """The service of somebody else that publishes this battery, and by what it is recognised."""
    for name, items in services.items():
        if not name.startswith(BATTERY_PREFIX) or name.startswith(OWN_PREFIX):
            continue
        if items.get("/N2kUniqueNumber") == battery.unique_number:
            return name, f"the same N2K unique number {battery.unique_number}"
        if battery.serial is not None and last_word(items.get("/Serial")) == battery.serial:
            return name, f"the same serial {battery.serial}"
    return None


def last_word(value: Value) -> str | None:
    """The maker's serial at the end of the vendor's `0167120 HQ21302VUDQ`."""
    words = value.split() if isinstance(value, str) else ()
    return words[-1] if words else None


def vendor_driver(port: str, services: Mapping[str, Items]) -> str | None:
    """The name of the port's profile if it promises a vendor driver there, else None."""
    profile = services.get(SETTINGS, {}).get(profile_path(port))
    return VENDOR_DRIVER_PROFILES.get(int(profile)) if isinstance(profile, int | float) else None


def parallel_aggregate(services: Iterable[str]) -> str | None:
    """The vendor's sum of parallel Lynx BMSes. A GX starts it when any battery service has a Lynx product id
    (venus-platform@8d6a52e application.cpp), and it counts in every service with such an id."""
    return next((name for name in services if name.startswith(PARALLEL_PREFIX)), None)


def verdict(battery: Battery, publish: str, services: Mapping[str, Items], port: str | None = None) -> Publication:
    """How to publish `battery` when the configuration says `publish`. Asked again at every look, for ever: it answers
    `none` as soon as another service publishes the same battery, or the port's profile says that one will. `port`: the
    interface of its bus, where that is not the bus's name."""
    port = port or battery.bus
    if publish == "none":
        return Publication("none", "the configuration says publish: none")
    other = other_publisher(battery, services)
    if other is not None:
        name, mark = other
        text = f"{name} already publishes this battery ({mark}), so gxbridge does not"
        advice = f"to let gxbridge publish it, set profile {FREE_PROFILE} for {port} on the GX (no vendor driver)"
        return Publication("none", text, name, (_finding("published-twice", "warning", battery, text, advice),))
    profile = vendor_driver(port, services)
    if profile is not None:
        text = f"the profile of {port} is {profile!r}: the GX's own driver publishes the battery, gxbridge does not"
        advice = f"to let gxbridge publish it, set {profile_path(port)} to {FREE_PROFILE} (up, no services)"
        return Publication("none", text, "", (_finding("vendor-driver", "warning", battery, text, advice),))
    chosen = cast(Publish, publish)
    aggregate = parallel_aggregate(services)
    if aggregate is not None and chosen == "bms":
        text = f"{aggregate} adds up all batteries with a Lynx product id on this GX, {service_name(battery)} included"
        advice = "none if these batteries are in parallel; else use publish: bms-neutral, which it does not count in"
        return Publication(chosen, "", "", (_finding("parallel-bms", "info", battery, text, advice),))
    return Publication(chosen)


def _finding(id: str, severity: Literal["info", "warning"], battery: Battery, text: str, advice: str) -> Finding:
    return Finding(id, severity, battery.key, text, advice, battery.last_heard, battery.last_heard)
