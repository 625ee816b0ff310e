"""PGN 126208: its parameters by the PGN that they belong to, on messages as buses carry them, and cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nmea2000 import backend

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.group_function import GROUP_FUNCTION_PGN, parameters_of, slots

DB = database()


def said(payload: str) -> dict[str, FieldValue]:
    found = parameters_of(DB, DB.pgns[GROUP_FUNCTION_PGN].read(bytes.fromhex(payload)))
    assert len({field.name for field, _ in found}) == len(found)
    return {field.name: value for field, value in found}


MESSAGES = [
    # A GX sets the lower device instance of a device to 2 (velib prod_data_cm.c).
    ("01 00EE00 F8 01 03 02", {"priority": 8, "number_of_parameters": 1, "device_instance_lower": 2}),
    # Device and system instance in one command; field 6 of the NAME is a reserved bit, and counts.
    (
        "01 00EE00 F8 03 03 01 04 00 08 05",
        {
            "priority": 8,
            "number_of_parameters": 3,
            "device_instance_lower": 1,
            "device_instance_upper": 0,
            "system_instance": 5,
        },
    ),
    # The installation descriptions: texts with a length of their own.
    (
        "01 16F001 F8 02 01 07 01 486F757365 02 02 01",
        {
            "priority": 8,
            "number_of_parameters": 2,
            "installation_description_1": "House",
            "installation_description_2": "",
        },
    ),
    (
        "00 14F201 E8030000 6400 02 01 01 04 D872",
        {
            "transmission_interval": 1.0,
            "transmission_interval_offset": 1.0,
            "number_of_parameters": 2,
            "instance": 1,
            "temperature": 294.0,
        },
    ),
    (
        "00 14F001 FFFFFFFF FFFF 00",
        {"transmission_interval": None, "transmission_interval_offset": None, "number_of_parameters": 0},
    ),
    (
        "02 00EE00 10 03 30 F5",
        {
            "pgn_answer": 0,
            "interval_or_priority_answer": 1,
            "number_of_parameters": 3,
            "parameter_1_answer": 0,
            "parameter_2_answer": 3,
            "parameter_3_answer": 5,
        },
    ),
    (
        "03 14F201 07 01 02 01 00 02 03",
        {
            "unique_id": 7,
            "number_of_selection_pairs": 1,
            "number_of_parameters": 2,
            "selected_instance": 0,
            "fields": "voltage, current",
        },
    ),
    (
        "04 14F201 07 01 01 01 00 02 4F0A",
        {
            "unique_id": 7,
            "number_of_selection_pairs": 1,
            "number_of_parameters": 1,
            "selected_instance": 0,
            "voltage": 26.39,
        },
    ),
    (
        "05 14F201 08 01 01 01 00 01 05",
        {
            "unique_id": 8,
            "number_of_selection_pairs": 1,
            "number_of_parameters": 1,
            "selected_instance": 0,
            "instance": 5,
        },
    ),
    # A manufacturer's own PGN names its manufacturer; what its fields are is not known beyond the header.
    (
        "06 00FF01 6699 09 00 01 01 6601",
        {
            "manufacturer": 358,
            "industry_group": 4,
            "unique_id": 9,
            "number_of_selection_pairs": 0,
            "number_of_parameters": 1,
            "manufacturer_2": 358,
        },
    ),
    ("01 01F201 F8 01 0B 0600", {"priority": 8, "number_of_parameters": 1, "over_temperature": 1, "water_flow": 0}),
    ("01 14F001 F8 01 04 3132" + "20" * 30, {"priority": 8, "number_of_parameters": 1, "software_version": "12"}),
    # The same field twice, and one that has the name of a field of the message itself.
    (
        "01 00EA00 F8 02 01 00EE00 01 14F001",
        {"priority": 8, "number_of_parameters": 2, "pgn_2": 60928, "pgn_3": 126996},
    ),
]


@pytest.mark.parametrize(("payload", "says"), MESSAGES)
def test_parameters_are_read_by_the_pgn_they_belong_to(payload: str, says: dict[str, FieldValue]) -> None:
    found = said(payload)
    assert {name: found[name] for name in says} == says
    assert set(found) - set(says) <= {field.name for field in DB.pgns[127489].fields}


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        ("01 3412F0 F8 01 01 05", ["priority", "number_of_parameters"]),  # a PGN that is not known
        ("01 14F201 F8 01 09 05", ["priority", "number_of_parameters"]),  # it has no field 9
        ("01 14F201 F8 01 00 05", ["priority", "number_of_parameters"]),  # nor one of number 0
        ("01 14F201 F8 02 01 05 02 4F", ["priority", "number_of_parameters", "instance"]),  # cut in a value
        ("01 14F201 F8", ["priority"]),
        ("01 14F201 F8 01", ["priority", "number_of_parameters"]),
        ("03 14F201 07 01", []),
        ("09 14F201 07 01 02 03", []),  # no such function
        ("01 14F2", []),
        ("03 14F201 07 00 02 02 63", ["unique_id", "number_of_selection_pairs", "number_of_parameters", "fields"]),
    ],
)
def test_what_is_not_understood_is_left_out(payload: str, names: list[str]) -> None:
    assert list(said(payload)) == names


def test_a_field_to_read_that_is_not_known_or_reserved_is_its_number() -> None:
    assert said("03 00EE00 07 00 03 01 06 63")["fields"] == "unique_number, 6, 99"


@given(st.integers(0, 7), st.sampled_from([*DB.pgns, 1, 0xFF00]), st.binary(max_size=40))
def test_rubbish_never_raises(code: int, pgn: int, rest: bytes) -> None:
    found = parameters_of(DB, (code, pgn, rest))
    assert len({field.name for field, _ in found}) == len(found)


REPEATED = {127503: 12, 127504: 12, 126464: 1}
"""Fields before those that canboat describes once for all repetitions."""
OTHERS = {126208, 126998, 59392, 65280, 65281}
"""Those that depend on their content or are texts of any length, and those that canboat has without their fields."""


@pytest.mark.parametrize(
    "pgn", [pgn for pgn in DB.pgns if pgn not in OTHERS and not DB.pgns[pgn].name.startswith("rvc_")]
)
def test_the_numbers_of_fields_are_those_of_canboat(pgn: int) -> None:
    message = backend.decode(pgn, bytes(DB.pgns[pgn].length), 1, 255, 6, "native")
    assert message is not None
    theirs = [field.type.name in ("RESERVED", "SPARE") for field in message.fields if field.id != "##list##"]
    ours = [not fields for _, _, fields in slots(DB, pgn)][: REPEATED.get(pgn)]
    assert ours == theirs[: len(ours)]
    assert all(theirs[len(ours) :])
