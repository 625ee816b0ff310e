"""Boxes of boats on which something went wrong, and who is found to have let whom down."""

from __future__ import annotations

import pytest

from gxbridge.core.blackbox import recorder
from gxbridge.core.blackbox.box import Box, lines, parse
from gxbridge.core.blackbox.recorder import AFTERMATH_S, AGAIN_S, Frozen
from gxbridge.core.blackbox.timeline import Timeline, facts_of
from gxbridge.core.blackbox.verdict import Verdict, verdict
from gxbridge.core.model.finding import Finding
from gxbridge.core.publish.own_items import CanView
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import MULTI, SOLAR, VENDOR, multi, solar, vendor_lynx, vreg

OTHER = 0x40


class SeenBoat(BoxedBoat):
    """A boat with a second device on the bus, statistics of the bus, and whatever falls due to be written."""

    def __init__(self, **setup: object) -> None:
        super().__init__(**setup)
        self.can = {"can0": CanView("open")}
        self.frozen: list[Frozen] = []

    def seconds(self, count: int, *, bms: bool = True, other: bool = True) -> None:
        for _ in range(count):
            self.now += 1.0
            if bms:
                self.repeat()
            if other:
                self.send((0x1CEFFF00 | OTHER, bytes.fromhex("6699BBED10270000")))
            self._take(self.bridge.tick(self.now, 1_700_000_000.0, self.can))
            due = self.boxed.frozen(self.now)
            if due is not None:
                self.frozen.append(due)

    def judged(self) -> tuple[Verdict, Timeline, Box]:
        box = parse(lines(self.frozen[-1], "1", "d"))
        facts = facts_of(box)
        return verdict(facts, box.head), facts, box


def sailing(**setup: object) -> SeenBoat:
    boat = SeenBoat(**setup)
    boat.seconds(3)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.seconds(100)
    assert boat.frozen == []
    return boat


def text_of(facts: Timeline) -> str:
    return "\n".join(moment.text for moment in facts.timeline)


def test_a_bms_that_falls_silent_while_others_speak_is_the_bms() -> None:
    boat = sailing()
    boat.seconds(40, bms=False)
    (frozen,) = boat.frozen
    assert frozen.cause.name == "bms-lost"
    assert frozen.frozen_at - frozen.cause.at == AFTERMATH_S
    found, facts, _ = boat.judged()
    assert found.name == "bms-silent"
    assert "address 41 on can0" in found.evidence[0]
    assert "0x40" in found.evidence[1]
    assert "battery uc167120 is silent" in text_of(facts)
    assert "CCL 0 A: the Lynx Smart BMS 500 is silent" in text_of(facts)
    assert text_of(facts).count("battery uc167120 is live") == 1, "not at the beginning of every stretch"


def test_67_two_minutes_after_the_last_frame_is_the_bms_and_not_a_link() -> None:
    boat = sailing()
    boat.seconds(121, bms=False)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20, bms=False)
    found, facts, _ = boat.judged()
    assert (boat.frozen[-1].cause.name, found.name) == ("error-67", "bms-silent")
    assert "came 121." in found.evidence[0] or "came 122." in found.evidence[0]
    assert "battery uc167120 is gone" in text_of(facts)


def test_a_battery_that_spoke_again_before_the_event_is_not_its_cause() -> None:
    boat = sailing()
    boat.seconds(20, bms=False)
    boat.repeat()
    boat.seconds(30)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, facts, _ = boat.judged()
    assert "battery uc167120 is silent" in text_of(facts)
    assert found.name == "charger-link-stalled"


def test_a_bus_on_which_all_fall_silent_together_has_failed() -> None:
    boat = sailing()
    boat.seconds(30, bms=False, other=False)
    assert boat.judged()[0].name == "bus-errors"


def test_a_bus_that_went_down_has_failed_even_if_only_the_bms_spoke() -> None:
    boat = SeenBoat()
    boat.seconds(60, other=False)
    boat.can = {"can0": CanView("down", "the interface is down", errors=3)}
    boat.seconds(30, bms=False, other=False)
    found, facts, _ = boat.judged()
    assert found.name == "bus-errors"
    assert "the interface is down" in found.evidence[0]
    assert "CAN bus can0: 3 errors" in text_of(facts)


def test_a_lonely_bms_that_falls_silent_on_a_good_bus_is_the_bms() -> None:
    boat = SeenBoat()
    boat.seconds(60, other=False)
    boat.seconds(30, bms=False, other=False)
    found, _, _ = boat.judged()
    assert (found.name, "shows no errors" in found.evidence[1]) == ("bms-silent", True)


def test_67_on_a_charger_that_is_written_to_is_its_link() -> None:
    boat = sailing()
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, facts, _ = boat.judged()
    assert boat.frozen[-1].cause.name == "error-67"
    assert found.name == "charger-link-stalled"
    assert f"{SOLAR} shows error #67" in text_of(facts)


def test_67_after_another_master_took_over_and_wrote_nothing_is_the_gx() -> None:
    boat = sailing()
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    boat.seconds(70)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, _, _ = boat.judged()
    assert found.name == "gx-stopped-writing"
    assert any("DVCC was monitor" in sentence for sentence in found.evidence)


def test_67_after_the_program_was_held_up_is_the_gx() -> None:
    boat = sailing()
    boat.now += 90.0
    boat.repeat()
    boat.seconds(1)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, facts, _ = boat.judged()
    assert found.name == "gx-stopped-writing"
    assert "nothing was processed for 91 s" in text_of(facts)


def test_67_in_monitor_mode_with_nobody_seen_writing_is_unknown() -> None:
    boat = sailing(mode="monitor")
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, _, _ = boat.judged()
    assert found.name == "unknown"
    assert "nobody was seen writing" in found.evidence[0]


