"""The whole service on a desk: frames and items in, services and writes out, on a clock of the test's own."""

from __future__ import annotations

import json

from tests.core.boat import LYNX_SERVICE, MULTI, NO_CHARGE, PRODUCT, SOLAR, Boat, claim, multi, solar, status, vreg

CHARGE_CURRENT = "/Link/ChargeCurrent"


def items(boat: Boat, speaking: bool = True) -> dict[str, object]:
    (view,) = boat.tick(speaking=speaking).batteries
    return dict(view.items)


def test_no_battery_is_published_before_its_name_and_product_are_known() -> None:
    boat = Boat()
    boat.send(status())
    assert boat.tick(speaking=False).batteries == ()
    boat.send(claim())
    cycle = boat.tick(speaking=False)
    assert cycle.batteries == ()
    assert "waiting" in cycle.own["/Explain/Json"] and "product" in str(cycle.own["/Explain/Json"])
    boat.send(vreg(PRODUCT, 0xA3E500))
    (view,) = boat.tick(speaking=False).batteries
    assert view.name == LYNX_SERVICE


def test_a_running_battery_shows_its_values_limits_and_permissions() -> None:
    boat = Boat()
    boat.repeat()
    shown = items(boat)
    assert (shown["/Dc/0/Voltage"], shown["/Dc/0/Current"]) == (26.4, 10.0)
    assert (shown["/Info/MaxChargeVoltage"], shown["/Info/MaxChargeCurrent"]) == (28.4, 200.0)
    assert (shown["/Io/AllowToCharge"], shown["/Io/AllowToDischarge"]) == (1, 1)
    assert (shown["/DeviceInstance"], shown["/ProductId"]) == (100, 0xA3E5)


def test_a_withdrawn_permission_asks_for_a_look_at_once() -> None:
    boat = Boat()
    boat.repeat()
    boat.tick()
    assert not boat.repeat(), "the same again changes nothing"
    assert boat.say(io=NO_CHARGE)
    (view,) = boat.react().batteries
    assert view.items["/Io/AllowToCharge"] == 0


def test_ten_seconds_of_silence_make_everything_invalid_and_sixty_close_the_service() -> None:
    boat = Boat()
    boat.tick(3)
    assert items(boat)["/Info/MaxChargeCurrent"] == 200.0
    (view,) = boat.tick(9, speaking=False).batteries
    assert view.items["/Info/MaxChargeCurrent"] == 200.0, "nine seconds are no silence"
    (view,) = boat.tick(2, speaking=False).batteries
    for path in ("/Dc/0/Voltage", "/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent"):
        assert view.items[path] is None
    assert view.items["/Io/AllowToCharge"] is None
    assert view.items["/Io/AllowToDischarge"] is None
    assert boat.tick(48, speaking=False).batteries != ()
    assert boat.tick(2, speaking=False).batteries == ()


def test_after_a_return_nothing_is_known_until_it_is_heard_again() -> None:
    boat = Boat()
    boat.tick(3)
    boat.tick(15, speaking=False)
    boat.send(claim(), status())
    (view,) = boat.tick(speaking=False).batteries
    assert view.items["/Dc/0/Voltage"] == 26.4
    assert view.items["/Info/MaxChargeCurrent"] is None
    assert view.items["/Io/AllowToCharge"] is None


def test_a_battery_that_the_vendor_publishes_is_not_published_twice_and_counts_once() -> None:
    boat = Boat()
    boat.tick(3)
    vendor = "com.victronenergy.battery.socketcan_vecan0_vi1_uc167120"
    theirs = {
        "/DeviceInstance": 1,
        "/Connected": 1,
        "/ProductId": 0xA3E5,
        "/ProductName": "Lynx Smart BMS 500",
        "/Mgmt/Connection": "VE.Can",
        "/N2kUniqueNumber": 167120,
        "/Serial": "0167120 HQ21302VUDQ",
        "/State": 9,
        "/Dc/0/Voltage": 26.4,
        "/Info/MaxChargeVoltage": 28.2,
        "/Info/MaxChargeCurrent": 150.0,
        "/Info/MaxDischargeCurrent": 600.0,
        "/Io/AllowToCharge": 1,
        "/Io/AllowToDischarge": 1,
    }
    boat.add(vendor, theirs)
    cycle = boat.tick()
    assert cycle.batteries == ()
    assert cycle.own["/Batteries/0/Published"] == "none"
    assert vendor in str(cycle.own["/Batteries/0/PublishedReason"])
    assert cycle.decision.published["/Dvcc/Alarms/MultipleBatteries"] == 0
    assert cycle.own["/Bms/Service"] == vendor
    boat.bridge.service_removed(vendor, boat.now)
    assert [view.name for view in boat.tick().batteries] == [LYNX_SERVICE]


