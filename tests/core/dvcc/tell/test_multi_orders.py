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
