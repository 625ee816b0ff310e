"""One bound over everything that charges: the sum told is at most the limit, and nobody sits on what others can use."""

from __future__ import annotations

import random

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import ALTERNATOR, CAN_BMS, MULTI, SUN, SUN_2, Items, World, can_bms, charger, multi

SECOND = "com.victronenergy.vebus.ttyUSB1"
AC_CHARGER = "com.victronenergy.charger.ttyUSB2"
SHORE: dict[str, Value] = {"AC_CONNECTED": 1, "ACTIVE_INPUT": 0}


class Boat(World):
    """Devices make what they are told, as far as the sun, the engine or AC allow (A)."""

    def sail(self, seconds: int, **most_a: float) -> None:
        """`most_a`: what sun, second sun, alternator, Multi and second Multi could make."""
        names = {"sun": SUN, "sun_2": SUN_2, "alternator": ALTERNATOR, "multi": MULTI, "second": SECOND}
        able = {names[who]: current for who, current in most_a.items()}
        for _ in range(seconds):
            for name, current in able.items():
                path = p.BOL_CHARGE_CURRENT if ".vebus." in name else p.CHARGE_CURRENT
                told = self.services[name].get(path)
                made = current if not isinstance(told, int | float) else min(current, told)
                self.services[name][p.CURRENT] = made
            self.run(1)
            self.check()

    def check(self) -> None:
        """The sum told never passes what untold ones leave of CCL, and 0.1 A for each charger."""
        left = self.limit("CCL").value
        assert left is not None
        told = {
            write.service: float(str(write.value))
            for write in self.writes
            if write.path in (p.CHARGE_CURRENT, p.BOL_CHARGE_CURRENT)
        }
        assert all(abs(amps * 10 - round(amps * 10)) < 1e-6 for amps in told.values()), "steps of 0.1 A"
        for name, items in self.services.items():
            if ".battery." not in name and name not in told:
                left -= max(float(str(items.get(p.CURRENT) or 0.0)), 0.0)
        assert not told or sum(told.values()) <= max(left, 0.0) + 0.1 * len(told) + 1e-6, told

    def amps(self, service: str) -> float:
        """What it is told."""
        return float(str(self.told(service, p.BOL_CHARGE_CURRENT if ".vebus." in service else p.CHARGE_CURRENT)))


def boat(all_multis: int = 0, **others: Items) -> Boat:
    names = {"alternator": ALTERNATOR, "sun_2": SUN_2, "second": SECOND, "ac": AC_CHARGER}
    services = {CAN_BMS: can_bms(CCL=100.0), MULTI: multi(**SHORE), SUN: charger(100.0, 0.0)}
    services |= {names[name]: items for name, items in others.items()}
    return Boat(services, settings={p.SET_DVCC: 1, p.SET_ALL_MULTIS: all_multis})


@pytest.mark.parametrize("state", [0, 3, 252])
def test_at_night_the_multi_gets_nearly_all(state: int) -> None:
    world = boat(sun_2=charger(60.0, 0.0, STATE=state))
    world.services[SUN][p.STATE] = state
    world.sail(60, sun=0.0, sun_2=0.0, multi=0.0)
    assert world.amps(MULTI) >= 90.0
    assert world.amps(SUN) > 0, "it may wake up"


def test_when_the_sun_rises_shares_move_within_two_rounds() -> None:
    world = boat()
    world.sail(60, sun=0.0, multi=200.0)
    before = world.amps(SUN)
    world.sail(6, sun=100.0, multi=200.0)
    assert world.amps(SUN) >= 2 * before
    world.sail(24, sun=100.0, multi=200.0)
    assert world.amps(SUN) == 100.0
    assert world.amps(MULTI) == 0.0


def test_a_cloud_gives_the_multi_what_the_sun_leaves_and_takes_it_back() -> None:
    world = boat()
    world.sail(60, sun=100.0, multi=200.0)
    assert world.amps(SUN) == 100.0
    world.sail(20, sun=20.0, multi=200.0)
    assert world.amps(MULTI) >= 65.0
    world.sail(20, sun=100.0, multi=200.0)
    assert world.amps(SUN) == 100.0


def test_a_generator_that_starts_is_used_and_one_that_stops_leaves_all_to_the_sun() -> None:
    world = boat()
    world.set(MULTI, ACTIVE_INPUT=240)
    world.sail(30, sun=5.0, multi=0.0)
    assert world.amps(SUN) == 100.0
    world.set(MULTI, ACTIVE_INPUT=1)
    world.sail(6, sun=5.0, multi=200.0)
    assert world.amps(MULTI) >= 80.0
    world.set(MULTI, ACTIVE_INPUT=240)
    world.sail(6, sun=5.0, multi=0.0)
    assert world.amps(SUN) == 100.0


