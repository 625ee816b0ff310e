"""The whole service on a desk: frames and items in, services and writes out, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.client_orders import NO_WAY, NOT_THERE, OUTSIDE
from gxbridge.core.dvcc.read.devices.services import title_of
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.publish.explanation import as_text
from gxbridge.core.publish.own_items import CanView
from tests.core.boat import (
    LOW_CELL,
    LYNX_SERVICE,
    MULTI,
    NO_ALTERNATOR,
    NO_CHARGE,
    PRODUCT,
    SOLAR,
    VENDOR,
    Boat,
    claim,
    multi,
    solar,
    status,
    vendor_lynx,
    vreg,
)

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
    (waiting,) = cycle.explanation()["waiting"]
    assert [missing.split()[0] for missing in waiting["missing"]] == ["product"]
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
    assert (shown["/DeviceInstance"], shown["/ProductId"]) == (220, 0xA3E5)


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
    boat.add(VENDOR, vendor_lynx(**{"/Info/MaxChargeVoltage": 28.2, "/Info/MaxChargeCurrent": 150.0}))
    cycle = boat.tick()
    assert cycle.batteries == ()
    assert cycle.own["/Batteries/0/Published"] == "none"
    assert VENDOR in str(cycle.own["/Batteries/0/PublishedReason"])
    assert cycle.decision.published["/Dvcc/Alarms/MultipleBatteries"] == 0
    assert cycle.own["/Bms/Service"] == VENDOR
    boat.bridge.service_removed(VENDOR, boat.now)
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
    cycle = boat.tick(6)
    own, explanation = cycle.own, cycle.explanation()
    assert {limit["name"] for limit in explanation["limits"]} >= {"CVL", "CCL", "DCL", "charger", "multi"}
    assert all(limit["caps"] and limit["sentence"] for limit in explanation["limits"])
    assert own["/Limits/Charger/0/Service"] == SOLAR
    assert own["/Limits/Charger/0/Name"] == "SmartSolar MPPT 100/30"
    assert own["/Limits/Charger/0/DeviceInstance"] == 279


@pytest.mark.parametrize("instance", [-1, 2**32, "279", 279.0, None])
def test_a_device_instance_that_cannot_be_is_none(instance: object) -> None:
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar() | {"/DeviceInstance": instance})
    assert boat.tick(6).own.get("/Limits/Charger/0/DeviceInstance") is None


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


# --- other BMSes, and our own voice ---------------------------------------------------------------------------------

INPUT = "com.victronenergy.digitalinput.input_1"
WIRED = Wiring("House", "SmallBMS with pre-alarm", charge=INPUT, settle_s=0.0)


def level(state: int) -> dict[str, object]:
    return {"/Type": 10, "/InputState": state, "/DeviceInstance": 1, "/ProductName": "Generic I/O"}


def test_an_opened_terminal_stops_the_chargers_at_once_and_is_explained() -> None:
    boat = Boat(wirings=(WIRED,))
    boat.add(INPUT, level(0))
    boat.add(SOLAR, solar())
    boat.tick(8)
    assert boat.links[SOLAR, CHARGE_CURRENT] == 35.0
    assert boat.set(INPUT, **{"/InputState": 1})
    cycle = boat.react()
    assert boat.links[SOLAR, CHARGE_CURRENT] == 0
    assert "input_1" in str(cycle.own["/Limits/Ccl/Reason"])
    assert "charging refused (input_1)" in as_text(cycle.explanation())


def test_a_vebus_bms_that_refuses_is_told_once_and_not_as_a_second_stop() -> None:
    boat = Boat()
    bms = {"/Bms/BmsType": 2, "/Bms/BmsExpected": 1, "/Bms/AllowToCharge": 0, "/Bms/AllowToDischarge": 1}
    boat.add(MULTI, multi(**bms, **{"/Devices/Bms/Version": 1146100, "/Interfaces/Mk2/ProductName": "MK3"}))
    boat.add(SOLAR, solar())
    cycle = boat.tick(6, speaking=False)
    assert boat.links[SOLAR, CHARGE_CURRENT] == 0
    explanation = cycle.explanation()
    (ccl,) = [limit for limit in explanation["limits"] if limit["name"] == "CCL"]
    assert [cap["name"] for cap in ccl["caps"] if cap["value"] == 0] == ["vebus-refused"]
    assert explanation["relatives"]["charge_stops"], "it still stands among what the family says"


def test_nothing_is_ever_sent_with_transmit_off() -> None:
    boat = Boat()
    boat.tick(5)
    assert boat.bridge.transmitter.outgoing(boat.now) == []
    assert boat.bridge.transmitter.next_deadline() is None
    assert boat.bridge.transmitter.state("can0") == "off"
    (view,) = boat.tick().batteries
    assert boat.bridge.orders.write_register(view.battery, 0x1000, b"\x64\x00", boat.now) == NO_WAY


def spoken(boat: Boat, seconds: int) -> list[tuple[str, int, bytes]]:
    """What is sent while seconds pass; asked once a second, so paced by that."""
    frames = []
    for _ in range(seconds):
        boat.tick()
        frames += boat.bridge.transmitter.outgoing(boat.now)
    return frames


def test_with_requests_it_claims_an_address_and_asks_for_what_was_not_heard() -> None:
    boat = Boat(transmit="requests", own_number=7)
    del boat.said[0x0385]
    frames = spoken(boat, 4)
    assert (frames[0][1] & 0x1FFFFFFF) == 0x18EAFFFE, "first it asks who is there, from the null address"
    assert any(can_id >> 16 & 0xFF == 0xEE for _, can_id, _ in frames), "then it claims"
    asked = [data for _, can_id, data in spoken(boat, 20) if can_id >> 16 & 0xFF == 0xEF]
    assert bytes.fromhex("669901008503FFFF") in asked
    assert boat.bridge.transmitter.state("can0") == "claimed"
    assert boat.bridge.transmitter.next_deadline() is not None


def plotted(boat: Boat, seconds: int) -> set[tuple[str, str]]:
    """(bus, instance and voltage) of every battery status that is sent while seconds pass."""
    return {(bus, data[:3].hex()) for bus, can_id, data in spoken(boat, seconds) if can_id >> 8 & 0xFFFF == 0xF214}


def plotting(bus: str) -> Boat:
    """A boat with a plotter's network, which was heard."""
    boat = Boat(buses=("can0", "n2k"), transmit="requests", plotter_bus=bus, plotter_instance=5)
    boat.bridge.hear("n2k", [(boat.now, 0x18EAFF30, b"\x00\xee\x00")])
    return boat


