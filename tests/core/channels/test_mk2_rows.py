"""Frames of an MK2 trace as messages: names, units, and what stays raw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.vebus.mk2_rows import mk2_message

# Captured and derived frames of test_mk2.py, from header to last data byte.
SAID = [
    ("FF4C", "mk2_request", {"command": "L", "data": b""}),
    ("FF410100", "mk2_address", {"action": 1, "address": 0}),
    (
        "FF5624DB110042",
        "mk2_version",
        {"of": "interface", "number": 1170212, "product_id": "0x1170", "firmware": 212, "mode": 0x42},
    ),
    (
        "200000000083F47C1100",
        "mk2_version",
        {"of": "BMS", "number": 1146100, "product_id": "0x1146", "firmware": 100, "mode": None},
    ),
    (
        "FF4C10400287",
        "mk2_leds",
        {
            "valid": 1,
            "lit": "inverter",
            "blinking": "low battery",
            "alarms": "low battery pre-alarm",
            "vebus_error": 7,
            "blocked": 1,
            "extra": b"",
        },
    ),
    (
        "FF4C1F1F",
        "mk2_leds",
        {
            "valid": 0,
            "lit": "",
            "blinking": "",
            "alarms": None,
            "vebus_error": None,
            "blocked": None,
            "extra": b"",
        },
    ),
    (
        "20F300C8020CA10500000028000088",
        "mk2_dc",
        {"voltage": 14.41, "inverter_current_raw": 0, "charger_current_raw": 40, "period_raw": 0x88},
    ),
    (
        "200101010908EC5A5FFFEC5A0800C3",
        "mk2_ac",
        {
            "kind": 8,
            "state": 9,
            "state_text": "charging",
            "mains_voltage": 232.76,
            "mains_current_raw": -161,
            "inverter_voltage": 232.76,
            "inverter_current_raw": 8,
            "period_raw": 0xC3,
        },
    ),
    ("FF5785C800", "mk2_memory", {"command": "W", "code": 0x85, "value": 200, "data": b"\xc8\x00"}),
    ("FF99", "mk2_raw", {"data": b"\xff\x99"}),
]


@pytest.mark.parametrize(("payload", "name", "values"), SAID)
def test_a_frame_is_a_message_with_named_fields(payload: str, name: str, values: dict[str, object]) -> None:
    layout, source, destination, found, raw = mk2_message(bytes.fromhex(payload))
    assert (layout.kind, layout.name, source, destination, raw.hex().upper()) == ("mk2", name, 0, 255, payload)
    assert dict(zip((field.name for field in layout.fields), found, strict=True)) == values
    assert layout.decode(raw) == found
    units = {field.name: field.unit for field in layout.fields if field.unit}
    assert units == {field: "V" for field in values if field.endswith("voltage")}


def test_the_limits_of_the_inputs_are_in_amperes() -> None:
    layout, _, _, found, _ = mk2_message(bytes.fromhex("4100000000 95 3200 F401 A000 01".replace(" ", "")))
    values = dict(zip((field.name for field in layout.fields), found, strict=True))
    assert (values["minimum"], values["maximum"], values["limit"]) == (5.0, 50.0, 16.0)
    assert (values["active_input"], values["inputs"], values["switches"]) == (1, 1, 1)
    assert (values["limit_overridden"], values["digital_multi_control"], values["remote_panel"]) == (1, 0, 1)


def test_a_state_that_is_not_known_stays_a_number() -> None:
    _, _, _, found, _ = mk2_message(bytes.fromhex("2001010120 08 EC5A5FFFEC5A0800".replace(" ", "")))
    assert found[1:3] == (0x20, None)


@given(st.binary(max_size=40))
def test_whatever_is_in_a_frame_is_shown(payload: bytes) -> None:
    layout, _, _, found, raw = mk2_message(payload)
    assert len(found) == len(layout.fields)
    assert raw == payload
