"""Blocks as bytes: whole again, and what damage costs."""

from __future__ import annotations

import json
import math
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.history.block import HistoryBlock, StateChange
from gxbridge.core.history.codec import MAGIC, MOST_UNPACKED, decode, encode
from tests.core.history.blocks import block, column, plain

NUMBERS = st.floats(width=32, allow_infinity=False)
TEXTS = st.text(max_size=20)


@given(
    st.integers(0, 5).flatmap(
        lambda count: st.dictionaries(TEXTS, st.lists(NUMBERS, min_size=count, max_size=count), max_size=4).map(
            lambda series: (count, series)
        )
    ),
    st.lists(st.builds(StateChange, st.integers(0, 10**9).map(float), TEXTS, TEXTS, TEXTS), max_size=4),
)
def test_a_block_comes_back_as_it_went(rows: tuple[int, dict[str, list[float]]], changes: list[StateChange]) -> None:
    count, series = rows
    moments = tuple(60.0 * n for n in range(count))
    columns = {name: column(*values) for name, values in series.items()}
    given_block = HistoryBlock(60.0, moments, columns, {"a": "b"}, tuple(changes))
    (back,) = decode(encode(given_block))
    assert repr(plain(back)) == repr(plain(given_block))
    assert (back.labels, back.changes) == (given_block.labels, given_block.changes)


THREE = [
    encode(block([60.0 * n], {"x": [n], "y": [math.nan]}, StateChange(60.0 * n, "charge", "yes", "t")))
    for n in range(3)
]


def firsts(data: bytes) -> list[float]:
    return [found.times[0] for found in decode(data)]


def test_a_file_that_ends_anywhere_keeps_every_block_before() -> None:
    data = b"".join(THREE)
    ends = [sum(map(len, THREE[:n])) for n in range(4)]
    for end in range(len(data) + 1):
        whole = sum(end >= here for here in ends[1:])
        assert firsts(data[:end]) == [0.0, 60.0, 120.0][:whole]


def test_what_is_appended_after_a_torn_block_is_read() -> None:
    for end in range(len(THREE[1])):
        assert firsts(THREE[0] + THREE[1][:end] + THREE[2]) == [0.0, 120.0]


def test_a_byte_that_is_wrong_costs_its_block_only() -> None:
    data = b"".join(THREE)
    second = range(len(THREE[0]), len(THREE[0]) + len(THREE[1]))
    for place in second:
        torn = bytearray(data)
        torn[place] ^= 0x41
        assert firsts(bytes(torn)) == [0.0, 120.0]


def test_rubbish_is_no_block_and_raises_nothing() -> None:
    chance = random.Random(5)
    for _ in range(200):
        assert firsts(MAGIC + chance.randbytes(60)) == []
    assert list(decode(b"")) == []


def forged(head: object, numbers: bytes = b"") -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    packed = zlib.compress(struct.pack("<I", len(text)) + text + numbers)
    return struct.pack("<4sII", MAGIC, len(packed), zlib.crc32(packed)) + packed


RIGHT = {"step": 60, "times": [1], "series": ["x"], "labels": {}, "changes": []}


@pytest.mark.parametrize(
    "head",
    [
        [], None, b"{", b"[" * 100_000, {}, RIGHT | {"times": 5}, RIGHT | {"step": "x"}, RIGHT | {"labels": []},
        RIGHT | {"changes": [[1, 2]]}, RIGHT | {"times": [1, 2]}, RIGHT | {"series": ["x", "y"]},
    ],
)  # fmt: skip
def test_a_block_that_says_nonsense_is_none(head: object) -> None:
    assert list(decode(forged(head, bytes(12)))) == []


def test_a_block_that_is_right_is_one() -> None:
    assert firsts(forged(RIGHT, bytes(12))) == [1.0]


def test_a_bomb_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(4 * MOST_UNPACKED), 9)
    data = struct.pack("<4sII", MAGIC, len(packed), zlib.crc32(packed)) + packed
    assert list(decode(data)) == []


def test_what_could_not_be_read_back_is_not_written() -> None:
    chance = random.Random(1)
    texts = tuple(StateChange(0.0, chance.randbytes(4000).hex(), "", "") for _ in range(400))
    with pytest.raises(ValueError, match="too long"):
        encode(HistoryBlock(60.0, (), {}, {}, texts))