def findings(boat: Boat) -> list[str]:
    return [found.id for found in boat.tick().situation.findings]


def test_plotters_are_told_the_bms_in_control_on_their_bus_only() -> None:
    boat = plotting("n2k")
    assert plotted(boat, 9) == set(), "first it listens"
    assert plotted(boat, 10) == {("n2k", "05500a")}, "instance 5, 26.40 V"
    assert "plotter-rival" not in findings(boat)
    boat.tick(20, speaking=False)
    assert plotted(boat, 0) == set()
    silent = [boat.bridge.transmitter.outgoing(boat.now + wait) for wait in (1.0, 2.0)]
    assert all(can_id >> 8 & 0xFFFF != 0xF214 for frames in silent for _, can_id, _ in frames), "the BMS is silent"


def test_plotters_are_not_told_what_another_source_tells_them() -> None:
    boat = plotting("n2k")
    boat.bridge.hear("n2k", [(boat.now, 0x19F21430, bytes.fromhex("05500A6400FFFFFF"))])
    assert plotted(boat, 20) == set()
    assert "plotter-rival" in findings(boat)


def test_plotters_are_not_told_a_battery_that_tells_them_itself() -> None:
    boat = plotting("can0")
    assert plotted(boat, 30) == set(), "the Lynx says 127508, be it with instance 0"
    assert "plotter-rival" in findings(boat)


