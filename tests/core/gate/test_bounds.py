"""Which BMSes count at the last gate, what stops everybody, and when 0 A of discharge may be told."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import Rule, RuledLimit
from gxbridge.core.dvcc.rules.rule_set import RuleSet
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value
from tests.core.gate.boat import (
    BATTERY,
    BOL,
    BOL_DISCHARGE,
    CURRENT,
    LYNX,
    MODE,
    MULTI,
    NO_LYNX,
    OTHER,
    SETUP,
    SUN,
    TOTAL,
    VOLTAGE,
    Gate,
    Items,
    battery,
    charger,
    multi,
    on_can,
)

HELD = "held back"
WIRE = ("a terminal",)


def amps(gate: Gate) -> Value:
    """What a charger may be told, once what it was told before is forgotten."""
    gate.now += 61
    return gate.one(SUN, CURRENT, 50)


def two(other: Items, own: Items | None = None, **setup: object) -> Gate:
    return Gate({BATTERY: battery(NO_LYNX) if own is None else own, OTHER: other, SUN: charger()}, **setup)


# --- one BMS ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [0, None, 2, "1", "no", math.nan, 1e12, -1], ids=repr)
def test_a_permission_that_is_no_or_unknown_stops_everybody(word: Value) -> None:
    gate = Gate({BATTERY: battery(charge=word), SUN: charger(), MULTI: multi()})
    assert amps(gate) == 0
    assert gate.rules() == [f"{BATTERY} does not allow charging"]
    assert gate.one(MULTI, BOL + "MaxChargeCurrent", 1) == 0


def test_what_a_bms_never_gives_is_not_missed_but_what_it_once_gave_is() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX), SUN: charger(), MULTI: multi()})
    assert amps(gate) == 50
    gate.services[BATTERY] |= {"/Io/AllowToCharge": 1}
    assert amps(gate) == 50
    gate.services[BATTERY] |= {"/Io/AllowToCharge": None}
    assert amps(gate) == 0
    assert gate.one(MULTI, BOL_DISCHARGE, 100) == 100, "it never gave a permission to discharge"
    gate.services[BATTERY] |= {"/Io/AllowToDischarge": 1}
    gate.passes()
    gate.services[BATTERY] |= {"/Io/AllowToDischarge": None}
    assert gate.one(MULTI, BOL_DISCHARGE, 100) == HELD


def test_with_more_bmses_than_it_remembers_every_one_is_expected_to_give_permissions() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX, nominal=24), SUN: charger()})
    for n in range(128):
        gate.services[f"{OTHER}_{n}"] = battery(nominal=12, unique=n)
    gate.passes()
    assert amps(gate) == 0
    assert len(gate.memory.watched.gave) == 256  # type: ignore[union-attr]
    gate.services[f"{OTHER}_0"] |= {"/Io/AllowToCharge": 0}
    gate.services[f"{OTHER}_200"] = battery(nominal=12, unique=200)
    gate.passes()
    assert gate.memory.watched.gave["uc0"] == "no"  # type: ignore[union-attr]
    assert "uc200" not in gate.memory.watched.gave  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "limits", [{"ccl": None}, {"ccl": 0}, {"ccl": -1}, {"ccl": "5"}, {"cvl": -1}, {"cvl": None}], ids=repr
)
def test_a_limit_that_is_0_or_unknown_stops_everybody(limits: dict[str, Value]) -> None:
    gate = Gate({BATTERY: battery(**limits), SUN: charger()})
    assert amps(gate) == 0
    assert gate.rules() == [f"{BATTERY} gives no charge limits, or 0 A"]


def test_of_a_bms_that_is_lost_no_other_takes_over_unless_it_is_chosen() -> None:
    gate = two(battery(NO_LYNX, 2))
    assert amps(gate) == 50
    del gate.services[BATTERY]
    assert amps(gate) == 0
    assert gate.rules() == ["the BMS in control is lost"]
    assert gate.one(SUN, VOLTAGE, 27.0) == HELD
    assert gate.one(SUN, MODE, 5) == 13
    gate.services[BATTERY] = battery(NO_LYNX, cvl=None)
    assert amps(gate) == 0
    gate.services[BATTERY] = battery(NO_LYNX)
    assert amps(gate) == 50
    del gate.services[BATTERY]
    gate.more["settings"] = {SETUP + "BmsInstance": 2}
    assert amps(gate) == 50


def test_of_several_that_live_the_one_in_control_is_chosen_anew_and_only_that_one_can_be_lost() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX, instance=5), SUN: charger()})
    assert amps(gate) == 50
    gate.services[OTHER] = battery(NO_LYNX, 2)
    assert amps(gate) == 50
    del gate.services[BATTERY]
    assert amps(gate) == 50, "the other one had the lower instance, and is there"
    del gate.services[OTHER]
    gate.services[BATTERY] = battery(NO_LYNX, instance=5)
    assert amps(gate) == 0


def test_a_member_that_was_there_before_its_total_is_not_in_control_any_more() -> None:
    gate = Gate({BATTERY: battery(instance=5, unique=5), OTHER: battery(instance=6, unique=6), SUN: charger()})
    assert amps(gate) == 50
    gate.services[TOTAL] = battery(0xA3E3, 7, charge=None, discharge=None, ccl=30.0)
    assert amps(gate) == pytest.approx(30.1)
    del gate.services[BATTERY]
    assert amps(gate) == pytest.approx(30.1), "it allowed charging when it was heard last"


def test_neither_another_bank_nor_a_virtual_copy_is_in_control_beside_a_bms() -> None:
    for other, more in (({}, {"other_banks": {"0"}}), ({"/Mgmt/Connection": "Virtual"}, {})):
        gate = two(battery(NO_LYNX, 0, ccl=1.0, **other))
        gate.more |= more
        assert amps(gate) == 50
        del gate.services[OTHER]
        assert amps(gate) == 50
        gate.services[OTHER] = battery(NO_LYNX, 0, ccl=1.0, **other)
        del gate.services[BATTERY]
        assert amps(gate) == 0
        assert gate.rules() == ["the BMS in control is lost"]


def test_a_chosen_bms_whose_instance_is_another_s_is_lost() -> None:
    gate = Gate({BATTERY: battery(NO_LYNX), SUN: charger()})
    gate.more["settings"] = {SETUP + "BmsInstance": 1}
    assert amps(gate) == 50
    gate.services[BATTERY]["/DeviceInstance"] = 3
    assert amps(gate) == 0


def test_the_same_battery_under_another_name_is_not_lost() -> None:
    for marks in ({"unique": 7}, {"/Serial": "0000007 HQ1"}):
        gate = Gate({BATTERY: battery(**marks), SUN: charger()})
        assert amps(gate) == 50
        del gate.services[BATTERY]
        gate.services[OTHER] = battery(instance=9, **marks)
        assert amps(gate) == 50


def test_of_two_names_for_one_battery_the_known_one_leads() -> None:
    gate = Gate({OTHER: battery(instance=9, unique=7), BATTERY: battery(unique=7), SUN: charger()})
    gate.passes()
    gate.passes()
    assert gate.memory.watched.own.name == BATTERY  # type: ignore[union-attr]


def test_a_bms_that_has_not_spoken_is_waited_for() -> None:
    hub = multi(**{"/Hub/ChargeVoltage": 27.6})
    gate = Gate({BATTERY: battery(NO_LYNX, cvl=None), SUN: charger(), MULTI: hub})
    assert amps(gate) == 0
    assert gate.rules() == ["the BMS has not said its limits"]
    assert gate.one(SUN, VOLTAGE, 27.0) == HELD
    del gate.services[BATTERY]["/Info/MaxChargeVoltage"]
    assert amps(gate) == 50, "a mere battery monitor"
    gate.services[BATTERY] = battery(NO_LYNX, cvl=None)
    gate.more["settings"] = {SETUP + "BmsInstance": 5}
    assert amps(gate) == 0
    assert gate.rules() == ["the BMS that the settings choose is not there"]
    gate.services[BATTERY] = battery(NO_LYNX)
    assert amps(gate) == 0, "another one does not speak for it"
    gate.services[BATTERY] = battery(NO_LYNX, cvl=None)
    gate.more["settings"] = {SETUP + "BmsInstance": -255}
    assert amps(gate) == 50


def test_where_a_charger_remembers_a_bms_one_must_have_spoken() -> None:
    gate = Gate({SUN: charger(**{"/Settings/BmsPresent": 1}), MULTI: multi()})
    assert amps(gate) == 0
    assert gate.rules() == ["a charger remembers a BMS, and none has spoken"]
    gate.services[MULTI] |= {"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1}
    assert amps(gate) == 50
    gate.services[MULTI] |= {"/Bms/BmsType": 0}
    assert amps(gate) == 0
    gate.more["permits"] = WIRE
    assert amps(gate) == 50
    gate.more.clear()
    gate.services[SUN] |= {"/Settings/BmsPresent": 0}
    assert amps(gate) == 50
    gate.more["awaited"] = True
    assert amps(gate) == 0
    assert gate.rules() == ["a BMS is known on CAN, and none has spoken"]
    gate.services[SUN] |= {"/Settings/BmsPresent": 1}
    gate.services[BATTERY] = battery()
    assert amps(gate) == 50


@pytest.mark.parametrize(
    ("kind", "word", "leaves"), [(2, 1, 50), (2, 0, 0), (2, None, 0), (2, "1", 0), (0, 0, 50), (None, 0, 50)]
)
def test_a_vebus_bms_that_does_not_allow_stops_everybody(kind: Value, word: Value, leaves: int) -> None:
    gate = Gate({SUN: charger(), MULTI: multi(**{"/Bms/BmsType": kind, "/Bms/AllowToCharge": word})})
    assert amps(gate) == leaves
    assert amps(Gate(gate.services | {BATTERY: battery()})) == leaves


def test_a_terminal_stops_everybody() -> None:
    gate = Gate()
    gate.more["stops"] = WIRE
    assert amps(gate) == 0
    assert gate.rules() == ["another BMS does not allow charging"]


def test_with_none_chosen_no_battery_service_limits() -> None:
    gate = Gate({BATTERY: battery(ccl=5.0), SUN: charger()})
    assert amps(gate) == pytest.approx(5.1)
    gate.more["settings"] = {SETUP + "BmsInstance": -255}
    assert amps(gate) == 50
    assert gate.one(SUN, MODE, 5) == 5


def test_the_configuration_chooses_where_the_settings_do_not() -> None:
    gate = Gate({BATTERY: battery(ccl=5.0), SUN: charger()}, user_settings={SETUP + "BmsInstance": -255})
    assert amps(gate) == 50
    gate.more["settings"] = {SETUP + "BmsInstance": -1}
    assert amps(gate) == pytest.approx(5.1)


# --- what is heard on CAN ---------------------------------------------------------------------------------------------


def heard(**values: Value) -> Gate:
    gate = Gate({BATTERY: battery(unique=7), SUN: charger(), MULTI: multi()})
    gate.more["batteries"] = (on_can(7, **values),)
    return gate


def test_of_d_bus_and_can_the_stricter_word_counts() -> None:
    """A service claims the battery's unique number and allows 100 A while the Lynx says 0 A."""
    assert amps(heard(charge_current_limit_a=0.0)) == 0
    assert amps(heard(charge_current_limit_a=20.0)) == pytest.approx(20.1)
    assert amps(heard(charge_current_limit_a=300.0)) == 50
    assert amps(heard(allow_to_charge=0)) == 0
    assert amps(heard(allow_to_charge=1)) == 50
    assert heard(charge_voltage_limit_v=26.0).one(SUN, VOLTAGE, 27.0) == 26.0
    assert heard(allow_to_discharge=0).one(MULTI, BOL_DISCHARGE, 50) == 0
    assert heard(discharge_current_limit_a=30.0).one(MULTI, BOL_DISCHARGE, 50) == 30


