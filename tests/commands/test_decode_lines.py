"""What one message looks like as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import Database, Layout, database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.fast_packet import split
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.decodelog.csvlines import CsvLines
from gxbridge.decodelog.jsonlines import JsonLines, quoted
from gxbridge.decodelog.textlines import TextLines
from gxbridge.decodelog.words import is_service
from tests.core import handmade
from tests.core.nmea2000.products import introduce

DB = database()


def message(frame: str, *, db: Database = DB, product: int | None = None) -> Message:
    """The message of a frame in candump's notation; data of more than 8 bytes is a whole payload."""
    can_id, _, data = frame.partition("#")
    decoder = Decoder(db, keep_unknown=True)
    if product is not None:
        introduce(decoder, int(can_id, 16) & 0xFF, product)
    payload = bytes.fromhex(data)
    number = int(can_id, 16)
    found = decoder.feed(number | WHOLE, payload, 0.0) if len(payload) > 8 else decoder.feed(number, payload, 0.0)
    assert found is not None
    return found


def as_json(frame: str, **how: object) -> dict[str, object]:
    line = JsonLines(DB).line(1.5, "can0", message(frame, **how))
    assert line.endswith("}\n")
    return json.loads(line)


def test_a_battery_status_as_json() -> None:
    assert as_json("19F21429#004F0AFDFFFFFF11") == {
        "t": 1.5,
        "bus": "can0",
        "source": 0x29,
        "destination": 255,
        "pgn": 127508,
        "vreg": None,
        "name": "battery_status",
        "values": {"instance": 0, "voltage": 26.39, "current": -0.3, "temperature": None, "sid": 17},
        "raw": "004f0afdffffff11",
    }


def test_a_register_as_json() -> None:
    # Source 0x29, BMS state 9 (Victron's regs_payload.h); 77 has no text.
    line = as_json("1CEFFF29#6699022109000000")
    assert (line["pgn"], line["vreg"], line["name"]) == (61184, "0x2102", "VE_REG_BMS_STATE")
    assert line["values"] == {"bms_state": {"value": 9, "text": "running"}}
    assert line["raw"] == "6699022109000000"
    assert as_json("1CEFFF29#669902214D000000")["values"] == {"bms_state": {"value": 77, "text": None}}


def test_two_bit_permissions_as_json() -> None:
    values = as_json("1CEFFF29#6699082195150000")["values"]
    assert isinstance(values, dict)
    assert values["contactor_closed"] == {"value": 1, "text": "yes"}
    assert values["user_relay_active"] == {"value": 2, "text": "no"}
    assert as_json("1CEFFF29#6699082100000000")["values"]["allowed_to_charge"] is None


def test_a_text_as_json() -> None:
    line = as_json("1DEFFF29#66990C01 42 6F 22 E9 00".replace(" ", ""))
    assert line["pgn"] == 126720
    assert list(line["values"].values()) == ['Bo"\u00e9']
    assert as_json("1DEFFF29#66990C0100FFFFFFFFFF")["values"] == {"description1": ""}
    assert as_json("1DEFFF29#66990C01FFFFFFFFFFFF")["values"] == {"description1": None}


def test_an_unknown_register_as_json() -> None:
    line = as_json("1CEFFF29#6699349901020304")
    assert (line["vreg"], line["name"], line["values"]) == ("0x9934", "unknown", {"raw": "01020304"})


def test_an_unknown_pgn_as_json() -> None:
    line = as_json("09F10D29#0102030405060708")
    assert (line["pgn"], line["vreg"], line["name"]) == (127245, None, "unknown")
    assert line["values"] == {"raw": "0102030405060708"}


def test_requests_and_answers_have_their_own_name() -> None:
    line = as_json("1CEF4020#669901000201FFFF")
    assert (line["name"], line["source"], line["destination"]) == ("VREG request", 0x20, 0x40)
    assert line["values"] == {"register": "0x0102", "mask": "0xFFFF"}
    line = as_json("1CEF2040#6699020002010080")
    assert line["name"] == "VREG ack"
    assert line["values"] == {
        "register": "0x0102",
        "code": {"value": 0x8000, "text": "unknown register (request)"},
    }
    assert as_json("1CEF4020#66990100")["values"] == {"register": None, "mask": None}
    assert as_json("1CEF4020#669902000201")["values"] == {"register": "0x0102", "code": None}


def test_a_write_to_another_node_has_its_own_name_and_says_what_is_written() -> None:
    # Victron, VE.Can registers public, v20: set the remote limit to 10.0 A.
    line = as_json("1CEF4020#6699140264000000")
    assert (line["name"], line["vreg"], line["destination"]) == ("VREG write", "0x0214", 0x40)
    values = line["values"]
    assert list(values.items()) == [
        ("register", "0x0214"),
        ("value", "64000000"),
        ("ac_in_1_current_limit_remote", 10.0),
    ]
    assert as_json("1CEF4020#6699349964000000")["values"] == {"register": "0x9934", "value": "64000000"}
    assert as_json("1CEF4020#66990002FC000000")["values"]["device_mode"] == {"value": 252, "text": "standby"}


