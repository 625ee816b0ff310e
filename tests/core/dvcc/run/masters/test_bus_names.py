"""Names apart from their items: a battery that does not answer, and a controller that comes and goes."""

from __future__ import annotations

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.run.masters.bus_names import BusNames

BATTERY = "com.victronenergy.battery.x"


def came(*moments: float) -> BusNames:
    names = BusNames()
    for moment in moments:
        names = names.named(p.SYSTEM, moment, appeared=True).without(p.SYSTEM)
    return names


def test_a_battery_that_has_not_answered_holds_up_raises_for_a_minute_and_is_a_finding_then() -> None:
    names = BusNames().named(BATTERY, 100.0, appeared=False)
    assert names.raises_wait(159.9) == f"{BATTERY} has not answered yet"
    assert names.findings(159.9) == ()
    assert names.raises_wait(160.0) == ""
    assert [(finding.id, finding.subject) for finding in names.findings(160.0)] == [("battery-mute", BATTERY)]
    assert names.without(BATTERY).findings(160.0) == ()
    assert names.without("other") is names
    assert names.raises_wait(1000.0) == ""
    assert len(names.findings(1000.0)) == 1


def test_a_name_that_was_read_is_taken_away_and_no_other() -> None:
    names = BusNames().named("a", 0.0, appeared=False).named("b", 1.0, appeared=False).named("c", 2.0, appeared=False)
    assert names.without("b").unread == {"a": 0.0, "c": 2.0}


def test_only_batteries_hold_up_raises() -> None:
    for kind in ("vebus", "alternator"):
        assert BusNames().named(f"com.victronenergy.{kind}.x", 0.0, appeared=True).raises_wait(1.0) == ""


def test_a_second_appearance_within_a_minute_starts_a_minute_from_the_last() -> None:
    assert came(0.0, 60.0).raises_wait(119.9) == "the GX's own controller comes and goes"
    assert came(0.0, 60.0).raises_wait(120.0) == ""
    assert came(0.0, 60.0).raises_wait(500.0) == ""
    assert came(0.0, 60.1).raises_wait(60.2) == ""
    assert came(0.0, 30.0, 85.0).raises_wait(144.0) != ""
    assert came(0.0, 30.0, 85.0).system_came == (30.0, 85.0)
    assert came(0.0, 30.0, 95.0).raises_wait(95.0) == ""
    assert [(one.id, one.first) for one in came(0.0, 1.0).findings(2.0)] == [("master-flickers", 1.0)]


def test_a_single_restart_is_none() -> None:
    assert came(10.0).raises_wait(10.0) == ""
    there = BusNames().named(p.SYSTEM, 0.0, appeared=False).without(p.SYSTEM)
    assert there.named(p.SYSTEM, 10.0, appeared=True).raises_wait(10.0) == "", "it was there when we began"
    for other in ("com.victronenergy.battery.x", "com.victronenergy.vebus.x"):
        assert came(0.0).named(other, 1.0, appeared=True).system_came == (0.0,)
