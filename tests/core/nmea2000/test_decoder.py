"""Frames in, messages out. Real frames first, then what every bus also carries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.database import Database, Layout, database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.encode import encode
from gxbridge.core.nmea2000.fast_packet import split
from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.unknown_messages import KINDS_KEPT
from tests.core import handmade
from tests.core.nmea2000.products import introduce

DB = handmade.small()


def one(frame: str, decoder: Decoder | None = None) -> Message | None:
    """The message of one frame in candump's notation."""
    can_id, _, data = frame.partition("#")
    return (decoder or Decoder(DB)).feed(int(can_id, 16), bytes.fromhex(data), 0.0)


def said(message: Message | None) -> dict[str, object]:
    assert message is not None
    layout, _, _, values, _ = message
    return {field.name: value for field, value in zip(layout.fields, values, strict=True)}


# frame, name, values; sources as in vecan notes: canboat samples, lplex tests, Victron paper; the rest constructed.
FRAMES = [
    ("1CEFFF29#6699FF0F10270000", "VE_REG_SOC", {"soc": 100.0}),
    ("1CEFFF29#6699022109000000", "VE_REG_BMS_STATE", {"bms_state": 9}),
    (
        "1CEFFF29#66990001 00E5A300".replace(" ", ""),
        "VE_REG_PRODUCT_ID",
        {"identifier": 0, "product_id": 0xA3E5, "flags": 0},
    ),
    (
        "19F21429#004F0AFDFF5F7311",
        "battery_status",
        {"instance": 0, "voltage": 26.39, "current": -0.3, "temperature": 295.35, "sid": 0x11},
    ),
    (
        "19F21429#004F0AA2FFFFFF07",
        "battery_status",
        {"instance": 0, "voltage": 26.39, "current": -9.4, "temperature": None, "sid": 7},
    ),
    ("18EEFF29#D08CC22C00AA46C0", "address_claim", {"unique_number": 167120, "manufacturer": 358}),
    ("18EAFFFE#00EE00", "iso_request", {"pgn": 60928}),
]


@pytest.mark.parametrize(("frame", "name", "values"), FRAMES)
def test_a_broadcast_frame_is_a_message(frame: str, name: str, values: dict[str, object]) -> None:
    decoder = Decoder(DB)
    for _ in range(3):  # the first sight, the short way, the repeated payload
        message = one(frame, decoder)
        assert message is not None
        assert message[0].name == name
        assert said(message) == values
        assert message[1:3] == (int(frame[6:8], 16), 255)
        assert message[4] == bytes.fromhex(frame[9:])
    assert (decoder.frames, decoder.messages, decoder.unknown) == (3, 3, 0)


@pytest.mark.parametrize("priority", range(8))
def test_the_priority_does_not_matter(priority: int) -> None:
    decoder = Decoder(DB)
    assert said(decoder.feed(priority << 26 | 0xEFFF29, bytes.fromhex("6699FF0F10270000"), 0.0)) == {"soc": 100.0}
    first, second = split(bytes.fromhex("11000063FF403800FF0500"), priority)
    assert decoder.feed(0x19F21229, first, 0.0) is None
    assert decoder.feed(priority << 26 | 0x1F21229, second, 0.0) is not None


def test_only_the_declared_width_counts() -> None:
    assert said(one("1CEFFF29#6699022109FFFFFF")) == {"bms_state": 9}


def test_a_fast_packet_becomes_one_message() -> None:
    decoder = Decoder(DB)
    for sequence in (1, 2):
        assert one(f"19F21229#{sequence << 5:02X}091100006 3FF40".replace(" ", ""), decoder) is None
        message = one(f"19F21229#{sequence << 5 | 1:02X}38FFFFFFFFFFFF", decoder)
        assert said(message)["time_remaining"] == 14400
        assert said(message)["state_of_health"] is None
        assert said(message)["remaining_capacity"] is None
        assert message is not None
        assert message[4] == bytes.fromhex("11000063FF4038FFFF")
    assert (decoder.frames, decoder.messages, decoder.short, decoder.incomplete) == (4, 2, 0, 0)


def test_a_register_by_fast_packet_keeps_its_meaning_and_names_its_pgn() -> None:
    decoder = Decoder(DB)
    for frame in ("1DEFFF29#401066990A014851", "1DEFFF29#4132313330325655", "1DEFFF29#42445100FFFFFFFF"):
        message = one(frame, decoder)
    assert said(message) == {"serial_number": "HQ21302VUDQ"}
    assert message is not None
    assert (message[0].pgn, message[0].register, message[0].kind) == (126720, 0x010A, "vreg")


