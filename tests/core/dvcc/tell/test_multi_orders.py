"""What is left for the Multi."""

from __future__ import annotations

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from tests.core.dvcc.world import LYNX, MULTI, SUN, World, charger, lynx, multi


def test_in_profile_vendor_a_charger_that_is_set_apart_counts_with_the_most_of_it() -> None:
    world = World({LYNX: lynx(CCL=60.0), SUN: charger(50.0, 10.0), MULTI: multi()}, Options.vendor())
    world.snapshot = lambda: Snapshot(world.services, world.settings, "C003", {}, world.options, apart={SUN: 30.0})
    world.run(3)
    alone = World({LYNX: lynx(CCL=60.0), SUN: charger(50.0, 10.0), MULTI: multi()}, Options.vendor())
    alone.run(3)
    told = [one.told(MULTI, p.BOL_CHARGE_CURRENT) for one in (world, alone)]
    assert told == [30, 50]


def test_a_setting_of_the_multi_that_makes_no_sense_is_told_as_no_limit() -> None:
    for shows, options, told in (
        (70.0, Options(), 70.0),
        (65535.0, Options(), 10000.0),
        (65535.0, Options.vendor(), 65535.0),
    ):
        world = World({LYNX: lynx(CCL=60.0), MULTI: multi(MULTI_CHARGE_CURRENT=shows)}, options)
        world.run(3)
        assert world.told(MULTI, p.MULTI_CHARGE_CURRENT) == told


def test_what_is_said_beyond_any_current_is_no_limit() -> None:
    said = lynx(CCL=65535.0, DCL=65535.0)
    world = World({LYNX: said, MULTI: multi()})
    world.run(3)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 10000
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 10000
    alone = World(
        {MULTI: multi(MULTI_CHARGE_CURRENT=70.0, CONNECTED=1), SUN: charger()},
        settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 65535},
    )
    alone.run(3)
    assert alone.told(MULTI, p.MULTI_CHARGE_CURRENT) == 9950, "beside a charger of 50 A"


def test_what_one_may_hold_that_left_a_port_is_left_to_it_by_all() -> None:
    there = {LYNX: lynx(CCL=100.0), SUN: charger(90.0, 10.0), MULTI: multi()}
    world = World(there)
    gone = "com.victronenergy.solarcharger.socketcan_can0_vi0_uc1"
    world.snapshot = lambda: Snapshot(world.services, world.settings, "C003", {}, world.options, gone={gone: 64.0})
    world.run(3)
    told = [world.told(SUN, p.CHARGE_CURRENT), world.told(MULTI, p.BOL_CHARGE_CURRENT)]
    assert all(isinstance(amps, int | float) and amps <= 36.0 for amps in told)
    assert sum(amps for amps in told if isinstance(amps, int | float)) <= 36.0
    assert gone in world.limit("charger", SUN).sentence
