"""With the honest decision the gate alters no write and finds nothing, in every scenario played on the whole bridge.

Where the gate already holds a rule that the decision does not, a scenario is named in `NOT_YET` with the reason:
whoever teaches the decision that rule takes it out (the test says so when it is there for nothing).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.setup import Setup
from tests.core.boat import ALL_WELL, MULTI, NO_CHARGE, SOLAR, Boat, multi, solar

DATA = Path(__file__).parents[1] / "dvcc" / "data"
SETTINGS, SYSTEM = "com.victronenergy.settings", "com.victronenergy.system"

NO_REFERENCE = "no BMS is chosen, and two of different voltages are there: the gate and the decision begin with another"
NOT_YET: Mapping[str, str] = {
    "varied-038": NO_REFERENCE,
}


def load(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gzip.decompress((DATA / name).read_bytes()))
    return found


class Player:
    """Plays a scenario on a bridge in control; its writes land at once."""

    def __init__(self, scenario: Mapping[str, Any], profile: Any) -> None:
        options = Options.of(profile)
        self.bridge = Bridge(Setup(mode="control", options=options, platform=scenario.get("platform") or "C003"))
        self.now = 0.0
        self.rules: set[str] = set()
        self.bridge.service_added(SETTINGS, scenario.get("settings", {}), 0.0)
        for name, items in scenario["devices"].items():
            self.bridge.service_added(name, items, 0.0)
        self.land(self.bridge.tick(0.0))

    def land(self, cycle: Cycle) -> None:
        self.rules |= {str(found.arguments["rule"]) for found in cycle.began if found.id == "gate"}
        for service, path, value in cycle.writes:
            self.bridge.service_changed(service, {path: value}, self.now)

    def play(self, steps: list[dict[str, Any]]) -> set[str]:
        """The rules that the gate found broken."""
        ends = 0
        for step in steps:
            for name in step.get("remove", ()):
                self.bridge.service_removed(name, self.now)
                self.land(self.bridge.react(self.now))
            for change in (step.get("add", {}), step.get("set", {})):
                for name, items in change.items():
                    if name != SYSTEM:  # it would be another master
                        self.bridge.service_changed(name, items, self.now)
                        self.land(self.bridge.react(self.now))
            ends += step["advance_ms"]
            while self.now + 1 <= ends / 1000:
                self.now = float(int(self.now) + 1)
                self.land(self.bridge.tick(self.now))
        return self.rules


def altered(scenarios: list[dict[str, Any]], profile: str) -> dict[str, set[str]]:
    """The rules that were broken, by scenario."""
    found = {row["name"]: Player(row, profile).play(row["steps"]) for row in scenarios}
    return {name: rules for name, rules in found.items() if rules}


@pytest.mark.parametrize("name", ["dvcc.json.gz", "varied.json.gz"])
def test_the_gate_alters_nothing_that_the_decision_decides(name: str) -> None:
    scenarios = load(name)
    found = altered(scenarios, "strict")
    assert set(found) == {row["name"] for row in scenarios} & set(NOT_YET), found


def test_in_profile_vendor_neither() -> None:
    assert altered(load("varied.json.gz")[::4], "vendor") == {}


def test_on_a_healthy_boat_nothing_is_held_back() -> None:
    boat = Boat()
    boat.add(SOLAR, solar(limit_a=50.0))
    boat.add(MULTI, multi())
    words = ({}, {"ccl": 300}, {"ccl": 0}, {"io": NO_CHARGE}, {"io": ALL_WELL, "ccl": 2000}, {"dcl": 0}, {"cvl": 2760})
    for changes in words:
        boat.say(**changes)
        cycle = boat.tick(7)
        assert [found for found in boat.bridge.finding_log.current if found.id == "gate"] == []
    assert cycle.own["/Dvcc/Effective"] == "control"
    boat.tick(75, speaking=False)
    boat.tick(7)
    assert [found for found in boat.bridge.finding_log.current if found.id == "gate"] == []


SHARE = "gxbridge.core.dvcc.tell.charger_orders.strict_share"


def test_what_the_gate_holds_back_is_an_alarm_and_does_not_reach_the_charger() -> None:
    """One wrong line in the sharing rule: everybody is told all there is."""
    boat = Boat()
    boat.add(SOLAR, solar(limit_a=50.0))
    boat.add(SOLAR + "2", solar(limit_a=85.0))
    boat.say(ccl=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SHARE, lambda _limit, sharers: [sharer.own_limit_a for sharer in sharers])
        boat.tick(7)
    told = [float(str(boat.links[name, "/Link/ChargeCurrent"])) for name in (SOLAR, SOLAR + "2")]
    assert sum(told) <= 20.2
    assert {found.severity for found in boat.bridge.finding_log.current if found.id == "gate"} == {"alarm"}
    assert not any(found.id == "overruled" for found in boat.bridge.finding_log.current), "what was sent reads back"


def test_beside_another_master_nothing_is_said_to_be_held_back() -> None:
    boat = Boat()
    boat.add(SOLAR, solar())
    boat.add(SYSTEM, {"/Control/Dvcc": 1})
    assert boat.tick(7).writes == ()
    assert not any(found.id == "gate" for found in boat.bridge.finding_log.current)