# Victron, VE.Can registers public, v20: worked examples, except the last.
SERVICES = [
    ("1CEF4020#6699010002 01FFFF", "request", 0x20, 0x40, (0x0102, 0xFFFF)),
    ("1CEFFF40#6699010002 01FFFF", "request", 0x40, 255, (0x0102, 0xFFFF)),
    ("1CEF2040#6699020002 010080", "ack", 0x40, 0x20, (0x0102, 0x8000)),
    ("1CEFFF40#6699020002 000085", "ack", 0x40, 255, (0x0002, 0x8500)),
    ("1CEF2040#6699FFEE02 000000", "write", 0x40, 0x20, (0xEEFF, b"\x02\0\0\0")),
    ("1CEF2941#66991E0300 000000", "write", 0x41, 0x29, (0x031E, b"\0\0\0\0")),
]


@pytest.mark.parametrize(("frame", "kind", "source", "destination", "values"), SERVICES)
def test_requests_answers_and_writes_are_never_values_of_the_sender(
    frame: str, kind: str, source: int, destination: int, values: tuple[object, ...]
) -> None:
    message = one(frame.replace(" ", ""))
    assert message is not None
    layout, *rest = message
    assert (layout.kind, layout.name) == (kind, f"VREG {kind}")
    assert rest[:3] == [source, destination, values]


def test_a_write_of_a_known_register_is_not_its_value() -> None:
    decoder = Decoder(DB)
    assert said(one("1CEFFF29#6699FF0F10270000", decoder)) == {"soc": 100.0}
    message = one("1CEF4029#6699FF0F10270000", decoder)
    assert message is not None
    assert message[0].kind == "write"


def test_a_cut_request_is_still_a_request() -> None:
    assert said(one("1CEF4020#669901000201")) == {"register": 0x0102, "mask": None}
    assert said(one("1CEF4020#66990100")) == {"register": None, "mask": None}


def test_other_manufacturers_use_the_same_pgns() -> None:
    decoder = Decoder(DB)
    assert one("1CEFFF29#E59802210A000000", decoder) is None
    assert one("1CEF0529#E59802210A000000", decoder) is None
    assert one("1DEFFF29#0006E598FFFFFFFF", decoder) is None
    assert one("18FF0029#E59802210A000000", decoder) is None
    assert (decoder.foreign, decoder.messages, decoder.unknown) == (4, 0, 0)


def test_other_manufacturers_can_be_kept_visible() -> None:
    message = one("1CEFFF29#E59802210A000000", Decoder(DB, keep_unknown=True))
    assert message is not None
    assert message[0].kind == "unknown"
    assert "manufacturer 229" in message[0].title
    assert message[3] == (bytes.fromhex("E59802210A000000"),)


def test_a_proprietary_broadcast_of_victron_is_decoded() -> None:
    decoder = Decoder(DB)
    for _ in range(2):
        assert said(one("1CFF0029#669901000000FFFF", decoder)) == {"header": 0x9966, "name": 1}


def test_an_unknown_register_is_counted_and_kept_in_sight() -> None:
    decoder = Decoder(DB)
    assert one("1CEFFF29#6699349901020304", decoder) is None
    assert one("1CEFFF2A#6699349905060708", decoder) is None
    kind = decoder.unknown_kinds[61184, 0x9934]
    assert (decoder.unknown, kind.count, kind.source) == (2, 2, 0x2A)
    assert kind.payload == bytes.fromhex("6699349905060708")
    message = one("1CEFFF29#6699349901020304", Decoder(DB, keep_unknown=True))
    assert message is not None
    assert (message[0].kind, message[0].name, message[0].register) == ("unknown", "unknown", 0x9934)
    assert message[3] == (b"\1\2\3\4",)


def test_an_unknown_pgn_is_counted_and_kept_in_sight() -> None:
    message = one("09F80129#0102030405060708", Decoder(DB, keep_unknown=True))
    assert message is not None
    assert (message[0].kind, message[0].pgn, message[0].register) == ("unknown", 129025, None)
    assert message[3] == (bytes(range(1, 9)),)


def test_unknown_proprietary_fast_packets_come_whole() -> None:
    decoder = Decoder(DB, keep_unknown=True)
    frames = list(split(bytes.fromhex("6699") + bytes(11), 0))
    messages = [decoder.feed(0x1DFF1229, frame, 0.0) for frame in frames]
    assert messages[0] is None
    assert messages[1] is not None
    assert len(messages[1][4]) == 13


