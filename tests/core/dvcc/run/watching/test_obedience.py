"""Who does not do as told, with names; every case is one from the field (the addresses stand at each)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.chargers import read_makers
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.watching.audit import over
from gxbridge.core.dvcc.run.watching.obedience import net_current, over_told
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, SUN_2, Items, World, can_bms, changed, charger, multi

WS500 = "com.victronenergy.alternator.socketcan_can0_vi0_uc30001"
AC = "com.victronenergy.charger.ttyS7"


def boat(battery: Items, **others: Items) -> World:
    """A 48 V battery and whatever else charges."""
    return World(
        {CAN_BMS: can_bms(VOLTAGE=53.4) | battery} | {globals()[name]: items for name, items in others.items()}
    )


def sun(current_a: float, **changes: Value) -> Items:
    return charger(70, current_a, VOLTAGE=53.8) | changed(changes)


def found(world: World, name: str) -> Finding | None:
    return next((finding for finding in world.decision.findings if finding.id == name), None)


def text(world: World, name: str) -> str:
    finding = found(world, name)
    return "" if finding is None else finding.text


def test_a_small_current_while_charging_is_refused() -> None:
    """Louisvdw/dbus-serialbattery#297, mr-manuel/venus-os_dbus-serialbattery#316."""
    refuses = changed({"ALLOW_CHARGE": 0, "CCL": 0.0, "CURRENT": 0.8, "VOLTAGE": 55.9, "MAX_CELL_VOLTAGE": 3.81})
    world = boat(refuses, MULTI=multi(VOLTAGE=53.5, CURRENT=0.8))
    world.run(60)
    assert found(world, "charge-creeps") is None
    world.run(1)
    assert text(world, "charge-creeps") == (
        "0.8 A still flow into BMS for a minute although nothing is allowed: 0 A said by the BMS, charging is refused "
        "by the BMS, highest cell 3.81 V; batteries stop at 3.75 V; MultiPlus makes 0.8 A and was told 0 A"
    )
    world.set(CAN_BMS, CURRENT=0.5)
    world.run(1)
    assert found(world, "charge-creeps") is None
    world.set(CAN_BMS, ALLOW_CHARGE=1, CCL=20.0, ALLOW_DISCHARGE=0, CURRENT=-1.5)
    world.run(61)
    assert "1.5 A still flow out of BMS" in text(world, "discharge-creeps")
    world.set(CAN_BMS, CURRENT=-2.5)
    world.run(61)
    assert (found(world, "discharge-creeps"), found(world, "dcl-exceeded") is None) == (None, False)


def test_a_battery_above_its_charge_voltage_while_current_flows() -> None:
    """Louisvdw/dbus-serialbattery#859."""
    high = changed({"VOLTAGE": 56.4, "CURRENT": 12.0, "CVL": 55.2})
    world = boat(high, SUN=sun(12.0, VOLTAGE=56.5))
    world.run(30)
    assert found(world, "cvl-exceeded") is None
    world.run(1)
    assert text(world, "cvl-exceeded") == (
        "BMS is at 56.40 V, 1.20 V above the charge voltage limit of 55.20 V, while current flows; SmartSolar makes 12 "
        "A and was told 70 A"
    )


@pytest.mark.parametrize(
    ("volts", "amps", "feed_in", "said"),
    [
        (56.4, 0.5, 0, False),  # it decays after the limit was lowered
        (55.47, 12.0, 0, False),
        (55.49, 12.0, 0, True),
        (55.87, 12.0, 1, False),
        (55.89, 12.0, 1, True),
    ],
)
def test_the_allowances_of_a_charge_voltage(volts: float, amps: float, feed_in: int, said: bool) -> None:
    world = boat(changed({"VOLTAGE": volts, "CURRENT": amps, "CVL": 55.2}), MULTI=multi(VOLTAGE=53.5, ASSISTANT=5))
    world.settings[p.SET_FEED_IN] = feed_in
    world.run(40)
    assert (found(world, "cvl-exceeded") is not None) == said


@pytest.mark.parametrize(
    ("charger_v", "amps", "sensed", "said"),
    [
        (15.5, 1.0, None, True),
        (15.5, 0.5, None, False),
        (14.5, 1.0, 14.1, False),  # what the cable loses
        (14.59, 1.0, 14.1, True),
        (14.5, 1.0, None, True),
        (28.0, 1.0, None, False),  # another battery
    ],
)
def test_a_charger_above_the_charge_voltage(charger_v: float, amps: float, sensed: float | None, said: bool) -> None:
    """mr-manuel/venus-os_dbus-serialbattery#329."""
    battery = changed({"VOLTAGE": 13.3, "CURRENT": 0.0, "CVL": 14.2, "LOW_VOLTAGE": 11.0})
    world = boat(battery, SUN=charger(50, amps, VOLTAGE=charger_v, VOLTAGE_SENSE=sensed))
    world.settings[p.SET_SVS] = int(sensed is not None)
    world.run(40)
    assert (found(world, "cvl-exceeded") is not None) == said


