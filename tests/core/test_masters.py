"""Never two masters, seen from the whole core: names that are not read, come and go, or are lost; a device apart."""

from __future__ import annotations

import pytest

from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Remembered
from tests.core.boat import LYNX_SERVICE, MULTI, SOLAR, Boat, multi, solar, vendor_lynx

SYSTEM = "com.victronenergy.system"
STRANGER = "com.victronenergy.battery.ttyUSB0"
CURRENT = (SOLAR, "/Link/ChargeCurrent")
OFF = {"/Control/Dvcc": 0}


def sailing(**setup: object) -> Boat:
    """A boat in control, its charger told 35 A."""
    boat = Boat(publish="none", **setup)
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.tick(15)
    assert boat.links[CURRENT] == 35.0
    return boat


def writes(boat: Boat, seconds: int) -> list[Write]:
    return [write for _ in range(seconds) for write in boat.tick().writes]


def ids(boat: Boat) -> set[str]:
    return {finding.id for finding in boat.bridge.finding_log.current}


def told(boat: Boat, seconds: int) -> list[Value]:
    """What the charger is told to charge with."""
    return [write.value for write in writes(boat, seconds) if write[:2] == CURRENT]


def test_a_gx_that_controls_is_no_second_master_where_we_are_the_driver_of_its_chargers() -> None:
    for serve, found in ((("can0",), False), ((), True)):
        boat = sailing(transmit="link", serve=serve)
        boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
        assert writes(boat, 3) == []
        assert ("two-masters" in ids(boat)) is found


def test_nothing_is_written_without_our_own_name() -> None:
    boat = sailing()
    boat.bridge.hold_name(False)
    boat.say(ccl=0)
    assert boat.react().writes == ()
    assert writes(boat, 10) == []
    assert "two-masters" in ids(boat)
    boat.bridge.hold_name(True)
    assert Write(*CURRENT, 0.0) in boat.tick().writes, "at once, not at the next round"


@pytest.mark.parametrize("seconds", [9, 90])
def test_the_gx_that_does_not_answer_counts_as_a_master_however_long(seconds: int) -> None:
    boat = sailing()
    assert boat.bridge.service_named(SYSTEM, boat.now)
    boat.say(ccl=0)
    assert boat.react().writes == ()
    assert writes(boat, seconds) == []
    assert boat.bridge.effective == "monitor"
    boat.add(SYSTEM, OFF)
    assert Write(*CURRENT, 0.0) in boat.react().writes


def test_beside_a_gx_that_is_off_a_battery_or_multi_that_does_not_answer_may_make_it_write() -> None:
    for name in (STRANGER, MULTI):
        boat = sailing()
        boat.add(SYSTEM, OFF)
        boat.tick()
        assert boat.bridge.effective == "control"
        boat.bridge.service_named(name, boat.now)
        assert writes(boat, 90) == []
        boat.bridge.service_removed(name, boat.now)
        assert writes(boat, 3)


def test_without_a_gx_only_raises_wait_for_a_battery_that_does_not_answer_and_no_longer_than_a_minute() -> None:
    boat = sailing()
    boat.bridge.service_named(STRANGER, boat.now)
    boat.set(SOLAR, **{"/Settings/ChargeCurrentLimit": 50.0})
    assert set(told(boat, 6)) == {35.0}, "what was told is renewed"
    boat.say(ccl=200)
    assert told(boat, 3)[-1] == 20.0
    boat.say(ccl=2000)
    assert set(told(boat, 49)) == {20.0}
    assert "battery-mute" not in ids(boat)
    assert told(boat, 5)[-1] == 50.0
    assert "battery-mute" in ids(boat)
    boat.bridge.service_added(STRANGER, {}, boat.now)
    boat.tick()
    assert "battery-mute" not in ids(boat)


