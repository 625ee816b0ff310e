"""Our marshalling against the library's, byte for byte, and our parsing against its, value for value."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from dbus_next._private.unmarshaller import Unmarshaller
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus import bodies, parse, wire
from gxbridge.edge.dbus.bus import library
from gxbridge.edge.dbus.item_bytes import RANGES, ItemBytes, Misfit, accept, fit, items_body

LIBRARY = library("dbus_next")

names = st.text("aBz0_", min_size=1, max_size=12)
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
finite = st.floats(allow_nan=False, allow_infinity=False)


def integers(signature: str) -> st.SearchStrategy[int]:
    return st.integers(RANGES[signature].start, RANGES[signature].stop - 1)


coded_integers = st.sampled_from([*RANGES]).flatmap(lambda code: st.tuples(st.just(code), integers(code)))


@st.composite
def items(draw: st.DrawFn) -> ItemBytes:
    signature = draw(st.sampled_from([*RANGES, "d", "s"]))
    form = draw(st.sampled_from(["{}", "{:.2f}V", "{:.0f}%", "{} degrees", "50% {}", "{:.1f}"]))
    value: Any = draw(texts if signature == "s" else finite if signature == "d" else integers(signature))
    ends: tuple[Any, Any] = (None, None)
    if signature in RANGES and draw(st.booleans()):
        ends = draw(st.tuples(integers(signature), integers(signature)))
    spec = ItemSpec(signature, "{}" if signature == "s" else form, ends != (None, None), *ends)
    return ItemBytes(draw(paths), spec, draw(st.sampled_from([value, value, value, None])))


def library_items(found: list[ItemBytes]) -> bytes:
    body = {}
    for item in found:
        value = ("ai", []) if item.value is None else (item.spec.signature, item.value)
        body[item.path] = {"Value": value, "Text": ("s", item.spec.text_of(item.value))}
        if item.spec.writable:
            ends = {"Min": item.spec.minimum, "Max": item.spec.maximum}
            body[item.path] |= {name: (item.spec.signature, end) for name, end in ends.items()}
    return LIBRARY.encode("a{sa{sv}}", [body])


@given(st.lists(items(), max_size=6, unique_by=lambda item: item.path))
def test_items_are_marshalled_as_the_library_does_it(found: list[ItemBytes]) -> None:
    assert items_body(found) == library_items(found)


@given(st.lists(items(), max_size=6, unique_by=lambda item: item.path))
def test_items_come_back_as_they_were_published(found: list[ItemBytes]) -> None:
    assert parse.read_items(items_body(found), 0) == {item.path: item.value for item in found}


def test_an_entry_is_rebuilt_when_its_value_changes_and_only_then() -> None:
    item = ItemBytes("/Dc/0/Voltage", ItemSpec("d", "{:.2f}V"), 26.39)
    first = item.entry()
    assert item.entry() is first
    item.set(26.4)
    assert items_body([item]) == library_items([item]) != items_body([ItemBytes(item.path, item.spec, 26.39)])


def test_a_text_that_cannot_be_made_is_the_plain_value() -> None:
    item = ItemBytes("/A", ItemSpec("s", "{:.2f}V"), "twelve")
    assert item.text == "twelve"
    assert b"twelve" in item.entry()


def test_texts_never_carry_what_makes_a_bus_disconnect_us() -> None:
    item = ItemBytes("/A", ItemSpec("s"), "a\0b\ud800c")
    assert parse.read_items(items_body([item]), 0) == {"/A": "ab?c"}


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signature", "value", "fitted"),
    [
        ("q", 65535, 65535),
        ("y", True, 1),
        ("i", 12.6, 13),
        ("i", -0.4, 0),
        ("d", 5, 5.0),
        ("s", "text", "text"),
        ("u", None, None),
    ],
)
def test_values_take_the_type_of_their_item(signature: str, value: Any, fitted: Any) -> None:
    result = fit(ItemSpec(signature), value)
    assert result == fitted
    assert type(result) is type(fitted)


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        *[("q", 70000), ("y", 300), ("u", -1), ("i", 1 << 31), ("d", math.nan), ("d", math.inf), ("i", math.nan)],
        *[("d", "12"), ("s", 12), ("y", -1), ("n", 40000), ("x", 1 << 63), ("t", -1)],
    ],
)
def test_values_that_do_not_fit_are_refused(signature: str, value: Any) -> None:
    with pytest.raises(Misfit):
        fit(ItemSpec(signature), value)


@pytest.mark.parametrize(
    ("signature", "written", "value"),
    [
        ("u", 3.0, 3),  # some clients know doubles only
        ("i", 1, 1),
        ("d", 5, 5.0),
        ("s", 123, "123"),  # dbus-spy sends a name of digits as a number
        ("s", 1.5, "1.5"),
        ("i", None, None),
        ("i", [], None),
    ],
)
def test_writes_are_taken_in_any_sensible_type(signature: str, written: Any, value: Any) -> None:
    result = accept(ItemSpec(signature), written)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("signature", "written"),
    [("u", 3.5), ("u", "3"), ("y", 256), ("i", [1]), ("i", {"a": 1}), ("d", math.inf), ("d", "x"), ("s", [1])],
)
def test_writes_that_make_no_sense_are_refused(signature: str, written: Any) -> None:
    with pytest.raises(Misfit):
        accept(ItemSpec(signature), written)


@given(coded_integers)
def test_integer_variants_are_marshalled_as_the_library_does_it(pair: tuple[str, int]) -> None:
    signature, value = pair
    body = bodies.variant_body(signature, value)
    assert body == LIBRARY.encode("v", [(signature, value)])
    assert parse.read_variant(body, 0) == (value, len(body))


@given(finite, texts)
def test_the_other_variants_are_marshalled_as_the_library_does_it(number: float, text: str) -> None:
    assert bodies.variant_body("d", number) == LIBRARY.encode("v", [("d", number)])
    assert bodies.variant_body("s", text) == LIBRARY.encode("v", [("s", text)])
    assert bodies.variant_body("i", None) == bodies.INVALID_VARIANT == LIBRARY.encode("v", [("ai", [])])
    assert bodies.string_body(text) == LIBRARY.encode("s", [text])


def test_a_value_without_a_prescribed_type_gets_the_type_that_velib_gives_it() -> None:
    assert bodies.free_variant_body(5) == LIBRARY.encode("v", [("i", 5)])
    assert bodies.free_variant_body(True) == LIBRARY.encode("v", [("i", 1)])
    assert bodies.free_variant_body(1 << 31) == LIBRARY.encode("v", [("x", 1 << 31)])
    assert bodies.free_variant_body(5.0) == LIBRARY.encode("v", [("d", 5.0)])
    assert bodies.free_variant_body("5") == LIBRARY.encode("v", [("s", "5")])
    assert bodies.free_variant_body(None) == bodies.INVALID_VARIANT
    for impossible in (math.nan, math.inf, 1 << 63):
        with pytest.raises(ValueError, match=r"D-Bus|64 bit"):
            bodies.free_variant_body(impossible)


# --- what others send -------------------------------------------------------------------------------------------------

plain = st.one_of(
    coded_integers,
    st.tuples(st.just("d"), st.floats()),
    st.tuples(st.just("s"), texts),
    st.tuples(st.just("o"), paths),
    st.tuples(st.just("b"), st.booleans()),
    st.sampled_from(["ai", "au", "ad", "ax", "as", "av", "aa{sv}", "ay"]).map(
        lambda code: (code, b"" if code == "ay" else [])
    ),
)
keys = st.sampled_from("sxqy").flatmap(
    lambda code: st.tuples(st.just(code), st.lists(texts if code == "s" else integers(code), max_size=3, unique=True))
)


def listed(one: tuple[str, Any], more: list[Any]) -> tuple[str, Any]:
    code, value = one
    return f"a{code}", bytes([value, *more]) if code == "y" else [value, *more]


def containers(inside: st.SearchStrategy[tuple[str, Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    """Lists, dictionaries, structures and variants of what is inside."""
    return st.one_of(
        inside.map(lambda one: listed(one, [one[1]])),
        st.tuples(coded_integers, st.lists(st.integers(0, 127), max_size=4)).map(lambda pair: listed(*pair)),
        st.lists(inside, max_size=3).map(lambda values: ("av", values)),
        st.lists(st.dictionaries(texts, inside, max_size=3), max_size=3).map(lambda rows: ("aa{sv}", rows)),
        st.tuples(keys, inside).map(
            lambda pair: (f"a{{{pair[0][0]}{pair[1][0]}}}", dict.fromkeys(pair[0][1], pair[1][1]))
        ),
        st.lists(inside, min_size=1, max_size=3).map(
            lambda parts: (f"({''.join(code for code, _ in parts)})", [value for _, value in parts])
        ),
        inside.map(lambda one: ("v", one)),
    )


anything = st.recursive(
    st.one_of(plain, st.tuples(st.just("g"), st.sampled_from(["", "a{sv}"]))), containers, max_leaves=8
)
inner = st.dictionaries(st.sampled_from(["Value", "Text", "Min", "Max", "Default"]), anything)


def expected(entry: dict[str, Any]) -> Any:
    return library_values([entry["Value"]])[0]


def library_values(variants: list[Any]) -> list[Any]:
    signature = "v" * len(variants)
    frame = wire.signal(1, "/", "a.b", "C", signature, LIBRARY.encode(signature, variants))
    return LIBRARY.decode(frame)[1]


@given(st.dictionaries(paths, inner, max_size=5))
def test_items_of_others_are_read_as_the_library_reads_them(sent: dict[str, dict[str, Any]]) -> None:
    body = LIBRARY.encode("a{sa{sv}}", [sent])
    wanted = {path: expected(entry) for path, entry in sent.items() if "Value" in entry}
    assert parse.read_items(body, 0) == wanted


def test_a_list_of_batteries_is_read_with_the_values_beside_it() -> None:
    rows = [{"name": ("s", "Lynx"), "soc": ("d", 80.5), "voltage": ("ad", [])}, {"name": ("s", "SmartShunt")}]
    sent = {"/Batteries": {"Value": ("aa{sv}", rows)}, "/Dc/Battery/Soc": {"Value": ("d", 80.5)}}
    body = LIBRARY.encode("a{sa{sv}}", [sent])
    batteries = [{"name": "Lynx", "soc": 80.5, "voltage": None}, {"name": "SmartShunt"}]
    assert parse.read_items(body, 0) == {"/Batteries": batteries, "/Dc/Battery/Soc": 80.5}


@pytest.mark.parametrize("kind", ["a", "a{", "a{vs}", "a{sv", "()", "(s", "ii", "h", "", "{sv}", "a{s}"])
def test_a_type_that_no_value_has_is_left_to_the_library(kind: str) -> None:
    with pytest.raises(parse.Unusual):
        parse.read_variant(bytes((len(kind),)) + kind.encode() + bytes(32), 0)


def test_a_list_that_ends_within_an_element_is_left_to_the_library() -> None:
    body = LIBRARY.encode("v", [("ai", [1, 2])])
    with pytest.raises(parse.Unusual, match="beyond its array"):
        parse.read_variant(body[:4] + b"\x07" + body[5:], 0)


@pytest.mark.parametrize(("depth", "is_read"), [(parse.DEEPEST, True), (parse.DEEPEST + 1, False)])
def test_what_is_nested_too_deeply_is_left_to_the_library(depth: int, is_read: bool) -> None:
    body = b"\x01v\0" * depth + b"\x01y\0\x05"
    if is_read:
        assert parse.read_variant(body, 0) == (5, len(body))
        return
    with pytest.raises(parse.Unusual):
        parse.read_variant(body, 0)


@given(inner)
def test_properties_of_others_are_read_as_the_library_reads_them(sent: dict[str, Any]) -> None:
    body = LIBRARY.encode("a{sv}", [sent])
    assert parse.read_properties(body, 0, "/A") == ({"/A": expected(sent)} if "Value" in sent else {})


@given(st.binary(max_size=300))
def test_rubbish_raises_nothing_but_unusual(rubbish: bytes) -> None:
    for body in (rubbish, struct.pack("<I4x", len(rubbish)) + rubbish):
        for read in (parse.read_items, lambda frame, at: parse.read_properties(frame, at, "/A")):
            with suppress(parse.Unusual):
                read(body, 0)


@given(st.dictionaries(paths, inner, min_size=1, max_size=3), st.data())
def test_damaged_items_raise_nothing_but_unusual(sent: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    body = bytearray(LIBRARY.encode("a{sa{sv}}", [sent]))
    for _ in range(3):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(parse.Unusual):
        parse.read_items(bytes(body), 0)


def test_infinity_and_nan_of_others_are_invalid() -> None:
    for nonsense in (math.nan, math.inf, -math.inf):
        body = LIBRARY.encode("a{sa{sv}}", [{"/A": {"Value": ("d", nonsense)}}])
        assert parse.read_items(body, 0) == {"/A": None}


def test_the_memory_for_paths_is_bounded() -> None:
    parse._paths.clear()
    for number in range(parse.PATHS_REMEMBERED + 5):
        parse._remember(f"/{number}".encode())
    assert len(parse._paths) <= parse.PATHS_REMEMBERED


# --- messages ---------------------------------------------------------------------------------------------------------


def library_message(frame: bytes) -> bytes:
    """The frame read by the library and written by it again."""
    return bytes(Unmarshaller(BytesIO(frame)).unmarshall()._marshall())


QUESTION = wire.Incoming(wire.CALL, 0, 77, 0, wire.Header(path="/", member="GetItems", sender=":1.42"), b"", 0)


@given(items(), st.integers(1, 0xFFFF_FFFF), names)
def test_messages_are_marshalled_as_the_library_does_it(item: ItemBytes, serial: int, name: str) -> None:
    body = items_body([item])
    interface = "com.victronenergy.BusItem"
    for frame in (
        wire.signal(serial, "/", interface, "ItemsChanged", "a{sa{sv}}", body),
        wire.call(serial, f"com.victronenergy.x{name}", item.path, interface, "SetValue", "v", item.value_body()),
        wire.call(serial, ":1.5", item.path, None, "GetValue"),
        wire.answer(serial, QUESTION, "a{sa{sv}}", body),
        wire.answer(serial, QUESTION),
    ):
        assert library_message(frame) == frame
        assert wire.frame_length(frame, 0) == len(frame)


def test_an_error_reads_the_same_by_the_library() -> None:
    frame = wire.refusal(9, QUESTION, "org.freedesktop.DBus.Error.UnknownObject", "There is no /X here")
    message, body = LIBRARY.decode(frame)
    assert (message.kind, message.reply_serial, body) == (wire.ERROR, 77, ["There is no /X here"])
    assert message.header.error_name == "org.freedesktop.DBus.Error.UnknownObject"
    assert message.header.destination == ":1.42"


@given(items(), st.integers(1, 0xFFFF_FFFF))
def test_headers_are_read_as_the_library_reads_them(item: ItemBytes, serial: int) -> None:
    reader = wire.HeaderReader()
    for frame in (
        wire.signal(serial, "/", "com.victronenergy.BusItem", "ItemsChanged", "a{sa{sv}}", items_body([item])),
        wire.call(serial, ":1.7", item.path, None, "GetText", flags=wire.NO_REPLY),
        wire.answer(serial, QUESTION, "v", item.value_body()),
        wire.refusal(serial, QUESTION, "a.b.C", "text"),
    ):
        for _ in range(2):  # the second time from memory
            ours = reader.read(frame)
            theirs, body = LIBRARY.decode(frame)
            assert ours is not None
            assert ours[:6] == theirs[:6]
            if ours.header.signature == "v":
                assert [parse.read_variant(frame, ours.at)[0]] == body


def test_a_reply_is_never_read_from_memory() -> None:
    reader = wire.HeaderReader()
    for serial in (5, 6):
        question = QUESTION._replace(serial=serial)
        found = reader.read(wire.answer(1, question))
        assert found is not None
        assert found.reply_serial == serial


def test_the_memory_for_headers_is_bounded() -> None:
    reader = wire.HeaderReader()
    for number in range(reader.REMEMBERED + 5):
        assert reader.read(wire.call(1, ":1.7", f"/A{number}", None, "GetText")) is not None
    assert len(reader._known) <= reader.REMEMBERED


def big_endian_signal() -> bytes:
    """A signal in the other byte order, written by hand: path /, interface a.b, member C, no body."""

    def text(code: int, kind: bytes, value: bytes) -> bytes:
        field = bytes((code, 1)) + kind + b"\0" + struct.pack(">I", len(value)) + value + b"\0"
        return field + bytes(-len(field) & 7)

    fields = text(1, b"o", b"/") + text(2, b"s", b"a.b") + text(3, b"s", b"C")  # ends with six bytes of padding
    return struct.pack(">4BIII", ord("B"), wire.SIGNAL, 0, 1, 0, 9, len(fields) - 6) + fields


def test_the_other_byte_order_is_measured_and_left_to_the_library() -> None:
    frame = big_endian_signal()
    assert wire.frame_length(frame + b"more", 0) == len(frame)
    assert wire.HeaderReader().read(frame) is None
    message, body = LIBRARY.decode(frame)
    assert (message.header.path, message.header.interface, message.header.member, body) == ("/", "a.b", "C", [])
    assert message.at == -1


@given(st.data())
def test_damaged_headers_raise_nothing(data: st.DataObject) -> None:
    frame = bytearray(wire.call(1, "a.b", "/A", "c.d", "E", "s", bodies.string_body("text")))
    for _ in range(2):
        frame[data.draw(st.integers(16, len(frame) - 1))] = data.draw(st.integers(0, 255))
    wire.HeaderReader().read(bytes(frame))


def test_a_frame_is_measured_only_when_its_start_is_there() -> None:
    frame = wire.call(1, "a.b", "/A", "c.d", "E")
    assert [wire.frame_length(frame[:cut], 0) for cut in (0, 1, 15, 16)] == [0, 0, 0, len(frame)]


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\n", b"l\1\0\2" + bytes(12), b"l\1\0\1" + b"\xff" * 12])
def test_a_stream_that_is_no_dbus_is_noticed(start: bytes) -> None:
    with pytest.raises(wire.WireError, match="no D-Bus message"):
        wire.frame_length(start, 0)


def simple(signature: str, body: bytes) -> list[Any] | None:
    """The arguments in this body, as it would arrive."""
    return bodies.simple_body(signature, b"\0" * 16 + body, 16)


@given(st.lists(st.one_of(st.text(max_size=9).filter(lambda text: "\0" not in text), st.integers(0, 2**32 - 1))))
def test_simple_arguments_are_read_as_the_library_writes_them(values: list[str | int]) -> None:
    signature = "".join("s" if isinstance(value, str) else "u" for value in values)
    body = library().encode(signature, values) if values else b""
    assert simple(signature, body) == values


@given(st.lists(st.text(max_size=9).filter(lambda text: "\0" not in text)))
def test_a_list_of_names_is_read_as_the_library_writes_it(names: list[str]) -> None:
    assert simple("as", library().encode("as", [names])) == [names]


@given(st.sampled_from(["s", "u", "su", "as", "sss"]), st.binary(max_size=40))
def test_damaged_arguments_are_left_to_the_library(signature: str, body: bytes) -> None:
    simple(signature, body)  # never raises


@pytest.mark.parametrize("signature", ["v", "a{sv}", "i", "au", "sv"])
def test_what_is_not_simple_is_left_to_the_library(signature: str) -> None:
    assert simple(signature, b"\0" * 32) is None
    assert bodies.simple_body("s", b"\0" * 16, -1) is None


def test_a_request_for_a_name_is_written_as_the_library_writes_it() -> None:
    for name in ("com.victronenergy.a", "com.victronenergy.ab", "com.victronenergy.abc", "com.victronenergy.abcd"):
        assert bodies.name_request_body(name, 4) == library().encode("su", [name, 4])


# --- rows of named values ---------------------------------------------------------------------------------------------

row_values = st.one_of(st.integers(-(1 << 63), (1 << 63) - 1), finite, texts)
rows = st.lists(st.dictionaries(names, row_values, max_size=4), max_size=4)


def library_rows(found: list[dict[str, Any]]) -> bytes:
    def variant(value: Any) -> tuple[str, Any]:
        kind = "s" if isinstance(value, str) else "d" if isinstance(value, float) else "x"
        return ("i" if kind == "x" and value in bodies.INT32 else kind), value

    return LIBRARY.encode("aa{sv}", [[{name: variant(value) for name, value in row.items()} for row in found]])


@given(rows)
def test_rows_are_marshalled_and_read_as_the_library_does_it(found: list[dict[str, Any]]) -> None:
    body = bodies.rows_body(found)
    assert body == library_rows(found)
    assert parse.read_rows(body, 0) == found


@given(rows, st.integers(0, 200), st.integers(0, 255))
def test_damaged_rows_are_refused_or_read_and_nothing_else(
    found: list[dict[str, Any]], place: int, letter: int
) -> None:
    body = bytearray(bodies.rows_body(found))
    body[place % len(body)] = letter
    with suppress(parse.Unusual):
        parse.read_rows(bytes(body), 0)


@pytest.mark.parametrize("length", [0, 3, 5, 12, 20, 30])
def test_rows_that_are_cut_short_are_refused(length: int) -> None:
    body = bodies.rows_body([{"path": "/Settings/A", "value": 7}])
    with pytest.raises(parse.Unusual):
        parse.read_rows(body[:length], 0)


def test_rows_whose_lengths_do_not_fit_are_refused() -> None:
    body = bytearray(bodies.rows_body([{"a": 1}, {"b": 2}]))
    longer = bytes((body[0] - 1, *body[1:]))
    with pytest.raises(parse.Unusual, match="beyond its array"):
        parse.read_rows(longer, 0)
    with pytest.raises(parse.Unusual, match="beyond its row"):
        parse.read_rows(bytes((*body[:4], body[4] - 1, *body[5:])), 0)


def test_a_row_that_holds_a_list_is_read() -> None:
    body = LIBRARY.encode("aa{sv}", [[{"value": ("ai", [1])}]])
    assert parse.read_rows(body, 0) == [{"value": [1]}]
