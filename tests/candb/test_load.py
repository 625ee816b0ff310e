"""From YAML to positions, scales and missing codes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.candb.load import load
from gxbridge.candb.model import DatabaseEntry, Field
from gxbridge.candb.types import Types, missing_codes
from tests.candb.small import SMALL, write


def entry(folder: Path, name: str, text: str = SMALL) -> DatabaseEntry:
    return next(entry for entry in load(write(folder, text)).entries if entry.name == name)


def test_the_field_of_a_single_value_is_named_after_its_register(tmp_path: Path) -> None:
    vset = entry(tmp_path, "VE_REG_LINK_VSET")
    assert [(field.name, field.kind, field.offset, field.length) for field in vset.fields] == [
        ("link_vset", "unsigned", 0, 16)
    ]
    assert (vset.fields[0].scale, vset.fields[0].unit, vset.fields[0].missing) == (Decimal("0.01"), "V", (0xFFFF,))
    assert (vset.pgn, vset.transport, vset.priority) == (61184, "single", 7)


def test_fields_follow_each_other_and_reserved_bits_are_none(tmp_path: Path) -> None:
    first, second = entry(tmp_path, "VE_REG_TWO_THINGS").fields
    assert (first.offset, first.length) == (0, 8)
    assert (second.offset, second.length, second.missing) == (12, 12, (0x7FF,))


def test_a_field_may_say_at_which_bit_it_stands(tmp_path: Path) -> None:
    text = SMALL.replace(
        "    - {reserved: 4}\n    - {name: second, type: s12}", "    - {name: second, type: s12, at: 12}"
    )
    assert text != SMALL
    assert entry(tmp_path, "VE_REG_TWO_THINGS", text).fields[1].offset == 12


def test_a_repeated_field_is_numbered_from_one(tmp_path: Path) -> None:
    fields = entry(tmp_path, "battery_status").fields
    assert [(field.name, field.offset) for field in fields] == [("instance", 0), ("state_1", 8), ("state_2", 9)]
    assert {field.enum for field in fields[1:]} == {"mode"}


def test_an_enumeration_says_itself_what_is_missing(tmp_path: Path) -> None:
    """Not even all ones: 0xFF of the field `first` is a code without a text."""
    assert entry(tmp_path, "VE_REG_TWO_THINGS").fields[0].missing == ()
    text = SMALL.replace("values: {0: idle, 1: busy}", "values: {0: idle, 1: busy}\n  missing: [0]")
    text = text.replace("says: {instance: 0, state_1: 1}", "says: {instance: 0, state_1: 1, state_2: null}")
    assert entry(tmp_path, "VE_REG_TWO_THINGS", text).fields[0].missing == (0,)


def test_missing_none_gives_the_last_code_back(tmp_path: Path) -> None:
    text = SMALL.replace("unit: V}\n  source", "unit: V, missing: none}\n  source")
    assert entry(tmp_path, "VE_REG_LINK_VSET", text).fields[0].missing == ()


def test_text_goes_by_fast_packet(tmp_path: Path) -> None:
    label = entry(tmp_path, "VE_REG_LABEL")
    assert (label.transport, label.fields[0].length) == ("fast", 0)
    assert [len(sample.frames) for sample in label.samples] == [2]
    assert label.samples[0].origin == "vendor"
    assert label.samples[0].source == "A paper"


def test_sources_are_spelled_out_and_places_kept(tmp_path: Path) -> None:
    model = load(write(tmp_path))
    assert {entry.source for entry in model.entries} == {"A paper"}
    assert all(entry.where.startswith("can_db/small.yaml:") for entry in model.entries)
    assert model.products[0x1234].family == "big-box"
    assert model.enumerations["mode"].values == {0: "idle", 1: "busy"}


def test_the_digest_follows_the_content_and_the_names_of_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path)
    before = load(folder).digest
    (folder / "small.yaml").rename(folder / "other.yaml")
    renamed = load(folder).digest
    (folder / "other.yaml").write_text(SMALL + "# more\n", encoding="utf-8")
    assert len({before, renamed, load(folder).digest}) == 3


@given(st.integers(1, 64), st.booleans())
def test_top_is_all_ones_or_the_largest_positive_number(length: int, signed: bool) -> None:
    kind = "signed" if signed else "unsigned"
    (top,) = missing_codes("signed" if signed else "unsigned", length, ["top"])
    assert top == (2 ** (length - 1) - 1 if kind == "signed" else 2**length - 1)
    assert top + 1 == 2 ** (length - 1 if signed else length)


@given(st.integers(1, 64), st.booleans())
def test_the_error_code_below_the_top_needs_a_byte(length: int, signed: bool) -> None:
    """Narrower fields would lose a quarter of their codes to it."""
    kind = "signed" if signed else "unsigned"
    codes = missing_codes(kind, length, ["top", "top-1"])
    assert len(codes) == (2 if length >= 8 else 1)
    assert 0 in missing_codes(kind, length, ["zero", "top"])


TYPES = Types(
    {
        "u<N>": {"kind": "unsigned", "missing": "top"},
        "text<N>": {"kind": "string"},
        "volt16": {"base": "u16", "scale": 0.01, "unit": "V"},
        "odd": {"base": "volt16", "missing": ["zero", "top"]},
        "round": {"base": "round"},
        "lost": {"base": "nothing"},
    }
)


def test_types_take_their_width_from_the_name_and_the_rest_from_their_base() -> None:
    def resolved(name: str) -> tuple[object, ...]:
        found = TYPES.resolve(name)
        assert found is not None
        return found.kind, found.length, found.scale, found.unit, found.missing_codes()

    assert resolved("u16") == ("unsigned", 16, 1, "", (0xFFFF,))
    assert resolved("text4") == ("string", 32, 1, "", ())
    assert resolved("volt16") == ("unsigned", 16, Decimal("0.01"), "V", (0xFFFF,))
    assert resolved("odd") == ("unsigned", 16, Decimal("0.01"), "V", (0, 0xFFFF))


def test_a_type_without_end_or_beginning_is_none() -> None:
    for name in ("u0", "u08", "u<N>", "v8", "round", "lost", "u", ""):
        assert TYPES.resolve(name) is None


def test_lines_are_kept_for_fields_and_samples(tmp_path: Path) -> None:
    two = entry(tmp_path, "VE_REG_TWO_THINGS")
    lines = SMALL.splitlines()
    place = {field.name: int(field.where.rpartition(":")[2]) for field in two.fields}
    assert lines[place["second"] - 1].strip() == "- {name: second, type: s12}"
    assert lines[int(two.samples[0].where.rpartition(":")[2]) - 1].strip().startswith("- {frame: 1CEF29E1#")


def test_fields_are_what_the_model_says() -> None:
    assert Field("a", "unsigned", 0, 8).missing == ()
