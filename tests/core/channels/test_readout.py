"""Instant Readout: every public vector, what must be refused, and that nothing received by Bluetooth can ever allow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.readout.advertisement import (
    AdvertisedValues,
    Advertisement,
    DeviceKey,
    KeyProblem,
    Refusal,
    open_advertisement,
    parse,
)
from gxbridge.core.channels.readout.aes import encrypt_block
from gxbridge.core.channels.readout.records import RECORDS
from gxbridge.core.model.permission import Restriction

SHUNT = "aff4d0995b7d1e176c0c33ecb9e70dcd"
VEBUS = "da3f5fa2860cb1cf86ba7a6d1d16b9dd"
OURS = "00112233445566778899aabbccddeeff"

LYNX_FINE = {
    "error": 0, "time_to_go_min": 14400, "voltage_v": 26.99, "current_a": -0.6,
    "contactor_closed": True, "allowed_to_charge": True, "allowed_to_discharge": True, "relay_active": False,
    "aux_output_on": True, "remote_enabled": True, "alternator_allowed": True,
    "low_cell_voltage_alarm": 0, "high_current_alarm": 0, "high_bms_temperature_alarm": 0, "contactor_alarm": 0,
    "bms_cable_alarm": None, "load_disconnect_alarm": 0, "low_soc_alarm": 0, "high_temperature_alarm": None,
    "soc_percent": 99.5, "consumed_ah": -4.4, "temperature_c": None, "pre_alarm": False,
}  # fmt: skip

# Public vectors with their keys, from the tests of keshavdv/victron-ble (c721522).
PUBLIC: list[tuple[str, str, str, str, dict[str, Any]]] = [
    (
        "SmartShunt", SHUNT, "100289a302b040af925d09a4d89aa0128bdef48c6298a9", "ffffe50400000000030000f40140df",
        {"time_to_go_min": None, "voltage_v": 12.53, "current_a": 0.0, "consumed_ah": -50.0, "soc_percent": 50.0,
         "alarm": (), "starter_voltage_v": None, "temperature_c": None},
    ),
    (
        "Battery Sense", "0da694539597f9cf6c613cde60d7bf05", "1000a4a3025f150d8dcbff517f30eb65e76b22a04ac4e1",
        "ffffc60400007d73feff7fffffffff",
        {"voltage_v": 12.22, "temperature_c": 22.5, "current_a": None, "soc_percent": None, "consumed_ah": None},
    ),
    (
        "VE.Bus, float", VEBUS, "100380270c1252dad26f0b8eb39162074d140df410", "0500e800a505b305b02000c8ff",
        {"state": "float", "error": 0, "voltage_v": 14.45, "current_a": 23.2, "ac_input": "AC input 1",
         "ac_input_power_w": 1459, "ac_output_power_w": 1046, "temperature_c": 32, "soc_percent": None, "alarm": 0},
    ),
    (
        "VE.Bus, inverting", VEBUS, "100380270ce1b2dabd34912a6ecec963899227a220", "0900c5ffdb840000680100c6ff",
        {"state": "inverting", "voltage_v": 12.43, "current_a": -5.9, "ac_input": "not connected"},
    ),
    (
        "BatteryProtect", "fac570d66380b797a5b7543758be00e4", "1080b0a3093523fadedea38b1af8bcbde91ca8b6dbb60e",
        "f90100000000001b051b0500000000",
        {"state": "active", "output_state": "on", "input_voltage_v": 13.07, "output_voltage_v": 13.07, "alarm": (),
         "warning": (), "off_reason": (), "error": 0},
    ),
    (
        "DC meter", SHUNT, "100289a30d787fafde83ccec982199fd815286", "fdffe4040000ffff000000",
        {"voltage_v": 12.52, "current_a": 0.0, "starter_voltage_v": None, "meter_kind": -3},
    ),
    (
        "Orion Tr", "64ba49f1a8562e45197a8e1fe50d7658", "1000c0a304121d64ca8d442b90bbdf6a8cba",
        "00002305ff7f80000000",
        {"state": "off", "error": 0, "input_voltage_v": 13.15, "output_voltage_v": None,
         "off_reason": ("engine not running",)},
    ),
    (
        "MPPT", "adeccb947395801a4dd45a2eaa44bf17", "100242a0016207adceb37b605d7e0ee21b24df5c",
        "04006c050e000300130000fe",
        {"state": "absorption", "voltage_v": 13.88, "current_a": 1.4, "yield_today_kwh": 0.03, "pv_power_w": 19,
         "load_current_a": 0.0},
    ),
    # Ours: the public plaintext of a Lynx sealed again, a constructed low cell, and a record without any value.
    (
        "Lynx", OURS, "1002e5a30a3412003ab8ba7e2766b9f3b2d9dbd4f6a45678", "0040388b0afaff951555148ccf0200ff", LYNX_FINE,
    ),
    (
        "Lynx, low cell", OURS, "1002e4a30a351200a80222f16624a25edf3c1fab171978dd", "001e00ce0939fe6525572d25a1a500c1",
        {"voltage_v": 25.10, "current_a": -45.5, "time_to_go_min": 30, "allowed_to_discharge": False,
         "allowed_to_charge": True, "alternator_allowed": False, "low_cell_voltage_alarm": 2,
         "load_disconnect_alarm": 2, "low_soc_alarm": 1, "high_temperature_alarm": 0, "soc_percent": 7.3,
         "consumed_ah": -265.0, "temperature_c": 25, "pre_alarm": False},
    ),
    (
        "Lynx, nothing known", OURS, "1002e6a30affff001d3a8dd2b30e21a875cdecb7086a017d",
        "00ffffff7fff7f00000000fcffffffff",
        dict.fromkeys(LYNX_FINE) | {"error": 0},
    ),
]  # fmt: skip

PLAIN: list[tuple[int, str, dict[str, Any]]] = [
    (0x0A, "0040388b0afaff951555148ccf0200ff", LYNX_FINE),
    (
        0x05, "000000060000c7e3f1f8ffffff2c35b5",
        {"allowed_to_charge": True, "allowed_to_discharge": True, "pre_alarm": False, "flags": (), "errors": (),
         "cells_v": (3.31, 3.31, 3.31, 3.31, None, None, None, None), "voltage_v": 13.24, "balancer": "imbalance",
         "temperature_c": 13},
    ),
    (
        0x05, "00000006000047a3d1682c1a8d500acd",
        {"cells_v": (3.31, 3.30, 3.30, 3.30, 3.30, 3.29, 3.30, 3.30), "voltage_v": 26.40, "balancer": "unknown",
         "temperature_c": 37},
    ),
    (
        0x05, "000000060000cce592b95c2e997b1ad0",
        {"cells_v": (3.36, 3.35, 3.35, 3.36, 3.35, 3.35, 3.35, 3.36), "voltage_v": 26.83, "balancer": "balanced",
         "temperature_c": 40},
    ),
    # Smart BMS 12/200, the one sample in public (14 bytes)
    (0x0E, "000000e804e704bf040018251100", {"v1_v": 12.56, "v2_v": 12.55, "v3_v": 12.15}),
]  # fmt: skip


def opened(advertisement: str, key: str) -> AdvertisedValues:
    reading = open_advertisement(bytes.fromhex(advertisement), DeviceKey.from_text(key))
    assert isinstance(reading, AdvertisedValues), reading
    return reading


def seal(record: int, plain: bytes, key: bytes = b"k" * 16, nonce: int = 7, product: int = 0xA3E5) -> bytes:
    """An advertisement of our own making."""
    stream = encrypt_block(key, nonce.to_bytes(2, "little") + bytes(14))
    head = b"\x10\x02" + product.to_bytes(2, "little") + bytes([record]) + nonce.to_bytes(2, "little") + key[:1]
    return head + bytes(a ^ b for a, b in zip(plain, stream, strict=False))


@pytest.mark.parametrize(("_name", "key", "advertisement", "plain", "expected"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_the_vectors(_name: str, key: str, advertisement: str, plain: str, expected: dict[str, Any]) -> None:
    reading = opened(advertisement, key)
    assert reading.plain.hex() == plain
    assert {name: reading.values[name] for name in expected} == expected


@pytest.mark.parametrize(("record", "plain", "expected"), PLAIN)
def test_the_published_plaintexts(record: int, plain: str, expected: dict[str, Any]) -> None:
    values = RECORDS[record].decode(bytes.fromhex(plain))
    assert {name: values[name] for name in expected} == expected


def test_the_container_names_product_record_and_nonce() -> None:
    sealed = parse(bytes.fromhex("1002e5a30a3412003ab8ba7e2766b9f3b2d9dbd4f6a45678"))
    assert isinstance(sealed, Advertisement)
    assert (sealed.product_id, sealed.record, sealed.nonce, sealed.key_check) == (0xA3E5, 0x0A, 0x1234, 0x00)
    assert parse(b"\xe1\x02" + bytes.fromhex("1002e5a30a3412003ab8ba7e2766b9f3b2d9dbd4f6a45678")) == sealed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "not-victron"),
        ("e102", "not-victron"),
        ("0002e5a30a34120000", "not-victron"),
        ("1002e5a30a341200", "short"),
        ("1002e5a3ff34120000", "not-encrypted"),
        ("1002e5a30a341200" + "00" * 17, "too-long"),
        ("1002e5a37f34120000", "unknown-record"),
        ("1002e5a30334120000", "unknown-record"),
        ("100289a302bb01af129087600b9b97bc2c32867c8238da", "wrong-key"),
    ],
)
def test_what_cannot_be_opened_says_why(data: str, reason: str) -> None:
    refusal = open_advertisement(bytes.fromhex(data), DeviceKey.from_text(OURS))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert refusal.text
    assert OURS not in refusal.text


def test_a_longer_record_than_known_is_read_and_a_shorter_one_is_not_invented() -> None:
    whole = bytes.fromhex("0040388b0afaff951555148ccf0200ff")
    values = RECORDS[0x0A].decode(whole[:5])
    assert (values["voltage_v"], values["time_to_go_min"]) == (26.99, 14400)
    assert (values["current_a"], values["allowed_to_charge"], values["soc_percent"], values["pre_alarm"]) == (None,) * 4
    assert RECORDS[0x05].decode(b"")["cells_v"] == (None,) * 8
    assert RECORDS[0x05].decode(b"")["allowed_to_charge"] is None


def test_battery_flags_and_errors_by_name() -> None:
    values = RECORDS[0x05].decode((1 << 27 | 1 << 11 | 1 << 30).to_bytes(4, "little") + b"\x0c\x00")
    assert (values["allowed_to_charge"], values["allowed_to_discharge"], values["pre_alarm"]) == (False, False, True)
    assert values["flags"] == ("under-voltage alarm", "bit 30")
    assert values["errors"] == ("cell voltages of neighbours differ",)


def test_the_ends_of_the_cell_scale() -> None:
    packed = 0 | 126 << 7 | 127 << 14
    values = RECORDS[0x05].decode(bytes(6) + packed.to_bytes(7, "little") + b"\xff" * 3)
    assert values["cells_v"][:3] == (2.60, 3.86, None)  # type: ignore[index]


@pytest.mark.parametrize(
    ("raw", "mode", "expected"),
    [
        (1252, 0, ("starter_voltage_v", 12.52)),
        (0xFFF6, 0, ("starter_voltage_v", -0.1)),
        (2600, 1, ("midpoint_voltage_v", 26.0)),
        (29565, 2, ("temperature_c", 22.5)),
        (1252, 3, None),
        (0xFFFF, 1, None),
    ],
)
def test_the_auxiliary_input_of_a_monitor(raw: int, mode: int, expected: tuple[str, float] | None) -> None:
    plain = bytes.fromhex("ffffe5040000") + raw.to_bytes(2, "little") + bytes([mode]) + b"\xff" * 6
    values = RECORDS[0x02].decode(plain)
    shown = {
        n: values[n] for n in ("starter_voltage_v", "midpoint_voltage_v", "temperature_c") if values[n] is not None
    }
    assert shown == (dict([expected]) if expected else {})


def test_a_state_without_a_name_stays_visible() -> None:
    assert RECORDS[0x0C].decode(b"\x63\x00")["state"] == "unknown (99)"


def test_nothing_consumed_is_zero_and_not_minus_zero() -> None:
    consumed = RECORDS[0x02].decode(bytes(15))["consumed_ah"]
    assert str(consumed) == "0.0"


# Restriction


def test_a_lynx_with_a_low_cell_stops_discharging_and_allows_nothing() -> None:
    row = next(row for row in PUBLIC if row[0] == "Lynx, low cell")
    told = opened(row[2], row[1]).restriction()
    assert told == Restriction(stops_discharge=True, source="Bluetooth, Lynx Smart BMS")


def test_the_warning_of_a_lynx_before_it_disconnects_loads_is_a_pre_alarm() -> None:
    plain = bytearray.fromhex("0040388b0afaff951555148ccf0200ff")
    plain[10] = plain[10] & ~0x0C | 0x08
    reading = open_advertisement(seal(0x0A, bytes(plain)), DeviceKey(b"k" * 16))
    assert isinstance(reading, AdvertisedValues)
    assert reading.restriction().pre_alarm


def test_an_experimental_record_stops_nothing() -> None:
    reading = open_advertisement(seal(0x0E, bytes.fromhex("000000e804e704bf040018251100")), DeviceKey(b"k" * 16))
    assert isinstance(reading, AdvertisedValues)
    assert reading.record.experimental
    assert reading.restriction() == Restriction(source="Bluetooth, Smart BMS (experimental)")


@given(st.sampled_from(sorted(RECORDS)), st.binary(min_size=1, max_size=16))
def test_no_content_raises_and_every_value_is_of_a_known_type(record: int, plain: bytes) -> None:
    reading = open_advertisement(seal(record, plain), DeviceKey(b"k" * 16))
    assert isinstance(reading, AdvertisedValues)
    assert reading.plain == plain
    for value in reading.values.values():
        assert value is None or isinstance(value, int | float | str | tuple)
    restriction = reading.restriction()
    assert restriction.stops_charge == (reading.values.get("allowed_to_charge") is False)


@given(st.binary(max_size=40))
def test_no_bytes_from_the_air_raise(data: bytes) -> None:
    assert isinstance(open_advertisement(data, DeviceKey(b"\x00" * 16)), AdvertisedValues | Refusal)


# Keys


@pytest.mark.parametrize("text", [OURS, OURS.upper(), "00:11:22:33-44 55 66 77 88 99 aa bb cc dd ee ff\n"])
def test_a_key_may_be_written_as_people_copy_it(text: str) -> None:
    assert DeviceKey.from_text(text) == DeviceKey(bytes.fromhex(OURS))


@pytest.mark.parametrize(
    ("text", "message"), [(OURS[:-1], "this one has 31"), ("", "this one has 0"), ("g" + OURS[1:], "other characters")]
)
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(text: str, message: str) -> None:
    with pytest.raises(KeyProblem, match=message) as caught:
        DeviceKey.from_text(text)
    assert OURS[2:12] not in str(caught.value)


def test_a_key_of_bytes_must_have_sixteen() -> None:
    with pytest.raises(KeyProblem, match="16 bytes"):
        DeviceKey(b"short")


def test_a_key_never_shows_itself() -> None:
    key = DeviceKey.from_text(OURS)
    for shown in (repr(key), str(key), f"{key}"):
        assert "0011" not in shown
        assert "\\x11" not in shown
