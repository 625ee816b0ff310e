"""How much of a scenario of the vendor's behaviour frames can say, and what its program was seen to write there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import ScenarioPlayer
from tests.port.actors import PARTS, Items, Value, kind_of, on_vecan, shown

Scenario: TypeAlias = Mapping[str, Any]
Where: TypeAlias = tuple[str, str]
"""Service and path, as the scenario has them."""

SETTINGS, SYSTEM, VECAN = "com.victronenergy.settings", "com.victronenergy.system", "com.victronenergy.vecan.can0"
DVCC, DVCC_ON = "/Settings/Services/Bol", (1, 3)
PORT_PATHS = (
    "/Link/NetworkMode", "/Link/ChargeVoltage", "/Link/VoltageSense", "/Link/TemperatureSense", "/Link/BatteryCurrent",
    "/Link/ExtraBatteryCurrent",
)  # fmt: skip
"""What the service of a port always has."""


class Reach(NamedTuple):
    """The first `steps` can be said; `why` not more of them."""

    steps: int
    why: str


def reach(scenario: Scenario) -> Reach:
    """By what happens in it, and by whether what frames cannot say makes a difference."""
    parts = [(service, items) for service, items in appearing(scenario) if on_vecan(service, items)]
    if not any(PARTS[kind_of(service)].linked for service, _ in parts):
        return Reach(0, "no charger on VE.Can")
    if scenario["settings"].get(DVCC, 1) not in DVCC_ON:
        return Reach(0, "DVCC is off")
    if any(items.get("/Connected") != 1 for _, items in parts):
        return Reach(0, "a device is there and not connected")
    there = {service for service, _ in parts} | {VECAN}
    found = next(
        (Reach(at, why) for at, step in enumerate(scenario["steps"]) if (why := unsayable(step, there))),
        Reach(len(scenario["steps"]), ""),
    )
    player = ScenarioPlayer(
        Options.vendor(), settings=dict(scenario["settings"]), services={**as_said(scenario["devices"], {})}
    )
    player.decide()
    player.publish()
    now = {service: dict(items) for service, items in scenario["devices"].items() if service in there}
    for at, step in enumerate(scenario["steps"][: found.steps]):
        added, changes = step.get("add", {}), {service: dict(items) for service, items in step.get("set", {}).items()}
        for service in now.keys() & changes.keys() - {VECAN}:
            before = shown(service, now[service])
            now[service] |= changes[service]
            after = shown(service, now[service])
            changes[service] = {path: after[path] for path in changes[service].keys() & after.keys()}
            changes[service] = {path: value for path, value in changes[service].items() if before[path] != value}
        now |= {service: dict(items) for service, items in added.items() if service in there}
        player.change({**step, "add": as_said(added, player.services), "set": changes})
        player.run(step["advance_ms"])
        if words(scenario, at, there) != {
            where: value
            for where, value in told(player.look(), there).items()
            if where[1] in service_of(scenario, where[0])
        }:
            return Reach(at, "what frames cannot say makes a difference")
    return found


def appearing(scenario: Scenario) -> Iterator[tuple[str, Items]]:
    """Every service that appears in a scenario."""
    yield from scenario["devices"].items()
    for step in scenario["steps"]:
        yield from step.get("add", {}).items()


def unsayable(step: Mapping[str, Any], there: set[str]) -> str:
    """What of a step cannot happen on a bus, or beside the GX's own controller."""
    if there & set(step.get("remove", ())):
        return "a device leaves from one moment to the next"
    if VECAN in step.get("add", {}):
        return "the port comes later"
    changes = step.get("set", {})
    if SYSTEM in changes:
        return "the GX's own controller is there"
    if changes.get(SETTINGS, {}).get(DVCC, 1) not in DVCC_ON:
        return "DVCC is off"
    return ""


def as_said(services: Mapping[str, Items], beside: Mapping[str, object]) -> dict[str, Items]:
    """Services as they are when frames say them; the port has one, and all its paths, unless it is there already."""
    said = {name: shown(name, items) if on_vecan(name, items) else dict(items) for name, items in services.items()}
    if VECAN not in beside:
        said[VECAN] = said.get(VECAN, {"/DeviceInstance": 0, "/Connected": 1}) | dict.fromkeys(PORT_PATHS)
    return said


def service_of(scenario: Scenario, service: str) -> Items:
    """What a service has when it appears."""
    return next((items for name, items in appearing(scenario) if name == service), {})


def told(look: Mapping[str, Any], there: set[str]) -> dict[Where, Value]:
    """What a look shows of what was written to the port and its devices."""
    devices = look["devices"]
    return {
        (service, path): round(value, 6) if isinstance(value, float) else value
        for service in there & devices.keys()
        for path, value in devices[service].items()
    }


def words(scenario: Scenario, at: int, there: set[str]) -> dict[Where, Value]:
    """What the vendor's program was seen to have written there by the end of a step."""
    return told(scenario["expected"][at], there)
