"""Battery services, the vendor's and ours: who publishes what, and where they get in each other's way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.selection import is_bms, is_parallel
from gxbridge.core.dvcc.read.services import Device, sort_services, title
from gxbridge.core.publish.battery_paths import OWN_PREFIX
from gxbridge.core.publish.publication import last_word
from gxbridge.doctor.checks.can_ports import VECAN_PREFIX, listed
from gxbridge.doctor.facts import Services
from gxbridge.doctor.row import Row

SECTION: Final = "Batteries"
SAME_NAME: Final = "/Alarms/SameUniqueNameUsed"


def check_batteries(services: Services) -> Iterator[Row]:
    """Every battery service, then what does not go together."""
    batteries = sort_services(services).of(p.BATTERY)
    for battery in batteries:
        silent = battery.name.startswith(OWN_PREFIX) and p.CVL in battery.items and not is_bms(battery)
        advice = "Its own finding, above, says since when and why." if silent else ""
        yield Row(SECTION, "battery", "warning" if silent else "ok", _line(battery), advice, battery.name)
    if not batteries:
        text = "there is no battery service on D-Bus"
        advice = "Is a BMS connected and on? A VE.Bus BMS has none of its own: it speaks through the Multi."
        yield Row(SECTION, "no-battery", "note", text, advice)
    yield from _published_twice(batteries)
    yield from _same_instance(batteries)
    yield from _several(batteries)
    for name, items in services.items():
        if name.startswith(VECAN_PREFIX) and items.get(SAME_NAME):
            text = f"two devices on {name.removeprefix(VECAN_PREFIX)} have the same unique number"
            advice = "Give each device its own unique identity number (VictronConnect, or the GX's list of devices)."
            yield Row(SECTION, "same-name", "warning", text, advice, name)


def _line(battery: Device) -> str:
    whose = "gxbridge" if battery.name.startswith(OWN_PREFIX) else str(battery.items.get("/Mgmt/ProcessName") or "?")
    limits = [
        "none" if value is None else f"{value:g} {unit}"
        for value, unit in ((number(battery.items, p.CVL), "V"), (number(battery.items, p.CCL), "A"))
    ]
    if is_bms(battery):
        role = f"limits {limits[0]}, {limits[1]}"
    else:
        role = "a BMS that gives no limits now" if p.CVL in battery.items else "a monitor without limits"
    return f"{title(battery)} by {whose}, instance {battery.instance:g}, {role}"


def _published_twice(batteries: Sequence[Device]) -> Iterator[Row]:
    """One battery, two services: by its unique number, or by its serial."""
    by_mark: dict[object, list[Device]] = {}
    for battery in batteries:
        if not is_parallel(battery):
            mark = number(battery.items, "/N2kUniqueNumber") or last_word(battery.items.get("/Serial"))
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


def _same_instance(batteries: Sequence[Device]) -> Iterator[Row]:
    by_instance: dict[float, list[Device]] = {}
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


def _several(batteries: Sequence[Device]) -> Iterator[Row]:
    """The vendor expects one BMS with limits, or its own sum of parallel Lynxes."""
    bmses = [battery for battery in batteries if is_bms(battery)]
    parallel = next((battery for battery in bmses if is_parallel(battery)), None)
    if parallel is not None:
        text = f"{len(bmses) - 1} BMSes with limits beside their sum, {parallel.name}, which controls"
        yield Row(SECTION, "parallel", "note", text, "", parallel.name)
    elif len(bmses) > 1:
        text = f"{len(bmses)} battery services give limits: {listed([title(bms) for bms in bmses])}; one controls"
        advice = "Choose the controlling BMS on the GX (Settings, DVCC) if it is not the right one."
        yield Row(SECTION, "several-bms", "warning", text, advice)
