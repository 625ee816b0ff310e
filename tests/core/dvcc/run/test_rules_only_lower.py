"""For any rules and any inputs, at equal inputs, no limit and no sum told is above that without rules.

Two decisions look at the same random boat for some minutes, one with rules; what each remembers is its own. What they
tell is shown to neither, so that their inputs stay equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options, Profile
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import Rule
from gxbridge.core.dvcc.rules.rule_set import RuleSet
from gxbridge.core.dvcc.rules.storage import FullCharge, StorageProfile
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, SUN, can_bms, charger
from tests.core.gate.hostile import setup_of
from tests.core.gate.worlds import TrueWorld, change_world, make_world

SETTINGS = "com.victronenergy.settings"
DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB1"
STOPS = Rule("stops", "CCL", "soc", Curve(((80.0, 100.0), (81.0, 0.0))))
EPOCH = 1_790_000_000.0
INPUTS = {
    "soc": (0, 100),
    "highest_cell": (3, 4),
    "lowest_cell": (2, 4),
    "battery_voltage": (20, 32),
    "coldest": (-20, 40),
    "hottest": (0, 60),
    "time_of_day": (0, 1439),
}
CURRENTS = ("/Link/ChargeCurrent", "/BatteryOperationalLimits/MaxChargeCurrent", "/Dc/0/MaxChargeCurrent")


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    limits = draw(st.sampled_from(("CCL", "CCL", "DCL", "CVL")))
    by = draw(st.sampled_from(sorted(INPUTS)))
    low, high = INPUTS[by]
    daily = by == "time_of_day"
    inputs = sorted(draw(st.sets(st.integers(low * 10, high * 10), min_size=1, max_size=4)))
    percent = limits != "CVL" and draw(st.booleans())
    allowed = st.integers(180, 300).map(lambda v: v / 10) if limits == "CVL" else st.integers(0, 100)
    points = tuple((at // 10 if daily else at / 10, float(draw(allowed))) for at in inputs)
    if daily:
        points = tuple(dict(points).items())
    return Rule(
        f"rule_{draw(st.integers(0, 10**6))}",
        limits,  # type: ignore[arg-type]
        by,  # type: ignore[arg-type]
        Curve(points, percent, daily),
        0.0 if daily else draw(st.sampled_from((0.0, 0.5, 5.0))),
        draw(st.sampled_from((0.0, 3.0, 20.0))),
        draw(st.sampled_from((None, 0.3, 5.0))),
    )


RULE_SETS = st.builds(
    RuleSet,
    st.lists(rules(), max_size=4, unique_by=lambda rule: rule.name).map(tuple),
    st.none()
    | st.builds(
        StorageProfile,
        st.none() | st.integers(20, 90).map(float),
        st.none() | st.just(26.0),
        st.none() | st.integers(20717, 20720),
        st.booleans(),
    ),
    st.none() | st.builds(FullCharge, st.none() | st.just(0.01), st.none() | st.just(0.05), st.just(0.02)),
)


def measured(chance: Random, before: dict[str, Value]) -> dict[str, Value]:
    """What a battery says of the inputs of rules: it wanders, is missing, or is nonsense."""
    found = dict(before)
    found["/Soc"] = chance.choice((None, math.nan, chance.uniform(0, 100), 100.0, before.get("/Soc")))
    found["/System/MaxCellVoltage"] = chance.choice((None, chance.uniform(3, 4), 3.4))
    found["/System/MinCellVoltage"] = chance.choice((None, chance.uniform(2, 3.4), 3.3, 0.0))
    found["/System/MinCellTemperature"] = chance.choice((None, chance.uniform(-20, 40), 15.0))
    found["/Dc/0/Temperature"] = chance.choice((None, chance.uniform(-20, 40), 15.0))
    return found


class Twins:
    """The same boat with and without rules."""

    def __init__(self, world: TrueWorld, rule_set: RuleSet, profile: Profile) -> None:
        setup = setup_of(world)
        if profile == "vendor":
            setup = replace(setup, options=Options.vendor())
        self.with_rules = Bridge(replace(setup, options=replace(setup.options, rules=rule_set)))
        self.without = Bridge(setup)
        self.world, self.now = world, 1000.0
        self.overlay: dict[str, dict[str, Value]] = {}
        self.shown: dict[str, dict[str, Value]] = {}
        for bridge in self.both:
            bridge.service_added(SETTINGS, world.settings(), self.now)

    @property
    def both(self) -> tuple[Bridge, Bridge]:
        return self.with_rules, self.without

    def meet(self, chance: Random) -> None:
        """Show both what there is now."""
        services = self.world.services()
        for bms in self.world.bmses:
            self.overlay[bms.name] = measured(chance, self.overlay.get(bms.name, {}))
        for bridge in self.both:
            bridge.service_changed(SETTINGS, self.world.settings(), self.now)
            for name in self.shown.keys() - services.keys():
                bridge.service_removed(name, self.now)
            for name, items in services.items():
                bridge.service_added(name, items | self.overlay.get(name, {}), self.now)
        self.shown = services

    def tick(self) -> tuple[Cycle, Cycle]:
        self.now += 1.0
        for bridge in self.both:
            bridge.set_zone(7200.0)
        found = [bridge.tick(self.now, EPOCH) for bridge in self.both]
        return found[0], found[1]


def limits_of(cycle: Cycle) -> Mapping[str, float | None]:
    return {limit.name: limit.value for limit in cycle.decision.limits[:3]}


def told(cycle: Cycle) -> float:
    """The sum of the currents that are told in a round."""
    return sum(float(value or 0) for _, path, value in cycle.decision.writes if path in CURRENTS)


def judge(ours: Cycle, theirs: Cycle, standing: str) -> None:
    mine, plain = limits_of(ours), limits_of(theirs)
    if ours.decision.round_done and theirs.decision.round_done and mine:
        assert at_most(mine["CCL"], plain["CCL"], math.inf), (standing, mine, plain)
        assert at_most(mine["CVL"], plain["CVL"], -1.0), (standing, mine, plain)
        assert at_most(mine["DCL"], plain["DCL"], -1.0), (standing, mine, plain)
        limited = plain["CCL"] is not None
        if limited:
            assert told(ours) <= told(theirs) + 0.2, (standing, ours.decision.writes, theirs.decision.writes)
    gate = [{found.subject for found in cycle.situation.findings if found.id == "gate"} for cycle in (ours, theirs)]
    assert gate[0] <= gate[1], (standing, ours.began)


def at_most(value: float | None, bound: float | None, unknown: float) -> bool:
    """`unknown`: what None counts as: no limit at all, or nothing granted."""
    return (unknown if value is None else value) <= (unknown if bound is None else bound) + 1e-9


def test_a_load_that_came_while_a_rule_stopped_charging_is_no_older_for_it() -> None:
    """The low pass of DC loads runs on at a rule's 0 A: what it remembered from before would be added afterwards."""
    told: list[list[float]] = []
    for rule_set in (RuleSet((STOPS,)), RuleSet()):
        services: dict[str, dict[str, Value]] = {
            CAN_BMS: can_bms(CCL=20.0) | {"/Soc": 50.0},
            SUN: charger(200.0, 30.0),
            DCSYSTEM: {"/Connected": 1, "/Dc/0/Power": 1040.0},
        }
        memory, now, found = Memory(), 0.0, []
        for soc, power, seconds in ((50.0, 1040.0, 90), (90.0, 0.0, 300), (50.0, 1040.0, 9)):
            services[CAN_BMS]["/Soc"], services[DCSYSTEM]["/Dc/0/Power"] = soc, power
            for _ in range(seconds):
                now += 1.0
                snapshot = Snapshot(services, {p.SET_DVCC: 1}, options=Options(rules=rule_set), controls=True)
                decision, memory = decide(snapshot, memory, now)
                found += [float(str(write.value)) for write in decision.writes if write.path == p.CHARGE_CURRENT][:1]
        told.append(found)
    ours, theirs = told
    assert 0.0 in ours
    assert ours[-1] <= theirs[-1] + 0.1
    assert theirs[-1] > 20.0


@pytest.mark.parametrize("profile", ["strict", "vendor"])
@settings(max_examples=80, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(rule_set=RULE_SETS, seed=st.integers(0, 1 << 32))
def test_rules_only_lower(profile: Profile, rule_set: RuleSet, seed: int) -> None:
    chance = Random(seed)
    world = make_world(chance)
    twins = Twins(world, rule_set, profile)
    for _ in range(8):
        twins.meet(chance)
        if rule_set.storage is not None and chance.random() < 0.3:
            twins.with_rules.switch_storage(chance.random() < 0.5)
        for _ in range(chance.choice((1, 4, 7, 40))):
            judge(*twins.tick(), f"{rule_set}")
        change_world(world, chance)
