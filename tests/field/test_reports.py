"""32 public trouble reports as boats on simulated time: what is right is said. Sources: `boats/*.json`."""

from __future__ import annotations

from pathlib import Path

from gxbridge.commands.status import screen
from gxbridge.core.dvcc.read import paths as p
from tests.field.sea_trial import BOATS, EPOCH, SeaTrial, case

LYNX = "com.victronenergy.battery.socketcan_can0_vi0_uc10001"
MULTI = "com.victronenergy.vebus.ttyS4"
SUN = "com.victronenergy.solarcharger.ttyO6"
CAN_SUN = "com.victronenergy.solarcharger.socketcan_can0_vi1_uc20001"
NAMES = ("SmartSolar 150/70", "MultiPlus-II 48/5000/70")


def sailed(name: str) -> SeaTrial:
    return SeaTrial(case(name)).play()


def test_0_8_a_go_on_although_charging_is_refused() -> None:
    boat = sailed("01")
    text = boat.findings["charge-creeps"]
    assert text.startswith("0.8 A still flow into Lynx Smart BMS 500 for a minute although nothing is allowed")
    for part in ("charging is refused", "highest cell 3.81 V", "MultiPlus-II 48/5000/70 makes 0.8 A"):
        assert part in text
    assert boat.advice["charge-creeps"].startswith("Lower the charge voltage")
    assert boat.exit_code == 1


def test_above_the_charge_voltage_for_a_minute() -> None:
    boat = sailed("02")
    assert boat.findings["cvl-exceeded"] == (
        "Lynx Smart BMS 500 is at 56.40 V, 1.20 V above the charge voltage limit of 55.20 V, while current flows; "
        "SmartSolar 150/70 makes 12 A and was told 70 A"
    )
    assert boat.exit_code == 1


def test_an_orion_that_charges_another_battery_is_to_be_reset() -> None:
    boat = sailed("03")
    row = boat.row("error-67")
    assert (row.verdict, row.subject) == ("problem", "com.victronenergy.dcdc.ttyS5")
    assert row.advice.startswith("It charges another battery now")
    assert "Reset it: on the GX (Venus OS v3.60 or newer)" in row.advice
    assert "Orion" not in boat.row("bms-present").text
    assert not any("goes away" in row.advice for row in boat.doctor())


def test_the_users_limit_beside_a_vebus_bms_goes_to_the_sun_first() -> None:
    boat = sailed("05")
    assert (boat.last_told(SUN, p.CHARGE_CURRENT), boat.last_told(MULTI, p.MULTI_CHARGE_CURRENT)) == (25.0, 0)
    assert boat.findings == {}


def test_after_a_loss_the_multi_has_its_limits_again() -> None:
    for name in ("06", "06b"):
        boat = sailed(name)
        assert boat.services[MULTI][p.BOL_CHARGE_CURRENT] == 100
        assert float(str(boat.services[MULTI][p.MULTI_CHARGE_CURRENT])) >= 100
        assert boat.findings == {}


def test_a_temperature_that_cannot_be_is_not_shared_and_one_that_can_is() -> None:
    for name, shown in (("07a", "-273"), ("07c655", "655.35")):
        boat = sailed(name)
        assert boat.last_told(SUN, p.TEMPERATURE_SENSE) is None
        assert boat.findings["temperature-impossible"].startswith(f"{NAMES[1]} says {shown} °C (/Dc/0/Temperature)")
    for name, shared_c in (("07b", -25.0), ("07z", 20.0)):
        boat = sailed(name)
        assert boat.last_told(SUN, p.TEMPERATURE_SENSE) == shared_c
        assert boat.findings == {}


def test_a_bank_in_parallel_and_who_of_it_is_chosen() -> None:
    boat = sailed("08a")
    assert "names instance 0, Lynx Smart BMS 500 (0)" in boat.findings["member-chosen"]
    assert "Lynx Smart BMS totals, is not used as the limit" in boat.findings["member-chosen"]
    assert boat.row("parallel").text.endswith("; Lynx Smart BMS 500 (instance 0) controls")
    boat = sailed("08b")
    assert boat.findings == {}
    assert boat.row("parallel").verdict == "note"
    assert boat.row("parallel").text.endswith("; Lynx Smart BMS totals (instance 512) controls")
    boat = sailed("08c")
    there = "0 (Lynx Smart BMS 500), 1 (Lynx Smart BMS 500) and 512 (Lynx Smart BMS totals)"
    assert set(boat.findings) == {"bms-not-selected"}
    assert f"names instance 3, and no battery has it; there: {there}" in boat.findings["bms-not-selected"]
    first = next(row for row in boat.doctor() if row.verdict == "problem")
    assert "instance 3" in first.text
    assert there in first.text
    assert not any("eset" in row.advice or "onnect the BMS" in row.advice for row in boat.doctor())


