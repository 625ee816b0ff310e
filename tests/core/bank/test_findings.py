"""What a person is told about a bank, and when not."""

from __future__ import annotations

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.findings import bank_findings, different_voltages, imbalances
from gxbridge.core.bank.member import Member
from gxbridge.core.bank.membership import BankMemory, GatheredMembers, MemberMemory, MembersApart
from gxbridge.core.model.finding import Finding
from tests.core.bank.members import member, view

SERVICE = "com.victronenergy.battery.gxbridge_bank_house"


def found(
    *members: Member,
    now: float = 100.0,
    known: tuple[str, ...] = (),
    began: float | None = 0.0,
    twice: tuple[str, ...] = (),
    apart: MembersApart | None = None,
    **entry: object,
) -> list[Finding]:
    memories = tuple(MemberMemory(one.word, "x", 0.0, "Bank" if one.word in known else "") for one in members)
    gathered = GatheredMembers(members, (), BankMemory(memories, apart=apart, began=began), twice)
    return list(bank_findings(view(*members, **entry), gathered, now, lambda epoch: f"at {epoch:g}"))


def told(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.id, one.subject, one.text.partition(". ")[0]) for one in findings]


@pytest.mark.parametrize(
    ("state", "row", "end"),
    [
        ("silent", "bank-member-silent", ": the bank allows no charging, because the contactor of Bank 2 was not known "
         "to be open"),
        ("away", "bank-member-away", ""),
    ],
)  # fmt: skip
def test_who_is_gone_is_told_with_how_many_are_there(state: str, row: str, end: str) -> None:
    members = (member(1), member(2, state), member(3, "open"), member(4, "acknowledged"))  # type: ignore[arg-type]
    said = f"House: 2 of 3 batteries there, Bank 2 gone since at 1700.4{end}"
    assert told(found(*members)) == [(row, f"{SERVICE} bank2", said)]


def test_who_was_never_heard_is_waited_for_a_minute() -> None:
    members = (member(1), member(2, "silent"))
    assert found(*members, now=59.9) == []
    assert len(found(*members, now=60.0)) == 1
    assert found(*members, now=109.9, began=50.0) == []
    assert len(found(*members, now=110.0, began=50.0)) == 1
    assert len(found(*members, now=1.0, known=("bank2",))) == 1, "it was heard in this run"
    assert found(*members, now=59.9, began=None) == []


def test_who_waits_is_told_unless_it_is_told_that_it_is_named_twice() -> None:
    members = (member(1), member(2, "waiting"), member(3, "waiting"))
    assert [(one.id, one.subject) for one in found(*members, twice=("bank3",))] == [
        ("bank-member-twice", f"{SERVICE} bank3"),
        ("bank-member-waits", f"{SERVICE} bank2"),
    ]


def test_voltages_that_are_apart_are_told_with_the_window() -> None:
    (one,) = found(member(1), member(2), apart=MembersApart("Bank 1", 26.0, "Bank 2", 26.5))
    assert one.text.startswith("House: its batteries differ by more than 0.4 V: Bank 1 26 V, Bank 2 26.5 V")
    assert (one.id, one.subject) == ("bank-voltages", SERVICE)


def test_a_capacity_that_is_not_known_is_told_where_it_matters() -> None:
    one, other, third = member(1), member(2, Capacity=None), member(3, "waiting", Capacity=None)
    (said,) = [row for row in found(one, other, third) if row.id == "bank-capacity"]
    assert said.text.startswith("House: the capacity of Bank 2 and Bank 3 is not known")
    assert [row.id for row in found(one, other)] == ["bank-capacity"]
    assert found(other) == [], "alone it takes all of it anyway"
    assert found(one, other, sums=True) == []
    assert found(one, member(2)) == []


def imbalance(*measured: float | None, **entry: object) -> list[str]:
    members = [member(number, measured=part) for number, part in enumerate(measured, 1)]
    return [one.text for one in imbalances(view(*members, **entry), 100.0)]


def test_what_flows_through_one_beyond_its_share_is_told() -> None:
    (said,) = imbalance(0.8, 0.2)
    assert said.startswith("House: 80 % of the current flows through Bank 1, and 55 % is the most that is expected")
    assert len(imbalance(0.8, 0.1, 0.1)) == 1
    assert imbalance(0.26, 0.25, 0.25, 0.24, imbalance=0.0) == [], "two steps above what is measured"
    assert (imbalance(), imbalance(1.0, imbalance=0.0)) == ([], [])
    assert imbalance(0.2, 0.8)[0].startswith("House: 80 % of the current flows through Bank 2")
    assert (imbalance(0.8), imbalance(0.8, 0.2, sums=True), imbalance(None, None)) == ([], [], [])


@pytest.mark.parametrize(("part", "told"), [(0.559, False), (0.561, True)])
def test_only_what_is_certainly_more_is_told(part: float, told: bool) -> None:
    assert bool(imbalance(part, 1 - part)) is told


def test_without_shares_nothing_is_out_of_balance_and_one_that_waits_leaves_them_as_they_are() -> None:
    whole = view(member(1, measured=0.8, Capacity=None), member(2, measured=0.2))
    assert list(imbalances(whole, 100.0)) == []
    waiting = view(member(1, measured=0.8), member(2, measured=0.2), member(3, "waiting"))
    assert [one.subject for one in imbalances(waiting, 100.0)] == [f"{SERVICE} bank1"]


def test_different_nominal_voltages_are_told_with_whose_they_are() -> None:
    gathered = GatheredMembers((), (), BankMemory(), (), ((24.0, "Bank 1"), (12.0, "Bank 2"), (48.0, "House")))
    one = different_voltages(BankEntry("house", "House"), gathered, 5.0)
    assert (one.id, one.subject) == ("bank-nominal", SERVICE)
    assert "(Bank 1 24 V, Bank 2 12 V and House 48 V)" in one.text
    assert "Correct the bank house" in one.advice
