"""A healthy boat of each kind through its start, a day with an absorption, restarts of every program, and its end: no
finding but those that a user would want. docs/findings.md shows them."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from tests.field.healthy_boats import CAN_SOLAR, SECOND, SOLAR, HealthyBoat

KINDS = ("alone", "beside", "parallel", "vebus-bms", "terminals", "feed-in")
WANTED = {"beside": {"published-twice"}}
"""What each kind says in a day in which nothing is wrong."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_without_trouble_is_without_findings(kind: str) -> None:
    boat = HealthyBoat(kind)
    boat.sail(2000)
    assert boat.charge_v > 28.2, "it was charged, and absorbed"
    assert set(boat.found) == WANTED.get(kind, set()), boat.found


@pytest.mark.parametrize("kind", KINDS)
def test_restarts_of_programs_are_no_trouble(kind: str) -> None:
    boat = HealthyBoat(kind)
    boat.sail(600)
    boat.restart()
    boat.sail(60)
    for name in (SOLAR, CAN_SOLAR, p.SETTINGS, p.SYSTEM):
        if name in boat.services:
            items = boat.stop(name)
            boat.sail(5)
            boat.begin(name, items)
            boat.sail(30)
    assert set(boat.found) == WANTED.get(kind, set()), boat.found


def test_a_driver_of_a_parallel_battery_that_starts_again_is_no_trouble_and_one_that_does_not_is() -> None:
    boat = HealthyBoat("parallel")
    boat.sail(600)
    for seconds, said in ((5, set()), (35, {"battery-gone"})):
        items = boat.stop(SECOND)
        boat.sail(seconds)
        boat.begin(SECOND, items)
        boat.sail(30)
        assert set(boat.found) == said


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("alone", {"bms-silent", "bms-lost"}),
        ("beside", {"bms-silent", "bms-lost"}),
        ("parallel", {"no-member-allows", "bms-silent", "bms-lost"}),
        ("vebus-bms", {"bms-silent", "bms-lost", "vebus-service-gone", "user-limit-held"}),
        (
            "terminals",
            {"terminal-charge-vanished", "terminal-discharge-vanished", "discharge-not-enforced", "user-limit-held"},
        ),
        ("feed-in", {"bms-silent", "bms-lost"}),
    ],
)
def test_the_end_is_told_once(kind: str, said: set[str]) -> None:
    boat = HealthyBoat(kind)
    boat.sail(300)
    boat.found.clear()
    for name in list(boat.services):
        boat.stop(name)
        boat.sail(1)
    boat.speaking = False
    boat.sail(130)
    assert set(boat.found) == said
    if kind == "vebus-bms":
        assert "voltage" not in boat.found["bms-silent"], "it never gave one"