def alerts_of(boat: Boat, seconds: int) -> set[tuple[str, object, object]]:
    """(bus, number, state) of every alert that is sent while seconds pass; the BMS is silent."""
    decoder = Decoder()
    said: set[tuple[str, object, object]] = set()
    for _ in range(seconds * 10):
        boat.now += 0.1
        boat.bridge.tick(boat.now, boat.epoch)
        for bus, can_id, data in boat.bridge.transmitter.outgoing(boat.now):
            message = decoder.feed(can_id, data, boat.now)
            if message is not None and message[0].pgn == 126983:
                values = dict(zip((field.name for field in message[0].fields), message[3], strict=True))
                said.add((bus, values["alert_id"], values["state"]))
    return said


def alerting(level: str) -> Boat:
    boat = Boat(buses=("can0", "n2k"), transmit="requests", plotter_bus="n2k", plotter_alerts=level)
    boat.bridge.hear("n2k", [(boat.now, 0x18EAFF30, b"\x00\xee\x00")])
    spoken(boat, 20)
    return boat


def test_plotters_are_told_of_a_silent_bms_only_where_alerts_are_configured() -> None:
    assert alerts_of(alerting("off"), 30) == set()
    told = alerts_of(alerting("alarms"), 30)
    assert told
    assert {(bus, state) for bus, _, state in told} == {("n2k", 2)}
    assert {number for _, number, _ in told} & {1, 2}, "silent or lost"


def test_plotters_are_told_no_alerts_beside_another_source() -> None:
    boat = alerting("alarms")
    boat.bridge.hear("n2k", [(boat.now, 0x19F21430, bytes.fromhex("00500A6400FFFFFF"))])
    assert alerts_of(boat, 30) == set(), "it tells the battery"
    boat = alerting("alarms")
    parts = ("201C12FFFF050039", "2130C0FF0082F0C0", "22020001C0FFFFFF", "23FFFFFFFFFFF1FF", "2402FFFFFFFFFFFF")
    boat.bridge.hear("n2k", [(boat.now, 0x09F00730, bytes.fromhex(part)) for part in parts])
    assert alerts_of(boat, 30) == set(), "alerts of nobody knows who"
    assert "alerts-elsewhere" in findings(boat)


def test_a_write_goes_to_the_battery_wherever_it_is_and_only_with_writes() -> None:
    boat = Boat(transmit="writes")
    spoken(boat, 4)
    (view,) = boat.tick().batteries
    assert boat.bridge.orders.write_register(view.battery, 0x1000, b"\x64\x00", boat.now) == ""
    sent = [frame for frame in spoken(boat, 20) if frame[2][2:4] == b"\x00\x10"]
    assert [(can_id >> 8 & 0xFF, data[:6].hex()) for _, can_id, data in sent] == [(0x29, "669900106400")]
    assert boat.bridge.orders.write_register(view.battery, 0x2103, b"\x00", boat.now) == OUTSIDE, "never this register"


def test_a_battery_that_lost_its_address_cannot_be_written_to() -> None:
    boat = Boat(transmit="writes")
    boat.tick()
    (view,) = boat.tick().batteries
    gone = replace(view.battery, address=None)
    assert boat.bridge.orders.write_register(gone, 0x1000, b"\x64\x00", boat.now) == NOT_THERE
    elsewhere = replace(view.battery, address=0x77)
    assert boat.bridge.orders.write_register(elsewhere, 0x1000, b"\x64\x00", boat.now) == NOT_THERE


def test_publish_none_keeps_the_battery_from_the_bus_but_not_from_the_decision() -> None:
    boat = Boat(publish="none")
    boat.add(SOLAR, solar())
    cycle = boat.tick(8)
    assert cycle.batteries == ()
    assert boat.links[SOLAR, "/Link/ChargeVoltage"] == 28.4
    assert cycle.own["/Batteries/0/Published"] == "none"