def test_the_gx_that_comes_and_goes_delays_no_withdrawal() -> None:
    """At 10 Hz, owned half of the time; each time it leaves is a chance."""
    boat = sailing()
    for count in range(20):
        boat.now += 0.05
        boat.bridge.service_named(SYSTEM, boat.now)
        assert boat.react().writes == ()
        if count == 5:
            boat.say(ccl=0)
            boat.react()
        boat.now += 0.05
        assert boat.bridge.service_removed(SYSTEM, boat.now)
        cycle = boat.react()
        if count == 5:
            assert Write(*CURRENT, 0.0) in cycle.writes
    assert boat.links[CURRENT] == 0.0
    boat.say(ccl=2000)
    assert set(told(boat, 59)) == {0.0}, "raises wait for a minute from the last time"
    assert "master-flickers" in ids(boat)
    assert told(boat, 6)[-1] == 35.0
    assert "master-flickers" not in ids(boat)


def test_the_gx_that_restarts_once_delays_nothing() -> None:
    boat = Boat()
    boat.bridge.service_named(SYSTEM, boat.now, appeared=False)
    boat.add(SYSTEM, OFF)
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.say(ccl=0)
    boat.bridge.service_removed(SYSTEM, boat.now)
    boat.bridge.service_named(SYSTEM, boat.now)
    boat.bridge.service_removed(SYSTEM, boat.now)
    boat.say(ccl=2000)
    boat.tick(4)
    assert boat.links[CURRENT] == 35.0


class Rival(Boat):
    """Whatever `values` has is shown in place of what we write."""

    def __init__(self, **setup: object) -> None:
        super().__init__(**setup)
        self.values: dict[tuple[str, str], Value] = {}

    def _take(self, cycle: Cycle) -> None:
        super()._take(cycle)
        for (service, path), value in self.values.items():
            self.bridge.service_changed(service, {path: value}, self.now)


def rivalled(*keys: tuple[str, str], **setup: object) -> Rival:
    boat = Rival(**setup)
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.add(SOLAR + "b", solar())
    boat.add(MULTI, multi())
    boat.tick(12)
    boat.values = dict.fromkeys(keys, 99.0)
    boat.tick(10)
    return boat


@pytest.mark.parametrize(
    "keys", [[CURRENT, (SOLAR + "b", CURRENT[1])], [(MULTI, "/BatteryOperationalLimits/MaxChargeCurrent")]]
)
def test_two_that_differ_or_a_multi_end_control_until_it_is_reset_whatever_flickers(
    keys: list[tuple[str, str]],
) -> None:
    boat = rivalled(*keys)
    assert boat.bridge.effective == "monitor"
    assert boat.bridge.remember(Remembered(), 1.0).overruled == " ".join(keys[-1])
    assert "overruled" in ids(boat)
    boat.bridge.service_named(SYSTEM, boat.now)
    boat.tick(2)
    boat.bridge.service_removed(SYSTEM, boat.now)
    boat.bridge.hold_name(False)
    boat.tick()
    boat.bridge.hold_name(True)
    assert writes(boat, 10) == []
    boat.values = {}
    boat.bridge.reset_master()
    assert writes(boat, 3)
    assert boat.bridge.effective == "control"
    assert boat.bridge.remember(Remembered().overrule("x", 1.0, None), 1.0).overruled == ""


def test_a_rival_is_found_though_the_gx_flickers() -> None:
    boat = rivalled()
    boat.values = dict.fromkeys([CURRENT, (SOLAR + "b", CURRENT[1])], 99.0)
    for _ in range(10):
        boat.tick(3)
        boat.bridge.service_named(SYSTEM, boat.now)
        boat.tick()
        boat.bridge.service_removed(SYSTEM, boat.now)
    assert boat.bridge._control.standing.overruled


def test_what_another_master_did_is_remembered_over_a_restart() -> None:
    memory = Remembered().overrule("com.victronenergy.vebus.x /a", 1.0, "boot")
    boat = Boat(remembered=memory)
    boat.tick(3)
    boat.add(SOLAR, solar())
    assert writes(boat, 10) == []
    assert "overruled" in ids(boat)
    for mode in ("off", "monitor"):
        idle = Boat(remembered=memory, mode=mode)
        idle.tick(3)
        assert idle.bridge.remember(memory, 2.0).overruled


