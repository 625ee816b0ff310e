"""Every field of the database that sounds like an identity was decided upon."""

from __future__ import annotations

import re

import pytest

from gxbridge.core.capture.private_fields import FIELDS, maker_text, treatment_of, version_text, vocabulary_of
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.field import FieldInfo

DB = database()
ALL = [
    field
    for table, number in [
        *((DB.pgns, pgn) for pgn in DB.pgns),
        *((DB.registers, register) for register in DB.registers),
    ]
    for field in (table[number].fields if table is DB.pgns else [f for v in DB.variants(number) for f in v.fields])
]
SOUNDS = re.compile(
    r"serial|unique|ucn|mmsi|imei|latitude|longitude|position|altitude|variation|owner|user|name|pin$|password|key|"
    r"token|mac_|address|vin$|phone|station|place"
)
HARMLESS = {
    "throttle_position_sensor",  # a flag
    "user_relay_active",  # a relay
    "chr_user_yield", "link_user_yield", "yield_user",  # energy since the user's reset
    "arbitrary_address_capable", "reference_stations", "reference_station_type",
}  # fmt: skip
VOCABULARY = vocabulary_of(DB)


def test_every_number_that_sounds_like_an_identity_is_decided_upon() -> None:
    doubtful = {field.name for field in ALL if field.is_number and SOUNDS.search(field.name)}
    assert {name for name in doubtful if name not in FIELDS} - HARMLESS == set()


def test_no_text_and_no_raw_bytes_pass_by_default() -> None:
    passing = {field.name for field in ALL if not field.is_number and treatment_of(field) == "keep"}
    assert passing == set()
    assert treatment_of(FieldInfo("anything", "string", 0, 0)) == "name"
    assert treatment_of(FieldInfo("anything", "lau", 0, 0)) == "name"
    assert treatment_of(FieldInfo("anything", "bytes", 0, 0)) == "blank"
    assert treatment_of(FieldInfo("voltage", "unsigned", 0, 16)) == "keep"


def test_the_table_names_fields_that_there_are() -> None:
    assert set(FIELDS) <= {field.name for field in ALL}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Lynx Smart BMS 500", "Lynx Smart BMS 500"),
        ("SmartSolar Charger MPPT 150/70", "SmartSolar Charger MPPT 150/70"),
        ("MultiPlus-II 24/3000/70-32", "MultiPlus-II 24/3000/70-32"),
        ("SmartShunt 500A/50mV", "SmartShunt 500A/50mV"),
        ("MPPT 12345678/1", "MPPT xxxxxxxxxx"),
        ("Lynx  Vega BMS", "Lynx  xxxx BMS"),
        ("Bob's gateway", "xxxxx xxxxxxx"),
        ("", ""),
    ],
)
def test_of_a_makers_text_known_words_stay(text: str, left: str) -> None:
    assert maker_text(text, VOCABULARY) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("v1.13", "v1.13"), ("2.85.0", "2.85.0"), ("1.00-rc1", "1.00-rc1"), ("123", "123"),
        ("HQ2132ABCDE", "xxxxxxxxxxx"), ("12345678", "xxxxxxxx"), ("1234 5678 9", "xxxx xxxx x"), ("Vega 2", "xxxx x"),
    ],
)  # fmt: skip
def test_of_versions_what_looks_like_one_stays(text: str, left: str) -> None:
    assert version_text(text) == left