def test_the_profile_of_a_port_holds_while_the_settings_are_away() -> None:
    boat = Boat()
    settings, profile = "com.victronenergy.settings", "/Settings/Canbus/can0/Profile"
    assert boat.add(settings, {profile: 1}), "a look at once"
    assert boat.tick(2).batteries == ()
    boat.bridge.service_removed(settings, boat.now)
    assert boat.tick().batteries == ()
    boat.add(settings, {profile: 5})
    assert [view.name for view in boat.tick().batteries] == [LYNX_SERVICE]


def test_a_battery_without_limits_on_the_bus_does_not_keep_the_vendor_s_older_rule_alive() -> None:
    for publish, effective in (("bms", "monitor"), ("bms-neutral", "monitor"), ("monitor", "control")):
        boat = Boat(publish=publish)
        boat.add("com.victronenergy.system", {"/Control/Dvcc": 0})
        assert boat.tick(8).own["/Dvcc/Effective"] == effective


def test_a_new_device_is_listed_at_once_and_moments_only_now_and_then() -> None:
    boat = Boat()
    first = boat.tick(3).own["/Devices/0/LastHeardAt"]
    assert boat.tick(4).own["/Devices/0/LastHeardAt"] == first
    boat.send(claim(0x30, bytes.fromhex("D18CC22C00AA46C0")))
    own = boat.tick().own
    assert own["/Devices/1/Address"] == 0x30
    assert own["/Devices/0/LastHeardAt"] != first


def test_a_changed_item_of_an_unknown_service_is_kept() -> None:
    boat = Boat()
    assert boat.set(SOLAR, **{"/Info/MaxChargeCurrent": 1.0})
    assert not boat.bridge.service_removed("com.victronenergy.never", boat.now)


def test_a_service_is_called_by_its_own_name_its_product_or_its_service() -> None:
    assert title_of({"/CustomName": "Bow", "/ProductName": "MPPT"}, "s") == "Bow"
    assert title_of({"/CustomName": " ", "/ProductName": "MPPT"}, "s") == "MPPT"
    assert title_of({"/ProductName": None}, "s") == "s"


def test_a_can_bus_shows_its_state_and_the_frames_it_lost() -> None:
    boat = Boat()
    view = CanView("open", "", 100, 2, 1, 12.5, 999.0)
    own = boat.bridge.tick(1001.0, 1_700_000_000.0, {"can0": view}).own
    assert (own["/Can/can0/State"], own["/Can/can0/Lost"], own["/Can/can0/LastFrameAt"]) == ("open", 2, 1_700_000_999)
    closed = CanView("down", "the interface is down", 100, 2, 1, None, None)
    own = boat.bridge.tick(1002.0, 1_700_000_000.0, {"can0": closed}).own
    assert (own["/Can/can0/Load"], own["/Can/can0/LastFrameAt"]) == (None, None)


def test_only_so_many_findings_are_listed_but_all_are_counted() -> None:
    boat = Boat()
    for n in range(40):
        charger = solar(**{"/Settings/BmsPresent": 1, "/FirmwareVersion": 0x0101, "/DeviceInstance": n})
        boat.add(f"com.victronenergy.solarcharger.tty{n}", charger)
    own = boat.tick(8).own
    listed = [path for path in own if path.startswith("/Findings/") and path.endswith("/Id")]
    assert len(listed) == min(int(own["/Findings/Count"] or 0), 32)
    assert own["/Health/State"] in (0, 1, 2)


def test_a_frame_that_is_no_message_still_shows_that_its_sender_lives() -> None:
    boat = Boat()
    boat.tick(3)
    for _ in range(30):
        boat.send((0x19F5FF29, b"\x00" * 8))
        boat.tick(speaking=False)
    (view,) = boat.tick(speaking=False).batteries
    assert view.battery.state == "live"


def test_a_silent_speaker_hears_nothing() -> None:
    boat = Boat()
    boat.bridge.transmitter.hear("can0", (None, 1, 255, (), b""), 1.0)  # type: ignore[arg-type]
    assert boat.bridge.transmitter.outgoing(1.0) == [], "off is off, whatever is heard"


# --- the loss of the BMS, second by second --------------------------------------------------------------------------


