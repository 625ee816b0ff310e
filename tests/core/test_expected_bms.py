"""A BMS that is known and has not spoken: nobody charges by a user limit alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.remembered import Remembered, RememberedIdentity
from tests.core.boat import ALL_WELL, CCL, IO, SOLAR, Boat, solar, status, vreg

SETTINGS = "com.victronenergy.settings"
LYNX_HEARD = RememberedIdentity("c046aa002cc28cd0", 0xA3E5, "0167120 HQ1", 0, 1.0, "CAN bus can0")
USER_LIMIT = {"/Settings/SystemSetup/MaxChargeCurrent": 30}
EXPECTED: Mapping[str, tuple[Mapping[str, object], float]] = {
    "nobody": ({}, 30.0),
    "remembered": ({"remembered": Remembered(identities=(LYNX_HEARD,))}, 0.0),
    "remembered of another bank": (
        {"remembered": Remembered(identities=(LYNX_HEARD,)), "options": Options(other_banks=frozenset({"HQ1"}))},
        30.0,
    ),
    "remembered of another bank by its number": (
        {"remembered": Remembered(identities=(LYNX_HEARD,)), "options": Options(other_banks=frozenset({"uc167120"}))},
        30.0,
    ),
    "remembered, profile vendor": (
        {"remembered": Remembered(identities=(LYNX_HEARD,)), "options": Options.vendor()},
        30.0,
    ),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_a_bms_that_was_heard_before_the_start_is_expected(case: str) -> None:
    setup, told_a = EXPECTED[case]
    boat = Boat(publish="none", **setup)
    boat.add(SETTINGS, USER_LIMIT)
    boat.add(SOLAR, solar())
    boat.tick(15, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == told_a
    found = [finding for finding in boat.bridge.finding_log.current if finding.id in ("gate", "bms-awaited")]
    assert [finding.id for finding in found] == ["bms-awaited"] * (told_a == 0)
    assert all("gxbridge state forget identities" in finding.advice for finding in found)
    boat.say(ccl=250)
    boat.tick(9)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] <= 30, "it spoke"


def test_a_bms_that_has_not_said_who_it_is_is_expected() -> None:
    boat = Boat(publish="none")
    boat.add(SETTINGS, USER_LIMIT)
    boat.add(SOLAR, solar())
    for _ in range(15):
        boat.send(status(), vreg(IO, ALL_WELL), vreg(CCL, 2000))
        boat.tick(speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0
    found = {finding.id for finding in boat.bridge.finding_log.current}
    assert "bms-waits" in found
    assert found.isdisjoint({"bms-awaited", "gate"})
    boat.tick(9)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 30