def test_one_charger_that_differs_is_set_apart_and_the_others_go_on() -> None:
    boat = rivalled(CURRENT)
    assert boat.bridge.effective == "control"
    assert "set-apart" in ids(boat)
    sent = writes(boat, 9)
    assert {write.service for write in sent} == {SOLAR + "b", MULTI}
    boat.say(ccl=0)
    cycle = boat.react()
    assert Write(*CURRENT, 0.0) in cycle.writes
    assert Write(SOLAR, "/Link/NetworkMode", 13) in cycle.writes, "so that it is obeyed"


def test_one_that_is_set_apart_counts_with_the_most_of_told_shown_and_made() -> None:
    boat = rivalled(CURRENT)
    assert boat.bridge._services.items[SOLAR]["/Link/ChargeCurrent"] == 99.0
    boat.set(MULTI, **{"/Ac/ActiveIn/ActiveInput": 240})
    for ccl, others in ((2000, [35.0, 66]), (1200, [21.0, 0]), (1000, [1.0, 0]), (500, [0.0, 0])):
        boat.say(ccl=ccl)
        boat.tick(6)
        seen = [boat.links[SOLAR + "b", CURRENT[1]], boat.links[MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"]]
        assert seen == others, ccl
    boat.values = {}
    boat.set(SOLAR, **{"/Link/ChargeCurrent": 5.0, "/Dc/0/Current": 45.0})
    boat.say(ccl=800)
    boat.tick(6)
    assert boat.links[SOLAR + "b", CURRENT[1]] == 35.0, "made"
    limit = next(limit for limit in boat.tick().decision.limits if limit.subject == SOLAR)
    assert "it shows another limit than it was told, and is only told less" in str(limit.caps)


@pytest.mark.parametrize("change", [{"/Connected": 0}, {"/Mode": 4}, {"/State": 0}])
def test_a_device_that_was_power_cycled_is_no_rival(change: dict[str, Value]) -> None:
    boat = rivalled()
    boat.set(MULTI, **change)
    boat.values = {(MULTI, "/BatteryOperationalLimits/MaxChargeCurrent"): 0.0}
    boat.tick(9)
    boat.values = {}
    boat.tick(9)
    assert boat.bridge.effective == "control"


def test_what_a_charger_shows_when_it_has_just_appeared_says_nothing() -> None:
    boat = Rival()
    boat.values = {CURRENT: 99.0}
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.tick(9)
    assert "set-apart" not in ids(boat)
    boat.tick(9)
    assert "set-apart" in ids(boat)


def test_what_was_decided_long_ago_is_not_told_when_control_comes_back() -> None:
    boat = sailing()
    boat.bridge.service_named(SYSTEM, boat.now)
    boat.tick(5)
    boat.tick(75, speaking=False)
    boat.bridge.service_removed(SYSTEM, boat.now)
    assert boat.react().writes == (), "the BMS is lost, and its links are to end"
    assert boat.tick(5, speaking=False).writes == ()


def test_a_write_that_waited_is_asked_for_again() -> None:
    boat = sailing()
    assert boat.bridge.may_write(Write(*CURRENT, 35.0), 35.0, boat.now)
    boat.bridge.service_named(SYSTEM, boat.now)
    assert not boat.bridge.may_write(Write(*CURRENT, 0.0), 35.0, boat.now), "though nobody has looked yet"


def test_the_service_of_the_gx_itself_is_none_of_ours() -> None:
    """Our own service, seen on the bus, is no other gxbridge."""
    boat = sailing()
    boat.add("com.victronenergy.gxbridge", {"/Dvcc/Mode": "control"})
    boat.tick()
    assert boat.bridge.effective == "control"
    assert boat.bridge.may_write(Write(*CURRENT, 35.0), 35.0, boat.now)


VENDOR = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"


def published(boat: Boat, seconds: int = 1) -> bool:
    return bool(boat.tick(seconds).batteries)


def test_a_battery_waits_for_another_one_to_say_which_it_is() -> None:
    boat = Boat()
    boat.bridge.service_named(STRANGER, boat.now)
    assert not published(boat, 50)
    assert boat.tick().own["/Batteries/0/PublishedReason"] == f"{STRANGER} has not said yet which battery it is"
    assert published(boat, 10), "its name says that it is another one"


@pytest.mark.parametrize("name", [VENDOR, "com.victronenergy.battery.can0"])
def test_a_battery_that_may_be_the_same_is_never_published_beside(name: str) -> None:
    boat = Boat()
    assert published(boat, 3)
    assert boat.bridge.service_named(name, boat.now)
    assert not boat.react().batteries, "at once"
    assert "battery-unknown" not in ids(boat)
    assert not published(boat, 70)
    assert {"battery-unknown", "battery-mute"} <= ids(boat)
    boat.bridge.service_removed(name, boat.now)
    assert published(boat)


@pytest.mark.parametrize("name", ["com.victronenergy.battery.socketcan_can0_vi0_uc5", STRANGER, LYNX_SERVICE])
def test_one_that_is_published_goes_on_beside_another_battery_or_our_own(name: str) -> None:
    boat = Boat()
    assert published(boat, 3)
    boat.bridge.service_named(name, boat.now)
    assert boat.react().batteries
    assert published(boat, 70)


def test_no_other_bms_takes_over_because_the_gx_was_there_for_a_moment() -> None:
    boat = sailing()
    boat.add(STRANGER, vendor_lynx(**{"/N2kUniqueNumber": 7, "/Serial": "HQ7", "/DeviceInstance": 9}))
    boat.tick(15, speaking=False)
    assert boat.links[CURRENT] == 0
    boat.add(SYSTEM, {"/Control/Dvcc": 1})
    boat.tick(5, speaking=False)
    assert boat.bridge.effective == "monitor"
    boat.bridge.service_removed(SYSTEM, boat.now)
    after = [
        value for _ in range(8) for value in [w.value for w in boat.tick(speaking=False).writes if w[:2] == CURRENT]
    ]
    assert set(after) == {0}
    assert "gate" not in ids(boat)


def test_when_control_comes_back_what_is_told_fits_together_and_holds_now() -> None:
    """Meanwhile one charger makes all there is, and the other's share of before would be too much."""
    boat = sailing()
    boat.add(SOLAR + "2", solar(limit_a=85.0))
    boat.say(ccl=600)
    boat.tick(9)
    assert sum(value for (_, path), value in boat.links.items() if path == CURRENT[1]) > 50  # type: ignore[misc]
    boat.add(SYSTEM, {"/Control/Dvcc": 1})
    boat.say(ccl=300)
    boat.tick(2)
    boat.set(SOLAR, **{"/Dc/0/Current": 29.0})
    boat.bridge.service_removed(SYSTEM, boat.now)
    cycle = boat.react()
    assert cycle.decision.round_done
    told = [write.value for write in cycle.writes if write.path == CURRENT[1]]
    assert len(told) == 2
    assert sum(told) <= 30.2  # type: ignore[arg-type]
    assert "gate" not in ids(boat)


def test_what_one_that_is_set_apart_is_not_told_is_no_matter_for_the_gate() -> None:
    boat = Rival()
    boat.tick(3)
    boat.add(SOLAR, solar(limit_a=50.0))
    boat.add(SOLAR + "2", solar(limit_a=50.0, current_a=0.0))
    boat.say(ccl=600)
    boat.tick(15)
    boat.values = {CURRENT: 20.0}
    boat.tick(30)
    assert "set-apart" in ids(boat)
    boat.add("com.victronenergy.charger.ttyUSB3", {"/Connected": 1, "/State": 3, "/Dc/0/Voltage": 26.4})
    boat.set("com.victronenergy.charger.ttyUSB3", **{"/Dc/0/Current": 45.0})
    boat.tick(9)
    assert "gate" not in ids(boat)
