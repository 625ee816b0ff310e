"""Battery services, the vendor's and ours: who publishes what, and where they get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gxbridge.core.bank.entry import SERVICE_PREFIX
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import AGGREGATES, counts_as_bms
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import sort_services, titles, told_apart
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.numbers import text as text_at
from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.dvcc.read.selection import is_bms, is_parallel, select
from gxbridge.core.dvcc.read.user_settings import read_settings
from gxbridge.core.model.items import Items
from gxbridge.core.model.wording import listed
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.core.publish.publication import last_word
from gxbridge.doctor.checks.banks import check_banks
from gxbridge.doctor.checks.can_ports import VECAN_PREFIX
from gxbridge.doctor.facts import Services
from gxbridge.doctor.row import Row

SECTION: Final = "Batteries"
TROUBLE_CURE: Final = "Deal with this first: the BMS's app (VictronConnect for Victron's) and manual say what to do."
SAME_NAME: Final = "/Alarms/SameUniqueNameUsed"


def check_batteries(services: Services, platform: str) -> Iterator[Row]:
    """Every battery service, then what does not go together. `platform`: the kind of GX device."""
    plant = sort_services(services)
    batteries = plant.batteries
    for battery in batteries:
        yield _battery(battery, services[battery.name])
    if not batteries:
        text = "there is no battery service on D-Bus"
        advice = "Is a BMS connected and on? A VE.Bus BMS has none of its own: it speaks through the Multi."
        yield Row(SECTION, "no-battery", "note", text, advice)
    yield from check_banks(told_apart(plant).batteries, services)
    yield from _published_twice(batteries, services)
    yield from _same_instance(batteries)
    yield from _several(batteries, controlling_bms(services, platform), services)
    for name, items in services.items():
        if name.startswith(VECAN_PREFIX) and items.get(SAME_NAME):
            text = f"two devices on {name.removeprefix(VECAN_PREFIX)} have the same unique number"
            advice = "Give each device its own unique identity number (VictronConnect, or the GX's list of devices)."
            yield Row(SECTION, "same-name", "warning", text, advice, name)


def controlling_bms(services: Services, platform: str) -> str:
    """The title of the BMS that controls: the GX's own word, else by the same rules as the control; "" for none."""
    plant, active = sort_services(services), text_at(services.get(p.SYSTEM, {}), p.ACTIVE_BMS)
    chosen = plant.battery(active)
    if chosen is None:
        chosen = select(plant, read_settings(services.get(p.SETTINGS, {})), platform).bms
    return "" if chosen is None else f"{chosen.title} (instance {chosen.instance:g})"


def _battery(bms: Bms, items: Items) -> Row:
    """One battery, with what it refuses and what is wrong with it."""
    refused = [word for word, said in (("charging", bms.charge), ("discharging", bms.discharge)) if said == 0]
    words = [*([f"refuses {listed(refused)}"] if refused else []), *(one.text for one in bms.troubles)]
    line = "; ".join((_line(bms, items), *words))
    kinds = {one.kind for one in bms.troubles}
    if bms.name.startswith(OWN_PREFIX) and bms.offers_limits and not is_bms(bms) and kinds <= {"warning"}:
        advice = "Its own finding, above, says since when and why."
        return Row(SECTION, "battery", "warning", line, advice, bms.name)
    if kinds <= {"warning"}:
        return Row(SECTION, "battery", "warning" if kinds else "note" if refused else "ok", line, "", bms.name)
    cure = "Correct the program that publishes it: limits are numbers." if kinds == {"unreadable"} else TROUBLE_CURE
    return Row(SECTION, "battery", "problem", line, cure, bms.name)


def _line(bms: Bms, items: Items) -> str:
    whose = "gxbridge" if bms.name.startswith(OWN_PREFIX) else items.get("/Mgmt/ProcessName")
    limits = [
        "none" if value is None else f"{value:g} {unit}"
        for value, unit in ((bms.max_charge_voltage_v, "V"), (bms.max_charge_current_a, "A"))
    ]
    if is_bms(bms):
        role = f"limits {limits[0]}, {limits[1]}"
    else:
        role = "a BMS that gives no limits now" if counts_as_bms(bms) else "a monitor without limits"
    return f"{bms.title}{f' by {whose}' if whose else ''}, instance {bms.instance:g}, {role}"


def _published_twice(batteries: Sequence[Bms], services: Services) -> Iterator[Row]:
    """One battery, two services: by its unique number, or by its serial."""
    by_mark: dict[object, list[Bms]] = {}
    for battery in batteries:
        if not is_parallel(battery):
            items = services[battery.name]
            mark = number(items, p.UNIQUE_NUMBER) or last_word(items.get(p.SERIAL))
            by_mark.setdefault(mark or battery.name, []).append(battery)
    for same in by_mark.values():
        if len(same) > 1:
            names = listed([battery.name for battery in same])
            yield Row(
                SECTION,
                "published-twice",
                "warning",
                f"the same battery is published by {names}",
                "One of them is enough: set publish: none in gxbridge's configuration, or stop the other program.",
                same[0].name,
            )


def _same_instance(batteries: Sequence[Bms]) -> Iterator[Row]:
    by_instance: dict[float, list[Bms]] = {}
    for battery in batteries:
        by_instance.setdefault(battery.instance, []).append(battery)
    for instance, same in by_instance.items():
        if len(same) > 1:
            yield Row(
                SECTION,
                "same-instance",
                "warning",
                f"{listed([battery.name for battery in same])} have the same device instance {instance:g}: "
                "the GX sees only one of them",
                "Give each its own on the GX (Settings, VRM device instances), and restart it.",
                same[0].name,
            )


def _adds_up(battery: Bms) -> bool:
    """Is it a sum of others: the vendor's totals, an aggregate, or a bank of gxbridge's?"""
    return is_parallel(battery) or battery.name.endswith(AGGREGATES) or battery.name.startswith(SERVICE_PREFIX)


def _several(batteries: Sequence[Bms], controls: str, services: Services) -> Iterator[Row]:
    """The vendor expects one BMS with limits, or a sum of several; gxbridge in control obeys all."""
    bmses = [battery for battery in batteries if is_bms(battery)]
    parallel = next((battery for battery in bmses if _adds_up(battery)), None)
    who = f"{controls} controls" if controls else "none of them controls"
    if parallel is not None and len(bmses) == 1 and parallel.name.startswith(SERVICE_PREFIX):
        return  # a bank of ours has a row of its own, and its members give no limits beside it
    if parallel is not None:
        members = len(bmses) - 1
        text = f"{members} BMS{'es' * (members != 1)} with limits beside their sum, {parallel.title}; {who}"
        yield Row(SECTION, "parallel", "note", text, "", parallel.name)
    elif len(bmses) > 1:
        names = titles(bmses)
        text = f"{len(bmses)} battery services give limits: {listed([names[bms.name] for bms in bmses])}; {who}"
        advice = "Choose the controlling BMS on the GX (Settings, DVCC) if it is not the right one."
        own = services.get(OWN_NAME, {})
        all_count = (own.get("/Dvcc/Effective"), own.get("/Dvcc/Profile")) == ("control", "strict")
        wanted = read_settings(services.get(p.SETTINGS, {})).bms_instance
        settled = all_count or p.SYSTEM not in services or wanted in {bms.instance for bms in bmses}
        yield Row(SECTION, "several-bms", "note" if settled else "warning", text, "" if settled else advice)
