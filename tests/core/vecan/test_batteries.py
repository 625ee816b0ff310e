"""From frames to a battery: what is believed, since when, and when it is no longer believed."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.model.battery import Configured
from gxbridge.core.publish.explanation import BatteryNote, Situation, as_dict, as_text
from gxbridge.core.vecan.battery_registry import Change
from gxbridge.core.vecan.readings import MOST_SHARE, RESERVED_BYTES
from tests.core.lynx_frames import CLAIM, LYNX, REGISTERS, STATUS, Listener, name_of, vreg_id


def test_a_whole_lynx_says_what_the_recording_says() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    battery = lynx.battery(0.5)
    assert (battery.unique_number, battery.serial, battery.product_name) == (
        167120,
        "HQ21302VUDQ",
        "Lynx Smart BMS 500",
    )
    assert (battery.firmware, battery.firmware_text, battery.state) == (66303, "v1.02", "live")
    expected = {
        "voltage_v": 26.39, "current_a": -0.3, "power_w": -16, "temperature_c": 22.2, "soc_percent": 99.21,
        "consumed_ah": -7.0, "time_to_go_s": 864000, "bms_state": 9, "bms_error": 0, "mode": 3, "device_state": 249,
        "contactor_closed": 1, "allow_to_charge": 1, "allow_to_discharge": 1, "alternator_allow_to_charge": 1,
        "remote_enabled": 1, "relay_active": 0, "aux_on": 1, "charge_voltage_limit_v": 54.0,
        "charge_current_limit_a": 50.0, "discharge_current_limit_a": 600.0, "low_voltage_limit_v": 41.6,
        "min_cell_voltage_v": 3.35, "max_cell_voltage_v": 3.39, "min_cell_temperature_c": 21.7,
        "max_cell_temperature_c": 22.9, "balancer_status": 1, "battery_count": 4, "cells_per_battery": 4,
        "batteries_parallel": 4, "batteries_series": 1, "capacity_ah": 800, "nominal_voltage_v": 24,
        "deepest_discharge_ah": -600.6, "charge_cycles": 2, "full_discharges": 5, "total_drawn_ah": 1728.1,
        "history_min_voltage_v": 13.95, "history_max_voltage_v": 28.15, "time_since_full_charge_s": 96076,
        "automatic_syncs": 426, "discharged_energy_kwh": 113.25, "charged_energy_kwh": 135.27,
        "history_max_temperature_c": 55.84, "history_min_cell_voltage_v": 2.74, "history_max_cell_voltage_v": 3.62,
        "last_error_1": 36, "last_error_2": 2, "last_error_1_time": 1747054380, "distributor_count": 0,
        "low_cell_voltage_alarm": 0, "high_current_alarm": 0, "contactor_alarm": 0, "low_soc_alarm": 0,
        "load_disconnect_alarm": 0,
    }  # fmt: skip
    assert {name: battery.get(name) for name in expected} == expected
    assert battery.get("bms_cable_alarm") is None, "0x2107 calls it unsupported"
    assert battery.get("high_temperature_alarm") is None
    assert battery.values["voltage_v"].source == "PGN 127508"
    assert battery.values["charge_voltage_limit_v"].source == "VREG 0x0390"
    assert battery.values["charge_voltage_limit_v"].at == 0.0
    assert battery.unseen == ()
    assert lynx.registry.findings(0.5) == ()


def test_pieces_in_any_place_rubbish_between_and_after_change_nothing() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    before = dict(lynx.battery(0.0).values)
    lynx.frame(vreg_id(LYNX), bytes.fromhex("6699"), 0.1)
    lynx.frame(vreg_id(LYNX), b"", 0.1)
    lynx.frame(vreg_id(LYNX), bytes.fromhex("6699FE7F01020304"), 0.1)
    lynx.frame(vreg_id(LYNX), bytes.fromhex("1122082195150000"), 0.1)
    lynx.frame(0x1DEFFF00 | LYNX, bytes.fromhex("401066990A014851"), 0.1)
    lynx.frame(0x1DEFFF00 | LYNX, bytes.fromhex("42445100FFFFFFFF"), 0.1)
    lynx.frame(0x19F21400 | LYNX, b"\x00", 0.1)
    after = dict(lynx.battery(0.1).values)
    assert {
        name: known.value for name, known in after.items() if name not in ("voltage_v", "current_a", "temperature_c")
    } == {
        name: known.value for name, known in before.items() if name not in ("voltage_v", "current_a", "temperature_c")
    }


def test_the_register_of_a_write_to_another_node_is_no_value_of_the_sender() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.frame(vreg_id(LYNX, destination=0x20), bytes.fromhex("6699082195150000"), 0.1)
    assert lynx.battery(0.2).get("allow_to_charge") is None


# --- identity -------------------------------------------------------------------------------------------------------


def test_a_battery_needs_name_and_product() -> None:
    lynx = Listener()
    lynx.register(0x2108, REGISTERS[0x2108], 0.0)
    assert lynx.registry.batteries(0.1) == ()
    (waiting,) = lynx.registry.provisional(0.1)
    assert waiting.text == (
        "a device at address 41 on can0 waits for its NAME (address claim, repeated about every minute) and "
        "product (register 0x0100 or PGN 126996, sent on request)"
    )
    lynx.register(0x0100, REGISTERS[0x0100], 1.0)
    (waiting,) = lynx.registry.provisional(1.1)
    assert waiting.product_name == "Lynx Smart BMS 500"
    assert len(waiting.missing) == 1
    assert lynx.claim(CLAIM, 2.0) is Change.VALUE
    assert lynx.registry.provisional(2.0) == ()
    assert lynx.battery(2.0).get("allow_to_charge") == 1, "what it said before its NAME counts"


def test_a_battery_named_by_the_installer_needs_no_claim() -> None:
    lynx = Listener([Configured("can0", LYNX, 167120, 0xA3E5, device_instance=2)])
    lynx.register(0x2108, REGISTERS[0x2108], 0.0)
    battery = lynx.battery(0.1)
    assert (battery.unique_number, battery.device_instance, battery.get("allow_to_charge")) == (167120, 2, 1)
    assert lynx.registry.provisional(0.1) == ()
    lynx.claim(CLAIM, 1.0)
    assert lynx.battery(1.0).key == battery.key
    assert lynx.battery(1.0).get("allow_to_charge") == 1


def test_a_configuration_holds_for_its_own_bus_and_address_only() -> None:
    lynx = Listener([Configured("can1", LYNX, 1, 0xA3E5), Configured("can0", 0x2A, 2, 0xA3E5)])
    lynx.register(0x2108, REGISTERS[0x2108], 0.0)
    assert lynx.registry.batteries(0.1) == ()


def test_a_message_from_no_address_is_no_battery_s() -> None:
    lynx = Listener()
    assert lynx.register(0x2108, REGISTERS[0x2108], 0.0, source=254) is Change.NOTHING
    assert lynx.registry.devices(0.0) == ()


def test_the_device_s_own_name_and_product_win_over_the_configuration() -> None:
    lynx = Listener([Configured("can0", LYNX, 5, 0xA3E5)])
    lynx.claim(CLAIM, 0.0)
    assert lynx.registry.batteries(0.0) == (), "another battery than the configured one is at this address"
    lynx.register(0x0100, "00 E7 A3 00", 1.0)
    assert (lynx.battery(1.0).unique_number, lynx.battery(1.0).family) == (167120, "lynx-smart-bms-ng")


def test_a_configured_battery_that_loses_its_address_is_still_known() -> None:
    lynx = Listener([Configured("can0", LYNX, 167120, 0xA3E5)])
    lynx.claim(CLAIM, 0.0)
    lynx.claim(CLAIM, 1.0, source=254)
    (device,) = lynx.registry.devices(1.0)
    assert device.address is None
    assert lynx.registry.batteries(1.0)[0].address is None


def test_the_product_code_of_126996_serves_where_0x0100_is_not_heard() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    product_information(lynx, 0xA3E5, 1.0)
    battery = lynx.battery(1.0)
    assert (battery.product_id, battery.serial) == (0xA3E5, "HQ21302VUDQ")
    assert battery.firmware_text == "v1.02", "the software version as it stands there"


def test_an_unknown_product_code_is_no_product() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    product_information(lynx, 0x7777, 1.0)
    assert lynx.registry.batteries(1.0) == ()
    assert "product" in lynx.registry.provisional(1.0)[0].text


def product_information(lynx: Listener, code: int, now: float) -> None:
    """PGN 126996 with product code, model, versions and the serial as the GX shows it."""
    texts = (b"Lynx Smart BMS", b"v1.02", b"", b"0167120 HQ21302VUDQ")
    body = (2100).to_bytes(2, "little") + code.to_bytes(2, "little")
    body += b"".join(text.ljust(32, b"\xff") for text in texts) + b"\x01\x02"
    frames = [bytes((0x20, len(body))) + body[:6]]
    frames += [bytes((0x20 | n,)) + body[6 + 7 * (n - 1) :][:7] for n in range(1, 20) if body[6 + 7 * (n - 1) :]]
    for data in frames:
        lynx.frame(0x19F01400 | LYNX, data.ljust(8, b"\xff"), now)


@pytest.mark.parametrize("product", ["E3 A3", "31 A1", "00 01", "99 99"], ids=["copy", "shunt", "bmv", "unknown"])
def test_what_is_no_lynx_smart_bms_is_never_a_battery(product: str) -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    lynx.register(0x0100, f"00 {product} 00", 0.1)
    lynx.register(0x2108, REGISTERS[0x2108], 0.2)
    lynx.register(0x0390, REGISTERS[0x0390], 0.2)
    assert lynx.registry.batteries(0.3) == ()


def test_a_copy_made_by_a_gx_is_named_as_such() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    lynx.register(0x0100, "00 E3 A3 00", 0.1)
    (finding,) = lynx.registry.findings(0.2)
    assert (finding.id, finding.severity) == ("battery-copy", "info")


def test_a_name_of_another_manufacturer_is_no_lynx() -> None:
    lynx = Listener()
    lynx.claim(name_of(5, manufacturer=1), 0.0)
    lynx.register(0x2108, REGISTERS[0x2108], 0.1)
    assert lynx.registry.provisional(0.1) == ()
    lynx.register(0x0100, REGISTERS[0x0100], 0.1)
    assert lynx.registry.batteries(0.2) == ()


def test_a_charger_is_not_waited_for() -> None:
    lynx = Listener()
    lynx.register(0xEDD5, "DC 05", 0.0)
    assert lynx.registry.provisional(0.0) == ()


def test_a_battery_name_alone_is_waited_for() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    assert [item.missing for item in lynx.registry.provisional(0.0)] == [
        ("product (register 0x0100 or PGN 126996, sent on request)",)
    ]


def test_a_battery_that_changes_its_address_keeps_everything() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.claim(CLAIM, 1.0, source=0x2A)
    battery = lynx.battery(1.0)
    assert (battery.address, battery.get("charge_current_limit_a")) == (0x2A, 50.0)
    lynx.register(0x0391, "0A 00 00 00", 2.0, source=0x2A)
    assert lynx.battery(2.0).get("charge_current_limit_a") == 1.0
    lynx.register(0x0391, "FF 00 00 00", 3.0)
    assert lynx.battery(3.0).get("charge_current_limit_a") == 1.0, "the old address is another's now"


def test_a_battery_whose_move_was_missed_keeps_what_it_said_before_and_since() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x0391, "0A 00 00 00", 1.0, source=0x2A)
    assert lynx.battery(1.0).get("charge_current_limit_a") == 50.0, "nobody knows yet who speaks there"
    lynx.claim(CLAIM, 5.0, source=0x2A)
    battery = lynx.battery(5.0)
    assert (battery.get("charge_current_limit_a"), battery.get("charge_voltage_limit_v")) == (1.0, 54.0)


def test_an_identity_cut_short_is_no_identity() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    lynx.frame(vreg_id(LYNX), bytes.fromhex("66990001"), 0.1)
    assert lynx.registry.batteries(0.1) == ()


def test_the_installation_s_name_is_known() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.text(0x010C, "House bank", 1.0)
    assert lynx.battery(1.0).description == "House bank"


def test_a_device_behind_the_node_is_not_the_node() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x0100, "01 44 A0 00", 0.1)
    lynx.register(0x0102, "01 FF 09 09", 0.1)
    battery = lynx.battery(0.2)
    assert (battery.product_id, battery.firmware) == (0xA3E5, None)


# --- freshness ------------------------------------------------------------------------------------------------------


def test_ten_seconds_of_silence_forget_all_but_identity_settings_and_history() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    live = lynx.battery(9.99)
    assert live.state == "live"
    assert live.get("allow_to_charge") == 1
    silent = lynx.battery(10.0)
    assert (silent.state, silent.silent_since, silent.since) == ("silent", 10.0, 10.0)
    for name in ("voltage_v", "charge_current_limit_a", "allow_to_charge", "low_soc_alarm", "bms_state", "mode"):
        assert silent.get(name) is None
    assert (silent.get("capacity_ah"), silent.get("last_error_1"), silent.serial) == (800, 36, "HQ21302VUDQ")
    assert silent.unseen == live.unseen
    assert ("0x2108 BMS_IO", 0.0) in silent.fell_silent
    assert [text for text, _ in live.fell_silent] == ["0xED8D DC_CHANNEL1_VOLTAGE", "0xED8F DC_CHANNEL1_CURRENT"]
    assert 0x2108 in silent.unseen_registers


def test_what_was_heard_and_is_not_any_more_is_said_with_its_age_and_not_as_never_heard() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    silent = lynx.battery(10.0)
    note = BatteryNote(silent, "", "none", "")
    situation = Situation("monitor", "monitor", "strict", "", "", Decision(), {}, batteries=(note,))
    text = as_text(as_dict(situation, lambda at: None if at is None else round(at)), 10)
    (line,) = [line for line in text.splitlines() if "any more" in line]
    assert line.startswith("    not heard any more, for 10 s: 0x2108 BMS_IO, ")
    assert "since start" not in text


def test_alarm_bits_of_unknown_meaning_are_a_finding_with_their_raw_value() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    for raw, shown in ((0x9455, "0x00008000"), (0x0C1455, "0x000C0000")):
        lynx.register(0x2107, raw.to_bytes(4, "little").hex(), 0.1)
        (found,) = lynx.registry.findings(0.2)
        assert (found.id, found.arguments["bits"]) == ("bms-alarm-unknown", shown)
    for raw in (0x5455, 0x1455, 0x041455):
        lynx.register(0x2107, raw.to_bytes(4, "little").hex(), 0.3)
        assert lynx.registry.findings(0.4) == (), "supported and well, or not supported"


def test_sixty_seconds_of_silence_and_the_battery_is_lost() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    assert lynx.battery(59.99).state == "silent"
    lost = lynx.battery(60.0)
    assert (lost.state, lost.silent_since, lost.since) == ("lost", 10.0, 60.0)
    assert lynx.registry.provisional(60.0) == ()


def test_after_a_return_nothing_is_known_before_it_is_heard_again() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.status(10.0)
    back = lynx.battery(10.0)
    assert (back.state, back.since, back.silent_since) == ("live", 10.0, None)
    assert back.get("voltage_v") == 26.39
    assert back.get("allow_to_charge") is None
    assert back.get("charge_voltage_limit_v") is None
    assert lynx.register(0x2108, REGISTERS[0x2108], 10.5) is Change.URGENT
    assert lynx.battery(10.5).get("allow_to_charge") == 1


def test_any_frame_of_the_device_keeps_it_alive() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    for second in range(5, 60, 5):
        lynx.frame(0x1CFF7700 | LYNX, bytes(8), float(second))
    assert lynx.battery(59.0).get("allow_to_charge") == 1


def test_a_pgn_value_is_stale_after_five_seconds_although_the_device_speaks() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.status(0.0)
    lynx.register(0x2102, "09", 4.9)
    assert lynx.battery(4.99).get("voltage_v") == 26.39
    assert lynx.battery(5.0).get("voltage_v") is None
    assert lynx.battery(5.0).get("power_w") is None, "computed from what is no longer known"
    assert lynx.battery(5.0).get("bms_state") == 9


def test_the_register_takes_over_when_the_pgn_stops_only_if_it_is_newer() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0xED8D, "10 27", 0.0)
    lynx.status(1.0)
    assert lynx.battery(1.0).values["voltage_v"].source == "PGN 127508"
    assert lynx.battery(6.0).get("voltage_v") is None, "the register is older than what went stale"
    lynx.register(0xED8D, "74 27", 7.0)
    known = lynx.battery(7.0).values["voltage_v"]
    assert (known.value, known.source) == (101.0, "VREG 0xED8D")


def test_a_register_not_repeated_for_a_minute_gives_way_to_a_source_that_speaks() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x0FFF, "C1 26", 0.0)
    for second in range(62):
        lynx.dc_status(float(second))
        expected = 99.21 if second <= 60 else 99
        assert lynx.battery(float(second)).get("soc_percent") == expected


def test_the_lowest_instance_is_the_battery_and_another_is_not() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.status(0.0)
    lynx.status(0.1, bytes.fromhex("01B00400000000FF"))
    assert lynx.battery(0.2).get("voltage_v") == 26.39


def test_dc_status_of_an_alternator_is_not_the_battery_s() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.frame(0x19F21200 | LYNX, bytes.fromhex("200911000114FF40"), 0.0)
    lynx.frame(0x19F21200 | LYNX, bytes.fromhex("2138FFFFFFFFFFFF"), 0.0)
    assert lynx.battery(0.1).get("soc_percent") is None


# --- limits and permissions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["FF FF FF FF", "FF FF 00 00"])
@pytest.mark.parametrize(
    ("register", "name"),
    [(0x0390, "charge_voltage_limit_v"), (0x0391, "charge_current_limit_a"), (0x0393, "discharge_current_limit_a")],
)
def test_a_limit_of_all_ones_is_unknown(register: int, name: str, raw: str) -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    assert lynx.register(register, raw, 1.0) is Change.URGENT
    assert lynx.battery(1.0).get(name) is None


def test_orders_for_chargers_are_no_limits_of_the_battery() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    for register in (0x2001, 0x2015, 0x2017, 0x201B):
        lynx.register(register, "40 1F", 0.1)
    assert not {name for name in lynx.battery(0.2).values if "limit" in name}


@pytest.mark.parametrize(("bits", "expected"), [(0b00, None), (0b01, 1), (0b10, 0), (0b11, None)])
def test_one_is_yes_two_is_no_and_nothing_else_is_permission(bits: int, expected: int | None) -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2108, (bits << 2).to_bytes(2, "little").hex(), 0.1)
    assert lynx.battery(0.2).get("allow_to_charge") == expected


def test_the_old_flags_serve_where_0x2108_is_not_heard() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2100, "00 00 00 02", 0.1)
    battery = lynx.battery(0.2)
    assert (battery.get("allow_to_charge"), battery.get("allow_to_discharge")) == (1, 0)
    assert battery.values["allow_to_charge"].source == "VREG 0x2100"


def test_of_two_that_contradict_each_other_the_stricter_counts_and_is_reported() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2108, REGISTERS[0x2108], 0.1)
    lynx.register(0x2100, "00 00 00 04", 0.2)
    known = lynx.battery(0.2).values["allow_to_charge"]
    assert (known.value, known.source) == (0, "VREG 0x2100")
    assert lynx.registry.findings(0.3) == (), "the second register may be on its way"
    lynx.status(5.2)
    (finding,) = lynx.registry.findings(5.2)
    assert finding.id == "permission-contradiction"
    assert "VREG 0x2108 says 1, VREG 0x2100 says 0" in finding.text
    assert finding.first == 0.2
    lynx.register(0x2100, "00 00 00 06", 6.0)
    assert lynx.battery(6.0).get("allow_to_charge") == 1
    assert lynx.registry.findings(6.0) == ()


UNKNOWN_IO = "80 15"
"""Register 0x2108 with charge and discharge unknown (0)."""
BOTH, NEITHER = "00 00 00 06", "00 00 00 00"
"""Register 0x2100: charge and discharge allowed, or refused."""


def allowed(lynx: Listener, now: float) -> tuple[object, object]:
    battery = lynx.battery(now)
    return battery.get("allow_to_charge"), battery.get("allow_to_discharge")


def test_once_0x2108_has_spoken_its_unknown_is_not_replaced_by_an_older_yes() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2100, BOTH, 0.1)
    lynx.register(0x2108, UNKNOWN_IO, 0.2)
    assert allowed(lynx, 0.3) == (1, 1), "until it has spoken the old flags speak"
    lynx.register(0x2108, REGISTERS[0x2108], 0.4)
    assert lynx.register(0x2108, UNKNOWN_IO, 0.5) is Change.URGENT
    assert allowed(lynx, 0.6) == (None, None)
    lynx.register(0x2100, BOTH, 0.7)
    assert allowed(lynx, 0.8) == (None, None), "nor by a newer one"
    lynx.status(6.0)
    texts = [finding.text for finding in lynx.registry.findings(6.0)]
    assert any("VREG 0x2108 says unknown, VREG 0x2100 says 1" in text for text in texts)
    lynx.register(0x2100, NEITHER, 6.1)
    assert allowed(lynx, 6.2) == (0, 0), "a refusal is stricter than unknown"


def test_what_0x2108_said_before_the_product_was_known_counts_as_spoken() -> None:
    lynx = Listener()
    lynx.claim(CLAIM, 0.0)
    lynx.register(0x2100, BOTH, 0.1)
    lynx.register(0x2108, REGISTERS[0x2108], 0.2)
    lynx.register(0x2108, UNKNOWN_IO, 0.3)
    lynx.register(0x0100, "00 E5 A3 00", 0.4)
    assert allowed(lynx, 0.5) == (None, None)


def test_what_it_said_before_its_name_was_known_counts_as_spoken() -> None:
    lynx = Listener()
    lynx.register(0x2108, REGISTERS[0x2108], 0.1)
    lynx.register(0x2108, UNKNOWN_IO, 0.2)
    lynx.register(0x2100, BOTH, 0.3)
    lynx.claim(CLAIM, 0.4)
    lynx.register(0x0100, "00 E5 A3 00", 0.5)
    assert allowed(lynx, 0.6) == (None, None)


def test_what_it_said_at_its_new_address_counts_as_spoken() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2100, BOTH, 0.1)
    lynx.register(0x2108, REGISTERS[0x2108], 1.0, source=42)
    lynx.register(0x2108, UNKNOWN_IO, 1.1, source=42)
    lynx.claim(name_of(167120), 1.2, source=42)
    assert allowed(lynx, 1.3) == (None, None)


def test_an_address_from_which_nothing_readable_came_has_said_nothing() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.registry.alive("can0", 42, 1.0)
    lynx.claim(CLAIM, 1.1, source=42)
    assert allowed(lynx, 1.2) == (1, 1)


def test_after_a_silence_it_has_not_spoken_yet() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x2100, BOTH, 20.0)
    lynx.register(0x2108, UNKNOWN_IO, 20.1)
    assert allowed(lynx, 20.2) == (1, 1)


def test_an_unknown_nominal_voltage_is_not_replaced_by_another_message_s() -> None:
    """The window of plausible charge voltages hangs on it."""
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0xEDEF, "18", 0.1)
    lynx.frame(0x19F21900 | LYNX, bytes.fromhex("0009016100EE0000"), 0.2)
    assert lynx.battery(0.2).get("nominal_voltage_v") == 24
    lynx.register(0xEDEF, "00", 0.3)
    assert lynx.battery(0.4).get("nominal_voltage_v") is None


def test_a_warning_that_becomes_unknown_is_not_replaced_by_an_older_all_is_well() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2100, NEITHER, 0.1)
    lynx.register(0x2109, "04 00 00 00", 0.2)
    assert lynx.battery(0.3).get("low_cell_voltage_alarm") == 1
    lynx.register(0x2109, "00 00 00 00", 0.4)
    assert lynx.battery(0.5).get("low_cell_voltage_alarm") is None


def test_an_old_measurement_does_not_take_the_place_of_one_that_became_unknown() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0xED8D, "00 0A", 0.0)
    lynx.status(1.0)
    assert lynx.battery(1.0).get("voltage_v") == 26.39
    unknown = bytes.fromhex("00FF7FFDFF5F7311")
    lynx.status(2.0, unknown)
    assert lynx.battery(2.0).get("voltage_v") == 25.6, "it was measured just now"
    for second in range(3, 64):
        lynx.status(float(second), unknown)
    assert lynx.battery(63.0).get("voltage_v") is None
    lynx.register(0xED8D, "10 0A", 63.5)
    assert lynx.battery(64.0).get("voltage_v") == 25.76


def test_a_withdrawn_permission_is_urgent_and_a_repeated_one_is_not() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    assert lynx.register(0x2108, REGISTERS[0x2108], 1.0) is Change.NOTHING
    assert lynx.register(0x2108, "99 15", 2.0) is Change.URGENT
    assert lynx.battery(2.0).get("allow_to_charge") == 0
    assert lynx.register(0x0FFF, "C2 26", 2.0) is Change.VALUE
    assert lynx.register(0x2102, "12", 2.0) is Change.URGENT


def test_a_repeated_limit_shows_its_new_moment() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.register(0x0390, REGISTERS[0x0390], 3.0)
    assert lynx.battery(3.0).values["charge_voltage_limit_v"].at == 3.0


# --- alarms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registers", "name", "expected"),
    [
        ({0x2107: "56 14 00 00"}, "low_cell_voltage_alarm", 1),
        ({0x2107: "57 14 00 00"}, "low_cell_voltage_alarm", 2),
        ({0x2107: "55 1C 00 00"}, "load_disconnect_alarm", 2),
        ({0x2107: "55 14 02 00"}, "high_temperature_alarm", 1),
        ({0x210A: "04 00"}, "low_cell_voltage_alarm", 2),
        ({0x210A: "08 00"}, "low_cell_voltage_alarm", None),
        ({0x210A: "08 00", 0x2109: "04 00"}, "low_cell_voltage_alarm", 1),
        ({0x210A: "08 00", 0x2109: "08 00"}, "low_cell_voltage_alarm", 0),
        ({0x2109: "10 00"}, "high_current_alarm", None),
        ({0x2109: "50 00"}, "high_current_alarm", 1),
        ({0x2109: "A0 00"}, "high_current_alarm", 0),
        ({0x210A: "80 00"}, "high_current_alarm", 0),
        ({0x210A: "00 01"}, "bms_cable_alarm", 2),
        ({0x210A: "00 02"}, "bms_cable_alarm", 0),
        ({0x2100: "04 00 00 00"}, "low_cell_voltage_alarm", 2),
        ({0x2100: "08 00 00 00"}, "low_cell_voltage_alarm", 1),
        ({0x2100: "00 00 00 00"}, "low_cell_voltage_alarm", 0),
        ({0x2100: "00 40 00 00"}, "high_current_alarm", 1),
        ({0x2100: "00 00 00 20"}, "high_current_alarm", 2),
        ({0x2100: "00 00 20 00"}, "low_soc_alarm", 1),
        ({0x2100: "00 00 00 08"}, "load_disconnect_alarm", 1),
        ({0x2100: "00 00 00 10"}, "contactor_alarm", 1),
        ({0x2107: "55 14 00 00", 0x2100: "00 80 00 00"}, "high_temperature_alarm", None),
    ],
)
def test_alarms_from_the_new_registers_and_the_old(registers: dict[int, str], name: str, expected: int | None) -> None:
    lynx = Listener()
    lynx.identify(0.0)
    for register, value in registers.items():
        lynx.register(register, value, 0.1)
    assert lynx.battery(0.2).get(name) == expected


# --- details --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("raw", "expected"), [("46 00 00 00", -7.0), ("BA FF FF FF", -7.0), ("00 00 00 00", 0.0)])
def test_consumed_is_zero_or_negative_whatever_the_firmware_s_sign(raw: str, expected: float) -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x0FFC, raw, 0.1)
    assert str(lynx.battery(0.2).get("consumed_ah")) == str(expected), "and never minus zero"


@pytest.mark.parametrize("raw", ["00 00 00 00", "FF FF FF FF"])
def test_a_temperature_never_measured_is_unknown(raw: str) -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x0386, raw, 0.1)
    lynx.register(0x0313, raw[:5], 0.1)
    battery = lynx.battery(0.2)
    assert battery.get("min_cell_temperature_c") is None
    assert battery.get("history_min_temperature_c") is None


def test_distributors_fuses_and_their_names() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2150, "71 00", 0.1)
    lynx.register(0x2152, "7A 00", 0.1)
    lynx.text(0x2160, "Inverter", 0.1)
    lynx.text(0x2141, "Pump", 0.1)
    battery = lynx.battery(0.2)
    assert battery.distributors == "ACD"
    assert [battery.get(f"distributor_{letter}_status") for letter in "abcd"] == [1, None, 3, 1]
    assert [battery.get(f"distributor_a_fuse_{n}_status") for n in (1, 2, 3, 4, 5)] == [2, 2, 3, 1, None]
    assert battery.get("distributor_a_fuse_1_name") == "Inverter"
    assert battery.get("distributor_e_fuse_6_name") == "Pump"
    assert battery.get("distributor_count") == 3
    silent = lynx.battery(20.0)
    assert silent.distributors == "ACD"
    assert silent.get("distributor_a_status") is None
    assert silent.get("distributor_a_fuse_1_name") == "Inverter"


def test_the_old_fuse_bits_serve_where_the_new_ones_are_not_heard() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.register(0x2151, "12 00", 0.1)
    battery = lynx.battery(0.2)
    assert [battery.get(f"distributor_{fuse}_status") for fuse in ("a_fuse_1", "a_fuse_2", "b_fuse_1")] == [2, 3, 3]


def test_settings_from_the_pgn_where_the_registers_are_not_heard() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.frame(0x19F21900 | LYNX, bytes.fromhex("200800000220030000"[:16]), 0.1)
    lynx.frame(0x19F21900 | LYNX, bytes.fromhex("210000FFFFFFFFFF"), 0.1)
    battery = lynx.battery(0.2)
    assert (battery.get("capacity_ah"), battery.get("nominal_voltage_v")) == (800, 24)


def test_registers_not_heard_since_start_are_named() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    assert "0x2108 BMS_IO" in lynx.battery(0.1).unseen
    assert "0xED8D DC_CHANNEL1_VOLTAGE" in lynx.battery(0.1).unseen
    lynx.status(0.2)
    assert "0xED8D DC_CHANNEL1_VOLTAGE" not in lynx.battery(0.2).unseen, "PGN 127508 says the same"


@pytest.mark.parametrize(
    ("product", "count", "nominal", "too_many"),
    [
        (0xA3E5, 20, 24, False), (0xA3E5, 21, 24, True), (0xA3E7, 50, 24, False), (0xA3E7, 51, 12, True),
        (0xA3E7, 25, 48, False), (0xA3E7, 26, 48, True), (0xA3E7, 50, 0, False),
    ],
)  # fmt: skip
def test_more_batteries_than_the_bms_supports(product: int, count: int, nominal: int, too_many: bool) -> None:
    lynx = Listener()
    lynx.identify(0.0, product=product)
    lynx.register(0x0380, f"{count:02x} 04 04 01", 0.1)
    lynx.register(0xEDEF, f"{nominal:02x}", 0.1)
    assert [finding.id for finding in lynx.registry.findings(0.2)] == ["too-many-batteries"] * too_many


def test_the_next_deadline_is_when_something_falls_silent_by_itself() -> None:
    lynx = Listener()
    assert lynx.registry.next_deadline(0.0) is None
    lynx.identify(0.0)
    assert lynx.registry.next_deadline(0.0) == 10.0
    lynx.status(1.0)
    assert lynx.registry.next_deadline(1.0) == 6.0
    assert lynx.registry.next_deadline(6.0) == 11.0
    assert lynx.registry.next_deadline(11.0) == 61.0
    assert lynx.registry.next_deadline(61.0) is None


# --- one battery is one battery -------------------------------------------------------------------------------------


def test_a_battery_on_two_buses_is_published_once_by_the_bus_that_lives() -> None:
    lynx = Listener()
    for bus in ("can0", "can1"):
        lynx.identify(0.0, bus=bus)
        lynx.status(0.0, bus=bus)
    assert [battery.bus for battery in lynx.registry.batteries(0.1)] == ["can0"]
    (finding,) = lynx.registry.findings(0.1)
    assert finding.id == "battery-heard-twice"
    assert "same unique number" in finding.text
    lynx.status(9.0, bus="can1")
    battery = lynx.battery(11.0)
    assert (battery.bus, battery.state, battery.get("voltage_v")) == ("can1", "live", 26.39)


def test_a_copy_with_the_same_serial_is_not_another_battery() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    lynx.identify(0.0, unique_number=99, source=0x50)
    lynx.text(0x010A, "HQ21302VUDQ", 0.0, source=0x50)
    assert [battery.unique_number for battery in lynx.registry.batteries(0.1)] == [167120]
    (finding,) = lynx.registry.findings(0.1)
    assert "same serial" in finding.text


def test_two_batteries_are_two() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.identify(0.0, unique_number=99, source=0x2A)
    assert [battery.unique_number for battery in lynx.registry.batteries(0.1)] == [167120, 99]


def test_a_conflict_about_an_address_is_reported_for_ten_minutes() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    lynx.claim(name_of(200000), 1.0)
    (finding,) = lynx.registry.findings(1.0)
    assert (finding.id, finding.subject, finding.severity) == ("address-conflict", "can0/41", "warning")
    assert lynx.battery(1.0).address == LYNX
    assert [finding.id for finding in lynx.registry.findings(601.0)] == []


def test_a_device_that_says_too_many_different_things_is_reported_and_bounded() -> None:
    lynx = Listener()
    lynx.identify(0.0)
    for battery in range(40):
        for cell in range(40):
            lynx.register(0x0381, f"{battery:02x} {cell:02x} 4F 01", 0.1)
    (node,) = lynx.registry.network("can0").devices
    assert len(node.readings) == 666
    assert node.readings.size <= MOST_SHARE
    lynx.battery(0.1)
    assert node.readings.size <= RESERVED_BYTES
    assert [finding.id for finding in lynx.registry.findings(0.2)] == ["too-many-messages"]


def test_more_devices_than_addresses_are_reported() -> None:
    lynx = Listener()
    for address in range(254):
        lynx.registry.alive("can0", address, 0.0)
    assert [finding.id for finding in lynx.registry.findings(0.0)] == ["too-many-devices", "bms-not-followed"]
    assert lynx.registry.unfollowed(59.0) == {"can0": 1}
    assert lynx.registry.unfollowed(60.0) == {}


def test_values_do_not_change_under_a_reader() -> None:
    lynx = Listener()
    lynx.lynx(0.0)
    before = lynx.battery(0.0)
    lynx.status(1.0, bytes.fromhex("00500A") + STATUS[3:])
    assert before.get("voltage_v") == 26.39
    assert lynx.battery(1.0).get("voltage_v") == 26.4
