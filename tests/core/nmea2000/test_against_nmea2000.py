"""Two implementations check each other: the standard PGNs here and in the `nmea2000` package (canboat's definitions).

Thousands of payloads are made, random and with the codes at the ends of the ranges. Every difference must fall under
one of the reasons below; anything else is a bug in one of the two, and this test fails until we know in which.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator

import pytest
from nmea2000 import backend
from nmea2000.message import NMEA2000Field

from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue

DB = database()

LEFT_OUT = {
    126208: "its fields depend on the function code; we keep the parameters as bytes, they choose among variants",
    126464: "a list of PGNs; we keep it as bytes",
    127489: "we have the status bits one by one, they have words",
    65280: "proprietary: canboat has no definition of Victron's",
    65281: "proprietary: canboat has no definition of Victron's",
    126998: "texts of random bytes are broken texts; tests/core/nmea2000/test_field.py has good and broken ones",
}
PGNS = [pgn for pgn in sorted(DB.pgns) if pgn not in LEFT_OUT and not DB.pgns[pgn].name.startswith("rvc_")]
"""RV-C is no part of NMEA 2000."""

SECONDS = {"min": 60, "ms": 0.001, "h": 3600}
"""The package gives all times in seconds; we keep the table's unit."""

EDGES = [
    bytes.fromhex(text)
    for text in ("FF", "FE", "FD", "FFFF", "FEFF", "FDFF", "FF7F", "FE7F", "FD7F", "0000", "FFFFFFFF")
]
EDGES += [bytes.fromhex(text) for text in ("FEFFFFFF", "FFFFFF7F", "0080", "FFFF7F")]


def payloads(size: int) -> Iterator[bytes]:
    chance = random.Random(size)
    yield from (bytes((byte,)) * size for byte in (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF))
    for _ in range(120):
        payload = bytearray(chance.randbytes(size))
        for _ in range(chance.randrange(4)):
            at, edge = chance.randrange(size), chance.choice(EDGES)
            payload[at : at + len(edge)] = edge
        yield bytes(payload[:size])


def their_fields(pgn: int, payload: bytes) -> list[NMEA2000Field]:
    """Fields in order, repeated groups one after the other, without reserved bits."""
    message = backend.decode(pgn, payload, 1, 255, 6, "native")
    assert message is not None
    found: list[NMEA2000Field] = []
    for field in message.fields:
        found += [entry for group in field.value for entry in group.values()] if field.id == "##list##" else [field]
    return [field for field in found if field.type.name not in ("RESERVED", "SPARE")]


def plain(value: object) -> object:
    """Their dates as days since 1970, and their times of day as seconds."""
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    if isinstance(value, datetime.time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    return value


def raw_of(field: FieldInfo, value: FieldValue) -> int | None:
    """The raw number of one of our values."""
    if not isinstance(value, int | float):
        return None
    return round((value * field.denominator - field.addend) / field.numerator)


def reason(pgn: int, ours: FieldInfo, value: FieldValue, theirs: NMEA2000Field, other: object) -> str | None:
    """Why the two may differ here."""
    top = (1 << (ours.length - (ours.kind == "signed"))) - 1
    if ours.enum is not None:
        # They give the raw number of an enumeration with the name None; we say "not available".
        return "enumeration, not available" if value is None and other in ours.missing else None
    if isinstance(ours.missing, range):
        return "what begins with 0xFB or more is no value in J1939" if value is None else None
    if (pgn, ours.name) == (127508, "temperature") and value is None and other == 0:
        return "0 K: a sensor that was never connected; we do not take it for a temperature"
    if ours.name == "pgn":
        masked = int(value) & ~0xFF if isinstance(value, int) and value >> 8 & 0xFF < 240 else value
        return "they drop the low byte of an addressable PGN inside a payload" if other == masked else None
    if ours.name == "load_equivalency":
        return "they count in steps of 50 mA" if value == (None if other is None else int(str(other)) * 50) else None
    if ours.kind == "string":
        # Padding: control characters for us, @ (as in AIS) for them; an empty text is one for us, nothing for them.
        padding = "".join(map(chr, range(0x21))) + "\xff@"
        mine, yours = (text.rstrip(padding) if isinstance(text, str) else "" for text in (value, other))
        return "padding, or control characters made plain" if mine == printable(yours).rstrip(padding) else None
    if ours.name == "time" and isinstance(value, float):
        same = other in (None, int(value)) or value >= 86_400
        return "they drop the fraction of a second, and what is no time of day" if same else None
    if other is None and value is not None:
        raw = raw_of(ours, value)
        if raw == top - 2 and ours.length >= 8:
            return "all ones less two: reserved in the standard; the tables we follow name only the two codes above"
        if raw == top - 1 and ours.length == 4:
            return "the second highest of four bits is reserved; the tables we follow name only the highest"
        if ours.unit in ("rad", "deg", "rad/s"):
            return "canboat limits angles to a circle and positions to the earth; we show what is sent"
        if raw in (top, top - 1) and (pgn, ours.name) in WHOLE_RANGE:
            return "every number is one here: an identity or an instance has no code for not available"
        if ours.name.startswith("power_factor") and isinstance(value, float) and abs(value) > 1:
            return "canboat limits the range to -1 to 1; we show what is sent"
    return None


WHOLE_RANGE = {
    (60928, "unique_number"), (60928, "system_instance"), (59392, "group_function"), (127505, "instance"),
}  # fmt: skip


@pytest.mark.parametrize("pgn", PGNS)
def test_both_read_the_same(pgn: int) -> None:
    layout = DB.pgns[pgn]
    for payload in payloads(layout.length):
        if pgn in (127503, 127504):
            payload = payload[:1] + b"\x02" + payload[2:]  # the number of lines that follow
        theirs = their_fields(pgn, payload)
        assert len(theirs) == (len(layout.fields) if pgn not in (127503, 127504) else 2 + 2 * 9)
        for ours, value, other_field in zip(layout.fields, layout.decode(payload), theirs, strict=False):
            is_number = "LOOKUP" in other_field.type.name or ours.enum is not None
            other = other_field.raw_value if is_number else plain(other_field.value)
            mine = value
            if isinstance(value, int | float) and other_field.unit_of_measurement == "s":
                mine = value * SECONDS.get(ours.unit, 1)
            if isinstance(mine, int | float) and isinstance(other, int | float):
                same = mine == pytest.approx(other, rel=1e-9, abs=1e-9)
            else:
                same = mine == other
            why = reason(pgn, ours, value, other_field, other)
            assert same or why, f"{ours.name}: {value!r} here, {other!r} there, payload {payload.hex()}"


def test_what_is_left_out_is_in_the_database() -> None:
    assert set(LEFT_OUT) <= set(DB.pgns)
