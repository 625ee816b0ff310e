"""What counts as a permission: 1 and nothing else. Where a BMS says anything else, it is unknown and stops."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import CAN_BMS, SUN, World, can_bms, charger

NONSENSE: list[Value] = ["no", "0", "1", "", math.nan, math.inf, 1e12, -1, 2, 0.5]


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
def test_a_word_outside_the_contract_stops_the_chargers(said: Value) -> None:
    world = World({CAN_BMS: can_bms(ALLOW_CHARGE=said), SUN: charger()})
    world.run(6)
    assert world.told(SUN) == 0.0
    assert world.limit("CCL").caps[0].name == "charge-unknown"


@pytest.mark.parametrize("said", NONSENSE, ids=repr)
def test_a_word_outside_the_contract_is_no_discharge_limit_either(said: Value) -> None:
    world = World({CAN_BMS: can_bms(ALLOW_DISCHARGE=said)})
    world.run(6)
    assert world.limit("DCL").value is None
    assert world.limit("DCL").caps[0].name == "discharge-unknown"


def test_who_never_says_it_is_not_asked_and_who_said_nonsense_once_is() -> None:
    world = World({CAN_BMS: can_bms(), SUN: charger()})
    world.run(6)
    assert world.told(SUN) == 50.0
    world.set(CAN_BMS, ALLOW_CHARGE="no")
    world.run(3)
    assert world.told(SUN) == 0.0
    world.set(CAN_BMS, ALLOW_CHARGE=None)
    world.run(3)
    assert world.told(SUN) == 0.0, "a word that was given is expected from then on"


def test_profile_vendor_does_not_look_at_it() -> None:
    world = World({CAN_BMS: can_bms(ALLOW_CHARGE="no"), SUN: charger()}, Options.vendor())
    world.run(6)
    assert world.told(SUN) == 50.0