def silence(boat: Boat, seconds: int) -> list[tuple[float, str, str, object]]:
    """Let the BMS be silent; returns every write with the seconds since its last word."""
    begin, found = boat.now, []
    for _ in range(seconds):
        cycle = boat.tick(speaking=False)
        found += [(boat.now - begin, *write) for write in cycle.writes]
    return found


def test_after_ten_seconds_of_silence_charge_0_is_repeated_until_sixty_then_nothing_at_all() -> None:
    boat = Boat()
    boat.add(SOLAR, solar())
    boat.add(MULTI, multi())
    boat.tick(9)
    written = silence(boat, 100)
    stopped = [at for at, service, path, value in written if (service, path, value) == (SOLAR, CHARGE_CURRENT, 0)]
    assert 10 <= min(stopped) <= 13
    assert all(later - earlier <= 3 for earlier, later in pairwise(stopped))
    assert 57 <= max(stopped) <= 61
    assert [write for write in written if write[0] > 61] == []
    granted = [write for write in written if write[0] > 11 and write[2] == CHARGE_CURRENT and write[3] not in (0, 0.0)]
    assert granted == []


def test_during_the_silence_no_discharge_limit_is_renewed_and_the_multis_timer_is_shown() -> None:
    boat = Boat()
    boat.add(MULTI, multi())
    boat.tick(9)
    written = silence(boat, 100)
    renewed = [write for write in written if write[0] > 11 and write[2].endswith("/MaxDischargeCurrent")]
    assert renewed == []
    own = boat.tick(speaking=False).own
    assert own["/Bms/State"] == "lost"
    ends = own["/Bms/MultiStopsAt"]
    assert isinstance(ends, int)
    assert 180 <= ends - boat.now <= 215, "five minutes after the last limits"
    assert own["/Bms/Name"] == "Lynx Smart BMS 500"


def test_the_clocks_of_pre_alarm_and_alternator_run_on_our_own_service() -> None:
    boat = Boat()
    before = boat.tick(6).own
    assert (before["/Bms/DischargeMayEndAt"], before["/Bms/ContactorMayOpenAt"]) == (None, None)
    boat.say(io=NO_ALTERNATOR, alarms=LOW_CELL)
    began = boat.now + 1
    own = boat.tick().own
    assert (own["/Bms/DischargeMayEndAt"], own["/Bms/ContactorMayOpenAt"]) == (began + 30, began + 2)
    own = boat.tick(5).own
    assert (own["/Bms/DischargeMayEndAt"], own["/Bms/ContactorMayOpenAt"]) == (began + 30, began + 2)


def test_discharge_can_be_stopped_at_once_when_the_installer_wants_it() -> None:
    boat = Boat(options=Options(discharge_on_loss="stop"))
    boat.add(MULTI, multi())
    boat.tick(9)
    silence(boat, 15)
    assert boat.links[MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"] == 0


def test_a_returned_bms_grants_nothing_before_permission_and_limits_are_fresh() -> None:
    boat = Boat()
    boat.add(SOLAR, solar())
    boat.tick(9)
    silence(boat, 15)
    for heard in ([], [vreg(0x0390, 2840)], [vreg(0x0391, 2000)], [vreg(0x0393, 6000)]):
        boat.send(claim(), status(), *heard)
        boat.tick(4, speaking=False)
        assert boat.links[SOLAR, CHARGE_CURRENT] == 0, f"no permission yet, after {len(heard)} registers"
    boat.send(status(), vreg(0x2108, 0x1595))
    boat.tick(6, speaking=False)
    assert boat.links[SOLAR, CHARGE_CURRENT] == 35.0


def test_in_profile_vendor_the_loss_writes_nothing_where_a_charger_remembers_a_bms() -> None:
    boat = Boat(options=Options.vendor())
    boat.add(SOLAR, solar(**{"/Settings/BmsPresent": 1}))
    boat.tick(9)
    assert [write for write in silence(boat, 80) if write[0] > 11 and write[2] == CHARGE_CURRENT] == []
