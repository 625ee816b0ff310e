"""The CAN ports of a GX: which carries VE.Can, who drives it, and what to do there.

Profiles and names: veutil canbus_interfaces.cpp (038990a) and canbus_monitor.cpp (0989357), gui-v2 CanbusProfile.qml.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read.devices.products import is_lynx_product, is_lynx_totals
from gxbridge.core.dvcc.read.devices.services import Device, kind_of, title
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.paths import ALTERNATOR, OWN_PREFIX, PRODUCT_ID
from gxbridge.core.model.items import Value
from gxbridge.core.model.wording import listed
from gxbridge.core.port.coverage import Coverage, Extent, coverage
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.core.publish.publication import FREE_PROFILE, profile_path
from gxbridge.doctor.checks.interface_state import check_link
from gxbridge.doctor.checks.running_service import buses_of
from gxbridge.doctor.facts import Facts, Services
from gxbridge.doctor.row import Row
from gxbridge.edge.can.can_interface import Port

SECTION: Final = "CAN ports"
EXTENTS: Final[tuple[Extent, ...]] = ("fully", "partly", "not")
VECAN_PREFIX: Final = "com.victronenergy.vecan."
DRIVER: Final = "vecan-dbus"
"""The vendor's VE.Can driver, as daemontools knows it: /service/vecan-dbus.can0."""


class CanProfile(NamedTuple):
    """What the GX does with a port. `services`: the vendor's programs on it."""

    label: str
    bitrate: int | None
    services: tuple[str, ...] = ()

    @property
    def vecan(self) -> bool:
        """Does the vendor's VE.Can driver run with it?"""
        return DRIVER in self.services


PROFILES: Final[Mapping[int, CanProfile]] = {
    0: CanProfile("Disabled", None),
    1: CanProfile("VE.Can", 250_000, (DRIVER,)),
    2: CanProfile("VE.Can & CAN-bus BMS", 250_000, (DRIVER, "can-bus-bms")),
    3: CanProfile("CAN-bus BMS LV", 500_000, ("can-bus-bms",)),
    4: CanProfile("Oceanvolt", 250_000, (DRIVER, "dbus-valence", "dbus-motordrive")),
    5: CanProfile("up, no services", 250_000),
    6: CanProfile("RV-C", 250_000, ("dbus-rv-c",)),
    7: CanProfile("CAN-bus BMS HV", 500_000, ("can-bus-bms-hv",)),
    8: CanProfile("up, no services", 500_000),
    9: CanProfile("VE.Can & CANopen E-drive", 250_000, (DRIVER, "dbus-motordrive")),
    10: CanProfile("CANopen E-drive", 500_000, ("dbus-motordrive",)),
}
"""`/Settings/Canbus/<if>/Profile`; 5 and 8 cannot be chosen on the GX's screen."""
KINDS: Final[Mapping[int, str]] = {
    0: "any profile",
    1: "CAN-bus BMS only",
    2: "VE.Can only",
    3: "any profile, CAN FD too",
}
"""`config` of a port: what the hardware allows (CanBusConfig)."""
BMS_ONLY: Final = 1


class CarriedDevice(NamedTuple):
    """A device that the GX knows by the vendor's drivers. `kind`: the class of its service, "" where it has none;
    `served`: how far gxbridge would serve it, with the port to itself."""

    text: str
    is_lynx: bool
    kind: str
    served: Coverage


def set_profile(port: str, profile: int) -> str:
    """The command that sets a port's profile on a GX."""
    return f"dbus -y com.victronenergy.settings {profile_path(port)} SetValue {profile}"


def carries_vecan(port: Port) -> bool:
    """Does the port carry VE.Can, as far as its profile says? True where there are no profiles."""
    if port.profile is None:
        return port.kind != BMS_ONLY
    known = PROFILES.get(port.profile)
    return known is not None and (known.vecan or port.profile == FREE_PROFILE)


