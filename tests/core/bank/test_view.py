"""A bank as a battery for the decision, as data, and beside the vendor's totals."""

from __future__ import annotations

import pytest

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.view import bank_bms, bank_data, differences, same_value, shown
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.model.items import Value
from tests.core.bank.members import member, view

OTHERS = "com.victronenergy.battery.bank1"


def test_a_bank_is_named_after_its_configuration() -> None:
    entry = BankEntry("house", "House")
    assert (entry.service, entry.key, entry.called) == (
        "com.victronenergy.battery.gxbridge_bank_house", "bank_house", "House"
    )  # fmt: skip
    assert BankEntry("house").called == "house"


def test_a_bank_is_a_battery_of_the_decision() -> None:
    found = bank_bms(view(member(1), member(2, MaxChargeVoltage=28.0)), "House", 230)
    assert (found.product_id, found.nominal_v, found.capacity_ah, found.instance) == (0xA3E3, 24, 800, 230)
    assert (found.title, found.identity, found.connection) == ("House", "", "Virtual")
    assert (found.max_charge_voltage_v, found.voltage_v, found.usable, found.offers_limits) == (28.0, 26.4, True, True)
    assert (found.charge, found.discharge) == (1, 1)
    assert bank_bms(view(member(1), member(2, AllowToCharge=0)), "House", 230).charge == 0
    assert bank_bms(view(member(1), member(2, AllowToDischarge=0)), "House", 230).discharge == 0


def test_of_the_alternator_and_of_low_cells_the_strictest_counts() -> None:
    whole = view(member(1, AlternatorAllowToCharge=1), member(2, AlternatorAllowToCharge=0), member(3))
    assert bank_bms(whole, "House", 230).alternator == 0
    assert bank_bms(view(member(1)), "House", 230).alternator is None
    one, other = member(1), member(2)
    assert one.heard is not None
    low, well = (one._replace(heard=one.heard._replace(bms=one.bms._replace(low_cell_alarm=n))) for n in (1, 0))
    assert bank_bms(view(well, low, other), "House", 230).low_cell_alarm == 1
    assert bank_bms(view(other), "House", 230).low_cell_alarm is None


def test_a_bank_is_as_secure_as_each_of_its_members() -> None:
    one, other = member(1), member(2, "open")
    assert other.heard is not None
    insecure = other._replace(heard=other.heard._replace(bms=other.bms._replace(secure=False)))
    assert bank_bms(view(one, other), "House", 230).secure
    assert not bank_bms(view(one, insecure), "House", 230).secure


def test_a_figure_that_is_text_or_unknown_is_no_number() -> None:
    whole = view(member(1))
    assert whole.value(p.NUMBER_OF_BMSES) is None
    assert whole.value("/Nothing") is None
    assert whole.value(p.VOLTAGE) == 26.4
    assert (whole.stands, view(member(1), role="explained").stands) == (True, False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (100.0, 100.5, True),
        (100.0, 100.56, False),
        (-100.0, -100.5, True),
        (200.0, 201.06, False),
        (201.0, 200.0, True),
        (1000.0, 1005.05, True),
        (0.0, 0.05, True),
        (0.0, 0.06, False),
        ("2/2", "2/2", True),
        ("2/2", "1/2", False),
        ("2/2", 2, False),
        (2, "2/2", False),
        (None, 2, False),
        (2, None, False),
        (None, None, True),
    ],
)
def test_figures_are_the_same_but_for_rounding(one: Value, other: Value, same: bool) -> None:
    assert same_value(one, other) is same


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(26.4, "V", "26.4 V"), (100, "A", "100 A"), ("2/2", "", "2/2"), (1.005, "", "1")]
)
def test_a_figure_is_shown_with_its_unit(value: Value, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_where_totals_say_something_else_it_is_listed_and_what_is_ours_alone_is_not() -> None:
    whole = view(member(1), member(2, Current=None))
    said = differences(
        whole, {p.VOLTAGE: 26.4, p.CCL: 400.0, p.CURRENT: 20.0, p.LOW_VOLTAGE: 1.0, p.ALLOW_CHARGE: 0, p.POWER: None}
    )
    assert said == (
        "current: the totals say 20 A, by gxbridge's policy nothing: Bank 2 does not say it",
        "charge current limit (CCL): the totals say 400 A, by gxbridge's policy 363.6 A: Bank 1 allows 200 A, and up "
        "to 55 % of the current may be its part",
    )


def test_a_bank_as_data() -> None:
    data = bank_data(view(member(1, measured=0.4444), member(2, "waiting"), member(3, "silent"), member(4, "open")))
    assert {key: data[key] for key in ("name", "title", "service", "role", "why", "differences")} == {
        "name": "house",
        "title": "House",
        "service": "com.victronenergy.battery.gxbridge_bank_house",
        "role": "one battery",
        "why": "why",
        "differences": [],
    }
    one, waiting, silent, opened = data["members"]
    assert one == {
        "word": "bank1",
        "name": "Bank 1",
        "service": OTHERS,
        "state": "in",
        "state_text": "in the bank",
        "since": None,
        "voltage_v": 26.4,
        "current_a": 10.0,
        "soc_percent": 80.0,
        "capacity_ah": 400,
        "cvl_v": 28.4,
        "ccl_a": 200.0,
        "dcl_a": 400.0,
        "charge": "yes",
        "discharge": "yes",
        "most_percent": 110.0,
        "measured_percent": 44.4,
    }
    assert (waiting["most_percent"], waiting["measured_percent"], waiting["charge"]) == (55.0, None, "yes")
    assert (silent["since"], silent["service"], silent["voltage_v"], silent["charge"]) == (1700, "", None, "")
    assert (silent["current_a"], silent["cvl_v"], silent["ccl_a"], silent["dcl_a"]) == (None, None, None, None)
    assert (opened["since"], opened["most_percent"], opened["discharge"]) == (None, None, "")
    figures = {figure["path"]: figure for figure in data["figures"]}
    assert figures[p.VOLTAGE] == {
        "path": p.VOLTAGE,
        "title": "voltage",
        "value": 26.4,
        "unit": "V",
        "text": "26.4 V",
        "reason": "that of Bank 1",
        "member": "",
    }
    assert figures["/Alarms/LowSoc"]["text"] == "", "not known"


def test_a_bank_that_stands_for_nobody_has_no_service_and_no_parts() -> None:
    data = bank_data(view(member(1, "waiting"), role="explained"))
    assert (data["service"], data["members"][0]["most_percent"]) == ("", None)
    thirds = bank_data(view(member(1), member(2), member(3)))
    assert [one["most_percent"] for one in thirds["members"]] == [36.7, 36.7, 36.7]
    unknown = bank_data(view(member(1, Capacity=None), member(2)))
    assert [one["most_percent"] for one in unknown["members"]] == [None, None], "nobody knows the shares"
