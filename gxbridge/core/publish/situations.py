"""What the explanation needs from look to look: since when each limit is what it is, and what everything is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gxbridge.core.dvcc.read.devices.services import title_of
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Items
from gxbridge.core.publish.battery_paths import service_name
from gxbridge.core.publish.explanation import BatteryNote
from gxbridge.core.publish.publication import Publication

CLOSED = Publication("none", "silent for a minute: its service is closed")
HIGHEST_INSTANCE = 0xFFFFFFFF
"""What the type of the item holds."""


class LimitsSince:
    """Remembers since when each limit is what it is (monotonic seconds)."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], tuple[object, float]] = {}

    def look(self, decision: Decision, now: float) -> dict[tuple[str, str], float]:
        """(limit, subject) -> since when it has its present value."""
        found: dict[tuple[str, str], tuple[object, float]] = {}
        for limit in decision.limits:
            key = (limit.name, limit.subject)
            before = self._values.get(key)
            found[key] = before if before is not None and before[0] == limit.value else (limit.value, now)
        self._values = found
        return {key: at for key, (_, at) in found.items()}


class ServiceNames:
    """What a person calls every service; who was in control is remembered, for when it is lost."""

    def __init__(self) -> None:
        self._bms = ("", "")

    def look(self, services: Mapping[str, Items], decision: Decision) -> dict[str, str]:
        """Service -> its name."""
        names = {name: title_of(items, "") or name for name, items in services.items()}
        names |= {name: text for name, text in decision.titles.items() if text.startswith(names.get(name, name))}
        service = decision.bms_service
        if service in names:
            self._bms = (service, names[service])
        else:
            names[service] = self._bms[1] if service == self._bms[0] else ""
        return names


def device_instances(services: Mapping[str, Items], decision: Decision) -> dict[str, int]:
    """Service that has a limit of its own -> its device instance, where it says a possible one."""
    found = {}
    for limit in decision.limits:
        items = services.get(limit.subject)
        instance = None if items is None else items.get("/DeviceInstance")
        if isinstance(instance, int) and 0 <= instance <= HIGHEST_INSTANCE:
            found[limit.subject] = instance
    return found


def battery_notes(batteries: Iterable[Battery], publications: Mapping[str, Publication]) -> tuple[BatteryNote, ...]:
    """Every battery, and how it is published."""
    notes = []
    for battery in batteries:
        publication = publications.get(battery.key, CLOSED)
        service = "" if publication.publish == "none" else service_name(battery)
        notes.append(BatteryNote(battery, service, publication.publish, publication.reason))
    return tuple(notes)
