"""The user's rules on a whole boat: they act in control, are shown otherwise, and outlive restarts."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.rules.curve import Curve
from gxbridge.core.dvcc.rules.rule import Rule
from gxbridge.core.dvcc.rules.rule_set import RuleSet
from gxbridge.core.dvcc.rules.storage import FullCharge, StorageProfile
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.publish.explanation import as_text
from gxbridge.core.setup import Setup
from tests.core.boat import MULTI, NO_CHARGE, SOLAR, Boat, multi, solar

EPOCH = 1_796_126_400.0 - 1000.0
"""Second 1000 of a boat is 2026-12-01 12:00 UTC."""
BMV = "com.victronenergy.battery.ttyS5"
INPUT = "com.victronenergy.digitalinput.input_1"

EIGHTY = Rule("eighty", "CCL", "soc", Curve(((78.0, 100.0), (80.0, 0.0)), percent=True))
GENTLE = Rule("gentle", "CCL", "highest_cell", Curve(((3.40, 50.0), (3.50, 5.0))))
LOW_V = Rule("low_v", "CVL", "soc", Curve(((90.0, 28.4), (95.0, 27.4))))
DARK = Rule("dark", "DCL", "soc", Curve(((20.0, 0.0), (30.0, 100.0))))
QUIET = Rule("quiet", "DCL", "time_of_day", Curve(((420.0, 100.0), (1320.0, 20.0)), daily=True))


class RuledBoat(Boat):
    """A boat with rules, whose clock is set."""

    def __init__(self, *rules: Rule, mode: str = "control", **more: Any) -> None:
        rule_set = more.pop("rule_set", None) or RuleSet(rules, more.pop("storage", None), more.pop("full", None))
        options = more.pop("options", Options())
        super().__init__(mode=mode, options=Options(**{**vars_of(options), "rules": rule_set}), **more)
        self.bridge.set_zone(0.0)
        self.epoch = EPOCH

    def tick(self, seconds: int = 1, *, speaking: bool = True) -> Cycle:
        cycle = super().tick(seconds, speaking=speaking)
        assert not [found for found in cycle.situation.findings if found.id == "gate"]
        return cycle


def vars_of(options: Options) -> dict[str, Any]:
    return {name: getattr(options, name) for name in Options.__dataclass_fields__}


def limit(cycle: Cycle, name: str) -> tuple[float | None, str]:
    return next((one.value, one.sentence) for one in cycle.decision.limits if one.name == name)


def charged(*rules: Rule, soc: int = 5000, **more: Any) -> tuple[RuledBoat, Cycle]:
    boat = RuledBoat(*rules, **more)
    boat.add(SOLAR, solar(limit_a=85))
    boat.add(MULTI, multi())
    boat.said |= {0x0FFF: soc}
    return boat, boat.tick(12)


def test_a_rule_is_a_cap_like_any_other() -> None:
    boat, cycle = charged(EIGHTY, soc=7900)
    assert limit(cycle, "CCL") == (
        100.0,
        "CCL 100 A: rule eighty: state of charge 79.0 % of Lynx Smart BMS 500, curve 78 %: 100 % to 80 %: 0 %. "
        "Next: 200 A said by the Lynx Smart BMS 500.",
    )
    cap = next(one for one in cycle.decision.limits if one.name == "CCL").caps[0]
    assert (cap.kind, cap.name, cap.path) == ("user", "rule", "rules.limits.eighty")
    told = [boat.links[SOLAR, "/Link/ChargeCurrent"], boat.links[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"]]
    assert sum(float(value or 0) for value in told) <= 100
    assert cycle.own["/Rules/0/Name"] == "eighty"
    assert (cycle.own["/Rules/0/Value"], cycle.own["/Rules/Act"]) == (100.0, 1)


def test_a_rule_that_falls_is_told_within_a_second() -> None:
    boat, _ = charged(EIGHTY)
    for _ in range(3):
        boat.say(soc=8100)
        boat.tick()
        assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0
        boat.say(soc=5000)
        boat.tick(4)
        assert boat.links[SOLAR, "/Link/ChargeCurrent"] != 0


def test_in_monitor_it_is_only_shown() -> None:
    _, cycle = charged(EIGHTY, soc=8100, mode="monitor")
    assert limit(cycle, "CCL")[0] == 200.0
    assert (cycle.own["/Rules/0/Value"], cycle.own["/Rules/Act"]) == (0.0, 0)
    text = as_text(cycle.explanation())
    assert "Rules (shown only: they act while gxbridge is in control):" in text
    assert "- CCL: would allow at most 0 A: rule eighty: state of charge 81.0 % of Lynx Smart BMS 500" in text


def test_in_control_it_is_said_that_it_acts() -> None:
    _, cycle = charged(EIGHTY, soc=8100)
    assert "Rules:\n    - CCL: at most 0 A: rule eighty" in as_text(cycle.explanation())


def test_while_the_gx_controls_it_is_only_shown() -> None:
    boat, _ = charged(EIGHTY, soc=8100)
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    cycle = boat.tick(4)
    assert cycle.own["/Rules/Act"] == 0
    assert limit(cycle, "CCL")[0] == 200.0


def test_the_least_of_two_rules_holds_and_the_other_is_next() -> None:
    _, cycle = charged(GENTLE, GENTLE._replace(name="gentler", curve=Curve(((3.0, 20.0),))))
    value, sentence = limit(cycle, "CCL")
    assert value == 20.0
    assert sentence.startswith("CCL 20 A: rule gentler: ")
    assert "Next: 50 A: rule gentle: " in sentence


def test_a_bms_that_refuses_wins_over_every_rule() -> None:
    boat, _ = charged(EIGHTY)
    boat.say(io=NO_CHARGE)
    assert limit(boat.tick(4), "CCL")[1].startswith("CCL 0 A: charging is refused by")


def test_the_charge_voltage_is_only_lowered() -> None:
    boat, cycle = charged(LOW_V, soc=9500)
    assert limit(cycle, "CVL")[0] == 27.4
    assert boat.links[SOLAR, "/Link/ChargeVoltage"] == 27.4
    assert boat.links[MULTI, "/BatteryOperationalLimits/MaxChargeVoltage"] == 27.4
    _, cycle = charged(LOW_V._replace(curve=Curve(((0.0, 30.0),))))
    assert limit(cycle, "CVL")[0] == 28.4, "the BMS's"


def test_a_voltage_below_the_window_of_the_battery_stops_charging_and_says_so() -> None:
    boat, cycle = charged(LOW_V._replace(curve=Curve(((0.0, 13.0),))))
    wanted = "rules.limits.low_v asks for 13 V, which is no charge voltage for a 24 V battery (20 V to 32 V)"
    assert limit(cycle, "CVL")[0] is None
    assert wanted in limit(cycle, "CVL")[1]
    assert limit(cycle, "CCL")[0] == 0
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0
    assert [found.severity for found in cycle.situation.findings if found.id == "rule-refused"] == ["warning"]


def test_a_hub_voltage_without_a_bms_is_held_to_the_rule() -> None:
    boat = RuledBoat(LOW_V._replace(by="battery_voltage", curve=Curve(((0.0, 27.0),))))
    boat.add(SOLAR, solar(limit_a=85))
    boat.add(MULTI, multi(**{"/Hub/ChargeVoltage": 28.0, "/Hub4/AssistantId": 5}))
    boat.tick(6, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeVoltage"] == 27.0


def test_discharge_goes_down_to_0_a_where_a_rule_says_so() -> None:
    boat, cycle = charged(DARK, soc=2500)
    assert limit(cycle, "DCL")[0] == 50.0
    boat.say(soc=2000)
    cycle = boat.tick(4)
    assert limit(cycle, "DCL")[0] == 0
    assert boat.links[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 0


def test_a_start_without_a_state_of_charge_darkens_nothing_for_10_seconds() -> None:
    boat = RuledBoat(DARK)
    boat.add(MULTI, multi())
    del boat.said[0x0FFF]
    cycle = boat.tick(6)
    assert limit(cycle, "DCL")[0] is None
    assert "not known yet, so no discharge limit is renewed" in limit(cycle, "DCL")[1]
    assert (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent") not in boat.links
    assert limit(boat.tick(8), "DCL")[0] == 0


def test_a_discharge_limit_that_is_not_renewed_is_not_with_a_rule_either() -> None:
    boat, _ = charged(DARK)
    boat.said[0x2108] = 0x1585  # whether it allows discharging is unknown
    cycle = boat.tick(4)
    assert limit(cycle, "DCL")[0] is None
    assert "rule" in [cap.name for cap in next(one for one in cycle.decision.limits if one.name == "DCL").caps]


def test_an_input_that_was_given_and_is_not_any_more_is_the_most_careful_point() -> None:
    boat, cycle = charged(GENTLE)
    assert limit(cycle, "CCL")[0] == 50.0
    boat.said[0x0385] = 0xFFFFFFFF
    cycle = boat.tick(4)
    assert limit(cycle, "CCL")[0] == 5.0
    assert "rule gentle: the highest cell is not known, so its most careful point applies" in limit(cycle, "CCL")[1]


def test_the_battery_monitor_gives_what_the_bms_never_gives() -> None:
    boat = RuledBoat(EIGHTY._replace(curve=Curve(((78.0, 100.0), (80.0, 0.0)))))
    boat.add("com.victronenergy.settings", {"/Settings/SystemSetup/BatteryService": "com.victronenergy.battery/7"})
    boat.add(SOLAR, solar(limit_a=85))
    boat.add(BMV, bmv(**{"/Soc": 79.0}))
    del boat.said[0x0FFF]
    cycle = boat.tick(12)
    assert limit(cycle, "CCL")[0] == 50.0
    assert "state of charge 79.0 % of BMV-712" in limit(cycle, "CCL")[1]


def bmv(**items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 7,
        "/Connected": 1,
        "/ProductName": "BMV-712",
        "/Mgmt/Connection": "VE.Direct",
        "/Dc/0/Voltage": 26.4,
        "/Dc/0/Current": 5.0,
        **items,
    }


def test_with_a_bms_that_has_only_terminals_and_a_battery_monitor() -> None:
    by_monitor = EIGHTY._replace(curve=Curve(((78.0, 60.0), (80.0, 10.0))))
    wired = Wiring("House", "SmallBMS with pre-alarm", charge=INPUT, settle_s=0.0)
    boat = RuledBoat(by_monitor, DARK._replace(by="battery_voltage"), buses=(), wirings=(wired,))
    boat.add(INPUT, {"/Type": 10, "/InputState": 0, "/DeviceInstance": 1, "/ProductName": "Generic I/O"})
    boat.add(BMV, bmv(**{"/Soc": 79.0}))
    boat.add(SOLAR, solar(limit_a=85))
    cycle = boat.tick(6, speaking=False)
    assert cycle.situation.other_channels.charge_permits
    assert limit(cycle, "CCL")[0] == 35.0
    assert "rule eighty: state of charge 79.0 % of BMV-712" in limit(cycle, "CCL")[1]
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 35.0
    assert limit(cycle, "DCL")[0] is None, "there is nobody's discharge limit to be lowered"
    boat.set(BMV, **{"/Soc": None})
    boat.tick(4, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 10.0
    boat.set(INPUT, **{"/InputState": 1})
    boat.tick(4, speaking=False)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0.0


@pytest.mark.parametrize(("hour", "wanted"), [(3, 20.0), (12, 100.0), (23, 20.0)])
def test_the_time_of_day_comes_with_the_clock_and_the_zone(hour: int, wanted: float) -> None:
    boat = RuledBoat(QUIET)
    boat.epoch = EPOCH + (hour - 12) * 3600
    boat.add(MULTI, multi())
    assert limit(boat.tick(6), "DCL")[0] == wanted
    boat.bridge.set_zone(None)
    assert limit(boat.tick(4), "DCL")[0] == 20.0
    boat.bridge.set_zone(0.0)
    boat.epoch = 0.0
    assert limit(boat.tick(4), "DCL")[0] == 20.0, "1970"


# --- storage ----------------------------------------------------------------------------------------------------------

STORAGE = StorageProfile(soc_percent=60.0, voltage_v=26.4)


def write(boat: RuledBoat, value: Value) -> int:
    answer = boat.bridge.judge_own_write("/Rules/Storage", value, boat.now + boat.epoch)
    if answer.local is not None:
        boat.bridge.switch_storage(answer.local == 1)
    return answer.code


def test_a_client_switches_the_storage_profile_and_back_to_the_other_rules() -> None:
    boat, cycle = charged(GENTLE, soc=7000, storage=STORAGE)
    assert (cycle.own["/Rules/Storage"], limit(cycle, "CCL")[0]) == (0, 50.0)
    assert write(boat, 1) == 0
    cycle = boat.tick(4)
    assert (cycle.own["/Rules/Storage"], limit(cycle, "CCL")[0], limit(cycle, "CVL")[0]) == (1, 0.0, 26.4)
    assert boat.links[SOLAR, "/Link/ChargeCurrent"] == 0
    assert "storage profile: on" in as_text(cycle.explanation())
    assert write(boat, 0) == 0
    cycle = boat.tick(4)
    assert (cycle.own["/Rules/Storage"], limit(cycle, "CCL")[0]) == (0, 50.0), "never above the other rules"
    assert "storage profile: off" in as_text(cycle.explanation())


def test_it_is_on_after_a_restart_and_the_last_full_charge_is_known() -> None:
    boat, _ = charged(soc=10000, storage=STORAGE, full=FullCharge(every_days=30.0))
    write(boat, 1)
    boat.tick(700)
    kept = boat.bridge.remember(Remembered(), boat.now + boat.epoch)
    assert [latch.name for latch in kept.latches if latch.subject == "battery"] == ["storage", "last-full"]
    again = Bridge(Setup(options=Options(rules=RuleSet(storage=STORAGE)), remembered=kept))
    assert again.tick(1.0, EPOCH).own["/Rules/Storage"] == 1
    assert kept is boat.bridge.remember(kept, boat.now + boat.epoch + 5)


def test_a_full_charge_is_said() -> None:
    boat, _ = charged(soc=7000, storage=STORAGE, full=FullCharge(every_days=1.0, at_most_hours=2.0))
    write(boat, 1)
    assert limit(boat.tick(4), "CCL")[0] == 0
    boat.epoch += 86_400.0
    cycle = boat.tick(4)
    assert (cycle.own["/Rules/ChargingFull"], limit(cycle, "CCL")[0]) == (1, 200.0)
    assert "storage profile: suspended for a full charge" in as_text(cycle.explanation())
    boat.epoch += 7200.0
    assert limit(boat.tick(4), "CCL")[0] == 0


def test_cells_of_one_battery_that_differ_begin_a_full_charge() -> None:
    boat, _ = charged(soc=7000, storage=STORAGE, full=FullCharge(cell_difference_v=0.05))
    write(boat, 1)
    boat.said[0x0385] = 335 | 341 << 16
    boat.tick(62)
    assert boat.tick(4).own["/Rules/ChargingFull"] == 1


def test_without_rules_there_is_no_item_of_them() -> None:
    boat = Boat()
    cycle = boat.tick(3)
    assert [path for path in cycle.own if path.startswith("/Rules")] == []
    assert "Rules" not in as_text(cycle.explanation())


def test_a_discharge_limit_that_waits_is_said_in_words() -> None:
    boat = RuledBoat(DARK)
    del boat.said[0x0FFF]
    assert "    - DCL: nothing is renewed: rule dark: " in as_text(boat.tick(4).explanation())


def test_a_rule_says_nothing_beside_a_refusal_to_discharge_while_it_waits() -> None:
    boat = RuledBoat(DARK)
    boat.add(MULTI, multi())
    del boat.said[0x0FFF]
    boat.said[0x2108] = 0x15A5
    assert limit(boat.tick(6), "DCL")[0] == 0
