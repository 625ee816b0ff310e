"""Plain data and back: what may be in a state, and what is refused."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.blackbox.box import BoxError, lines, parse
from gxbridge.core.blackbox.bridge_state import restore
from gxbridge.core.blackbox.classes import TABLE_NAMES, codec
from gxbridge.core.blackbox.codec import Codec, CodecClass, CodecError, Reference, to_json
from gxbridge.core.blackbox.play import replay, setup_of
from gxbridge.core.blackbox.ring import PENDING_FRAMES, Ring
from gxbridge.core.blackbox.timeline import CanState, Timeline, facts_of
from gxbridge.core.blackbox.verdict import verdict
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.devices import KINDS
from tests.core.blackbox.test_play import BoxedBoat


class Pair(NamedTuple):
    left: Any
    right: Any


@record
class Row:
    value: Any


class Loose:
    """A class that can change, with what its instances have."""

    def __init__(self) -> None:
        self.first: Any = None
        self.hidden = object()


@record
class Empty:
    """No fields."""


KINDS_OF_TEST = (
    CodecClass(Pair),
    CodecClass(Row),
    CodecClass(Empty),
    CodecClass(Loose, shared=True, skip={"hidden": lambda: "made anew"}),
)
SEVEN = Decoder()
REFERENCES = (Reference(Decoder, "seven", lambda _: [7], lambda key: {7: SEVEN}[key[0]]),)

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
hashable = st.recursive(leaves, lambda inner: st.tuples(inner, inner) | st.builds(Pair, inner, inner))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(hashable, inner),
        st.sets(hashable),
        st.frozensets(hashable),
        st.builds(Row, inner),
        st.builds(Pair, inner, inner),
        st.dictionaries(st.text(), inner).map(MappingProxyType),
        st.builds(Empty),
    ),
    max_leaves=20,
)


def there_and_back(value: Any) -> Any:
    coding = Codec(KINDS_OF_TEST, REFERENCES)
    plain = json.loads(json.dumps(coding.encode(value)))
    return Codec(KINDS_OF_TEST, REFERENCES).decode(plain, coding.fields)


def exactly(value: Any) -> str:
    """A text in which 1, 1.0 and True differ and sets have an order."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}{sorted(map(exactly, value))}"
    if isinstance(value, dict | MappingProxyType):
        return f"{type(value).__name__}{[(exactly(key), exactly(item)) for key, item in value.items()]}"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}{[exactly(item) for item in value]}"
    return f"Row {exactly(value.value)}" if isinstance(value, Row) else repr(value)


@given(values)
def test_every_value_comes_back_exactly(value: Any) -> None:
    assert exactly(there_and_back(value)) == exactly(value)


@given(values, st.integers(0, 5))
def test_the_pieces_of_a_value_are_its_text(value: Any, depth: int) -> None:
    loose = Loose()
    loose.first = [value, loose]
    whole = {"a": {"b": loose, "c": value}, "d": loose}
    assert "".join(Codec(KINDS_OF_TEST).pieces(whole, depth)) == to_json(Codec(KINDS_OF_TEST).encode(whole))


def test_no_piece_holds_more_than_one_part_of_what_is_taken_apart() -> None:
    whole = {name: {"bus": ["x" * 100] * 10} for name in "abcdefgh"}
    sizes = {depth: max(map(len, Codec(()).pieces(whole, depth))) for depth in (0, 1, 2)}
    assert sizes[0] > 8000 > 1200 > sizes[1] > sizes[2]


@pytest.mark.parametrize("value", [math.inf, -math.inf, -0.0, 5e-324, 0.1 + 0.2])
def test_every_float_comes_back_bit_for_bit(value: float) -> None:
    assert repr(there_and_back(value)) == repr(value)
    assert math.isnan(there_and_back(math.nan))


def test_an_object_held_twice_is_one_object_again_even_in_a_circle() -> None:
    loose = Loose()
    loose.first = loose
    first, second = there_and_back([loose, loose])
    assert first is second
    assert first.first is first
    assert first.hidden == "made anew"


def test_what_is_not_copied_is_found_again() -> None:
    assert there_and_back((SEVEN,))[0] is SEVEN


@pytest.mark.parametrize("value", [object(), Exception(), 1j, print, Row], ids=lambda value: type(value).__name__)
def test_a_class_that_is_not_in_the_list_is_refused(value: object) -> None:
    with pytest.raises(CodecError, match="not in the list"):
        Codec(KINDS_OF_TEST).encode([value])


@pytest.mark.parametrize("sample", [object(), Exception()], ids=lambda value: type(value).__name__)
def test_a_getter_is_made_for_listed_classes_only(sample: object) -> None:
    with pytest.raises(CodecError, match="not in the list"):
        Codec(KINDS_OF_TEST).getter(sample)


