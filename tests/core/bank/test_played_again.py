"""Banks in a black box: what was recorded is played again, and a bridge made from a state goes on as the first."""

from __future__ import annotations

import json

from gxbridge.core.blackbox.box import lines, parse
from gxbridge.core.blackbox.bridge_state import capture, names_of, restore
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.blackbox.play import replay
from gxbridge.core.blackbox.recorder import Frozen, RecordingBridge
from tests.core.bank.fleet import Fleet


def befall(fleet: Fleet) -> None:
    fleet.pass_s(70)
    fleet.lynxes[2].open()
    fleet.pass_s(5)
    fleet.lynxes[2].quiet = True
    fleet.lynxes[0].refuse()
    fleet.pass_s(70)
    fleet.lynxes[0].refuse(refuses=False)
    fleet.lynxes[1].quiet = True
    fleet.pass_s(30)


def test_a_recorded_day_with_a_bank_is_played_again_with_the_same_decisions() -> None:
    fleet = Fleet(3)
    boxed = RecordingBridge(fleet.bridge.setup, 8 << 20)
    fleet.bridge = boxed
    befall(fleet)
    assert boxed.recorder_fault == ""
    frozen = boxed.keep_now("command", "a test asks", fleet.now)
    assert isinstance(frozen, Frozen)
    report = replay(parse(lines(frozen, "test", "digest")))
    assert report.cycles > 150
    assert report.differences == []


def test_a_bridge_made_from_a_state_goes_on_as_the_first_one_does() -> None:
    fleet = Fleet(3)
    befall(fleet)
    coding = codec()
    state = json.loads("".join(capture(fleet.bridge, names_of(fleet.bridge), coding)))
    setup = codec().decode(coding.encode(fleet.bridge.setup), coding.fields)
    other = Fleet(3)
    other.bridge = restore(setup, state, coding.fields, codec())
    other.lynxes, other.now, other.links = fleet.lynxes, fleet.now, dict(fleet.links)
    fleet.lynxes[1].quiet = False
    for _ in range(5):
        one = fleet.pass_s(1)
        other.now = fleet.now - 1
        duplicate = other.pass_s(1)
        assert repr(duplicate.decision) == repr(one.decision)
        assert duplicate.explanation()["banks"] == one.explanation()["banks"]
        assert duplicate.batteries == one.batteries