def test_unknown_kinds_are_bounded() -> None:
    decoder = Decoder(DB)
    for register in range(0x4000, 0x4000 + 2 * KINDS_KEPT):
        decoder.feed(0x1CEFFF29, b"\x66\x99" + register.to_bytes(2, "little") + bytes(4), 0.0)
    assert decoder.unknown == 2 * KINDS_KEPT
    assert len(decoder.unknown_kinds) == KINDS_KEPT


def test_short_payloads_give_what_they_hold() -> None:
    decoder = Decoder(DB)
    assert said(one("19F21429#004F0A", decoder)) == {
        "instance": 0,
        "voltage": 26.39,
        "current": None,
        "temperature": None,
        "sid": None,
    }
    assert said(one("1CEFFF29#6699FF0F1027", decoder)) == {"soc": 100.0}
    assert said(one("1CEFFF29#6699FF0F10", decoder)) == {"soc": None}
    assert (decoder.messages, decoder.short, decoder.too_short) == (3, 2, 0)
    for _ in range(2):
        assert said(one("1CEFFF29#66990001 00E5".replace(" ", ""), decoder))["product_id"] is None


@pytest.mark.parametrize(
    "frame", ["19F21429#", "1CEFFF29#", "1CEFFF29#66", "1CEFFF29#6699FF", "1CEFFF29#6699FF0F", "1CEF4029#6699"]
)
def test_payloads_that_hold_nothing_are_counted_and_dropped(frame: str) -> None:
    decoder = Decoder(DB)
    for _ in range(2):
        assert one(frame, decoder) is None
    assert decoder.too_short + decoder.foreign == 2


def test_less_than_the_least_length_is_dropped() -> None:
    decoder = Decoder(DB)
    for _ in range(2):
        assert one("19F21229#00061100006 3FF40".replace(" ", ""), decoder) is None
    assert (decoder.too_short, decoder.messages) == (2, 0)
    assert decoder.errors["payloads too short"] == 2


@pytest.mark.parametrize("flag", [0x20000000, 0x40000000, 0x80000000, 1 << 40])
def test_frames_with_flags_in_their_identifier_are_no_data(flag: int) -> None:
    decoder = Decoder(DB)
    assert one("1CEFFF29#6699FF0F10270000", decoder) is not None
    assert decoder.feed(0x1CEFFF29 | flag, bytes.fromhex("6699FF0F10270000"), 0.0) is None
    assert decoder.feed(0x1CEFFF29 | flag | WHOLE, bytes(8), 0.0) is None
    assert decoder.feed(-1, bytes(8), 0.0) is None
    assert decoder.errors["frames without data"] == 3


def test_more_than_eight_bytes_do_no_harm() -> None:
    assert said(one("1CEFFF29#6699FF0F10270000" + "00" * 56)) == {"soc": 100.0}


# Charger status 127507: standard says fast packet (length 6), some chargers send single frames.
def test_either_transport_as_fast_packet() -> None:
    decoder = Decoder(DB)
    for _ in range(2):
        assert said(one("19F21329#0006010223F70A00", decoder))["time"] == 0x0A
    assert decoder.messages == 2


def test_either_transport_as_single_frame() -> None:
    decoder = Decoder(DB)
    for _ in range(2):
        message = one("19F21329#010223F70A00FFFF", decoder)
        assert said(message)["instance"] == 1
        assert said(message)["time"] == 0x0A
    assert decoder.incomplete == 0


def test_either_transport_follows_a_message_under_way() -> None:
    longer = handmade.pgn(
        127510, "charger_configuration", *(handmade.field(f"b{n}", 8 * n, 8) for n in range(8)), transport="either"
    )
    decoder = Decoder(handmade.database_of(longer))
    first, second = split(bytes(range(8)), 0)
    assert decoder.feed(0x19F21629, first, 0.0) is None
    message = decoder.feed(0x19F21629, second, 0.5)
    assert message is not None
    assert message[3] == tuple(range(8))
    # Too late to be its continuation: taken as a single frame, as the next one from another node is.
    assert decoder.feed(0x19F21629, first, 1.0) is None
    assert decoder.feed(0x19F21629, second, 2.0) is not None
    assert decoder.feed(0x19F2162A, second, 2.0) is not None


def test_a_cut_frame_of_an_either_transport_is_no_beginning() -> None:
    assert said(one("19F21329#00"))["instance"] == 0


