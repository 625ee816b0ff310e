"""A load raises the limit for as long as it is measured, and not a round longer."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, World, can_bms, charger, multi

DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB1"


def sailing(options: Options, **of_multi: Value) -> World:
    world = World(
        {CAN_BMS: can_bms(CCL=20.0), MULTI: multi(VOLTAGE=52.0, **of_multi), SUN: charger(200.0, 30.0)}, options
    )
    world.run(90)
    return world


@pytest.mark.parametrize("gone", [{"CURRENT": 0.0}, {"CURRENT": None}, {"CURRENT": 15.0}, {"CONNECTED": 0}])
def test_an_ac_load_that_has_gone_raises_nothing_any_more(gone: dict[str, Value]) -> None:
    world = sailing(Options.strict(), CURRENT=-60.0)
    assert world.told(SUN) == pytest.approx(80.0, abs=0.2)
    world.set(MULTI, **gone)
    world.run(3)
    assert world.told(SUN) == pytest.approx(20.0)


def test_a_dc_load_that_has_gone_neither() -> None:
    world = sailing(Options.strict())
    world.services[DCSYSTEM] = {"/Connected": 1, "/Dc/0/Power": 1040.0}
    world.run(90)
    assert world.told(SUN) == pytest.approx(40.0, abs=0.2)
    world.services[DCSYSTEM]["/Dc/0/Power"] = 0.0
    world.run(3)
    assert world.told(SUN) == pytest.approx(20.0)


def test_a_load_that_has_just_come_still_raises_slowly() -> None:
    world = sailing(Options.strict())
    world.set(MULTI, CURRENT=-60.0)
    world.run(3)
    assert 20.0 < float(str(world.told(SUN))) < 60.0


def test_profile_vendor_keeps_it_in_the_low_pass_as_the_vendor_does() -> None:
    world = sailing(Options.vendor(), CURRENT=-60.0)
    world.set(MULTI, CURRENT=0.0)
    world.run(3)
    assert float(str(world.told(SUN))) > 30.0


def test_a_limit_that_does_not_bind_raises_nothing_when_it_is_lowered() -> None:
    """It brings a round forward, and the low pass of the loads is stepped by time."""
    world = World(
        {CAN_BMS: can_bms(CCL=20.0), DCSYSTEM: {"/Connected": 1, "/Dc/0/Power": 5200.0}, SUN: charger(200.0, 30.0)},
        settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 300},
    )
    world.run(6)
    before = world.told(SUN)
    for limit_a in (299, 298, 297):
        world.settings[p.SET_MAX_CURRENT] = limit_a
        assert world.look().round_done
        assert world.told(SUN) == before


def test_nor_does_it_shorten_the_minute_for_which_pv_is_disabled() -> None:
    world = World(
        {CAN_BMS: can_bms(CCL=20.0), p.SYSTEM: {p.PV_DISABLE: 1}, SUN: charger(200.0, 30.0)},
        settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 300},
    )
    world.look((p.SYSTEM, p.PV_DISABLE))
    before = world.memory.pv_disabled_reads
    world.run(3)
    assert world.memory.pv_disabled_reads == before - 1
    world.settings[p.SET_MAX_CURRENT] = 299
    assert world.look().round_done
    assert world.memory.pv_disabled_reads == before - 1
