"""No member takes more than its own limit, however the current divides within the stated imbalance; who refuses, is
unknown or silent stops all."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gxbridge.core.bank.limits import (
    BankMembers,
    charge_current,
    charge_voltage,
    discharge_current,
    low_voltage,
    permission,
)
from gxbridge.core.bank.member import Member
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import NO_ANSWER
from tests.core.bank.members import bank, member

LIMIT = st.floats(0, 2000).map(lambda value: round(value, 1))
SIZE = st.floats(1, 5000)


@st.composite
def divided(draw: st.DrawFn) -> tuple[BankMembers, list[Member], list[float]]:
    """A bank, and a division of its current: no member takes more than its share and the imbalance. One that waits to
    be added may take part or not."""
    imbalance = draw(st.sampled_from([0.0, 0.05, 0.1, 0.3]))
    count = draw(st.integers(1, 5))
    sizes = [draw(SIZE) for _ in range(count)]
    states = ["in", *(draw(st.sampled_from(["in", "in", "waiting"])) for _ in range(count - 1))]
    members = [
        member(
            number,
            state,  # type: ignore[arg-type]
            InstalledCapacity=size,
            MaxChargeCurrent=draw(LIMIT),
            MaxDischargeCurrent=draw(LIMIT),
        )
        for number, (size, state) in enumerate(zip(sizes, states, strict=True))
    ]
    partaking = [one for one in members if one.state == "in" or draw(st.booleans())]
    whole = sum(one.capacity_ah or 0 for one in partaking)
    shares = [(one.capacity_ah or 0) / whole for one in partaking]
    if len(partaking) == 1:
        return bank(*members, imbalance=imbalance), partaking, [1.0]
    first = draw(st.floats(-1, 1))
    moved = [share * (1 + imbalance * first * (-1 if number % 2 else 1)) for number, share in enumerate(shares)]
    parts = [part / sum(moved) for part in moved]
    assume(all(part <= share * (1 + imbalance) for part, share in zip(parts, shares, strict=True)))
    return bank(*members, imbalance=imbalance), partaking, parts


@given(divided())
def test_no_member_is_above_its_own_limit(found: tuple[BankMembers, list[Member], list[float]]) -> None:
    whole, partaking, parts = found
    for figure, path in ((charge_current(whole), p.CCL), (discharge_current(whole), p.DCL)):
        assert isinstance(figure.value, float)
        for one, part in zip(partaking, parts, strict=True):
            limit = one.bms.max_charge_current_a if path == p.CCL else one.bms.max_discharge_current_a
            assert limit is not None
            assert figure.value * part <= limit + 1e-6


@given(divided(), st.data())
def test_a_lower_limit_or_one_more_refusal_never_raises_what_is_allowed(
    found: tuple[BankMembers, list[Member], list[float]], data: st.DataObject
) -> None:
    whole, _, _ = found
    before = charge_current(whole).value
    number = data.draw(st.integers(0, len(whole.members) - 1))
    changed = data.draw(st.sampled_from([{"MaxChargeCurrent": 1.0}, {"AllowToCharge": 0}, {"MaxChargeVoltage": None}]))
    one = whole.members[number]
    if changed == {"MaxChargeCurrent": 1.0}:
        assume((one.bms.max_charge_current_a or 0) >= 1)
    assert one.heard is not None
    shown = {**one.heard.items, **{f"/{'Io' if 'Allow' in name else 'Info'}/{name}": v for name, v in changed.items()}}
    lower = member(number, one.state)._replace(
        heard=one.heard._replace(items=shown, bms=one.bms._replace(**bms_fields(changed)))
    )
    members = tuple(lower if index == number else other for index, other in enumerate(whole.members))
    after = charge_current(whole._replace(members=members)).value
    assert isinstance(after, float)
    assert isinstance(before, float)
    assert after <= before


def bms_fields(changed: dict[str, float | int | None]) -> dict[str, float | int | None]:
    names = {"MaxChargeCurrent": "max_charge_current_a", "AllowToCharge": "charge"}
    return {names.get(name, "max_charge_voltage_v"): value for name, value in changed.items()}


def test_equal_batteries_give_what_they_allow_together_less_the_imbalance() -> None:
    found = charge_current(bank(member(1), member(2), member(3)))
    assert found.value == 545.4
    assert found.reason == "Bank 1 allows 200 A, and up to 36.67 % of the current may be its part"
    assert found.member == "Bank 1"


def test_a_limit_is_rounded_down_to_a_tenth_of_an_ampere() -> None:
    assert charge_current(bank(member(1, MaxChargeCurrent=55.3245), member(2))).value == 100.5
    assert charge_current(bank(member(1, MaxChargeCurrent=55.0), member(2))).value == 100.0


def test_of_limits_that_are_nearly_the_same_the_lower_one_counts() -> None:
    found = charge_current(bank(member(1, MaxChargeCurrent=100.6), member(2, MaxChargeCurrent=100.4)))
    assert (found.value, found.member) == (182.5, "Bank 2")


def test_a_limit_below_0_is_none() -> None:
    assert charge_current(bank(member(1, MaxChargeCurrent=-5.0), member(2))).value == 0.0


def test_the_smaller_battery_decides_when_its_part_is_more_than_it_takes() -> None:
    found = charge_current(bank(member(1, Capacity=100, MaxChargeCurrent=50.0), member(2, Capacity=300)))
    assert found.value == 181.8
    assert found.member == "Bank 1"
    found = charge_current(bank(member(1, Capacity=100), member(2, Capacity=300)))
    assert (found.value, found.member) == (242.4, "Bank 2")


def test_one_battery_alone_gives_its_own_limit() -> None:
    found = charge_current(bank(member(1), member(2, "open"), member(3, "away")))
    assert (found.value, found.reason) == (200.0, "Bank 1 allows 200 A")


def test_an_unknown_capacity_means_that_all_may_flow_into_one() -> None:
    found = charge_current(bank(member(1), member(2, Capacity=None, MaxChargeCurrent=150.0), member(3, Capacity=0)))
    assert found.value == 150.0
    assert found.reason.endswith("all could flow into one: the capacity of Bank 2 and Bank 3 is unknown")


def test_what_another_driver_has_left_is_no_capacity() -> None:
    """Only a Lynx says its capacity at `/Capacity`; others say there what is left."""
    other = member(2, ProductId=0xBA77, Capacity=12, AllowToCharge=None, AllowToDischarge=None)
    assert other.capacity_ah is None
    for said, counts in ((1.0, 1.0), (0.0, None), (-5.0, None)):
        assert member(2, InstalledCapacity=said).capacity_ah == counts
    assert charge_current(bank(member(1), other)).value == 200.0
    assert member(2, ProductId=0xBA77, InstalledCapacity=300.0).capacity_ah == 300.0


def test_added_up_only_where_the_configuration_says_so() -> None:
    whole = bank(member(1), member(2), sums=True)
    found = charge_current(whole)
    assert (found.value, discharge_current(whole).value) == (400.0, 800.0)
    assert found.reason == "the limits of Bank 1 and Bank 2 added up, as `current: sum` says"


def test_added_up_still_nothing_flows_where_one_says_0_a() -> None:
    found = charge_current(bank(member(1), member(2, MaxChargeCurrent=0.0), sums=True))
    assert (found.value, found.member) == (0.0, "Bank 2")


def test_added_up_one_that_waits_limits_and_adds_nothing() -> None:
    whole = bank(member(1), member(2), member(3, "waiting", MaxChargeCurrent=90.0), sums=True)
    found = charge_current(whole)
    assert (found.value, found.reason) == (90.0, "Bank 3 allows 90 A, and waits to be added")
    assert charge_current(bank(member(1), member(2, "waiting", MaxChargeCurrent=900.0), sums=True)).value == 200.0
    same = charge_current(bank(member(1), member(2, "waiting"), sums=True))
    assert (same.value, same.reason) == (200.0, "the limits of Bank 1 added up, as `current: sum` says")


def test_one_that_waits_limits_as_if_it_took_part_and_takes_nothing_off_the_others() -> None:
    assert charge_current(bank(member(1), member(2))).value == 363.6
    assert charge_current(bank(member(1), member(2), member(3, "waiting"))).value == 363.6
    assert charge_current(bank(member(1), member(2), member(3, "waiting", MaxChargeCurrent=50.0))).value == 136.3


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (member(2, AllowToCharge=0), "Bank 2 does not allow charging"),
        (member(2, "waiting", AllowToCharge=0), "Bank 2 does not allow charging"),
        (member(2, AllowToCharge=None), "whether Bank 2 allows charging is unknown"),
        (member(2, AllowToCharge=2), "whether Bank 2 allows charging is unknown"),
        (member(2, MaxChargeCurrent=None), "Bank 2 does not say the charge current that it allows"),
        (member(2, MaxChargeVoltage=None), "Bank 2 does not say the charge voltage that it allows"),
        (member(2, "waiting", MaxChargeCurrent=None), "Bank 2 does not say the charge current that it allows"),
        (member(2, "silent"), "Bank 2 cannot be heard, and its contactor was not known to be open"),
    ],
)
def test_who_refuses_is_unknown_or_silent_stops_all(second: Member, reason: str) -> None:
    for sums in (False, True):
        found = charge_current(bank(member(1), second, sums=sums))
        assert (found.value, found.reason, found.member) == (0.0, reason, "Bank 2")


@pytest.mark.parametrize("state", ["open", "coming", "away", "acknowledged"])
def test_who_is_out_of_the_bank_neither_grants_nor_stops(state: str) -> None:
    second = member(2, state, AllowToCharge=0, AllowToDischarge=0, MaxChargeCurrent=None)  # type: ignore[arg-type]
    whole = bank(member(1), second)
    assert (charge_current(whole).value, discharge_current(whole).value) == (200.0, 400.0)
    nobody = bank(second)
    assert (charge_current(nobody).value, charge_current(nobody).reason) == (0.0, "no member is in the bank")
    assert discharge_current(nobody).value is None


def test_discharge_is_0_only_by_a_word_and_else_withheld() -> None:
    refusing = discharge_current(bank(member(1), member(2, AllowToDischarge=0)))
    assert (refusing.value, refusing.reason) == (0.0, "Bank 2 does not allow discharging")
    unknown = discharge_current(bank(member(1), member(2, MaxDischargeCurrent=None)))
    assert (unknown.value, unknown.member) == (None, "Bank 2")
    silent = bank(member(1), member(2, "silent"))
    assert discharge_current(silent).value == 400.0
    assert permission(silent, p.ALLOW_DISCHARGE).value == NO_ANSWER


def test_a_permission_that_no_member_gives_is_not_given_by_the_bank_either() -> None:
    quiet = {"ProductId": 0xBA77, "AllowToCharge": None, "AllowToDischarge": None}
    whole = bank(member(1, **quiet), member(2, **quiet))
    assert permission(whole, p.ALLOW_CHARGE).value is None
    mixed = bank(member(1), member(2, **quiet))
    assert permission(mixed, p.ALLOW_CHARGE).value == 1
    assert permission(mixed, p.ALLOW_DISCHARGE).reason == "every member that says so allows discharging"


def test_the_lowest_charge_voltage_and_the_highest_low_voltage_count() -> None:
    whole = bank(
        member(1), member(2, MaxChargeVoltage=27.9, BatteryLowVoltage=22.0), member(3, "open", MaxChargeVoltage=20.0)
    )
    assert charge_voltage(whole) == (27.9, "the lowest, 27.9 V of Bank 2", "Bank 2")
    assert low_voltage(whole) == (22.0, "the highest, 22 V of Bank 2", "Bank 2")
    assert low_voltage(bank(member(1, "open"))).value is None


def test_while_all_contactors_are_open_it_is_still_known_that_there_is_a_bms() -> None:
    whole = bank(member(1, "open"), member(2, "open", MaxChargeVoltage=28.0))
    assert charge_voltage(whole).value == 28.0
    assert charge_current(whole).value == 0.0


def test_what_is_measured_beyond_the_stated_imbalance_lowers_the_limit() -> None:
    even = bank(member(1, measured=0.5), member(2, measured=0.5))
    assert charge_current(even).value == 363.6
    uneven = bank(member(1, measured=0.8), member(2, measured=0.2))
    assert (charge_current(uneven).value, charge_current(uneven).member) == (250.0, "Bank 1")


def test_by_measurement_the_parts_are_those_that_are_measured() -> None:
    one, other = member(1, measured=0.3, Capacity=None), member(2, measured=0.7, MaxChargeCurrent=300.0)
    assert charge_current(bank(one, other, share="measured")).value == 389.6
    settling = bank(member(1), member(2, measured=0.7), share="measured")
    assert charge_current(settling).value == 285.7, "by capacity until both are known, and what is measured beside it"
    waits = bank(member(1, measured=0.5), member(2, measured=0.5), member(3, "waiting"), share="measured")
    assert charge_current(waits).value == 363.6, "by capacity while one waits"


def test_a_member_that_takes_nothing_now_is_not_without_limit() -> None:
    whole = bank(member(1, measured=0.0, MaxChargeCurrent=1.0), member(2, measured=1.0), share="measured")
    assert charge_current(whole).value == 90.9