def test_what_we_have_not_heard_yet_takes_nothing_from_the_d_bus_word() -> None:
    assert amps(heard()) == 50
    quiet = heard()
    quiet.more["batteries"] = (on_can(7, "silent", charge_current_limit_a=0.0),)
    assert amps(quiet) == 50
    strange: tuple[Battery, ...] = (on_can(8, charge_current_limit_a=0.0),)
    quiet.more["batteries"] = strange
    assert amps(quiet) == 50


def test_can_makes_no_limit_known_that_the_service_does_not_give() -> None:
    gate = heard(charge_voltage_limit_v=27.0, charge_current_limit_a=50.0, discharge_current_limit_a=50.0)
    gate.services[BATTERY] |= {"/Info/MaxChargeCurrent": None, "/Info/MaxDischargeCurrent": None}
    assert amps(gate) == 0
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == HELD
    gate.services[BATTERY] |= {"/Info/MaxChargeVoltage": None}
    assert gate.one(SUN, VOLTAGE, 27.0) == HELD


def test_an_unknown_word_on_d_bus_stays_unknown_and_a_refusal_a_refusal() -> None:
    gate = heard(allow_to_charge=1)
    gate.services[BATTERY]["/Io/AllowToCharge"] = None
    assert amps(gate) == 0
    gate.services[BATTERY] = battery(NO_LYNX, unique=7)
    assert amps(gate) == 50


