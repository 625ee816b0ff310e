"""Boats like those of the reports: another device, another number, another order, another mode."""

from __future__ import annotations

from gxbridge.commands.status import screen
from gxbridge.core.dvcc.read import paths as p
from tests.field.sea_trial import EPOCH, SeaTrial, case, changed

LYNX = "com.victronenergy.battery.socketcan_can0_vi0_uc10001"
MULTI = "com.victronenergy.vebus.ttyS4"
SUN = "com.victronenergy.solarcharger.ttyO6"
CAN_SUN = "com.victronenergy.solarcharger.socketcan_can0_vi1_uc20001"
NAMES = ("SmartSolar 150/70", "MultiPlus-II 48/5000/70")


def test_an_ac_charger_takes_from_a_share_like_an_alternator_without_a_link() -> None:
    alternator = next(name for name in case("15")["devices"] if ".alternator." in name)
    skylla = "com.victronenergy.charger.ttyUSB1"
    boat = changed("15", moved={alternator: skylla}, items={skylla: {p.PRODUCT_NAME: "Skylla-i"}})
    assert "Skylla-i makes 90 A and takes no limit" in boat.findings["ccl-exceeded"]
    assert "left by Skylla-i. 90 A are made by what cannot be told" in boat.sentence(SUN)
    assert "an AC charger takes no limit" in boat.sentence(skylla)
    assert boat.row("not-told").text.endswith("from a GX: Skylla-i")


def test_an_alternator_with_device_instance_1_is_told_and_nobody_says_otherwise() -> None:
    orion = "com.victronenergy.alternator.socketcan_can0_vi1_uc20001"
    boat = changed("22", moved={CAN_SUN: orion}, items={orion: {p.PRODUCT_NAME: "Orion XS"}})
    assert boat.last_told(orion, p.CHARGE_CURRENT) == 20
    assert "Orion XS makes 55 A and was told 20 A" in boat.findings["ccl-exceeded"]
    assert not any(row.id in ("other-network", "not-told") for row in boat.doctor())


def test_no_bms_is_chosen_although_some_are_there() -> None:
    boat = changed("08b", items={p.SETTINGS: {p.SET_BMS_INSTANCE: -255}})
    assert boat.sentence("CCL").startswith("CCL 0 A: a charger remembers a BMS, and the settings choose none of those")
    assert set(boat.findings) == {"bms-none-chosen"}
    assert not any("onnect the BMS" in row.advice for row in boat.doctor())


def test_in_monitor_mode_nothing_is_said_to_be_shared() -> None:
    shown = changed("02", monitor=True).explained
    assert "Shared battery voltage (if gxbridge were in control): 56.4 V" in shown
    assert "Shared battery voltage: 56.4 V" in changed("02").explained


def test_a_dcdc_converter_with_a_link_is_told_by_gxbridge_and_never_by_the_gx() -> None:
    orion = "com.victronenergy.dcdc.ttyS5"
    link = dict.fromkeys((p.NETWORK_MODE, p.CHARGE_VOLTAGE, p.CHARGE_CURRENT))
    row = changed("03", items={orion: link}, monitor=True).row("error-67")
    assert "takes no limits from a GX" in row.text
    assert row.advice.startswith("Reset it")
    boat = changed("03", items={orion: link})
    assert "It goes away once" in boat.row("error-67").advice
    assert boat.last_told(orion, p.CHARGE_CURRENT) is not None


def test_two_of_one_name_are_told_apart_where_they_disobey() -> None:
    boat = changed("44", items={SUN: {p.PRODUCT_NAME: "SmartSolar 250/70"}})
    assert "SmartSolar 250/70 (280) makes 62 A" in boat.findings["ccl-exceeded"]
    assert "SmartSolar 250/70 (279) makes 18 A" in boat.findings["ccl-exceeded"]


def test_beside_another_master_nothing_is_said_to_be_shared_or_obeyed() -> None:
    boat = changed("09", monitor=True)
    assert boat.findings["battery-refuses"].endswith("; a GX goes by Lynx Smart BMS 500, and does not hear it")
    assert "a GX may share it" in changed("07a", monitor=True).findings["temperature-impossible"]
    assert "a GX may tell it to the inverter" in changed("12", monitor=True).findings["low-voltage-impossible"]
    assert boat.told == {}


def test_a_pre_alarm_of_a_vebus_bms_counts_down() -> None:
    boat = changed("05", items={MULTI: {"/Bms/PreAlarm": 1, p.CURRENT: -30.0, p.POWER: -1600.0}})
    assert boat.findings["vebus-bms-pre-alarm"].endswith("discharging may be refused in 25 s at the earliest")
    assert "switch off MultiPlus-II 48/5000/70 (1600 W)" in boat.advice["vebus-bms-pre-alarm"]


def test_an_ac_charger_that_lost_its_bms_is_to_be_reset() -> None:
    skylla = "com.victronenergy.charger.ttyUSB1"
    items = {p.DEVICE_INSTANCE: 7, p.PRODUCT_NAME: "Skylla-IP65", p.CONNECTED: 1, p.STATE: 0, "/ErrorCode": 67}
    boat = changed("44", items={skylla: items})
    row = boat.row("error-67")
    assert (row.verdict, row.subject) == ("problem", skylla)
    assert row.text.startswith("Skylla-IP65 shows error #67")
    assert row.advice.startswith("Reset it")