def test_an_addressed_pgn_keeps_its_destination() -> None:
    message = one("18EA29FE#00EE00")
    assert message is not None
    assert message[1:3] == (0xFE, 0x29)


def test_addressed_fast_packets_are_kept_apart_by_destination() -> None:
    decoder = Decoder(DB)
    payload = b"\x66\x99\x0a\x01" + b"HQ21302VUDQ\0"
    rows = [list(split(payload, 1)), list(split(payload, 1))]
    for number in range(3):
        for destination in (0x40, 0x41):
            message = decoder.feed(0x1DEF0029 | destination << 8, rows[0][number], 0.0)
            assert (message is not None) == (number == 2)
            if message is not None:
                assert (message[0].kind, message[2]) == ("write", destination)


PRODUCT_500 = "1CEFFF29#6699000100E5A300"
CLAIM_A = "18EEFF29#D08CC22C00AA46C0"
CLAIM_B = "18EEFF29#D18CC22C00AA46C0"
CONSUMED = "1CEFFF29#6699FFEEF6FFFFFF"


def test_a_register_of_some_products_waits_for_the_product() -> None:
    decoder = Decoder(DB)
    assert one(CONSUMED, decoder) is None
    assert decoder.unknown == 1
    one(PRODUCT_500, decoder)
    assert decoder.product(0x29) == 0xA3E5
    for _ in range(2):
        assert said(one(CONSUMED, decoder)) == {"bmv_ce": -1.0}
    assert one(CONSUMED.replace("FF29", "FF2A"), decoder) is None


def test_a_register_with_two_meanings_follows_the_product() -> None:
    decoder = Decoder(DB)
    frame = "1CEFFF29#669920036E000000"
    assert said(one(frame, decoder)) == {"set": 1.1}
    introduce(decoder, 0x29, 0x0203)
    assert said(one(frame, decoder)) == {"set": 11.0}
    introduce(decoder, 0x29, 0xA3E5)
    assert said(one(frame, decoder)) == {"set": 1.1}


def test_the_product_of_a_device_behind_the_node_is_not_the_nodes() -> None:
    decoder = Decoder(DB)
    assert one("1CEFFF29#6699000101E5A300", decoder) is not None
    assert decoder.product(0x29) is None


def test_the_product_belongs_to_the_name_not_to_the_address() -> None:
    decoder = Decoder(DB)
    for frame in (CLAIM_A, PRODUCT_500, CLAIM_A):
        one(frame, decoder)
    assert decoder.product(0x29) == 0xA3E5
    one(CLAIM_B, decoder)
    assert decoder.product(0x29) is None
    one(CLAIM_A.replace("FF29", "FF2A"), decoder)
    assert decoder.product(0x2A) == 0xA3E5


def test_product_information_is_the_second_best_source() -> None:
    decoder = Decoder(DB)

    def info(code: int) -> None:
        payload = b"\x34\x08" + code.to_bytes(2, "little") + b"\xff" * 128 + b"\x01\x02"
        for frame in split(payload, 0):
            message = decoder.feed(0x19F01429, frame, 0.0)
        assert said(message)["product_code"] == code

    info(0x9999)
    assert decoder.product(0x29) is None
    info(0x0203)
    assert decoder.product(0x29) == 0x0203
    one(PRODUCT_500, decoder)
    info(0x0203)
    assert decoder.product(0x29) == 0xA3E5


def test_a_whole_payload_needs_no_frames() -> None:
    decoder = Decoder(DB)
    payload = bytes.fromhex("11000063FF403800FF0500")
    message = decoder.feed(0x19F21229 | WHOLE, payload, 0.0)
    assert said(message)["remaining_capacity"] == 5
    assert said(decoder.feed(0x1DEFFF29 | WHOLE, b"\x66\x99\x0a\x01HQ\0", 0.0)) == {"serial_number": "HQ"}
    assert (decoder.frames, decoder.messages) == (2, 2)


def test_an_unchanged_register_gives_the_same_object() -> None:
    decoder = Decoder(DB)
    full, less = "1CEFFF29#6699FF0F10270000", "1CEFFF29#6699FF0F0F270000"
    one(full, decoder)
    first = one(full, decoder)
    assert one(full, decoder) is first
    assert one(less, decoder) is not first
    assert one(full.replace("FF29", "FF2A"), decoder) is not first
    assert decoder.messages == 5