def test_a_battery_is_known_by_its_serial_too() -> None:
    gate = Gate({BATTERY: battery(**{"/Serial": "0000007 HQ1"}), SUN: charger()})
    gate.more["batteries"] = (on_can(99, charge_current_limit_a=20.0),)
    assert amps(gate) == pytest.approx(20.1)


# --- several BMSes ----------------------------------------------------------------------------------------------------


def test_every_live_bms_of_the_bank_limits_and_stops_and_the_strictest_wins() -> None:
    gate = two(battery(NO_LYNX, 2, ccl=10.0, cvl=26.9, dcl=30.0))
    gate.services[MULTI] = multi()
    assert amps(gate) == pytest.approx(10.1)
    assert gate.one(SUN, VOLTAGE, 27.4) == 26.9
    assert gate.one(MULTI, BOL_DISCHARGE, 200) == 30
    gate.services[OTHER] = battery(NO_LYNX, 2, charge=0)
    assert amps(gate) == 0
    del gate.services[OTHER]
    assert amps(gate) == 50


def test_one_of_another_nominal_voltage_does_not_count_whatever_its_contactor_does() -> None:
    for starter in (
        battery(NO_LYNX, 0, cvl=14.4, ccl=1.0, nominal=12),
        battery(NO_LYNX, 0, cvl=14.4, ccl=1.0, nominal=None),
    ):
        gate = two(starter, battery(nominal=24))
        gate.more["settings"] = {SETUP + "BatteryService": "com.victronenergy.battery/1"}
        assert amps(gate) == 50
        starter["/Dc/0/Voltage"] = 0.0
        assert amps(gate) == 50
    unknown = two(battery(NO_LYNX, 2, cvl=35.0, ccl=1.0, nominal=None))
    assert amps(unknown) == pytest.approx(1.1), "what is unknown counts as the same"