def test_shares_stand_still_while_nothing_changes() -> None:
    world = boat(sun_2=charger(60.0, 0.0), alternator=charger(60.0, 0.0))
    world.sail(60, sun=25.0, sun_2=8.0, alternator=12.0, multi=200.0)
    before = [world.amps(name) for name in (SUN, SUN_2, ALTERNATOR, MULTI)]
    for _ in range(10):
        world.sail(3, sun=25.0, sun_2=8.0, alternator=12.0, multi=200.0)
        after = [world.amps(name) for name in (SUN, SUN_2, ALTERNATOR, MULTI)]
        assert after == pytest.approx(before, abs=1.1)


def test_several_multis_share_the_rest_and_one_that_is_not_told_counts_with_what_it_makes() -> None:
    world = boat(1, second=multi(**SHORE))
    world.sail(60, sun=0.0, multi=200.0, second=20.0)
    assert world.amps(MULTI) + world.amps(SECOND) >= 88.0
    assert world.amps(MULTI) >= 60.0, "the other cannot use its half"
    world.set(SECOND, ACTIVE_INPUT=240)
    world.sail(9, sun=0.0, multi=200.0, second=0.0)
    assert (world.amps(MULTI), world.amps(SECOND)) == (90.0, 0.0)
    alone = boat(0, second=multi(**SHORE))
    alone.services[SECOND][p.CURRENT] = 40.0
    alone.sail(30, sun=0.0, multi=200.0)
    assert 50.0 <= alone.amps(MULTI) <= 60.0


def test_an_ac_charger_counts_with_what_it_makes() -> None:
    world = boat(ac={p.CURRENT: 30.0})
    world.sail(30, sun=0.0, multi=200.0)
    assert 60.0 <= world.amps(MULTI) <= 70.0
    world.services[AC_CHARGER][p.CURRENT] = 130.0
    world.sail(3, sun=0.0, multi=200.0)
    assert (world.amps(MULTI), world.amps(SUN)) == (0.0, 0.0)


def test_without_a_bms_the_multis_own_setting_is_lowered_before_the_sun_is_raised() -> None:
    services = {MULTI: multi(**SHORE, CURRENT=60.0), SUN: charger(100.0, 0.0)}
    world = World(services, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60})
    world.run(3)
    assert (world.told(SUN), world.told(MULTI, p.MULTI_CHARGE_CURRENT)) == (0.0, 54)
    world.services[MULTI][p.CURRENT] = 54.0
    world.run(3)
    assert world.told(SUN) == 6.0


def test_with_feed_in_alternator_and_multi_share_what_the_sun_does_not_make() -> None:
    """All three together have the limit and the headroom: the Multi leaves the room in which the sun grows."""
    ess = multi(**SHORE, ASSISTANT=5, HUB_VOLTAGE=55.0)
    services = {CAN_BMS: can_bms(CCL=100.0), MULTI: ess, SUN: charger(100.0, 20.0), ALTERNATOR: charger(100.0, 0.0)}
    world = World(services, settings={p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    world.run(9)
    told = [float(str(world.told(name))) for name in (SUN, ALTERNATOR)]
    told.append(float(str(world.told(MULTI, p.BOL_CHARGE_CURRENT))))
    assert told[0] >= 25.0
    assert told[2] >= 60.0
    assert 99.0 <= sum(told) <= 105.0


@pytest.mark.parametrize("seed", range(40))
def test_the_sum_never_passes_the_limit_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    world = boat(
        chance.randint(0, 1),
        sun_2=charger(60.0, 0.0, STATE=chance.choice([0, 3])),
        alternator=charger(80.0, 0.0),
        second=multi(**SHORE),
        ac={p.CURRENT: chance.choice([0.0, 10.0])},
    )
    for _ in range(12):
        if chance.random() < 0.4:
            world.set(CAN_BMS, CCL=chance.choice([0.0, 5.0, 20.0, 100.0, 300.0]))
        if chance.random() < 0.4:
            world.set(MULTI, ACTIVE_INPUT=chance.choice([0, 1, 240]))
        who = ("sun", "sun_2", "alternator", "multi", "second")
        world.sail(chance.randint(1, 7), **{one: chance.choice([0.0, 3.0, 40.0, 150.0]) for one in who})


def test_in_profile_vendor_each_is_bound_by_itself() -> None:
    services = {CAN_BMS: can_bms(CCL=100.0), MULTI: multi(**SHORE), SUN: charger(100.0, 2.0)}
    world = World(services, Options.vendor())
    world.run(30)
    assert (world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (100.0, 98)
