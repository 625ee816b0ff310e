"""In monitor mode the bridge compares what the GX really told with what we would tell."""

from __future__ import annotations

from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.setup import Setup
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, can_bms, charger, multi


def bridge(mode: str) -> Bridge:
    made = Bridge(Setup(mode=mode))
    made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1}, 0.0)
    made.service_added(CAN_BMS, can_bms(CCL=20.0), 0.0)
    made.service_added(SUN, charger(80, 20, CHARGE_CURRENT=80.0), 0.0)
    return made


def test_what_the_gx_tells_beyond_the_limit_is_a_finding_in_monitor_mode_also_where_control_was_wanted() -> None:
    for mode in ("monitor", "control"):
        made = bridge(mode)
        began = [finding for second in range(1, 9) for finding in made.tick(float(second)).began]
        texts = {finding.id: finding.text for finding in began}
        assert texts["told-over-limit"] == (
            "The GX told the chargers 80 A together, and 20 A is allowed: said by the BMS"
        )


def test_with_dvcc_off_in_the_configuration_nothing_is_compared() -> None:
    made = bridge("off")
    assert not [finding for second in range(1, 5) for finding in made.tick(float(second)).began]


def ids(made: Bridge, first: int, last: int) -> list[str]:
    """What began in these seconds."""
    return [finding.id for second in range(first, last) for finding in made.tick(float(second)).began]


def test_a_master_that_follows_in_its_own_round_makes_no_difference_all_through_an_absorption() -> None:
    made = Bridge(Setup(mode="monitor"))
    made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1}, 0.0)
    made.service_added(CAN_BMS, can_bms(CCL=60.0, CURRENT=0.0), 0.0)
    made.service_added(SUN, charger(80, 0, CHARGE_CURRENT=60.0, CHARGE_VOLTAGE=56.0), 0.0)
    told, found = 60.0, []
    for second in range(1, 60):
        now = float(second)
        made.service_changed(CAN_BMS, {p.CCL: 60.0 - second}, now)
        if second % 3 == 0:  # what it read a round ago
            made.service_changed(SUN, {p.CHARGE_CURRENT: told}, now + 0.5)
            told = 60.0 - second
        found += [finding.id for finding in made.tick(now).began]
    assert not [id for id in found if id.startswith("told-")]


def test_a_difference_that_outlives_the_round_counts() -> None:
    made = bridge("monitor")
    assert "told-over-limit" not in ids(made, 1, 3)
    assert "told-over-limit" in ids(made, 3, 9)


def test_a_multi_that_is_left_with_a_current_at_no_charge_allowed_is_an_alarm() -> None:
    made = Bridge(Setup(mode="monitor"))
    made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1}, 0.0)
    made.service_added(CAN_BMS, can_bms(CCL=0.0, CURRENT=0.0), 0.0)
    made.service_added(MULTI, multi(BOL_CHARGE_CURRENT=179.0, BOL_CHARGE_VOLTAGE=57.0, VOLTAGE=52.0), 0.0)
    began = {finding.id: finding.text for second in range(1, 9) for finding in made.tick(float(second)).began}
    assert began["told-despite-stop"].startswith("The GX told MultiPlus 179 A, gxbridge would tell 0")
    assert "told MultiPlus 57 V, gxbridge would tell 56 V" in began["told-more-voltage"]


def test_a_master_that_falls_silent_is_noticed_and_one_that_never_spoke_much_is_not() -> None:
    for lively in (True, False):
        made = bridge("monitor")
        for second in range(1, 30):
            if lively:
                made.service_changed(p.SYSTEM, {"/Dc/Battery/Voltage": 52.0 + second / 100}, float(second))
            made.tick(float(second))
        assert ("master-silent" in ids(made, 30, 88)) is False
        assert ("master-silent" in ids(made, 88, 100)) is lively


def test_after_a_loss_the_clock_is_that_of_the_gx_and_another_bms_takes_over_as_there() -> None:
    made = bridge("monitor")
    for second in range(1, 10):
        made.tick(float(second))
    made.service_removed(CAN_BMS, 10.0)
    decision = made.tick(10.0).decision
    assert (decision.bms_state, decision.charge_link_ends_at) == ("silent", 70.0)
    made.service_added("com.victronenergy.battery.other", can_bms(CCL=30.0, PRODUCT_NAME="Other"), 11.0)
    decision = made.tick(11.0).decision
    assert (decision.bms_state, decision.bms_service) == ("live", "com.victronenergy.battery.other")
    assert decision.charge_link_ends_at is None
    assert "bms-replaced" not in ids(made, 12, 40), "a driver that starts again is back before"
    found = {finding.id: finding.text for finding in made.tick(40.0).began}
    assert found == {
        "bms-replaced": "BMS has left D-Bus or no longer gives a charge voltage limit, "
        "and the GX goes by Other in its place"
    }
    made.service_added(CAN_BMS, can_bms(CCL=20.0), 41.0)
    assert [finding.id for finding in made.tick(41.0).ended] == ["bms-replaced"]


def test_what_the_gx_does_is_explained_by_the_bms_that_the_gx_goes_by() -> None:
    other = "com.victronenergy.battery.other"
    for mode in ("monitor", "control"):
        made = Bridge(Setup(mode=mode))
        made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1, p.ACTIVE_BMS: other}, 0.0)
        made.service_added(CAN_BMS, can_bms(CCL=20.0), 0.0)
        made.service_added(other, can_bms(CCL=150.0, DEVICE_INSTANCE=600, PRODUCT_NAME="Other"), 0.0)
        made.tick(1.0)
        decision = made.tick(2.0).decision
        assert decision.bms_service == other
        assert decision.limits[1].value == 20.0, "the strictest of the bank"
    made.service_changed(p.SYSTEM, {p.ACTIVE_BMS: "com.victronenergy.vebus.ttyS4"}, 3.0)
    assert made.tick(3.0).decision.bms_service == CAN_BMS, "none of the batteries: ours is as good as any"