def test_a_vebus_bms_that_no_charger_hears_of_is_not_called_missing() -> None:
    boat = changed("05", items={SUN: {p.BMS_PRESENT: 1}, MULTI: {p.BMS_VERSION: 1145130}})
    row = boat.row("bms-remembered")
    assert row.text == "SmartSolar 150/70 has seen a BMS, and the VE.Bus BMS that is there is not passed on to chargers"
    assert row.advice.startswith("A VE.Bus BMS V2 or newer is passed on behind an MK3 interface.")


def test_beside_a_limit_that_is_text_no_look_at_the_cable_is_advised() -> None:
    (battery,) = (name for name in case("17")["devices"] if ".battery." in name)
    boat = changed("17", items={battery: {p.CVL: 56.0, p.CCL: "80"}})
    assert "/Info/MaxChargeCurrent is the text '80' and not a number" in boat.findings["limit-unreadable"]
    assert "ccl-unknown" not in boat.findings
    assert boat.sentence("CCL").endswith("(likely: /Info/MaxChargeCurrent is the text '80' and not a number).")


def test_where_the_gx_goes_by_another_bms_the_one_that_has_gone_is_named() -> None:
    given = case("09")
    given["config"] = given["config"].replace("mode: control", "mode: monitor")
    given["devices"][p.SYSTEM] = {p.CONTROL_DVCC: 1}
    given["steps"] = [{"wait": 15}, {"remove": [LYNX], "wait": 25}]
    boat = SeaTrial(given).play()
    assert "bms-replaced" not in boat.findings, "a driver that starts again is back before"
    boat.sail(10)
    assert boat.findings["bms-replaced"] == (
        "Lynx Smart BMS 500 has left D-Bus or no longer gives a charge voltage limit, and the GX goes by Bank 2 in its "
        "place"
    )


def test_a_current_of_the_wrong_sign_is_read_the_right_way_round_while_discharging() -> None:
    boat = changed("37", items={SUN: {p.CURRENT: 0.0}, MULTI: {p.CURRENT: -58.0, p.VOLTAGE: 53.5, p.CONNECTED: 1}})
    assert "current-sign" not in boat.findings
    (battery,) = (name for name in case("37")["devices"] if ".battery." in name)
    items = {battery: {p.CURRENT: 58.0}, SUN: {p.CURRENT: 0.0}, MULTI: {p.CURRENT: -58.0, p.VOLTAGE: 53.5}}
    boat = changed("37", items=items)
    assert "it says 58 A, and by all other measurements 58 A flow out of it" in boat.findings["current-sign"]


def test_a_vebus_bms_gives_no_limits_and_control_does_without() -> None:
    boat = changed("05", items={MULTI: {"/Interfaces/Mk2/ProductName": "MK3"}}, monitor=True)
    del boat.services[p.SYSTEM]
    rows = {row.id: row for row in boat.control()}
    assert rows["control-cvl"].text == "yes: CVL none: a VE.Bus BMS gives no such limit."
    assert not [row.text for row in rows.values() if row.verdict == "problem"]
    lost = case("44")
    lost["steps"] = [{"wait": 10}, {"remove": [LYNX], "wait": 10}]
    rows = {row.id: row for row in SeaTrial(lost).play().control()}
    assert rows["control-bms"].text == "no: Lynx Smart BMS 500 is silent"
    assert rows["control-cvl"].verdict == "problem"


def test_while_gxbridge_only_listens_an_unknown_permission_refuses_nothing() -> None:
    boat = changed("05", items={MULTI: {"/Alarms/BmsConnectionLost": 2}}, monitor=True)
    said = boat.findings["vebus-bms-connection-lost"]
    assert said.endswith("is lost (/Alarms/BmsConnectionLost): a GX may take what is unknown for allowed")
    assert (
        "counts as refused"
        in changed("05", items={MULTI: {"/Alarms/BmsConnectionLost": 2}}).findings["vebus-bms-connection-lost"]
    )


def test_a_charge_voltage_that_is_text_is_one_finding() -> None:
    for monitor in (False, True):
        boat = changed("17", monitor=monitor)
        assert "limit-unreadable" in boat.findings
        assert "cvl-unknown" not in boat.findings


def test_the_status_says_of_each_bms_what_it_says_and_no_more() -> None:
    def shown(boat: SeaTrial) -> str:
        now = round(boat.now + EPOCH)
        explained = {"version": "0", "time": now, **boat.cycle.explanation()}
        lines = screen(explained, boat.services, now, colour=False)
        assert max(map(len, lines)) <= 80
        return "\n".join(lines)

    def flat(boat: SeaTrial) -> str:
        return " ".join(shown(boat).split())

    vebus = flat(changed("05"))
    assert "MultiPlus-II 48/5000/70 (VE.Bus BMS): live" in vebus
    assert "charging allowed, discharging allowed." in vebus
    assert "allows charging: unknown" not in vebus
    lost = flat(changed("05", items={MULTI: {"/Alarms/BmsConnectionLost": 2}}))
    assert "charging unknown, discharging unknown, because" in lost
    (battery,) = (name for name in case("17")["devices"] if ".battery." in name)
    boat = changed("17", items={battery: {p.CVL: 56.0, p.CCL: 50.0, p.DCL: 50.0}})
    for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE):
        boat.services[battery].pop(path, None)
    assert "allows charging: not said; allows discharging: not said" in shown(boat)