def test_repeats_are_bounded() -> None:
    decoder = Decoder(DB)
    for number in range(10_000):
        message = decoder.feed(0x1CEFFF29, b"\x66\x99\xff\x0f" + (number % 5000).to_bytes(4, "little"), 0.0)
        assert said(message) == {"soc": (number % 5000) / 100}
    assert sum(len(repeats) for repeats in decoder._repeats) <= 2048


KNOWN_IDS = [0x1CEFFF29, 0x1CEF4029, 0x1DEFFF29, 0x1DEF4029, 0x19F21429, 0x19F21229, 0x19F21329, 0x18EEFF29, 0x18EAFFFE]
KNOWN_IDS += [0x18EA29FE, 0x19F01429, 0x1CFF0029, 0x1CFF0129, 0x1DFF0129, 0x09F80129]
HEADS = [b"", b"\x66\x99", b"\x66\x99\xff\x0f", b"\x66\x99\x02\x21", b"\x66\x99\x01\x00", b"\x66\x99\xff\xee"]
HEADS += [b"\x66\x99\x00\x01", b"\x00\x06", b"\x00\x0b", b"\x01", b"\x02", b"\x00\x86"]

ids = st.sampled_from(KNOWN_IDS) | st.builds(
    lambda can_id, source: can_id & ~0xFF | source, st.sampled_from(KNOWN_IDS), st.integers(0, 255)
)
ids |= st.integers(0, 0x1FFFFFFF) | st.integers(-(1 << 33), 1 << 33)
datas = st.builds(lambda head, tail: (head + tail)[:8], st.sampled_from(HEADS), st.binary(max_size=8)) | st.binary(
    max_size=70
)
streams = st.lists(st.tuples(ids, datas, st.floats(0, 5)), max_size=60)


def check(decoder: Decoder, frames: list[tuple[int, bytes, float]]) -> None:
    for can_id, data, now in frames:
        message = decoder.feed(can_id, data, now)
        if message is not None:
            layout, source, destination, values, payload = message
            assert isinstance(layout, Layout)
            assert source == can_id & 0xFF
            assert 0 <= destination <= 255
            assert len(values) == len(layout.fields)
            assert isinstance(payload, bytes)
            if layout.kind in ("pgn", "vreg"):
                assert values == layout.read(payload)
    assert decoder.frames == len(frames)


@given(streams, st.booleans())
@settings(max_examples=300)
def test_no_frame_raises_and_every_frame_counts(frames: list[tuple[int, bytes, float]], keep_unknown: bool) -> None:
    check(Decoder(DB, keep_unknown), frames)


@given(streams)
@settings(max_examples=150)
def test_the_real_database_stands_any_traffic(frames: list[tuple[int, bytes, float]]) -> None:
    check(Decoder(keep_unknown=True), frames)


@given(st.data())
@settings(max_examples=150)
def test_every_register_stands_any_value(data: st.DataObject) -> None:
    decoder = Decoder(keep_unknown=True)
    db: Database = decoder._db
    register = data.draw(st.sampled_from(sorted(db.registers)))
    payload = b"\x66\x99" + register.to_bytes(2, "little") + data.draw(st.binary(max_size=60))
    for source in (1, 2):
        introduce(decoder, source, data.draw(st.sampled_from(sorted(db.products))))
        short = decoder.too_short
        message = decoder.feed(0x1DEFFF00 | source | WHOLE, payload, 0.0)
        assert (message is None) == (decoder.too_short > short)


@pytest.mark.parametrize(
    ("device_class", "function", "text"),
    [(35, 170, "battery"), (60, 145, "position (GNSS)"), (75, 130, "temperature"), (120, 130, "display")],
)
def test_a_function_means_what_it_does_in_the_class_of_its_name(device_class: int, function: int, text: str) -> None:
    name = Name.make(900, 275, function=function, device_class=device_class)
    message = Decoder().feed(0x18EEFF16, name.payload, 0.0)
    assert message is not None
    layout, _, _, values, _ = message
    texts = {field.name: database().text(field, value) for field, value in zip(layout.fields, values, strict=True)}
    assert (texts["function"], texts["manufacturer"], texts["industry_group"]) == (text, "Navico", "marine")


def test_what_begins_with_0xfb_is_no_value_of_j1939() -> None:
    layout = database().pgns[65013]
    assert layout.decode(bytes.fromhex("FFFFFFFA000000FB")) == (2211081215, None)
    assert layout.read(bytes.fromhex("FFFFFFFA000000FB")) == (2211081215, None)
    assert encode(layout, {"real_power": None, "apparent_power": 0}) == bytes.fromhex("FFFFFFFF00943577")