def test_another_battery_of_the_bank_that_refuses_is_named_and_obeyed() -> None:
    boat = sailed("09")
    assert boat.last_told(SUN, p.CHARGE_CURRENT) == 0
    assert "charging is refused by the Bank 2 (likely: highest cell 3.8 V" in boat.sentence("CCL")
    assert "battery-refuses" in boat.findings
    assert any(row.text.endswith("refuses charging") for row in boat.doctor() if row.text.startswith("Bank 2"))
    given = case("09")
    given["config"] = given["config"].replace("mode: control", "mode: control\n  profile: vendor")
    boat = SeaTrial(given).play()
    assert boat.findings["refusal-not-obeyed"].startswith("Bank 2 refuses charging")


def test_655_35_v_is_no_low_voltage_limit_and_cold_explains_0_a() -> None:
    boat = sailed("12")
    assert boat.last_told(MULTI, p.BOL_LOW_VOLTAGE) is None
    assert "655.35 V, which is none for a 48 V battery" in boat.findings["low-voltage-impossible"]
    assert "likely: battery at -20 °C" in boat.sentence("CCL")


def test_a_lynx_without_product_is_waited_for_and_two_of_one_name_are_told_apart() -> None:
    boat = sailed("13")
    assert "Waiting: a device at address 43 on can0 waits for its product" in boat.explained
    row = boat.row("finding-bms-waits")
    assert "address 43" in row.text
    assert "`transmit: requests`" in row.advice
    assert "Lynx Smart BMS 500 (220)" in boat.sentence("CCL")
    assert "Lynx Smart BMS 500 (221)" in boat.findings["battery-left-out"]


def test_a_cable_alarm_with_error_0_is_said_first() -> None:
    for name in ("14", "14b"):
        boat = sailed(name)
        for limit in ("CCL", "DCL"):
            assert "(likely: alarm 'BMS cable'" in boat.sentence(limit)
        assert "alarm 'BMS cable'" in boat.findings["bms-trouble"]
        assert boat.exit_code == 2
    ours = next(view.items for view in boat.cycle.batteries)
    assert (ours["/Alarms/BmsCable"], ours["/ErrorCode"], ours["/Io/AllowToCharge"]) == (2, 0, 0)


def test_an_alternator_that_takes_no_limit_is_named() -> None:
    boat = sailed("15")
    assert "WS500 Advanced Alternator Regulator makes 90 A and takes no limit" in boat.findings["ccl-exceeded"]
    assert "90 A are made by what cannot be told" in boat.sentence(SUN)
    assert boat.last_told(SUN, p.CHARGE_CURRENT) == 0


def test_odd_names_do_no_harm() -> None:
    boat = sailed("16")
    assert boat.findings == {}
    assert not any("\n" in text for text in boat.cycle.own.values() if isinstance(text, str))


def test_a_limit_as_text_is_named_with_its_service() -> None:
    boat = sailed("17")
    for text in (boat.findings["limit-unreadable"], boat.sentence("CVL"), boat.row("battery").text):
        assert "/Info/MaxChargeVoltage is the text '56.0' and not a number" in text
    assert "com.victronenergy.battery.virtual_b2a1" in boat.findings["limit-unreadable"]
    rows = boat.doctor()
    assert not any("monitor without limits" in row.text or "eset" in row.advice for row in rows)


def test_a_voltage_that_cannot_be_is_not_shared() -> None:
    for name, shown in (("18a", "0.02"), ("18b", "5.3")):
        boat = sailed(name)
        assert boat.last_told(SUN, p.VOLTAGE_SENSE) is None
        assert boat.findings["voltage-impossible"].startswith(f"SmartShunt 500A/50mV says {shown} V")


def test_a_charger_with_device_instance_1_is_named_with_the_cure() -> None:
    boat = sailed("22")
    row = boat.row("other-network")
    assert "SmartSolar 250/70 VE.Can has the N2K device instance 1, so it is not controlled" in row.text
    assert row.advice.startswith("Set its device instance to 0")
    assert "SmartSolar 250/70 VE.Can makes 55 A" in boat.findings["ccl-exceeded"]


def test_which_of_four_packs_limits() -> None:
    boat = sailed("23")
    assert boat.sentence("CCL") == "CCL 10 A: said by the JK pack 1. Next: 140 A said by the JK pack 2."
    assert boat.findings == {}


def test_a_gap_between_charger_and_battery_means_cut_off() -> None:
    boat = sailed("25")
    assert boat.findings["voltages-disagree"].startswith("JK pack 1 measures 13.3 V and SmartSolar 150/70 15.5 V")
    assert "the battery may be cut off" in boat.advice["voltages-disagree"]
    assert "SmartSolar 150/70 is at 15.50 V, 1.30 V above" in boat.findings["cvl-exceeded"]
    assert boat.last_told(SUN, p.VOLTAGE_SENSE) is None


