"""The metrics (OpenMetrics): what the service and the devices show now, with units, for Prometheus and Grafana."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from gxbridge import __version__
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.history.series import MADE, TOLD, HistorySample, sample
from gxbridge.core.model.items import Items
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.history.services import SeenServices

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
MOST_BUSES: Final = 8
LONGEST_LABEL: Final = 80
_OF_THE_BATTERY: Final = {
    "voltage_v": ("battery_voltage_volts", "Battery voltage"),
    "current_a": ("battery_current_amperes", "Battery current, positive when charging"),
    "power_w": ("battery_power_watts", "Battery power, positive when charging"),
    "temperature_c": ("battery_temperature_celsius", "Battery temperature"),
    "cvl_v": ("charge_voltage_limit_volts", "Charge voltage limit (CVL)"),
    "ccl_a": ("charge_current_limit_amperes", "Charge current limit (CCL)"),
    "dcl_a": ("discharge_current_limit_amperes", "Discharge current limit (DCL)"),
}
_CELLS: Final = {
    "voltage_volts": ("Voltage of the extreme cells", "min_cell_voltage_v", "max_cell_voltage_v"),
    "temperature_celsius": ("Temperature of the extreme cells", "min_cell_temperature_c", "max_cell_temperature_c"),
}
_SEVERITIES: Final = ("info", "warning", "alarm")
_PERMISSION: Final = ("yes", "no", "unknown")
_BMS_STATES: Final = ("live", "silent", "lost", "moved", "none")
_MODES: Final = ("off", "monitor", "control")


class Metrics(Collector):
    """Read when somebody scrapes; nothing is counted in between."""

    def __init__(self, services: SeenServices) -> None:
        self._services = services
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """The exposition."""
        text: bytes = generate_latest(self._registry)  # type: ignore[no-untyped-call]
        return text

    def collect(self) -> Iterator[Metric]:
        """What holds now; a value that is not known has no sample."""
        items = self._services.items
        own = items.get(OWN_NAME)
        yield InfoMetricFamily("gxbridge", "The program", {"version": __version__})
        yield GaugeMetricFamily("gxbridge_up", "1 while the gxbridge service answers on D-Bus", own is not None)
        if own is None:
            return
        seen = sample(items)
        for name, (metric, doc) in _OF_THE_BATTERY.items():
            if name in seen.numbers:
                yield GaugeMetricFamily(f"gxbridge_{metric}", doc, seen.numbers[name])
        if "soc_percent" in seen.numbers:
            yield GaugeMetricFamily(
                "gxbridge_battery_state_of_charge_ratio", "State of charge, 0 to 1", seen.numbers["soc_percent"] / 100
            )
        for metric, (doc, *ends) in _CELLS.items():
            cells = GaugeMetricFamily(f"gxbridge_cell_{metric}", doc, labels=["cell"])
            for end, name in zip(("lowest", "highest"), ends, strict=True):
                if name in seen.numbers:
                    cells.add_metric([end], seen.numbers[name])
            yield cells
        yield from _states(seen)
        yield from _chargers(seen)
        yield _findings(own)
        yield from _buses(own)


def _states(seen: HistorySample) -> Iterator[Metric]:
    permission = GaugeMetricFamily(
        "gxbridge_permission", "1 for what the BMS says now: yes, no or unknown", labels=["path", "state"]
    )
    for path in ("charge", "discharge"):
        for state in _PERMISSION:
            permission.add_metric([path, state], seen.states[path][0] == state)
    yield permission
    for name, key, known in (("bms_state", "bms", _BMS_STATES), ("dvcc_mode", "dvcc", _MODES)):
        family = GaugeMetricFamily(f"gxbridge_{name}", "1 for the one that holds now", labels=["state"])
        for state in known:
            family.add_metric([state], seen.states[key][0] == state)
        yield family
    reasons = GaugeMetricFamily(
        "gxbridge_limit_reason",
        "1 for the reason that holds now; docs/dvcc-reasons.md lists them",
        labels=["limit", "reason"],
    )
    for limit in ("cvl", "ccl", "dcl"):
        if limit in seen.states:
            reasons.add_metric([limit, _label(seen.states[limit][0])], 1)
    yield reasons


def _chargers(seen: HistorySample) -> Iterator[Metric]:
    for kind, name, doc in (
        (TOLD, "charger_told_amperes", "Charge current limit that stands at a charger, told or shown by itself"),
        (MADE, "charger_made_amperes", "Current that a charger makes"),
    ):
        family = GaugeMetricFamily(f"gxbridge_{name}", doc, labels=["charger", "name"])
        for series, value in seen.numbers.items():
            if series.startswith(f"{kind} "):
                family.add_metric([_label(series.partition(" ")[2]), _label(seen.labels[series])], value)
        yield family


def _findings(own: Items) -> Metric:
    """By severity, and none by text: labels must not grow with what devices are called."""
    count = dict.fromkeys(_SEVERITIES, 0)
    for n in range(int(number(own, "/Findings/Count") or 0)):
        severity = text(own, f"/Findings/{n}/Severity")
        if severity in count:
            count[severity] += 1
    family = GaugeMetricFamily("gxbridge_findings", "Findings that hold now", labels=["severity"])
    for severity, found in count.items():
        family.add_metric([severity], found)
    return family


def _buses(own: Items) -> Iterator[Metric]:
    paths = (path.split("/") for path in own if path.startswith("/Can/"))
    names = sorted({parts[2] for parts in paths if len(parts) == 4})[:MOST_BUSES]
    rows: Mapping[str, tuple[str, str, float]] = {
        "Load": ("can_load_ratio", "Share of 250 kbit/s over the last 10 s", 0.01),
        "Frames": ("can_frames", "Frames heard since the start", 1),
        "Lost": ("can_frames_lost", "Frames that the kernel dropped", 1),
        "Errors": ("can_frame_errors", "Error frames, and frames that were not understood", 1),
        "LastFrameAt": ("can_last_frame_timestamp_seconds", "When the newest frame came", 1),
    }
    for row, (name, doc, factor) in rows.items():
        family = GaugeMetricFamily(f"gxbridge_{name}", doc, labels=["bus"])
        for bus in names:
            # A moment is larger than any measured value that makes sense.
            value = own.get(f"/Can/{bus}/{row}")
            if isinstance(value, int | float):
                family.add_metric([_label(bus)], value * factor)
        yield family


def _label(value: str) -> str:
    return value[:LONGEST_LABEL]