def test_keys_stand_in_the_same_order_on_every_line() -> None:
    for frame in ("19F21429#004F0AFDFFFFFF11", "1CEFFF29#6699022109000000", "1CEF4020#669901000201FFFF"):
        assert list(as_json(frame)) == ["t", "bus", "source", "destination", "pgn", "vreg", "name", "values", "raw"]


def expected(db: Database, t: float, bus: str, found: Message) -> dict[str, object]:
    """The same object by the plainest way."""
    layout, source, destination, values, payload = found

    def shown(field_number: int, value: FieldValue) -> object:
        field = layout.fields[field_number]
        if value is None or field.enum is None:
            return value.hex() if isinstance(value, bytes) else value
        return {"value": value, "text": db.text(field, value)}

    return {
        "t": t,
        "bus": bus,
        "source": source,
        "destination": destination,
        "pgn": layout.pgn,
        "vreg": None if layout.register is None else f"0x{layout.register:04X}",
        "name": layout.name,
        "values": {field.name: shown(number, values[number]) for number, field in enumerate(layout.fields)},
        "raw": payload.hex(),
    }


@st.composite
def messages(draw: st.DrawFn) -> tuple[int, bytes]:
    """A whole payload of any entry of the database."""
    if draw(st.booleans()):
        register = draw(st.sampled_from(sorted(DB.registers)))
        can_id = draw(st.sampled_from([0x1CEFFF29, 0x1DEFFF29]))
        return can_id, b"\x66\x99" + register.to_bytes(2, "little") + draw(st.binary(min_size=1, max_size=60))
    pgn = draw(st.sampled_from(sorted(DB.pgns)))
    head = b"\x66\x99" if pgn & 0xFF00 == 0xFF00 else b""
    can_id = pgn << 8 | 0x29 | (0xFF00 if pgn >> 8 & 0xFF < 240 else 0)
    return can_id, head + draw(st.binary(min_size=1, max_size=140))


@given(
    st.lists(messages(), min_size=1, max_size=8),
    st.text(max_size=6),
    st.floats(0, 1e10),
    st.sampled_from([None, 0xA3E5, 0x0203]),
)
@settings(max_examples=200, deadline=None)
def test_json_lines_say_what_a_plain_json_encoder_would(
    payloads: list[tuple[int, bytes]], bus: str, t: float, product: int | None
) -> None:
    decoder, lines = Decoder(DB, keep_unknown=True), JsonLines(DB)
    if product is not None:
        introduce(decoder, 0x29, product)
    for can_id, payload in [*payloads, *payloads]:  # the second time what is kept ready comes out
        found = decoder.feed(can_id | WHOLE, payload, 0.0)
        if found is not None and found[0].kind in ("pgn", "vreg", "unknown") and not is_service(found[0]):
            assert json.loads(lines.line(t, bus, found)) == expected(DB, t, bus, found)


@given(messages(), st.text(max_size=6))
@settings(max_examples=150, deadline=None)
def test_text_and_csv_stand_any_message(payload: tuple[int, bytes], bus: str) -> None:
    found = Decoder(DB, keep_unknown=True).feed(payload[0] | WHOLE, payload[1], 0.0)
    if found is None:
        return
    line = TextLines(DB).line(0.0, bus, found)
    assert line.endswith("\n")
    assert printable(line[:-1]) == line[:-1], "nothing that disturbs a terminal"
    rows = list(csv.reader(io.StringIO(CsvLines(DB).line(0.0, bus, found))))
    assert {len(row) for row in rows} == {12}


def test_ready_texts_are_bounded() -> None:
    lines = JsonLines(DB)
    decoder = Decoder(DB, keep_unknown=True)
    for number in range(5000):
        value = number.to_bytes(4, "little")
        for frame in (b"\x66\x99\xff\x0f" + value, b"\x66\x99" + value[:2] + b"\x00\x00\x00\x00"):
            found = decoder.feed(0x1CEFFF29, frame, 0.0)
            if found is not None:
                lines.line(0.0, "can0", found)
        found = decoder.feed(0x0DF20D29, b"\x00" + value + b"\x00\x00\x00", 0.0)
        lines.line(0.0, "can0", found)
        found = decoder.feed(0x1CEF0029, b"\xe5\x98" + value, 0.0)
        lines.line(0.0, "can0", found)
    assert len(lines._register_tails) <= 2048
    assert len(lines._forms) <= 4096
    assert all(tails is None or len(tails) <= 2048 for tails, _ in lines._forms.values())


