"""A limit of the user's that becomes unknown is not lifted by that: the last one that was heard holds."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.user_settings import hold_limits
from gxbridge.core.model.items import Value
from tests.core.boat import SOLAR, Boat, solar

SETTINGS = "com.victronenergy.settings"
CURRENT = (SOLAR, "/Link/ChargeCurrent")


def limited(**setup: object) -> Boat:
    boat = Boat(**setup)
    boat.add(SOLAR, solar(limit_a=35.0))
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: 10, p.SET_MAX_VOLTAGE: 0})
    boat.tick(6)
    assert boat.links[CURRENT] == 10
    return boat


@pytest.mark.parametrize("said", [None, math.nan, "many", 1e12], ids=repr)
def test_a_limit_that_becomes_unknown_holds_until_another_is_heard(said: Value) -> None:
    boat = limited()
    boat.set(SETTINGS, **{p.SET_MAX_CURRENT: said})
    boat.tick(6)
    assert boat.links[CURRENT] == 10
    boat.set(SETTINGS, **{p.SET_MAX_CURRENT: 20})
    boat.tick(6)
    assert boat.links[CURRENT] == 20


def test_a_limit_holds_when_the_settings_service_leaves_until_it_says_another() -> None:
    boat = limited()
    boat.bridge.service_removed(SETTINGS, boat.now)
    boat.tick(6)
    assert boat.links[CURRENT] == 10
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: -1})
    boat.tick(6)
    assert boat.links[CURRENT] == 35


def test_profile_vendor_lets_it_go_as_the_vendor_does() -> None:
    boat = limited(options=Options.vendor())
    boat.set(SETTINGS, **{p.SET_MAX_CURRENT: None})
    boat.tick(6)
    assert boat.links[CURRENT] == 35


@pytest.mark.parametrize(
    ("before", "configured", "held"),
    [
        ({}, {p.SET_MAX_CURRENT: 5}, {}),
        ({p.SET_MAX_CURRENT: 10.0}, {}, {p.SET_MAX_CURRENT: 10.0}),
        ({p.SET_MAX_CURRENT: 10.0}, {p.SET_MAX_CURRENT: 5}, {p.SET_MAX_CURRENT: 5}),
        ({p.SET_MAX_CURRENT: 10.0}, {p.SET_MAX_CURRENT: 15}, {p.SET_MAX_CURRENT: 10.0}),
        ({p.SET_MAX_CURRENT: 10.0}, {p.SET_MAX_CURRENT: -1}, {p.SET_MAX_CURRENT: 10.0}),
        ({p.SET_MAX_CURRENT: -1.0}, {p.SET_MAX_CURRENT: 15}, {p.SET_MAX_CURRENT: 15}),
        ({p.SET_MAX_CURRENT: 0.0}, {p.SET_MAX_CURRENT: 5}, {p.SET_MAX_CURRENT: 0.0}),
        ({p.SET_MAX_VOLTAGE: 0.0}, {p.SET_MAX_VOLTAGE: 27.0}, {p.SET_MAX_VOLTAGE: 27.0}),
        ({p.SET_MAX_VOLTAGE: 26.0}, {p.SET_MAX_VOLTAGE: 0}, {p.SET_MAX_VOLTAGE: 26.0}),
    ],
)
def test_the_configuration_may_lower_what_is_only_held(
    before: dict[str, float], configured: dict[str, Value], held: dict[str, float]
) -> None:
    assert hold_limits({}, before, configured) == held
