"""How the division of a bank's current is measured: slowly, and only while it says something."""

from __future__ import annotations

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.member import Member
from gxbridge.core.bank.shares import NOT_MEASURED, STEP, MeasuredDivision, divisors, measure
from tests.core.bank.members import member


def carrying(*currents: float | None) -> tuple[Member, ...]:
    return tuple(member(number, Current=current) for number, current in enumerate(currents, 1))


def measured(*currents: float | None, seconds: int = 61, before: MeasuredDivision = NOT_MEASURED) -> MeasuredDivision:
    at = 0.0 if before.at is None else before.at
    for second in range(1, seconds + 1):
        before = measure(before, carrying(*currents), at + second)
    return before


def test_it_counts_after_a_minute() -> None:
    found = measured(75.0, 25.0, seconds=60)
    assert found.part("bank1") is None
    found = measured(75.0, 25.0, seconds=1, before=found)
    assert (found.part("bank1"), found.part("bank2")) == (0.75, 0.25)
    assert found.part("bank3") is None


def test_it_is_the_same_while_discharging() -> None:
    assert measured(-75.0, -25.0).part("bank1") == 0.75


def test_it_follows_a_change_within_minutes() -> None:
    found = measured(50.0, 50.0)
    later = measured(80.0, 20.0, seconds=60, before=found)
    assert later.part("bank1") == pytest.approx(0.5 + 0.3 * 0.635, abs=0.01)
    assert measured(80.0, 20.0, seconds=400, before=found).part("bank1") == 0.8


@pytest.mark.parametrize(
    "currents",
    [(9.05, 0.9), (4.0, -1.0), (60.0, -20.0), (-60.0, 20.0), (30.0, -30.0), (None, 30.0)],
    ids=["little", "little and apart", "one gives", "one takes", "one for the other", "one unknown"],
)
def test_what_says_nothing_changes_nothing(currents: tuple[float | None, float]) -> None:
    assert measured(*currents).part("bank1") is None
    found = measured(50.0, 50.0)
    assert measured(*currents, seconds=300, before=found).part("bank1") == 0.5


def test_a_member_that_carries_nothing_has_no_part() -> None:
    assert measured(0.0, 40.0).part("bank1") == 0.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_offset_of_a_shunt_does_not_hide_a_blown_fuse(sign: float) -> None:
    found = measured(60.0 * sign, 60.0 * sign, -0.3 * sign)
    assert (found.part("bank1"), found.part("bank3")) == (0.505, 0.0)
    assert measured(60.0 * sign, 60.0 * sign, -1.0 * sign).part("bank3") == 0.0
    assert measured(60.0 * sign, 60.0 * sign, -1.005 * sign).part("bank1") is None


def test_no_part_is_below_0_and_one_that_is_not_known_leaves_no_parts() -> None:
    assert measured(60.0, 60.0, -0.3).parts[2] == 0.0
    assert measured(None, 30.0, 30.0).part("bank2") is None


def test_it_begins_with_the_first_look_that_says_something() -> None:
    found = measured(1.0, 1.0, seconds=5)
    assert measured(75.0, 25.0, seconds=60, before=found).part("bank1") is None
    assert measured(75.0, 25.0, before=found).part("bank1") == 0.75


def test_a_part_rises_at_once_and_falls_two_steps_lower() -> None:
    before = MeasuredDivision(("bank1", "bank2"), (0.5, 0.5), (0.5, 0.5), 60.0, 100.0)
    assert measure(before, carrying(40.0, 60.0), 105.0).steady == (0.5, 0.51)
    assert measured(120.0, -0.5).part("bank1") == 1.0, "no more than all of it"


def test_one_alone_takes_all_of_it() -> None:
    assert divisors(BankEntry("house"), (member(1),), ()) == {"bank1": 1.0}
    assert divisors(BankEntry("house"), (), (member(1, Capacity=None),)) == {"bank1": 1.0}


def test_from_10_a_on_a_division_says_something() -> None:
    assert measured(7.5, 2.5).part("bank1") == 0.75


def test_other_members_begin_anew_and_one_alone_has_no_division() -> None:
    found = measured(50.0, 50.0)
    assert measured(50.0, 50.0, 50.0, seconds=30, before=found).part("bank1") is None
    assert measured(50.0).part("bank1") is None


def test_a_look_that_comes_late_or_early_does_not_weigh_more() -> None:
    found = measured(50.0, 50.0)
    assert found.at is not None
    late = measure(found, carrying(100.0, 0.0), found.at + 3600)
    assert late.parts[0] == pytest.approx(0.5 + 0.5 * 5 / 60)
    assert measure(found, carrying(100.0, 0.0), found.at - 3600).part("bank1") == 0.5


def test_a_part_that_is_never_quiet_counts_as_one_number_that_is_not_too_low() -> None:
    found, counted = measured(50.0, 50.0), set()
    for second in range(600):
        found = measured(51.0 if second % 7 < 3 else 49.0, 50.0, seconds=1, before=found)
        part = found.part("bank1")
        assert part is not None
        assert found.parts[0] <= part <= found.parts[0] + 2 * STEP
        counted.add(part)
    assert len(counted) <= 2
    lower = measured(40.0, 60.0, seconds=600, before=found).part("bank1")
    assert lower is not None
    assert 0.4 <= lower <= 0.4 + 2 * STEP
    assert measured(999.0, 1.0).part("bank1") == 1.0, "no member takes more than all of it"
