"""Shared voltage, current and temperature sense (rules observed on dbus-systemcalc-py 9730db0), and the contactor."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.sense import vecans_for
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import (
    ALTERNATOR,
    CAN_BMS,
    GENSET,
    LYNX,
    MULTI,
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
)

VECAN_ITEMS: Items = {p.VOLTAGE_SENSE: None, p.TEMPERATURE_SENSE: None, p.BATTERY_CURRENT: None}


def world(options: Options | None = None, **settings: Value) -> World:
    services = {CAN_BMS: can_bms(TEMPERATURE=18.0), SUN: charger(), MULTI: multi(), VECAN: dict(VECAN_ITEMS)}
    values = {getattr(p, name): value for name, value in settings.items()}
    return World(services, options or Options.vendor(), {p.SET_DVCC: 1} | values)


def test_every_third_second_voltage_and_current_and_the_ninth_of_the_second_round_temperature() -> None:
    made = world()
    seen: dict[str, list[float]] = {}
    for _ in range(21):
        made.run(1)
        for write in made.writes:
            if write.service == VECAN:
                seen.setdefault(write.path, []).append(made.now)
    assert seen == {
        p.VOLTAGE_SENSE: [3, 6, 9, 12, 15, 18, 21],
        p.BATTERY_CURRENT: [3],
        p.TEMPERATURE_SENSE: [12, 21],
    }
    assert made.told(MULTI, p.MULTI_VOLTAGE_SENSE) == 52.0
    assert made.told(MULTI, p.MULTI_TEMPERATURE_SENSE) == 18.0
    flags = made.decision.published
    assert [flags[path] for path in (p.CONTROL_MULTI_SENSE, p.CONTROL_VOLTAGE_SENSE, p.CONTROL_CURRENT_SENSE)] == [
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("off", ["SET_SVS", "SET_DVCC"])
def test_no_voltage_without_svs_or_dvcc(off: str) -> None:
    made = world(**{off: 0})
    made.run(3)
    assert not made.written(p.VOLTAGE_SENSE)


def test_an_insecure_monitor_is_shown_but_not_shared() -> None:
    made = world()
    made.services[CAN_BMS][p.INSECURE] = 1
    made.run(3)
    assert made.decision.published[p.BATTERY_VOLTAGE] == 52.0
    assert not made.written(p.VOLTAGE_SENSE)


def test_with_ess_the_chargers_follow_the_multis_own_voltage_even_without_svs() -> None:
    made = world(SET_SVS=0)
    made.services[MULTI][p.ASSISTANT] = 5
    made.run(3)
    assert made.written(p.VOLTAGE_SENSE) == {SUN: 26.4, VECAN: 26.4}
    assert not made.written(p.MULTI_VOLTAGE_SENSE)
    assert made.decision.published[p.CONTROL_CURRENT_SENSE] == 1
    made.services[MULTI][p.VOLTAGE] = None
    made.run(3)
    assert not made.written(p.VOLTAGE_SENSE)


def test_a_multi_that_cannot_use_a_sensed_voltage_gets_none_and_nobody_gets_his_own() -> None:
    made = world()
    made.services[MULTI][p.SENSE_FEATURE] = 0
    made.run(3)
    assert not made.written(p.MULTI_VOLTAGE_SENSE)
    own = World({SUN: charger(VOLTAGE=26.0), SUN_2: charger()}, Options.vendor())
    own.run(3)
    assert own.written(p.VOLTAGE_SENSE) == {SUN_2: 26.0}


def test_a_source_on_vecan_that_is_no_battery_tells_vecan_by_itself() -> None:
    made = World({SUN: charger(CONNECTION="VE.Can"), VECAN: dict(VECAN_ITEMS)}, Options.vendor())
    made.run(3)
    assert not made.written(p.VOLTAGE_SENSE)
    made.services[SUN][p.CONNECTION] = "VE.Direct"
    made.run(3)
    assert made.written(p.VOLTAGE_SENSE) == {VECAN: 26.4}


def test_the_states_of_current_sense() -> None:
    assert world(SET_SCS=0).run(3).published[p.CONTROL_CURRENT_SENSE] == 0
    assert world(SET_BATTERY="nobattery").run(3).published[p.CONTROL_CURRENT_SENSE] == 3
    unknown = world()
    unknown.services[CAN_BMS][p.CURRENT] = None
    assert unknown.run(3).published[p.CONTROL_CURRENT_SENSE] == 3
    nobody = World({CAN_BMS: can_bms()}, Options.vendor())
    assert nobody.run(3).published[p.CONTROL_CURRENT_SENSE] == 2
    on_vecan = world()
    on_vecan.services[CAN_BMS][p.CONNECTION] = "VE.Can"
    on_vecan.run(3)
    assert on_vecan.written(p.BATTERY_CURRENT) == {SUN: 5.0}
    assert on_vecan.decision.published[p.CONTROL_CURRENT_SENSE] == 4


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("default", 18.0),
        ("nosensor", None),
        ("com.victronenergy.solarcharger/280/Dc/0/Temperature", 31.0),
        ("com.victronenergy.solarcharger/281/Dc/0/Temperature", None),
    ],
)
def test_the_temperature_comes_from_the_chosen_sensor(choice: str, told: float | None) -> None:
    made = world(SET_TEMPERATURE=choice)
    made.services[SUN_2] = charger(DEVICE_INSTANCE=280, TEMPERATURE=31.0)
    made.run(12)
    assert made.told(SUN, p.TEMPERATURE_SENSE) == told
    assert made.told(SUN_2, p.TEMPERATURE_SENSE) == (18.0 if told == 18.0 else None), "never back to its source"


def test_no_temperature_without_sts_without_a_monitor_or_without_a_value() -> None:
    for settings in ({"SET_STS": 0}, {"SET_BATTERY": "nobattery"}):
        made = world(**settings)
        made.run(12)
        assert not made.written(p.TEMPERATURE_SENSE)
    made = world()
    made.services[CAN_BMS][p.TEMPERATURE] = None
    made.run(12)
    assert (made.written(p.TEMPERATURE_SENSE), made.decision.published[p.CONTROL_TEMPERATURE_SENSE]) == ({}, 0)


@pytest.mark.parametrize(("options", "told"), [(Options.strict(), {}), (Options.vendor(), {SUN: 18.0, VECAN: 18.0})])
def test_a_temperature_that_has_just_gone_is_told_nobody_or_as_it_was_shown(
    options: Options, told: dict[str, float]
) -> None:
    made = world(options)
    made.run(11)
    made.services[CAN_BMS][p.TEMPERATURE] = None
    made.run(1)
    assert made.written(p.TEMPERATURE_SENSE) == told


def test_a_charger_on_vecan_as_the_sensor_tells_vecan_by_itself() -> None:
    made = world(SET_TEMPERATURE="com.victronenergy.solarcharger/280/Dc/0/Temperature")
    made.services[SUN_2] = charger(DEVICE_INSTANCE=280, TEMPERATURE=31.0, CONNECTION="VE.Can")
    made.run(12)
    assert made.written(p.TEMPERATURE_SENSE) == {SUN: 31.0}


def test_who_is_new_waits_for_the_next_temperature() -> None:
    made = world()
    made.run(11)
    made.services[SUN_2] = charger()
    made.services[GENSET] = {p.TEMPERATURE_SENSE: None}
    made.services["com.victronenergy.vecan.can1"] = dict(VECAN_ITEMS)
    made.run(1)
    assert set(made.written(p.TEMPERATURE_SENSE)) == {SUN, VECAN, "com.victronenergy.vecan.can1"}
    made.run(9)
    told = set(made.written(p.TEMPERATURE_SENSE))
    assert told == {SUN, VECAN, SUN_2, "com.victronenergy.vecan.can1"}, "a genset has no network mode"


@pytest.mark.parametrize(
    ("battery", "state", "shared"),
    [
        (lynx(), 9, True),
        (lynx(), 14, False),
        (lynx(), 10, False),
        (lynx(), None, True),
        (can_bms(VOLTAGE=26.0, CVL=28.0), None, True),
        (can_bms(VOLTAGE=26.0, CVL=28.0), 9, True),
        (can_bms(VOLTAGE=26.0, CVL=28.0), 16, False),
    ],
    ids=[
        "running",
        "standby",
        "error",
        "a Lynx of old firmware, that does not say",
        "a battery that does not say",
        "running too",
        "not",
    ],
)
def test_a_voltage_behind_an_open_contactor_is_never_shared(battery: Items, state: Value, shared: bool) -> None:
    made = World({LYNX: battery | {p.STATE: state}, SUN: charger(), MULTI: multi()})
    made.run(3)
    assert bool(made.written(p.VOLTAGE_SENSE)) == shared == bool(made.written(p.MULTI_VOLTAGE_SENSE))
    assert ("sense-behind-contactor" in made.findings()) == (not shared)


def test_the_multis_own_voltage_is_behind_no_contactor_of_a_bms() -> None:
    made = World({SUN: charger(), MULTI: multi(STATE=3)}, settings={p.SET_DVCC: 1, p.SET_BATTERY: "nobattery"})
    made.run(3)
    assert made.written(p.VOLTAGE_SENSE) == {SUN: 26.4}
    only = World({SUN: charger(), MULTI: multi(EXTRA_CURRENT=0)})
    only.run(3)
    assert only.written(p.VOLTAGE_SENSE) == {SUN: 26.4}


@pytest.mark.parametrize(
    ("kind", "connection", "goes"),
    [("battery", "VE.Can", True), ("acsystem", "VE.Can", False), ("solarcharger", "VE.Can", False),
     ("solarcharger", "VE.Direct", True), ("acsystem", None, True)],
)  # fmt: skip
def test_only_batteries_on_vecan_are_told_to_vecan_once_more(kind: str, connection: str, goes: bool) -> None:
    source = f"com.victronenergy.{kind}.x"
    inputs = read_inputs(Snapshot({source: {p.CONNECTION: connection}, VECAN: {}}))
    assert bool(vecans_for(inputs, source)) == goes


def test_a_multi_is_told_the_voltage_of_any_other_but_never_its_own() -> None:
    second = "com.victronenergy.vebus.ttyUSB1"
    own = World({MULTI: multi()}, Options.vendor())
    own.run(3)
    assert own.told(MULTI, p.MULTI_VOLTAGE_SENSE) is None
    assert own.decision.published[p.CONTROL_MULTI_SENSE] == 0
    services = {second: multi(DEVICE_INSTANCE=300, VOLTAGE=26.1), MULTI: multi()}
    other = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_BATTERY: "nobattery"})
    other.run(3)
    assert other.written(p.MULTI_VOLTAGE_SENSE) == {MULTI: 26.1}
    assert other.decision.published[p.CONTROL_MULTI_SENSE] == 1


def test_only_a_batterys_current_is_shared() -> None:
    made = World({MULTI: multi(), SUN: charger(), VECAN: dict(VECAN_ITEMS)}, Options.vendor())
    made.settings[p.SET_BATTERY] = "vebus/261"
    made.run(3)
    assert not made.written(p.BATTERY_CURRENT)
    assert made.decision.published[p.CONTROL_CURRENT_SENSE] == 3


def test_an_ac_systems_current_is_not_shared_either() -> None:
    system = {p.CONNECTED: 1, p.PRODUCT_NAME: "RS", p.CONNECTION: "VE.Direct", p.SOC: 50, p.CURRENT: 4.0}
    choice: dict[str, Value] = {p.SET_DVCC: 1, p.SET_BATTERY: "com.victronenergy.acsystem/0"}
    made = World({"com.victronenergy.acsystem.x": dict(system), SUN: charger()}, Options.vendor(), choice)
    made.run(3)
    assert made.decision.published[p.BATTERY_SERVICE] == "com.victronenergy.acsystem.x"
    assert not made.written(p.BATTERY_CURRENT)


@pytest.mark.parametrize(("connection", "told"), [("VE.Direct", 5.0), ("CAN-bus", 5.0), ("VE.Can", None)])
def test_a_battery_on_vecan_tells_its_current_by_itself(connection: str, told: Value) -> None:
    made = world()
    made.services[CAN_BMS].update({p.CONNECTION: connection, p.CVL: None})
    made.run(3)
    assert made.told(VECAN, p.BATTERY_CURRENT) == told


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("vebus/261/Dc/0/Temperature", {SUN: 31.0, VECAN: 31.0}),
        ("vebus/300/Dc/0/Temperature", {SUN: 32.0, VECAN: 32.0, MULTI: 32.0}),
        ("com.victronenergy.temperature/20/Temperature", {SUN: 20.0, VECAN: 20.0, MULTI: 20.0}),
        ("com.victronenergy.temperature/9/Temperature", {SUN: 9.0, VECAN: 9.0, MULTI: 9.0}),
        ("".join(["def", "ault"]), {SUN: 18.0, VECAN: 18.0, MULTI: 18.0}),
        ("nosensor", {}),
    ],
)
def test_the_temperature_goes_to_all_but_its_source(choice: str, told: dict[str, float]) -> None:
    made = world(SET_TEMPERATURE=choice)
    made.services[MULTI][p.TEMPERATURE] = 31.0
    made.services["com.victronenergy.vebus.ttyUSB1"] = multi(DEVICE_INSTANCE=300, TEMPERATURE=32.0)
    made.services["com.victronenergy.temperature.a"] = {p.DEVICE_INSTANCE: 9, p.SENSOR_TYPE: 0, "/Temperature": 9.0}
    made.services["com.victronenergy.temperature.b"] = {p.DEVICE_INSTANCE: 20, p.SENSOR_TYPE: 0, "/Temperature": 20.0}
    made.run(12)
    got = made.written(p.TEMPERATURE_SENSE) | made.written(p.MULTI_TEMPERATURE_SENSE)
    assert got == told
    assert made.decision.published[p.CONTROL_TEMPERATURE_SENSE] == int(bool(told))


def test_a_sensor_that_says_nothing_tells_nobody() -> None:
    made = world(SET_TEMPERATURE="vebus/261/Dc/0/Temperature")
    made.services[MULTI][p.TEMPERATURE] = None
    made.run(12)
    assert made.decision.published[p.CONTROL_TEMPERATURE_SENSE] == 0
    assert not made.written(p.TEMPERATURE_SENSE)


def test_what_an_insecure_monitor_measures_is_told_nobody_and_the_multis_is_not_either() -> None:
    made = world()
    made.services[MULTI].update({p.ASSISTANT: 5, p.HUB_VOLTAGE: 56.0})
    made.services[CAN_BMS][p.INSECURE] = 1
    made.run(3)
    shown = made.decision.published
    assert (shown[p.CONTROL_MULTI_SENSE], shown[p.CONTROL_VOLTAGE_SENSE]) == (0, 0)
    assert not made.written(p.VOLTAGE_SENSE)
    nobody = World({SUN: charger(VOLTAGE=None), MULTI: multi(VOLTAGE=None)}, Options.vendor())
    shown = nobody.run(3).published
    assert (shown[p.CONTROL_MULTI_SENSE], shown[p.CONTROL_VOLTAGE_SENSE]) == (0, 0)


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("default", {"a": 18.0, "z": 18.0}),
        ("vebus/261/Dc/0/Temperature", {"a": 31.0, "z": 31.0}),
        ("inverter/5/Dc/0/Temperature", {"z": 33.0}),
        ("inverter/6/Dc/0/Temperature", {"a": 34.0}),
    ],
)
def test_inverter_chargers_are_told_the_temperature_of_others(choice: str, told: dict[str, float]) -> None:
    made = world(SET_TEMPERATURE=choice)
    made.services[MULTI][p.TEMPERATURE] = 31.0
    for name, instance, own in (("a", 5, 33.0), ("z", 6, 34.0)):
        rs = charger(DEVICE_INSTANCE=instance, IS_INVERTER_CHARGER=1, TEMPERATURE=own)
        made.services[f"com.victronenergy.inverter.{name}"] = rs
    made.run(12)
    got = {name[-1]: value for name, value in made.written(p.TEMPERATURE_SENSE).items() if ".inverter." in name}
    assert got == told


def test_without_shared_temperature_nobody_got_any() -> None:
    made = world(SET_STS=0)
    made.run(12)
    assert made.decision.published[p.CONTROL_TEMPERATURE_SENSE] == 0
    assert not made.written(p.MULTI_TEMPERATURE_SENSE)


def test_the_vendor_shares_what_was_shown_a_whole_second_before() -> None:
    made = world()
    made.run(5)
    made.set(CAN_BMS, VOLTAGE=50.0)
    made.run(1)
    assert made.told(SUN, p.VOLTAGE_SENSE) == 52.0
    made.run(3)
    assert made.told(SUN, p.VOLTAGE_SENSE) == 50.0


def test_an_alternator_and_any_inverter_share_the_senses_without_being_told_a_network_mode() -> None:
    """An inverter that is no charger, and an alternator that knows no network mode."""
    plain: Items = {p.DEVICE_INSTANCE: 290, p.VOLTAGE_SENSE: None, p.TEMPERATURE_SENSE: None, p.BATTERY_CURRENT: None}
    made = World({CAN_BMS: can_bms(CVL=None, TEMPERATURE=18.0), RS: dict(plain), ALTERNATOR: dict(plain)})
    made.options, made.settings = Options.vendor(), {p.SET_DVCC: 1}
    made.run(12)
    for name in (RS, ALTERNATOR):
        told = [made.told(name, path) for path in (p.VOLTAGE_SENSE, p.TEMPERATURE_SENSE, p.BATTERY_CURRENT)]
        assert told == [52.0, 18.0, 5.0], name
    assert made.decision.published[p.CONTROL_CURRENT_SENSE] == 4


def test_the_flags_of_shared_sense_say_that_somebody_was_there_even_without_the_paths() -> None:
    services: dict[str, Items] = {CAN_BMS: can_bms(CVL=None, TEMPERATURE=18.0), MULTI: multi(), VECAN: {}}
    del services[MULTI][p.MULTI_VOLTAGE_SENSE], services[MULTI][p.MULTI_TEMPERATURE_SENSE]
    made = World(services, Options.vendor())
    made.run(12)
    flags = (p.CONTROL_MULTI_SENSE, p.CONTROL_VOLTAGE_SENSE, p.CONTROL_CURRENT_SENSE, p.CONTROL_TEMPERATURE_SENSE)
    assert [made.decision.published[path] for path in flags] == [1, 1, 4, 1]
    assert {write.path for write in made.writes} <= {p.MULTI_CHARGE_CURRENT}


def test_shared_current_sense_is_on_by_any_number_but_zero() -> None:
    assert world(SET_SCS=2).run(3).published[p.CONTROL_CURRENT_SENSE] == 4


@pytest.mark.parametrize(("shown", "told"), [("22.7", 22.7), ("warm", None), ("nan", None)])
def test_a_temperature_that_is_text_is_read_as_the_number_it_says(shown: str, told: float | None) -> None:
    made = world()
    made.services[CAN_BMS][p.TEMPERATURE] = shown
    made.run(12)
    assert made.told(SUN, p.TEMPERATURE_SENSE) == told
