"""The simulated installation behaves as the public documents say the real devices do."""

from __future__ import annotations

import struct

import pytest

from gxbridge.demo.sim import chargers, lynx_model, multi, wire

# Frames of the VE.Can facts: Victron "VE.Can registers - public" v20 and vectors made by its rules.
CLAIM = "D0 8C C2 2C 00 AA 46 C0"
STATUS = "00 4F 0A FD FF 5F 73 11"
DETAILED = ["20 09 11 00 00 63 FF 40", "21 38 FF FF FF FF FF FF"]
SERIAL = ["40 10 66 99 0A 01 48 51", "41 32 31 33 30 32 56 55", "42 44 51 00 FF FF FF FF"]


def spaced(frames: list[wire.SimFrame]) -> list[str]:
    return [data.hex(" ").upper() for _, data in frames]


def test_the_claim_is_that_of_a_lynx() -> None:
    assert wire.claim(0x29, wire.name(167120, 170, 35)) == (0x18EEFF29, bytes.fromhex(CLAIM))


def test_battery_status_and_detailed_status_are_laid_out_as_documented() -> None:
    assert wire.battery_status(0x29, 0x11, 26.39, -0.3, 22.2) == (0x19F21429, bytes.fromhex(STATUS))
    frames = list(wire.dc_detailed(0x29, 1, 0x11, 99.2, 14400))
    assert spaced(frames) == DETAILED
    assert {can_id for can_id, _ in frames} == {0x19F21229}


def test_registers_are_single_frames_or_fast_packets() -> None:
    assert list(wire.vreg(0x29, 0, 0x0390, struct.pack("<I", 5400))) == [
        (0x1CEFFF29, bytes.fromhex("66 99 90 03 18 15 00 00"))
    ]
    frames = list(wire.vreg(0x29, 2, 0x010A, b"HQ21302VUDQ\0"))
    assert spaced(frames) == SERIAL
    assert frames[0][0] == 0x1DEFFF29


def test_refusals_are_addressed_to_who_asked() -> None:
    assert wire.unknown_register(0x20, 0x40, 0xEEFF) == (0x1CEF4020, bytes.fromhex("66 99 02 00 FF EE 00 80"))
    assert wire.no_such_group(0x29, 0xE1, 126998) == (0x18E8E129, bytes.fromhex("01 FF FF FF FF 16 F0 01"))


def test_product_information_has_its_134_bytes() -> None:
    frames = list(wire.product_info(0x29, 0, 0xA3E5, ("Lynx Smart BMS 500", "v1.06", "", "0167120 HQ21302VUDQ")))
    assert len(frames) == 20
    assert frames[0][1][1] == 134


def test_identifiers_split_as_they_were_made() -> None:
    for pgn, destination in ((wire.ISO_REQUEST, 0x29), (wire.BATTERY_STATUS, wire.EVERYBODY), (wire.VREG_FAST, 0xE1)):
        assert wire.split(wire.identifier(6, pgn, 0x29, destination)) == (pgn, 0x29, destination)


def bank_after(bank: lynx_model.Bank, seconds: float = 1.0, start: float = 1000.0) -> lynx_model.Bank:
    for tick in range(round(seconds / 0.1)):
        bank.step(start + tick * 0.1, 0.1)
    return bank


def test_a_bank_in_order_allows_everything() -> None:
    bank = bank_after(lynx_model.Bank())
    registers = lynx_model.permissions(bank)
    assert registers[0x2108] == bytes.fromhex("9515")  # contactor, ATC, ATD, relay no, aux, remote, alternator ATC
    assert registers[0x2107] == bytes.fromhex("55140000")
    assert struct.unpack("<I", registers[0x0391]) == (2000,)
    assert struct.unpack("<I", registers[0x0393]) == (6000,)
    assert lynx_model.states(bank) == {0x2101: b"\0", 0x2102: b"\x09", 0x0200: b"\x03", 0x0201: b"\xf9"}


