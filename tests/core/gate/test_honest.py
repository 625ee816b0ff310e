"""With the honest decision the gate alters no write and finds nothing, in every scenario played on the whole bridge."""

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
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup
from tests.core.boat import ALL_WELL, MULTI, NO_CHARGE, SOLAR, Boat, multi, solar, vendor_lynx

DATA = Path(__file__).parents[1] / "dvcc" / "data"
SETTINGS, SYSTEM = "com.victronenergy.settings", "com.victronenergy.system"


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
        self.rules |= {str(found.arguments["bound"]) for found in cycle.began if found.id == "gate"}
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
    assert altered(load(name), "strict") == {}


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


CHOSEN = "/Settings/SystemSetup/BmsInstance"
FIRST, SECOND = "com.victronenergy.battery.ttyUSB0", "com.victronenergy.battery.ttyUSB1"
TOTAL, COPY = "com.victronenergy.battery.lynxparallel0", "com.victronenergy.battery.virtual_1"
ORDINARY: Mapping[str, Value] = {"/ProductId": 0xB007, "/N2kUniqueNumber": None, "/Serial": None}
OF_12_V = ORDINARY | {"/Info/MaxChargeVoltage": 14.2}
REFUSES = {"/Io/AllowToCharge": 0}
LITTLE = {"/Info/MaxChargeCurrent": 3.0}
OTHER_LYNX = {"/N2kUniqueNumber": 6, "/Serial": "HQ6", "/N2kDeviceInstance": 1}


@pytest.mark.parametrize(
    ("batteries", "told_a"),
    [
        ({FIRST: ORDINARY}, 85.0),
        ({FIRST: ORDINARY, SECOND: ORDINARY | LITTLE}, 3.0),
        ({FIRST: ORDINARY, SECOND: OF_12_V}, 0.0),
        ({FIRST: OF_12_V, SECOND: ORDINARY}, 0.0),
        ({FIRST: {"/N2kDeviceInstance": 0}, SECOND: OTHER_LYNX | REFUSES}, 0.0),
        ({FIRST: ORDINARY, SECOND: ORDINARY | REFUSES | {"/DeviceInstance": 2}}, 85.0),
        ({COPY: ORDINARY | LITTLE, FIRST: ORDINARY}, 85.0),
        ({COPY: ORDINARY | LITTLE}, 3.0),
        ({FIRST: {}, SECOND: OTHER_LYNX, TOTAL: {"/ProductId": 0xA3E3, "/Serial": None}}, 85.0),
    ],
    ids=["one", "two", "another voltage", "the first of another voltage", "another network", "another bank", "a copy",
         "a copy alone", "a total"],
)  # fmt: skip
def test_where_the_chosen_bms_is_not_there_every_one_that_may_be_of_its_bank_limits(
    batteries: Mapping[str, Mapping[str, Value]], told_a: float
) -> None:
    boat = Boat(publish="none", options=Options(other_banks=frozenset({"2"})))
    boat.add(SETTINGS, {CHOSEN: 99})
    for name, items in batteries.items():
        boat.add(name, vendor_lynx(**items))
    boat.add(SOLAR, solar(limit_a=85.0))
    boat.add(MULTI, multi())
    boat.tick(9, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0, "the one that was chosen has not spoken"
    assert [found.id for found in boat.bridge.finding_log.current if found.id.startswith("bms-")] == [
        "bms-not-selected"
    ]
    boat.set(MULTI, **{"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1})
    boat.tick(9, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == told_a, "a VE.Bus BMS speaks"
    assert not any(found.id == "gate" for found in boat.bridge.finding_log.current)


@pytest.mark.parametrize("unsaid", [None, "28.4"])
def test_a_bms_that_has_not_said_its_voltage_is_told_in_nothing(unsaid: Value) -> None:
    boat = Boat(publish="none")
    boat.add(FIRST, vendor_lynx(**ORDINARY, **{"/Info/MaxChargeVoltage": unsaid}))
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(9, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0
    assert (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent") not in boat.links
    assert not any(found.id == "gate" for found in boat.bridge.finding_log.current)


SHARE = "gxbridge.core.dvcc.tell.strict_orders.strict_share"


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