def test_who_exceeds_is_named_even_if_it_takes_no_limit() -> None:
    """An alternator regulator without a link (victronenergy/venus#779 and #1439)."""
    regulator = changed({"PRODUCT_NAME": "WS500", "VOLTAGE": 53.9, "CURRENT": 90.0, "STATE": 3, "N2K_INSTANCE": 0})
    world = boat(changed({"CCL": 30.0, "CURRENT": 88.0}), WS500=regulator, SUN=sun(2.0))
    world.run(15)
    assert text(world, "ccl-exceeded").endswith(
        "; nothing permits this; WS500 makes 90 A and takes no limit, SmartSolar makes 2 A and was told 0 A"
    )


def test_what_is_left_for_a_charger_says_what_others_make() -> None:
    world = boat(changed({"CCL": 30.0}), WS500=changed({"PRODUCT_NAME": "WS500", "CURRENT": 90.0}), SUN=sun(2.0))
    world.run(3)
    assert "90 A are made by what cannot be told and are taken off" in world.limit("charger", SUN).sentence
    world.services[WS500][p.CURRENT] = 0.5
    world.run(3)
    assert "cannot be told" not in world.limit("charger", SUN).sentence


def test_two_of_one_name_are_told_apart_and_each_is_held_against_what_it_was_told() -> None:
    """pulquero/BatteryAggregator#76, Louisvdw/dbus-serialbattery#445."""
    world = boat(changed({"CCL": 40.0, "CURRENT": 78.0}), SUN=sun(18.0), SUN_2=sun(62.0, DEVICE_INSTANCE=280))
    world.run(30)
    told = {name: world.told(name) for name in (SUN, SUN_2)}
    texts = {finding.subject: finding.text for finding in world.decision.findings if finding.id == "charger-over-told"}
    assert texts == {
        SUN: f"SmartSolar (279) makes 18 A and was told {told[SUN]:.3g} A",
        SUN_2: f"SmartSolar (280) makes 62 A and was told {told[SUN_2]:.3g} A",
    }
    assert "SmartSolar (280) makes 62 A" in text(world, "ccl-exceeded")


def test_what_stands_at_a_charger_of_our_own_port_is_what_it_shows_whoever_told_it_that() -> None:
    ours = sun(62.0, PROCESS="gxbridge", CHARGE_CURRENT=70.0)
    world = boat(changed({"CCL": 30.0, "CURRENT": 78.0}), SUN=ours, SUN_2=sun(18.0))
    for _ in range(30):
        world.set(SUN, CHARGE_CURRENT=40.0)  # it does not follow
        world.run(1)
    assert text(world, "charger-over-shown") == "SmartSolar (ttyS5) makes 62 A and shows 40 A as its limit"
    assert "SmartSolar (ttyS5) makes 62 A and shows 40 A as its limit" in text(world, "ccl-exceeded")
    assert "SmartSolar (ttyS5)" not in text(world, "charger-over-told")


def test_everything_that_takes_no_limit_is_listed() -> None:
    """Second VE.Bus systems, AC chargers, chargers of another network."""
    second = "com.victronenergy.vebus.ttyUSB1"
    world = boat(changed({"CCL": 30.0, "CURRENT": 88.0}), MULTI=multi(VOLTAGE=53.5), SUN=sun(2.0, N2K_INSTANCE=1))
    world.services[second] = multi(VOLTAGE=53.5, CURRENT=40.0, MK_CONNECTION="/dev/ttyUSB1", PRODUCT_NAME="Quattro")
    world.services[AC] = changed({"PRODUCT_NAME": "Skylla", "CURRENT": 46.0, "DEVICE_INSTANCE": 5})
    world.services["com.victronenergy.dcgenset.x"] = changed({"PRODUCT_NAME": "Genset", "CURRENT": 1.0})
    world.run(15)
    said = text(world, "ccl-exceeded")
    for who in ("Skylla makes 46 A", "Quattro makes 40 A", "SmartSolar makes 2 A", "Genset makes 1 A"):
        assert f"{who} and takes no limit" in said
    assert world.limit("charger", AC).sentence == (
        "Charge current none: not controllable: an AC charger takes no limit."
    )
    assert world.limit("charger", second).sentence.endswith("only the first VE.Bus system is told limits.")
    world.settings[p.SET_ALL_MULTIS] = 1
    world.run(15)
    assert "Quattro makes 40 A and was told" in text(world, "ccl-exceeded")


