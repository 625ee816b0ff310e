"""The frames of a recording: in order, well-formed, with nothing of the originals, decoded as before."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.capture import frame_anonymiser as module
from gxbridge.core.capture import replacements as table_module
from gxbridge.core.capture.frame_anonymiser import (
    INCOMPLETE,
    NO_ROOM,
    NOT_KNOWN,
    NOT_READ,
    OTHER_MAKERS,
    CapturedRow,
    FrameAnonymiser,
)
from gxbridge.core.capture.private_fields import treatment_of
from gxbridge.core.capture.replacements import Replacements
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import encode, frames, vreg_frames
from gxbridge.core.nmea2000.fast_packet import split
from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.core.nmea2000.name import Name

DB = database()
Frames = list[tuple[int, bytes]]


def pgn(number: int, source: int = 41, sequence: int = 3, **values: Any) -> Frames:
    layout = DB.pgns[number]
    return list(frames(layout, encode(layout, values, rest=0), source, sequence=sequence))


def register(number: int, source: int = 41, destination: int = 255, **values: Any) -> Frames:
    return list(vreg_frames(encode(DB.registers[number], values, rest=0), source, destination))


SERIAL, NAME, NUMBER = "HQ2132ABCDE", "Vega of Bob", 167120
LYNX: Frames = [
    (0x18EEFF29, Name.make(NUMBER, 358, function=170, device_class=35).payload),
    *register(0x0100, identifier=0, product_id=0xA3E5),
    *register(0x010A, serial_number=SERIAL),
    *register(0x010C, description1=NAME),
    *pgn(126996, model_id="Lynx Smart BMS 500", software_version="v1.13", serial_code=f"{NUMBER} {SERIAL}"),
    *pgn(126998, installation_description_1=NAME, installation_description_2="Bård", manufacturer_information=NAME),
    *pgn(129025, latitude=52.1234567, longitude=4.7654321),
    *pgn(129029, latitude=52.1234567, longitude=4.7654321, altitude=3.5, satellites=7),
    *pgn(127508, instance=0, voltage=26.42, current=-12.3, temperature=294.15),
    *register(0x0391, battery_limit_charge_current=20.0),
]


def rows_of(sent: Frames, bus: str = "can0", step_s: float = 0.01) -> list[CapturedRow]:
    return [(100.0 + at * step_s, bus, can_id, data) for at, (can_id, data) in enumerate(sent)]


def anonymous(rows: list[CapturedRow], **options: Any) -> tuple[list[CapturedRow], FrameAnonymiser]:
    anonymiser = FrameAnonymiser(DB, Replacements(), **options)
    written = [row for t, bus, can_id, data in rows for row in anonymiser.feed(t, bus, can_id, data)]
    return written + list(anonymiser.end()), anonymiser


def decoded(rows: list[CapturedRow]) -> list[tuple[str, int, int, dict[str, Any]]]:
    decoders: dict[str, Decoder] = {}
    found = []
    for t, bus, can_id, data in rows:
        message = decoders.setdefault(bus, Decoder(DB)).feed(can_id, data, t)
        if message is not None:
            layout, source, destination, values, _ = message
            named = {field.name: value for field, value in zip(layout.fields, values, strict=True)}
            found.append((layout.name, source, destination, named))
    return found


def kept(rows: list[CapturedRow]) -> list[tuple[str, int, int, dict[str, Any]]]:
    """What is decoded, without the fields that identify."""
    names = {f.name for number in DB.pgns for f in DB.pgns[number].fields if treatment_of(f) != "keep"}
    names |= {
        f.name for number in DB.registers for v in DB.variants(number) for f in v.fields if treatment_of(f) != "keep"
    }
    return [(*head, {name: value for name, value in values.items() if name not in names})
            for *head, values in decoded(rows)]  # type: ignore[misc]  # fmt: skip


def test_every_frame_keeps_its_place_its_time_and_its_length() -> None:
    rows = rows_of(LYNX)
    written, anonymiser = anonymous(rows)
    assert [(t, bus, can_id, len(data)) for t, bus, can_id, data in written] == [
        (t, bus, can_id, len(data)) for t, bus, can_id, data in rows
    ]
    assert not anonymiser.left_out
    assert kept(written) == kept(rows)


def test_nothing_of_the_originals_is_in_it_and_the_same_is_always_the_same() -> None:
    written, _ = anonymous(rows_of(LYNX) + rows_of(LYNX, "can1"))
    said = decoded(written)
    text = repr(said)
    for original in (SERIAL, NAME, str(NUMBER), "Vega", "Bob", "Bård", "52.1", "4.76"):
        assert original not in text
    payload = b"".join(data[1:] for _, _, _, data in written)
    for original in (SERIAL.encode(), NAME.encode(), NUMBER.to_bytes(3, "little")):
        assert original not in payload
    for bus in (said[: len(said) // 2], said[len(said) // 2 :]):
        values = {name: fields for name, _, _, fields in bus}
        assert values["address_claim"]["unique_number"] == 999999
        assert values["VE_REG_SERIAL_NUMBER"]["serial_number"] == "serial-0001"
        assert values["product_information"]["serial_code"] == "999999 serial-0001"
        assert values["VE_REG_DESCRIPTION1"]["description1"] == "name-000002"
        assert values["configuration_information"]["installation_description_1"] == "name-000002"
    assert {"model_id": "Lynx Smart BMS 500", "software_version": "v1.13"}.items() <= values[
        "product_information"
    ].items()


IDS = st.sampled_from([0x19F01429, 0x19F21429, 0x1CEFFF29, 0x1CEF2A29, 0x19EFFF29, 0x18EEFF29, 0x19F0162A, 0x09F8052A])
NOISE = st.lists(st.tuples(IDS, st.binary(max_size=8), st.floats(0, 2)), max_size=60)


@given(NOISE, st.booleans())
def test_of_noise_only_whole_messages_are_left_and_they_read_as_before(
    noise: list[tuple[int, bytes, float]], keep_unknown: bool
) -> None:
    t, rows = 0.0, []
    for can_id, data, pause in noise:
        t += pause
        rows.append((t, "can0", can_id, data))
    written, anonymiser = anonymous(rows, keep_unknown=keep_unknown)
    assert anonymiser.frames == len(rows)
    assert [row[0] for row in written] == sorted(row[0] for row in written)
    assert not anonymiser._queue
    assert not anonymiser._open
    if not keep_unknown:
        decoder = Decoder(DB, keep_unknown=True)
        for at, _, can_id, data in written:
            decoder.feed(can_id, data, at)
        assert decoder.unknown == decoder.foreign == decoder.incomplete == 0


@given(st.permutations(range(3)), st.data())
def test_messages_that_interleave_are_put_apart(order: list[int], data: st.DataObject) -> None:
    streams = [
        pgn(126996, source, 5, model_id="Lynx Smart BMS 500", serial_code=f"HQ0000{source}") for source in (11, 12, 13)
    ]
    sent: Frames = []
    while any(streams):
        full = [number for number in order if streams[number]]
        sent.append(streams[data.draw(st.sampled_from(full))].pop(0))
    written, _ = anonymous(rows_of(sent, step_s=0.001))
    assert len(written) == len(sent)
    assert [values["model_id"] for _, _, _, values in decoded(written)] == ["Lynx Smart BMS 500"] * 3


def test_what_follows_an_open_message_waits_until_that_is_whole_or_late() -> None:
    anonymiser = FrameAnonymiser(DB, Replacements())
    first, second, *_ = pgn(126996, serial_code=SERIAL)
    battery = pgn(127508, instance=0, voltage=26.4)[0]
    assert list(anonymiser.feed(1.0, "can0", *first)) == []
    assert list(anonymiser.feed(1.1, "can0", *battery)) == []
    assert list(anonymiser.feed(1.2, "can0", *second)) == []
    assert [row[0] for row in anonymiser.feed(2.0, "can0", *battery)] == [1.1, 2.0]
    assert anonymiser.left_out == {INCOMPLETE: 2}


def test_a_message_that_begins_anew_or_out_of_order_is_counted() -> None:
    first, second, third, *rest = pgn(126996, serial_code=SERIAL)
    whole = [first, second, third, *rest]
    written, anonymiser = anonymous(rows_of([first, second, *whole, first, third, third]))
    assert [can_id for _, _, can_id, _ in written] == [can_id for can_id, _ in whole]
    assert anonymiser.left_out == {INCOMPLETE: 4, NOT_READ: 1}


def test_so_many_waiting_frames_are_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log without times: nothing is ever late."""
    monkeypatch.setattr(module, "MOST_HELD", 5)
    battery = pgn(127508, instance=0, voltage=26.4)
    product = pgn(126996, serial_code=SERIAL)
    anonymiser = FrameAnonymiser(DB, Replacements())
    written = []
    for can_id, data in [product[0], *battery * 9, *product[1:]]:
        written += list(anonymiser.feed(0.0, "can0", can_id, data))
    assert len(written) == 9
    assert list(anonymiser.end()) == []
    assert anonymiser.left_out[INCOMPLETE] == len(product)