def test_a_fast_packet_that_is_not_in_the_database_is_one_message() -> None:
    # 129540, by the standard a fast packet, and a proprietary one; 127245 is a single frame.
    for pgn in (129540, 130817):
        decoder = Decoder(DB, keep_unknown=True)
        found = [decoder.feed(3 << 26 | pgn << 8 | 1, frame, 0.0) for frame in split(bytes(43), 0)]
        assert [message is not None for message in found] == [False] * 6 + [True]
        assert decoder.unknown + decoder.foreign == 1
    assert Decoder(DB, keep_unknown=True).feed(2 << 26 | 127245 << 8 | 1, bytes(8), 0.0) is not None


def test_a_message_that_is_put_together_may_have_any_length() -> None:
    # PGN lists of devices with many PGNs come by ISO 11783 transport, up to 1785 bytes.
    decoder = Decoder(DB, keep_unknown=True)
    message = decoder.feed(0x19EE0029 | WHOLE, bytes(1) + bytes.fromhex("14F001") * 500, 0.0)
    assert message is not None
    assert (message[0].pgn, len(message[4])) == (126464, 1501)


# RV-C has single frames where NMEA 2000 has manufacturers' fast packets (RV-C of November 2023, table 7.7).


@pytest.mark.parametrize("instance", [1, 2, 32, 64, 250])
def test_a_frame_of_rv_c_is_no_fast_packet(instance: int) -> None:
    decoder = Decoder(keep_unknown=True)
    message = one(f"19FFFD80#{instance:02X}780801D4C43577", decoder)
    assert said(message) == {"instance": instance, "device_priority": 120, "voltage": 13.2, "current": 12.5}
    message = one(f"19FFC780#{instance:02X}200140831EC80205", decoder)
    assert said(message)["charge_voltage"] == 14.4
    assert (decoder.messages, decoder.unknown, decoder.foreign, decoder.incomplete) == (2, 0, 0, 0)
    assert not any(decoder.errors.values())


def test_a_manufacturers_fast_packet_keeps_its_number_though_rv_c_uses_it_too() -> None:
    decoder = Decoder(keep_unknown=True)
    for turn in range(2):
        for part in split(bytes.fromhex("3B9F") + bytes(range(10)), turn):
            message = decoder.feed(0x19FFFD17, part, 0.0)
        assert message is not None
        assert (message[0].kind, message[4][:2]) == ("unknown", b"\x3b\x9f")
    assert one("19FFFD80#01780801D4C43577", decoder) is not None, "another sender is another matter"
    assert decoder.feed(0x19FFFD17, bytes.fromhex("01780801D4C43577"), 0.0) is None, "a stray part of a fast packet"
    assert (decoder.foreign, decoder.fast.strays) == (2, 1)


def test_victrons_own_fast_packet_is_not_taken_for_rv_c() -> None:
    decoder = Decoder(keep_unknown=True)
    (part,) = split(bytes.fromhex("6699010203"), 0)
    message = decoder.feed(0x19FFFD17, part, 0.0)
    assert message is not None
    assert (message[0].kind, decoder.unknown) == ("unknown", 1)


def test_other_numbers_of_rv_c_are_unknown_messages_once_the_bus_has_spoken_it() -> None:
    decoder = Decoder(keep_unknown=True)
    assert one("19FFBD80#0164FFC8FC000000", decoder) is None, "not known yet: it could be part of a fast packet"
    one("19FFFD80#01780801D4C43577", decoder)
    message = one("19FFBD80#0164FFC8FC000000", decoder)
    assert message is not None
    assert (message[0].title, decoder.unknown) == ("Unknown PGN 131005", 1)


@pytest.mark.parametrize(
    ("payload", "name"), [("01780801D4C43577", "rvc_dc_source_status_1"), ("6699010203", "unknown")]
)
def test_a_whole_message_of_that_range_is_of_rv_c_unless_its_header_says_otherwise(payload: str, name: str) -> None:
    message = Decoder(keep_unknown=True).feed(0x19FFFD80 | WHOLE, bytes.fromhex(payload), 0.0)
    assert message is not None
    assert message[0].name == name


def test_senders_of_manufacturers_fast_packets_are_remembered_within_bounds() -> None:
    decoder = Decoder()
    (part,) = split(bytes.fromhex("3B9F0102"), 0)
    for number in range(0x100 * 0x60):
        decoder.feed(0x19FFA000 + number, part, 0.0)
    assert decoder.foreign == 0x100 * 0x60