def test_a_battery_current_of_the_wrong_sign() -> None:
    """Louisvdw/dbus-serialbattery#65, #70 and #255."""
    world = boat(changed({"CCL": 30.0, "CURRENT": -58.0}), SUN=sun(60.0))
    world.run(20)
    assert text(world, "current-sign") == (
        "The sign of the current of BMS looks wrong: it says -58 A, and by all other measurements 60 A flow into it"
    )
    assert "charged with up to 58 A" in text(world, "ccl-exceeded"), "the audit is not blind"
    assert text(world, "charger-over-told") == "SmartSolar makes 60 A and was told 30 A"
    world.set(CAN_BMS, CURRENT=58.0)
    world.run(1)
    assert found(world, "current-sign") is None
    world.set(CAN_BMS, CURRENT=62.0)
    world.set(SUN, CURRENT=0.0)
    world.services[MULTI] = multi(CURRENT=-60.0, VOLTAGE=52.0)
    world.run(20)
    assert "it says 62 A, and by all other measurements 60 A flow out of it" in text(world, "current-sign")


@pytest.mark.parametrize(("said", "made"), [(-4.0, 4.0), (-100.0, 60.0), (None, 60.0)])
def test_a_sign_that_may_be_right(said: float | None, made: float) -> None:
    """Loads that nobody measures draw what they want."""
    world = boat(changed({"CCL": 100.0, "CURRENT": said}), SUN=sun(made))
    world.run(30)
    assert found(world, "current-sign") is None


def test_the_cold_is_named_also_by_the_battery_s_own_temperature() -> None:
    """mr-manuel/venus-os_dbus-serialbattery#145."""
    world = boat(changed({"CCL": 0.0, "TEMPERATURE": -20.0}))
    world.run(3)
    assert "battery at -20 °C" in world.limit("CCL").sentence


def test_a_limit_that_flips_says_between_what() -> None:
    """Louisvdw/dbus-serialbattery#764."""
    world = boat({})
    for step in range(10):
        world.set(CAN_BMS, CCL=50.0 if step % 2 else 10.0)
        world.run(3)
    assert text(world, "ccl-restless").endswith("lately between 10 and 50 A")


def test_who_charges_without_a_bms() -> None:
    """The Multi is held against its own setting then, which is lowered to what the sun leaves."""
    world = World({MULTI: multi(CURRENT=90.0), SUN: charger()}, settings={p.SET_DVCC: 1, p.SET_MAX_CURRENT: 50.0})
    world.run(30)
    found = {one.subject: one.text for one in world.decision.findings if one.id == "charger-over-told"}
    assert found == {MULTI: "MultiPlus makes 90 A and was told 25 A"}


AMPS = st.none() | st.floats(-20, 120).map(lambda amps: round(amps, 1))
KINDS = ("solarcharger", "inverter", "alternator", "dcgenset", "charger", "vebus")


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(KINDS), AMPS, AMPS, st.sampled_from([None, 0, 1]), st.booleans()), max_size=8)
)
def test_who_is_suspected_is_who_is_found_when_everybody_is_asked(
    boats: list[tuple[str, float | None, float | None, int | None, bool]],
) -> None:
    services: dict[str, Items] = {CAN_BMS: can_bms()}
    for place, (kind, made_a, told_a, network, has_path) in enumerate(boats):
        items = multi(CURRENT=made_a, BOL_CHARGE_CURRENT=told_a) if kind == "vebus" else charger(50, 0, CURRENT=made_a)
        if kind != "vebus":
            items |= changed({"N2K_INSTANCE": network, "CHARGE_CURRENT": told_a, "IS_INVERTER_CHARGER": 1})
            items = items if has_path else {path: value for path, value in items.items() if path != p.CHARGE_CURRENT}
        services[f"com.victronenergy.{kind}.tty{place}"] = items
    inputs = read_inputs(Snapshot(services, {}, "C003", {}, Options.strict()))
    everybody = read_makers(inputs)
    over_it = [
        one.device.name
        for one in everybody
        if one.told_a is not None and one.not_told is None and one.made_a > one.told_a and over(one.made_a, one.told_a)
    ]
    assert [deviation.subject for deviation in over_told(inputs)] == over_it
    made_a = sum(one.made_a for one in everybody if one.not_told != "other-network")
    drawn_a = sum(min(multi.current_a or 0.0, 0.0) for multi in inputs.installation.multis)
    assert net_current(inputs) == pytest.approx(made_a + drawn_a)