def carried_by(port: str, services: Services, *, ours: bool = False) -> list[CarriedDevice]:
    """Every device that the GX knows by the drivers on this port, Lynx BMSes first. `ours`: gxbridge is the driver, and
    its own batteries count."""
    found: dict[str, CarriedDevice] = {}
    numbers: set[float | str] = set()
    listed_devices = _vecan_devices(services.get(f"{VECAN_PREFIX}{port}", {}))
    there = {device.get("N2kUniqueNumber") for device in listed_devices.values()} if ours else set()
    mark = re.compile(rf"\.(?:socketcan_|lynxparallel.*_){re.escape(port)}(?:_|$)")
    for name, items in services.items():
        own, unique = name.startswith(OWN_PREFIX), number(items, "/N2kUniqueNumber")
        if unique not in there if own else not mark.search(name):
            continue
        match = re.search(r"_uc(\d+)$", name)
        numbers.add(unique if unique is not None else int(match[1]) if match else name)
        kind = kind_of(name)
        lynx = own or is_lynx(items)
        served = Coverage("fully") if lynx else coverage(kind, number(items, PRODUCT_ID))
        found[name] = CarriedDevice(f"{title(Device(name, kind, items))} ({kind})", lynx, kind, served)
    for index, device in listed_devices.items():
        if device.get("N2kUniqueNumber") in numbers or "GX" in str(device.get("ModelName")).split():
            continue
        model = device.get("CustomName") or device.get("ModelName") or f"device {index}"
        maker = device.get("Manufacturer")
        text = f"{model} ({maker})" if isinstance(maker, str) and maker else str(model)
        found[f"device {index}"] = CarriedDevice(text, is_lynx=False, kind="", served=coverage("", None))
    return sorted(found.values(), key=lambda device: (not device.is_lynx, device.text))