def test_monitor_mode_decides_and_explains_but_writes_nothing() -> None:
    boat = Boat(mode="monitor")
    boat.tick(2)
    boat.add(SOLAR, solar())
    written = [write for _ in range(9) for write in boat.tick().writes]
    assert written == []
    own = boat.tick().own
    assert own["/Dvcc/Effective"] == "monitor"
    assert own["/Limits/Ccl/Value"] == 200.0


def test_mode_off_decides_nothing() -> None:
    boat = Boat(mode="off")
    boat.tick(2)
    boat.add(SOLAR, solar())
    cycle = boat.tick(6)
    assert cycle.writes == ()
    assert cycle.own["/Dvcc/Effective"] == "off"
    assert cycle.own["/Bms/State"] == "none"


def test_control_mode_writes_to_solar_charger_and_multi() -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(6)
    assert boat.links[SOLAR, "/Link/NetworkMode"] == 13
    assert boat.links[SOLAR, "/Link/ChargeVoltage"] == 28.4
    assert boat.links[SOLAR, CHARGE_CURRENT] == 35.0
    assert boat.links[MULTI, "/BatteryOperationalLimits/MaxChargeVoltage"] == 28.4
    assert boat.links[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 600.0


def test_a_lowered_limit_is_written_at_once_not_at_the_next_round() -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.tick(6)
    assert boat.say(ccl=0)
    boat.react()
    assert boat.links[SOLAR, CHARGE_CURRENT] == 0


def test_the_vendors_controller_on_the_bus_ends_control_within_one_look() -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.tick(6)
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    cycle = boat.tick(6)
    assert cycle.own["/Dvcc/Effective"] == "monitor"
    assert cycle.own["/Dvcc/Master"] == "com.victronenergy.system"
    assert cycle.writes == ()


def test_every_limit_has_a_reason_and_the_json_carries_them_all() -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    own = boat.tick(6).own
    explanation = json.loads(str(own["/Explain/Json"]))
    assert {limit["name"] for limit in explanation["limits"]} >= {"CVL", "CCL", "DCL", "charger", "multi"}
    assert all(limit["caps"] and limit["sentence"] for limit in explanation["limits"])
    assert own["/Limits/Charger/0/Service"] == SOLAR
    assert own["/Limits/Charger/0/Name"] == "SmartSolar MPPT 100/30"


def test_an_unchanged_situation_changes_no_item() -> None:
    boat = Boat(mode="monitor")
    boat.tick(30)
    first = boat.tick().own
    second = boat.tick(6).own
    changed = {path for path in second if second[path] != first.get(path)}
    assert {path for path in changed if not path.startswith("/Devices/")} == set()


def test_a_charger_that_leaves_keeps_its_number_and_its_items_become_invalid() -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar())
    boat.add("com.victronenergy.solarcharger.ttyO4", solar())
    boat.tick(6)
    boat.bridge.service_removed(SOLAR, boat.now)
    own = boat.tick(3).own
    assert own["/Limits/Charger/0/Service"] is None
    assert own["/Limits/Charger/1/Service"] == "com.victronenergy.solarcharger.ttyO4"


def test_the_instance_from_the_settings_is_used_from_then_on() -> None:
    boat = Boat()
    (view,) = boat.tick(3).batteries
    boat.bridge.set_identity(view.battery.key, 7, "House")
    (view,) = boat.tick().batteries
    assert (view.instance, view.items["/DeviceInstance"], view.items["/CustomName"]) == (7, 7, "House")


def test_frames_of_a_bus_that_was_not_configured_are_heard_too() -> None:
    boat = Boat(buses=())
    boat.tick(2)
    assert [view.name for view in boat.tick().batteries] == [LYNX_SERVICE]