def test_67_in_monitor_mode_with_link_registers_on_can_tells_when_they_ended() -> None:
    boat = sailing(mode="monitor")
    for _ in range(10):
        boat.send(vreg(0x200E, 1, 0xE1))
        boat.seconds(1)
    boat.seconds(65)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, _, _ = boat.judged()
    assert found.name == "gx-stopped-writing"
    assert "another master" in found.evidence[0]


def test_67_with_errors_on_the_bus_is_the_bus() -> None:
    boat = sailing()
    boat.can = {"can0": CanView("open", errors=50, lost=7)}
    boat.seconds(5)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, _, _ = boat.judged()
    assert found.name == "bus-errors"
    assert any("50 errors" in sentence for sentence in found.evidence)
    assert any("dropped 7 frames" in sentence for sentence in found.evidence)


def test_a_vendor_battery_that_leaves_dbus_is_a_lost_bms() -> None:
    boat = SeenBoat()
    boat.add(
        "com.victronenergy.battery.ttyUSB0",
        {"/DeviceInstance": 1, "/Connected": 1, "/Info/MaxChargeVoltage": 28.2, "/Info/MaxChargeCurrent": 50.0}
        | {"/Dc/0/Voltage": 26.4, "/Io/AllowToCharge": 1, "/Io/AllowToDischarge": 1},
    )
    boat.add(SOLAR, solar())
    boat.seconds(20, bms=False, other=False)
    boat.bridge.service_removed("com.victronenergy.battery.ttyUSB0", boat.now)
    boat.seconds(20, bms=False, other=False)
    found, facts, _ = boat.judged()
    assert found.name == "bms-silent"
    assert "leaves" in text_of(facts)


def test_a_box_on_command_of_a_quiet_boat_has_nothing_to_judge() -> None:
    boat = sailing()
    frozen = boat.boxed.keep_now("command", "asked", boat.now)
    assert frozen is not None
    boat.frozen.append(frozen)
    found, facts, box = boat.judged()
    assert found.name == "unknown"
    assert facts.frames > 1000
    assert box.head.cause == "command"


def test_one_cause_freezes_once_in_ten_minutes_and_again_after_them() -> None:
    boat = sailing()
    for _ in range(3):
        boat.seconds(30, bms=False)
        boat.seconds(10)
    assert len([item for item in boat.frozen if item.cause.name == "bms-lost"]) == 1
    boat.seconds(int(AGAIN_S))
    boat.seconds(30, bms=False)
    assert len([item for item in boat.frozen if item.cause.name == "bms-lost"]) == 2


def test_an_alarm_that_begins_freezes_the_box() -> None:
    boat = sailing()
    boat.bridge.report([Finding("overruled", "alarm", SOLAR, "Somebody else writes.", "", boat.now, boat.now)])
    boat.seconds(20)
    (frozen,) = boat.frozen
    assert (frozen.cause.name, frozen.cause.subject) == ("alarm", f"overruled {SOLAR}")


def test_what_waits_for_its_aftermath_can_be_kept_when_the_program_ends() -> None:
    boat = sailing()
    assert boat.boxed.unwritten(boat.now) is None
    boat.seconds(12, bms=False)
    frozen = boat.boxed.unwritten(boat.now)
    assert frozen is not None
    assert frozen.cause.name == "bms-lost"
    assert boat.boxed.unwritten(boat.now) is None


def test_a_bus_that_is_down_in_a_quiet_box_is_told() -> None:
    boat = SeenBoat()
    boat.can = {"can0": CanView("bus-off", "too many errors")}
    boat.seconds(90, bms=False, other=False)
    frozen = boat.boxed.keep_now("command", "asked", boat.now)
    assert frozen is not None
    boat.frozen.append(frozen)
    found, _, _ = boat.judged()
    assert found == Verdict("bus-errors", ("CAN bus can0 was bus-off (too many errors)",))


def test_67_in_monitor_mode_after_the_machine_was_held_up_is_the_gx() -> None:
    boat = sailing(mode="monitor")
    boat.now += 90.0
    boat.repeat()
    boat.seconds(1)
    boat.set(SOLAR, **{"/ErrorCode": 67})
    boat.seconds(20)
    found, _, _ = boat.judged()
    assert (found.name, "held up for 91 s" in found.evidence[0]) == ("gx-stopped-writing", True)
    assert found.title == "The GX stopped writing to the charger"


def test_many_addresses_are_cut_short() -> None:
    boat = sailing()
    for _ in range(30):
        boat.send(*((0x1CEFFF00 | source, bytes.fromhex("6699BBED10270000")) for source in range(0x50, 0x60)))
        boat.seconds(1, bms=False)
    assert boat.judged()[0].evidence[1].endswith("0x55, 0x56, ...")


def test_the_first_hour_of_control_is_kept_once_and_none_of_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "FIRST_CONTROL_S", 60.0)
    watching, controlling = SeenBoat(mode="monitor"), SeenBoat(mode="control")
    for boat in (watching, controlling):
        boat.seconds(200)
    assert watching.frozen == []
    assert [frozen.cause.name for frozen in controlling.frozen] == ["first-control"]


def test_a_battery_that_is_silent_while_its_service_shows_old_values_is_said_to_be_that() -> None:
    boat = SeenBoat(mode="monitor")
    boat.add(VENDOR, vendor_lynx())
    boat.seconds(100)
    boat.seconds(90, bms=False)
    found, facts, _ = boat.judged()
    assert found.name == "bms-silent"
    assert any("has fallen silent on can0, where others are heard" in text for text in found.evidence)
    assert "left D-Bus" not in "".join(found.evidence)
    assert "silent-on-can begins" in text_of(facts)
