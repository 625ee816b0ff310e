"""Chargers and inverters: those that wait for a BMS which is not there (error #67), and firmware that is too old."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import chosen_multis
from gxbridge.core.dvcc.read.devices.bank import counts_as_bms
from gxbridge.core.dvcc.read.devices.installation import Installation, charging_devices, sort_services
from gxbridge.core.dvcc.read.devices.services import BMS_LOST, Charger, VebusSystem
from gxbridge.core.dvcc.read.link_error import NOT_HEARD, RESET, RESETS, mode_of
from gxbridge.core.dvcc.read.old_firmware import LONG_FIRMWARE, SHORT_FIRMWARE, VEBUS_FIRMWARE, too_old
from gxbridge.core.dvcc.read.selection import select
from gxbridge.core.dvcc.read.user_settings import read_settings
from gxbridge.core.model import firmware
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.facts import Services
from gxbridge.doctor.row import Row

SECTION: Final = "Chargers"
LOOK: Final = "A BMS is there: see under Batteries and DVCC why it is not in control."
NOT_PASSED_ON: Final = (
    "A VE.Bus BMS V2 or newer is passed on behind an MK3 interface. Where the BMS is older, or the charger is that of "
    f"another battery: {RESET}"
)
CURE: Final = f"Connect the BMS, or make the GX hear it. If there is none any more: {RESET}"


def check_chargers(services: Services, platform: str) -> Iterator[Row]:
    """`platform` is the kind of GX device, which decides which VE.Bus system is the one that counts."""
    plant = sort_services(services)
    yield from _who(plant)
    yield from _other_network(plant)
    yield from _not_told(plant, services, platform)
    yield from waiting(plant, services, platform)
    yield from _firmware(plant)


def remembering(plant: Installation, services: Services) -> list[Charger]:
    """Chargers that have seen a BMS: without one they stop with error #67 a minute after the last word to them."""
    return [charger for charger in plant.chargers if charger.bms_present == 1 and is_linked(charger, services)]


def is_linked(charger: Charger, services: Services) -> bool:
    """Is it told anything? A DC/DC converter to another battery has no items for that, and the GX's own controller
    passes no limits to any."""
    own = services.get(OWN_NAME, {})
    ours = (own.get("/Dvcc/Effective"), own.get("/Dvcc/Profile")) == ("control", "strict")
    if charger.kind == p.DCDC and not ours:
        return False
    return any(path in charger.items for path in (p.NETWORK_MODE, p.CHARGE_VOLTAGE, p.CHARGE_CURRENT))


def waiting(plant: Installation, services: Services, platform: str) -> Iterator[Row]:
    """Chargers that remember a BMS which is not there, and those that show it."""
    waiters, names = remembering(plant, services), plant.titles
    selection = select(plant, read_settings(services.get(p.SETTINGS, {})), platform)
    present = selection.has_bms
    seen = any(map(counts_as_bms, plant.batteries))
    cure = LOOK if seen else CURE
    where = "none is in control" if seen else "none is there"
    if selection.vebus_bms and not seen:
        where, cure = "the VE.Bus BMS that is there is not passed on to chargers", NOT_PASSED_ON
    for device in waiters if not present else ():
        text = f"{names[device.name]} has seen a BMS, and {where}"
        yield Row(SECTION, "bms-remembered", "problem", text, cure, device.name)
    if waiters and present:
        there = ", ".join(names[charger.name] for charger in waiters)
        yield Row(SECTION, "bms-present", "ok", f"a BMS is there for those that have seen one: {there}")
    for device in (*plant.chargers, *plant.ac_chargers):
        if device.error_code == BMS_LOST:
            yield _lost_its_bms(device, names[device.name], services, cure, present=present, seen=seen)


def _lost_its_bms(device: Charger, name: str, services: Services, cure: str, *, present: bool, seen: bool) -> Row:
    """A charger that shows error #67, and what ends it in its mode."""
    text, mode = f"{name} shows error #67: the connection to the BMS is lost", mode_of(device)
    if mode == "other-network":
        advice = RESETS[mode]
    elif not is_linked(device, services):
        text += "; it takes no limits from a GX, so nobody will ever pass them to it"
        advice = RESETS[mode]
    elif present:
        advice = f"It goes away once the BMS's limits reach it: see DVCC above. {NOT_HEARD}"
    else:
        advice = cure if seen else cure.replace(RESET, RESETS[mode])
    return Row(SECTION, "error-67", "problem", text, advice, device.name)


def _who(plant: Installation) -> Iterator[Row]:
    names = plant.titles
    titles = [names[device.name] for device in (*plant.chargers, *plant.of(p.CHARGER), *plant.multis)]
    if titles:
        yield Row(SECTION, "chargers", "ok", f"{len(titles)} found: {', '.join(titles)}")
    else:
        yield Row(SECTION, "chargers", "note", "no charger or inverter/charger is on D-Bus")


def _other_network(plant: Installation) -> Iterator[Row]:
    """Chargers that are not controlled because of their N2K device instance."""
    names = plant.titles
    for charger in plant.solar_side:
        if charger.n2k_instance:
            text = (
                f"{names[charger.name]} has the N2K device instance {charger.n2k_instance:g}, so it is not controlled"
            )
            advice = "Set its device instance to 0 (the GX: Settings, VE.Can port, Devices; or VictronConnect)."
            yield Row(SECTION, "other-network", "warning", text, advice, charger.name)


def _not_told(plant: Installation, services: Services, platform: str) -> Iterator[Row]:
    """What charges and takes no limit: only its own setting, a wire or a switch holds it back."""
    settings = read_settings(services.get(p.SETTINGS, {}))
    told = [multi.name for multi in chosen_multis(plant, select(plant, settings, platform).multi, settings)]
    devices = charging_devices(plant)
    names = plant.titles
    found = [
        names[device.name]
        for device in devices
        if (device.name not in told if isinstance(device, VebusSystem) else device.not_told is not None)
    ]
    if found:
        text = f"{len(found)} that may charge and take no current limit from a GX: {', '.join(found)}"
        advice = "Set their own limits so that all together stay below the battery's, or stop them by the BMS's wires."
        yield Row(SECTION, "not-told", "note", text, advice)


def _firmware(plant: Installation) -> Iterator[Row]:
    """What the control cannot work with."""
    old: list[tuple[Charger | VebusSystem, int]] = [
        (charger, LONG_FIRMWARE if (charger.firmware or 0) > 0xFFFF else SHORT_FIRMWARE)
        for charger in plant.solar
        if too_old(charger)
    ]
    old += [
        (multi, VEBUS_FIRMWARE)
        for multi in plant.multis
        if multi.firmware is not None and multi.firmware < VEBUS_FIRMWARE
    ]
    names = plant.titles
    for device, least in old:
        has, needs = _shown(device, device.firmware), _shown(device, least)
        text = f"{names[device.name]} has firmware {has}; DVCC needs {needs} or newer"
        yield Row(SECTION, "firmware", "warning", text, "Update it with VictronConnect or over VRM.", device.name)


def _shown(device: Charger | VebusSystem, version: float | None) -> str:
    """A VE.Bus version is a plain number in hexadecimal, the others are versions."""
    if version is None or isinstance(device, VebusSystem):
        return f"{int(version or 0):X}"
    return firmware.text(int(version)) or f"{int(version):X}"