def test_batteries_that_the_installer_says_are_on_another_bus_do_not_count() -> None:
    gate = two(battery(NO_LYNX, 2, ccl=1.0, **{"/Serial": "HQ9"}))
    assert amps(gate) == pytest.approx(1.1)
    for mark in ("2", "HQ9"):
        gate.more["other_banks"] = {mark}
        assert amps(gate) == 50


@pytest.mark.parametrize(
    ("own", "other", "leaves"), [(0, 1, 50), (0, 0, 1.1), (0, None, 1.1), (None, 1, 1.1), (1, 1, 1.1), (1, 0, 50)]
)
def test_lynx_of_another_n2k_device_instance_are_another_bank(own: Value, other: Value, leaves: float) -> None:
    gate = two(battery(LYNX, 2, ccl=1.0, network=other), battery(LYNX, network=own))
    assert amps(gate) == pytest.approx(leaves)


def test_the_network_parts_only_lynx_from_lynx() -> None:
    assert amps(two(battery(NO_LYNX, 2, ccl=1.0, network=1), battery(network=0))) == pytest.approx(1.1)
    assert amps(two(battery(LYNX, 2, ccl=1.0, network=1), battery(NO_LYNX, network=0))) == pytest.approx(1.1)


@pytest.mark.parametrize("copy", [{"/Mgmt/Connection": "Virtual"}, {}], ids=["connection", "name"])
def test_a_virtual_copy_counts_only_alone_or_in_control(copy: Items) -> None:
    name = OTHER if copy else "com.victronenergy.battery.virtual_x"
    virtual = battery(NO_LYNX, 2, ccl=1.0, **copy)
    gate = Gate({BATTERY: battery(NO_LYNX), name: virtual, SUN: charger()})
    assert amps(gate) == 50
    gate.more["settings"] = {SETUP + "BmsInstance": 2}
    assert amps(gate) == pytest.approx(1.1), "chosen"
    alone = Gate({name: virtual, SUN: charger()})
    assert amps(alone) == pytest.approx(1.1)
    nobody = Gate({BATTERY: battery(NO_LYNX), name: virtual, SUN: charger()})
    nobody.more |= {"settings": {SETUP + "BmsInstance": 77}, "permits": WIRE}
    assert amps(nobody) == 50, "beside another one"
    del nobody.services[BATTERY]
    assert amps(nobody) == pytest.approx(1.1)


