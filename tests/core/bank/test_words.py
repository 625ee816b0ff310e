"""A bank in words, and its findings."""

from __future__ import annotations

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.words import bank_lines, head, member_line
from tests.core.bank.fleet import EPOCH, Fleet, afloat
from tests.core.boat import CCL

NOW = EPOCH + 2000.0


def lines(fleet: Fleet) -> list[str]:
    return list(bank_lines(fleet.bank(), fleet.now + EPOCH))


def test_one_battery_is_one_battery() -> None:
    assert head(afloat(1).bank()) == "Bank House: 1 of 1 battery in it"
    assert head(afloat(2).bank()) == "Bank House: 2 of 2 batteries in it"


def test_who_is_gone_is_told_with_its_age() -> None:
    fleet = afloat(2)
    fleet.lynxes[1].quiet = True
    fleet.pass_s(200)
    member = fleet.bank()["members"][1]
    assert member_line(member, fleet.now + EPOCH) == "Bank 2: gone for 3 min"
    assert member_line(member, None) == "Bank 2: gone"
    why = "Bank 2 cannot be heard, and its contactor was not known to be open"
    for what in ("charge current limit (CCL): 0 A", "allows charging: unknown"):
        assert f"    {what}: {why}" in lines(fleet)


def test_what_a_member_refuses_or_does_not_say_stands_in_its_line() -> None:
    fleet = afloat(2)
    fleet.lynxes[0].refuse()
    fleet.lynxes[1].said.pop(CCL)
    fleet.lynxes[1].said[0x2108] = 0x1580
    fleet.pass_s(80)
    told = [line for line in lines(fleet) if line.startswith("    - ")]
    assert "refuses charging" in told[0]
    assert "does not say whether it allows charging, does not say whether it allows discharging" in told[1]


def test_an_alarm_is_told_only_where_there_is_one() -> None:
    fleet = afloat(2)
    assert not [line for line in lines(fleet) if "alarm:" in line or "warning:" in line]
    fleet.lynxes[1].said[0x2107] = 0x1456
    fleet.pass_s(2)
    assert "    low cell voltage: warning: the worst, of Bank 2" in lines(fleet)


def test_what_is_measured_stands_in_its_line() -> None:
    fleet = afloat(2)
    for lynx in fleet.lynxes:
        lynx.current_a = 20.0
    fleet.pass_s(70)
    assert "up to 55 % of the current may be its part, 50 % measured" in lines(fleet)[2]


@pytest.mark.parametrize("path", ["voltage_v", "current_a", "soc_percent", "ccl_a"])
def test_what_is_not_known_is_not_told_as_a_number(path: str) -> None:
    member = {**afloat(1).bank()["members"][0], path: None}
    shown = {"voltage_v": "– V", "current_a": "– A", "soc_percent": "SoC –", "ccl_a": "CCL none"}
    assert shown[path] in member_line(member, NOW)


def test_the_first_banks_finding_is_not_about_the_second() -> None:
    fleet = afloat(3)
    fleet.lynxes[0].voltage_v = 27.0
    fleet.pass_s(2)
    differ = "House: its batteries differ by more than 0.4 V: Bank 2 26.4 V, Bank 1 27 V"
    assert fleet.found()["bank-voltages"] == f"{differ}. In parallel they would have one voltage"


def test_voltages_that_are_never_quiet_are_one_finding_with_one_text() -> None:
    fleet = afloat(3)
    texts, began = set(), 0
    for second in range(40):
        fleet.lynxes[0].voltage_v = 26.81 if second % 3 else 26.79
        fleet.lynxes[second % 2 + 1].voltage_v = 26.4 + second % 5 / 100
        cycle = fleet.pass_s(1)
        began += sum(one.id == "bank-voltages" for one in cycle.began)
        texts |= {text for id, text in fleet.found().items() if id == "bank-voltages"}
    assert (began, len(texts)) == (1, 1)
    fleet.lynxes[0].voltage_v = 27.2
    fleet.pass_s(1)
    assert "Bank 1 27.2 V" in fleet.found()["bank-voltages"], "a step is told"
    fleet.lynxes[0].voltage_v = 26.6
    fleet.pass_s(1)
    assert "bank-voltages" not in fleet.found()
    assert fleet.bank()["members"][0]["state"] == "in"


def test_equal_batteries_are_in_balance_whatever_is_stated() -> None:
    fleet = afloat(3, BankEntry("house", "House", imbalance=0.0))
    for second in range(200):
        fleet.lynxes[0].current_a = 40.0 + second % 3 / 5
        fleet.lynxes[1].current_a = fleet.lynxes[2].current_a = 40.2
        fleet.pass_s(1)
        assert "bank-imbalance" not in fleet.found()
    fleet.lynxes[0].current_a = 44.0
    fleet.pass_s(300)
    assert "bank-imbalance" in fleet.found()


def test_a_battery_that_is_two_is_named_once() -> None:
    fleet = Fleet(1, BankEntry("house", "House", ("uc167120", "HQ21302VUDQ")))
    fleet.lynxes[0].serial = b"HQ21302VUDQ\0"
    fleet.pass_s(10)
    found = fleet.found()
    assert found["bank-member-twice"].startswith("House: HQ21302VUDQ is not one battery")
    assert "bank-member-waits" not in found
