"""What may not be believed: charge voltages that do not fit the battery, and numbers that are none."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.dvcc.read.devices.plausible import implausible, nominal_voltage, sane, window
from gxbridge.core.dvcc.read.numbers import least, number, text
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, SUN, World, can_bms, charger, lynx, multi


@pytest.mark.parametrize(("nominal", "low", "high"), [(12, 10, 16), (24, 20, 32), (48, 40, 64)])
def test_the_windows(nominal: float, low: float, high: float) -> None:
    assert window(nominal) == (nominal, low, high)
    for good in (low, nominal, high):
        assert implausible(good, nominal) is None
        assert implausible(good, None) is None
    for bad in (low - 0.01, high + 0.01, 0.0, -nominal):
        assert implausible(bad, nominal) == window(nominal)


def test_without_a_nominal_voltage_any_window_will_do() -> None:
    assert [value for value in (9.9, 14, 18, 28, 36, 57, 65) if implausible(value, None) is None] == [14, 28, 57]
    assert implausible(9.9, None) == window(12), "the first of them is named"


def test_the_window_of_an_odd_nominal_voltage() -> None:
    assert window(50) == (50, pytest.approx(41.6667, abs=1e-4), pytest.approx(66.6667, abs=1e-4))


@pytest.mark.parametrize(
    ("options", "items", "measured", "nominal"),
    [
        (Options(nominal_voltage_v=12), {p.NOMINAL_VOLTAGE: 24, p.VOLTAGE: 52.0}, 52.0, 12),
        (Options(), {p.NOMINAL_VOLTAGE: 24, p.VOLTAGE: 52.0}, 52.0, 24),
        (Options(), {p.NOMINAL_VOLTAGE: 0, p.VOLTAGE: 17.9}, 52.0, 12),
        (Options(), {p.NOMINAL_VOLTAGE: -24, p.VOLTAGE: 17.9}, 52.0, 12),
        (Options(), {p.NOMINAL_VOLTAGE: 1, p.VOLTAGE: 17.9}, 52.0, 1),
        (Options(), {p.NOMINAL_VOLTAGE: None, p.VOLTAGE: 18.0}, None, 24),
        (Options(), {p.VOLTAGE: 35.9}, None, 24),
        (Options(), {p.VOLTAGE: 36.0}, None, 48),
        (Options(), {}, 13.0, 12),
        (Options(), {p.VOLTAGE: 0.0}, 13.0, 12),
        (Options(), {p.VOLTAGE: None}, None, None),
    ],
)
def test_the_nominal_voltage_is_configured_else_the_batterys_own_else_the_class_of_what_is_measured(
    options: Options, items: dict[str, Value], measured: float | None, nominal: float | None
) -> None:
    assert nominal_voltage(read_bms(LYNX, items), options, measured) == nominal
    assert items or nominal_voltage(None, options, measured) == nominal


def test_a_refused_voltage_is_a_finding_stops_the_charge_at_once_and_has_no_fall_back() -> None:
    world = World({LYNX: lynx(), SUN: charger(), MULTI: multi(HUB_VOLTAGE=27.0)})
    world.run(4)
    world.set(LYNX, CVL=57.0)
    assert (world.told(SUN), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)
    assert not world.written(p.CHARGE_VOLTAGE)
    assert not world.written(p.BOL_CHARGE_VOLTAGE)
    assert world.findings() == {"cvl-refused"}
    assert world.limit("CVL").sentence == (
        "CVL none: 57 V is no charge voltage for a 24 V battery (20 V to 32 V): refused, and no charging is granted."
    )
    assert world.limit("CCL").sentence.startswith("CCL 0 A: 57 V is no charge voltage")
    assert world.told(MULTI, p.BOL_DISCHARGE_CURRENT) == 1200, "discharging goes on"
    world.set(LYNX, CVL=27.0)
    world.run(3)
    assert (world.told(SUN), world.told(SUN, p.CHARGE_VOLTAGE)) == (50, 27.0)


def test_a_voltage_that_the_multi_asks_for_must_fit_too() -> None:
    for services in ({LYNX: lynx()}, {}):
        user = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 30}
        world = World(services | {SUN: charger(), MULTI: multi(HUB_VOLTAGE=27.0)}, settings=user)
        world.run(3)
        assert (world.told(SUN), world.told(SUN, p.CHARGE_VOLTAGE)) == (30, 27.0)
        world.services[MULTI][p.HUB_VOLTAGE] = 1.0
        if services:
            world.set(LYNX, CVL=27.4)
            assert not world.written(p.CHARGE_VOLTAGE)
        world.run(3)
        assert world.told(SUN) == 0
        assert not world.written(p.CHARGE_VOLTAGE)
        assert world.findings() == {"led-refused"}
        assert world.limit("CCL").caps[0].name == "led-refused"
    free = World({SUN: charger(), MULTI: multi(HUB_VOLTAGE=90.0)}, Options.strict(voltage_window=False))
    free.run(3)
    assert free.told(SUN, p.CHARGE_VOLTAGE) == 90.0


def test_a_user_limit_outside_the_window_is_refused_too() -> None:
    world = World({LYNX: lynx(), SUN: charger()}, settings={p.SET_DVCC: 1, p.SET_MAX_VOLTAGE: 13.8})
    world.run(3)
    assert (world.told(SUN), world.told(SUN, p.CHARGE_VOLTAGE)) == (0, None)


def test_a_voltage_below_zero_is_refused_by_the_window_or_else_unknown() -> None:
    for options, finding in ((Options.strict(), "cvl-refused"), (Options.strict(voltage_window=False), "cvl-unknown")):
        world = World({LYNX: lynx(CVL=-27.0, CURRENT=0.0), SUN: charger()}, options)
        world.run(12)
        assert (world.findings(), world.told(SUN)) == ({finding}, 0)


def test_a_charge_voltage_that_is_no_number_is_none_so_this_is_no_bms_yet() -> None:
    world = World({LYNX: lynx(CVL=math.nan), SUN: charger()})
    world.run(3)
    assert world.decision.bms_state == "none"


def test_a_lynx_that_has_not_said_its_charge_voltage_yet_allows_nothing() -> None:
    world = World(
        {LYNX: lynx(CVL=None, CURRENT=0.0), SUN: charger(), MULTI: multi()},
        settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60},
    )
    world.run(3)
    assert (world.told(SUN), world.told(SUN, p.CHARGE_VOLTAGE), world.told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, None, 0)
    assert world.limit("CCL").sentence == (
        "CCL 0 A: the Lynx Smart BMS NG gives no valid charge voltage limit, so no charging is granted. Next: "
        "user limit 60 A."
    )
    assert world.findings() == set(), "it may still say so"
    world.run(9)
    assert world.findings() == {"cvl-unknown"}
    world.services[LYNX][p.CVL] = 27.4
    world.run(3)
    assert (world.told(SUN), world.decision.bms_state) == (50, "live")
    for settings, told in (
        ({p.SET_BMS_INSTANCE: -255}, 50),
        ({p.SET_BMS_INSTANCE: 7}, 0),
        ({p.SET_BMS_INSTANCE: 100}, 0),
    ):
        user = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60} | settings
        chosen = World({LYNX: lynx(CVL=None), SUN: charger()}, settings=user)
        chosen.run(3)
        assert chosen.told(SUN) == told
    ordinary = World({CAN_BMS: can_bms(CVL=None), SUN: charger()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60})
    ordinary.run(3)
    assert ordinary.told(SUN) == 0, "it gives limits, and has said none"
    no_bms = can_bms()
    for path in (p.CVL, p.CCL, p.DCL):
        del no_bms[path]
    monitor = World({CAN_BMS: no_bms, SUN: charger()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 60})
    monitor.run(3)
    assert monitor.told(SUN) == 50


def test_reading_numbers_and_texts() -> None:
    items: dict[str, Value] = {"a": 1, "b": 2.5, "c": None, "d": "7", "e": math.nan, "f": math.inf, "g": -2e9}
    assert [number(items, path) for path in "abcdefgh"] == [1, 2.5, None, None, None, None, None, None]
    bounds: dict[str, Value] = {"a": 1e9, "b": -1e9, "c": 999999999.5, "d": -999999999.5}
    assert [number(bounds, path) for path in "abcd"] == [None, None, 999999999.5, -999999999.5]
    assert [text(items, path) for path in "adh"] == ["", "7", ""]
    assert (least(), least(None), least(3, None, 2)) == (None, None, 2)


def test_a_limit_below_zero_is_unknown_where_that_guard_is_on() -> None:
    assert [sane(value, Options.strict()) for value in (-0.1, 0, None, 10000, 65535.0)] == [None, 0, None, 10000, 10000]
    assert [sane(value, Options.vendor()) for value in (-0.1, 65535.0)] == [-0.1, 65535.0]
