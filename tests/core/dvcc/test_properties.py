"""Properties that hold in any state, found by trying: hypothesis makes the installation and what happens to it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gxbridge.core.dvcc.limit.reasons import compose
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    GENSET,
    LYNX,
    MULTI,
    RS,
    SUN,
    SUN_2,
    VECAN,
    Items,
    World,
    can_bms,
    charger,
    lynx,
    multi,
)

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACSYSTEM = "com.victronenergy.acsystem.can0"
DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB1"
INVERTER_ITEMS: Items = {p.IS_INVERTER_CHARGER: 1, p.YIELD_POWER: 500.0, p.DISCHARGE_CURRENT: None}


def everything() -> dict[str, Items]:
    """One of each."""
    return {
        LYNX: lynx(),
        CAN_BMS: can_bms(0xB009, MIN_CELL_VOLTAGE=3.3, MAX_CELL_VOLTAGE=3.4, INSTALLED_CAPACITY=100),
        MULTI: multi(HUB_VOLTAGE=None, ASSISTANT=None),
        SUN: charger(50, 20),
        SUN_2: charger(85, 30, CONNECTION="VE.Can", N2K_INSTANCE=0),
        RS: charger(40, 5) | INVERTER_ITEMS,
        ALTERNATOR: charger(60, 12),
        GENSET: charger(70, 3),
        VECAN: {p.NETWORK_MODE: None, p.CHARGE_VOLTAGE: None, p.VOLTAGE_SENSE: None, p.TEMPERATURE_SENSE: None},
        ACSYSTEM: {p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 1, p.DISCHARGE_CAPACITY: 50.0, p.DISCHARGE_SETPOINT: None},
        DCSYSTEM: {p.CONNECTED: 1, p.POWER: 250.0, p.CURRENT: 10.0},
    }


ODD = st.sampled_from(
    [None, 0, 1, 2, -1, 3.5, 27.4, 55.0, -40.0, 1e300, -1e300, math.nan, math.inf, -math.inf, "", "x"]
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(sorted(everything())), st.integers(0, 60), ODD), min_size=1, max_size=40
)  # fmt: skip
PROFILES = st.sampled_from([Options.strict(), Options.vendor()])
USER = st.fixed_dictionaries(
    {
        p.SET_DVCC: st.sampled_from([0, 1, 2, 3, None]),
        p.SET_MAX_CURRENT: st.sampled_from([-1, 0, 30, 1000, None, math.nan]),
        p.SET_MAX_VOLTAGE: st.sampled_from([0, 27.0, 500, None]),
        p.SET_BMS_INSTANCE: st.sampled_from([-255, -1, 100, 512, 7, "x"]),
        p.SET_FEED_IN: st.sampled_from([0, 1]),
        p.SET_ALL_MULTIS: st.sampled_from([0, 1]),
        p.SET_BATTERY: st.sampled_from(["default", "nobattery", "com.victronenergy.battery/512", "nonsense", ""]),
        p.SET_TEMPERATURE: st.sampled_from(["default", "nosensor", "com.victronenergy.battery/100/Dc/0/Temperature"]),
    }
)


def fine(value: object) -> bool:
    """A value that may be written or published."""
    return value is None or isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value))


@FEW
@given(PROFILES, USER, EVENTS)
def test_any_value_may_be_anything_and_any_service_may_go(
    options: Options, user: dict[str, Any], events: list[tuple[str, int, object]]
) -> None:
    services, memory, now = everything(), Memory(), 0.0
    for service, choice, value in events:
        now += 0.5
        if choice == 0:
            services.pop(service, None)
        elif choice == 1:
            services[service] = everything()[service]
        elif service in services:
            path = sorted(services[service])[choice % len(services[service])]
            services[service][path] = value  # type: ignore[assignment]
        snapshot = Snapshot(services, user, "C00A" if choice == 2 else "C003", {LYNX: now - choice}, options)
        decision, memory = decide(snapshot, memory, now, ((service, p.CVL), (p.SYSTEM, p.PV_DISABLE)))
        for write in decision.writes:
            assert fine(write.value), write
            assert write.path in services[write.service]
            services[write.service][write.path] = write.value
        assert all(fine(value) for value in decision.published.values())
        assert {limit.name for limit in decision.limits} >= {"CVL", "CCL", "DCL", "multi"}
        for limit in decision.limits:
            assert limit.caps, "every limit has a reason"
            assert limit.sentence == compose(limit.name, limit.value, limit.unit, limit.caps)
            assert "nan" not in limit.sentence.lower()
        assert not any(finding.text.endswith(".") or finding.advice.endswith(".") for finding in decision.findings)


AMPS = st.floats(0, 120).map(lambda value: round(value, 1))
CHARGERS = st.lists(
    st.tuples(
        st.sampled_from(["solarcharger", "inverter", "alternator", "dcdc"]),
        AMPS,  # its own limit
        AMPS,  # what it makes
        st.sampled_from([0, 3, 4, 252, None]),  # its state
        st.sampled_from([0, None, 1]),  # its network
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip
CAPS = st.fixed_dictionaries(
    {
        "ccl": st.one_of(st.none(), st.floats(0, 500)),
        "user": st.one_of(st.just(-1.0), st.floats(0, 300)),
        "installer": st.one_of(st.none(), st.floats(0, 300)),
        "multi_a": st.floats(-100, 50),
        "loads_w": st.one_of(st.none(), st.floats(0, 2000)),
        "lynx": st.booleans(),
    }
)


def installation(chargers: list[tuple[str, float, float, int | None, int | None]], caps: dict[str, Any]) -> World:
    """A world in profile strict, without feed-in."""
    bms = {LYNX: lynx(CCL=caps["ccl"])} if caps["lynx"] else {CAN_BMS: can_bms(CCL=caps["ccl"])}
    services: dict[str, Items] = {**bms, MULTI: multi(CURRENT=caps["multi_a"])}
    if caps["loads_w"] is not None:
        services[DCSYSTEM] = {p.CONNECTED: 1, p.POWER: caps["loads_w"]}
    for index, (kind, limit_a, makes_a, state, network) in enumerate(chargers):
        items = charger(limit_a, min(makes_a, limit_a), STATE=state, N2K_INSTANCE=network)
        if kind == "inverter":
            items |= INVERTER_ITEMS | {p.YIELD_POWER: 0.0}
        services[f"com.victronenergy.{kind}.tty{index}"] = items
    options = Options.strict(max_charge_current_a=caps["installer"])
    return World(services, options, {p.SET_DVCC: 1, p.SET_MAX_CURRENT: caps["user"]})


def told(world: World) -> dict[str, float]:
    """What every charger was told."""
    return {
        name: float(items[p.CHARGE_CURRENT])
        for name, items in world.services.items()
        if isinstance(items.get(p.CHARGE_CURRENT), int | float)
    }


@FEW
@given(CHARGERS, CAPS)
def test_together_they_are_told_at_most_the_cap_and_nobody_more_than_its_own(
    chargers: list[Any], caps: dict[str, Any]
) -> None:
    world = installation(chargers, caps)
    for _ in range(9):
        world.run(1)
        if not world.decision.round_done:
            continue
        ccl = world.limit("CCL").value
        assert ccl is not None
        terms = 0.0
        if ccl > 0:
            terms = round(world.memory.dc_loads_a, 1) if not caps["lynx"] else 0.0
        if caps["ccl"]:
            terms += max(-world.memory.vebus_a, 0.0)
        assert sum(told(world).values()) <= ccl + terms + 0.1 * len(chargers) + 1e-6
        for name, current in told(world).items():
            assert current <= float(world.services[name][p.CHARGE_LIMIT_SETTING]) + 1e-9  # type: ignore[arg-type]


@FEW
@given(CHARGERS, CAPS, st.sampled_from(["ccl", "user", "installer"]), st.floats(0, 1))
def test_lowering_a_cap_never_raises_the_sum(
    chargers: list[Any], caps: dict[str, Any], which: str, part: float
) -> None:
    before, after = installation(chargers, caps), installation(chargers, caps)
    before.run(3)
    none = 0.0 if which == "ccl" else 400.0  # an unknown limit of the BMS allows nothing
    value = caps[which] if caps[which] is not None and caps[which] >= 0 else none
    lowered = installation(chargers, caps | {which: value * part})
    after.services, after.options, after.settings = lowered.services, lowered.options, lowered.settings
    after.run(3)
    assert sum(told(after).values()) <= sum(told(before).values()) + 0.1 + 1e-6


@FEW
@given(CHARGERS, CAPS, st.randoms(use_true_random=False))
def test_the_order_of_services_moves_no_charger(chargers: list[Any], caps: dict[str, Any], chance: Any) -> None:
    straight, shuffled = installation(chargers, caps), installation(chargers, caps)
    names = list(shuffled.services)
    chance.shuffle(names)
    shuffled.services = {name: shuffled.services[name] for name in names}
    straight.run(3)
    shuffled.run(3)
    for name, current in told(straight).items():
        assert told(shuffled)[name] == pytest.approx(current, abs=0.1 + 1e-6)


STOPS: dict[str, dict[str, object]] = {
    "CCL is 0": {"CCL": 0},
    "CCL is unknown": {"CCL": None},
    "CCL is nonsense": {"CCL": -5.0},
    "CCL is not a number": {"CCL": math.nan},
    "charging is refused": {"ALLOW_CHARGE": 0},
    "the permission is unknown": {"ALLOW_CHARGE": None},
    "the charge voltage is nonsense": {"CVL": 99.0},
    "the charge voltage is below zero": {"CVL": -27.0},
}


@pytest.mark.parametrize("why", STOPS)
@settings(max_examples=15, deadline=None)
@given(chargers=CHARGERS, caps=CAPS)
def test_stop_means_zero_everywhere_at_once(why: str, chargers: list[Any], caps: dict[str, Any]) -> None:
    world = installation(chargers, caps | {"lynx": True, "ccl": 100.0})
    world.run(4)
    world.set(LYNX, **STOPS[why])  # type: ignore[arg-type]
    world.run(1)
    assert all(current == 0 for current in told(world).values()), told(world)
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 0
    chargers_at_all = [name for name, items in world.services.items() if p.CHARGE_CURRENT in items]
    assert set(told(world)) == set(chargers_at_all)
