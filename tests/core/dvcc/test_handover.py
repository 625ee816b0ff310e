"""One battery is one battery: when its service changes place, nobody is lost and nothing is refused."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value

OURS = "com.victronenergy.battery.gxbridge_can0_uc167120"
VENDORS = "com.victronenergy.battery.socketcan_vecan0_vi1_uc167120"
OTHER = "com.victronenergy.battery.socketcan_vecan0_vi2_uc314657"


def lynx(**items: Value) -> dict[str, Value]:
    return {
        "/DeviceInstance": 1,
        "/Connected": 1,
        "/ProductId": 0xA3E5,
        "/ProductName": "Lynx Smart BMS 500",
        "/Mgmt/Connection": "VE.Can",
        "/State": 9,
        "/Dc/0/Voltage": 26.4,
        "/Info/MaxChargeVoltage": 28.4,
        "/Info/MaxChargeCurrent": 200.0,
        "/Info/MaxDischargeCurrent": 600.0,
        "/Io/AllowToCharge": 1,
        "/Io/AllowToDischarge": 1,
    } | items


def play(*scenes: dict[str, dict[str, Value]]) -> Decision:
    """Each scene lasts four seconds; returns the last decision that was a full round."""
    memory, now, last = Memory(), 100.0, Decision()
    for services in scenes:
        for _ in range(4):
            now += 1.0
            decision, memory = decide(Snapshot(services, {"/Settings/Services/Bol": 1}), memory, now)
            last = decision
    return last


@pytest.mark.parametrize(
    "mark", [{"/N2kUniqueNumber": 167120}, {"/Serial": "0167120 HQ21302VUDQ"}], ids=["unique-number", "serial"]
)
def test_a_battery_that_changes_its_service_stays_in_control(mark: dict[str, Value]) -> None:
    decision = play({OURS: lynx(**mark)}, {VENDORS: lynx(**mark)})
    assert (decision.bms_service, decision.bms_state) == (VENDORS, "live")
    assert decision.bms_since == 101.0, "it was there all the time"


def test_another_battery_does_not_take_over_by_itself() -> None:
    decision = play({OURS: lynx(**{"/N2kUniqueNumber": 167120})}, {OTHER: lynx(**{"/N2kUniqueNumber": 314657})})
    assert (decision.bms_service, decision.bms_state) == (OURS, "silent")


def test_a_battery_without_any_mark_is_not_recognised_in_another() -> None:
    decision = play({OURS: lynx()}, {VENDORS: lynx()})
    assert (decision.bms_service, decision.bms_state) == (OURS, "silent")


def test_a_battery_that_was_lost_and_returns_under_another_name_is_there_since_then() -> None:
    mark: dict[str, Value] = {"/N2kUniqueNumber": 167120}
    decision = play({OURS: lynx(**mark)}, {}, {VENDORS: lynx(**mark)})
    assert (decision.bms_service, decision.bms_state, decision.bms_since) == (VENDORS, "live", 109.0)
