"""Frames of a Lynx Smart BMS and its neighbours against the real database, written down apart from it.

Real frames: canboat samples/victron-61184-vreg.raw (a GX at 227), sixfathoms/lplex pgn/proprietary_test.go. Vendor:
Victron, VE.Can registers public, v20. The others are made by hand from the register descriptions in gui-v2@3b94597
velib/inc/velib, with values of recorded systems (venus-docker simulations).
"""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from tests.core.nmea2000.products import introduce

DB = database()
LYNX_500 = 0xA3E5

# register frame from 0x29, values in the order of the fields (texts where the value has one)
REGISTERS = [
    # real
    ("66990220F8040000", (12.72,)),
    ("66991C2010F5FFFF", (-2.8,)),
    ("6699FF0F10270000", (100.0,)),
    ("66998FED21000000", (3.3,)),
    ("6699000203000000", ("on",)),
    ("6699FFEE00000000", (0.0,)),
    ("6699010300000000", (0.0,)),
    # vendor
    ("6699110228000000", (4.0,)),
    ("6699100278000000", (12.0,)),
    ("669901020A000000", ("assisting",)),
    # by hand
    ("669900032EFBFFFF", (-123.4,)),
    ("66998DED4F0A0000", (26.39,)),
    ("66998EEDF0FF0000", (-16,)),
    ("6699FE0F40380000", (14400,)),
    ("6699022109000000", ("running",)),
    ("6699012100000000", ("none",)),
    ("6699082195150000", ("yes", "yes", "yes", "no", "yes", "yes", "yes")),
    ("669985034F015301", (3.35, 3.39)),
    ("669986032D73A573", (294.85, 296.05)),
    ("6699900318150000", (54.0,)),
    ("66999103F4010000", (50.0,)),
    ("6699930370170000", (600.0,)),
    ("6699920340100000", (41.6,)),
    ("66990120B40A0000", (27.4,)),
    ("66991520401F0000", (800.0,)),
    ("669911212CEF2168", (1747054380,)),
    ("66999003FFFFFFFF", (None,)),
    ("6699860300000000", (None, None)),
]


def decode(frame: str, product: int = LYNX_500) -> tuple[object, ...]:
    decoder = Decoder()
    introduce(decoder, 0x29, product)
    message = decoder.feed(0x1CEFFF29, bytes.fromhex(frame), 0.0)
    assert message is not None, frame
    layout, _, _, values, _ = message
    return tuple(DB.text(field, value) or value for field, value in zip(layout.fields, values, strict=True))


@pytest.mark.parametrize(("frame", "values"), REGISTERS)
def test_registers(frame: str, values: tuple[object, ...]) -> None:
    assert decode(frame) == values


def said(frame: str) -> dict[str, object]:
    decoder = Decoder()
    introduce(decoder, 0x29, LYNX_500)
    message = decoder.feed(0x1CEFFF29, bytes.fromhex(frame), 0.0)
    assert message is not None
    return {
        field.name: DB.text(field, value) or value for field, value in zip(message[0].fields, message[3], strict=True)
    }


def test_warnings_and_alarms_of_a_recorded_lynx_500() -> None:
    # 0x1455: cable and high temperature unsupported, the rest ok, as the D-Bus paths of a recorded LSB 500 have it.
    found = said("6699072155140000")
    assert found["bms_cable"] == "unsupported"
    assert found["high_temperature"] == "unsupported"
    assert {
        found[name] for name in ("low_cell_voltage", "high_current", "contactor", "load_disconnect", "low_soc")
    } == {"ok"}


def test_network_mode_of_a_gx_with_a_bms() -> None:
    found = said("66990E200D000000")
    assert [name for name, value in found.items() if value == "yes"] == ["networked", "external_control", "remote_bms"]


def test_last_errors_and_distributors() -> None:
    assert list(said("6699102124020202").values())[1:] == ["no batteries"] * 3
    assert list(said("6699502171000000").values())[:4] == [
        "connected", None, "communication lost", "connected",
    ]  # fmt: skip
    assert list(said("669952217A000000").values())[:3] == ["ok", "ok", "blown"]


@pytest.mark.parametrize(
    ("frame", "raw"),
    [
        ("6699000100E5A300", (0, LYNX_500, 0)),
        ("6699020100FF0201", (0, 0x0102FF)),  # v1.02
        ("6699020100FF0601", (0, 0x0106FF)),  # v1.06
        ("6699020100011101", (0, 0x011101)),  # v1.11-beta-01
    ],
)
def test_identity(frame: str, raw: tuple[int, ...]) -> None:
    assert decode(frame) == raw


PGNS = [
    ("19F21429", ["004F0AFDFF5F7311"], {"voltage": 26.39, "current": -0.3, "temperature": 295.35, "sid": 0x11}),
    ("19F21429", ["004F0AA2FFFFFF07"], {"voltage": 26.39, "current": -9.4, "temperature": None, "sid": 7}),
    (
        "19F21229",
        ["200911000063FF40", "2138FFFFFFFFFFFF"],
        {
            "sid": 0x11,
            "state_of_charge": 99,
            "state_of_health": None,
            "time_remaining": 14400,
            "remaining_capacity": None,
        },
    ),
    (
        "19F21229",
        ["600B11000063FF40", "6138FFFFFFFFFFFF"],
        {"state_of_charge": 99, "time_remaining": 14400, "remaining_capacity": None},
    ),
    (
        "18EEFF29",
        ["D08CC22C00AA46C0"],
        {"unique_number": 167120, "manufacturer": 358, "function": 170, "device_class": 35},
    ),
    ("1DEFFF29", ["401066990A014851", "4132313330325655", "42445100FFFFFFFF"], {"serial_number": "HQ21302VUDQ"}),
    ("1DEFFF29", ["A00D66996021496E", "A176657274657200"], {"distributor_a_fuse1_name": "Inverter"}),
]


@pytest.mark.parametrize(("can_id", "frames", "values"), PGNS)
def test_pgns_and_long_registers(can_id: str, frames: list[str], values: dict[str, object]) -> None:
    decoder = Decoder()
    messages = [decoder.feed(int(can_id, 16), bytes.fromhex(frame), 0.0) for frame in frames]
    assert messages[:-1] == [None] * (len(frames) - 1)
    assert messages[-1] is not None
    layout, _, _, found, _ = messages[-1]
    heard = {field.name: value for field, value in zip(layout.fields, found, strict=True)}
    assert {name: heard[name] for name in values} == values
