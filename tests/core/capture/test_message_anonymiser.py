"""One message: what identifies is replaced, everything else reads as before, and nothing unaccounted passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.capture import message_anonymiser as module
from gxbridge.core.capture.message_anonymiser import MessageAnonymiser
from gxbridge.core.capture.private_fields import treatment_of
from gxbridge.core.capture.replacements import Replacements
from gxbridge.core.nmea2000.database import Layout, database
from gxbridge.core.nmea2000.encode import encode

DB = database()
LAYOUTS = [DB.pgns[pgn] for pgn in DB.pgns] + [v for register in DB.registers for v in DB.variants(register)]


def anonymous(layout: Layout, payload: bytes, *, keep_unknown: bool = False) -> bytes:
    return MessageAnonymiser(DB, Replacements(), keep_unknown).payload(layout, payload)


def values(layout: Layout, payload: bytes) -> dict[str, Any]:
    return {field.name: value for field, value in zip(layout.fields, layout.read(payload), strict=True)}


@given(st.sampled_from(LAYOUTS), st.binary(max_size=180))
def test_every_message_keeps_its_length_and_every_number_that_is_no_identity(layout: Layout, body: bytes) -> None:
    payload = b"\x66\x99" + (layout.register or 0).to_bytes(2, "little") + body if layout.header else body
    new = anonymous(layout, payload)
    assert len(new) == len(payload)
    before, after = values(layout, payload), values(layout, new)
    for field in layout.fields:
        if treatment_of(field) == "keep":
            assert after[field.name] == before[field.name]
        elif field.kind in ("string", "lau"):
            assert (after[field.name] in ("", None)) == (before[field.name] in ("", None))
    assert new[: layout.header] == payload[: layout.header]


@given(st.sampled_from(LAYOUTS), st.binary(max_size=180), st.integers(0, 1500))
def test_a_bit_that_no_field_accounts_for_never_passes(layout: Layout, body: bytes, flipped: int) -> None:
    """A changed bit outside of the fields that stay changes nothing in the output."""
    payload = b"\x66\x99" + (layout.register or 0).to_bytes(2, "little") + body if layout.header else body
    at = layout.header * 8 + flipped
    if at >= len(payload) * 8:
        return
    fields = [
        field for field in layout.fields
        if field.offset <= flipped < field.offset + field.length or not field.length
    ]  # fmt: skip
    if fields:
        return
    other = (int.from_bytes(payload, "little") ^ 1 << at).to_bytes(len(payload), "little")
    assert anonymous(layout, payload) == anonymous(layout, other)


@given(st.sampled_from(LAYOUTS), st.binary(max_size=180))
def test_doing_it_again_keeps_the_form(layout: Layout, body: bytes) -> None:
    payload = b"\x66\x99" + (layout.register or 0).to_bytes(2, "little") + body if layout.header else body
    once = anonymous(layout, payload)
    twice = anonymous(layout, once)
    assert len(twice) == len(once)
    assert [value is None for value in layout.read(twice)] == [value is None for value in layout.read(once)]


def pgn(number: int, **fields: Any) -> tuple[Layout, bytes]:
    return DB.pgns[number], encode(DB.pgns[number], fields, rest=0)


def test_an_address_claim_keeps_all_but_the_unique_number() -> None:
    layout, payload = pgn(
        60928, unique_number=167120, manufacturer=358, device_instance_lower=1, device_instance_upper=2, function=170,
        device_class=35, system_instance=3, industry_group=4, arbitrary_address_capable=1,
    )  # fmt: skip
    assert values(layout, anonymous(layout, payload)) == values(layout, payload) | {"unique_number": 999999}


def test_the_low_half_of_a_name_and_the_register_have_the_same_number() -> None:
    anonymiser = MessageAnonymiser(DB, Replacements())
    low = 358 << 21 | 167120
    layout, payload = pgn(65280, manufacturer=358, industry_group=4, name_low=low, function=1, device_class=35)
    assert values(layout, anonymiser.payload(layout, payload))["name_low"] == 358 << 21 | 999999
    ucn = DB.registers[0x0107]
    said = encode(ucn, {"ucn": 7 << 21 | 167120}, rest=0)
    assert values(ucn, anonymiser.payload(ucn, said))["ucn"] == 999999


@pytest.mark.parametrize("number", [129025, 129029])
def test_every_place_is_the_same_one(number: int) -> None:
    fields = {"latitude": 52.123456, "longitude": -4.98765}
    if number == 129029:
        fields |= {"altitude": 17.0, "geoidal_separation": 45.0, "reference_station_id": 12, "satellites": 9}
    layout, payload = pgn(number, **fields)
    new = values(layout, anonymous(layout, payload))
    assert (new["latitude"], new["longitude"]) == (0, 0)
    assert new.get("altitude", 0) == new.get("geoidal_separation", 0) == new.get("reference_station_id", 0) == 0
    assert new.get("satellites", 9) == 9


def test_raw_bytes_are_blank() -> None:
    assert anonymous(DB.pgns[65281], b"\x66\x99secret") == b"\x66\x99" + b"\xff" * 6


def test_a_number_that_is_cut_off_does_not_pass() -> None:
    assert anonymous(DB.pgns[60928], b"\xd0\x8c") == b"\xff\xff"


@pytest.mark.parametrize("padding", [b" ", b"\xff", b"\0", b"  \0\xff"])
def test_the_padding_of_a_text_stays(padding: bytes) -> None:
    layout, head = DB.registers[0x010C], b"\x66\x99\x0c\x01"
    assert anonymous(layout, head + b"Vega" + padding) == head + b"n001" + padding


def test_a_place_that_is_not_available_stays_so() -> None:
    layout, payload = pgn(129025)
    assert anonymous(layout, payload) == payload


def test_product_information_keeps_what_says_which_product_it_is() -> None:
    layout, payload = pgn(
        126996, nmea2000_version=2.1, product_code=0xA3E5, model_id="Lynx Smart BMS 500", software_version="v1.13",
        model_version="Vega", serial_code="167120 HQ2132ABCDE", certification_level=1, load_equivalency=2,
    )  # fmt: skip
    new = values(layout, anonymous(layout, payload))
    assert new == values(layout, payload) | {"model_version": "xxxx", "serial_code": "999999 serial-0001"}


def test_product_information_of_132_bytes_is_as_good() -> None:
    layout, payload = pgn(126996, model_id="Lynx Smart BMS 500", serial_code="HQ2132ABCDE")
    assert values(layout, anonymous(layout, payload[:132]))["serial_code"] == "serial-0001"


def test_what_an_earlier_text_left_behind_the_end_does_not_pass() -> None:
    layout, payload = pgn(126996, serial_code="AB12")
    at = payload.index(b"AB12")
    payload = payload[: at + 5] + b"HQ2132ABCDE".ljust(27, b"\xff") + payload[at + 32 :]
    assert b"HQ2132ABCDE" in payload
    assert b"HQ2132ABCDE" not in anonymous(layout, payload)


def test_configuration_information_has_texts_of_both_kinds() -> None:
    layout = DB.pgns[126998]
    payload = encode(layout, {
        "installation_description_1": "Vega of Bob", "installation_description_2": "Bård’s boat",
        "manufacturer_information": "Vega of Bob",
    })  # fmt: skip
    assert values(layout, anonymous(layout, payload)) == {
        "installation_description_1": "name-000001", "installation_description_2": "name-000002",
        "manufacturer_information": "name-000001",
    }  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00",
        b"\x02\x01",
        b"\x30\x01Vega",
        b"\x06\x01Vega\x30\x01secret",
        b"\x03\x00V",
        b"\x04\x00\x20\x00",
        b"\x06\x01Vegatail",
    ],
)
def test_texts_that_are_malformed_do_not_pass(payload: bytes) -> None:
    layout = DB.pgns[126998]
    new = anonymous(layout, payload)
    assert len(new) == len(payload)
    assert not any(word in new for word in (b"Vega", b"secret", b"tail"))
    assert [value is None for value in layout.read(new)] == [value is None for value in layout.read(payload)]


@pytest.mark.parametrize("name", ["B", "Bo", "Boat", "Vega of Bob", "Bård’s boat", "\x07bell", "böt"])
def test_names_of_any_length_and_letters_are_replaced(name: str) -> None:
    layout = DB.registers[0x010C]
    for raw in (name.encode(), name.encode("latin-1", "replace")):
        payload = b"\x66\x99\x0c\x01" + raw + b"\0\t\xff"
        new = anonymous(layout, payload)
        assert len(new) == len(payload)
        assert raw not in new
        assert new.endswith(b"\0\xff\xff")


def test_a_serial_beyond_ascii_is_one_text() -> None:
    layout = DB.registers[0x010A]
    assert anonymous(layout, b"\x66\x99\x0a\x01HQ\xe9 12345") == b"\x66\x99\x0a\x01serial-01"


GROUP = DB.pgns[126208]
GROUPS = [
    ("01 00EE00 F8 01 03 02", "01 00EE00 F8 01 03 02", "an instance stays"),
    ("01 00EE00 F8 02 01 D08C02 03 02", "01 00EE00 F8 02 01 3F420F 03 02", "a unique number is replaced"),
    ("01 01F801 F8 01 01 12345678", "01 01F801 F8 01 01 00000000", "a place is"),
    ("01 16F001 F8 01 01 06 01 56656761", "01 16F001 F8 01 01 06 01 6E303031", "a name is"),
    ("00 14F201 FFFFFFFF FFFF 01 01 00", "00 14F201 FFFFFFFF FFFF 01 01 00", "a request stays"),
    ("02 00EE00 00 03 21 03", "02 00EE00 00 03 21 03", "answers stay"),
    ("02 00EE00 00 03 21 03 56", "02 00EE00 00 03 21 03 FF", "what is too much does not"),
    ("01 14F001 F8 01 02 566567616f66426f62", "01 14F001 F8 01 02 5665FFFFFFFFFFFFFF", "what comes after does not"),
    ("01 00EE00 F8 02 63 56 65", "01 00EE00 F8 02 FF FF FF", "a field that is not known does not"),
    ("01 00EE00 F8 02 00 56", "01 00EE00 F8 02 FF FF", "no field does not"),
    ("01 34FF01 F8 01 03 5665", "01 34FF01 F8 01 03 06FF", "of a manufacturer's own the head stays"),
    ("05 00EE00 566567 61", "05 00EE00 FFFFFF FF", "other functions do not"),
    ("01 00EE00 F8", "01 00EE00 F8", "one that ends early"),
    ("01 00EE00", "01 00EE00", "one without parameters"),
    ("01 EFEE00 F8 01 01 00", "01 EFEE00 F8 01 FF FF", "a PGN that is not known"),
    ("01 10F001 F8 01 06 00", "01 10F001 F8 01 FF FF", "a reserved field that is not"),
    ("01 00EE00 F8 02 06 00 03 02", "01 00EE00 F8 02 06 00 03 02", "a reserved field is blank"),
    ("01 00EE00 F8 03 03 02", "01 00EE00 F8 03 03 02", "fewer than promised"),
    ("01 14F001 F8 01 03" + "41" * 32, "01 14F001 F8 01 03" + "00" * 32, "a text of fixed length is blank"),
    ("01 16F001 F8 01 01 00 01", "01 16F001 F8 01 FF FF FF", "a text without a length"),
]


@pytest.mark.parametrize(("payload", "left", "why"), GROUPS, ids=[why for _, _, why in GROUPS])
def test_the_parameters_of_a_group_function_that_are_fields_of_a_known_pgn(payload: str, left: str, why: str) -> None:
    assert anonymous(GROUP, bytes.fromhex(payload)).hex() == bytes.fromhex(left).hex(), why


def test_a_list_of_pgns_stays_and_what_is_none_does_not() -> None:
    layout = DB.pgns[126464]
    good = bytes((0,)) + (127508).to_bytes(3, "little") + (60928).to_bytes(3, "little")
    assert anonymous(layout, good) == good
    for bad in (good + b"Bob", good + b"B"):
        assert anonymous(layout, bad) == b"\0" + b"\xff" * (len(bad) - 1)


def test_bits_without_a_field_pass_only_on_demand_and_never_behind_a_text() -> None:
    layout = DB.registers[0x0FFF]
    payload = bytes.fromhex("6699ff0fc800beef")
    assert anonymous(layout, payload) == bytes.fromhex("6699ff0fc8000000")
    assert anonymous(layout, payload, keep_unknown=True) == payload
    long = DB.pgns[129029]
    body = bytes(43) + b"Vega secret"
    assert b"secret" not in anonymous(long, body, keep_unknown=True)
    lau = DB.pgns[126998]
    assert b"ecre" not in anonymous(lau, b"\x30\x01secre", keep_unknown=True)


def test_the_masks_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MASKS_KEPT", 2)
    anonymiser = MessageAnonymiser(DB, Replacements())
    layout = DB.pgns[127508]
    for size in range(9):
        assert len(anonymiser.payload(layout, bytes(size))) == size
        assert len(anonymiser._masks) <= 2
