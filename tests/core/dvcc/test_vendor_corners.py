"""Corners of the vendor's behaviour, each as a small scene: what the 195 scenarios do not show and variations did."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    DCDC,
    GENSET,
    LYNX,
    MULTI,
    MULTI_RS,
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
    with_vebus_bms,
)

MULTI_2 = "com.victronenergy.vebus.ttyUSB1"
DCSYSTEM = "com.victronenergy.dcsystem.ttyUSB9"
ACSYSTEM = "com.victronenergy.acsystem.can0"
SENSOR = "com.victronenergy.temperature.ttyUSB3"
SHUNT = "com.victronenergy.battery.ttyUSB4"


def vendor(services: dict[str, Items], settings: dict[str, Value] | None = None) -> World:
    return World(services, Options.vendor(), {p.SET_DVCC: 1} | (settings or {}))


def shunt() -> Items:
    return {p.DEVICE_INSTANCE: 289, p.PRODUCT_NAME: "SmartShunt", p.CONNECTION: "VE.Direct", p.CONNECTED: 1}


def test_the_low_passes_stand_still_while_dvcc_is_off() -> None:
    world = vendor({SUN: charger(50, 10), MULTI: multi(CURRENT=-10.0)}, {p.SET_DVCC: 0})
    world.services[SUN][p.CURRENT] = 30.0
    world.run(9)
    assert (world.memory.smoothed[SUN], world.memory.vebus_a) == (10.0, 0.0)


def test_a_quirk_may_raise_the_voltage_only_for_the_vendor() -> None:
    cells: dict[str, Value] = {
        "VOLTAGE": 52.0, "MIN_CELL_VOLTAGE": 3.45, "MAX_CELL_VOLTAGE": 3.5, "CVL": 52.0, "INSTALLED_CAPACITY": 100,
    }  # fmt: skip
    raised = vendor({CAN_BMS: can_bms(0xB009, **cells), SUN: charger()})
    raised.run(3)
    assert raised.told(SUN, p.CHARGE_VOLTAGE) == 52.49
    assert raised.limit("CVL").sentence == "CVL 52.49 V: what this product (Pylontech) needs."
    strict = World({CAN_BMS: can_bms(0xB009, **cells), SUN: charger()})
    strict.run(3)
    assert strict.told(SUN, p.CHARGE_VOLTAGE) == 52.0


def test_a_fifth_of_a_pelios_capacity_is_rounded_to_whole_amperes() -> None:
    world = vendor({CAN_BMS: can_bms(0xB029, CCL=1.0, INSTALLED_CAPACITY=103), SUN: charger()})
    world.run(3)
    assert world.limit("CCL").value == 21


def test_the_control_loop_rests_while_there_is_nothing_to_control_and_counts_on_afterwards() -> None:
    """Two seconds before the charger goes, and one after it is back: the third is the round."""
    world = vendor({SUN: charger(), MULTI: multi()}, {p.SET_MAX_CURRENT: 40})
    world.run(5)
    items = world.services.pop(SUN)
    world.run(2)
    assert world.memory.control is None
    world.services[SUN] = items
    world.look()
    world.run(1)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 40}


def test_a_vecan_service_alone_makes_rounds_too() -> None:
    world = vendor({VECAN: {p.NETWORK_MODE: None, p.CHARGE_VOLTAGE: None}}, {p.SET_MAX_CURRENT: 40})
    world.run(3)
    assert (world.told(VECAN, p.NETWORK_MODE), world.decision.published[p.CONTROL_DVCC]) == (5, 1)


def test_a_setting_that_is_chosen_again_holds_until_the_bms_forces_it_anew() -> None:
    """A Lynx forces shared temperature sense off; the same number is chosen again."""
    world = vendor({LYNX: lynx(), SUN: charger()}, {p.SET_STS: 1})
    world.run(12)
    assert world.told(SUN, p.TEMPERATURE_SENSE) is None
    world.look((p.SETTINGS, p.SET_STS))
    world.run(9)
    assert world.told(SUN, p.TEMPERATURE_SENSE) == 21.0
    world.set(LYNX, CVL=27.4)
    world.services[LYNX][p.TEMPERATURE] = 22.0
    world.run(9)
    assert world.told(SUN, p.TEMPERATURE_SENSE) == 21.0


def test_without_anything_to_say_a_request_to_disable_pv_neither_counts_nor_stops() -> None:
    services = {SUN: charger(), p.SYSTEM: {p.PV_DISABLE: 1}}
    world = vendor(services)
    world.look((p.SYSTEM, p.PV_DISABLE))
    world.run(30)
    assert (world.written(p.CHARGE_CURRENT), world.memory.pv_disabled_reads) == ({}, 20)
    world.settings[p.SET_MAX_CURRENT] = 40
    world.run(3)
    assert (world.told(SUN), world.memory.pv_disabled_reads) == (0, 19)


def test_pv_disabled_with_a_bms_that_stops_at_zero_is_zero_for_all_the_sun() -> None:
    services = {LYNX: lynx(CCL=30.0), SUN: charger(50, 20), SUN_2: charger(21, 20), p.SYSTEM: {p.PV_DISABLE: 1}}
    world = vendor(services)
    world.run(30)
    world.look((p.SYSTEM, p.PV_DISABLE))
    world.run(3)
    assert world.written(p.CHARGE_CURRENT) == {SUN: 0, SUN_2: 0}
    assert world.limit("charger", SUN).sentence.startswith("Charge current 0 A: its share of 0 A. PV is disabled by")


def test_vecan_is_in_external_control_only_with_a_limit_whatever_pv_does() -> None:
    rs = charger(40, 0, IS_INVERTER_CHARGER=1, N2K_INSTANCE=0, SETPOINT=54.0, SOLAR_OFFSET=0.1)
    services = {MULTI_RS: rs, VECAN: {p.NETWORK_MODE: None}, p.SYSTEM: {p.PV_DISABLE: 1}}
    world = vendor(services)
    world.look((p.SYSTEM, p.PV_DISABLE))
    world.run(3)
    assert (world.told(VECAN, p.NETWORK_MODE), world.told(MULTI_RS, p.NETWORK_MODE), world.told(MULTI_RS)) == (1, 5, 0)


def test_a_user_limit_of_zero_is_not_raised_by_what_the_multi_takes() -> None:
    services = {LYNX: lynx(), ALTERNATOR: charger(40, 0), MULTI: multi(CURRENT=-30.0)}
    world = vendor(services, {p.SET_MAX_CURRENT: 0})
    world.run(30)
    assert world.told(ALTERNATOR) == 0


def test_chargers_that_make_all_they_can_are_told_nothing_new() -> None:
    services = {CAN_BMS: can_bms(CCL=20.0), SUN: charger(35.5, 35.5), SUN_2: charger(10.5, 10.5)}
    world = vendor(services)
    world.run(3)
    assert world.written(p.CHARGE_CURRENT) == {}
    assert world.limit("charger", SUN).sentence == (
        "Charge current none: it keeps what it was told, because all chargers together make all they can."
    )


def test_a_genset_that_takes_a_voltage_has_its_part_of_what_the_sun_leaves() -> None:
    genset = charger(60, 0) | {p.CHARGE_VOLTAGE: None}
    world = vendor({CAN_BMS: can_bms(CCL=30.0), ALTERNATOR: charger(40, 0), GENSET: genset})
    world.run(3)
    assert world.told(ALTERNATOR) == 12


def test_a_feeding_rs_system_is_told_its_discharge_even_where_nothing_else_charges() -> None:
    system: Items = {
        p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: 40.0, p.DISCHARGE_SETPOINT: None,
    }  # fmt: skip
    world = vendor({CAN_BMS: can_bms(CCL=30.0), ACSYSTEM: system})
    world.run(3)
    assert world.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 0
    world.services[SUN] = charger(60, 60)
    world.run(6)
    assert world.told(ACSYSTEM, p.DISCHARGE_SETPOINT) == 30, "what it makes, above the limit"


def test_a_limit_lifts_the_multis_own_current_only_while_it_is_connected() -> None:
    world = vendor({CAN_BMS: can_bms(CCL=90.0), MULTI: multi(CONNECTED=0)})
    world.run(3)
    assert p.MULTI_CHARGE_CURRENT not in {write.path for write in world.writes}
    assert world.told(MULTI, p.BOL_CHARGE_CURRENT) == 90
    assert world.decision.published[p.VEBUS_SERVICE] is None
    world.services[MULTI][p.CONNECTED] = 1
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 90}
    assert world.decision.published[p.VEBUS_SERVICE] == MULTI


def test_no_limit_is_said_anew_to_a_multi_that_was_away() -> None:
    world = vendor({SUN: charger(), MULTI: multi()})
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {}
    world.services[MULTI][p.CONNECTED] = 0
    world.run(3)
    world.services[MULTI][p.CONNECTED] = 1
    world.run(3)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}


def test_secondary_systems_get_a_quick_voltage_and_never_an_unknown_discharge_limit() -> None:
    services = {LYNX: lynx(DCL=None), MULTI: multi(), MULTI_2: multi(MK_CONNECTION="/dev/ttyUSB1")}
    world = vendor(services, {p.SET_ALL_MULTIS: 1})
    world.run(3)
    assert world.written(p.BOL_DISCHARGE_CURRENT) == {MULTI: None}
    world.set(LYNX, CVL=27.0)
    assert world.written(p.BOL_CHARGE_VOLTAGE) == {MULTI: 27.0, MULTI_2: 27.0}


@pytest.mark.parametrize(
    ("known", "told"),
    [(lynx(), {SUN: 27.3, MULTI_RS: 27.3}), (can_bms(CVL=27.4), {})],
    ids=["quick", "of the ordinary kind"],
)
def test_when_a_charge_voltage_ends_the_chargers_of_a_quick_bms_follow_the_inverter_charger(
    known: Items, told: dict[str, float]
) -> None:
    rs = charger(40, 0, IS_INVERTER_CHARGER=1, N2K_INSTANCE=0, SETPOINT=27.2, SOLAR_OFFSET=0.1)
    world = vendor({LYNX: known, SUN: charger(), MULTI_RS: rs})
    world.run(3)
    world.set(LYNX, CVL=None)
    assert world.written(p.CHARGE_VOLTAGE) == told


def test_the_network_mode_tells_of_a_vebus_bms_only_where_one_is() -> None:
    world = vendor({MULTI: with_vebus_bms(BMS_TYPE=0), SUN: charger()}, {p.SET_MAX_CURRENT: 40})
    world.run(3)
    assert world.told(SUN, p.NETWORK_MODE) == 5
    world.services[MULTI][p.BMS_TYPE] = 2
    world.run(3)
    assert world.told(SUN, p.NETWORK_MODE) == 13


def test_a_battery_that_is_chosen_is_the_monitor_even_while_it_is_not_connected() -> None:
    services = {CAN_BMS: can_bms(CONNECTED=0), SUN: charger()}
    assert vendor(services).decision.published[p.BATTERY_SERVICE] is None
    chosen = vendor(services, {p.SET_BATTERY: "com.victronenergy.battery/512"})
    assert chosen.decision.published[p.BATTERY_SERVICE] == CAN_BMS


def test_inverter_chargers_share_in_the_order_in_which_they_appeared() -> None:
    """The rounding error of 0.05 A goes to the next one."""
    rs = charger(30, 0, IS_INVERTER_CHARGER=1, YIELD_POWER=0.0)
    services = {RS: dict(rs), "com.victronenergy.multi.can0": dict(rs), SUN: charger(30, 0)}
    world = vendor({CAN_BMS: can_bms(CCL=10.0)} | services)
    world.run(3)
    assert [world.told(name) for name in (SUN, RS, "com.victronenergy.multi.can0")] == [3.3, 3.4, 3.3]


def test_a_sensor_on_the_battery_may_be_chosen() -> None:
    choice: dict[str, Value] = {p.SET_TEMPERATURE: "com.victronenergy.temperature/24/Temperature"}
    sensor: Items = {p.DEVICE_INSTANCE: 24, p.SENSOR_TYPE: 0, "/Temperature": 7.5}
    world = vendor({CAN_BMS: can_bms(TEMPERATURE=18.0), SUN: charger(), SENSOR: sensor}, choice)
    world.run(12)
    assert world.told(SUN, p.TEMPERATURE_SENSE) == 7.5
    sensor[p.SENSOR_TYPE] = 1
    world.services[SUN][p.TEMPERATURE_SENSE] = None
    world.run(9)
    assert world.told(SUN, p.TEMPERATURE_SENSE) is None, "a fridge is no battery"


def test_only_chargers_that_were_told_a_network_mode_get_a_temperature() -> None:
    world = vendor({CAN_BMS: can_bms(CVL=None, CCL=None, TEMPERATURE=18.0), SUN: charger()})
    world.run(12)
    assert (world.told(SUN, p.TEMPERATURE_SENSE), world.decision.published[p.CONTROL_TEMPERATURE_SENSE]) == (None, 0)
    world.services[SUN][p.NETWORK_MODE] = 1
    del world.services[SUN][p.TEMPERATURE_SENSE]
    world.run(9)
    assert world.decision.published[p.CONTROL_TEMPERATURE_SENSE] == 1, "asked, though it has no such path"


def test_a_current_is_shared_without_a_voltage_and_a_voltage_outlives_its_source_on_vecan() -> None:
    world = vendor({CAN_BMS: can_bms(CVL=None, CCL=None, VOLTAGE=None, CURRENT=-7.0), SUN: charger()})
    world.run(3)
    assert world.told(SUN, p.BATTERY_CURRENT) == -7.0
    rs = charger(30, 0, IS_INVERTER_CHARGER=1, CONNECTION="VE.Can", VOLTAGE=52.5)
    alone = vendor({RS: rs, VECAN: {p.VOLTAGE_SENSE: None}})
    alone.run(5)
    assert alone.told(VECAN, p.VOLTAGE_SENSE) is None, "it tells VE.Can by itself"
    del alone.services[RS]
    alone.run(1)
    assert alone.told(VECAN, p.VOLTAGE_SENSE) == 52.5, "as shown, and nobody else tells it now"


def test_dc_loads_count_as_shown_and_their_low_pass_rests_while_they_do_not_count() -> None:
    meter = charger() | {p.POWER: 520.0}
    world = vendor({CAN_BMS: can_bms(CCL=0.0, CVL=56.0), DCSYSTEM: meter, SUN: charger()})
    world.run(30)
    assert world.memory.dc_loads_a == 0.0
    world.services[CAN_BMS][p.CCL] = 50.0
    world.run(3)
    assert world.memory.dc_loads_a == pytest.approx(10 * 0.31416, abs=1e-3)


def test_a_setting_that_a_bms_forces_is_forced_again_when_any_battery_comes_or_goes() -> None:
    """The user turns DVCC off beside a Lynx; then a shunt appears, and leaves again."""
    world = vendor({LYNX: lynx(), SUN: charger()})
    for change in ("comes", "goes"):
        world.settings[p.SET_DVCC] = 0
        world.look((p.SETTINGS, p.SET_DVCC))
        world.run(3)
        assert world.decision.published[p.CONTROL_DVCC] == 0
        if change == "comes":
            world.services[SHUNT] = shunt()
        else:
            del world.services[SHUNT]
        world.look()
        world.run(3)
        assert world.decision.published[p.CONTROL_DVCC] == 1, change


def test_a_setting_that_a_bms_forces_is_forced_again_when_a_monitor_or_a_bms_is_chosen() -> None:
    world = vendor({LYNX: lynx(), SHUNT: shunt(), SUN: charger()})
    for path, value in ((p.SET_BMS_INSTANCE, -1), (p.SET_BATTERY, "com.victronenergy.battery/289")):
        world.settings[p.SET_DVCC] = 0
        world.look((p.SETTINGS, p.SET_DVCC))
        world.run(3)
        assert world.decision.published[p.CONTROL_DVCC] == 0
        world.settings[path] = value
        world.look((p.SETTINGS, path))
        world.run(3)
        assert world.decision.published[p.CONTROL_DVCC] == 1, path


def test_batteries_that_are_there_at_the_start_force_their_settings_one_after_the_other() -> None:
    """The Lynx appears first and forces shared temperature off; the one in control takes only the force away."""
    services = {LYNX: lynx(), CAN_BMS: can_bms(DEVICE_INSTANCE=1, TEMPERATURE=18.0), SUN: charger()}
    world = vendor(services)
    world.run(12)
    assert (world.memory.bms, world.told(SUN, p.TEMPERATURE_SENSE)) == ((CAN_BMS, 0), None)
    strict = World({name: dict(items) for name, items in services.items()})
    strict.run(12)
    assert strict.told(SUN, p.TEMPERATURE_SENSE) == 18.0, "chosen once"


def test_the_control_loop_outlives_the_last_battery_until_something_else_leaves() -> None:
    world = vendor({LYNX: lynx(), MULTI: multi(), SENSOR: {}})
    world.run(3)
    del world.services[LYNX]
    world.run(3)
    shown = world.decision.published
    assert (shown[p.CONTROL_EFFECTIVE_VOLTAGE], shown[p.CONTROL_BMS_PARAMETERS]) == (None, 0)
    assert world.written(p.MULTI_CHARGE_CURRENT) == {MULTI: 10000}
    del world.services[SENSOR]
    world.look()
    assert world.memory.control is None
    world.services[DCSYSTEM] = {}
    world.look()
    assert world.memory.control is None, "nothing to control"
    world.services[LYNX] = lynx()
    world.look()
    assert world.memory.control is not None


def test_the_battery_monitor_is_chosen_when_something_happens_and_not_at_every_look() -> None:
    """A Multi without battery tracks what the sun makes; then it says no external current any more."""
    world = vendor({MULTI: multi(EXTRA_CURRENT=3.0), SUN: charger(), DCSYSTEM: {p.CONNECTED: 1, p.POWER: 100.0}})
    assert world.decision.published[p.BATTERY_SERVICE] == MULTI, "a DC system does not count"
    world.set(MULTI, EXTRA_CURRENT=None)
    world.run(3)
    assert world.decision.published[p.BATTERY_SERVICE] == MULTI
    for service, path in ((p.SETTINGS, p.SET_AC_INPUT_1), (MULTI, p.STATE), (SUN, p.CUSTOM_NAME)):
        world.services[MULTI][p.EXTRA_CURRENT] = 3.0
        world.look((p.SETTINGS, p.SET_AC_INPUT_1))
        assert world.decision.published[p.BATTERY_SERVICE] == MULTI
        world.services[MULTI][p.EXTRA_CURRENT] = None
        world.look((SUN, p.STATE))
        assert world.decision.published[p.BATTERY_SERVICE] == MULTI
        world.look((service, path))
        assert world.decision.published[p.BATTERY_SERVICE] is None, path
    strict = World({MULTI: multi(EXTRA_CURRENT=3.0), SUN: charger()})
    strict.set(MULTI, EXTRA_CURRENT=None)
    assert strict.decision.published[p.BATTERY_SERVICE] is None


def test_a_multi_rs_system_is_the_battery_monitor_only_where_it_is_chosen() -> None:
    system: Items = {
        p.DEVICE_INSTANCE: 0,
        p.CONNECTED: 1,
        p.PRODUCT_NAME: "RS system",
        p.CONNECTION: "VE.Can",
        p.SOC: 70,
    }
    assert vendor({ACSYSTEM: system}).decision.published[p.BATTERY_SERVICE] is None
    chosen = vendor({ACSYSTEM: system}, {p.SET_BATTERY: "com.victronenergy.acsystem/0"})
    assert chosen.decision.published[p.BATTERY_SERVICE] == ACSYSTEM


def test_what_arrives_shortly_before_a_round_does_not_bring_it_forward() -> None:
    world = vendor({SUN: charger(), MULTI: multi()}, {p.SET_MAX_CURRENT: 40})
    world.run(2)
    world.now, world.writes = 2.95, []
    world.look((SUN, p.STATE))
    assert world.writes == []
    world.look()
    assert world.written(p.CHARGE_CURRENT) == {SUN: 40}, "the clock of the caller may be early"


@pytest.mark.parametrize(("ccl", "told"), [(12.55, 12.6), (0.05, 0.1), (7.0, 7.0)])
def test_a_limit_above_zero_is_rounded_to_a_tenth_of_an_ampere_with_loads_or_without(ccl: float, told: float) -> None:
    world = vendor({CAN_BMS: can_bms(CCL=ccl), ALTERNATOR: charger(50, 0)})
    world.run(3)
    assert world.told(ALTERNATOR) == pytest.approx(told)
    strict = World({CAN_BMS: can_bms(CCL=ccl), ALTERNATOR: charger(50, 0)})
    strict.run(3)
    assert float(strict.told(ALTERNATOR) or 0) <= ccl, "never above the limit"


def test_no_multi_is_told_a_voltage_below_zero() -> None:
    services = {LYNX: lynx(CVL=-1.0), SUN: charger(), MULTI: multi(), MULTI_2: multi(MK_CONNECTION="/dev/ttyUSB1")}
    world = vendor(services, {p.SET_ALL_MULTIS: 1})
    world.run(3)
    assert (world.written(p.BOL_CHARGE_VOLTAGE), world.told(SUN, p.CHARGE_VOLTAGE)) == ({MULTI: 0, MULTI_2: 0}, -1.0)
    world.set(LYNX, CVL=-2.0)
    assert world.written(p.BOL_CHARGE_VOLTAGE) == {MULTI: 0, MULTI_2: 0}


def test_a_firmware_that_was_new_enough_once_is_so_until_the_charger_leaves() -> None:
    world = vendor({SUN: charger(FIRMWARE=0x102FF)})
    world.run(3)
    world.services[SUN][p.FIRMWARE] = 0x0F
    world.run(3)
    assert world.decision.published[p.ALARM_FIRMWARE] == 0
    items = world.services.pop(SUN)
    world.look()
    world.services[SUN] = items
    world.run(6)
    assert world.decision.published[p.ALARM_FIRMWARE] == 1
    world.services[SUN][p.FIRMWARE] = None
    world.run(3)
    world.services[SUN][p.FIRMWARE] = 0x0F
    world.run(3)
    assert world.decision.published[p.ALARM_FIRMWARE] == 1, "an unknown one proves nothing"


def test_a_dcdc_charger_begins_no_control_loop() -> None:
    assert vendor({DCDC: charger()}).memory.control is None
    assert World({DCDC: charger()}).memory.control is not None