def test_a_high_cell_lowers_the_limit_stops_it_and_comes_back_lower() -> None:
    bank = lynx_model.Bank()
    bank.ramp({"rise_v": 0.22}, 0.5)
    assert 50 <= bank_after(bank).charge_limit_a <= 150
    bank.ramp({"rise_v": 0.38}, 0)
    assert bank_after(bank).charge_limit_a == 0
    assert bank.allow_to_charge
    bank.ramp({"rise_v": 0.25}, 0)
    assert bank_after(bank).charge_limit_a == 0, "not before the cell is well below"
    bank.ramp({"rise_v": 0.02}, 0)
    assert bank_after(bank).charge_limit_a == lynx_model.FULL_CHARGE_A
    bank.ramp({"rise_v": 0.5}, 0)
    assert not bank_after(bank).allow_to_charge


def test_cold_refuses_charging_and_only_charging() -> None:
    bank = lynx_model.Bank(temperature_c=3.0)
    assert bank_after(bank).charge_limit_a == 0
    assert (bank.allow_to_charge, bank.allow_to_discharge) == (False, True)
    bank.ramp({"temperature_c": 6.0}, 0)
    assert not bank_after(bank).allow_to_charge
    bank.ramp({"temperature_c": 8.0}, 0)
    assert bank_after(bank).allow_to_charge


def test_a_low_cell_gives_a_pre_alarm_first_and_refuses_discharge_only_after_its_time() -> None:
    bank = lynx_model.Bank(sag_v=0.3, pre_alarm_s=30.0)
    assert bank_after(bank).pre_alarm
    assert bank.allow_to_discharge
    assert struct.unpack("<I", lynx_model.permissions(bank)[0x2100])[0] & 1 << 27
    bank.ramp({"sag_v": 0.6}, 0)
    assert bank_after(bank, 20.0).allow_to_discharge, "30 s are not over"
    assert not bank_after(bank, 15.0, start=1020.0).allow_to_discharge
    assert bank.discharge_limit_a == 0
    assert bank.allow_to_charge, "a charger may rescue the battery"
    bank.ramp({"sag_v": 0.02}, 0)
    assert bank_after(bank).allow_to_discharge


def test_ramps_arrive_whatever_the_direction() -> None:
    bank = lynx_model.Bank()
    bank.ramp({"sag_v": 0.5, "temperature_c": 3.0, "rise_v": bank.rise_v}, 0.35)
    bank_after(bank)
    assert (bank.sag_v, bank.temperature_c, bank.rise_v) == (0.5, 3.0, 0.02)


def test_charge_and_time_to_go_follow_the_current() -> None:
    bank = lynx_model.Bank(current_a=-100.0, soc_percent=50.0)
    assert bank.time_to_go_min == 120
    bank_after(bank, 36.0)
    assert bank.soc_percent == pytest.approx(49.75)
    bank.current_a = 10.0
    assert bank.time_to_go_min == lynx_model.TIME_TO_GO_CAP_MIN


def charger(kind: str = "solar-direct") -> chargers.SimCharger:
    made = chargers.SimCharger(dict(chargers.CHARGERS[kind][1]))
    made.order({"power_a": 45.0})
    return made


def run(device: chargers.SimCharger | multi.Multi, start: float, seconds: float) -> None:
    for tick in range(round(seconds / 0.2)):
        device.step(start + tick * 0.2, 0.2)


def test_a_charger_alone_gives_what_it_has() -> None:
    alone = charger()
    run(alone, 0.0, 4.0)
    assert alone.items["/Dc/0/Current"] == pytest.approx(45.0, abs=0.2)
    assert alone.items["/State"] == chargers.STATE_BULK


def test_a_charger_does_what_it_is_told_and_remembers_the_bms() -> None:
    told = charger()
    for path, value in (("/Link/NetworkMode", 13), ("/Link/ChargeCurrent", 10.0), ("/Link/ChargeVoltage", 28.4)):
        told.written(path, value, 0.0)
    run(told, 0.0, 4.0)
    assert told.items["/Dc/0/Current"] == pytest.approx(10.0, abs=0.2)
    assert told.items["/Settings/BmsPresent"] == 1
    assert told.items["/State"] == chargers.STATE_EXTERNAL
    told.order({"battery_v": 28.4})
    run(told, 4.0, 4.0)
    assert told.items["/Dc/0/Current"] == pytest.approx(0.0, abs=0.1), "at its voltage it takes its current back"


