"""Who controls the chargers: the GX's DVCC, gxbridge, nobody, or two at once; and settings that limit or forbid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import OTHER_GXBRIDGE, OTHER_MODE, DbusState
from gxbridge.core.dvcc.read.devices.installation import charging_devices, sort_services
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.dvcc.read.selection import is_bms
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS, UserSettings, read_settings
from gxbridge.core.dvcc.run.masters.masters import obstacle
from gxbridge.core.model.wording import listed
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.facts import Facts, Services
from gxbridge.doctor.row import Row

SECTION: Final = "DVCC"
FORCED: Final = 2
EFFECTIVE: Final = "/Dvcc/Effective"


def check_masters(facts: Facts) -> Iterator[Row]:
    """Masters, then the settings of the GX."""
    services = facts.services
    yield from _gxbridges(services)
    yield from _control(facts)
    stored = services.get(p.SETTINGS)
    if stored is None:
        if not facts.bus.error:
            advice = "On a GX restart it. Elsewhere dvcc.settings in the configuration stands in for them."
            yield Row(SECTION, "settings", "note", "there are no GX settings (com.victronenergy.settings)", advice)
        return
    settings = read_settings(stored)
    yield Row(SECTION, "settings", "ok", _words(settings))
    yield from _limits(settings)
    yield from _chosen(settings, services)


def _gxbridges(services: Services) -> Iterator[Row]:
    controlling = [
        name
        for name, items in services.items()
        if name.startswith(OTHER_GXBRIDGE) and items.get(OTHER_MODE, "control") == "control"
    ]
    if len(controlling) > 1:
        text = f"{len(controlling)} gxbridges are configured to control: {', '.join(controlling)}"
        yield Row(SECTION, "two-gxbridges", "problem", text, "Stop all but one, or set dvcc.mode: monitor.")


def _control(facts: Facts) -> Iterator[Row]:
    services = facts.services
    own, system = services.get(OWN_NAME, {}), services.get(p.SYSTEM)
    effective, plant = own.get(EFFECTIVE), sort_services(services)
    wanted = own.get(OTHER_MODE, facts.configured.mode)
    others = {name: items for name, items in services.items() if not name.startswith(OTHER_GXBRIDGE)}
    found = obstacle(DbusState(others))
    vendor = None if system is None else number(system, p.CONTROL_DVCC)
    if vendor and effective == "control":
        text = "the GX's own DVCC is on, and gxbridge is in control: two masters"
        yield Row(SECTION, "two-masters", "problem", text, "Switch DVCC off on the GX, or set dvcc.mode: monitor.")
    elif vendor and wanted == "control" and facts.configured.passes_on:
        text = "the GX's own DVCC controls the chargers; gxbridge passes on to CAN what it writes"
        yield Row(SECTION, "master", "ok", text)
    elif wanted == "control" and found is not None and effective != "control":
        text = f"gxbridge is configured to control, and does not: {found[1]}"
        yield Row(SECTION, "two-masters", "warning", text, "Switch DVCC off on the GX, or set dvcc.mode: monitor.")
    elif effective == "control":
        yield Row(SECTION, "master", "ok", "gxbridge controls the chargers, and nobody else does")
    elif vendor:
        yield Row(SECTION, "master", "ok", "the GX's own DVCC controls the chargers; gxbridge watches and explains")
    elif any(is_bms(battery) for battery in plant.batteries) and not charging_devices(plant):
        text = "no charger is on this D-Bus, and nobody passes the BMS's limits on"
        yield Row(SECTION, "no-master", "note", text)
    elif any(is_bms(battery) for battery in plant.batteries):
        who = "the GX's DVCC is off" if system is not None else "there is no DVCC on this bus"
        text = f"nobody passes the BMS's limits to the chargers: {who}, and gxbridge does not control"
        advice = "Turn on DVCC on the GX (Settings, DVCC), or set dvcc.mode: control."
        yield Row(SECTION, "no-master", "warning", text, advice)
    elif not facts.bus.error:
        yield Row(SECTION, "no-master", "note", "nobody controls chargers, and no BMS gives limits")


def _words(settings: UserSettings) -> str:
    """Settings in one line."""
    forced = " (forced by the BMS)" if settings.dvcc & FORCED else ""
    senses = [name for name in ("svs", "sts", "scs") if getattr(settings, name) & 1]
    return (
        f"DVCC is {'on' if settings.dvcc & 1 else 'off'}{forced} in the settings; "
        f"shared senses on: {', '.join(senses).upper() or 'none'}"
    )


def _limits(settings: UserSettings) -> Iterator[Row]:
    if settings.max_current_a == 0:
        text = "the user's charge current limit is 0 A: nothing charges"
        advice = "Change or switch off the limit on the GX (Settings, DVCC, Limit charge current)."
        yield Row(SECTION, "user-current", "warning", text, advice)
    elif settings.max_current_a > 0:
        text = f"the user limits the charge current of all chargers together to {settings.max_current_a:g} A"
        yield Row(SECTION, "user-current", "note", text)
    if settings.max_voltage_v > 0:
        text = f"the user limits the charge voltage to {settings.max_voltage_v:g} V"
        yield Row(SECTION, "user-voltage", "note", text)


def _chosen(settings: UserSettings, services: Services) -> Iterator[Row]:
    """The BMS that the settings name."""
    found = (battery for battery in sort_services(services).batteries if is_bms(battery))
    bmses = sorted(found, key=lambda battery: battery.instance)
    if settings.bms_instance == NO_BMS:
        text_ = "the GX is set to use no BMS: limits of the batteries are ignored"
        verdict_advice = "Choose Automatic as controlling BMS on the GX (Settings, DVCC)."
        yield Row(SECTION, "bms-choice", "warning" if bmses else "note", text_, verdict_advice)
    elif settings.bms_instance != AUTOMATIC_BMS and not any(b.instance == settings.bms_instance for b in bmses):
        there = listed([f"{battery.instance:g} ({battery.title})" for battery in bmses])
        text_ = f"the GX is set to the BMS with instance {settings.bms_instance}, which is not there; there: {there}"
        advice = "Choose Automatic or one of these as controlling BMS on the GX (Settings, DVCC)."
        yield Row(SECTION, "bms-choice", "problem" if bmses else "warning", text_, advice)
    active = text(services.get(p.SYSTEM, {}), p.ACTIVE_BMS)
    chosen = next((battery for battery in bmses if battery.name == active), None)
    if chosen is not None:
        yield Row(SECTION, "bms-active", "ok", f"the GX's controlling BMS is {chosen.title}", "", active)
