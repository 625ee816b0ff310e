"""Corners of the last gate: exact bounds, long times, odd words, and what a sum must not count."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.gate.allowed import class_of, may_send
from gxbridge.core.gate.gx_settings import user_limits
from gxbridge.core.gate.raw_words import RawWords, finite
from gxbridge.core.gate.voltages import low_voltage, plausible
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup
from tests.core.gate.boat import (
    ALTERNATOR,
    BATTERY,
    BOL,
    BOL_CURRENT,
    BOL_DISCHARGE,
    CURRENT,
    FEED_IN,
    LYNX,
    MULTI,
    NO_LYNX,
    OTHER,
    RS,
    SETUP,
    SUN,
    SUN_2,
    TOTAL,
    VOLTAGE,
    Gate,
    Items,
    battery,
    charger,
    feeding,
    multi,
    on_can,
    rs,
    wants,
)

HELD = "held back"
LOW = BOL + "BatteryLowVoltage"
OWN_SETTING = "/Dc/0/MaxChargeCurrent"


def amps(gate: Gate) -> Value:
    """What a charger may be told, once what it was told before is forgotten."""
    gate.now += 61
    return gate.one(SUN, CURRENT, 50)


def feed_in(**services: Items) -> Gate:
    """20 A, of which a Multi takes 12 A out again to feed them in."""
    gate = Gate({BATTERY: battery(NO_LYNX, ccl=20.0), SUN: charger(60.0), MULTI: feeding(-12.0), **services})
    gate.more["settings"] = FEED_IN
    return gate


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_register_is_written_with_its_size_and_from_its_lowest_number_on() -> None:
    assert may_send(0x1000, b"\x01\x00")
    assert not may_send(0x1000, b"\x01\x00\x00")
    assert not may_send(0xEDEF, b"\x0b")
    assert may_send(0x010C, b"")
    for register in (0x010B, 0x010D):
        assert not may_send(register, b"\x05")
        assert not may_send(register, b"")


def test_a_class_is_one_of_the_vendor_s_names() -> None:
    assert class_of("com.victronenergy.solarcharger.ttyO2") == "solarcharger"
    assert class_of("au.victronenergy.solarcharger.ttyO2") == ""
    assert class_of("com.victronenergy") == ""


def test_no_value_is_one_only_where_the_device_shows_it_as_not_known() -> None:
    gate = Gate()
    for path in ("/Link/VoltageSense", VOLTAGE, "/Link/NetworkMode"):
        assert gate.one(SUN, path, None) == HELD
        assert gate.rules()[-1] == "not a number of its kind"


@pytest.mark.parametrize(("value", "known"), [(999999999.5, 999999999.5), (1e9, None), (-1e9, None), (True, None)])
def test_a_number_that_can_be_one_is_below_a_billion(value: float, known: float | None) -> None:
    assert finite(value) == known


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_what_was_told_and_what_was_broken_is_forgotten_however_late_it_is_looked_at() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), SUN_2: charger(makes_a=0.0)})
    gate.told((SUN_2, CURRENT, 51))
    assert len(gate.memory.findings) == 1
    gate.now += 1001  # a clock that started at 1000
    assert gate.one(SUN, CURRENT, 50) == 50
    assert gate.memory.findings == ()


def test_only_a_charge_current_that_was_told_counts_as_one() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger(), MULTI: multi()})
    gate.passes((MULTI, BOL_DISCHARGE, 50.0), (MULTI, LOW, 21.0), (MULTI, OWN_SETTING, 70.0))
    assert gate.one(SUN, CURRENT, 50) == 50


# --- currents together ------------------------------------------------------------------------------------------------


def test_what_the_sun_makes_untold_takes_nothing_from_the_part_of_the_others() -> None:
    gate = feed_in(**{ALTERNATOR: charger(90.0, 0.0)})
    gate.services[SUN]["/Dc/0/Current"] = 1.0
    assert gate.one(ALTERNATOR, CURRENT, 90) == pytest.approx(20 + 12 + 0.1)
    gate.services["com.victronenergy.charger.x"] = {"/Dc/0/Current": 2.0}
    gate.now += 61
    assert gate.one(ALTERNATOR, CURRENT, 90) == pytest.approx(20 + 12 + 0.1 - 2)


def test_who_is_told_nothing_takes_nothing() -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(0.0), SUN_2: charger()})
    for asked in (0, 50):
        assert gate.told((SUN, CURRENT, asked), (SUN_2, CURRENT, 50)) == [0, pytest.approx(20.2)]
    gate.services[SUN] = charger()
    assert gate.told((SUN, CURRENT, 0), (SUN_2, CURRENT, 50)) == [0, pytest.approx(20.2)], "it asks for none"


def test_a_charger_of_our_own_network_counts() -> None:
    gate = Gate({BATTERY: battery(ccl=60.0), SUN: charger()})
    gate.services[ALTERNATOR] = charger(100.0, 35.0, **{"/N2kDeviceInstance": 0})
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(25.1)


def test_with_a_bms_a_multi_counts_with_what_it_makes_whatever_its_own_setting_is() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(100.0), MULTI: multi(50.0, **{OWN_SETTING: 9.0})})
    assert gate.one(SUN, CURRENT, 100) == pytest.approx(50.1)


def test_the_own_setting_of_a_multi_may_serve_dc_loads_too() -> None:
    gate = Gate({BATTERY: battery(ccl=40.0), MULTI: multi(**{OWN_SETTING: None})})
    gate.services["com.victronenergy.dcsystem.x"] = {"/Dc/0/Power": 261.0, "/Dc/0/Voltage": 26.1}
    assert gate.one(MULTI, OWN_SETTING, 71) == pytest.approx(50.0)


def test_a_meter_that_does_not_know_its_power_counts_as_nothing() -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(90.0), MULTI: multi(-5.0, **{"/Connected": 2})})
    gate.services["com.victronenergy.dcsystem.x"] = {"/Dc/0/Power": 264.0, "/Dc/0/Voltage": 26.4}
    gate.services["com.victronenergy.dcsystem.y"] = {"/Dc/0/Power": None, "/Dc/0/Voltage": 26.4}
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20 + 264 / 26.1 + 0.1)


def test_a_load_is_measured_at_a_voltage_down_to_four_fifths_of_the_battery_s() -> None:
    gate = Gate({BATTERY: battery(ccl=20.0, cvl=30.0, **{"/Dc/0/Voltage": 30.0}), SUN: charger(90.0)})
    meter: Items = {"/Dc/0/Power": 240.0, "/Dc/0/Voltage": 24.0}
    gate.services["com.victronenergy.dcsystem.x"] = meter
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20 + 10 + 0.1)
    meter["/Dc/0/Voltage"] = 23.9
    assert gate.one(SUN, CURRENT, 90) == pytest.approx(20 + 8 + 0.1)


# --- feed-in ----------------------------------------------------------------------------------------------------------


def test_while_nothing_may_charge_no_time_runs_for_a_battery_that_takes_too_much() -> None:
    gate = feed_in()
    gate.services[BATTERY] |= {"/Dc/0/Current": 40.0, "/Io/AllowToCharge": 0}
    assert gate.one(SUN, CURRENT, 60) == 0
    gate.now += 4.0
    gate.services[BATTERY]["/Io/AllowToCharge"] = 1
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1)


@pytest.mark.parametrize(("later_s", "leaves"), [(3.0, 35.1), (3.02, 32.1), (1001.0, 32.1)])
def test_a_battery_may_take_too_much_for_three_seconds(later_s: float, leaves: float) -> None:
    gate = feed_in()
    gate.services[BATTERY]["/Dc/0/Current"] = 40.0
    gate.one(SUN, CURRENT, 60)
    gate.now += later_s
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(leaves)


def test_a_charger_without_a_limit_of_its_own_adds_nothing_to_the_headroom() -> None:
    gate = feed_in(**{SUN_2: charger(None, 0.0)})
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(35.1)


@pytest.mark.parametrize("full", [LYNX, NO_LYNX])
def test_past_two_full_batteries_the_sun_is_fed_in_only_where_neither_is_a_lynx(full: int) -> None:
    gate = feed_in(**{OTHER: battery(full, 2, ccl=0.0)})
    gate.services[BATTERY]["/Info/MaxChargeCurrent"] = 0.0
    assert (gate.one(SUN, CURRENT, 60) == 0) is (full == LYNX)
    gate.told((ALTERNATOR, CURRENT, 1))
    gate.services[ALTERNATOR] = charger()
    assert gate.told((ALTERNATOR, CURRENT, 1)) == [0]
    assert gate.rules()[-1] == f"{BATTERY} gives no charge limits, or 0 A", "the first one"


def test_one_vebus_bms_among_several_multis_ends_feed_in_past_a_full_battery() -> None:
    gate = feed_in(**{f"{MULTI}1": multi(**{"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1})})
    gate.services[BATTERY]["/Info/MaxChargeCurrent"] = 0.0
    assert gate.one(SUN, CURRENT, 60) == 0


@pytest.mark.parametrize(
    ("paths", "settings", "feeds"),
    [
        ({"/Ac/ActiveIn/Connected": 2}, {}, False),
        ({}, {"/Settings/CGwacs/OvervoltageFeedIn": 2}, False),
        ({}, {SETUP + "AcInput1": 3}, True),
        ({"/Connected": 2}, {}, False),
    ],
)
def test_odd_words_about_feed_in(paths: dict[str, Value], settings: dict[str, Value], feeds: bool) -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(50.0), MULTI: feeding(**paths)})
    gate.more["settings"] = FEED_IN | settings
    assert gate.one(SUN, CURRENT, 50) == pytest.approx(22.6 if feeds else 20.1)


@pytest.mark.parametrize(
    ("path", "value", "leaves"),
    [
        ("/DeviceInstance", -1, 20.1),
        ("/DeviceInstance", 1, 20.1),
        ("/Ac/NoFeedInReason", -1, 20.1),
        ("/Ac/NoFeedInReason", 1, 20.1),
        ("/Ess/BatteryDischargeCapacity", -5.0, 20.1),
        ("/Ess/BatteryDischargeCapacity", 0.5, 20.6),
        ("/DeviceInstance", 0, 20 + 4 + 3 + 0.1),
    ],
)
def test_a_system_of_rs_feeds_in_by_what_it_says(path: str, value: Value, leaves: float) -> None:
    system: Items = {"/DeviceInstance": 0, "/Ac/NoFeedInReason": 0, "/Ess/BatteryDischargeCapacity": 30.0, path: value}
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(60.0), "com.victronenergy.acsystem.x": system})
    gate.services |= {RS: rs(**{"/Dc/0/Current": -4.0}), f"{RS}1": rs(**{"/Dc/0/Current": 0.0})}
    assert gate.one(SUN, CURRENT, 60) == pytest.approx(leaves)


# --- voltages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "nominal", "highest"),
    [
        ([32.0], 24.0, 32.0),
        ([32.1], 24.0, None),
        ([64.0], None, 64.0),
        ([64.1], None, None),
        ([17.2], 13.0, 17.2),
        ([20.0, None, 22.0, 21.0, 33.0], 24.0, 22.0),
        ([], 24.0, None),
    ],
)
def test_the_highest_low_voltage_that_is_one(
    limits: list[float | None], nominal: float | None, highest: float | None
) -> None:
    assert low_voltage(limits, nominal) == highest


@pytest.mark.parametrize(
    ("volts", "nominal", "fits"),
    [
        (20.0, 24.0, True),
        (19.9, 24.0, False),
        (32.0, 24.0, True),
        (32.5, 24.0, False),
        (10.5, 13.0, False),
        (17.2, 13.0, True),
        (10.0, None, True),
        (9.9, None, False),
        (16.0, None, True),
        (17.0, None, False),
        (64.0, None, True),
    ],
)
def test_a_charge_voltage_within_the_window(volts: float, nominal: float | None, fits: bool) -> None:
    assert plausible(volts, nominal) is fits


@pytest.mark.parametrize(("volts", "is_one"), [(0.05, False), (0.0995, False), (0.1, True), (1.0, True)])
def test_a_user_s_voltage_limit_begins_at_a_tenth_of_a_volt(volts: float, is_one: bool) -> None:
    words = RawWords({}, settings={SETUP + "MaxChargeVoltage": volts, SETUP + "MaxChargeCurrent": 0})
    assert user_limits(words, (None, None), Setup()) == ((0, volts), (0, volts if is_one else None))


@pytest.mark.parametrize(("measured", "leaves"), [(8.0, 0), (7.99, 50), (7.95, 50)])
def test_what_is_below_eight_volts_is_no_voltage_of_the_dc_bus(measured: float, leaves: int) -> None:
    gate = Gate({BATTERY: battery(nominal=None, **{"/Dc/0/Voltage": measured}), SUN: charger()})
    assert amps(gate) == leaves


@pytest.mark.parametrize(("later_s", "leaves"), [(0.0, 10), (20.0, 10), (59.9, 10), (60.0, 0), (61.0, 0), (1021.0, 0)])
def test_after_a_minute_of_another_voltage_it_is_another_nominal_one(later_s: float, leaves: int) -> None:
    gate = Gate({BATTERY: battery(nominal=None), SUN: charger()})
    gate.passes()
    gate.services[BATTERY]["/Dc/0/Voltage"] = 13.2
    assert gate.one(SUN, CURRENT, 10) == 10
    gate.now += later_s
    assert gate.one(SUN, CURRENT, 10) == leaves


def test_the_nominal_voltage_is_that_of_the_bms_in_control() -> None:
    other = battery(NO_LYNX, 2, nominal=None, **{"/Dc/0/Voltage": 13.0})
    for first in (True, False):
        own = battery(NO_LYNX, nominal=None)
        pair = {BATTERY: own, OTHER: other} if first else {OTHER: other, BATTERY: own}
        assert amps(Gate({**pair, SUN: charger()})) == 50


def test_of_several_rs_the_highest_set_point_and_the_highest_offset_count() -> None:
    point, more = "/Link/ChargeVoltageSetpoint", "/Link/ChargeVoltageSolarOffset"
    pair: dict[str, Items] = {RS: rs(**{point: 27.0, more: 0.1}), f"{RS}1": rs(**{point: 27.1, more: 0.3})}
    gate = Gate({SUN: charger(), **pair})
    assert gate.one(SUN, VOLTAGE, 29) == pytest.approx(27.4)
    gate.services[BATTERY] = battery(cvl=27.0)
    assert gate.one(SUN, VOLTAGE, 29) == pytest.approx(27.3)


def test_a_hub_voltage_of_next_to_nothing_is_what_it_is() -> None:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi(**{"/Hub/ChargeVoltage": 0.5})})
    assert gate.one(SUN, VOLTAGE, 27) == 0.5


def test_a_sense_voltage_is_near_one_of_two_yardsticks_and_the_bounds_count() -> None:
    gate = Gate({BATTERY: battery(**{"/Dc/0/Voltage": 16.0}), SUN: charger(), MULTI: multi()})
    assert gate.one(SUN, "/Link/VoltageSense", 26.1) == 26.1, "near the limit, though the battery measures 16 V"
    high = battery(nominal=48, cvl=48.0, **{"/Dc/0/Voltage": 48.0})
    gate = Gate({BATTERY: high, SUN: charger(), MULTI: multi(**{"/Dc/0/Voltage": 60.0})})
    assert gate.one(SUN, "/Link/VoltageSense", 60.0) == 60.0
    gate.services[MULTI]["/Dc/0/Voltage"] = 61.0
    assert gate.one(SUN, "/Link/VoltageSense", 61.0) == HELD
    assert gate.rules() == ["far from the battery's voltage"]
    full = battery(nominal=48, cvl=60.0, **{"/Dc/0/Voltage": 60.0})
    gate = Gate({BATTERY: full, SUN: charger(), MULTI: multi(**{"/Dc/0/Voltage": 42.0})})
    assert gate.one(SUN, "/Link/VoltageSense", 42.0) == 42.0


# --- BMSes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("product", "leaves"), [(0xA3E2, 50), (0xA3E4, 0), (0xA3E7, 0), (0xA3E8, 50)])
def test_which_products_always_give_their_permission(product: int, leaves: int) -> None:
    assert amps(Gate({BATTERY: battery(product, charge=None), SUN: charger()})) == leaves


@pytest.mark.parametrize(("product", "stops"), [(0xA3E3, True), (0xA381, False), (0xA3E2, False), (0xB014, False)])
def test_the_vendor_s_total_is_known_by_its_product_alone(product: int, stops: bool) -> None:
    gate = Gate({BATTERY: battery(product, charge=None, discharge=None), SUN: charger()})
    assert (amps(gate) == 0) is stops, "no member allows it"


@pytest.mark.parametrize(("cvl", "own"), [(16.0, 24.0), (20.0, 12.0), (32.0, 48.0), (10.0, 24.0)])
def test_the_nominal_voltage_by_the_window_of_a_charge_voltage(cvl: float, own: float) -> None:
    limited = battery(NO_LYNX, 2, cvl=cvl, ccl=1.0, nominal=None)
    mine = battery(NO_LYNX, nominal=own, cvl=own * 1.15, **{"/Dc/0/Voltage": own * 1.1})
    assert amps(Gate({BATTERY: mine, OTHER: limited, SUN: charger()})) == 50


def test_a_serial_is_the_last_word_of_it() -> None:
    gate = Gate({BATTERY: battery(**{"/Serial": "0000007 HQ1"}), SUN: charger()})
    gate.passes()
    gate.services = {OTHER: battery(**{"/Serial": "0000007 HQ2"}), SUN: charger()}
    assert amps(gate) == 0


def test_a_permission_to_discharge_is_missed_by_any_mark_of_who_gave_it() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX, unique=7, discharge=1), MULTI: multi()})
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == 50
    gate.services[BATTERY] = battery(NO_LYNX, unique=7, discharge=None, **{"/Serial": "HQ1"})
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == HELD


def test_of_two_low_voltages_of_one_battery_the_higher_counts() -> None:
    gate = Gate({BATTERY: battery(unique=7), MULTI: multi()})
    gate.more["batteries"] = (on_can(7, low_voltage_limit_v=22.0),)
    assert gate.one(MULTI, LOW, 25.0) == 22.0
    gate.more["batteries"] = (on_can(7),)
    assert gate.one(MULTI, LOW, 25.0) == 21.6
    gate.services[BATTERY]["/Info/BatteryLowVoltage"] = 0.5
    assert gate.one(MULTI, LOW, 25.0) == 0.5
    gate.services[BATTERY]["/Info/BatteryLowVoltage"] = None
    gate.more["batteries"] = (on_can(7, low_voltage_limit_v=22.0),)
    assert gate.one(MULTI, LOW, 21.0) == HELD, "what the service does not give CAN makes not known"


def test_one_limit_to_discharge_that_is_not_known_withholds_it() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX), OTHER: battery(NO_LYNX, 2, dcl=None), MULTI: multi()})
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == HELD


@pytest.mark.parametrize(("later_s", "leaves"), [(9.95, HELD), (25.0, 0), (1001.0, 0)])
def test_a_loss_that_is_chosen_to_stop_does_so_after_ten_seconds(later_s: float, leaves: Value) -> None:
    gate = Gate({BATTERY: battery(), MULTI: multi()}, discharge_on_loss="stop")
    gate.passes()
    gate.now += later_s
    gate.services[BATTERY]["/Io/AllowToDischarge"] = None
    assert gate.one(MULTI, BOL_DISCHARGE, 0) == leaves


def test_two_lynx_that_are_both_off_the_busbar_both_count() -> None:
    gate = Gate({BATTERY: battery(state=14), OTHER: battery(instance=2, state=14, dcl=30.0), MULTI: multi()})
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == 30


def test_the_battery_monitor_is_one_with_the_item_for_a_limit_and_first_the_total() -> None:
    off = battery(NO_LYNX, 3, **{"/Connected": 0})
    shunt = battery(NO_LYNX, 0)
    del shunt["/Info/MaxChargeVoltage"]
    gate = Gate({BATTERY: battery(NO_LYNX, 5), OTHER: off, "com.victronenergy.battery.ttyUSB0": shunt})
    gate.passes()
    assert gate.memory.watched.own.name == BATTERY  # type: ignore[union-attr]
    mute = battery(0xA3E3, 9, cvl=None)
    gate = Gate({BATTERY: battery(NO_LYNX, 5), OTHER: off, TOTAL: mute})
    gate.passes()
    assert gate.memory.watched.own.name == OTHER  # type: ignore[union-attr]


def test_an_instance_below_all_is_one_that_is_not_there() -> None:
    gate = Gate()
    gate.more["settings"] = {SETUP + "BmsInstance": -5}
    assert amps(gate) == 0
    low = Gate({BATTERY: battery(ccl=5.0), SUN: charger()})
    low.more |= {"settings": {SETUP + "BmsInstance": -300}, "permits": ("a terminal",)}
    assert amps(low) == pytest.approx(5.1), "only -255 means that no battery service limits"


# --- a bank with a total ----------------------------------------------------------------------------------------------

OURS = "com.victronenergy.battery.gxbridge_can0_uc"
"""Our own names come before the total's."""