def test_what_is_not_whole_at_the_end_is_counted() -> None:
    written, anonymiser = anonymous(rows_of(pgn(126996, serial_code=SERIAL)[:4]))
    assert written == []
    assert anonymiser.left_out == {INCOMPLETE: 4}


@pytest.mark.parametrize(("bus", "left"), [("vecan0", "vecan0"), ("Bobs boat", "bus1"), ("_10_0_0_1", "bus1")])
def test_the_name_of_a_bus_says_nothing(bus: str, left: str) -> None:
    written, anonymiser = anonymous(rows_of(pgn(127508, instance=0), bus))
    assert [row[1] for row in written] == [left]
    assert anonymiser.bus(bus) == left


def test_so_many_buses_are_no_boat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BUSES", 2)
    battery = pgn(127508, instance=0)
    written, anonymiser = anonymous([row for number in range(4) for row in rows_of(battery, f"can{number}")])
    assert [row[1] for row in written] == ["can0", "can1"]
    assert anonymiser.left_out == {module.TOO_MANY_BUSES: 2}


def test_padding_of_the_last_frame_does_not_pass() -> None:
    sent = pgn(126996, serial_code=SERIAL)
    can_id, last = sent[-1]
    sent[-1] = can_id, last[:2] + b"secret"
    assert all(b"secret" not in data for _, _, _, data in anonymous(rows_of(sent))[0])
    short = [(0x19F21829, bytes.fromhex("60030102f3"))]
    assert [data for _, _, _, data in anonymous(rows_of(short))[0]] == [short[0][1]]


