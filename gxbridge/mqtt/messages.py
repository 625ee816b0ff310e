"""What is published: each topic with its JSON, made of the items that services show. No socket and no clock here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.core.dvcc.limit.reasons import UNLIMITED_A
from gxbridge.core.model.items import Value
from gxbridge.core.publish.own_items import MOST_CHARGERS, MOST_FINDINGS
from gxbridge.core.publish.own_paths import OWN_NAME

SeenItems = Mapping[str, Mapping[str, Value]]
"""Service -> path -> value."""
Messages = dict[str, dict[str, Any]]
"""Topic below the base -> what its JSON says."""

LIMITS: Final[Mapping[str, str]] = {"cvl": "V", "ccl": "A", "dcl": "A"}
PERMISSIONS: Final[Mapping[object, str]] = {1: "yes", 0: "no"}
HEALTH: Final[Mapping[object, str]] = {0: "ok", 1: "warning", 2: "alarm"}


DEVICES: Final = (*(f"chargers/{n}" for n in range(MOST_CHARGERS)), "multi")
"""Topics that come and go with what they are of."""


def messages(services: SeenItems) -> Messages:
    """Everything that can be said now; nothing where our own service is not on the bus."""
    own = services.get(OWN_NAME)
    if own is None:
        return {}
    found: Messages = {
        f"limits/{name}": _limit(own, f"/Limits/{name.capitalize()}", unit) for name, unit in LIMITS.items()
    }
    found |= {f"chargers/{n}": _charger(own, f"/Limits/Charger/{n}", services) for n in _listed(own, "Limits/Charger")}
    if own.get("/Limits/Multi/Service") is not None:
        found["multi"] = _charger(own, "/Limits/Multi", services)
    bms = own.get("/Bms/Service")
    battery = services.get(bms, {}) if isinstance(bms, str) else {}
    found["bms"] = {
        "name": own.get("/Bms/Name") or None,
        "state": own.get("/Bms/State"),
        "since": own.get("/Bms/Since"),
        "charge": PERMISSIONS.get(battery.get("/Io/AllowToCharge"), "unknown"),
        "discharge": PERMISSIONS.get(battery.get("/Io/AllowToDischarge"), "unknown"),
    }
    found["control"] = {
        "effective": own.get("/Dvcc/Effective"),
        "master": own.get("/Dvcc/Master") or None,
        "reason": own.get("/Dvcc/MasterReason"),
    }
    found["findings"] = _findings(own)
    return found


def _limit(own: Mapping[str, Value], path: str, unit: str) -> dict[str, Any]:
    value = own.get(f"{path}/Value")
    unlimited = isinstance(value, int | float) and unit == "A" and value >= UNLIMITED_A
    return {
        "value": round(value, 2) if isinstance(value, int | float) and not unlimited else None,
        "unlimited": unlimited,
        "reason": own.get(f"{path}/Reason"),
        "reason_id": own.get(f"{path}/ReasonId"),
        "since": own.get(f"{path}/Since"),
    }


def _charger(own: Mapping[str, Value], path: str, services: SeenItems) -> dict[str, Any]:
    service = own.get(f"{path}/Service")
    made = services.get(service, {}).get("/Dc/0/Current") if isinstance(service, str) else None
    made = round(made, 1) if isinstance(made, int | float) else None
    return {"name": own.get(f"{path}/Name"), **_limit(own, path, "A"), "made": made}


def _findings(own: Mapping[str, Value]) -> dict[str, Any]:
    rows = [
        {
            "id": own.get(f"/Findings/{n}/Id"),
            "severity": own.get(f"/Findings/{n}/Severity"),
            "text": own.get(f"/Findings/{n}/Text"),
            "advice": own.get(f"/Findings/{n}/Advice"),
            "since": own.get(f"/Findings/{n}/First"),
        }
        for n in range(MOST_FINDINGS)
        if own.get(f"/Findings/{n}/Id") is not None
    ]
    return {
        "health": HEALTH.get(own.get("/Health/State"), "unknown"),
        "text": own.get("/Health/Text"),
        "count": own.get("/Findings/Count"),
        "findings": rows,
    }


def _listed(own: Mapping[str, Value], below: str) -> Iterator[int]:
    return (n for n in range(MOST_CHARGERS) if own.get(f"/{below}/{n}/Service") is not None)
