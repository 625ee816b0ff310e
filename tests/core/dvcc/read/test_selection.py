"""Who is the monitor, who is the BMS, which VE.Bus system is the Multi, and whose voltage is the battery's."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.battery_voltage import behind_contactor, measurers
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.dvcc.read.devices.installation import sort_services
from gxbridge.core.dvcc.read.devices.services import Device, kind_of
from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_settings import AUTOMATIC_BMS, NO_BMS, read_settings
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, SUN, can_bms, charger, lynx, multi, with_vebus_bms

Services = dict[str, dict[str, Value]]
SHUNT = "com.victronenergy.battery.ttyS7"
PARALLEL = "com.victronenergy.battery.lynxparallel0"
CHARGER = "com.victronenergy.charger.ttyUSB4"
FUEL_CELL = "com.victronenergy.fuelcell.x"
DCSYSTEM = "com.victronenergy.dcsystem.x"
MULTI_2 = "com.victronenergy.vebus.ttyUSB1"


def shunt(**changes: Value) -> dict[str, Value]:
    items = {name: value for name, value in can_bms(**changes).items() if not name.startswith("/Info")}
    return items | {p.DEVICE_INSTANCE: 288, p.VOLTAGE: 51.0}


def inputs(services: Services, platform: str = "C003", **settings: Value) -> Inputs:
    values = {getattr(p, name): value for name, value in settings.items()}
    return read_inputs(Snapshot(services, values, platform, {}, Options.vendor()))


def monitor(services: Services, **settings: Value) -> str:
    found = inputs(services, **settings).selection.monitor
    return "" if found is None else found.name


def bms(services: Services, **settings: Value) -> str:
    found = inputs(services, **settings).bms
    return "" if found is None else found.name


def test_a_battery_with_a_charge_voltage_path_comes_before_one_without_then_the_lowest_instance() -> None:
    assert monitor({SHUNT: shunt(), CAN_BMS: can_bms()}) == CAN_BMS
    assert monitor({SHUNT: shunt(), CAN_BMS: can_bms(CVL=None)}) == CAN_BMS, "even invalid"
    assert monitor({LYNX: lynx(), CAN_BMS: can_bms()}) == LYNX
    assert monitor({LYNX: lynx(), PARALLEL: lynx(DEVICE_INSTANCE=900)}) == PARALLEL


@pytest.mark.parametrize("missing", ["CONNECTED", "PRODUCT_NAME", "CONNECTION"])
def test_only_what_is_connected_and_says_what_it_is_can_be_the_monitor(missing: str) -> None:
    assert monitor({CAN_BMS: can_bms(**{missing: None})}) == ""
    assert monitor({MULTI: multi(EXTRA_CURRENT=0, **{missing: None})}) == ""


def test_the_users_choice_of_a_monitor() -> None:
    services: Services = {SHUNT: shunt(), CAN_BMS: can_bms()}
    assert monitor(services, SET_BATTERY="nobattery") == ""
    assert monitor(services, SET_BATTERY="com.victronenergy.battery/288") == SHUNT
    first: Services = {CAN_BMS: can_bms(DEVICE_INSTANCE=1), SHUNT: shunt()}
    assert monitor(first, SET_BATTERY="com.victronenergy.battery/288") == SHUNT
    assert monitor(services, SET_BATTERY="com.victronenergy.battery/1") == "", "absent, but still chosen"
    assert monitor(services | {MULTI: multi()}, SET_BATTERY="com.victronenergy.vebus/261") == MULTI
    assert monitor(services | {MULTI: multi()}, SET_BATTERY="vebus/261") == MULTI
    assert monitor(services, SET_BATTERY="".join(["def", "ault"])) == CAN_BMS


def test_without_a_battery_the_multi_counts_if_it_tracks_all_current_or_nothing_else_charges() -> None:
    assert monitor({MULTI: multi(EXTRA_CURRENT=0), SUN: charger()}) == MULTI
    assert monitor({MULTI: multi(EXTRA_CURRENT=None), SUN: charger()}) == ""
    assert monitor({MULTI: multi(EXTRA_CURRENT=None)}) == MULTI
    assert monitor({MULTI: multi(EXTRA_CURRENT=0), SUN: charger(), DCSYSTEM: charger()}) == MULTI, "a meter counts not"
    assert monitor({MULTI: multi(EXTRA_CURRENT=None), SUN: charger(CONNECTED=0)}) == MULTI
    assert monitor({MULTI: multi(EXTRA_CURRENT=0), SUN: charger()}, SET_DC_SYSTEM=1) == ""
    assert monitor({MULTI: multi(), CHARGER: charger()}) == "", "an AC charger makes it unknown"


def test_without_a_multi_an_inverter_that_knows_the_state_of_charge_is_the_monitor() -> None:
    rs, system = "com.victronenergy.multi.can0", "com.victronenergy.acsystem.can0"
    services: Services = {system: charger(SOC=70, DEVICE_INSTANCE=0), rs: charger(SOC=70, DEVICE_INSTANCE=1)}
    assert monitor(services) == rs
    services[rs][p.SOC] = None
    assert monitor(services) == "", "an RS system is only the monitor where it is chosen"
    services[rs][p.SOC] = 70
    assert monitor(services | {MULTI: multi(CONNECTED=0)}) == rs, "a Multi that is not connected is none"
    lower = {"com.victronenergy.multi.can1": charger(SOC=None, DEVICE_INSTANCE=0)}
    assert monitor({rs: charger(SOC=70, DEVICE_INSTANCE=1)} | lower) == "", "only the lowest instance is asked"


def test_the_bms_is_a_parallel_lynx_else_the_monitor_else_the_lowest_instance_else_as_chosen() -> None:
    services: Services = {CAN_BMS: can_bms(), LYNX: lynx()}
    assert bms(services) == LYNX
    assert bms(services, SET_BATTERY="com.victronenergy.battery/512") == CAN_BMS
    assert bms(services | {PARALLEL: lynx(DEVICE_INSTANCE=900)}) == PARALLEL
    assert bms(services, SET_BMS_INSTANCE=512) == CAN_BMS
    assert bms(services, SET_BMS_INSTANCE=288) == ""
    assert bms(services, SET_BMS_INSTANCE=-255) == ""
    assert bms(services, SET_BMS_INSTANCE=-5) == ""
    low: Services = {CAN_BMS: can_bms(DEVICE_INSTANCE=5), LYNX: lynx(), CAN_BMS + "2": can_bms(DEVICE_INSTANCE=6)}
    assert bms(low, SET_BATTERY="com.victronenergy.battery/100") == LYNX, "the monitor, not the lowest instance"
    assert bms({SHUNT: shunt()}) == ""
    assert inputs(services).selection.bmses == 2


def test_the_multi_is_the_lowest_instance_but_one_on_usb_comes_last_and_never_on_a_cerbo() -> None:
    services: Services = {MULTI: multi(DEVICE_INSTANCE=261), MULTI_2: multi(DEVICE_INSTANCE=257)}

    def found(platform: str = "C003") -> tuple[str, list[str]]:
        selection = inputs(services, platform).selection
        name = "" if selection.multi is None else selection.multi.name
        return name, [other.name for other in selection.other_multis]

    assert found() == (MULTI_2, [MULTI])
    services[MULTI_2][p.DEVICE_INSTANCE] = 300
    assert found() == (MULTI, [MULTI_2])
    services[MULTI][p.MK_CONNECTION] = "/dev/ttyUSB0"
    assert found() == found("C00A") == (MULTI_2, [MULTI])
    services[MULTI_2][p.MK_CONNECTION] = "/dev/ttyUSB1"
    assert found() == (MULTI, [MULTI_2])
    assert found("C00A") == ("", [MULTI, MULTI_2])
    services.clear()
    assert found() == found("C00A") == ("", [])


@pytest.mark.parametrize(
    ("changes", "v2", "has"),
    [
        ({}, True, True),
        ({"MK_PRODUCT": "MK2"}, False, False),
        ({"MK_PRODUCT": "Mk2"}, False, False),
        ({"MK_PRODUCT": "".join(["M", "K3"])}, True, True),
        ({"BMS_VERSION": 1146101}, True, True),
        ({"BMS_VERSION": 1146099}, False, False),
        ({"BMS_VERSION": 1146100, "BMS_TYPE": 0}, True, False),
        ({"BMS_VERSION": None}, True, True),
        ({"BMS_VERSION": None, "BMS_ALLOW_CHARGE": None}, False, False),
        ({"BMS_VERSION": None, "BMS_TYPE": 0}, False, False),
    ],
)
def test_a_vebus_bms_v2_is_known_by_version_and_interface_or_when_the_multi_is_off(
    changes: dict[str, Value], v2: bool, has: bool
) -> None:
    found = inputs({MULTI: with_vebus_bms(**changes)}).selection
    assert (found.vebus_bms_v2, found.has_bms) == (v2, has)


def test_the_battery_voltage_comes_from_the_monitor_else_a_running_multi_else_whoever_measures() -> None:
    rest: Services = {
        DCSYSTEM: {p.VOLTAGE: 1.0},
        FUEL_CELL: {p.VOLTAGE: 2.0},
        CHARGER: {p.VOLTAGE: 3.0},
        SUN: charger(VOLTAGE=4.0),
        "com.victronenergy.inverter.x": {p.VOLTAGE: 5.0},
        MULTI: multi(VOLTAGE=6.0, STATE=3),
        CAN_BMS: can_bms(VOLTAGE=7.0),
    }
    assert inputs(rest).voltage_v == 7.0
    assert inputs(rest, SET_BATTERY="nobattery").voltage_v == 6.0
    rest[MULTI][p.STATE] = 0
    for expected, gone in ((5.0, "com.victronenergy.inverter.x"), (4.0, SUN), (3.0, CHARGER), (2.0, FUEL_CELL)):
        assert inputs(rest, SET_BATTERY="nobattery").voltage_v == expected
        del rest[gone]
    assert inputs(rest, SET_BATTERY="nobattery").voltage_v == 1.0
    rest[DCSYSTEM] = {p.VOLTAGE: None}
    assert inputs(rest, SET_BATTERY="nobattery").voltage is None
    rest[CAN_BMS][p.VOLTAGE] = None
    assert inputs(rest).voltage is None, "a monitor that does not measure is not replaced"


def test_settings_have_their_defaults_where_they_are_missing_or_nonsense() -> None:
    found = read_settings({p.SET_MAX_CURRENT: "x", p.SET_SVS: None, p.SET_AC_INPUT_2: 3})
    assert (found.dvcc, found.svs, found.sts, found.scs) == (0, 1, 1, 1)
    assert (found.max_current_a, found.max_voltage_v, found.bms_instance) == (-1, 0, -1)
    assert (found.battery, found.temperature, found.ac_inputs) == ("default", "default", (1, 3))
    assert (found.all_multis, found.has_dc_system, found.feed_in) == (False, False, False)
    for value, wanted in ((0, False), (1, True), (1.0, True), (2, False), (-1, False)):
        found = read_settings({p.SET_ALL_MULTIS: value, p.SET_DC_SYSTEM: value, p.SET_FEED_IN: value})
        assert (found.all_multis, found.has_dc_system, found.feed_in) == (wanted, wanted, wanted)


def test_names() -> None:
    assert kind_of("com.victronenergy.battery.ttyO1") == "battery"
    assert kind_of("org.freedesktop.DBus") == ""
    installation = inputs(
        {CAN_BMS: can_bms(CUSTOM_NAME="House"), LYNX: lynx(), SHUNT: shunt(PRODUCT_NAME=" ")}
    ).installation
    assert [battery.title for battery in installation.batteries] == ["House", "Lynx Smart BMS NG", "ttyS7"]
    assert installation.of("nothing") == []
    assert installation.named("nothing", p.BATTERY) is None


def test_a_service_that_does_not_say_its_instance_has_instance_0() -> None:
    services: Services = {LYNX: lynx(DEVICE_INSTANCE=None)}
    found = inputs(services)
    assert found.bms is not None
    assert found.bms.instance == 0
    assert found.installation.named("".join([LYNX[:5], LYNX[5:]]), p.BATTERY) == found.selection.bms
    for chosen in (0, 255):
        services[LYNX][p.DEVICE_INSTANCE] = chosen
        assert bms(services, SET_BMS_INSTANCE=chosen) == LYNX
    assert (NO_BMS, AUTOMATIC_BMS) == (-255, -1)


def test_a_setting_below_zero_is_zero() -> None:
    own = [sort_services({SUN: charger(amps)}).chargers[0].own_limit_a for amps in (-5, -0.5, 0, 0.5, 1)]
    assert own == [0, 0, 0, 0.5, 1]


@pytest.mark.parametrize(
    ("state", "behind"), [(0, True), (8, True), (9, False), (9.0, False), (10, True), (None, False)]
)
def test_a_batterys_voltage_is_behind_its_contactor_unless_it_runs(state: Value, behind: bool) -> None:
    assert behind_contactor(read_bms(CAN_BMS, {p.STATE: state})) == behind
    for kind in (p.ACSYSTEM, p.VEBUS):
        assert not behind_contactor(Device("x", kind, {p.STATE: state}))
    if state is None:
        assert not behind_contactor(read_bms(LYNX, {p.PRODUCT_ID: 0xA3E4})), "old firmware does not say it"


def test_who_may_know_the_voltage() -> None:
    inverter, rs, sun = "com.victronenergy.inverter.", "com.victronenergy.multi.", "com.victronenergy.solarcharger."
    services: Services = {
        f"{inverter}a": {p.DEVICE_INSTANCE: 9},
        f"{inverter}b": {p.DEVICE_INSTANCE: 3},
        f"{rs}a": {p.DEVICE_INSTANCE: 7},
        f"{rs}c": {p.DEVICE_INSTANCE: 2},
        f"{rs}b": {p.DEVICE_INSTANCE: 2},
        f"{sun}a": {p.CURRENT: None},
        f"{sun}b": {p.CURRENT: 0.0},
    }
    services |= {f"{name}{number}": {} for name in (DCSYSTEM, CHARGER, FUEL_CELL) for number in (1, 2)}
    rest = [f"{sun}b", f"{CHARGER}2", f"{CHARGER}1", f"{FUEL_CELL}2", f"{FUEL_CELL}1", f"{DCSYSTEM}1"]
    first = [device.name for device in measurers(sort_services(services))]
    assert first[1:] == rest
    assert first[0] in (f"{rs}b", f"{inverter}b")
    other = {name: items for name, items in services.items() if not name.startswith(first[0][:-1])}
    assert (
        next(device.name for device in measurers(sort_services(other)))
        == ({f"{rs}b", f"{inverter}b"} - {first[0]}).pop()
    )
    assert [device.name for device in measurers(sort_services({DCSYSTEM: {}}))] == [DCSYSTEM]
