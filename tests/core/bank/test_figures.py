"""What a bank says as a whole, each number with its reason and whose it is."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gxbridge.core.bank.figures import FIGURES, figures_of
from gxbridge.core.dvcc.read import paths as p
from tests.core.bank.members import bank, member

TOTALS = Path(__file__).parent / "data" / "totals_paths.csv"


def test_every_path_that_the_recorded_totals_have_is_there_with_its_type() -> None:
    """Path, type and text of the recorded totals (venus-docker simulations s, bct, lp, lpp), as our notes have them."""
    with TOTALS.open() as file:
        recorded = {row["path"]: row["type"] for row in csv.DictReader(file) if row["type"]}
    ours = {row.path: row.spec.signature for row in FIGURES if row.path in recorded}
    assert ours == {path: kind for path, kind in recorded.items() if path in ours}
    assert {row.path for row in FIGURES if not row.ours} <= recorded.keys()


def test_sums_and_means_are_those_of_the_members_that_are_in() -> None:
    whole = bank(
        member(1, Current=-10.0, Power=-264, Soc=80.0, Capacity=300, ConsumedAmphours=-60.0, Voltage=26.4),
        member(2, Current=-20.0, Power=-520, Soc=60.0, Capacity=100, ConsumedAmphours=-40.0, Voltage=26.0),
        member(3, "open", Current=99.0, Soc=1.0, Capacity=5000),
        member(4, "waiting", Current=99.0, Soc=1.0, Capacity=5000, Voltage=20.0),
    )
    found = {path: figure.value for path, figure in figures_of(whole).items()}
    assert found[p.CURRENT] == -30.0
    assert found[p.POWER] == -784
    assert found["/Capacity"] == 400
    assert found["/ConsumedAmphours"] == -100.0
    assert found[p.VOLTAGE] == 26.2
    assert found[p.SOC] == 75.0
    assert found[p.STATE] == 9
    assert found[p.NUMBER_OF_BMSES] == "2/4"
    assert figures_of(whole)[p.SOC].reason == "the mean by capacity of Bank 1 80 %, Bank 2 60 %"
    assert figures_of(whole)[p.CURRENT].reason == "the sum of Bank 1 -10 A, Bank 2 -20 A"


@pytest.mark.parametrize(("said", "shown"), [(1, 1), (0, 0), (None, None), (2, None)])
def test_a_permission_is_shown_where_it_is_known(said: int | None, shown: int | None) -> None:
    assert figures_of(bank(member(1), member(2, AllowToCharge=said)))[p.ALLOW_CHARGE].value == shown
    assert figures_of(bank(member(1), member(2, AllowToDischarge=said)))[p.ALLOW_DISCHARGE].value == shown


def test_a_sum_of_what_one_does_not_say_is_unknown_and_not_too_small() -> None:
    whole = bank(member(1), member(2, Current=None, Capacity=None))
    figures = figures_of(whole)
    assert (figures[p.CURRENT].value, figures[p.CURRENT].reason) == (None, "Bank 2 does not say it")
    assert (figures["/Capacity"].value, figures["/Capacity"].reason) == (None, "the capacity of Bank 2 is unknown")


def test_sums_and_means_are_told_in_steps_that_mean_something() -> None:
    figures = figures_of(
        bank(
            member(1, Current=-10.04, Capacity=100.04, Soc=80.0, Voltage=26.5),
            member(2, Current=-20.03, Capacity=100.03, Soc=81.0, Voltage=26.4),
            member(3, Current=0.0, Capacity=100.05, Soc=81.0, Voltage=26.4, Power=0.6),
        )
    )
    assert (figures[p.CURRENT].value, figures["/Capacity"].value, figures[p.POWER].value) == (-30.1, 300.1, 529)
    assert figures[p.VOLTAGE][:2] == (26.433, "the mean of 26.4 V of Bank 2 to 26.5 V of Bank 1")
    assert figures[p.SOC].value == 80.667
    plain = figures_of(bank(member(1, Soc=80.0), member(2, Soc=81.0, Capacity=None), member(3, Soc=81.0)))
    assert plain[p.SOC].value == 80.667


def test_a_state_of_charge_that_is_not_said_is_named() -> None:
    figure = figures_of(bank(member(1, Soc=80.0), member(2, Soc=None)))[p.SOC]
    assert (figure.value, figure.reason) == (80.0, "the mean by capacity of Bank 1 80 %; Bank 2 does not say it")
    figure = figures_of(bank(member(1, Soc=80.0), member(2, Soc=60.0, Capacity=None)))[p.SOC]
    assert (figure.value, figure.reason) == (
        70.0, "the plain mean, as a capacity is unknown, of Bank 1 80 %, Bank 2 60 %"
    )  # fmt: skip
    assert figures_of(bank(member(1, Soc=None)))[p.SOC].reason == "no member says it"


def test_the_member_that_is_empty_first_says_the_time_to_go() -> None:
    figure = figures_of(bank(member(1), member(2, TimeToGo=3600)))["/TimeToGo"]
    assert (figure.value, figure.member) == (3600, "Bank 2")
    assert figures_of(bank(member(1, TimeToGo=None)))["/TimeToGo"].value is None
    longer = figures_of(bank(member(1, TimeToGo=900000)))["/TimeToGo"]
    assert longer == (900000, "no member sees an end", "")
    last = figures_of(bank(member(1), member(2, TimeToGo=863999)))["/TimeToGo"]
    assert last == (863999, "that of Bank 2, which is empty first and then stops all", "Bank 2")
    assert figures_of(bank(member(1), member(2)))["/TimeToGo"] == (864000, "no member sees an end", "")


def test_the_lowest_and_highest_cells_have_an_owner() -> None:
    whole = bank(
        member(1, MinCellVoltage=3.1, MinVoltageCellId="7", Temperature=5.0),
        member(2, MaxCellVoltage=3.6, Temperature=30.0),
        member(3, "open", MinCellVoltage=1.0),
    )
    figures = figures_of(whole)
    assert figures[p.MIN_CELL_VOLTAGE] == (3.1, "the lowest, 3.1 V of Bank 1", "Bank 1")
    assert figures[p.MIN_CELL_ID].value == "Bank 1 | 7"
    assert figures[p.MAX_CELL_ID].value == "Bank 2"
    assert (figures[p.MIN_CELL_TEMPERATURE].value, figures[p.MIN_CELL_TEMPERATURE].member) == (5.0, "Bank 1")
    assert (figures[p.MAX_CELL_TEMPERATURE].value, figures[p.MAX_CELL_TEMPERATURE].member) == (30.0, "Bank 2")
    second = figures_of(bank(member(1, MinVoltageCellId="3"), member(2, MinCellVoltage=3.1, MinVoltageCellId="7")))
    assert (second[p.MIN_CELL_VOLTAGE].member, second[p.MIN_CELL_ID].value) == ("Bank 2", "Bank 2 | 7")
    one = member(1, Temperature=5.0)
    assert one.heard is not None
    cold = one._replace(heard=one.heard._replace(items={**one.heard.items, p.MIN_CELL_TEMPERATURE: 2.0}))
    assert figures_of(bank(cold))[p.MIN_CELL_TEMPERATURE].value == 2.0
    silent = figures_of(bank(member(1, MinCellVoltage=None, Temperature=5.0)))
    assert (silent[p.MIN_CELL_VOLTAGE].value, silent[p.MIN_CELL_ID].value) == (None, None)


def test_the_worst_of_an_alarm_counts_over_everybody_that_is_heard() -> None:
    whole = bank(member(1, LowSoc=0), member(2, LowSoc=1), member(3, "open", LowSoc=2), member(4, "silent"))
    figure = figures_of(whole)["/Alarms/LowSoc"]
    assert (figure.value, figure.reason, figure.member) == (2, "the worst, of Bank 3", "Bank 3")
    first = figures_of(bank(member(1, LowSoc=2), member(2, LowSoc=1)))["/Alarms/LowSoc"]
    assert (first.value, first.member) == (2, "Bank 1")
    assert figures_of(bank(member(1, LowSoc=0)))["/Alarms/LowSoc"] == (0, "no member has it", "")
    assert figures_of(bank(member(1)))["/Alarms/LowSoc"].value is None


@pytest.mark.parametrize(("state", "level"), [("silent", 2), ("away", 1), ("open", 0), ("acknowledged", 0)])
def test_a_member_that_is_lost_is_an_alarm_or_a_warning(state: str, level: int) -> None:
    assert figures_of(bank(member(1), member(2, state)))[p.ALARM_BMS_LOST].value == level  # type: ignore[arg-type]


def test_of_several_that_are_lost_the_first_owns_the_alarm() -> None:
    figure = figures_of(bank(member(1), member(2, "silent"), member(3, "silent")))[p.ALARM_BMS_LOST]
    assert figure == (2, "Bank 2 and Bank 3 is gone", "Bank 2")


def test_with_nobody_in_it_a_bank_measures_nothing() -> None:
    figures = figures_of(bank(member(1, "open"), member(2, "acknowledged")))
    for path in (p.VOLTAGE, p.CURRENT, p.SOC, "/Capacity", "/TimeToGo", p.STATE, p.MIN_CELL_VOLTAGE):
        assert (figures[path].value, figures[path].reason) == (None, "no member is in the bank")
    assert figures[p.NUMBER_OF_BMSES].value == "0/1", "who is acknowledged as gone is none of them"
    assert figures[p.ALLOW_CHARGE].value is None


def test_the_voltage_of_one_is_that_of_one() -> None:
    assert figures_of(bank(member(1)))[p.VOLTAGE] == (26.4, "that of Bank 1", "")
    assert figures_of(bank(member(1), member(2)))[p.VOLTAGE] == (26.4, "that of Bank 1 and Bank 2", "")
    uneven = figures_of(bank(member(1), member(2, Voltage=26.5)))[p.VOLTAGE]
    assert uneven == (26.45, "the mean of 26.4 V of Bank 1 to 26.5 V of Bank 2", "")
    assert figures_of(bank(member(1, Voltage=None)))[p.VOLTAGE].value is None