def test_an_enumeration_of_32_bits_does_not_fill_the_memory() -> None:
    db = handmade.database_of(
        handmade.vreg(1, "VE_REG_X", handmade.field("x", 0, 32, enum="e")), enums={"e": {5: "five"}}
    )
    layout = db.registers[1]
    lines = JsonLines(db)
    for number in (*range(5000), 5):
        line = lines.line(0.0, "", (layout, 1, 255, (number,), b"\x66\x99\x01\x00" + number.to_bytes(4, "little")))
    assert json.loads(line)["values"] == {"x": {"value": 5, "text": "five"}}


@pytest.mark.parametrize("text", ["", "plain", 'a"b', "a\\b", "\x00\x1b[31m", "Küche", "\ud800", "\U0001f50b"])
def test_quoted_is_json_in_ascii(text: str) -> None:
    assert quoted(text).isascii()
    assert json.loads(quoted(text)) == text


TEXT_LINES = [
    (
        "19F21429#004F0AFDFFFFFF11",
        "0.250000 can0  41 > all 127508 battery_status: "
        "instance 0, voltage 26.39 V, current -0.3 A, temperature n/a, sid 17",
    ),
    ("1CEFFF29#6699022109000000", "0.250000 can0  41 > all 0x2102 BMS_STATE: bms_state 9 (running)"),
    ("1CEFFF29#669902214D000000", "0.250000 can0  41 > all 0x2102 BMS_STATE: bms_state 77 (undefined)"),
    ("1DEFFF29#66990C014B1B5B4100", '0.250000 can0  41 > all 0x010C DESCRIPTION1: description1 "K\ufffd[A"'),
    ("1CEFFF29#6699349901020304", "0.250000 can0  41 > all Unknown register 0x9934: 66 99 34 99 01 02 03 04"),
    ("1CEF4020#669901000201FFFF", "0.250000 can0  32 > 64  VREG request: register 0x0102, mask 0xFFFF"),
    (
        "1CEF4020#6699140264000000",
        "0.250000 can0  32 > 64  VREG write: register 0x0214, value 64 00 00 00, ac_in_1_current_limit_remote 10.0 A",
    ),
    ("1CEFFF29#6699030001020304", "0.250000 can0  41 > all 0x0003 PING: ping 01 02 03 04"),
    (
        "1CEFFF29#6699000100E5A300",
        "0.250000 can0  41 > all 0x0100 PRODUCT_ID: identifier 0, product_id 41957 (Lynx Smart BMS 500), flags 0",
    ),
    (
        "1CEFFF29#669900010034A200",
        "0.250000 can0  41 > all 0x0100 PRODUCT_ID: identifier 0, product_id 41524 (unknown product), flags 0",
    ),
    (
        "1CEFFF29#6699000100FFFF00",
        "0.250000 can0  41 > all 0x0100 PRODUCT_ID: identifier 0, product_id n/a, flags 0",
    ),
    ("1CEFFF29#6699020100FF1301", "0.250000 can0  41 > all 0x0102 APP_VER: identifier 0, version 70655 (v1.13)"),
    ("1CEFFF29#6699020100000000", "0.250000 can0  41 > all 0x0102 APP_VER: identifier 0, version 0"),
    ("1CEFFF29#6699020100FFFFFF", "0.250000 can0  41 > all 0x0102 APP_VER: identifier 0, version n/a"),
]


@pytest.mark.parametrize(("frame", "line"), TEXT_LINES)
def test_lines_to_read(frame: str, line: str) -> None:
    assert TextLines(DB).begin() == ""
    assert TextLines(DB).line(0.25, "can0", message(frame)) == line + "\n"


@pytest.mark.parametrize(
    ("raw", "text"), [("AF73", "23.0 °C"), ("B36A", "0.0 °C"), ("BF68", "-5.0 °C"), ("FFFF", "n/a")]
)
def test_people_read_temperatures_in_celsius_and_programs_in_kelvin(raw: str, text: str) -> None:
    frame = f"19F21429#004F0AFDFF{raw}11"
    assert f", temperature {text}, " in TextLines(DB).line(0.25, "can0", message(frame))
    (cell,) = [row for row in rows(frame) if row["field"] == "temperature"]
    assert f"{cell['value'] or 'n/a'} {cell['unit']}".startswith(text), "a table is for people"
    kelvin = int.from_bytes(bytes.fromhex(raw), "little") / 100
    assert as_json(frame)["values"]["temperature"] == (None if raw == "FFFF" else kelvin)


def rows(frame: str, bus: str = "can0") -> list[dict[str, str]]:
    lines = CsvLines(DB)
    page = lines.begin() + lines.line(0.25, bus, message(frame))
    return list(csv.DictReader(io.StringIO(page)))


