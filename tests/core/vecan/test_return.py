"""A BMS that comes back is obeyed at once: chargers may still keep what they were told before it was lost."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.options import Options
from tests.core.boat import CCL, MULTI, SOLAR, Boat, multi, solar

CURRENT = "/Link/ChargeCurrent"
MULTI_CURRENT = "/BatteryOperationalLimits/MaxChargeCurrent"


def held_for(away_s: int) -> Boat:
    """A boat whose service was held so long that nobody was told 0 A; meanwhile the BMS has withdrawn charge."""
    boat = Boat(options=Options.of("strict"))
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(7)
    assert boat.links[SOLAR, CURRENT] == 35.0
    assert boat.links[MULTI, MULTI_CURRENT] == 165
    boat.now += away_s
    boat.bridge.tick(boat.now)
    boat.said[CCL] = 0
    return boat


@pytest.mark.parametrize("round_at", [0, 1, 2])
@pytest.mark.parametrize("away_s", [20, 90])
def test_the_first_word_after_a_loss_is_obeyed_in_the_same_look(away_s: int, round_at: int) -> None:
    boat = held_for(away_s)
    if round_at:
        boat.tick(round_at, speaking=False)
    boat.tick(1)
    assert boat.links[SOLAR, CURRENT] == 0.0
    assert boat.links[MULTI, MULTI_CURRENT] == 0


def test_what_is_not_less_than_before_the_loss_waits_for_the_round() -> None:
    """What was queued while the service was held comes first, and may be long outdated."""
    boat = held_for(20)
    boat.bridge.tick(boat.now)
    boat.links.clear()
    boat.now += 1.0
    boat.said[CCL] = 2000
    assert boat.repeat()
    boat.react()
    assert boat.links == {}, "granted from the first old frames"
    boat.say(ccl=0)
    boat.react()
    assert boat.links[SOLAR, CURRENT] == 0.0


def test_the_reasons_do_not_call_a_bms_lost_that_is_back() -> None:
    boat = held_for(90)
    cycle = boat.tick(1)
    assert cycle.decision.bms_state == "live"
    assert not [limit.sentence for limit in cycle.decision.limits if "is lost" in limit.sentence]


def test_a_bms_that_stays_is_no_return() -> None:
    boat = Boat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.tick(7)
    rounds = [boat.tick(1).decision.round_done for _ in range(12)]
    assert rounds.count(True) == 4
