"""Batteries, masters and chargers as the doctor sees them: each rule by what is spoilt for it."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.model.items import Value
from gxbridge.doctor.checks.battery_services import check_batteries
from gxbridge.doctor.facts import Bus, ConfiguredBus
from tests.core.boat import multi, solar
from tests.doctor.facts_of import (
    CAN_SOLAR,
    LYNX,
    MULTI,
    OWN,
    SETTINGS,
    SOLAR,
    SYSTEM,
    VECAN,
    changed,
    configured,
    lynx,
    own,
    report,
    services,
)

OURS = "com.victronenergy.battery.gxbridge_can0_uc167120"
OTHER = "com.victronenergy.battery.ttyUSB0"
PARALLEL = "com.victronenergy.battery.lynxparallel0"


def spoilt(given: dict[str, dict[str, Value]], id: str, **changes: Any) -> tuple[str, str]:
    """Verdict and text of one row."""
    row = report(services=given, **changes)[id]
    return row.verdict, row.text


# --- batteries ---


def test_every_battery_service_is_listed_with_its_publisher() -> None:
    given = services() | {OTHER: {"/DeviceInstance": 3, "/ProductName": "BMV-712"}, OURS: lynx(**{"/Serial": None})}
    rows = report(services=given)
    assert rows["battery"].text == "Lynx Smart BMS 500 by vecan-dbus, instance 0, limits 28.4 V, 200 A"
    texts = [row.text for row in check_batteries(given, "") if row.id == "battery"]
    assert texts[1] == "BMV-712, instance 3, a monitor without limits"
    assert texts[2].startswith("Lynx Smart BMS 500 by gxbridge")
    assert spoilt(services() | {LYNX: lynx(**{"/Info/MaxChargeCurrent": None})}, "battery")[1].endswith("28.4 V, none")


def test_a_battery_of_ours_that_fell_silent_is_no_monitor_and_not_ok() -> None:
    silent = {"/Info/MaxChargeVoltage": None, "/Info/MaxChargeCurrent": None, "/Serial": None}
    row = next(row for row in check_batteries({OURS: lynx(**silent)}, "") if row.id == "battery")
    assert (row.verdict, row.text.endswith("a BMS that gives no limits now")) == ("warning", True)


def test_no_battery_is_worth_a_note() -> None:
    assert spoilt(changed(LYNX=None), "no-battery")[0] == "note"


@pytest.mark.parametrize(
    "items",
    [
        {"/N2kUniqueNumber": 167120, "/DeviceInstance": 100},
        {"/N2kUniqueNumber": None, "/Serial": "HQ21302VUDQ", "/DeviceInstance": 100},
    ],
)
def test_one_battery_by_two_services(items: dict[str, Value]) -> None:
    given = services() | {OURS: lynx(**items)}
    if items["/N2kUniqueNumber"] is None:
        given[LYNX] = lynx(**{"/N2kUniqueNumber": None})
    assert spoilt(given, "published-twice") == ("warning", f"the same battery is published by {LYNX} and {OURS}")


def test_two_batteries_are_not_one() -> None:
    given = services() | {OTHER: lynx(**{"/N2kUniqueNumber": 7, "/Serial": "x HQ2", "/DeviceInstance": 1})}
    rows = report(services=given)
    assert "published-twice" not in rows
    assert rows["several-bms"].verdict == "warning"
    unknown = {"/N2kUniqueNumber": None, "/Serial": None}
    given = services() | {LYNX: lynx(**unknown), OTHER: lynx(**unknown, **{"/DeviceInstance": 1})}
    assert "published-twice" not in report(services=given), "nothing known is nothing in common"


def test_the_same_instance_hides_a_battery() -> None:
    given = services() | {OTHER: {"/DeviceInstance": 0, "/ProductName": "BMV"}}
    verdict, text = spoilt(given, "same-instance")
    assert verdict == "warning"
    assert "instance 0" in text
    assert "same-instance" not in report()


def test_the_vendors_sum_of_parallel_batteries_is_no_mistake() -> None:
    second = lynx(**{"/N2kUniqueNumber": 2, "/Serial": "", "/DeviceInstance": 1})
    total = lynx(**{"/ProductName": "Parallel BMS", "/DeviceInstance": 4})
    rows = report(services=services() | {OTHER: second, PARALLEL: total})
    assert (rows["parallel"].verdict, rows["parallel"].text[:9]) == ("note", "2 BMSes w")
    assert "several-bms" not in rows
    assert "published-twice" not in rows


def test_the_same_unique_number_on_the_bus() -> None:
    assert spoilt(changed(VECAN={"/Alarms/SameUniqueNameUsed": 1}), "same-name")[0] == "warning"
    assert "same-name" not in report(services=changed(VECAN={"/Alarms/SameUniqueNameUsed": 0}))


# --- masters ---


@pytest.mark.parametrize(
    ("given", "id", "verdict", "said"),
    [
        (services(), "master", "ok", "the GX's own DVCC controls"),
        (changed(OWN=None), "master", "ok", "the GX's own DVCC controls"),
        (changed(OWN={"/Dvcc/Effective": "control"}), "two-masters", "problem", "two masters"),
        (changed(OWN={"/Dvcc/Mode": "control"}), "two-masters", "warning", "and does not: the GX's own DVCC is on"),
        (
            changed(OWN={"/Dvcc/Mode": "control"}, SYSTEM={"/Control/Dvcc": 0}),
            "two-masters", "warning", "is off but still writes",
        ),
        (
            changed(OWN={"/Dvcc/Mode": "control", "/Dvcc/Effective": "control"}, SYSTEM=None),
            "master", "ok", "gxbridge controls the chargers",
        ),
        (changed(SYSTEM={"/Control/Dvcc": 0}), "no-master", "warning", "the GX's DVCC is off"),
        (changed(SYSTEM=None), "no-master", "warning", "there is no DVCC on this bus"),
        (changed(SYSTEM=None, SOLAR=None, MULTI=None), "no-master", "note", "no charger is on this D-Bus"),
        (changed(SYSTEM=None, LYNX=None), "no-master", "note", "nobody controls chargers"),
    ],
)  # fmt: skip
def test_who_is_master(given: dict[str, dict[str, Value]], id: str, verdict: str, said: str) -> None:
    found, text = spoilt(given, id)
    assert (found, said in text) == (verdict, True), text


def test_the_driver_of_a_port_beside_the_gx_that_controls() -> None:
    buses, given = (ConfiguredBus("can0", "socketcan", "can0", "all"),), changed(OWN={"/Dvcc/Mode": "control"})
    found = spoilt(given, "master", configured=configured(mode="control", transmit="link", buses=buses))
    assert found == ("ok", "the GX's own DVCC controls the chargers; gxbridge passes on to CAN what it writes")
    for less in ({"transmit": "requests", "buses": buses}, {"transmit": "link"}):
        assert spoilt(given, "two-masters", configured=configured(mode="control", **less))[0] == "warning"


def test_a_configuration_that_wants_control_is_told_before_the_service_runs() -> None:
    given = changed(OWN=None)
    assert spoilt(given, "two-masters", configured=configured(mode="control"))[0] == "warning"


def test_two_gxbridges_in_control() -> None:
    given = changed(OWN={"/Dvcc/Mode": "control"}) | {f"{OWN}.second": own(**{"/Dvcc/Mode": "control"})}
    assert spoilt(given, "two-gxbridges")[0] == "problem"
    assert "two-gxbridges" not in report(services=services() | {f"{OWN}.second": own()})


@pytest.mark.parametrize(
    ("items", "id", "verdict", "said"),
    [
        ({}, "settings", "ok", "DVCC is on (forced by the BMS) in the settings; shared senses on: SVS, STS, SCS"),
        ({"/Settings/Services/Bol": 0}, "settings", "ok", "DVCC is off in"),
        (
            {
                "/Settings/SystemSetup/SharedVoltageSense": 2,
                "/Settings/SystemSetup/SharedTemperatureSense": 2,
                "/Settings/SystemSetup/BatteryCurrentSense": 0,
            },
            "settings", "ok", "senses on: none",
        ),
        ({"/Settings/SystemSetup/MaxChargeCurrent": 0.0}, "user-current", "warning", "0 A: nothing charges"),
        ({"/Settings/SystemSetup/MaxChargeCurrent": 50.0}, "user-current", "note", "to 50 A"),
        ({"/Settings/SystemSetup/MaxChargeVoltage": 27.6}, "user-voltage", "note", "to 27.6 V"),
        ({"/Settings/SystemSetup/BmsInstance": -255}, "bms-choice", "warning", "to use no BMS"),
        ({"/Settings/SystemSetup/BmsInstance": 9}, "bms-choice", "problem", "instance 9, which is not there"),
    ],
)  # fmt: skip
def test_settings_that_limit_or_choose(items: dict[str, Value], id: str, verdict: str, said: str) -> None:
    found, text = spoilt(changed(SETTINGS=items), id)
    assert (found, said in text) == (verdict, True), text


def test_settings_that_are_as_they_come_say_no_more() -> None:
    assert not {"user-current", "user-voltage", "bms-choice"} & report().keys()
    assert "bms-choice" not in report(services=changed(SETTINGS={"/Settings/SystemSetup/BmsInstance": 0}))
    none = changed(SETTINGS={"/Settings/SystemSetup/BmsInstance": -255}, LYNX=None)
    assert spoilt(none, "bms-choice")[0] == "note"


def test_a_system_without_settings_and_the_bms_in_control() -> None:
    assert spoilt(changed(SETTINGS=None), "settings")[0] == "note"
    assert report()["bms-active"].subject == LYNX
    assert "bms-active" not in report(services=changed(SYSTEM={"/ActiveBmsService": None}))


def test_without_dbus_nothing_is_said_of_masters() -> None:
    from gxbridge.doctor.checks.who_controls import check_masters
    from tests.doctor.facts_of import facts

    assert list(check_masters(facts(services={}, bus=Bus("x", "gone")))) == []


# --- chargers ---


def test_chargers_are_named_and_none_is_worth_a_note() -> None:
    assert report()["chargers"].text == "2 found: SmartSolar MPPT 100/30, MultiPlus 24/3000/70-50"
    assert spoilt(changed(SOLAR=None, MULTI=None), "chargers")[0] == "note"


def test_a_charger_that_has_seen_a_bms_and_none_is_there_with_its_cure() -> None:
    given = changed(LYNX=None, SOLAR={"/Settings/BmsPresent": 1})
    row = report(services=given)["bms-remembered"]
    assert (row.verdict, row.subject) == ("problem", SOLAR)
    assert "VictronConnect" in row.advice
    assert "Reset" in row.advice
    assert "bms-remembered" not in report(services=changed(LYNX=None))


def test_a_charger_that_has_seen_a_bms_which_is_there() -> None:
    rows = report(services=changed(SOLAR={"/Settings/BmsPresent": 1}))
    assert rows["bms-present"].verdict == "ok"
    assert "bms-remembered" not in rows


def test_a_bms_that_the_settings_forbid_is_none_and_a_vebus_bms_is_one() -> None:
    waiting = {"/Settings/BmsPresent": 1}
    forbidden = changed(SOLAR=waiting, SETTINGS={"/Settings/SystemSetup/BmsInstance": -255})
    assert spoilt(forbidden, "bms-remembered")[0] == "problem"
    multi_bms = {"/Bms/BmsType": 2, "/Bms/AllowToCharge": 1, "/Interfaces/Mk2/Connection": "/dev/ttyS4"}
    assert "bms-remembered" not in report(services=changed(LYNX=None, SOLAR=waiting, MULTI=multi_bms))


def test_error_67_is_a_problem_with_the_advice_that_fits() -> None:
    row = report(services=changed(SOLAR={"/ErrorCode": 67}))["error-67"]
    assert (row.verdict, row.subject) == ("problem", SOLAR)
    assert "DVCC above" in row.advice
    assert "Reset" in report(services=changed(LYNX=None, SOLAR={"/ErrorCode": 67}))["error-67"].advice
    assert "error-67" not in report(services=changed(SOLAR={"/ErrorCode": 2}))


@pytest.mark.parametrize(
    ("service", "items", "said"),
    [
        (SOLAR, solar(**{"/FirmwareVersion": 0x0128}), "has firmware v1.28; DVCC needs v1.29"),
        (CAN_SOLAR, solar(**{"/FirmwareVersion": 0x0101FF}), "has firmware v1.01; DVCC needs v1.02"),
        (MULTI, multi(**{"/FirmwareVersion": 0x419}), "has firmware 419; DVCC needs 422"),
    ],
)
def test_firmware_that_is_too_old(service: str, items: dict[str, Value], said: str) -> None:
    verdict, text = spoilt(services() | {service: items}, "firmware")
    assert (verdict, said in text) == ("warning", True), text


def test_unknown_and_new_firmware_is_no_matter() -> None:
    for version in (None, 0x0129, 0x010200, 0xFFFFFF):
        assert "firmware" not in report(services=changed(SOLAR={"/FirmwareVersion": version}))
    for version in (None, 0x422):
        assert "firmware" not in report(services=changed(MULTI={"/FirmwareVersion": version}))


def test_the_names_of_this_test_are_those_of_a_gx() -> None:
    assert {SYSTEM, SETTINGS, VECAN, LYNX} <= services().keys()


def test_what_takes_no_limit_is_listed() -> None:
    given = services() | {
        "com.victronenergy.charger.ttyS7": {"/ProductName": "Skylla-i"},
        "com.victronenergy.alternator.can0": {"/ProductName": "WS500", "/Dc/0/Current": 90.0},
    }
    text = "2 that may charge and take no current limit from a GX: WS500, Skylla-i"
    assert spoilt(given, "not-told") == ("note", text)
    assert "not-told" not in report(services=services())