def test_csv_has_a_row_for_each_value() -> None:
    found = rows("19F21429#004F0AFDFFFFFF11")
    assert [(row["field"], row["value"], row["unit"]) for row in found] == [
        ("instance", "0", ""),
        ("voltage", "26.39", "V"),
        ("current", "-0.3", "A"),
        ("temperature", "", "\N{DEGREE SIGN}C"),
        ("sid", "17", ""),
    ]
    assert {(row["t"], row["bus"], row["source"], row["pgn"], row["vreg"]) for row in found} == {
        ("0.25", "can0", "41", "127508", "")
    }


def test_csv_of_registers_requests_and_commands() -> None:
    state = rows("1CEFFF29#6699022109000000")[0]
    assert (state["vreg"], state["value"], state["text"]) == ("0x2102", "9", "running")
    assert rows("1CEF4020#669901000201FFFF")[0]["value"] == "0x0102"
    written = rows("1CEF4020#6699140264000000")
    assert [row["value"] for row in written] == ["0x0214", "64000000", "10.0"]
    assert {row["vreg"] for row in written} == {"0x0214"}
    empty = rows("1CEFFF29#66991F0300000000")
    assert [(row["name"], row["field"]) for row in empty] == [("VE_REG_ALARM_ACK", "")]


def test_csv_lets_no_text_from_the_wire_become_a_formula() -> None:
    assert rows("1DEFFF29#66990C01" + b"=1+1\0".hex())[0]["value"] == "'=1+1"
    assert rows("19F21429#004F0AFDFFFFFF11", bus="@x")[0]["bus"] == "'@x"


def test_a_message_of_several_frames_is_one_line() -> None:
    decoder = Decoder(DB)
    found = [decoder.feed(0x19F21229, part, 0.0) for part in split(bytes.fromhex("11000063FF403800FF0500"), 1)]
    assert found[0] is None
    assert json.loads(JsonLines(DB).line(0.0, "", found[1]))["raw"] == "11000063ff403800ff0500"


INSTANCE_SET = bytes.fromhex("0100EE00F8010302")
PGNS_SENT = bytes.fromhex("0000EE0014F20114F001")


def test_a_group_function_says_what_it_sets_in_every_form() -> None:
    found = Decoder(DB).feed(0xDED29E3 | WHOLE, INSTANCE_SET, 0.0)
    assert found is not None
    assert (
        TextLines(DB)
        .line(0.0, "can0", found)
        .endswith(
            "function_code 1 (command), pgn 60928, parameters f8 01 03 02, priority 8 (leave unchanged), "
            "number_of_parameters 1, device_instance_lower 2\n"
        )
    )
    assert json.loads(JsonLines(DB).line(0.0, "can0", found))["values"] == {
        "function_code": {"value": 1, "text": "command"},
        "pgn": 60928,
        "parameters": "f8010302",
        "priority": {"value": 8, "text": "leave unchanged"},
        "number_of_parameters": 1,
        "device_instance_lower": 2,
    }
    rows = CsvLines(DB, ("field", "value", "text")).line(0.0, "can0", found).splitlines()
    assert rows[-3:] == ["priority,8,leave unchanged", "number_of_parameters,1,", "device_instance_lower,2,"]


def test_a_list_of_pgns_is_a_list_in_every_form() -> None:
    found = Decoder(DB).feed(0x19EEFF29 | WHOLE, PGNS_SENT, 0.0)
    assert found is not None
    assert TextLines(DB).line(0.0, "can0", found).endswith("pgns 60928 127508 126996\n")
    assert json.loads(JsonLines(DB).line(0.0, "can0", found))["values"]["pgns"] == [60928, 127508, 126996]
    assert "pgns,60928 127508 126996" in CsvLines(DB, ("field", "value")).line(0.0, "can0", found)
    empty = Decoder(DB).feed(0x19EEFF29 | WHOLE, b"\0", 0.0)
    assert empty is not None
    assert TextLines(DB).line(0.0, "can0", empty).endswith("pgns n/a\n")
    assert '"pgns":[]' in JsonLines(DB).line(0.0, "can0", empty)


LAYOUTS = [layout for layout in (*DB.pgns.values(), *DB.registers.values()) if not is_service(layout)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(data=st.data())
@settings(max_examples=10)
def test_a_line_says_what_each_field_says(layout: Layout, data: st.DataObject) -> None:
    """The quick way of a line, and the text that is ready for a payload, against field by field."""
    payload = data.draw(st.binary(min_size=layout.length, max_size=layout.length))
    found = (layout, 41, 255, layout.read(payload), payload)
    lines = TextLines(DB)
    subject, fields = lines.parts(layout, found[3])
    said = ", ".join(f"{name} {text}" for name, text in fields)
    plain = f"0.000000 can0  41 > all {subject}: {said}".rstrip(": ") + "\n"
    assert [lines.line(0.0, "can0", found) for _ in range(2)] == [plain] * 2