def _vecan_devices(items: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """`/Devices/<n>/<field>` of a vecan service, by n."""
    found: dict[str, dict[str, Value]] = {}
    for path, value in items.items():
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "Devices":
            found.setdefault(parts[2], {})[parts[3]] = value
    return found


def is_lynx(items: Mapping[str, Value]) -> bool:
    """Is it a Lynx Smart BMS, by its product id?"""
    product = number(items, PRODUCT_ID)
    return is_lynx_product(product) and not is_lynx_totals(product)


def check_ports(facts: Facts) -> Iterator[Row]:
    """Every port, then what is configured and not there."""
    if not facts.ports:
        yield Row(
            SECTION,
            "no-ports",
            "warning" if facts.program.venus and facts.configured.buses else "note",
            "no CAN interface was found",
            "On a GX restart it; some have no CAN port. Elsewhere connect an adapter; `ip -br link` shows it.",
        )
    used = ports_in_use(facts)
    silent: Services = {name: {} for name in facts.bus.unanswered}
    for port in facts.ports:
        yield from check_port(
            port, {**silent, **facts.services}, ours=port.name in used, serves_all=port.name in served_wholly(facts)
        )
        if port.link is not None:
            yield from check_link(SECTION, port.link, port.later, port.seconds, ours=port.name in used)


def ports_in_use(facts: Facts) -> set[str]:
    """Where gxbridge listens: by the configuration, or by the running service where no configuration was named."""
    own = facts.services.get(OWN_NAME)
    if own is not None and not facts.configured.file:
        return set(buses_of(own))
    return {bus.channel for bus in facts.configured.buses if bus.interface == "socketcan"}


def served_wholly(facts: Facts) -> set[str]:
    """The ports of which the configuration has every device served."""
    return {bus.channel for bus in facts.configured.buses if bus.interface == "socketcan" and bus.serve == "all"}


def check_port(port: Port, services: Services, *, ours: bool, serves_all: bool = False) -> Iterator[Row]:
    """What a port is for, and what to do. `ours`: the configuration has gxbridge listen there; `serves_all`: and serve
    all its devices."""
    name = port.name if port.label in ("", port.name) else f"{port.name} ({port.label})"
    if ours and serves_all and port.profile in (None, FREE_PROFILE):
        yield from _serves(port, services)
    if port.profile is None:
        where = "gxbridge listens there" if ours else "not in the configuration"
        yield Row(SECTION, "port", "ok" if ours else "note", f"{name}: {where}", "", port.name)
        return
    profile = PROFILES.get(port.profile, CanProfile("unknown to gxbridge", None))
    rate = "" if profile.bitrate is None else f", {profile.bitrate / 1000:g} kbit/s"
    head = f"{name}: profile {port.profile}, {profile.label}{rate}"
    if port.profile == FREE_PROFILE:
        yield _free(port, head, ours=ours, serves_all=serves_all)
    elif profile.vecan:
        yield from _vendors(port, head, services, ours=ours)
    elif ours:
        only = " This port takes a CAN-bus BMS only: use another." if port.kind == BMS_ONLY else ""
        yield Row(
            SECTION,
            "port-not-vecan",
            "problem",
            f"{head}: it carries no VE.Can, and gxbridge is to listen there",
            f"Configure the port that the Lynx is connected to, or choose VE.Can for this one on the GX.{only}",
            port.name,
        )
    else:
        yield Row(SECTION, "port", "ok", f"{head}: no VE.Can, and gxbridge does not listen there", "", port.name)


def _free(port: Port, head: str, *, ours: bool, serves_all: bool) -> Row:
    if ours:
        what = "every device that it has a table for" if serves_all else "Lynx Smart BMSes only"
        text = f"{head}: gxbridge has the port to itself, and serves {what}"
        more = "" if serves_all else "For its other devices write `serve: all` for this bus (docs/port.md). "
        return Row(SECTION, "port-owned", "ok", text, f"{more}To give it back: {set_profile(port.name, 1)}", port.name)
    return Row(
        SECTION,
        "port-unused",
        "warning",
        f"{head}: neither the vendor's driver nor gxbridge listens there, its devices are lost to the GX",
        f"Add the port to the configuration (can: - interface: socketcan, channel: {port.name}), or give it back: "
        f"{set_profile(port.name, 1)}",
        port.name,
    )


def _serves(port: Port, services: Services) -> Iterator[Row]:
    """What is on a port that gxbridge serves wholly, and how far: device by device."""
    carried = carried_by(port.name, services, ours=True)
    if not carried:
        return
    by_extent = {extent: [one.text for one in carried if one.served.extent == extent] for extent in EXTENTS}
    said = "; ".join(f"{extent} served: {listed(texts)}" for extent, texts in by_extent.items() if texts)
    yield Row(SECTION, "port-serves", "ok", f"{port.name}: {said}", "", port.name)
    yield from _notes(port, carried)


def _notes(port: Port, carried: list[CarriedDevice]) -> Iterator[Row]:
    """What is left out of whom, and who may obey one sender only."""
    for kind, why in sorted({(device.kind, device.served.why) for device in carried if device.served.why}):
        text = f"{port.name} with `serve: all`: {kind or 'a device without a service'}: {why}"
        yield Row(SECTION, "own-leaves-out", "note", text, "", port.name)
    regulators = [device.text for device in carried if device.kind == ALTERNATOR]
    if regulators:
        yield Row(
            SECTION,
            "regulator",
            "note",
            f"{port.name}: {listed(regulators)} may obey one sender only, such as its BMS: unless the configuration "
            "has link.broadcast: yes, gxbridge broadcasts nothing to chargers there",
            "Each charger can be told its current all the same (docs/link.md).",
            port.name,
        )


def _vendors(port: Port, head: str, services: Services, *, ours: bool) -> Iterator[Row]:
    """A port that the vendor's driver has."""
    running = f"{VECAN_PREFIX}{port.name}" in services
    if not running:
        installed = f"{DRIVER}.{port.name}" in port.drivers
        where = f"/service/{DRIVER}.{port.name} is there" if installed else f"there is no /service/{DRIVER}.{port.name}"
        yield Row(
            SECTION,
            "driver-missing",
            "warning",
            f"{head}: the vendor's driver should run here, but is not on D-Bus ({where})",
            f"Restart the GX, or svc -t /service/{DRIVER}.{port.name}. gxbridge publishes no battery while the profile "
            "promises that driver.",
            port.name,
        )
    if not ours:
        text = f"{head}: it carries VE.Can, and gxbridge does not listen there"
        advice = f"To listen beside the vendor's driver: can: - interface: socketcan, channel: {port.name}"
        yield Row(SECTION, "port", "note", text, advice, port.name)
    elif running:
        text = f"{head}: gxbridge listens beside the vendor's driver and publishes no second battery"
        yield Row(SECTION, "port", "ok", text, "", port.name)
    if running:
        yield from _owning(port, services)


def _owning(port: Port, services: Services) -> Iterator[Row]:
    """What would happen if gxbridge had the port to itself: device by device."""
    carried = carried_by(port.name, services)
    command = set_profile(port.name, FREE_PROFILE)
    by_extent = {extent: [device for device in carried if device.served.extent == extent] for extent in EXTENTS}
    gone = by_extent["not"]
    texts = {extent: listed([device.text for device in devices]) for extent, devices in by_extent.items()}
    served = [f"{extent} {texts[extent]}" for extent in ("fully", "partly") if by_extent[extent]]
    if carried and not gone:
        yield Row(
            SECTION,
            "own-possible",
            "note",
            f"gxbridge could have {port.name} to itself: it would serve {' and '.join(served)}",
            f"Not needed for monitoring. Write `serve: all` for this bus (docs/port.md), then: {command}",
            port.name,
        )
    else:
        vanish = f"these would vanish from the GX: {texts['not']}"
        beside = f"; it would serve {' and '.join(served)}" if served else ""
        yield Row(
            SECTION,
            "own-advised-against",
            "note",
            f"gxbridge should not have {port.name} to itself: "
            + (f"{vanish}{beside}" if gone else "which devices would vanish from the GX is not known"),
            "Stay beside the vendor's driver. Only if you can do without them: `serve: all` for this bus "
            f"(docs/port.md), then {command}",
            port.name,
        )
    yield from _notes(port, carried)
