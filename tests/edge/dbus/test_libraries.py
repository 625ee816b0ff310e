"""dbus-next and dbus-fast are one to us: the same bytes for what we hand over, the same values for what we get.

That everything above runs with either is what `each_library` is for, and tests/contract/test_library.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.edge.dbus import wire
from gxbridge.edge.dbus.bus import library

NEXT, FAST = library("dbus_next"), library("dbus_fast")

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.one_of(
    st.tuples(st.just("y"), st.integers(0, 255)),
    st.tuples(st.just("b"), st.booleans()),
    st.tuples(st.just("n"), st.integers(-(1 << 15), (1 << 15) - 1)),
    st.tuples(st.just("q"), st.integers(0, (1 << 16) - 1)),
    st.tuples(st.just("i"), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.tuples(st.just("u"), st.integers(0, (1 << 32) - 1)),
    st.tuples(st.just("x"), st.integers(-(1 << 63), (1 << 63) - 1)),
    st.tuples(st.just("t"), st.integers(0, (1 << 64) - 1)),
    st.tuples(st.just("d"), floats),
)
plain = st.one_of(
    numbers,
    st.tuples(st.just("s"), texts),
    st.tuples(st.just("ai"), st.lists(st.integers(-5, 5), max_size=3)),
    st.tuples(st.just("as"), st.lists(texts, max_size=3)),
    st.tuples(st.just("ad"), st.lists(floats, max_size=3)),
    st.tuples(st.just("a{ss}"), st.dictionaries(texts, texts, max_size=3)),
)
variants = st.one_of(
    plain,
    st.tuples(st.just("v"), plain),
    st.tuples(st.just("a{sv}"), st.dictionaries(texts, plain, max_size=3)),
)
entries = st.dictionaries(texts, variants, max_size=4)
bodies: st.SearchStrategy[tuple[str, Any]] = st.one_of(
    st.tuples(st.just("v"), variants),
    st.tuples(st.just("a{sv}"), entries),
    st.tuples(st.just("aa{sv}"), st.lists(entries, max_size=3)),
    st.tuples(st.just("a{sa{sv}}"), st.dictionaries(texts, entries, max_size=3)),
)
"""What the two write for us (AddSettings, answers about nodes) and read for us (whatever others send)."""


@given(bodies, st.integers(1, 0xFFFF_FFFF))
def test_they_write_and_read_alike(body: tuple[str, Any], serial: int) -> None:
    signature, content = body
    data = NEXT.encode(signature, [content])
    assert FAST.encode(signature, [content]) == data
    frame = wire.signal(serial, "/A", "com.victronenergy.BusItem", "ItemsChanged", signature, data)
    message, values = FAST.decode(frame)
    assert (message, values) == NEXT.decode(frame)
    assert message.header.signature == signature


@pytest.mark.parametrize("codec", [NEXT, FAST], ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    ("signature", "content"),
    [("i", "text"), ("a{sv}", {"a": 5}), ("(", 1), ("y", 300), ("u", -1), ("s", 5), ("v", ("i", 1 << 40))],
)
def test_what_cannot_be_written_is_a_value_error_of_either(codec: Any, signature: str, content: Any) -> None:
    with pytest.raises(ValueError, match="cannot marshal"):
        codec.encode(signature, [content])


@pytest.mark.parametrize("codec", [NEXT, FAST], ids=lambda codec: codec.name)
def test_what_is_no_number_and_what_is_empty_is_invalid_with_either(codec: Any) -> None:
    content = {"a": ("d", float("nan")), "b": ("ai", []), "c": ("a{sv}", {}), "d": ("b", True), "e": ("ay", b"\1\2")}
    frame = wire.signal(1, "/A", "a.b", "C", "a{sv}", codec.encode("a{sv}", [content]))
    assert codec.decode(frame)[1] == [{"a": None, "b": None, "c": None, "d": 1, "e": [1, 2]}]
