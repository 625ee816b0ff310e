"""Solar that is fed in obeys the charge current limit: it comes back after a cloud, and the battery is spared."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.limit.feed_in import AGAIN_S, FeedIn, watch
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Value
from tests.core.dvcc.run.feeding_plant import ACSYSTEM, FEED_IN, FeedingPlant, Lag, ess, rs_system
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    LYNX,
    MULTI,
    MULTI_RS,
    SUN,
    SUN_2,
    Items,
    World,
    can_bms,
    charger,
    lynx,
    with_vebus_bms,
)

SOME_SUN = {SUN: 120.0, SUN_2: 80.0}


def world(multi: Items | None = None, bms: Items | None = None, **settings: Value) -> World:
    """100 A of solar chargers, a battery that allows 20 A and takes 10 A, and a Multi that takes 30 A out."""
    services = {
        CAN_BMS: can_bms(CCL=20.0, CURRENT=10.0) if bms is None else bms,
        MULTI: ess(CURRENT=-30.0) if multi is None else multi,
        SUN: charger(100.0, 40.0, VOLTAGE=52.0),
    }
    chosen = {getattr(p, name): value for name, value in settings.items()}
    return World(services, settings=FEED_IN | chosen)


# --- the loop is closed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ccl", [0.0, 10.0, 100.0])
@pytest.mark.parametrize("rs", [False, True], ids=["ESS", "Multi RS"])
@pytest.mark.parametrize(
    ("tau_s", "dead_s", "charger_s", "load_a"),
    [(0.3, 0.0, 0.3, 0.0), (1.0, 0.3, 0.5, 15.0), (1.5, 0.3, 0.7, 0.0)],
    ids=["quick", "usual", "slow"],
)
def test_a_cloud_and_its_end(
    ccl: float, rs: bool, tau_s: float, dead_s: float, charger_s: float, load_a: float
) -> None:
    plant = FeedingPlant(ccl, SOME_SUN, rs, load_a, inverter=Lag(tau_s, dead_s), charger_s=charger_s)
    plant.sail(5)
    plant.shine(0.9)
    assert plant.seconds_to(0.95) <= 60, "in the morning"
    plant.sail(60)
    assert plant.made_a == pytest.approx(180.0, abs=1.0)
    for dark_s in (2, 30):
        plant.shine(0.18)
        plant.sail(dark_s)
        plant.shine(0.9)
        assert plant.seconds_to(0.95) <= 60
        plant.sail(30)
    assert plant.made_a == pytest.approx(180.0, abs=1.0), "it stays"
    assert plant.worst_s <= 3.0
    assert plant.battery_a <= ccl + 0.5


def test_without_headroom_it_would_never_come_back() -> None:
    """The plant shows what the headroom is for: a battery whose current nobody measures gets none."""
    plant = FeedingPlant(10.0, SOME_SUN)
    plant.sail(5)
    plant.shine(0.9)
    plant.sail(90)
    assert plant.made_a > 175.0
    plant.shine(0.2)
    plant.blind = True
    plant.sail(30)
    plant.shine(0.9)
    plant.sail(120)
    assert plant.made_a < 50.0
    assert plant.world.limit("CCL").caps[-1].name == "feed-in-held"


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_clouds_do_the_battery_is_spared(seed: int) -> None:
    chance = random.Random(seed)
    plant = FeedingPlant(chance.choice([0.0, 10.0, 100.0]), SOME_SUN, rs=seed % 2 == 1)
    plant.load_a = chance.choice([0.0, 20.0])
    plant.sail(5)
    for _ in range(25):
        plant.sun_a = {name: own_a * chance.choice([0.0, 0.1, 0.5, 1.0]) for name, own_a in SOME_SUN.items()}
        plant.sail(chance.choice([1, 2, 3, 7, 20]))
    assert plant.worst_s <= 3.0


def test_a_charger_in_the_shade_leaves_the_headroom_to_the_other() -> None:
    plant = FeedingPlant(10.0, {SUN: 100.0, SUN_2: 100.0})
    plant.sail(5)
    plant.sun_a = {SUN: 95.0, SUN_2: 5.0}
    assert plant.seconds_to(0.95) <= 50


@pytest.mark.parametrize("rs", [False, True], ids=["ESS", "Multi RS"])
def test_where_nothing_is_fed_in_the_battery_is_charged_with_its_limit_and_the_headroom_is_tried_rarely(
    rs: bool,
) -> None:
    plant = FeedingPlant(10.0, SOME_SUN, rs, exports=False)
    plant.sail(5)
    plant.shine(0.9)
    plant.sail(60)
    plant.charged_as = 0.0
    plant.sail(300)
    assert plant.battery_a <= 10.0 + plant.headroom_a
    assert plant.charged_as / 300 < 0.2 * plant.headroom_a
    plant.exports = True
    assert plant.seconds_to(0.95) <= 60 + AGAIN_S


def test_feed_in_that_is_limited_holds_the_sun_where_it_is() -> None:
    plant = FeedingPlant(10.0, SOME_SUN, most_out_a=60.0)
    plant.sail(5)
    plant.shine(0.9)
    plant.sail(120)
    assert 65.0 <= plant.made_a <= 70.0 + plant.headroom_a
    plant.charged_as = 0.0
    plant.sail(300)
    assert plant.charged_as / 300 < 0.2 * plant.headroom_a
    plant.most_out_a = 1000.0
    assert plant.seconds_to(0.95) <= 60 + AGAIN_S


def test_a_load_that_comes_is_served_by_the_sun() -> None:
    plant = FeedingPlant(0.0, SOME_SUN, exports=False, load_a=10.0)
    plant.sail(5)
    plant.shine(0.5)
    plant.sail(40)
    assert plant.made_a == pytest.approx(10.0, abs=plant.headroom_a)
    plant.load_a = 70.0
    plant.sail(20)
    assert plant.made_a == pytest.approx(70.0, abs=plant.headroom_a)


@pytest.mark.parametrize("offset_a", [-0.5, 0.5])
def test_a_sensor_that_is_a_little_off_does_not_end_it(offset_a: float) -> None:
    plant = FeedingPlant(10.0, SOME_SUN, offset_a=offset_a)
    plant.sail(5)
    plant.shine(0.9)
    plant.sail(300)
    assert plant.made_a > 170.0


def test_when_feed_in_ends_all_at_once_the_sun_is_back_at_the_limit_soon() -> None:
    plant = FeedingPlant(10.0, SOME_SUN)
    plant.sail(5)
    plant.shine(0.9)
    plant.sail(90)
    plant.exports = False
    plant.world.set(MULTI, AC_CONNECTED=0, ACTIVE_INPUT=240)
    plant.sail(8)
    assert plant.battery_a <= 10.0 + plant.headroom_a
    plant.sail(8)
    assert plant.battery_a <= 10.1
    assert plant.world.memory.feed_in is None


# --- what counts -----------------------------------------------------------------------------------------------------


def test_the_sum_and_the_words() -> None:
    made = world()
    made.run(3)
    assert made.told(SUN) == 55.0, "20 + 30 + 5 % of 100"
    assert made.limit("charger", SUN).sentence == (
        "Charge current 55 A: its share of 55 A. For solar it is raised by 30 A that the Multi takes out of the "
        "battery. With feed-in on, solar may make 5 A more than that, to find out whether more can be fed in. "
        "Next: its own setting 100 A."
    )
    room = next(cap for cap in made.limit("CCL").caps if cap.name == "feed-in-room")
    assert room.arguments == {"added": "5"}
    made.services[SUN][p.CHARGE_LIMIT_SETTING] = 30.0
    made.services[MULTI][p.CURRENT] = -1.0
    made.run(1)
    assert made.told(SUN) == 23.0, "2 A at least, and within a second"


@pytest.mark.parametrize("current", [None, math.nan, "30", 1e12])
def test_what_is_not_known_is_not_fed_in(current: Value) -> None:
    blind = world(ess(CURRENT=current))
    blind.run(3)
    assert blind.told(SUN) == 20.0
    assert "what the Multi takes out of the battery is not known" in blind.limit("CCL").sentence
    assert "feed-in-held" in blind.findings()
    unmeasured = world(bms=can_bms(CCL=20.0, CURRENT=current))
    unmeasured.run(3)
    assert unmeasured.told(SUN) == 50.0, "what leaves now, and nothing more"
    held = next(cap for cap in unmeasured.limit("CCL").caps if cap.name == "feed-in-held")
    assert held.arguments == {"why": "the battery current is not known"}
    gone = world(ess(CURRENT=-30.0, CONNECTED=0))
    gone.run(3)
    assert gone.told(SUN) == 20.0, "nothing is behind the service"


def test_a_multi_that_charges_exports_nothing_whatever_the_meters_on_the_ac_side_say() -> None:
    charging = world(ess(CURRENT=30.0) | {"/Ac/ActiveIn/L1/P": -3000.0, "/Ac/ActiveIn/L2/P": 900.0})
    charging.services["com.victronenergy.grid.cgwacs"] = {"/Ac/Power": -2100.0}
    charging.run(3)
    told = float(str(charging.told(SUN))), float(str(charging.told(MULTI, p.BOL_CHARGE_CURRENT)))
    assert sum(told) <= 25.0


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        ({"STATE": 8}, {}),
        ({"STATE": 9}, {}),
        ({"STATE": 0}, {}),
        ({"ACTIVE_INPUT": 240}, {}),
        ({"ACTIVE_INPUT": None}, {}),
        ({"ACTIVE_INPUT": 1}, {}),
        ({"AC_CONNECTED": 0}, {}),
        ({"CONNECTED": 0}, {}),
        ({"NOT_FED_IN": 1}, {}),
        ({"ASSISTANT": 4}, {}),
        ({}, {"SET_MOST_FEED_IN": 0}),
        ({}, {"SET_FEED_IN": 0}),
    ],
)
def test_where_nothing_can_be_fed_in_it_is_shared_as_without(changes: Items, settings: Items) -> None:
    made = world(ess(CURRENT=-30.0, **changes), can_bms(CCL=0.0, CURRENT=0.0), **settings)
    made.run(3)
    assert made.told(SUN) == 0.0
    made.set(CAN_BMS, CCL=20.0)
    made.run(3)
    assert float(str(made.told(SUN))) <= 50.0
    assert not [cap for cap in made.limit("CCL").caps if cap.name.startswith("feed-in")]


def test_a_limit_of_feed_in_that_is_not_zero_and_a_state_that_is_not_known_are_measured() -> None:
    for multi, watts in ((ess(CURRENT=-30.0), 500), (ess(CURRENT=-30.0, STATE=None), -1)):
        made = world(multi, SET_MOST_FEED_IN=watts)
        made.run(3)
        assert made.told(SUN) == 55.0


# --- a full battery --------------------------------------------------------------------------------------------------


def test_past_a_full_battery_only_the_sun_is_fed_in() -> None:
    made = world(bms=can_bms(CCL=0.0, CURRENT=0.0))
    made.services[ALTERNATOR] = charger(50.0, 10.0)
    made.run(3)
    assert made.told(SUN) == 35.0
    assert made.told(ALTERNATOR) == 0.0
    assert made.told(MULTI, p.BOL_CHARGE_CURRENT) == 0


def test_the_alternator_has_what_the_sun_leaves_of_the_limit_itself() -> None:
    made = world()
    made.services[SUN][p.CURRENT] = 8.0
    made.services[ALTERNATOR] = charger(50.0, 30.0)
    made.run(3)
    assert made.told(ALTERNATOR) == 12.0


@pytest.mark.parametrize(
    ("said", "gave"),
    [({"ALLOW_CHARGE": 0}, {}), ({"ALLOW_CHARGE": None}, {"ALLOW_CHARGE": 1}), ({"ALLOW_CHARGE": 2}, {}),
     ({"CCL": None}, {}), ({"CCL": -5.0}, {}), ({"CCL": math.nan}, {}), ({"CVL": 99.0}, {})],
)  # fmt: skip
@pytest.mark.parametrize("ccl", [0.0, 20.0])
def test_a_refusal_is_nothing_for_everybody_at_once(said: Items, gave: Items, ccl: float) -> None:
    made = world(bms=can_bms(CCL=ccl, CURRENT=0.0, **gave))
    made.run(3)
    assert float(str(made.told(SUN))) > 30.0
    made.set(CAN_BMS, **said)
    assert made.told(SUN) == 0.0


OTHER: Items = can_bms(CCL=20.0, CVL=27.4, VOLTAGE=26.4, LOW_VOLTAGE=20.0, CURRENT=-10.0)


@pytest.mark.parametrize(
    "services",
    [
        {LYNX: lynx(CCL=0.0)},
        {LYNX: lynx(), CAN_BMS: OTHER | {p.CCL: 0.0}},
        {CAN_BMS: OTHER | {p.DEVICE_INSTANCE: 1}, LYNX: lynx(CCL=0.0)},
        {CAN_BMS: OTHER, LYNX: lynx(ALLOW_CHARGE=0)},
    ],
    ids=["alone", "another's, beside it", "its own, beside another", "a refusal"],
)
def test_where_a_lynx_is_nothing_stops_everybody(services: dict[str, Items]) -> None:
    hub = ess(CURRENT=-30.0, HUB_VOLTAGE=27.0)
    made = World({**services, MULTI: hub, SUN: charger(100.0, 40.0)}, settings=dict(FEED_IN))
    made.run(3)
    assert made.told(SUN) == 0.0


def test_a_vebus_bms_beside_it_stops_at_nothing() -> None:
    hub = with_vebus_bms() | ess(CURRENT=-30.0) | {p.BMS_TYPE: 2, p.BMS_VERSION: 1146100}
    made = world(hub, can_bms(CCL=0.0, CURRENT=0.0))
    made.run(3)
    assert made.told(SUN) == 0.0


def test_nothing_by_the_user_spares_the_battery_and_not_the_grid() -> None:
    made = world(SET_MAX_CURRENT=0)
    made.services[CAN_BMS][p.CURRENT] = 0.0
    made.run(3)
    assert made.told(SUN) == 35.0


# --- from second to second -------------------------------------------------------------------------------------------


def test_a_lower_limit_and_the_end_of_feed_in_do_not_wait() -> None:
    made = world()
    made.run(4)
    assert made.told(SUN) == 55.0
    made.set(CAN_BMS, CCL=5.0)
    assert made.told(SUN) == 40.0
    made.services[MULTI][p.CURRENT] = -12.0
    made.run(1)
    assert made.told(SUN) == 22.0
    made.set(MULTI, AC_CONNECTED=0)
    assert float(str(made.told(SUN))) <= 17.0
    made.set(MULTI, AC_CONNECTED=1)
    made.services[MULTI][p.CURRENT] = -50.0
    made.run(1)
    made.run(1)
    assert made.told(SUN) == 60.0, "and it begins again"


def test_feed_in_that_flickers_leaves_nothing_behind() -> None:
    made = world()
    made.services[MULTI][p.CURRENT] = 0.0
    for second in range(60):
        made.settings[p.SET_FEED_IN] = second % 2
        made.run(1)
        assert float(str(made.told(SUN) or 0.0)) <= 25.0


def test_pv_that_is_disabled_is_not_fed_in() -> None:
    made = world()
    made.services[p.SYSTEM] = {p.PV_DISABLE: 1}
    made.look((p.SYSTEM, p.PV_DISABLE))
    made.run(3)
    assert made.told(SUN) == 0.0


def test_the_headroom_is_taken_back_after_three_seconds_above_the_limit() -> None:
    made = world(bms=can_bms(CCL=20.0, CURRENT=20.5))
    made.run(9)
    assert made.told(SUN) == 55.0, "a tenth of the headroom is no charge above the limit"
    made.services[CAN_BMS][p.CURRENT] = 20.6
    told = []
    for _ in range(5):
        made.run(1)
        told.append(made.told(SUN))
    assert told == [55.0, 55.0, 55.0, 50.0, 50.0]
    assert "the battery was charged above its limit, and what is fed in did not grow" in made.limit("CCL").sentence
    assert "feed-in-held" not in made.findings(), "that is as it should be"
    made.services[CAN_BMS][p.CURRENT] = 20.0
    made.run(1)
    assert made.told(SUN) == 55.0


def test_whoever_measures_the_most_says_what_is_charged() -> None:
    shunt: Items = {p.DEVICE_INSTANCE: 1, p.CONNECTED: 1, p.PRODUCT_NAME: "SmartShunt", p.CONNECTION: "VE.Direct",
                    p.VOLTAGE: 52.0, p.CURRENT: 26.0}  # fmt: skip
    made = world(SET_BATTERY="com.victronenergy.battery/1")
    made.services["com.victronenergy.battery.ttyS7"] = shunt
    made.run(5)
    assert made.told(SUN) == 50.0, "the battery monitor"
    second = world()
    second.services["com.victronenergy.battery.socketcan_can2"] = can_bms(CCL=40.0, CURRENT=11.0) | {
        p.DEVICE_INSTANCE: 513
    }
    second.run(5)
    assert second.told(SUN) == 50.0, "10 A and 11 A are more than 20 A"
    wrong = world(bms=can_bms(CCL=20.0, CURRENT=-40.0))
    wrong.services[MULTI][p.CURRENT] = 0.0
    wrong.run(5)
    assert wrong.told(SUN) == 20.0, "a current of the wrong sign is one"


def seen(*looks: tuple[float, float, float]) -> list[bool]:
    """The headroom at each look: second, what leaves, by how much the battery is above its limit; 10 A of headroom."""
    memory, given = FeedIn(), []
    for now, leaves_a, over_a in looks:
        memory = watch(memory, leaves_a, 10.0, over_a, now)
        given.append(memory.given)
    return given


def test_while_what_is_fed_in_grows_the_headroom_stays_but_not_beyond_it() -> None:
    assert seen((0, 20, 4), (2, 22.5, 4), (4, 25, 4), (5, 27.4, 4), (7, 27.4, 4)) == [True, True, True, True, False]
    assert seen((0, 20, 0), (1, 20, 11), (3, 22.5, 11), (4, 25, 11)) == [True, True, True, False], "beyond it"
    assert seen((0, 20, 11), (1, 20, 9), (2, 20, 1)) == [False, False, True], "who begins with too much"
    assert seen((0, 20, 4), (3, 20, 4), (4, 22.5, 4)) == [True, False, True], "it grows after all"
    assert seen((0, 20, 1.1), (3, 20, 1.1), (4, 20, 1.0)) == [True, False, True]


def test_what_was_taken_back_twice_at_the_same_feed_in_waits() -> None:
    twice = ((0, 20, 4), (3, 20, 4), (4, 20, 0), (5, 20, 4), (8, 22.4, 4))
    assert seen(*twice, (9, 20, 0), (37.9, 20, 0), (38, 20, 0)) == [True, False, True, True, False, False, False, True]
    assert seen(*twice, (9, 20, 4), (38, 20, 4), (39, 20, 0))[-3:] == [False, False, True]
    assert seen(*twice, (9, 20, 4), (20, 22.5, 4))[-2:] == [False, False], "it waits although it grows"
    assert seen(*twice, (9, 12.4, 0), (10, 12.3, 0))[-2:] == [False, True], "a cloud: all is new after it"
    once = ((0, 20, 4), (3, 20, 4), (4, 20, 0), (5, 20, 4), (7, 22.5, 4), (10, 22.5, 4), (11, 22.5, 0))
    assert seen(*once) == [True, False, True, True, True, False, True], "it has grown since the last time"


# --- the Multi RS ----------------------------------------------------------------------------------------------------


def rs_world(system_a: Value, member_a: Value = 0.0, capacity: float = 200.0) -> World:
    parts = rs_system()
    parts[ACSYSTEM] |= {p.CURRENT: system_a, p.DISCHARGE_CAPACITY: capacity}
    parts[MULTI_RS][p.CURRENT] = member_a
    services = {CAN_BMS: can_bms(CCL=20.0, CURRENT=10.0), **parts, SUN: charger(100.0, 40.0, VOLTAGE=52.0)}
    return World(services, settings={p.SET_DVCC: 1})


@pytest.mark.parametrize(
    ("system_a", "member_a", "capacity", "told"),
    [(-30.0, 0.0, 200.0, 55.0), (30.0, -30.0, 200.0, 25.0), (None, -30.0, 200.0, 55.0), (None, None, 200.0, 20.0),
     (math.nan, None, 200.0, 20.0), (-30.0, 0.0, 32.0, 52.0), (-30.0, 0.0, 10.0, 30.0), (-30.0, 0.0, -5.0, 20.0)],
)  # fmt: skip
def test_what_a_multi_rs_takes_is_measured_at_its_battery_side(
    system_a: Value, member_a: Value, capacity: float, told: float
) -> None:
    made = rs_world(system_a, member_a, capacity)
    made.run(3)
    assert made.told(SUN) == told
    assert made.told(MULTI_RS) == 0.0


def test_a_multi_rs_without_members_that_says_no_current_is_not_known() -> None:
    made = rs_world(None)
    del made.services[MULTI_RS]
    made.run(3)
    assert made.told(SUN) == 20.0


# --- any world -------------------------------------------------------------------------------------------------------

AMPS = st.one_of(st.none(), st.floats(), st.floats(-300, 300), st.sampled_from(["", 0, -40.0]))
WORDS = st.sampled_from([None, 0, 1, 2, 5, 8, 240, 252, "x", math.nan])


@given(st.data())
def test_nobody_is_told_more_than_the_rule_in_words(data: st.DataObject) -> None:
    changes = {name: data.draw(WORDS) for name in ("STATE", "ACTIVE_INPUT", "NOT_FED_IN") if data.draw(st.booleans())}
    made = world(ess(CURRENT=data.draw(AMPS), **changes), SET_MAX_CURRENT=data.draw(st.sampled_from([-1, 0, 12.0])))
    made.services |= {SUN_2: charger(25.0, 0.0), ALTERNATOR: charger(40.0, 5.0)}
    if data.draw(st.booleans()):
        made.services |= rs_system()
    for _ in range(data.draw(st.integers(1, 6))):
        made.services[CAN_BMS] |= {p.CURRENT: data.draw(AMPS), p.CCL: data.draw(st.sampled_from([0.0, 5.0, 20.0]))}
        made.services[MULTI][p.CURRENT] = multi_a = data.draw(AMPS)
        made.settings[p.SET_FEED_IN] = data.draw(st.sampled_from([0, 1, 1, 1, None]))
        system = made.services.get(ACSYSTEM, {})
        if system:
            system[p.CURRENT] = data.draw(AMPS)
        made.run(3)
        leaves_a = sum(
            -amps for amps in (multi_a, system.get(p.CURRENT)) if isinstance(amps, int | float) and -1e9 < amps < 0
        )
        ccl = made.limit("CCL").value or 0.0
        told = {name: float(str(made.told(name) or 0.0)) for name in (SUN, SUN_2, ALTERNATOR, *(system and [MULTI_RS]))}
        own_a = 225.0 if system else 125.0
        assert sum(told.values()) <= ccl + leaves_a + max(2.0, 0.05 * own_a) + 1e-6
        assert told[ALTERNATOR] <= ccl + leaves_a + 1e-6
        assert all(
            0.0 <= amps <= float(str(made.services[name][p.CHARGE_LIMIT_SETTING])) for name, amps in told.items()
        )


def test_in_profile_vendor_the_limit_is_not_applied() -> None:
    plant = FeedingPlant(0.0, SOME_SUN, options=Options.vendor(), exports=False)
    plant.world.run(3)
    assert plant.told_a() == 200.0


# --- sensors differ, and others charge -------------------------------------------------------------------------------


def test_a_battery_that_shows_two_percent_too_much_does_not_keep_the_sun_down_after_a_thin_cloud() -> None:
    plant = FeedingPlant(100.0, SOME_SUN, offset_a=2.0)
    plant.sail(5)
    plant.shine(0.95)
    plant.sail(90)
    plant.shine(0.8)
    plant.sail(30)
    plant.shine(0.95)
    assert plant.seconds_to(0.99) <= 60
    assert plant.worst_s <= 3.0


def test_a_battery_monitor_that_always_shows_a_little_too_much_does_not_keep_the_sun_down() -> None:
    plant = FeedingPlant(0.0, SOME_SUN, offset_a=2.0)
    plant.sail(5)
    plant.shine(0.9)
    assert plant.seconds_to(0.95) <= 60 + AGAIN_S
    plant.shine(0.18)
    plant.sail(30)
    plant.shine(0.9)
    assert plant.seconds_to(0.95) <= 60
    held = FeedingPlant(0.0, SOME_SUN, offset_a=2.0, exports=False)
    held.sail(5)
    held.shine(0.9)
    held.sail(300)
    assert held.charged_as / 300 < 0.2 * held.headroom_a, "and where nothing is fed in it is tried rarely"
    assert held.worst_s <= 3.0


def test_a_little_too_much_that_stays_is_asked_again_and_far_too_much_is_not() -> None:
    assert seen((0, 20, 4), (3, 20, 4), (33, 20, 4), (33.1, 20, 4), (36.1, 20, 4)) == [True, False, False, True, False]
    assert seen((0, 20, 4), (3, 20, 4), (34, 20, 11))[-1:] == [False]
    assert seen((0, 20, 4), (3, 20, 4), (5, 9.9, 4), (8, 9.9, 4)) == [True, False, True, False], "after a cloud"
    assert seen((0, 20, 4), (3, 20, 4), (5, 9.9, 11))[-1:] == [False]


def test_a_multi_rs_takes_what_the_battery_shows_as_too_much() -> None:
    made = rs_world(-30.0)
    made.services[SUN][p.CURRENT] = 49.0
    made.services[CAN_BMS][p.CURRENT] = 22.0
    made.run(1)
    assert made.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 32.0, "the sun shows 49 A, and 22 A + 30 A is more"
    made.services[CAN_BMS][p.CURRENT] = 90.0
    made.run(1)
    assert made.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 35.0, "a headroom more at most"
    made.services[SUN][p.CURRENT] = 31.0
    made.run(1)
    assert made.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 31.0, "and only what the sun makes"
    made.services[CAN_BMS][p.CURRENT] = 14.9
    made.run(1)
    assert made.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 11.0, "far below the limit the chargers are asked"


@pytest.mark.parametrize(("ccl", "told"), [(60.0, 55.0), (10.0, 0.0), (0.0, 0.0)])
def test_an_ac_charger_has_its_part_before_the_alternator(ccl: float, told: float) -> None:
    made = world(ess(CURRENT=-10.0), can_bms(CCL=ccl, CURRENT=0.0))
    made.services[SUN] = charger(300.0, 0.0, VOLTAGE=52.0)
    made.services[ALTERNATOR] = charger(100.0, 60.0)
    made.services["com.victronenergy.charger.ttyUSB2"] = {p.CURRENT: 5.0 if ccl == 60.0 else 15.0}
    made.run(6)
    assert made.told(ALTERNATOR) == pytest.approx(told)


def test_an_alternator_that_cannot_be_told_has_its_part_before_the_other() -> None:
    made = world(ess(CURRENT=-10.0), can_bms(CCL=60.0, CURRENT=0.0))
    made.services[SUN] = charger(300.0, 0.0, VOLTAGE=52.0)
    made.services[ALTERNATOR] = charger(100.0, 60.0)
    made.services["com.victronenergy.alternator.ttyUSB2"] = charger(100.0, 20.0, CHARGE_LIMIT_SETTING=None)
    made.run(6)
    assert made.told(ALTERNATOR) == pytest.approx(40.0)


def test_past_a_full_battery_the_sun_serves_the_metered_dc_loads_and_nobody_else_does() -> None:
    made = world(ess(CURRENT=-10.0), can_bms(CCL=0.0, CURRENT=-30.0))
    made.services[SUN][p.CURRENT] = 0.0
    made.services[ALTERNATOR] = charger(50.0, 0.0)
    made.services["com.victronenergy.dcsystem.ttyUSB3"] = {p.VOLTAGE: 52.0, p.POWER: 1040.0}
    made.run(120)
    assert made.told(SUN) == pytest.approx(35.0, abs=0.2), "20 + 10 + 5 % of 100"
    assert made.told(ALTERNATOR) == 0.0
    assert made.told(MULTI, p.BOL_CHARGE_CURRENT) == 0
    assert "For the chargers 20 A that the metered DC loads take are added" in made.limit("charger", SUN).sentence
    made.set(CAN_BMS, ALLOW_CHARGE=0)
    assert made.told(SUN) == 0.0


@pytest.mark.parametrize(("ac_a", "told"), [(0.0, 10.0), (5.0, 7.5), (30.0, 0.0)])
def test_chargers_set_apart_are_not_told_the_limit_each(ac_a: float, told: float) -> None:
    made = world(ess(CURRENT=0.0), can_bms(CCL=20.0, CURRENT=0.0))
    made.services |= {SUN_2: charger(100.0, 40.0), "com.victronenergy.charger.ttyUSB2": {p.CURRENT: ac_a}}
    made.snapshot = lambda: Snapshot(made.services, made.settings, apart={SUN: 40.0, SUN_2: 40.0})
    made.run(6)
    assert (made.told(SUN), made.told(SUN_2)) == (told, told)
