"""A charger that refuses our writes, or takes long, is no other master: the rest of the boat stays controlled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gxbridge.core.blackbox.play import replay
from gxbridge.core.cycle import Cycle
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import MULTI, SOLAR, Boat, multi, solar

CURRENT = "/Link/ChargeCurrent"


class Stubborn(BoxedBoat):
    """The solar charger takes nothing and stays at what it shows; `told`: whether the bridge hears of that."""

    told = True

    def _take(self, cycle: Cycle) -> None:
        taken = tuple(write for write in cycle.writes if write.service != SOLAR)
        super()._take(_with_writes(cycle, taken))
        if self.told:
            self.bridge.not_delivered([(write.service, write.path) for write in cycle.writes if write.service == SOLAR])


def _with_writes(cycle: Cycle, writes: tuple[object, ...]) -> Cycle:
    return replace(cycle, writes=writes)


def controlled(boat: Boat) -> str:
    boat.tick(3)
    boat.add(SOLAR, solar(**{"/Link/NetworkMode": 0, "/Link/ChargeVoltage": 20.0, CURRENT: 99.0}))
    boat.add(MULTI, multi())
    boat.tick(12)
    boat.say(ccl=0)
    boat.tick(12)
    return boat.bridge.effective


@pytest.mark.parametrize("told", [True, False])
def test_a_refused_write_is_no_sign_of_somebody_else_and_an_undone_one_is(told: bool) -> None:
    boat = Stubborn()
    boat.told = told
    assert controlled(boat) == "control", "one device alone is set apart"
    found = {finding.subject for finding in boat.bridge.finding_log.current if finding.id == "set-apart"}
    assert found == (set() if told else {SOLAR})


def test_the_black_box_remembers_what_was_not_delivered() -> None:
    boat = Stubborn()
    controlled(boat)
    report = replay(boat.box())
    assert report.differences == []
    assert report.cycles > 20