FIELDS = {"Pair": ["left", "right"], "Row": ["value"], "Loose": ["first"]}
NONSENSE: dict[str, Any] = {
    "empty": [],
    "a mapping": {"a": 1},
    "a mark": ["?", 1],
    "a reference to nothing": ["r", 3],
    "a reference to text": ["r", "x"],
    "no hexadecimal": ["b", "zz"],
    "half a mapping": ["d", 1],
    "an unhashable key": ["d", ["l"], 1],
    "an unhashable member": ["s", ["l"]],
    "a class": ["o", "os.system", "ls"],
    "a class without fields": ["o", "Empty"],
    "too few fields": ["o", "Pair", 1],
    "too many fields": ["o", "Row", 1, 2],
    "nothing found": ["x", "seven", 8],
    "a kind of reference": ["x", "eight", 8],
    "no kind": ["x"],
    "too deep": ["l"],
}
for _ in range(100):
    NONSENSE["too deep"] = ["l", NONSENSE["too deep"]]


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_refused_with_one_kind_of_error(what: str) -> None:
    with pytest.raises(CodecError):
        Codec(KINDS_OF_TEST, REFERENCES).decode(NONSENSE[what], FIELDS)


@pytest.mark.parametrize("fields", [{"Row": ["other"]}, {"Row": ["value", "more"]}, {"Pair": ["right", "left"]}])
def test_a_class_with_other_fields_is_of_another_version(fields: dict[str, list[str]]) -> None:
    name, names = next(iter(fields.items()))
    with pytest.raises(CodecError, match=r"version|fields"):
        Codec(KINDS_OF_TEST).decode(["o", name, *names], fields)


@given(st.recursive(leaves.filter(lambda leaf: not isinstance(leaf, bytes)), st.lists, max_leaves=12))
def test_whatever_json_holds_is_a_value_or_a_codec_error(plain: Any) -> None:
    coding = codec()
    with suppress(CodecError):
        coding.decode(plain, {"Memory": ["control"], "Node": ["bus"]})


def test_every_layout_of_the_database_is_found_again() -> None:
    coding, db = codec(), database()
    layouts = [db.pgns[pgn] for pgn in db.pgns]
    for register in db.registers:
        families = {family for layout in db.variants(register) for family in layout.families}
        products = [None, *(id for id, info in db.products.items() if info.family in families)]
        layouts += [
            layout
            for product in products
            for pgn in (0xEF00, 0x1EF00)
            if (layout := db.layout(register, product, pgn)) is not None
        ]
    assert len(layouts) > 500
    for layout in layouts:
        assert coding.decode(json.loads(json.dumps(coding.encode(layout))), {}) is layout


@pytest.mark.parametrize("key", [[61184, 0x0390, "another name", ""], [61184, 0xFFFE, "x", ""], [1, None, "x", ""]])
def test_a_layout_that_this_version_does_not_have_is_an_error(key: list[Any]) -> None:
    with pytest.raises(CodecError):
        codec().decode(["x", "layout", *key], {})


def test_every_table_of_quantities_has_a_name() -> None:
    assert {id(table) for _, table in KINDS.values()} <= TABLE_NAMES.keys()


@pytest.mark.parametrize("plain", [5, ["d"], ["d", "bridge", 5, "registry", 5, "channels", 5], ["d", "bridge", ["d"]]])
def test_a_state_that_lacks_something_is_refused(plain: Any) -> None:
    with pytest.raises(CodecError):
        restore(Setup(), plain, {}, codec())


def test_a_state_of_a_bridge_with_other_attributes_is_of_another_version() -> None:
    empty = ["d"]
    with pytest.raises(CodecError, match="another version"):
        restore(Setup(), ["d", "bridge", empty, "registry", empty, "channels", empty, "heard", empty], {}, codec())


# --- the file ------------------------------------------------------------------------------------------------------

HEAD: dict[str, Any] = {
    "gxbox": 1, "version": "1", "database": "d", "cause": "command", "subject": "", "text": "", "at": 1.0,
    "frozen_at": 1.0, "epoch_offset": 0.0, "setup": None, "fields": {},
}  # fmt: skip
BAD_ROWS: dict[str, bytes] = {
    "no JSON": b"{",
    "no event": b"5",
    "an empty event": b"[]",
    "a mark that is no text": b"[5]",
    "an unknown mark": b'["zz"]',
    "too few values": b'["+", "a"]',
    "a wrong type": b'["+", "a", {}, "now"]',
    "no moment": b'["state", "x", []]',
    "no state": b'["state", 1.0]',
    "no base64": b'["block", "can0", "!!!"]',
    "half a frame": b'["block", "can0", "AAAA"]',
    "no text": b'["block", "can0", 5]',
    "half a row": b'["frames", "can0", [[1.0, 2]]]',
    "no tear": b'["torn"]',
    "a deep one": b"[" * 100_000,
}


def rows(*more: bytes, **changes: Any) -> list[bytes]:
    return [json.dumps(HEAD | changes).encode(), *more]


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_line_is_named_by_its_number(what: str) -> None:
    with pytest.raises(BoxError, match="line 2"):
        parse(rows(BAD_ROWS[what]))


def test_a_line_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxbridge.core.blackbox.box.LONGEST_LINE", 100)
    with pytest.raises(BoxError, match="too long"):
        parse(rows(b" " * 101))