def bank(member: Items, **more: Items) -> Gate:
    total = battery(0xA3E3, 0, charge=None, discharge=None, ccl=300.0)
    return Gate({TOTAL: total, f"{OURS}1": member | {"/N2kUniqueNumber": 1}, **more, SUN: charger(500.0)})


def test_members_and_others_count_whatever_they_are_called() -> None:
    assert bank(battery()).one(SUN, CURRENT, 300) == 300
    assert bank(battery(), **{f"{OURS}2": battery(charge=0)}).one(SUN, CURRENT, 300) == 0
    assert bank(battery(), **{f"{OURS}2": battery(NO_LYNX, 7, ccl=40.0)}).one(SUN, CURRENT, 300) == pytest.approx(40.1)


def test_a_lynx_that_does_not_belong_to_the_total_limits_by_itself() -> None:
    own = battery(NO_LYNX, 4)
    gate = bank(battery(network=0), **{BATTERY: own, OTHER: battery(instance=8, network=1, ccl=1.0)})
    gate.services[TOTAL]["/N2kDeviceInstance"] = 0
    gate.more["settings"] = {SETUP + "BmsInstance": 4}
    assert gate.one(SUN, CURRENT, 300) == pytest.approx(1.1)


def test_what_is_told_together_is_bounded_whoever_is_asked_first() -> None:
    gate = Gate({BATTERY: battery(ccl=20.0), SUN: charger(), SUN_2: charger(), MULTI: multi()})
    told = gate.told(*wants([(SUN_2, 50), (SUN, 50)]), (MULTI, BOL_CURRENT, 50.0))
    assert math.fsum(value for value in told if isinstance(value, float | int)) == pytest.approx(20.3, abs=0.11)