def test_of_two_lynx_without_a_total_one_that_is_not_on_the_busbar_is_left_out() -> None:
    for state in (14, 18, 16, 0):
        gate = two(battery(LYNX, 2, charge=0, cvl=None, state=state), battery())
        assert amps(gate) == 50
    assert amps(two(battery(LYNX, 2, charge=0, cvl=None, state=9), battery())) == 0
    assert amps(Gate({BATTERY: battery(state=14), SUN: charger()})) == 50, "alone its word is its word"


# --- who is in control ------------------------------------------------------------------------------------------------


def leader(services: dict[str, Items], settings: Items | None = None) -> str:
    gate = Gate(services)
    gate.more["settings"] = settings or {}
    gate.passes()
    own = gate.memory.watched.own  # type: ignore[union-attr]
    return "" if own is None else own.name


def test_the_bms_in_control_by_the_user_s_settings() -> None:
    batteries = {BATTERY: battery(NO_LYNX, 5), OTHER: battery(NO_LYNX, 3)}
    assert leader(batteries) == OTHER, "the lowest instance"
    assert leader(batteries | {TOTAL: battery(0xA3E3, 9)}) == TOTAL
    assert leader(batteries, {SETUP + "BmsInstance": 5}) == BATTERY
    assert leader(batteries, {SETUP + "BmsInstance": 4}) == ""
    assert leader(batteries, {SETUP + "BmsInstance": math.nan}) == OTHER
    assert leader(batteries, {SETUP + "BatteryService": "com.victronenergy.battery/5"}) == BATTERY
    assert leader(batteries, {SETUP + "BatteryService": "com.victronenergy.battery/4"}) == OTHER
    assert leader(batteries, {SETUP + "BatteryService": "default"}) == OTHER
    for first, second in ((BATTERY, OTHER), (OTHER, BATTERY)):  # whichever name comes first
        pair = {first: battery(NO_LYNX, 3), second: battery(NO_LYNX, 5)}
        assert leader(pair, {SETUP + "BatteryService": "com.victronenergy.battery/5"}) == second
    assert leader({}) == ""


def test_the_battery_monitor_comes_before_the_lowest_instance() -> None:
    batteries = {BATTERY: battery(NO_LYNX, 5), OTHER: battery(NO_LYNX, 3)}
    for path in ("/Connected", "/ProductName", "/Mgmt/Connection"):
        assert leader(batteries | {OTHER: battery(NO_LYNX, 3, **{path: None})}) == BATTERY
    shunt = battery(NO_LYNX, 0)
    del shunt["/Info/MaxChargeVoltage"]
    assert leader(batteries | {"com.victronenergy.battery.ttyUSB0": shunt}) == OTHER
    mute = battery(NO_LYNX, 0, cvl=None)
    assert leader(batteries | {"com.victronenergy.battery.ttyUSB0": mute}) == OTHER
    off: Items = {"/Connected": 0}
    assert leader({BATTERY: battery(NO_LYNX, 5, **off), OTHER: battery(NO_LYNX, 6, **off)}) == BATTERY


