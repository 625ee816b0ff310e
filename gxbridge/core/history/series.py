"""What the history keeps: the series of numbers and the states, read from the items of services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number, sensible, text
from gxbridge.core.model.items import Items, printable
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.publish.device_view import allowed, told_a
from gxbridge.core.publish.own_paths import OWN_NAME

MOST_CHARGERS: Final = 16
MOST_FINDINGS: Final = 32
LONGEST: Final = 200
"""Letters of a sentence that is kept; longer ones are cut."""


class SeriesTitle(NamedTuple):
    """A quantity of the battery or of the installation: what it is called, and its unit."""

    title: str
    unit: str


SERIES: Final[Mapping[str, SeriesTitle]] = {
    "voltage_v": SeriesTitle("Voltage", "V"),
    "current_a": SeriesTitle("Current", "A"),
    "power_w": SeriesTitle("Power", "W"),
    "soc_percent": SeriesTitle("State of charge", "%"),
    "temperature_c": SeriesTitle("Temperature", "°C"),
    "min_cell_voltage_v": SeriesTitle("Lowest cell", "V"),
    "max_cell_voltage_v": SeriesTitle("Highest cell", "V"),
    "min_cell_temperature_c": SeriesTitle("Coldest cell", "°C"),
    "max_cell_temperature_c": SeriesTitle("Warmest cell", "°C"),
    "cvl_v": SeriesTitle("Charge voltage limit (CVL)", "V"),
    "ccl_a": SeriesTitle("Charge current limit (CCL)", "A"),
    "dcl_a": SeriesTitle("Discharge current limit (DCL)", "A"),
}
"""Current and power are positive when charging. Chargers add `told_a NAME`, the limit that stands there,
told or shown by the device itself, and `made_a NAME`."""
UNKNOWN: Final = "unknown"
TOLD, MADE = "told_a", "made_a"
LIMITS: Final = {"cvl": "cvl_v", "ccl": "ccl_a", "dcl": "dcl_a"}

_OF_THE_BATTERY: Final = {
    "voltage_v": p.VOLTAGE,
    "current_a": p.CURRENT,
    "power_w": p.POWER,
    "soc_percent": p.SOC,
    "temperature_c": p.TEMPERATURE,
    "min_cell_voltage_v": p.MIN_CELL_VOLTAGE,
    "max_cell_voltage_v": p.MAX_CELL_VOLTAGE,
    "min_cell_temperature_c": p.MIN_CELL_TEMPERATURE,
    "max_cell_temperature_c": p.MAX_CELL_TEMPERATURE,
}


@record
class HistorySample:
    """One look. `numbers`: series -> value, without what is not known. `states`: name -> (value, sentence)."""

    numbers: Mapping[str, float]
    states: Mapping[str, tuple[str, str]]
    labels: Mapping[str, str]


def series_title(name: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """What a series is called, and its unit."""
    if (series := SERIES.get(name)) is not None:
        return series.title, series.unit
    kind, _, _ = name.partition(" ")
    return f"{labels.get(name, name)}, {'limit' if kind == TOLD else 'made'}", "A"


def sample(services: Mapping[str, Items]) -> HistorySample:
    """What the services of a GX show now; without our own service nothing is known."""
    own = services.get(OWN_NAME)
    if own is None:
        return HistorySample({}, {"service": ("silent", "gxbridge does not answer")}, {})
    battery = services.get(text(own, "/Bms/Service"), {})
    numbers = {name: number(battery, path) for name, path in _OF_THE_BATTERY.items()}
    voltage_v, current_a = numbers["voltage_v"], numbers["current_a"]
    if numbers["power_w"] is None and voltage_v is not None and current_a is not None:
        numbers["power_w"] = voltage_v * current_a
    states = {
        "service": ("on", ""),
        "dvcc": (text(own, "/Dvcc/Effective") or UNKNOWN, _sentence(own, "/Dvcc/MasterReason")),
        "bms": (text(own, "/Bms/State") or UNKNOWN, _sentence(own, "/Bms/Name")),
        "charge": (allowed(battery, p.ALLOW_CHARGE), ""),
        "discharge": (allowed(battery, p.ALLOW_DISCHARGE), ""),
    }
    for limit, name in LIMITS.items():
        base = f"/Limits/{limit.capitalize()}"
        numbers[name] = number(own, f"{base}/Value")
        if reason := text(own, f"{base}/ReasonId"):
            states[limit] = (reason, _sentence(own, f"{base}/Reason"))
    labels: dict[str, str] = {}
    for kind, service, label in _chargers(own):
        items = services.get(service, {})
        short = printable(service.removeprefix(p.PREFIX))[:LONGEST]
        for name, value in ((f"{TOLD} {short}", told_a(items, kind)), (f"{MADE} {short}", number(items, p.CURRENT))):
            numbers[name] = value
            labels[name] = label or short
    for key, finding in _findings(own):
        states[key] = finding
    return HistorySample({name: value for name, value in numbers.items() if value is not None}, states, labels)


def _sentence(items: Items, path: str) -> str:
    return printable(text(items, path))[:LONGEST]


def _chargers(own: Items) -> Iterator[tuple[str, str, str]]:
    """Kind, service and name of each charger that has a limit, and of the Multi."""
    for n in range(MOST_CHARGERS - 1):
        base = f"/Limits/Charger/{n}"
        if service := text(own, f"{base}/Service"):
            yield "charger", service, _sentence(own, f"{base}/Name")
    if service := text(own, "/Limits/Multi/Service"):
        yield "multi", service, _sentence(own, "/Limits/Multi/Name")


def _findings(own: Items) -> Iterator[tuple[str, tuple[str, str]]]:
    count = sensible(own.get("/Findings/Count")) or 0
    for n in range(min(int(count), MOST_FINDINGS)):
        base = f"/Findings/{n}"
        if name := text(own, f"{base}/Id"):
            subject = _sentence(own, f"{base}/Subject")
            yield f"finding {name} {subject}".rstrip(), (text(own, f"{base}/Severity"), _sentence(own, f"{base}/Text"))