@pytest.mark.parametrize("changes", [{"at": "x"}, {"fields": []}, {"fields": {"A": 5}}, {"cause": 7}, {"gxbox": 2}])
def test_a_bad_head_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BoxError):
        parse(rows(**changes))


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(BoxError, match="line 1"):
        parse([])


@pytest.mark.parametrize("setup", [None, ["o", "Setup"], ["x", "none"]])
def test_a_box_without_a_configuration_cannot_be_played(setup: Any) -> None:
    with pytest.raises(BoxError):
        setup_of(parse(rows(setup=setup)))


def test_what_cannot_be_a_can_frame_is_kept_and_played_all_the_same() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    boat.bridge.hear("can0", ((boat.now, 1 << 33, b"1"), (boat.now, 0x18EEFF29, bytes(300))))
    boat.bridge.hear("can0", [(boat.now, 0x18EEFF29, bytes(64))])
    boat.bridge.hear("can0", [])
    boat.tick(3)
    report = replay(boat.box())
    assert (report.differing, report.frames > 3) == (0, True)


def test_after_a_tear_the_play_goes_on_with_the_next_state() -> None:
    boat = BoxedBoat(max_bytes=60_000)
    boat.tick(3)
    boat.add("com.victronenergy.solarcharger.x", {"/CustomName": "x" * 70_000})
    boat.tick(5)
    box = boat.box()
    report = replay(box)
    assert (report.differing, report.cycles > 2) == (0, True)


def test_events_before_any_state_are_skipped() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    made = list(lines(frozen, "1", "d"))
    report = replay(parse([made[0], b'["r", 1.0, 0.0]', b'["block", "can0", ""]', *made[1:]]))
    assert (report.skipped, report.differing) == (2, 0)


@pytest.mark.parametrize("row", [b'["n", [[1]]]', b'["c", {"can0": {"x": 1}}]', b'["c", {"can0": 5}]'])
def test_an_event_that_makes_no_sense_ends_the_play_with_an_error(row: bytes) -> None:
    boat = BoxedBoat()
    boat.tick(3)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    with pytest.raises(BoxError, match="cannot be played"):
        replay(parse([*lines(frozen, "1", "d"), row]))


@pytest.mark.parametrize("row", [b'["c", {"can0": 5}]', b'["=", "", {"w": 5}]', b'["=", "", {"s": [1]}]'])
def test_events_that_make_no_sense_give_no_facts(row: bytes) -> None:
    with pytest.raises(BoxError, match="contradict each other"):
        facts_of(parse(rows(b'["state", 0.0, []]', row, b'["t", 0.0, 0.0]')))


def test_a_part_that_is_missing_is_told() -> None:
    facts = facts_of(parse(rows(b'["torn", "too much"]', b'["=", "", {}]')))
    assert [moment.text for moment in facts.timeline] == ["a part of the record is missing: too much"]


def test_a_ring_without_room_holds_nothing() -> None:
    ring = Ring(0)
    ring.frames("can0", [(0.0, 1, b"")])
    ring.event(["t", 0.0, 0.0])
    assert ring.stretches() == []


def test_more_frames_at_once_than_are_left_unpacked_are_packed_at_once() -> None:
    ring = Ring(1_000_000)
    ring.begin(0.0, "{}")
    ring.frames("can0", [(0.0, 1, b"12345678")] * (PENDING_FRAMES + 1))
    assert ring._pending_frames == 0
    assert ring.size > PENDING_FRAMES * 21


def test_an_outcome_without_a_look_says_nothing() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    made = list(lines(frozen, "1", "d"))
    before = replay(parse(made))
    after = replay(parse([*made, b'["=", "0123", {}]']))
    assert (after.cycles, after.differing) == (before.cycles, 0)


def test_a_decision_that_differs_is_counted_and_the_first_ones_are_shown() -> None:
    boat = BoxedBoat()
    boat.tick(30)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    made = [row.replace(b'["=","', b'["=","x') for row in lines(frozen, "1", "d")]
    report = replay(parse(made))
    assert (report.differing, len(report.differences)) == (30, 20)
    assert report.differences[0].replayed == "no writes"


def test_a_state_that_this_version_cannot_take_over_ends_the_play_with_an_error() -> None:
    boat = BoxedBoat()
    boat.tick(3)
    frozen = boat.boxed.keep_now("command", "", boat.now)
    assert frozen is not None
    with pytest.raises(BoxError, match="the state"):
        replay(parse([next(iter(lines(frozen, "1", "d"))), b'["state", 0.0, ["?"]]']))


def test_inputs_that_are_no_story_are_not_in_the_timeline() -> None:
    facts = facts_of(parse(rows(b'["state", 0.0, []]', b'["i", "uc1", 1, ""]', b'["n", []]')))
    assert facts.timeline == []


def test_the_last_known_state_of_a_bus_holds_where_nothing_newer_is_recorded() -> None:
    facts = Timeline(can=[CanState(0.0, "can0", "down", "", 0, 0)])
    head = parse(rows(at=500.0)).head
    assert verdict(facts, head).name == "bus-errors"