# --- a bank with a total ----------------------------------------------------------------------------------------------

MEMBER = "com.victronenergy.battery.socketcan_can0_uc1"


def bank(*members: Items, total: str = TOTAL, **of_total: Value) -> Gate:
    words = {"charge": None, "discharge": None, "ccl": 300.0} | of_total
    product = 0xA3E3 if total == TOTAL else NO_LYNX
    named = {MEMBER[:-1] + str(n): items | {"/N2kUniqueNumber": n} for n, items in enumerate(members, 1)}
    return Gate({total: battery(product, 0, **words), **named, SUN: charger(500.0)})


def all_amps(gate: Gate) -> Value:
    gate.now += 61
    return gate.one(SUN, CURRENT, 300)


def test_the_permission_of_the_vendor_s_total_is_its_members_and_the_limit_its_own() -> None:
    assert all_amps(bank(battery(ccl=150.0), battery(ccl=150.0))) == 300
    assert all_amps(bank(battery(ccl=150.0), battery(charge=0))) == 0
    assert all_amps(bank(battery(), battery(charge=None))) == 0
    assert all_amps(bank(battery(), charge=0)) == 0
    assert (
        all_amps(
            bank(battery(cvl=26.0)),
        )
        == 300
    )
    assert all_amps(bank()) == 0


@pytest.mark.parametrize("state", [14, 18, *range(9), 12, 15, 16, 17])
def test_a_member_that_is_out_or_on_its_way_neither_grants_nor_stops(state: int) -> None:
    pending = battery(charge=0, cvl=None, ccl=None, state=state)
    assert all_amps(bank(battery(), pending)) == 300
    alone = bank(battery(state=state))
    assert all_amps(alone) == 0
    assert alone.rules() == ["no member of the bank is on its busbar and allows charging"]


@pytest.mark.parametrize("state", [9, 10, 11, 13, 19, 255, None])
def test_a_member_in_any_other_state_is_in(state: Value) -> None:
    assert all_amps(bank(battery(state=state))) == 300
    assert all_amps(bank(battery(), battery(charge=0, state=state))) == 0


def test_a_member_that_vanishes_while_granting_leaves_the_word_to_the_total() -> None:
    gate = bank(battery())
    assert all_amps(gate) == 300
    del gate.services[MEMBER]
    assert all_amps(gate) == 300
    refusing = bank(battery(charge=0))
    assert all_amps(refusing) == 0
    del refusing.services[MEMBER]
    assert all_amps(refusing) == 0


def test_a_member_that_is_chosen_limits_by_its_own_limit_as_well() -> None:
    gate = bank(battery(instance=4, ccl=120.0), battery(instance=5, ccl=130.0))
    gate.more["settings"] = {SETUP + "BmsInstance": 4}
    assert all_amps(gate) == pytest.approx(120.1)


def test_others_beside_the_bank_limit_and_members_of_another_network_are_none() -> None:
    assert all_amps(bank(battery(), battery(NO_LYNX, 7, ccl=40.0))) == pytest.approx(40.1)
    assert all_amps(bank(battery(), battery(network=1, charge=0))) == 300
    assert all_amps(bank(battery(network=1))) == 0
    early = "com.victronenergy.battery.lynxparallel500_1"
    gate = bank(battery(network=1, ccl=50.0))
    gate.services[early] = gate.services.pop(TOTAL)
    assert all_amps(gate) == 300


def test_the_total_is_known_by_its_name_too_and_never_a_copy() -> None:
    gate = bank(battery(), **{"/Mgmt/Connection": "Virtual", "/ProductId": 0})
    assert all_amps(gate) == 300
    assert gate.memory.watched.own.name == TOTAL  # type: ignore[union-attr]


