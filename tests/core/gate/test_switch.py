"""The switch of an alternator at the last gate: off always, on only while charging is allowed."""

from __future__ import annotations

import pytest

from gxbridge.core.model.items import Value
from tests.core.gate.boat import ALTERNATOR, BATTERY, CURRENT, SUN, Gate, Items, battery, charger

HELD = "held back"
MODE = "/Mode"
REGULATOR: Items = {"/Dc/0/Current": 0.0, MODE: 1}


def switched(value: Value, **setup: bool) -> Gate:
    """A gate that was asked to switch a regulator without a link."""
    gate = Gate({BATTERY: battery(), ALTERNATOR: dict(REGULATOR)}, **({"switch_alternators": True} | setup))
    gate.one(ALTERNATOR, MODE, value)
    return gate


@pytest.mark.parametrize("stop", [{}, {"charge": 0}, {"ccl": 0.0}, {"charge": "?"}])
def test_off_passes_always_and_on_only_while_charging_is_allowed(stop: Items) -> None:
    gate = Gate({BATTERY: battery(**stop), ALTERNATOR: dict(REGULATOR)}, switch_alternators=True)
    for off, on in ((4, 1), (4.0, 1.0)):
        assert gate.one(ALTERNATOR, MODE, off) == 4
        assert gate.one(ALTERNATOR, MODE, on) == (HELD if stop else 1)


@pytest.mark.parametrize("user_a", [0, 0.5])
def test_it_stays_off_where_the_user_s_limit_is_0_a(user_a: float) -> None:
    gate = Gate({BATTERY: battery(), ALTERNATOR: dict(REGULATOR)}, switch_alternators=True)
    gate.more["settings"] = {"/Settings/SystemSetup/MaxChargeCurrent": user_a}
    assert gate.one(ALTERNATOR, MODE, 1) == (1 if user_a else HELD)
    assert gate.rules() == ([] if user_a else ["the charge current limit is 0 A"])
    assert gate.one(ALTERNATOR, MODE, 4) == 4


@pytest.mark.parametrize("value", [2, 3])
def test_it_is_on_or_off_and_nothing_between(value: int) -> None:
    assert switched(value).rules() == ["neither on nor off"]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (0, "less than 1"),
        (5, "neither on nor off"),
        (252, "neither on nor off"),
        (None, "not a number of its kind"),
        ("1", "not a number of its kind"),
    ],
)
def test_no_other_value_passes(value: Value, rule: str) -> None:
    assert switched(value).rules() == [rule]


def test_nothing_is_switched_that_is_not_configured_or_takes_a_current_or_is_no_alternator() -> None:
    assert switched(4, switch_alternators=False).rules() == ["not to be switched"]
    vendor = Gate({BATTERY: battery(), ALTERNATOR: dict(REGULATOR)}, vendor=True)
    assert vendor.one(ALTERNATOR, MODE, 4) == HELD
    gate = Gate({BATTERY: battery(), ALTERNATOR: {**REGULATOR, CURRENT: None}}, switch_alternators=True)
    assert gate.one(ALTERNATOR, MODE, 4) == HELD
    gate = Gate({BATTERY: battery(), SUN: charger(**{MODE: 1})}, switch_alternators=True)
    assert gate.one(SUN, MODE, 4) == HELD
    assert gate.rules() == ["not on the list of what may be written"]
