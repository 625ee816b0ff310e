"""Public trouble reports as the doctor meets them.

Sources: github.com/victronenergy/gui-v2#2190; victronenergy/venus#617, #1263, #1395;
arrow1800/Victron-VirtualBattery#3.
"""

from __future__ import annotations

from gxbridge.doctor.examine import examine
from gxbridge.doctor.row import exit_code
from tests.doctor.facts_of import OWN, SETTINGS, SYSTEM, Services, changed, facts, lynx, report

ORION = "com.victronenergy.dcdc.ttyS5"
SECOND = "com.victronenergy.battery.socketcan_can0_vi1_uc10002"
TOTAL = "com.victronenergy.battery.lynxparallel0"


def orion() -> dict[str, object]:
    return {"/ProductName": "Orion XS 1400", "/ErrorCode": 67, "/Settings/BmsPresent": 1, "/Connected": 1}


def test_the_default_installation_beside_the_vendors_driver_is_quiet() -> None:
    assert exit_code(examine(facts())) == 0


def test_a_converter_to_another_battery_is_to_be_reset_and_is_promised_nothing() -> None:
    rows = report(services={**changed(SOLAR={"/Settings/BmsPresent": 1}), ORION: orion()})
    row = rows["error-67"]
    assert "nobody will ever pass them to it" in row.text
    assert row.advice.startswith("Reset it")
    assert "Orion" not in rows["bms-present"].text


def test_a_charger_with_another_device_instance_is_named_with_the_cure() -> None:
    row = report(services=changed(SOLAR={"/N2kDeviceInstance": 1}))["other-network"]
    assert "device instance 1, so it is not controlled" in row.text
    assert "Set its device instance to 0" in row.advice
    assert "other-network" not in report(services=changed(SOLAR={"/N2kDeviceInstance": 0}))


def test_an_alarm_of_the_bms_is_a_problem_although_its_error_code_is_zero() -> None:
    rows = examine(facts(services=changed(LYNX={"/Alarms/BmsCable": 2, "/ErrorCode": 0, "/Io/AllowToCharge": 0})))
    row = next(row for row in rows if row.id == "battery")
    assert (row.verdict, exit_code(rows)) == ("problem", 2)
    assert row.text.endswith("refuses charging; alarm 'BMS cable' (battery communication lost)")
    warned = report(services=changed(LYNX={"/Alarms/HighTemperature": 1}))["battery"]
    assert (warned.verdict, warned.advice) == ("warning", "")


def test_a_battery_that_refuses_is_said_in_its_row() -> None:
    row = report(services=changed(LYNX={"/Io/AllowToCharge": 0, "/Io/AllowToDischarge": 0}))["battery"]
    assert (row.verdict, row.text[-32:]) == ("note", "refuses charging and discharging")


def test_a_limit_as_text_is_named_and_nothing_is_to_be_reset() -> None:
    given = changed(LYNX={"/Info/MaxChargeVoltage": "56.0"}, SOLAR={"/Settings/BmsPresent": 1})
    rows = report(services=given)
    assert rows["battery"].verdict == "problem"
    assert "is the text '56.0' and not a number" in rows["battery"].text
    assert "a monitor without limits" not in rows["battery"].text
    assert "limits are numbers" in rows["battery"].advice
    assert "none is in control" in rows["bms-remembered"].text
    assert "eset" not in rows["bms-remembered"].advice


def bank(instance: int, active: str | None) -> Services:
    given = changed(SETTINGS={"/Settings/SystemSetup/BmsInstance": instance}, SYSTEM={"/ActiveBmsService": active})
    given[SECOND] = lynx(**{"/N2kUniqueNumber": 2, "/Serial": "", "/DeviceInstance": 1})
    given[TOTAL] = lynx(**{"/ProductName": "Lynx Smart BMS totals", "/ProductId": 0xA3E3, "/DeviceInstance": 512})
    return given


def test_the_one_that_really_controls_a_parallel_bank_is_named() -> None:
    assert report(services=bank(-1, None))["parallel"].text.endswith("; Lynx Smart BMS totals (instance 512) controls")
    assert report(services=bank(0, None))["parallel"].text.endswith("; Lynx Smart BMS 500 (instance 0) controls")
    assert report(services=bank(-1, SECOND))["parallel"].text.endswith("; Lynx Smart BMS 500 (instance 1) controls")
    rows = report(services=bank(3, None))
    assert rows["parallel"].text.endswith("; none of them controls")
    assert rows["bms-choice"].verdict == "problem"
    assert "0 (Lynx Smart BMS 500), 1 (Lynx Smart BMS 500) and 512 (Lynx Smart BMS totals)" in rows["bms-choice"].text


def test_several_batteries_are_no_warning_while_gxbridge_obeys_all_of_them() -> None:
    given = bank(-1, None)
    del given[TOTAL]
    assert report(services=given)["several-bms"].verdict == "warning"
    chosen = {**given, SETTINGS: {**given[SETTINGS], "/Settings/SystemSetup/BmsInstance": 1}}
    assert report(services=chosen)["several-bms"].verdict == "note", "the user has chosen"
    alone = {name: items for name, items in given.items() if name != SYSTEM}
    assert report(services=alone)["several-bms"].verdict == "note", "there is no GX where one could choose"
    given[OWN] |= {"/Dvcc/Mode": "control", "/Dvcc/Effective": "control"}
    assert report(services=given)["several-bms"].verdict == "note"
    given["com.victronenergy.battery.aggregate"] = lynx(**{"/N2kUniqueNumber": 3, "/Serial": "", "/DeviceInstance": 9})
    assert "several-bms" not in report(services=given)