def test_without_a_word_for_a_minute_a_charger_that_knew_a_bms_shows_error_67() -> None:
    left = charger()
    left.written("/Link/NetworkMode", 13, 0.0)
    left.written("/Link/ChargeCurrent", 40.0, 0.0)
    run(left, 0.0, 59.0)
    assert left.items["/ErrorCode"] == 0
    run(left, 59.0, 4.0)
    assert left.items["/ErrorCode"] == 67
    assert left.items["/Dc/0/Current"] == pytest.approx(0.0, abs=0.1)
    assert left.items["/Link/ChargeCurrent"] is None
    left.written("/Link/NetworkMode", 13, 63.0)
    run(left, 63.0, 1.0)
    assert left.items["/ErrorCode"] == 0


def test_without_a_word_a_charger_that_never_knew_a_bms_goes_on_alone() -> None:
    left = charger()
    left.written("/Link/NetworkMode", 5, 0.0)
    left.written("/Link/ChargeCurrent", 0.0, 0.0)
    run(left, 0.0, 64.0)
    assert (left.items["/ErrorCode"], left.items["/State"]) == (0, chargers.STATE_BULK)


def test_a_charger_on_vecan_is_told_its_voltage_by_the_interface() -> None:
    on_can = charger("solar-can")
    assert "/Link/ChargeVoltage" not in on_can.items
    on_can.written("/Link/NetworkMode", 13, 0.0)
    on_can.written("/Link/ChargeCurrent", 40.0, 0.0)
    on_can.link_voltage_v = 26.0
    run(on_can, 0.0, 3.0)
    assert on_can.items["/Dc/0/Current"] == pytest.approx(0.0, abs=0.1)


def test_changes_are_told_once() -> None:
    told = charger()
    assert "/Dc/0/Current" in told.step(0.0, 0.2)
    told.order({"power_a": 0.0})
    run(told, 0.2, 6.0)
    assert told.step(9.0, 0.2) == {}


def a_multi(kind: str = "multi", **orders: float) -> multi.Multi:
    made = multi.Multi(dict(multi.MULTIS[kind][1]))
    made.order(orders)
    return made


def test_a_multi_keeps_to_its_charge_limits_and_stops_when_they_end() -> None:
    told = a_multi(shore=True)
    told.written("/BatteryOperationalLimits/MaxChargeCurrent", 20, 0.0)
    run(told, 0.0, 4.0)
    assert told.items["/Dc/0/Current"] == pytest.approx(20.0, abs=0.2)
    run(told, 299.0, 4.0)
    assert told.items["/State"] == multi.STATE_FAULT
    assert told.items["/Alarms/BmsConnectionLost"] == 2


def test_a_multi_feeds_the_loads_while_it_may() -> None:
    night = a_multi(load_a=80.0)
    run(night, 0.0, 4.0)
    assert (night.items["/State"], night.items["/Dc/0/Current"]) == (
        multi.STATE_INVERTING,
        pytest.approx(-80.0, abs=0.2),
    )
    night.written("/BatteryOperationalLimits/MaxDischargeCurrent", 0, 4.0)
    run(night, 4.0, 4.0)
    assert (night.items["/State"], night.items["/Dc/0/Current"]) == (multi.STATE_OFF, pytest.approx(0.0, abs=0.1))


def test_a_multi_with_a_vebus_bms_obeys_it_by_itself() -> None:
    behind = a_multi("multi-bms-v2", shore=True, atc=0)
    run(behind, 0.0, 4.0)
    assert behind.items["/Dc/0/Current"] == 0.0
    assert behind.items["/Bms/BmsType"] == 2
    behind.order({"atc": 1})
    run(behind, 4.0, 4.0)
    assert behind.items["/Dc/0/Current"] == pytest.approx(70.0, abs=0.3)
    behind.order({"atd": 0, "pre_alarm": 1, "shore": False, "load_a": 50.0})
    run(behind, 8.0, 4.0)
    assert behind.items["/State"] == multi.STATE_OFF
