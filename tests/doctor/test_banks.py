"""Batteries in parallel as the doctor sees them."""

from __future__ import annotations

from gxbridge.core.model.items import Value
from gxbridge.doctor.checks.battery_services import check_batteries
from gxbridge.doctor.row import Row
from tests.core.bank.members import items

OWN = "com.victronenergy.gxbridge"
FIRST, SECOND = (f"com.victronenergy.battery.gxbridge_can0_uc{number}" for number in (1, 2))
TOTALS = "com.victronenergy.battery.lynxparallel0"
HOUSE = "com.victronenergy.battery.gxbridge_bank_house"


def lynx(number: int, **changes: Value) -> dict[str, Value]:
    return {**items(**changes), "/DeviceInstance": number, "/CustomName": f"Bank {number}", "/N2kUniqueNumber": number}


def rows(services: dict[str, dict[str, Value]]) -> list[Row]:
    return [row for row in check_batteries(services, "") if row.id.startswith("bank") or row.id == "parallel"]


def test_a_bank_of_the_running_service_is_told_with_its_members() -> None:
    own: dict[str, Value] = {
        "/Banks/0/Name": "House",
        "/Banks/0/Service": HOUSE,
        "/Banks/0/Members": "2/2",
        "/Banks/0/Text": "Bank 1: in the bank; Bank 2: in the bank",
        "/Banks/0/Reason": "It stands for them",
    }
    (row,) = rows({OWN: own, FIRST: lynx(1), SECOND: lynx(2)})
    assert (row.verdict, row.advice) == ("ok", "")
    assert (
        row.text == "Bank House: 2 of 2 batteries in it; Bank 1: in the bank; Bank 2: in the bank. It stands for them"
    )
    for spoilt in ({"/Banks/0/Members": "1/2"}, {"/Banks/0/Service": ""}):
        (row,) = rows({OWN: own | spoilt})
        assert row.verdict == "warning"
        assert "findings of the running service" in row.advice


def test_lynx_that_look_like_a_bank_are_told() -> None:
    (row,) = rows({FIRST: lynx(1), SECOND: lynx(2)})
    assert (row.id, row.verdict) == ("bank-recognised", "note")
    assert row.text.startswith("Bank of Lynx on can0 with device instance 0 and 24 V: 2 of 2 batteries in it; Bank 1: ")
    assert "the configuration names no bank" in row.text
    assert rows({FIRST: lynx(1)}) == []
    assert rows({FIRST: lynx(1), SECOND: lynx(2, N2kDeviceInstance=1)}) == []


def test_the_vendors_totals_are_told_member_by_member_and_where_they_differ() -> None:
    totals = lynx(9, ProductId=0xA3E3, MaxChargeCurrent=400.0, N2kDeviceInstance=None) | {"/CustomName": "Total"}
    found = {row.id: row.text for row in rows({FIRST: lynx(1), SECOND: lynx(2), TOTALS: totals})}
    assert found["bank-recognised"].startswith("Bank Total: 2 of 2 batteries in it; Bank 1: in the bank;")
    assert "the totals say 400 A, by gxbridge's policy 363.6 A: Bank 1 allows 200 A" in found["bank-recognised"]
    assert found["parallel"].startswith("2 BMSes with limits beside their sum, Total")


def test_members_of_one_name_are_told_apart() -> None:
    name = {"/CustomName": "Lynx"}
    (row,) = rows({FIRST: lynx(1) | name, SECOND: lynx(2) | name})
    assert "; Lynx (1): in the bank" in row.text
    assert "; Lynx (2): in the bank" in row.text


def test_a_bank_of_gxbridge_is_a_sum_of_the_others() -> None:
    assert rows({HOUSE: lynx(230) | {"/CustomName": "House"}}) == []
    house = lynx(230) | {"/CustomName": "House", "/N2kUniqueNumber": None}
    (row,) = [row for row in rows({"com.victronenergy.battery.ttyUSB0": lynx(1), HOUSE: house}) if row.id == "parallel"]
    assert row.text.startswith("1 BMS with limits beside their sum, House")
