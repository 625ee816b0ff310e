"""Every difference between the profiles is one switch, and each switch has a test with it on and off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import SWITCHES, Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Stop
from tests.core.dvcc.world import (
    CAN_BMS,
    DCDC,
    LYNX,
    MULTI,
    SUN,
    SUN_2,
    World,
    can_bms,
    charger,
    lynx,
    multi,
    with_vebus_bms,
)

Rule = Callable[[Options], object]
CASES: dict[str, tuple[Rule, object, object]] = {}
"""Switch -> what it does, with the answer when it is on and when it is off."""


def rule(on: object, off: object) -> Callable[[Rule], Rule]:
    """Register a case under the function's name."""

    def register(function: Rule) -> Rule:
        CASES[function.__name__] = (function, on, off)
        return function

    return register


@rule(on=0, off=50)
def unknown_permission_stops(options: Options) -> object:
    world = World({MULTI: with_vebus_bms(BMS_ALLOW_CHARGE=None, BMS_VERSION=1145100), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN)


@rule(on=(0, 0), off=(50, 1200))
def battery_permission_counts(options: Options) -> object:
    world = World({LYNX: lynx(ALLOW_CHARGE=0, ALLOW_DISCHARGE=0), MULTI: multi(), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN), world.told(MULTI, p.BOL_DISCHARGE_CURRENT)


@rule(on=(0, False), off=(50, True))
def unknown_limit_stops(options: Options) -> object:
    world = World({CAN_BMS: can_bms(CCL=None, DCL=None), MULTI: multi(), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN), MULTI in world.written(p.BOL_DISCHARGE_CURRENT)


@rule(on=20, off=50)
def vebus_bms_never_lifts(options: Options) -> object:
    world = World({CAN_BMS: can_bms(CCL=20.0), MULTI: with_vebus_bms(), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN)


@rule(on=(30, 52.0, 20), off=(None, None, 50))
def dcdc_obeys(options: Options) -> object:
    """A charger between two batteries, which makes the 30 A of its own setting, beside a Multi."""
    services = {CAN_BMS: can_bms(CCL=50.0), DCDC: charger(30, 30), MULTI: multi()}
    world = World(services, options)
    world.run(3)
    return world.told(DCDC), world.told(DCDC, p.VOLTAGE_SENSE), world.told(MULTI, p.BOL_CHARGE_CURRENT)


@rule(on=0, off=8)
def stop_means_zero(options: Options) -> object:
    """A BMS of the ordinary kind says 0 A, and the Multi takes 8 A out of the battery."""
    world = World({CAN_BMS: can_bms(CCL=0.0), MULTI: multi(CURRENT=-8.0), SUN: charger()}, options)
    world.run(60)
    return round(float(world.told(SUN) or 0))


@rule(on=1, off=25)
def quirks_never_raise(options: Options) -> object:
    bms = can_bms(0xB009, CVL=53.0, CCL=1.0, INSTALLED_CAPACITY=100)
    world = World({CAN_BMS: bms, SUN: charger()}, options)
    world.run(3)
    return world.told(SUN)


@rule(on=(None, 0), off=(99, 50))
def voltage_window(options: Options) -> object:
    world = World({LYNX: lynx(CVL=99.0), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN, p.CHARGE_VOLTAGE), world.told(SUN)


@rule(on=False, off=True)
def clean_limits(options: Options) -> object:
    """A discharge limit below 0 is no discharge limit of 0 but nonsense: it is not renewed."""
    world = World({CAN_BMS: can_bms(DCL=-5.0), MULTI: multi()}, options)
    world.run(3)
    return world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 0


@rule(on=(15.5, 0), off=(16, 6))
def strict_sharing(options: Options) -> object:
    """15.5 A for one solar charger that makes 10 A and a Multi without AC: at most the limit together, or more."""
    world = World({LYNX: lynx(CCL=15.5), MULTI: multi(), SUN: charger(50, 10)}, options)
    world.run(3)
    return world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)


@rule(on=62.5, off=90)
def feed_in_obeys_ccl(options: Options) -> object:
    """20 A for the battery, 38 A that leave, and 5 % of 90 A."""
    ess = multi(ASSISTANT=5, ACTIVE_INPUT=0, CURRENT=-38.0)
    world = World({LYNX: lynx(CCL=20.0), MULTI: ess, SUN: charger(90)}, options, {p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    world.run(3)
    return world.told(SUN)


@rule(on=(13, None), off=(13, 13))
def own_network_only(options: Options) -> object:
    """The second charger is on another battery."""
    world = World({LYNX: lynx(), SUN: charger(N2K_INSTANCE=0), SUN_2: charger(N2K_INSTANCE=1)}, options)
    world.run(3)
    return world.told(SUN, p.NETWORK_MODE), world.told(SUN_2, p.NETWORK_MODE)


@rule(on=20, off=50)
def early_lowering(options: Options) -> object:
    world = World({LYNX: lynx(CCL=50.0), SUN: charger()}, options)
    world.run(3)
    world.set(LYNX, CCL=20.0)
    return world.told(SUN)


@rule(on=70, off=10000)
def no_unlimited_reset(options: Options) -> object:
    world = World({MULTI: multi(), SUN: charger()}, options)
    world.run(3)
    return world.told(MULTI, p.MULTI_CHARGE_CURRENT)


@rule(on=None, off=50)
def no_legacy(options: Options) -> object:
    world = World({CAN_BMS: can_bms(), SUN: charger(NETWORK_MODE=1)}, options, {p.SET_DVCC: 0})
    world.run(3)
    return world.told(SUN)


@rule(on=(None, None), off=(5.2, 655.35))
def measurements_checked(options: Options) -> object:
    settings: dict[str, Value] = {p.SET_DVCC: 1, p.SET_SVS: 1}
    world = World(
        {CAN_BMS: can_bms(VOLTAGE=5.2, LOW_VOLTAGE=655.35), MULTI: multi(), SUN: charger()}, options, settings
    )
    world.run(6)
    return world.told(SUN, p.VOLTAGE_SENSE), world.told(MULTI, p.BOL_LOW_VOLTAGE)


@rule(on=0, off=50)
def other_bms_stops(options: Options) -> object:
    world = World({LYNX: lynx(), SUN: charger()}, options)
    stop = Stop("wired terminals", "", 0.0, "charging is refused at the wired terminals")
    world.snapshot = lambda: Snapshot(world.services, world.settings, "C003", {}, options, (stop,), ())
    world.run(3)
    return world.told(SUN)


@rule(on=26.0, off=26.4)
def fresh_values(options: Options) -> object:
    """The battery's voltage falls half a second before it is shared."""
    world = World({LYNX: lynx(), SUN: charger()}, options)
    world.run(2)
    world.services[LYNX][p.VOLTAGE] = 26.0
    world.run(1)
    return world.told(SUN, p.VOLTAGE_SENSE)


@rule(on=None, off=26.4)
def contactor_guard(options: Options) -> object:
    world = World({LYNX: lynx(STATE=14), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN, p.VOLTAGE_SENSE)


@rule(on=0, off=50)
def every_bms_limits(options: Options) -> object:
    """The Lynx in control allows; another BMS of the same nominal voltage refuses."""
    world = World({LYNX: lynx(), CAN_BMS: can_bms(CVL=28.0, ALLOW_CHARGE=0), SUN: charger()}, options)
    world.run(3)
    return world.told(SUN)


@rule(on=0, off=50)
def loss_stops_first(options: Options) -> object:
    world = World({LYNX: lynx(), SUN: charger()}, options)
    world.run(3)
    del world.services[LYNX]
    world.run(3)
    return world.told(SUN)


def test_every_switch_is_a_field_that_the_profiles_set() -> None:
    names = [switch.name for switch in SWITCHES]
    flags = {field.name for field in fields(Options) if field.type == "bool"}
    assert flags - {"switch_alternators"} == set(names) == set(CASES), "a key of its own is no part of a profile"
    assert all(getattr(Options.strict(), name) for name in names)
    assert not any(getattr(Options.vendor(), name) for name in names)
    assert (Options.of("vendor").profile, Options.of("strict").profile) == ("vendor", "strict")
    assert Options.of("vendor", clean_limits=True).clean_limits


@pytest.mark.parametrize("name", CASES)
def test_a_switch_makes_the_difference_it_says(name: str) -> None:
    function, on, off = CASES[name]
    assert function(Options.strict()) == on
    assert function(Options.strict(**{name: False})) == off


def test_unknown_permission_of_a_lynx_stops_and_of_an_ordinary_bms_that_never_said_it_does_not() -> None:
    assert World({LYNX: lynx(ALLOW_CHARGE=None), SUN: charger()}).run(3).limits[1].value == 0
    ordinary = World({CAN_BMS: can_bms(ALLOW_CHARGE=None), SUN: charger()})
    assert ordinary.run(3).limits[1].value == 100
    ordinary.set(CAN_BMS, ALLOW_CHARGE=1)
    ordinary.set(CAN_BMS, ALLOW_CHARGE=None)
    assert ordinary.limit("CCL").value == 0, "it has said it once, so not saying it is a fault"


def test_a_permission_that_is_neither_0_nor_1_is_unknown() -> None:
    world = World({CAN_BMS: can_bms(ALLOW_CHARGE=2), SUN: charger()})
    world.run(3)
    assert world.limit("CCL").caps[0].name == "charge-unknown"


def test_discharge_refused_is_zero_and_unknown_is_not_renewed() -> None:
    world = World({LYNX: lynx(), MULTI: multi()})
    world.run(3)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 1200
    world.set(LYNX, ALLOW_DISCHARGE=None)
    world.run(3)
    assert p.BOL_DISCHARGE_CURRENT not in {write.path for write in world.writes}
    assert world.limit("DCL").caps[0].name == "discharge-unknown"
    assert world.decision.multi_stops_at == 303
    world.set(LYNX, ALLOW_DISCHARGE=0, DCL=None)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 0


def test_installer_ceilings_hold_in_each_direction() -> None:
    options = Options.strict(max_charge_current_a=30.0, max_discharge_current_a=40.0, max_charge_voltage_v=27.0)
    world = World({LYNX: lynx(), MULTI: multi(), SUN: charger()}, options)
    world.run(3)
    assert [limit.value for limit in world.decision.limits[:3]] == [27.0, 30.0, 40.0]
    assert [limit.caps[0].kind for limit in world.decision.limits[:3]] == ["installer"] * 3
    assert world.told(SUN) == 30
    assert world.told(SUN, p.CHARGE_VOLTAGE) == 27.0
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 40


def test_a_lowered_limit_of_the_user_does_not_wait_either_and_a_raised_one_does() -> None:
    world = World({LYNX: lynx(), SUN: charger()})
    world.run(3)
    world.settings[p.SET_MAX_CURRENT] = 15
    world.run(1)
    assert world.told(SUN) == 15
    world.settings[p.SET_MAX_CURRENT] = 25
    world.run(1)
    assert world.told(SUN) == 15
    world.run(1)
    assert world.told(SUN) == 25


def test_a_stop_for_discharge_from_others_is_told_at_once() -> None:
    world = World({LYNX: lynx(), MULTI: multi(), SUN_2: charger()})
    world.run(3)
    stop = Stop("wired terminals", "/x", 2.0, "discharging is refused at the wired terminals")
    world.snapshot = lambda: Snapshot(world.services, world.settings, "C003", {}, world.options, (), (stop,))
    world.run(1)
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 0
    assert world.limit("DCL").sentence == (
        "DCL 0 A: discharging is refused at the wired terminals. Next: 1200 A said by the Lynx Smart BMS NG."
    )
    del world.services[LYNX]
    world.options = Options.strict(loss_stops_first=False)
    world.run(3)
    assert [c.name for c in world.limit("DCL").caps] == ["discharge-observed", "no-such-limit"]
