"""The user's rules in a black box: the time zone, the storage switch, and what they remembered are played again."""

from __future__ import annotations

from gxbridge.core.blackbox.play import replay
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import Rule
from gxbridge.core.dvcc.rules.rule_set import RuleSet
from gxbridge.core.dvcc.rules.storage import FullCharge, StorageProfile
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import MULTI, SOLAR, multi, solar

EPOCH = 1_796_126_400.0
SLOW = Rule("slow", "CCL", "soc", Curve(((78.0, 100.0), (80.0, 0.0))), 1.0, 5.0, 0.5)
QUIET = Rule("quiet", "DCL", "time_of_day", Curve(((720.0, 100.0), (1320.0, 20.0)), daily=True))
RULES = RuleSet((SLOW, QUIET), StorageProfile(soc_percent=60.0, until_day=30_000), FullCharge(every_days=30.0))


def test_what_rules_did_is_played_again_with_the_same_decisions() -> None:
    boat = BoxedBoat(options=Options(rules=RULES, switch_alternators=True))
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())

    def sail(seconds: int, zone_s: float = 3600.0) -> None:
        for _ in range(seconds):
            boat.now += 1.0
            boat.repeat()
            boat.bridge.set_zone(zone_s)
            cycle = boat.bridge.tick(boat.now, EPOCH)
            for service, path, value in cycle.writes:
                boat.bridge.service_changed(service, {path: value}, boat.now)

    boat.said[0x0FFF] = 7000
    sail(40)
    boat.said[0x0FFF] = 7900
    sail(80)
    boat.bridge.switch_storage(True)
    sail(20)
    sail(20, zone_s=36000.0)  # 22 o'clock: the quiet hours have begun
    assert boat.boxed.recorder_fault == ""
    report = replay(boat.box())
    assert (report.differences, report.skipped) == ([], 0)
    assert report.cycles >= 140
