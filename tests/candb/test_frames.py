"""Sample frames: notation and fast packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.candb.frames import is_addressed, join, parse_frame, pgn_of


def test_a_frame_reads_as_candump_writes_it() -> None:
    assert parse_frame("1CEFFF29#6699FF0F10270000") == (0x1CEFFF29, bytes.fromhex("6699FF0F10270000"))


@pytest.mark.parametrize("text", ["", "1CEFFF29", "1CEFFF29#", "1CEFFF29#6", "29#00", "1CEFFF2X#00", "3CEFFF29#00"])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_frame(text)


def test_the_destination_is_no_part_of_an_addressed_pgn() -> None:
    """PDU format below 240 (61184 = 0xEF00) carries a destination; 127508 (0x1F214) is a broadcast by itself."""
    assert (pgn_of(0x1CEF29E1), is_addressed(0x1CEF29E1)) == (61184, True)
    assert (pgn_of(0x1CEFFF29), is_addressed(0x1CEFFF29)) == (61184, False)
    assert (pgn_of(0x19F21429), is_addressed(0x19F21429)) == (127508, False)


def split(payload: bytes, sequence: int) -> list[bytes]:
    """A fast packet, written here once more and differently from the package."""
    chunks = [bytes([len(payload)]) + payload[:6], *(payload[at : at + 7] for at in range(6, len(payload), 7))]
    return [bytes([sequence * 32 + number]) + chunk.ljust(7, b"\xff") for number, chunk in enumerate(chunks)]


@given(st.binary(min_size=1, max_size=223), st.integers(0, 7))
def test_a_fast_packet_comes_together_again(payload: bytes, sequence: int) -> None:
    assert join(split(payload, sequence), fast=True) == payload


def test_more_than_223_bytes_do_not_fit() -> None:
    with pytest.raises(ValueError, match="need 33 frames"):
        join([bytes([0, 224, 0])], fast=True)