def test_whole_messages_stay_whole() -> None:
    payload = encode(DB.pgns[126996], {"serial_code": SERIAL})
    written, _ = anonymous([(1.0, "can0", 0x19F01429 | WHOLE, payload)])
    assert [(row[2], len(row[3])) for row in written] == [(0x19F01429 | WHOLE, 134)]
    assert SERIAL.encode() not in written[0][3]


def test_a_message_of_one_fast_frame_is_rewritten_as_one() -> None:
    sent = [(0x19F21829, bytes.fromhex("60030102f3ffffff"))]
    assert [data for _, _, _, data in anonymous(rows_of(sent))[0]] == [sent[0][1]]


LEFT_OUT = [
    ((0x1CEFFF29, bytes.fromhex("66993412DEADBEEF")), NOT_KNOWN, "register 0x1234"),
    ((0x19FEFA29, b"Vega Bob"), NOT_KNOWN, "PGN 130810"),
    ((0x18EBFF29, b"\x01of Bob!"), NOT_KNOWN, "PGN 60160"),
    ((0x1CEFFF29, b"\x3f\x9fVegaof"), OTHER_MAKERS, "PGN 61184 of manufacturer 1855"),
    ((0x18FF1029, b"\x3f\x9fVegaof"), OTHER_MAKERS, "PGN 65296 of manufacturer 1855"),
    ((0x1CEF2A29, bytes.fromhex("66993412DEADBEEF")), NOT_KNOWN, "register 0x1234"),
]


