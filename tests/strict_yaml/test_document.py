"""The one reader of YAML: plain tables with lines, and a problem with line and cure for everything else."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.strict_yaml.document import MAX_DEPTH, Table, UnreadableError, load_tables
from gxbridge.strict_yaml.problem import Problem, nearest


def test_a_table_remembers_the_line_of_each_key() -> None:
    table = load_tables(b"# a comment\na: 1\nb:\n  - {c: 'x', d: no}\n  - 0x10\n", "x.yaml")
    assert table == {"a": 1, "b": [{"c": "x", "d": False}, 16]}
    assert isinstance(table, Table)
    assert (table.line, table.lines, table["b"][0].line) == (2, {"a": 2, "b": 3}, 4)


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"---\n", b"null"])
def test_an_empty_file_is_none(text: bytes) -> None:
    assert load_tables(text, "x.yaml") is None


WRONG = [
    (b"a: 1\na: 2", "x.yaml:2: key 'a' is set twice, first in line 1; keep one of them"),
    (b"{a: 1}: 2", "x.yaml:1: a key is a mapping; write `key: value`"),
    (b"a:\n- b: c: d", "x.yaml:2: this is not valid YAML: mapping values are not allowed"),
    (b"a: *secret", "x.yaml:1: the alias (`*name`) has no anchor; write its anchor"),
    (b"a: \xff", "x.yaml:1: byte 0xFF is not UTF-8; save the file as UTF-8"),
    (b"a: !!int ''", "x.yaml:1: '' cannot be read as a number; write text"),
    (b"a: !!bool x", "x.yaml:1: 'x' cannot be read as yes or no"),
    (b"a: !!float ' '", "x.yaml:1: ' ' cannot be read as a number"),
    (b"a: !!timestamp x", "x.yaml:1: 'x' is a date"),
    (b"a: 2024-99-99", "x.yaml:1: '2024-99-99' is a date"),
    (b"a: 0x" + b"f" * 300, "is too large a number; write a number below 2^64"),
    (b"a: " + b"9" * 500, "is too large a number"),
    (b"a: !!set {b}", "x.yaml:1: a mapping has a tag (`!name`); remove the tag"),
    (b"a: !secret x", "x.yaml:1: 'x' is tagged; write text"),
    (b"a: !secret [x]", "x.yaml:1: a list has a tag (`!name`); remove the tag"),
    (b"<<: {a: 1}", "x.yaml:1: '<<' is a merge key"),
    (b"a: &a [*a]", "x.yaml:1: nested too deeply, or repeated through aliases"),
    (b"[" * (MAX_DEPTH + 5) + b"]" * (MAX_DEPTH + 5), "x.yaml:1: nested too deeply"),
]


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[text[:16].decode("latin-1") for text, _ in WRONG])
def test_what_is_wrong_is_said_with_line_and_cure(text: bytes, said: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        load_tables(text, "x.yaml")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_bomb_of_aliases_is_refused_in_no_time() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))
    with pytest.raises(UnreadableError, match="repeated through aliases"):
        load_tables(bomb.encode(), "x.yaml")


PIECES = """a - : { } [ ] &a *a ' !!int !!bool !!float !!str << ? | > % 1 0x1 1e9 ~ , 1:1 0b 2024-01-01 # \""""
YAMLISH = st.lists(st.sampled_from([*PIECES.split(), "  ", "\n", "- "]), max_size=30)


@given(YAMLISH)
def test_whatever_is_in_the_file_it_is_read_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(UnreadableError):
        load_tables("".join(pieces).encode(), "x.yaml")


def test_a_problem_reads_as_one_line_and_hides_what_looks_like_an_encryption_key() -> None:
    assert str(Problem("c.yaml", 3, "a.b", "is text", "write a number")) == "c.yaml:3:a.b: is text; write a number"
    assert str(Problem("c.yaml", 0, "", "cannot be read", "check it")) == "c.yaml: cannot be read; check it"
    assert "5ec2e7" not in str(Problem("c.yaml", 3, "5ec2e7" * 5, "unknown key", "remove it"))


def test_the_nearest_word_is_what_was_probably_meant() -> None:
    assert nearest("Publsh", ["publish", "log"]) == "publish"
    assert nearest("lynx smart", ["Lynx Smart BMS"]) == "Lynx Smart BMS"
    assert nearest("xyzzy", ["publish", "log"]) is None
