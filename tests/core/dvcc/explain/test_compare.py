"""In monitor mode: what the other master really told, against what we would tell."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.explain.compare import allowed, compare_with_master, feeding, more
from gxbridge.core.dvcc.limit.cap import Cap, Limit
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import LYNX, MULTI, SUN, SUN_2, Items, World, charger, lynx, multi


def differences(world: World, **told: Items) -> dict[str, Finding]:
    """The findings by id when the other master told this (our own writes are undone)."""
    services = {name: dict(items) for name, items in world.services.items()}
    for name, items in told.items():
        services[{"sun": SUN, "sun_2": SUN_2, "multi": MULTI}[name]].update(items)
    decision = world.decision
    found = compare_with_master(decision.limits, decision.effective_v, DbusState(services), world.now)
    return {finding.id: finding for finding in found}


def world(**items: Value) -> World:
    made = World({LYNX: lynx(**items), SUN: charger(80, 20), SUN_2: charger(40, 10), MULTI: multi()})
    made.run(3)
    return made


def test_a_master_that_agrees_gives_no_finding() -> None:
    assert differences(world(CCL=40.0)) == {}


def test_more_than_the_bms_allows_together() -> None:
    found = differences(world(CCL=40.0), sun={p.CHARGE_CURRENT: 80.0}, sun_2={p.CHARGE_CURRENT: 40.0})
    assert list(found) == ["told-over-limit"]
    assert found["told-over-limit"].text == (
        "The GX told the chargers 120 A together, and 40 A is allowed: said by the Lynx Smart BMS NG"
    )
    assert differences(world(CCL=40.0), sun={p.CHARGE_CURRENT: 30.0}, sun_2={p.CHARGE_CURRENT: 12.9}) == {}


def test_feed_in_is_named_as_the_reason() -> None:
    ess = multi(ASSISTANT=5, HUB_VOLTAGE=27.8)
    services = {LYNX: lynx(CCL=40.0), SUN: charger(80, 20), MULTI: ess}
    made = World(services, Options.vendor(), {p.SET_DVCC: 1, p.SET_FEED_IN: 1})
    made.run(3)
    found = differences(made)
    assert found["told-over-limit"].text == (
        "The GX told the chargers 80 A together, and 40 A is allowed: feed-in is on, so the charge "
        "current limit is not applied to solar (as the vendor does)"
    )


def test_what_a_charger_on_a_port_of_ours_shows_the_other_master_did_not_tell_it() -> None:
    shows = {p.CHARGE_CURRENT: 70.0, p.CHARGE_VOLTAGE: 60.0}
    for ccl in (0.0, 40.0):
        assert differences(world(CCL=ccl), sun=shows)
        assert differences(world(CCL=ccl), sun={**shows, p.PROCESS: "gxbridge"}) == {}


def test_a_current_despite_a_stop_is_an_alarm() -> None:
    found = differences(world(CCL=0.0), sun={p.CHARGE_CURRENT: 5.0})
    assert (list(found), found["told-despite-stop"].severity) == (["told-despite-stop"], "alarm")
    assert differences(world(CCL=0.0), sun={p.CHARGE_CURRENT: 0.9}) == {}


def test_a_higher_voltage() -> None:
    found = differences(world(), sun={p.CHARGE_VOLTAGE: 28.8})
    assert found["told-more-voltage"].text == (
        "The GX told SmartSolar 28.8 V, gxbridge would tell 27.4 V: said by the Lynx Smart BMS NG"
    )
    assert differences(world(), sun={p.CHARGE_VOLTAGE: 27.4 + 0.05}) == {}
    assert differences(world(), sun={p.CHARGE_VOLTAGE: 20.0}) == {}


def test_more_discharge_than_allowed() -> None:
    found = differences(world(DCL=0.0, ALLOW_DISCHARGE=0), multi={p.BOL_DISCHARGE_CURRENT: 100.0})
    assert found["told-more-discharge"].text == (
        "The GX told MultiPlus to discharge with up to 100 A, gxbridge would tell 0 A: "
        "discharging is refused by the Lynx Smart BMS NG"
    )
    assert found["told-more-discharge"].subject == MULTI


def test_without_limits_of_our_own_there_is_nothing_to_compare() -> None:
    bare = World({SUN: charger(CHARGE_CURRENT=50.0, CHARGE_VOLTAGE=28.0), MULTI: multi(BOL_DISCHARGE_CURRENT=50.0)})
    bare.run(3)
    assert differences(bare) == {}


def test_a_current_is_more_by_five_percent_and_an_ampere() -> None:
    assert not more(106.0, 100.0)
    assert not more(105.995, 100.0)
    assert more(106.005, 100.0)
    assert not more(1.0, 0.0)
    assert more(1.001, 0.0)
    assert not more(None, 0.0)
    assert not more(50.0, None)


def test_a_voltage_is_more_by_fifty_millivolts() -> None:
    assert differences(world(), sun={p.CHARGE_VOLTAGE: 27.4503})
    assert not differences(world(), sun={p.CHARGE_VOLTAGE: 27.4498})
    assert not differences(world(), sun={p.CHARGE_VOLTAGE: None})


def test_what_is_not_told_counts_nothing_together() -> None:
    found = differences(world(CCL=40.0), sun={p.CHARGE_CURRENT: 43.5}, sun_2={p.CHARGE_CURRENT: None})
    assert list(found) == ["told-over-limit"]
    assert "told the chargers 43.5 A together, and 40 A is allowed" in found["told-over-limit"].text
    assert not differences(world(CCL=40.0), sun={p.CHARGE_CURRENT: 43.0}, sun_2={p.CHARGE_CURRENT: None})
    assert list(differences(world(CCL=0.0), sun={p.CHARGE_CURRENT: 1.5})) == ["told-despite-stop"]


def test_what_feeds_in_is_named_by_its_own_reason() -> None:
    system: Items = {p.DEVICE_INSTANCE: 0, p.NO_FEED_IN: 0, p.DISCHARGE_CAPACITY: 30.0, p.CURRENT: -26.0}
    made = World({LYNX: lynx(CCL=40.0), SUN: charger(80, 20), "com.victronenergy.acsystem.can0": system})
    made.run(3)
    found = differences(made, sun={p.CHARGE_CURRENT: 80.0})
    assert list(found) == ["told-over-limit"]
    assert (found["told-over-limit"].subject, found["told-over-limit"].first) == (p.SYSTEM, made.now)
    assert "the Multi RS feeds in" in found["told-over-limit"].text
    assert not differences(made, sun={p.CHARGE_CURRENT: 74.0})


def test_the_discharge_limit_is_compared_for_the_multi_only() -> None:
    allowed = world(DCL=100.0)
    assert list(differences(allowed, multi={p.BOL_DISCHARGE_CURRENT: 106.1})) == ["told-more-discharge"]
    for told in (106.0, 50.0, None):
        assert not differences(allowed, multi={p.BOL_DISCHARGE_CURRENT: told})
    assert not differences(allowed, sun={p.BOL_DISCHARGE_CURRENT: 500.0})


def test_what_the_chargers_may_get_together_is_what_we_would_tell_them_if_that_is_more() -> None:
    def told(*amps: float | None) -> tuple[Limit, ...]:
        return tuple(Limit("charger", SUN, each, "A", (), "") for each in amps)

    assert allowed(told(30.0, 20.0), 40.0) == 50
    assert allowed(told(30.0, None), 40.0) == 40
    assert allowed(told(41.0, None), 40.0) == 41
    assert allowed(told(41.0, None, None), 41.5) == 41.5
    assert allowed(told(), 40.0) == 40
    assert allowed((Limit("multi", MULTI, 90.0, "A", (), ""),), 40.0) == 40


@pytest.mark.parametrize(
    ("name", "amps"), [("feed-in", 40), ("rs-feed-in", 80), ("bms-ccl", 80), ("".join(["feed", "-in"]), 40)]
)
def test_with_feed_in_the_limit_itself_is_what_is_allowed(name: str, amps: float) -> None:
    cap = Cap(None, "A", name, "rule", "", "", None, "so it is")
    charging = Limit("charger", SUN, 80.0, "A", (cap,), "")
    assert allowed((charging,), 40.0) == amps
    assert feeding((charging,)) == ("so it is" if "feed-in" in name else "")


def test_a_multi_that_is_told_more_than_the_others_leave_counts_in_the_sum() -> None:
    assert differences(world(CCL=40.0), multi={p.BOL_CHARGE_CURRENT: 10.0}) == {}
    assert "told-over-limit" in differences(world(CCL=40.0), multi={p.BOL_CHARGE_CURRENT: 60.0})