def test_a_restless_limit_has_both_values() -> None:
    assert sailed("29").findings["ccl-restless"].endswith("lately between 10 and 50 A")


def test_a_current_of_the_wrong_sign_is_noticed() -> None:
    boat = sailed("37")
    assert "it says -58 A, and by all other measurements 60 A flow into it" in boat.findings["current-sign"]
    assert "up to 58 A" in boat.findings["ccl-exceeded"]
    assert boat.findings["charger-over-told"] == "SmartSolar 150/70 makes 60 A and was told 30 A"


def test_feed_in_lifts_the_limit_for_the_sun_only() -> None:
    boat = sailed("38")
    assert boat.last_told(SUN, p.CHARGE_CURRENT) == 70
    # 25 A said by the BMS, 60 A that the Multi takes: the sun may make 70 A of them.
    assert boat.last_told("com.victronenergy.alternator.ttyS5", p.CHARGE_CURRENT) == 15
    assert boat.sentence("com.victronenergy.alternator.ttyS5").startswith("Charge current 15 A: ")
    assert set(boat.findings) == set()


def test_an_mppt_rs_has_no_old_firmware() -> None:
    boat = sailed("40")
    assert boat.findings == {}
    assert not any(row.id == "firmware" for row in boat.doctor())


def test_who_disobeys_is_named_with_both_numbers() -> None:
    boat = sailed("44")
    for words in ("SmartSolar 250/70 makes 62 A and was told 31 A", "SmartSolar 150/70 makes 18 A and was told 9 A"):
        assert words in boat.findings["ccl-exceeded"]


def test_a_refusal_with_a_limit_is_0_a_for_all() -> None:
    boat = sailed("45")
    assert (boat.last_told(SUN, p.CHARGE_CURRENT), boat.last_told(MULTI, p.BOL_CHARGE_CURRENT)) == (0, 0)


def test_a_bms_that_has_moved_is_not_said_to_be_silent() -> None:
    given = case("06")
    given["devices"][p.SETTINGS] = {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 0}
    given["devices"][LYNX] |= {"/N2kUniqueNumber": 10001}
    given["steps"] = [{"wait": 10}, {"set": {LYNX: {p.DEVICE_INSTANCE: 5}}, "wait": 9}]
    boat = SeaTrial(given).play()
    assert boat.sentence("CCL").startswith(
        "CCL 0 A: the Lynx Smart BMS 500 has device instance 5 now, and the settings"
    )
    assert set(boat.findings) == {"bms-moved"}
    assert boat.cycle.own["/Bms/State"] == "moved"
    boat.sail(60)
    assert boat.cycle.own["/Bms/State"] == "moved"
    assert set(boat.findings) == {"bms-moved"}
    for text in (boat.explained, boat.row("bms").text):
        assert "silent" not in text
        assert "lost" not in text
        assert "has another device instance" in text


def test_a_limit_that_is_lifted_again_was_not_followed_slowly() -> None:
    given = case("06")
    limits = {p.CVL: 56.8, p.CCL: 100.0}
    given["steps"] = [
        {"wait": 7}, {"set": {LYNX: dict.fromkeys(limits)}, "wait": 20}, {"set": {LYNX: limits}, "wait": 10},
    ]  # fmt: skip
    assert SeaTrial(given).play().findings == {}


def test_every_report_is_played() -> None:
    told = Path(__file__).read_text(encoding="utf-8")
    names = {path.name.partition("-")[0] for path in BOATS.glob("*.json")}
    assert {name for name in names if f'"{name}"' not in told} == set()


def test_the_status_says_of_a_bms_that_has_moved_what_explain_says() -> None:
    given = case("06")
    given["devices"][p.SETTINGS] = {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 0}
    given["devices"][LYNX] |= {"/N2kUniqueNumber": 10001}
    given["steps"] = [{"wait": 10}, {"set": {LYNX: {p.DEVICE_INSTANCE: 5}}, "wait": 9}]
    boat = SeaTrial(given).play()
    now = round(boat.now + EPOCH)
    explained = {"version": "0", "time": now, **boat.cycle.explanation()}
    shown = "\n".join(screen(explained, boat.services, now, colour=False))
    assert "has another device instance" in shown
    assert "moved" not in shown


def test_the_status_says_who_takes_no_limit_and_what_the_multi_is_told_without_a_battery_bms() -> None:
    for name, said in (("15", "takes no limit, makes 90 A"), ("05", "told 0 A, makes 30 A")):
        boat = SeaTrial(case(name)).play()
        now = round(boat.now + EPOCH)
        explained = {"version": "0", "time": now, **boat.cycle.explanation()}
        assert any(line.endswith(said) for line in screen(explained, boat.services, now, colour=False))
