"""A limit of the user's that becomes unknown is not lifted by that: the last one that was heard holds."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.user_limits import last_limits, limits_in_force
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Due, Remembered, RememberedLimit, due
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
    ("last", "configured", "held"),
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
    last: dict[str, float], configured: dict[str, Value], held: dict[str, float]
) -> None:
    assert limits_in_force({}, last, configured) == held


def test_what_the_settings_say_now_is_not_lowered_by_the_configuration() -> None:
    heard: dict[str, Value] = {p.SET_MAX_CURRENT: 10}
    assert limits_in_force(heard, last_limits(heard, {}), {p.SET_MAX_CURRENT: 5}) == heard


# --- across restarts --------------------------------------------------------------------------------------------------


NOTHING = Remembered()


def kept(boat: Boat, before: Remembered = NOTHING) -> Remembered:
    return boat.bridge.remember(before, 1.7e9)


def restarted(remembered: Remembered, **setup: object) -> Boat:
    boat = Boat(remembered=remembered, **setup)
    boat.add(SOLAR, solar(limit_a=35.0))
    boat.tick(6)
    return boat


def test_a_limit_outlives_a_restart_until_the_settings_service_answers() -> None:
    boat = restarted(kept(limited()))
    assert boat.links[CURRENT] == 10
    assert [limit.value for limit in kept(boat, kept(limited())).limits] == [10]
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: None})
    boat.tick(6)
    assert boat.links[CURRENT] == 10, "that is no answer"
    boat.set(SETTINGS, **{p.SET_MAX_CURRENT: -1})
    boat.tick(6)
    assert boat.links[CURRENT] == 35
    assert kept(boat, kept(limited())).limits == (), "no limit needs no memory"


def test_a_limit_that_was_never_known_or_was_forgotten_is_none() -> None:
    assert restarted(Remembered()).links[CURRENT] == 35
    assert restarted(kept(limited()).forget("limits")).links[CURRENT] == 35


def test_the_configuration_lowers_a_remembered_limit_and_is_not_remembered_itself() -> None:
    boat = restarted(kept(limited()), user_settings={p.SET_MAX_CURRENT: 5})
    assert boat.links[CURRENT] == 5
    assert [limit.value for limit in kept(boat, kept(limited())).limits] == [10]
    assert restarted(kept(boat, kept(limited()))).links[CURRENT] == 10
    assert kept(restarted(Remembered(), user_settings={p.SET_MAX_CURRENT: 5})).limits == ()


def test_a_lowered_limit_is_written_at_once_and_a_raised_one_within_a_minute() -> None:
    boat = limited()
    ten = kept(boat)
    boat.set(SETTINGS, **{p.SET_MAX_CURRENT: 5})
    boat.tick()
    five = kept(boat, ten)
    assert [due(*states, 100.0, 101.0) for states in ((Remembered(), ten), (ten, five), (five, ten))] == [
        Due.NOW,
        Due.NOW,
        Due.LATER,
    ]


@pytest.mark.parametrize("said", [-1, 2e5, 1e12, math.nan, "x"])
def test_what_is_no_limit_is_not_remembered(said: Value) -> None:
    boat = Boat()
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: said, p.SET_MAX_VOLTAGE: 28.0})
    boat.tick()
    assert [(limit.quantity, limit.value) for limit in kept(boat).limits] == [("max_charge_voltage_v", 28.0)]


def test_what_the_state_has_of_others_is_left_alone_and_not_used() -> None:
    other = RememberedLimit("somebody", "max_charge_current_a", 1.0, 1.0, "test")
    strange = RememberedLimit(SETTINGS, "strange", 1.0, 1.0, "test")
    boat = restarted(Remembered(limits=(other, strange)))
    assert boat.links[CURRENT] == 35
    assert kept(boat, Remembered(limits=(other, strange))).limits == (other,)


def test_a_held_limit_is_a_finding_that_names_the_command() -> None:
    boat = limited()
    boat.bridge.service_removed(SETTINGS, boat.now)

    def held() -> list[Finding]:
        return [finding for finding in boat.bridge.finding_log.current if finding.id == "user-limit-held"]

    boat.tick(9)
    assert held() == []
    boat.tick(3)
    (found,) = held()
    assert "10 A" in found.text
    assert "gxbridge state forget limits" in found.advice
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: 10, p.SET_MAX_VOLTAGE: 0})
    boat.tick()
    assert held() == []


def test_a_limit_names_the_place_where_it_can_be_changed() -> None:
    file = "/data/conf/gxbridge.yaml"
    boat = Boat(options=Options(file=file, max_charge_current_a=40.0), user_settings={p.SET_MAX_CURRENT: 30})
    boat.add(SOLAR, solar(limit_a=35.0))

    def places() -> dict[str, tuple[str, str]]:
        (ccl,) = (limit for limit in boat.tick(3).decision.limits if limit.name == "CCL")
        return {cap.name: (cap.source, cap.path) for cap in ccl.caps if cap.kind in ("user", "installer")}

    assert places() == {
        "user-current": (file, "dvcc.settings.max_charge_current_a"),
        "installer-current": (file, "dvcc.max_charge_current_a"),
    }
    boat.add(SETTINGS, {p.SET_MAX_CURRENT: 30})
    assert places()["user-current"] == (SETTINGS, p.SET_MAX_CURRENT), "now the GX says it itself"
