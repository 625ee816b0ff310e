"""The audit: who exceeds a limit, how slowly a drop is followed, how restless a limit is, and the clocks."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.watching.audit import (
    NOTHING_SEEN,
    Audit,
    Track,
    calm,
    follow,
    measured_current,
    over,
    quiet,
    verdicts,
)
from gxbridge.core.dvcc.run.watching.clocks import clock, running
from tests.core.dvcc.world import CAN_BMS, LYNX, MULTI, SUN, World, can_bms, charger, lynx, multi


def test_a_current_is_over_a_limit_by_more_than_two_amperes_and_five_percent() -> None:
    assert not over(107.0, 100.0)
    assert over(107.1, 100.0)
    assert not over(2.0, 0.0)
    assert over(2.1, 0.0)


def watched(*rows: tuple[float, float | None, float | None]) -> Track:
    """A track that saw (moment, limit, current)."""
    track = Track()
    for now, limit, current in rows:
        track = follow(track, limit, current, now)
    return track


def said(track: Track, now: float, permits: str = "") -> list[str]:
    return [row.name for row in verdicts(Audit(charge=track), permits, now)]


def test_exceeding_is_said_after_ten_seconds_with_the_worst() -> None:
    track = watched((0, 40, 50), (5, 40, 62), (9, 40, 55))
    assert said(track, 9.9) == []
    (row,) = verdicts(Audit(charge=track), "", 10)
    assert row.words == {"limit": "40", "worst": "62", "name": "CCL", "more": "22", "why": "nothing permits this"}
    assert said(follow(track, 40, 41, 11), 30) == [], "over when it is over"
    assert watched((0, 40, 62), (1, 40, 30), (2, 40, 50)).worst_a == 50, "a new time begins with a new worst"


def test_the_thresholds_to_the_ampere_and_the_second() -> None:
    assert not over(2.0, 0.0)
    assert over(2.01, 0.0)
    assert over(44.01, 40.0)
    assert not over(44.0, 40.0)
    slow = watched((0, 100, 90), (1, 40, 90), (16.5, 40, 40))
    assert (slow.lag_s, said(slow, 17)) == (15.5, ["ccl-slow"])
    assert said(watched((0, 100, 90), (1, 40, 90), (16.1, 40, 40)), 17) == ["ccl-slow"]
    assert said(slow, 16.5 + 119.9) == ["ccl-slow"]
    assert said(slow, 16.5 + 120.0) == []
    assert said(watched((0, 100, 90), (1, 40, 90), (16, 40, 40)), 17) == []


def test_the_worst_begins_again_after_a_pause_and_after_something_unknown() -> None:
    assert watched((0, 40, 62), (1, 40, 30)).worst_a == 0
    assert watched((0, 40, 62), (1, None, 30)).worst_a == 0
    assert watched((0, 40, 0.5)) == Track(limit_a=40)
    assert watched((0, 40, 62)).worst_a == 62


def test_an_unchanged_limit_is_no_drop() -> None:
    track = watched((0, 40, 30), (1, 40, 62), (20, 40, 30))
    assert (track.lag_s, track.dropped_at) == (0, None)
    assert watched((0, 40, 90), (1, 60, 90)).dropped_at is None, "and one that rises is none either"
    assert Track() == (None, None, 0.0, None, 0.0, 0.0, None, (), 0.0, 0.0)


def test_exceeding_names_what_permits_it_for_charging_only() -> None:
    track = watched((0, 40, 62))
    rows = list(verdicts(Audit(track, track), "feed-in is on", 10))
    assert [row.words["why"] for row in rows] == ["feed-in is on", "nothing permits this"]
    assert [row.name for row in rows] == ["ccl-exceeded", "dcl-exceeded"]


def test_the_seconds_from_a_drop_to_obedience() -> None:
    track = watched((0, 100, 90), (1, 40, 90), (9, 30, 60), (21, 30, 30))
    assert (track.lag_s, track.lag_at, track.dropped_at) == (20, 21, None)
    assert said(track, 22) == ["ccl-slow"]
    assert said(track, 142) == [], "said for two minutes"
    assert said(watched((0, 100, 90), (1, 40, 90), (16, 40, 40)), 17) == [], "15 s are not slow"
    assert watched((0, 100, 30), (1, 40, 30)).lag_s == 0, "it was obeyed before it was said"
    assert watched((0, 40, 90), (1, 40, 30)).lag_s == 0, "there was no drop"


def test_unknown_values_end_what_was_watched() -> None:
    for limit, current in ((None, 50.0), (40.0, None)):
        track = watched((0, 100, 90), (1, 40, 90), (5, limit, current))
        assert (track.over_since, track.dropped_at) == (None, None)


def test_six_reversals_in_ten_minutes_are_restless() -> None:
    rows = [(float(index), 40.0 + 10 * (index % 2), 0.0) for index in range(8)]
    track = watched(*rows)
    assert len(track.turns) == 6
    assert said(track, 8) == ["ccl-restless"]
    assert said(watched(*rows[:-1]), 8) == []
    assert said(follow(track, 50.0, 0.0, 605.0), 605) == [], "the first has left the window"
    assert len(watched(*[(i / 10, 40.0 + i % 2, 0.0) for i in range(100)]).turns) == 12, "bounded"
    assert watched((0, 10, 0), (1, 20, 0), (2, 30, 0)).turns == (), "rising and rising is no reversal"
    assert watched((0, 30, 0), (1, 20, 0), (2, 20, 0), (3, 25, 0)).turns == (3,), "standing still is no direction"
    (row,) = verdicts(Audit(charge=track), "", 8)
    assert row.words == {"name": "CCL", "minutes": "10", "low": "40", "high": "50"}
    assert follow(track, 50.0, 0.0, 700.5).turns == (), "all have left the window"
    assert [watched((0, 10, 0), (1, limit, 0)).rising for limit in (20, 5, 10)] == [True, False, None]
    assert len(follow(track, 50.0, 0.0, 601.9).turns) == 6
    assert len(follow(track, 50.0, 0.0, 602.0).turns) == 5
    assert len(follow(track, 60.0, 0.0, 602.0).turns) == 5, "falling to rising: one leaves, none is new"


def test_a_real_overcharge_becomes_a_finding_that_says_what_permits_it() -> None:
    ess = multi(ASSISTANT=5, HUB_VOLTAGE=27.8)
    settings, vendor = {p.SET_DVCC: 1, p.SET_FEED_IN: 1}, Options.vendor()
    world = World({LYNX: lynx(CCL=20.0, CURRENT=45.0), SUN: charger(), MULTI: ess}, vendor, settings)
    world.run(15)
    found = next(finding for finding in world.decision.findings if finding.id == "ccl-exceeded")
    assert found.text == (
        "The battery was charged with up to 45 A for more than 10 s, 25 A above its CCL of 20 A; "
        "feed-in is on, which permits this for solar; SmartSolar makes 10 A and was told 50 A"
    )
    system = {p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: 15.0}
    for options, why in ((vendor, "the Multi RS feeds in"), (Options.strict(), "nothing permits this")):
        world = World({LYNX: lynx(CCL=20.0, CURRENT=45.0), "com.victronenergy.acsystem.can0": system}, options)
        world.run(15)
        assert why in next(f.text for f in world.decision.findings if f.id == "ccl-exceeded")


def test_a_discharge_over_the_limit_is_seen_at_the_battery_monitor_when_the_bms_does_not_measure() -> None:
    shunt = {p.DEVICE_INSTANCE: 288, p.PRODUCT_NAME: "SmartShunt", p.CONNECTION: "VE.Direct", p.CONNECTED: 1,
             p.CURRENT: -80.0, p.VOLTAGE: 52.0}  # fmt: skip
    name = "com.victronenergy.battery.ttyS7"
    settings = {p.SET_DVCC: 1, p.SET_BATTERY: "com.victronenergy.battery/288"}
    world = World({CAN_BMS: can_bms(CURRENT=None, DCL=50.0), name: shunt}, settings=settings)
    world.run(15)
    assert world.findings() == {"dcl-exceeded"}


def test_the_pre_alarm_is_a_finding_with_a_clock_while_discharge_is_still_allowed() -> None:
    world = World({LYNX: lynx(ALARM_LOW_CELL=1), MULTI: multi()})
    world.run(5)
    assert world.findings() == {"pre-alarm"}
    assert [(clock.name, clock.ends_at) for clock in world.decision.clocks] == [("pre-alarm", 31)]
    world.set(LYNX, ALLOW_DISCHARGE=0)
    world.run(1)
    assert "pre-alarm" not in world.findings()
    world.set(LYNX, ALLOW_DISCHARGE=1, ALARM_LOW_CELL=0)
    world.run(1)
    assert world.decision.clocks == ()
    assert World({CAN_BMS: can_bms(ALARM_LOW_CELL=1, ALLOW_DISCHARGE=1)}).run(3).clocks == (), "only where it is known"
    for level, clocks in ((None, 0), (0, 0), (1, 1), (2, 1)):
        assert len(World({LYNX: lynx(ALARM_LOW_CELL=level)}).run(3).clocks) == clocks


def test_the_clocks_and_how_long_they_run() -> None:
    ends = [clock(name, 100.0).ends_at for name in ("charge-link", "multi", "pre-alarm", "alternator")]
    assert ends == [160, 400, 130, 102]
    assert running(None, None, None, None) == ()
    assert [row.ends_at for row in running(160.0, 400.0, 100.0, 100.0)] == [160, 400, 130, 102]


def test_an_alternator_that_loses_its_permission_has_two_seconds_until_the_contactor_may_open() -> None:
    world = World({LYNX: lynx(ALTERNATOR_ALLOW=1)})
    assert world.run(3).clocks == ()
    world.set(LYNX, ALTERNATOR_ALLOW=0)
    world.run(1)
    (running_clock,) = world.decision.clocks
    assert (running_clock.name, running_clock.ends_at) == ("alternator", world.now + 2)
    ends_at = running_clock.ends_at
    world.run(5)
    assert [clock.ends_at for clock in world.decision.clocks] == [ends_at], "it does not begin anew"
    world.set(LYNX, ALTERNATOR_ALLOW=1)
    assert world.run(1).clocks == ()
    for never in (0, None):
        assert World({LYNX: lynx(ALTERNATOR_ALLOW=never)}).run(3).clocks == (), "who never had it cannot lose it"
    world.set(LYNX, ALTERNATOR_ALLOW=None)
    world.run(1)
    world.set(LYNX, ALTERNATOR_ALLOW=0)
    assert world.run(1).clocks == (), "what happened while it was unknown is unknown"
    world.set(LYNX, ALTERNATOR_ALLOW=1)
    world.run(1)
    del world.services[LYNX]
    assert "alternator" not in {clock.name for clock in world.run(1).clocks}


def test_memory_is_constant_over_a_long_life() -> None:
    assert NOTHING_SEEN.charge.turns == ()
    world = World({LYNX: lynx(), SUN: charger(), MULTI: multi()})
    for step in range(300):
        world.services[LYNX][p.CCL] = 50.0 + step % 7
        world.services[LYNX][p.CURRENT] = 10.0 + step % 90
        world.run(3)
    memory = world.memory
    assert len(memory.since) <= 10
    assert len(memory.limits) == 5
    assert len(memory.audit.charge.turns) <= 12
    assert len(memory.smoothed) == 1


def test_when_there_is_nothing_to_say() -> None:
    assert calm(Track())
    assert calm(Track(turns=(1.0,) * 5))
    for track in (Track(over_since=0.0), Track(lag_s=0.5), Track(turns=(1.0,) * 6), Track(turns=(1.0,) * 7)):
        assert not calm(track)
        assert not quiet(Audit(charge=track))
        assert not quiet(Audit(discharge=track))
    assert quiet(Audit())
    assert not quiet(Audit(pre_alarm_at=0.0))
    assert said(Track(turns=(1.0,) * 12), 1) == ["ccl-restless"]


@pytest.mark.parametrize(("current", "name"), [(45.0, "ccl-exceeded"), (-70.0, "dcl-exceeded")])
def test_what_begins_after_a_calm_time_is_seen_too(current: float, name: str) -> None:
    world = World({LYNX: lynx(CCL=20.0, DCL=50.0, CURRENT=5.0)})
    world.run(20)
    assert world.findings() == set()
    world.set(LYNX, CURRENT=current)
    world.run(12)
    assert world.findings() == {name}
    world.set(LYNX, CURRENT=5.0)
    world.run(2)
    assert world.findings() == set()
    world.set(LYNX, ALARM_LOW_CELL=1)
    world.run(1)
    assert world.findings() == {"pre-alarm"}


def test_whose_current_is_watched() -> None:
    usable = {p.CONNECTED: 1, p.PRODUCT_NAME: "x", p.CONNECTION: "VE.Can", p.SOC: 50, p.CURRENT: 7.0}
    for name, current in (("battery.z", 7.0), ("inverter.z", None), ("multi.z", None), ("vebus.z", None)):
        snapshot = Snapshot({f"com.victronenergy.{name}": dict(usable)})
        assert read_inputs(snapshot).selection.monitor is not None
        assert measured_current(read_inputs(snapshot)) == current
    both = Snapshot({LYNX: lynx(CURRENT=3.0), "com.victronenergy.battery.z": dict(usable)})
    assert measured_current(read_inputs(both)) == 3.0
