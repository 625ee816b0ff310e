"""The state of the installation as the page and the API show it: numbers, limits, chargers, and the explanation."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from gxbridge import __version__
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import device_says
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.history.series import SERIES, sample
from gxbridge.core.publish.device_view import takes_none, told_a
from gxbridge.core.publish.explanation import LIMIT_TITLES, limits_of
from gxbridge.core.publish.explanation_answer import OTHER_VERSION, NotExplained, read_answer
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from gxbridge.edge.dbus.bus import BusError
from gxbridge.edge.machine import followable
from gxbridge.history.services import SeenServices

log = logging.getLogger("gxbridge.web")

API: Final = 1
"""Raised when a field goes or changes its meaning, not when one is added."""
LEAST_S: Final = 1.0
"""The service is not asked to explain more often than this, however many look."""
_BROKEN: Final = (TypeError, ValueError, LookupError, AttributeError)


class LiveState:
    """Asks the service only when something of its own changed, and only when somebody looks."""

    def __init__(self, services: SeenServices) -> None:
        self._services = services
        self._asked_at = float("-inf")
        self._changes = -1
        self._explanation: dict[str, Any] | None = None
        self._trouble = ""

    def numbers(self) -> dict[str, Any]:
        """What changes from second to second."""
        services = self._services.items
        seen = sample(services)
        own = services.get(OWN_NAME, {})
        return {
            "service": seen.states["service"][0],
            "version": own.get("/FirmwareVersion"),
            "battery": {name: _rounded(seen.numbers.get(name)) for name in SERIES},
            "permissions": {name: seen.states.get(name, ("unknown",))[0] for name in ("charge", "discharge")},
            "devices": self._devices(),
        }

    async def explained(self) -> dict[str, Any] | None:
        """The newest explanation; None where there is none, and `trouble` says why."""
        now = time.monotonic()
        if self._services.changes != self._changes and now - self._asked_at >= LEAST_S:
            self._asked_at, changes = now, self._services.changes
            try:
                answer = read_answer(await self._services.monitor.fetch(OWN_NAME, EXPLAIN_JSON))
                self._explanation = _shown(answer)
                self._trouble, self._changes = "", changes
            except (BusError, NotExplained) as error:
                self._explanation, self._trouble = None, followable(str(error))
            except _BROKEN:
                self._explanation, self._trouble = None, OTHER_VERSION
        return self._explanation

    @property
    def trouble(self) -> str:
        """Why there is no explanation, for people; empty where there is one."""
        if OWN_NAME not in self._services.items:
            return "the gxbridge service does not answer: is it running?"
        return self._trouble

    async def whole(self) -> dict[str, Any]:
        """Everything, as `/api/state` has it."""
        explanation = await self.explained()
        return {
            "api": API,
            "program": __version__,
            "time": round(time.time(), 1),
            "live": self.numbers(),
            "explanation": explanation,
            "trouble": self.trouble,
        }

    def _devices(self) -> dict[str, dict[str, float | bool | None]]:
        """Service -> what it was told (or says itself) and what it makes, of chargers and of the Multi."""
        if self._explanation is None:
            return {}
        found: dict[str, dict[str, float | bool | None]] = {}
        for limit in self._explanation["limits"]:
            if subject := limit["subject"]:
                items = self._services.items.get(subject, {})
                found[subject] = {
                    "told_a": _rounded(told_a(items, limit["name"])),
                    "made_a": _rounded(number(items, p.CURRENT)),
                    "device_says": device_says(items),
                }
        return found


def _shown(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """An explanation of the shape that is promised, with advice that can be typed here. Raises what another shape
    raises, and ValueError for what JSON cannot hold."""
    limits = [
        limit | {"title": LIMIT_TITLES.get(limit["name"], ""), "takes_none": takes_none(limit)}
        for limit in map(dict, limits_of(explanation))
    ]
    findings = [dict(finding, advice=followable(finding["advice"])) for finding in explanation["findings"]]
    bms, dvcc = dict(explanation["bms"]), dict(explanation["dvcc"])
    # Without its time, which would make each answer another one.
    rest = {name: value for name, value in explanation.items() if name != "time"}
    shown = {**rest, "limits": limits, "findings": findings, "bms": bms, "dvcc": dvcc}
    json.dumps(shown, allow_nan=False)
    return shown


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
