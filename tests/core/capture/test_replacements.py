"""Replacements: always the same for the same, as long, different for different ones, and never the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.capture import replacements as module
from gxbridge.core.capture.replacements import NoReplacement, Replacements, numbered

NUMBERS = st.integers(0, (1 << 21) - 1)
TEXTS = st.text(st.characters(min_codepoint=33, max_codepoint=0x17F), min_size=4, max_size=40)


@given(st.lists(NUMBERS, min_size=1, max_size=40))
def test_numbers(originals: list[int]) -> None:
    table = Replacements()
    found = {original: table.number(original) for original in originals}
    assert {original: table.number(original) for original in reversed(originals)} == found
    assert len(set(found.values())) == len(found)
    for original, replacement in found.items():
        assert replacement != original
        assert len(str(replacement)) == len(str(original))
        assert replacement < 1 << 21


@given(st.lists(TEXTS, min_size=1, max_size=40))
def test_texts(originals: list[str]) -> None:
    table = Replacements()
    found = {original: table.text("name", original, len(original)) for original in originals}
    assert {original: table.text("name", original, len(original)) for original in originals} == found
    assert len(set(found.values())) == len(found)
    for original, replacement in found.items():
        assert replacement != original
        assert len(replacement) == len(original)
        assert replacement.isascii()


def test_a_name_that_is_a_serial_stays_that_serial() -> None:
    table = Replacements()
    assert table.serial("HQ2132ABCDE") == table.text("name", "HQ2132ABCDE", 11) == "serial-0001"


def test_a_serial_code_keeps_its_words_and_the_number_is_that_of_the_name() -> None:
    table = Replacements()
    number = table.number(167120)
    assert table.serial("167120  HQ2132ABCDE") == f"{number}  serial-0001"
    assert table.serial("0167120") == f"0{number}"


def test_who_is_called_like_a_replacement_is_called_otherwise() -> None:
    assert Replacements().text("name", "name-00001", 10) != "name-00001"
    assert Replacements().number(999999) == 999998


def test_a_replacement_is_none_of_the_numbers_that_were_seen() -> None:
    table = Replacements()
    assert table.number(9999) == 9998
    assert table.number(9998) == 9997
    assert table.number(4711) == 9996


@pytest.mark.parametrize(
    ("size", "text"), [(12, "serial-00042"), (9, "serial-42"), (8, "s0000016"), (3, "s16"), (2, None), (1, None)]
)
def test_how_a_text_fills_its_room(size: int, text: str | None) -> None:
    if text is None:
        with pytest.raises(NoReplacement, match=r"no text of \d character"):
            numbered("serial", 42, size)
    else:
        assert numbered("serial", 42, size) == text


def test_one_character_is_a_digit_or_a_letter() -> None:
    assert numbered("name", 11, 1) == "b"


def test_when_the_numbers_of_a_length_are_used_up_there_is_none() -> None:
    table = Replacements()
    for original in range(10, 55):
        table.number(original)
    with pytest.raises(NoReplacement, match="no more numbers of 2 digits"):
        [table.number(original) for original in range(55, 100)]


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REPLACED", 3)
    table = Replacements()
    for original in (1000, 2000, 3000):
        table.number(original)
    for what in (lambda: table.number(4000), lambda: table.text("name", "boat", 4)):
        with pytest.raises(NoReplacement, match="more than 3"):
            what()
    assert table.number(2000)


def test_what_was_replaced_is_found_again_in_bytes() -> None:
    table = Replacements()
    assert not table.knows(b"\xd0\x8c\x02\x00")
    table.number(167120)
    assert table.has_number(167120)
    assert not table.has_number(167121)
    table.number(7)
    table.text("name", "Bo", 2)
    table.text("name", "Vega", 4)
    for payload in (b"\xd0\x8c\x02\x00", b"\0\x02\x8c\xd0", b"167120", b"xVegax"):
        assert table.knows(payload)
    for payload in (b"\x07\0\0\0", b"Boat", b"\xd0\x8c\x03\x00", b""):
        assert not table.knows(payload)