@pytest.mark.parametrize("word", ["aggregate", "aggregator"])
def test_an_aggregate_in_control_limits_for_its_members_and_each_of_them_may_stop(word: str) -> None:
    name = f"com.victronenergy.battery.{word}"
    members = (battery(NO_LYNX, 5, ccl=100.0), battery(NO_LYNX, 6, ccl=100.0))
    gate = bank(*members, total=name)
    gate.more["settings"] = {SETUP + "BmsInstance": 0}
    assert all_amps(gate) == 300
    gate.services[MEMBER]["/Io/AllowToCharge"] = 0
    assert all_amps(gate) == 0
    not_chosen = bank(*members, total=name)
    not_chosen.more["settings"] = {SETUP + "BmsInstance": 5}
    assert all_amps(not_chosen) == pytest.approx(100.1)


# --- discharge --------------------------------------------------------------------------------------------------------


def discharge(asked: Value, later_s: float = 20.0, setup: dict[str, object] | None = None, **words: Value) -> Value:
    gate = Gate({BATTERY: battery(), SUN: charger(), MULTI: multi()}, **(setup or {}))
    gate.passes()
    gate.now += later_s
    gate.services[BATTERY] = battery(**words)
    return gate.one(MULTI, BOL_DISCHARGE, asked)


STOP = {"discharge_on_loss": "stop"}


def test_a_discharge_limit_holds_and_is_not_renewed_while_it_is_unknown() -> None:
    assert discharge(200) == 200
    assert discharge(201) == 200
    assert discharge(201, setup={"max_discharge_current_a": 90.0}) == 90
    assert discharge(100, discharge=None) == HELD
    assert discharge(100, dcl=None) == HELD
    assert discharge(100, discharge=0) == 0


def test_0_a_of_discharge_is_only_somebody_s_word() -> None:
    for asked in (0, 0.0, 0.99):
        assert discharge(asked) == HELD
        assert discharge(asked, discharge=None) == HELD
        assert discharge(asked, dcl=None) == HELD
    assert discharge(1.0) == 1.0
    assert discharge(0, discharge=0) == 0
    assert discharge(0, 0.0, discharge=0) == 0, "a word counts at once"
    assert discharge(0, dcl=0) == 0
    assert discharge(5, dcl=0) == 0
    assert discharge(0.5, dcl=0.5) == 0.5
    assert discharge(0.4, dcl=0.5) == HELD
    assert discharge(0, setup={"max_discharge_current_a": 0.0}) == 0


def test_0_a_for_a_loss_must_be_chosen_and_never_comes_in_the_first_seconds() -> None:
    assert discharge(0, 9.9, STOP, discharge=None) == HELD
    assert discharge(0, 10.0, STOP, discharge=None) == 0
    assert discharge(0, 10.0, STOP, dcl=None) == 0
    assert discharge(0, 10.0, STOP, cvl=None) == 0
    assert discharge(0, 10.0, STOP) == HELD
    assert discharge(50, 10.0, STOP, discharge=None) == HELD
    never = Gate({MULTI: multi()}, discharge_on_loss="stop")
    never.passes()
    never.now += 20
    assert never.one(MULTI, BOL_DISCHARGE, 0) == HELD, "no BMS had ever spoken"
    assert never.one(MULTI, BOL_DISCHARGE, 50) == HELD


def rule(limits: RuledLimit, *allowed: float, percent: bool = False) -> Rule:
    """A rule of the user's that allows so much, at one state of charge after the other."""
    return Rule("", limits, "soc", Curve(tuple(enumerate(allowed)), percent=percent))


@pytest.mark.parametrize(
    ("rules", "leaves"),
    [
        ([rule("DCL", 0.0, 50.0)], 0),
        ([rule("DCL", 50.0, 0.99)], 0),
        ([rule("DCL", 1.0, 50.0)], HELD),
        ([rule("DCL", 20.0, 50.0)], HELD),
        ([rule("DCL", 20.0, 50.0, percent=True)], 0),
        ([rule("DCL", 1.0), rule("DCL", 0.0)], 0),
        ([rule("CCL", 0.0)], HELD),
        ([rule("CVL", 0.0)], HELD),
        ([], HELD),
    ],
)
def test_0_a_of_discharge_is_the_user_s_word_where_a_rule_of_theirs_may_go_so_low(
    rules: list[Rule], leaves: Value
) -> None:
    assert discharge(0, setup={"rules": RuleSet(tuple(rules))}) == leaves


