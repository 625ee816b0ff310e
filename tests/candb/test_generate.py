"""The generated decode functions do what the plain rule of `core/nmea2000/field.py` does, for any layout."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.candb.generate import GenerateError, generate
from gxbridge.candb.model import DatabaseEntry, Field
from gxbridge.core.nmea2000.database import Database
from tests.core import handmade
from tests.core.handmade import database_of, field, model, module_of, pgn, vreg


def layout_of(entry: DatabaseEntry):
    database = database_of(entry)
    return database.pgns[entry.pgn] if entry.register is None else database.registers[entry.register]


@st.composite
def numbers(draw: st.DrawFn, offset: int, length: int, name: str) -> Field:
    kind = draw(st.sampled_from(["unsigned", "signed"]))
    top = (1 << (length - (kind == "signed"))) - 1
    missing = draw(st.sampled_from([(), (top,), (top - 1, top), (0, top)]))
    scale = draw(st.sampled_from(["1", "1", "0.01", "0.1", "0.001", "60", "0.005", "0.25", "10"]))
    add = draw(st.sampled_from(["0", "0", "0", "-273.15", "1", "-40"]))
    return field(name, offset, length, kind, scale, add, missing=tuple(sorted(set(missing))))


@st.composite
def entries(draw: st.DrawFn) -> DatabaseEntry:
    """Any entry the rules allow: numbers of all widths with gaps, flags, strings, bytes, texts at the end."""
    fields: list[Field] = []
    offset = 0
    for index in range(draw(st.integers(0, 12))):
        name = f"f{index}"
        offset += draw(st.sampled_from([0, 0, 0, 0, 1, 3, 8]))
        choice = draw(st.sampled_from(["bits", "bits", "twos", "byte", "word", "wide", "text"]))
        if choice == "bits":
            length = draw(st.integers(1, 24))
        elif choice == "twos":
            offset = (offset + 7) // 8 * 8
            missing = draw(st.sampled_from([(), (3,), (0,), (2, 3)]))
            count = 4 * draw(st.integers(1, 5)) + draw(st.sampled_from([0, 0, 1]))
            fields += [field(f"{name}_{n}", offset + 2 * n, 2, missing=missing) for n in range(count)]
            offset += 2 * count
            continue
        else:
            offset = (offset + 7) // 8 * 8
            length = {"byte": 8, "word": draw(st.sampled_from([16, 32, 64])), "text": 24}.get(choice, 0)
            length = length or draw(st.sampled_from([24, 40, 48, 56]))
        if choice == "text":
            fields.append(field(name, offset, 8 * draw(st.integers(1, 6)), draw(st.sampled_from(["string", "bytes"]))))
        else:
            fields.append(draw(numbers(offset, length, name)))
        offset += fields[-1].length
    end = draw(st.sampled_from(["", "", "string", "bytes", "lau"]))
    if end:
        offset = (offset + 7) // 8 * 8
        fields += [field(f"end{n}", offset, 0, end) for n in range(3 if end == "lau" else 1)]
    if draw(st.booleans()):
        return vreg(0x2100, "VE_REG_ANY", *fields)
    return pgn(130000, "any", *fields, min_length=draw(st.integers(0, (offset + 7) // 8)))


@given(entries(), st.binary(min_size=80, max_size=80), st.integers(0, 80))
@settings(max_examples=150, deadline=None)
def test_a_generated_function_agrees_with_the_plain_rule(entry: DatabaseEntry, noise: bytes, size: int) -> None:
    layout = layout_of(entry)
    header = b"\x66\x99\x00\x21" if layout.header else b""
    for payload in (header + noise, header + b"\xff" * 80, header + bytes(80), (header + noise)[:size]):
        try:
            values = layout.decode(payload)
        except (struct.error, IndexError):
            assert len(payload) < layout.length, "a payload with all fields has a fast way"
            continue
        assert values == layout.read(payload)
        assert [type(value) for value in values] == [type(value) for value in layout.read(payload)]


def test_layouts_of_equal_shape_share_a_function() -> None:
    volt = [vreg(number, f"VE_REG_{number}", field(f"v{number}", 0, 16, scale="0.01")) for number in range(1, 50)]
    source = generate(model(*volt))
    assert source.count("\ndef ") == 1


def test_the_same_model_gives_the_same_source() -> None:
    assert generate(model(*handmade.SMALL)) == generate(model(*reversed(handmade.SMALL)))


def test_a_known_shorter_version_has_a_fast_way_too() -> None:
    layout = layout_of(handmade.DC_STATUS)
    nine = bytes.fromhex("11000063FF403800FF")
    assert layout.decode(nine) == (0x11, 0, 0, 99, None, 0x3840, 65.280, None)
    assert layout.decode(nine + b"\x10\x00") == (0x11, 0, 0, 99, None, 0x3840, 65.280, 16)
    with pytest.raises(struct.error):
        layout.decode(nine[:-1])


def test_two_bit_values_inside_a_wider_word_are_not_taken_for_bytes() -> None:
    # A whole-word field over the same bits makes one group of them.
    over = [field("word", 0, 32), *(field(f"b{n}", 2 * n, 2, missing=(3,)) for n in range(16))]
    layout = layout_of(vreg(0x2107, "VE_REG_X", *over))
    payload = b"\x66\x99\x07\x21\x55\x14\x01\xff"
    assert layout.decode(payload) == layout.read(payload)


def test_what_stands_on_half_a_byte_can_be_no_text() -> None:
    with pytest.raises(GenerateError, match=r"test.yaml:1: odd: name \(string\) must be aligned to whole bytes"):
        generate(model(pgn(1, "odd", field("name", 4, 16, "string"))))


def test_a_number_has_at_most_64_bits() -> None:
    with pytest.raises(GenerateError, match=r"wide has 65 bits"):
        generate(model(pgn(1, "odd", field("wide", 0, 65))))


def test_length_is_where_the_last_field_ends_or_what_the_entry_says() -> None:
    assert layout_of(handmade.BATTERY_STATUS).length == 8
    assert layout_of(handmade.SOC).length == 6
    assert layout_of(handmade.SERIAL).length == 5
    assert layout_of(replace(handmade.CHARGER_STATUS, length=7)).length == 7
    assert layout_of(pgn(1, "nothing")).length == 0


def test_another_form_of_the_compiled_database_is_refused() -> None:
    module = module_of(model())
    module.FORMAT = 99
    with pytest.raises(Exception, match=r"has format 99.*make build"):
        Database(module)
