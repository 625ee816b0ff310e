"""The player of scenarios: its clock, its bus, and what it says about a bad file."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.options import Options
from gxbridge.core.dvcc.scenario import Difference, ScenarioError, differences, play, same
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, can_bms, charger, multi


def scenario(**changes: Any) -> dict[str, Any]:
    return {
        "name": "s", "settings": {p.SET_DVCC: 1}, "devices": {CAN_BMS: can_bms(), SUN: charger()},
        "steps": [{"advance_ms": 3500}],
    } | changes  # fmt: skip


def test_what_was_written_is_counted_and_shown() -> None:
    (answer,) = play(scenario(), Options.vendor())
    assert answer["t_ms"] == 3500
    assert answer["writes"][SUN][p.CHARGE_CURRENT] == 1
    assert answer["devices"][SUN][p.CHARGE_CURRENT] == 50
    assert answer["system"][p.ACTIVE_BMS] == CAN_BMS


def test_a_service_that_is_removed_leaves_and_shows_null_until_it_is_written_again() -> None:
    steps = [{"advance_ms": 3000}, {"advance_ms": 100, "remove": [SUN, "com.victronenergy.nobody"]},
             {"advance_ms": 100, "add": {SUN: charger()}}]  # fmt: skip
    _, gone, back = play(scenario(steps=steps), Options.vendor())
    assert SUN not in gone["devices"]
    assert back["devices"][SUN][p.CHARGE_CURRENT] is None


def test_a_set_reaches_settings_and_services_but_nobody_who_is_not_there() -> None:
    steps = [
        {"advance_ms": 3000, "set": {p.SETTINGS: {p.SET_MAX_CURRENT: 7}, "com.victronenergy.nobody": {"/x": 1}}},
        {"advance_ms": 3000, "set": {p.SYSTEM: {p.PV_DISABLE: 1}}},
    ]
    first, second = play(scenario(steps=steps), Options.vendor())
    assert first["devices"][SUN][p.CHARGE_CURRENT] == 7
    assert second["devices"][SUN][p.CHARGE_CURRENT] == 0


def test_the_control_loop_keeps_its_own_seconds_when_the_first_charger_came_in_between() -> None:
    steps = [{"advance_ms": 2500}, {"advance_ms": 2900, "add": {SUN: charger()}}, {"advance_ms": 200}]
    settings = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20}
    answers = play(scenario(devices={MULTI: multi()}, steps=steps, settings=settings), Options.vendor())
    assert [p.CHARGE_CURRENT in answer["writes"].get(SUN, {}) for answer in answers] == [False, False, True]


def test_differences_say_where() -> None:
    found = list(differences([{"a": {"b": 1.0, "c": 2}, "d": "x"}], [{"a": {"b": 1.0 + 1e-7}, "d": "y"}]))
    assert found == [Difference(0, "a c", 2, "(nothing)"), Difference(0, "d", "x", "y")]
    assert (same(1, 1.0 + 1e-7), same(1, None), same("a", "a"), same(1, 1.1)) == (True, False, True, False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"devices": []}, '"devices" must be'),
        ({"devices": {SUN: 5}}, '"devices" must be'),
        ({"settings": []}, '"settings" must be'),
        ({"steps": {}}, '"steps" must be a list'),
        ({"steps": [5]}, "step 0 must be an object"),
        ({"steps": [{}]}, "advance_ms"),
        ({"steps": [{"advance_ms": -1}]}, "advance_ms"),
        ({"steps": [{"advance_ms": 1, "set": []}]}, '"add" or "set" is no table'),
        ({"steps": [{"advance_ms": 1, "remove": "x"}]}, '"remove" must be a list'),
        ({"expected": []}, "one entry for each step"),
    ],
)
def test_a_bad_scenario_is_said_in_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=f"scenario s: .*{said}"):
        play(scenario(**change), Options.vendor())
