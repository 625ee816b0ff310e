"""Values to frames: the round trip for every entry of the real database, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.database import SINGLE_PGN, Layout, database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import EncodeError, encode, frames, vreg_frames
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue, text
from gxbridge.core.nmea2000.vreg import VregServices, payload, request
from tests.core import handmade
from tests.core.handmade import field, pgn, vreg
from tests.core.nmea2000.products import introduce

DB = handmade.small()
STATUS, DC = DB.pgns[127508], DB.pgns[127506]
SAYS = {"instance": 0, "voltage": 26.39, "current": -0.3, "temperature": 295.35, "sid": 0x11}


def test_values_become_the_bytes_of_the_table() -> None:
    assert encode(STATUS, SAYS) == bytes.fromhex("004F0AFDFF5F7311")
    assert frames(STATUS, encode(STATUS, SAYS), 0x29) == ((0x1DF21429, bytes.fromhex("004F0AFDFF5F7311")),)
    assert frames(STATUS, encode(STATUS, SAYS), 0x29, priority=6)[0][0] == 0x19F21429


def test_what_is_not_available_gets_its_code() -> None:
    assert encode(STATUS, {"instance": 0, "voltage": 26.39, "current": -9.4, "temperature": None, "sid": 7}) == (
        bytes.fromhex("004F0AA2FFFFFF07")
    )
    assert encode(STATUS, {"instance": 3}) == bytes.fromhex("03FF7FFF7FFFFFFF")


def test_a_register_has_its_header_and_zeros_behind() -> None:
    made = encode(DB.registers[0x2102], {"bms_state": 9})
    assert made == bytes.fromhex("6699022109")
    assert frames(DB.registers[0x2102], made, 0x29) == ((0x1CEFFF29, bytes.fromhex("6699022109000000")),)


def test_a_text_goes_by_fast_packet_and_ends_with_zero() -> None:
    layout = DB.registers[0x010A]
    made = frames(layout, encode(layout, {"serial_number": "HQ21302VUDQ"}), 0x29, sequence=2)
    assert [(f"{can_id:08X}", data.hex()) for can_id, data in made] == [
        ("1DEFFF29", "401066990a014851"),
        ("1DEFFF29", "4132313330325655"),
        ("1DEFFF29", "42445100ffffffff"),
    ]


def test_an_iso_request_has_three_bytes() -> None:
    layout = DB.pgns[59904]
    assert frames(layout, encode(layout, {"pgn": 60928}), 0xFE, priority=6) == ((0x18EAFFFE, b"\x00\xee\x00"),)


def test_requests_can_be_made_from_their_layout_too() -> None:
    asked = encode(VregServices(SINGLE_PGN).request, {"register": 0x0102, "mask": 0xFFFF})
    assert asked == request(0x0102)
    assert vreg_frames(asked, 0x20, 0x40) == ((0x1CEF4020, request(0x0102)),)


def test_a_pgn_of_both_forms_is_a_fast_packet_unless_told() -> None:
    layout = DB.pgns[127507]
    made = encode(layout, {"instance": 1, "battery": 0, "time": 5}, rest=0)
    assert len(made) == 6
    assert frames(layout, made, 1)[0][1][:2] == b"\x00\x06"
    assert frames(layout, made, 1, fast=False)[0][1] == made + b"\xff\xff"
    assert frames(DC, encode(DC, {"instance": 0, "dc_type": 0}), 1, fast=False)[0][1][:2] == b"\x00\x0b"


def test_numbers_are_rounded_to_the_resolution() -> None:
    assert encode(STATUS, {**SAYS, "voltage": 26.3949}) == encode(STATUS, SAYS)
    assert encode(STATUS, {**SAYS, "current": -0.349}) == encode(STATUS, SAYS)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({**SAYS, "voltage": 327.68}, r"voltage: 327.68 is out of range; -327.68 to 327.67 V can be sent"),
        ({**SAYS, "voltage": 327.67}, r"would be read as 'not available'"),
        ({**SAYS, "sid": -1}, r"sid: -1 is out of range; 0 to 255 can be sent"),
        ({**SAYS, "sid": 255}, r"not available"),
        ({**SAYS, "temperature": 0}, r"not available"),
        ({**SAYS, "current": float("nan")}, r"not a number a frame can carry"),
        ({**SAYS, "current": float("inf")}, r"not a number a frame can carry"),
        ({**SAYS, "current": "much"}, r"'much' is not a number"),
        ({**SAYS, "instance": None}, r"instance: has no code for 'not available'"),
        ({"voltage": 1.0}, r"instance: has no code"),
        ({**SAYS, "speed": 1}, r"battery_status has no field speed; its fields are instance, voltage"),
    ],
)
def test_what_cannot_be_said_is_refused(values: dict[str, FieldValue], why: str) -> None:
    with pytest.raises(EncodeError, match=why):
        encode(STATUS, values)


TEXTS = handmade.database_of(
    vreg(1, "VE_REG_NAME", field("name", 0, 32, "string"), field("key", 32, 16, "bytes")),
    vreg(2, "VE_REG_LINE", field("kind", 0, 8), field("line", 8, 0, "string")),
    vreg(3, "VE_REG_BLOB", field("blob", 0, 0, "bytes")),
    vreg(4, "VE_REG_NONE"),
    pgn(126998, "config", *(field(f"text{n}", 0, 0, "lau") for n in range(3)), transport="fast"),
    pgn(130000, "odd", field("lead", 0, 5), field("signed", 5, 6, "signed"), field("word", 16, 16), length=6),
)


def round_trip(layout: Layout, values: dict[str, FieldValue]) -> dict[str, FieldValue]:
    read = layout.decode(encode(layout, values))
    return {known.name: value for known, value in zip(layout.fields, read, strict=True)}


@pytest.mark.parametrize("name", ["", "A", "Fuse", None])
def test_texts_of_fixed_length(name: str | None) -> None:
    values: dict[str, FieldValue] = {"name": name, "key": b"\x01\x02"}
    assert round_trip(TEXTS.registers[1], values) == values


@pytest.mark.parametrize("line", ["", "Küche", "a b", None])
def test_texts_of_open_length(line: str | None) -> None:
    values: dict[str, FieldValue] = {"kind": 7, "line": line}
    assert round_trip(TEXTS.registers[2], values) == values


def test_bytes_of_open_length_and_none_at_all() -> None:
    assert round_trip(TEXTS.registers[3], {"blob": b"\0\1\0"}) == {"blob": b"\0\1\0"}
    assert encode(TEXTS.registers[3], {}) == b"\x66\x99\x03\x00"
    assert encode(TEXTS.registers[4], {}) == b"\x66\x99\x04\x00"


@pytest.mark.parametrize("texts", [("Boat", "", "Küche"), ("a", None, None), (None, None, None)])
def test_laus_one_after_the_other(texts: tuple[str | None, ...]) -> None:
    values: dict[str, FieldValue] = {f"text{n}": value for n, value in enumerate(texts)}
    assert round_trip(TEXTS.pgns[126998], values) == values


def test_bits_without_a_field_are_ones_in_pgns() -> None:
    assert encode(TEXTS.pgns[130000], {"lead": 0, "signed": -1, "word": 0x1234}) == bytes.fromhex("E0FF3412FFFF")


@pytest.mark.parametrize(
    ("layout", "values", "why"),
    [
        (TEXTS.registers[1], {"name": "Fuses", "key": b"12"}, r"'Fuses' has 5 bytes; there is room for 4"),
        (TEXTS.registers[1], {"name": "A ", "key": b"12"}, r"ends in blanks or holds a zero"),
        (TEXTS.registers[1], {"name": 5, "key": b"12"}, r"5 is not text"),
        (TEXTS.registers[1], {"name": "A", "key": b"1"}, r"is not 2 bytes"),
        (TEXTS.registers[1], {"name": "A", "key": None}, r"None is not 2 bytes"),
        (TEXTS.registers[2], {"kind": 1, "line": "a\0b"}, r"holds a zero"),
        (TEXTS.registers[2], {"kind": 1, "line": "\ud800"}, r"cannot be sent"),
        (TEXTS.registers[2], {"kind": 1, "line": "x" * 300}, r"would have 306 bytes; a message holds 223"),
        (TEXTS.registers[3], {"blob": "text"}, r"'text' is not bytes"),
        (TEXTS.registers[4], {"x": 1}, r"its fields are none"),
        (TEXTS.pgns[126998], {"text0": None, "text1": "b"}, r"text0: only the last texts"),
        (TEXTS.pgns[126998], {"text0": 7}, r"7 is not text"),
        (TEXTS.pgns[126998], {"text0": "x" * 254}, r"has 254 bytes; there is room for 253"),
        (TEXTS.pgns[126998], {"text0": "x "}, r"ends in blanks"),
        (VregServices(SINGLE_PGN).write, {"register": 1}, r"no layout to be written by"),
    ],
)
def test_texts_that_cannot_be_sent_are_refused(layout: Layout, values: dict[str, FieldValue], why: str) -> None:
    with pytest.raises(EncodeError, match=why):
        encode(layout, values)


def test_frames_that_cannot_be_are_refused() -> None:
    with pytest.raises(EncodeError, match=r"one frame of 8 bytes; the payload has 9"):
        frames(STATUS, bytes(9), 1)
    with pytest.raises(EncodeError, match=r"1 to 223 bytes, not 224"):
        frames(DC, bytes(224), 1)
    with pytest.raises(EncodeError, match=r"cannot be sent to address 41"):
        frames(STATUS, bytes(8), 1, 41)
    with pytest.raises(EncodeError, match=r"not 300"):
        vreg_frames(payload(1) + bytes(296), 1)


REAL = database()
EVERY = [*REAL.pgns.values(), *(layout for number in REAL.registers for layout in REAL.variants(number))]

TEXT = st.text(max_size=8).filter(lambda value: text(value.encode("utf-8", "surrogatepass")) == value or not value)
"""Text that survives on the wire: no zero inside, no padding at its end."""


def reading(known: FieldInfo, layout: Layout) -> st.SearchStrategy[FieldValue]:
    """Any value that the field can say."""
    if known.kind in ("string", "lau"):
        size = known.length // 8 or 40
        fits = TEXT.filter(
            lambda value: len(value.encode("utf-8", "surrogatepass")) <= size and value == value.rstrip()
        )
        return fits.filter(lambda value: "\ufffd" not in value and value.isprintable())
    if known.kind == "bytes":
        room = 8 - known.offset // 8 if layout.transport == "single" and not layout.header else 40
        return st.binary(min_size=known.length // 8 or 1, max_size=known.length // 8 or room)
    low = -(1 << known.length - 1) if known.kind == "signed" else 0
    raws = st.integers(low, low + (1 << known.length) - 1)
    values = raws.map(known.scaled)
    return values if known.missing else values.filter(lambda value: value is not None)


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: f"{layout.name}{'-'.join(layout.families)}")
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_message_of_the_database_survives_the_round_trip(layout: Layout, data: st.DataObject) -> None:
    values = {known.name: data.draw(reading(known, layout), known.name) for known in layout.fields}
    if layout.name.startswith("rvc_"):  # 0 is no instance, and could be the beginning of a fast packet
        values["instance"] = 1
    elif layout.pgn & 0xFF00 == 0xFF00:  # any other header is another manufacturer's message
        values |= {"manufacturer": 358, "industry_group": 4}
    made = encode(layout, values)
    assert layout.decode(made) == tuple(values.values())
    decoder = Decoder()
    product = next((n for n, p in REAL.products.items() if p.family in layout.families), None)
    if product is not None:
        introduce(decoder, 0x29, product)
    message = None
    for can_id, part in frames(layout, made, 0x29, sequence=data.draw(st.integers(0, 7))):
        assert message is None
        message = decoder.feed(can_id, part, 0.0)
    if layout.register in (1, 2):
        return  # requests and answers: test_decoder
    if message is None:
        assert not layout.fields or layout.min_length > len(made)
        return
    assert message[0].name == layout.name
    assert message[3] == tuple(values.values())


def test_a_value_of_open_length_is_not_filled_up() -> None:
    layout = TEXTS.registers[3]
    assert frames(layout, encode(layout, {"blob": b"\x05"}), 0x29) == ((0x1CEFFF29, bytes.fromhex("6699030005")),)
    assert len(frames(layout, encode(layout, {"blob": bytes(9)}), 0x29)) == 2