@pytest.mark.parametrize(("frame", "reason", "kind"), LEFT_OUT)
def test_what_nobody_knows_is_left_out_and_counted_by_its_kind(
    frame: tuple[int, bytes], reason: str, kind: str
) -> None:
    whole = [(0.0, "can0", frame[0] | (WHOLE if "130810" in kind else 0), frame[1])]
    written, anonymiser = anonymous(whole)
    assert written == []
    assert anonymiser.left_out == {reason: 1}
    assert anonymiser.unknown == {kind: 1}


def test_on_demand_an_unknown_register_of_one_frame_passes_unless_it_holds_what_was_replaced() -> None:
    unknown = [
        (0x1CEFFF29, bytes.fromhex("66993412DEADBEEF")),
        (0x1CEFFF29, b"\x66\x99\x35\x12" + (167120).to_bytes(4, "little")),
    ]
    long = [(0x19EFFF29, part) for part in split(b"\x66\x99\x36\x12a long text", 0)]
    rows = rows_of(LYNX + unknown + long)
    written, anonymiser = anonymous(rows, keep_unknown=True)
    assert [data for _, _, can_id, data in written[len(LYNX) :]] == [unknown[0][1]]
    assert anonymiser.unknown == {"register 0x1235": 1, "register 0x1236 (long)": 1}


def test_a_name_that_is_written_to_another_device_is_replaced_too() -> None:
    layout = DB.registers[0x010C]
    sent = list(vreg_frames(encode(layout, {"description1": NAME}), 32, 41))
    written, _ = anonymous(rows_of(sent))
    assert len(written) == len(sent)
    assert NAME.encode() not in b"".join(data[1:] for _, _, _, data in written)


@pytest.mark.parametrize("destination", [255, 41])
def test_a_register_that_is_longer_than_the_database_knows_is_another_one(destination: int) -> None:
    """The first four letters would pass as its number."""
    text = b"\x66\x99\xf0\xedVega of Bob"
    written, anonymiser = anonymous(rows_of(list(vreg_frames(text, 32, destination))))
    assert written == []
    assert anonymiser.unknown == {"register 0xEDF0 (long)": 1}


def test_requests_and_answers_stay() -> None:
    sent = [(0x1CEF2920, bytes.fromhex("669901000201FFFF")), (0x1CEF2029, bytes.fromhex("6699020002010080"))]
    written, _ = anonymous(rows_of(sent))
    assert [data for _, _, _, data in written] == [data for _, data in sent]


def test_when_there_are_no_more_replacements_the_message_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "MOST_REPLACED", 2)
    claims = [(0x18EEFF00 | n, Name.make(5000 + n, 358, function=170, device_class=35).payload) for n in range(4)]
    written, anonymiser = anonymous(rows_of(claims))
    assert len(written) == 2
    assert anonymiser.left_out == {NO_ROOM: 2}


def test_the_kinds_that_are_told_apart_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KINDS", 3)
    sent = [(0x1CEFFF29, b"\x66\x99" + (0x1230 + n).to_bytes(2, "little") + b"1234") for n in range(6)] * 2
    _, anonymiser = anonymous(rows_of(sent))
    assert len(anonymiser.unknown) == 3
    assert anonymiser.left_out[NOT_KNOWN] == 12
