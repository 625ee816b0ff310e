"""A bank in words, and its findings."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.member import Member
from gxbridge.core.bank.view import bank_data
from gxbridge.core.bank.words import bank_lines, figure_lines, head, member_line, members_text
from tests.core.bank.fleet import EPOCH, Fleet, afloat
from tests.core.bank.members import member, view
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


# --- line by line ----------------------------------------------------------------------------------------------------


def member_data_of(*members: Member, **entry: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bank_data(view(*members, **entry))["members"]
    return found


def test_the_head_counts_who_is_in_of_those_that_belong_to_it() -> None:
    data = bank_data(view(member(1), member(2, "open"), member(3, "acknowledged")))
    assert head(data) == "Bank House: 1 of 2 batteries in it"
    assert head(bank_data(view(member(1), member(2, "acknowledged")))) == "Bank House: 1 of 1 battery in it"
    assert head(bank_data(view(member(1), member(2, "away"), member(3, "coming")))) == (
        "Bank House: 1 of 3 batteries in it"
    )
    assert head({**data, "members": []}) == "Bank House: 0 of 0 batteries in it"
    assert head({**data, "title": "House bank"}) == "House bank: 1 of 2 batteries in it"
    assert members_text(view(member(1), member(2, "open"))) == "Bank 1: in the bank; Bank 2: contactor open"


def test_the_line_of_a_member_says_what_it_says() -> None:
    limits = "CVL 28.4 V, CCL 200 A, DCL 400 A"
    one, waiting, opened = member_data_of(
        member(1, Current=-0.04, Soc=80.456, measured=0.25),
        member(2, "waiting", MaxChargeVoltage=None),
        member(3, "open"),
    )
    assert member_line(one, None) == (
        f"Bank 1: in the bank; 26.4 V, -0.0 A, SoC 80.46 %, {limits}, "
        "up to 100 % of the current may be its part, 25 % measured"
    )
    assert member_line(waiting, None) == (
        "Bank 2: waits to be added; 26.4 V, +10.0 A, SoC 80 %, CVL none, CCL 200 A, DCL 400 A, "
        "up to 55 % of the current may be its part"
    )
    assert member_line(opened, 1.0) == f"Bank 3: contactor open; 26.4 V, +10.0 A, SoC 80 %, {limits}"


def test_the_line_of_a_member_says_what_it_refuses() -> None:
    one, other = member_data_of(member(1, AllowToDischarge=0), member(2, AllowToCharge=None, MaxDischargeCurrent=None))
    assert ", refuses discharging, " in member_line(one, None)
    assert "refuses charging" not in member_line(one, None)
    assert "DCL none, does not say whether it allows charging, up to" in member_line(other, None)


def test_the_line_of_one_that_is_gone_says_for_how_long() -> None:
    (one,) = member_data_of(member(1, "away"))
    assert member_line(one, 1760.0) == "Bank 1: gone with an open contactor for 60 s"
    assert member_line(one, 5300.4) == "Bank 1: gone with an open contactor for 60 min"
    assert member_line(one, None) == "Bank 1: gone with an open contactor"
    assert member_line({**one, "since": None}, 1760.0) == "Bank 1: gone with an open contactor"


def test_figures_are_told_with_their_reasons_and_what_is_said_elsewhere_is_not() -> None:
    data = bank_data(view(member(1, LowSoc=2, AllowToCharge=0), member(2, Soc=None, MaxDischargeCurrent=None)))
    said = {line.partition(":")[0]: line for line in figure_lines(data)}
    assert said.keys() == {
        *("voltage", "current", "power", "state of charge", "capacity", "consumed", "time to go"),
        *("charge voltage limit (CVL)", "charge current limit (CCL)", "discharge current limit (DCL)"),
        *("discharge voltage limit", "allows charging", "allows discharging", "lowest cell", "highest cell"),
        "low SoC",
    }
    assert said["voltage"] == "voltage: 26.4 V: that of Bank 1 and Bank 2"
    assert said["low SoC"] == "low SoC: alarm: the worst, of Bank 1"
    warned = [line for line in figure_lines(bank_data(view(member(1, LowSoc=1)))) if "low SoC" in line]
    assert warned == ["low SoC: warning: the worst, of Bank 1"]
    assert said["allows charging"] == "allows charging: no: Bank 1 does not allow charging"
    assert said["allows discharging"].startswith("allows discharging: yes: every member")
    assert said["discharge current limit (DCL)"].startswith("discharge current limit (DCL): unknown: Bank 2 does not")


def test_all_lines_of_a_bank() -> None:
    data = {**bank_data(view(member(1))), "differences": ["something: the totals say something else"]}
    first, *rest = bank_lines(data, None)
    assert (first, rest[0], rest[-1]) == (
        "Bank House: 1 of 1 battery in it", "    why", "    something: the totals say something else"
    )  # fmt: skip
    assert rest[1].startswith("    - Bank 1: in the bank; ")
    assert rest[2] == "    voltage: 26.4 V: that of Bank 1"
