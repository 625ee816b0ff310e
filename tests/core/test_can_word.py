"""A BMS on CAN that somebody else publishes: the stricter of its words counts, and its silence is its own."""

from __future__ import annotations

import math

import pytest

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from tests.core.boat import (
    ALL_WELL,
    MULTI,
    NO_CHARGE,
    NO_DISCHARGE,
    SOLAR,
    VENDOR,
    Boat,
    multi,
    solar,
    status,
    vendor_lynx,
)

FORGED = "com.victronenergy.battery.forged"
CURRENT = (SOLAR, "/Link/ChargeCurrent")
VOLTAGE = (SOLAR, "/Link/ChargeVoltage")
DISCHARGE = (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent")
LOW = (MULTI, "/BatteryOperationalLimits/BatteryLowVoltage")
UNKNOWN_IO = 0x1580
OTHER = 0x24
"""Another device of the bus."""


def afloat(name: str = VENDOR, items: dict[str, Value] | None = None, **setup: object) -> Boat:
    boat = Boat(**setup)
    boat.tick(3)
    boat.add(name, vendor_lynx() if items is None else items)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(6)
    assert boat.links[CURRENT] == 35
    return boat


def found(boat: Boat) -> dict[str, Finding]:
    return {finding.id: finding for finding in boat.bridge.finding_log.current}


def pass_time(boat: Boat, seconds: int, *, others: bool = True) -> None:
    """The battery is silent; others of its bus are heard, or nobody is."""
    for _ in range(seconds):
        boat.now += 1.0
        if others:
            boat.send(status(source=OTHER))
        boat._take(boat.bridge.tick(boat.now))


@pytest.mark.parametrize("name", [VENDOR, FORGED])
def test_what_the_bms_takes_back_on_can_is_obeyed_at_once_whatever_a_service_shows(name: str) -> None:
    boat = afloat(name)
    assert boat.say(ccl=0)
    boat.react()
    assert boat.links[CURRENT] == 0
    boat.tick(9)
    assert "stricter-on-can" not in found(boat), "a driver may show it a little later"
    boat.tick(3)
    assert found(boat)["stricter-on-can"].text == (
        f"{name} shows /Info/MaxChargeCurrent 100, and Lynx Smart BMS 500 itself says 0 on can0: the stricter counts"
    )
    boat.say(ccl=2000)
    boat.tick(4)
    assert boat.links[CURRENT] == 35
    assert "stricter-on-can" not in found(boat)


def test_each_limit_is_the_stricter_of_both() -> None:
    boat = afloat()
    boat.said |= {0x0390: 2800, 0x0391: 200, 0x0393: 3000, 0x0392: 2200}
    boat.tick(4)
    assert (boat.links[VOLTAGE], boat.links[CURRENT]) == (28.0, 20)
    assert (boat.links[DISCHARGE], boat.links[LOW]) == (300, 22.0)
    boat.set(
        VENDOR, **{"/Info/MaxChargeVoltage": 27.0, "/Info/MaxChargeCurrent": 10.0, "/Info/BatteryLowVoltage": 23.0}
    )
    boat.set(VENDOR, **{"/Info/MaxDischargeCurrent": 100.0})
    boat.tick(4)
    assert (boat.links[VOLTAGE], boat.links[CURRENT]) == (27.0, 10)
    assert (boat.links[DISCHARGE], boat.links[LOW]) == (100, 23.0)


def test_each_refusal_counts() -> None:
    boat = afloat()
    boat.say(io=NO_CHARGE)
    boat.react()
    assert boat.links[CURRENT] == 0
    boat.say(io=NO_DISCHARGE)
    boat.tick(4)
    assert (boat.links[CURRENT], boat.links[DISCHARGE]) == (35, 0)
    boat.say(io=ALL_WELL)
    boat.set(VENDOR, **{"/Io/AllowToCharge": 0})
    boat.tick(4)
    assert (boat.links[CURRENT], boat.links[DISCHARGE]) == (0, 600)


def test_what_it_calls_unknown_on_can_is_unknown_and_what_it_has_not_said_is_not_asked() -> None:
    boat = afloat()
    boat.say(io=UNKNOWN_IO)
    boat.tick(4)
    assert boat.links[CURRENT] == 0
    late = Boat()
    del late.said[0x2108], late.said[0x0391]
    late.add(VENDOR, vendor_lynx())
    late.add(SOLAR, solar())
    late.tick(6)
    assert late.links[CURRENT] == 35


@pytest.mark.parametrize("shown", [None, "1", math.nan, 2, 255, -1, 0.5], ids=repr)
def test_a_refusal_on_can_is_one_where_the_service_shows_nothing_and_a_permission_on_can_is_none(shown: Value) -> None:
    boat = afloat()
    boat.set(VENDOR, **{"/Io/AllowToCharge": shown, "/Io/AllowToDischarge": shown})
    boat.tick(4)
    assert boat.links[CURRENT] == 0
    boat.say(io=NO_DISCHARGE)
    boat.tick(4)
    assert boat.links[DISCHARGE] == 0


def test_a_limit_below_0_is_none_whatever_can_says() -> None:
    boat = afloat()
    boat.set(VENDOR, **{"/Info/BatteryLowVoltage": -1, "/Info/MaxChargeCurrent": -1})
    before = boat.links[LOW]
    boat.tick(4)
    assert (boat.links[CURRENT], boat.links[LOW]) == (0, before)
    assert "gate" not in found(boat)


def test_a_contactor_that_is_open_by_the_word_on_can_takes_a_lynx_out_of_its_bank() -> None:
    """A total and another member on D-Bus; this one refuses, and its state still says 9."""
    boat = Boat(publish="none")
    quiet = {"/Serial": None, "/N2kUniqueNumber": None, "/N2kDeviceInstance": 0}
    total = vendor_lynx(**quiet, **{"/ProductId": 0xA3E3, "/DeviceInstance": 0, "/Mgmt/Connection": "Virtual"})
    boat.add("com.victronenergy.battery.lynxparallel0", {path: total[path] for path in total if "/Io" not in path})
    other = vendor_lynx(**{"/Serial": "HQ7", "/N2kUniqueNumber": 7, "/DeviceInstance": 7, "/N2kDeviceInstance": 0})
    boat.add("com.victronenergy.battery.socketcan_can0_vi1_uc7", other)
    boat.add(SOLAR, solar())
    boat.say(io=NO_CHARGE)
    boat.tick(5)
    assert boat.links[CURRENT] == 0
    boat.say(io=NO_CHARGE & ~3 | 2)
    boat.tick(5)
    assert boat.links[CURRENT] == 35
    assert "gate" not in found(boat)
    boat.say(io=NO_CHARGE)
    boat.react()
    assert boat.links[CURRENT] == 0, "it is in again, and its refusal holds"


def test_a_refusal_the_service_shows_is_stricter_than_unknown_on_can() -> None:
    boat = afloat()
    boat.set(VENDOR, **{"/Io/AllowToDischarge": 0})
    boat.say(io=UNKNOWN_IO)
    boat.tick(4)
    assert boat.links[DISCHARGE] == 0


def test_silent_on_can_while_others_are_heard_is_silent_whatever_the_service_shows() -> None:
    boat = afloat()
    pass_time(boat, 9)
    assert boat.links[CURRENT] == 35
    pass_time(boat, 3)
    assert boat.links[CURRENT] == 0
    assert "silent-on-can" in found(boat)
    assert boat.tick(speaking=False).decision.bms_state == "silent"
    pass_time(boat, 75)
    cycle = boat.tick(speaking=False)
    assert cycle.decision.bms_state == "lost"
    assert "silent-on-can" in found(boat)
    boat.tick(4)
    assert boat.links[CURRENT] == 35
    assert "silent-on-can" not in found(boat)


def test_beside_the_gx_controller_that_goes_on_by_the_old_values_nothing_else_is_said() -> None:
    """What it tells the chargers goes on, and no link ends; what was measured last is held against nothing."""
    boat = Boat(mode="monitor")
    boat.tick(3)
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    boat.add(VENDOR, vendor_lynx(**{"/Dc/0/Current": 20.0}))
    boat.add(SOLAR, solar())
    boat.tick(6)
    pass_time(boat, 80)
    loss = {"silent-on-can", "bms-silent", "bms-lost", "ccl-exceeded"}
    assert found(boat).keys() & loss == {"silent-on-can"}
    decision = boat.tick(speaking=False).decision
    assert (decision.bms_state, decision.charge_link_ends_at) == ("lost", None)
    boat.bridge.service_removed(VENDOR, boat.now)
    pass_time(boat, 3)
    assert found(boat).keys() & loss == {"bms-lost"}


def test_what_a_silent_battery_measured_last_is_held_against_no_limit() -> None:
    boat = afloat()
    boat.set(VENDOR, **{"/Dc/0/Current": 20.0})
    pass_time(boat, 40)
    assert boat.links[CURRENT] == 0
    assert "silent-on-can" in found(boat)
    assert "ccl-exceeded" not in found(boat)


def test_a_bus_that_is_wholly_quiet_is_a_matter_of_our_listening() -> None:
    boat = afloat()
    pass_time(boat, 12, others=False)
    assert boat.links[CURRENT] == 35
    assert "can0" in found(boat)["not-heard-on-can"].text
    assert "silent-on-can" not in found(boat)
    pass_time(boat, 9)
    assert boat.links[CURRENT] == 35, "when the bus comes back the battery may be a moment later"
    pass_time(boat, 3)
    assert boat.links[CURRENT] == 0


def test_two_services_that_say_they_are_it_are_both_held_to_it() -> None:
    boat = afloat()
    boat.add(FORGED, vendor_lynx(**{"/DeviceInstance": 0}))
    boat.tick(4)
    boat.say(ccl=0)
    boat.react()
    boat.tick(4)
    assert boat.links[CURRENT] == 0


def test_when_the_service_leaves_its_place_is_taken_and_nothing_is_left_of_it() -> None:
    boat = afloat()
    boat.said[0x0391] = 100
    boat.tick(4)
    assert boat.links[CURRENT] == 10
    boat.bridge.service_removed(VENDOR, boat.now)
    boat.tick(4)
    assert boat.links[CURRENT] == 10
    assert not {"stricter-on-can", "silent-on-can"} & found(boat).keys()


def test_profile_vendor_looks_at_the_service_alone() -> None:
    boat = afloat(options=Options.vendor())
    boat.say(ccl=0)
    boat.tick(4)
    assert boat.links[CURRENT] == 35


def test_who_is_master_is_judged_by_what_stands_on_the_bus() -> None:
    """The vendor's loop goes on by what the service shows, with its DVCC off too."""
    boat = afloat()
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 0})
    boat.tick(3)
    assert boat.bridge.effective == "monitor"
    pass_time(boat, 15)
    assert "silent-on-can" in found(boat)
    assert boat.bridge.effective == "monitor"
    boat.say(io=UNKNOWN_IO)
    boat.tick(3)
    assert boat.bridge.effective == "monitor"


def test_a_silence_on_can_is_found_in_profile_vendor_too() -> None:
    boat = afloat(options=Options.vendor())
    pass_time(boat, 12)
    assert "silent-on-can" in found(boat)
    assert boat.links[CURRENT] == 35, "and it changes nothing there"


def test_an_alarm_that_only_can_has_is_the_batterys_trouble() -> None:
    boat = afloat()
    assert "bms-trouble" not in found(boat)
    boat.said[0x2107] |= 0x3 << 8
    boat.tick(2)
    assert "alarm 'BMS cable'" in found(boat)["bms-trouble"].text