def test_a_terminal_that_stops_discharge_is_a_word() -> None:
    gate = Gate({BATTERY: battery(), MULTI: multi()})
    gate.more["discharge_stops"] = WIRE
    assert gate.told((MULTI, BOL_DISCHARGE, 0)) == [0]
    assert gate.told((MULTI, BOL_DISCHARGE, 5)) == [0]


def test_a_discharge_word_of_others_that_is_unknown_withholds_and_is_no_0_a() -> None:
    gate = Gate({BATTERY: battery(), MULTI: multi()})
    gate.more["discharge_unknown"] = WIRE
    assert gate.one(MULTI, BOL_DISCHARGE, 0) == HELD
    assert gate.one(MULTI, BOL_DISCHARGE, 5) == HELD
    gate.more["discharge_stops"] = WIRE
    assert gate.told((MULTI, BOL_DISCHARGE, 0)) == [0]


@pytest.mark.parametrize("closed", [0, 1, None])
def test_a_member_whose_contactor_is_known_to_be_open_is_out_whatever_its_state(closed: Value) -> None:
    gate = bank(battery(charge=0), battery())
    gate.more["batteries"] = (on_can(1, contactor_closed=closed),)
    assert (amps(gate) == 0) is (closed != 0)
    alone = bank(battery())
    alone.more["batteries"] = (on_can(1, contactor_closed=closed),)
    assert (amps(alone) == 0) is (closed == 0), "nor does it grant"


@pytest.mark.parametrize("state", [18, 14, 16])
def test_a_member_that_is_not_on_the_busbar_speaks_for_no_lost_total(state: int) -> None:
    gate = Gate({TOTAL: battery(0xA3E3, charge=None, discharge=None), MULTI: multi()})
    gate.services[OTHER] = battery(instance=6, discharge=0, state=state)
    gate.passes()
    del gate.services[TOTAL]
    assert gate.one(MULTI, BOL_DISCHARGE, 0) == HELD
    gate.services[OTHER]["/State"] = 9
    assert gate.one(MULTI, BOL_DISCHARGE, 0) == 0, "on the busbar its word is one"


def test_a_lost_bms_gives_no_limit_to_discharge() -> None:
    gate = two(battery(NO_LYNX, 2))
    gate.services[MULTI] = multi()
    gate.passes()
    del gate.services[BATTERY]
    assert gate.one(MULTI, BOL_DISCHARGE, 50) == HELD


def test_a_battery_of_a_lower_or_a_higher_nominal_voltage_is_another_one() -> None:
    for own, other in ((24, 12), (24, 48), (48, 24)):
        gate = two(
            battery(NO_LYNX, 2, charge=0, nominal=other, cvl=other * 1.15),
            battery(NO_LYNX, nominal=own, cvl=own * 1.15),
        )
        gate.services[SUN]["/Dc/0/Voltage"] = gate.services[BATTERY]["/Dc/0/Voltage"] = own * 1.08
        assert amps(gate) == 50


def test_of_two_vebus_systems_one_with_a_bms_that_speaks_is_enough() -> None:
    gate = Gate({SUN: charger(**{"/Settings/BmsPresent": 1}), MULTI: multi(**{"/Bms/BmsType": 0})})
    assert amps(gate) == 0
    gate.services[MULTI + "1"] = multi(**{"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1})
    assert amps(gate) == 50


def test_what_a_multi_was_told_counts_though_its_own_setting_is_less() -> None:
    hub = multi(makes_a=50.0, **{"/Hub/ChargeVoltage": 27.0, "/Dc/0/MaxChargeCurrent": 9.0})
    gate = Gate({SUN: charger(200.0), MULTI: hub}, max_charge_current_a=100.0)
    assert gate.one(SUN, CURRENT, 95.0) == pytest.approx(91.1), "it makes no more than its own setting soon"
    assert gate.one(MULTI, BOL + "MaxChargeCurrent", 8.0) == 8.0
    gate.now += 61
    assert gate.one(MULTI, BOL + "MaxChargeCurrent", 80.0) == pytest.approx(80.0)
    assert gate.one(SUN, CURRENT, 95.0) == pytest.approx(20.1)
