"""Each rule has a database that breaks it, and only the line that is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.candb.load import CandbError, load
from gxbridge.candb.rules import RULES
from gxbridge.strict_yaml.problem import Problem
from tests.candb.small import SMALL, judged, write

VSET = "{type: u16, scale: 0.01, unit: V}"
VSET_SAMPLE = "{frame: 1CEFFF29#66990120180B0000, says: {link_vset: 28.40}, origin: constructed}"
FIRST, SECOND = "{name: first, type: u8, enum: mode}", "{name: second, type: s12}"

# rule, what stands in the small database, what is written instead, a word of the sentence that must come
BREACHES: list[tuple[str, str, str, str]] = [
    ("R01", "  title: Charge voltage", "  title: Charge: voltage", "not valid YAML"),
    ("R01", "  access: R\n", "  access: R\n  access: R\n", "is set twice, first in line"),
    ("R01", "- {unit: V, title: volt}", "- volt", "not a mapping with names"),
    ("R01", "- {unit: V, title: volt}", "- {[1]: 2}", "a key is a list"),
    ("R02", "- {unit: V, title: volt}", "- {units: V, title: volt}", "no item that begins with `units:`"),
    ("R02", "  title: Charge voltage", "  titel: Charge voltage", "no key `titel`"),
    ("R02", VSET, "{type: u16, scale: 0.01, unit: V, min: 3}", "no key `min`"),
    ("R02", FIRST, "{name: first, type: u8, offset: 3}", "no key `offset`"),
    ("R03", "  title: Charge voltage\n", "", "has no `title`"),
    ("R03", "  value: " + VSET + "\n", "", "exactly one of `value` and `fields`"),
    ("R03", "  value: {type: text}", "  value: {type: text}\n  fields: []", "exactly one of `value` and `fields`"),
    ("R03", "{frame: 1CEFFF29#66990120180B0000, says", "{says", "exactly one of `frame` and `frames`"),
    ("R04", "  title: Charge voltage", "  title: no", "`title` is False"),
    ("R04", "- vreg: 0x2001", "- vreg: VSET", "`vreg` is 'VSET'"),
    ("R04", "values: {0: idle, 1: busy}", "values: {idle: 0, busy: 1}", "`values` is"),
    ("R04", "scale: 0.01", "scale: fine", "`scale` is 'fine'"),
    ("R01", "scale: 0.01", "scale: !!int ''", "'' cannot be read as a number"),
    ("R01", "scale: 0.01", "scale: !!bool x", "'x' cannot be read as yes or no"),
    ("R01", "scale: 0.01", f"scale: 0x{'f' * 300}", "is too large a number"),
    ("R01", "scale: 0.01", "scale: 2024-01-01", "'2024-01-01' is a date"),
    ("R01", "scale: 0.01", "scale: *one", "the alias (`*name`) has no anchor"),
    ("R01", "- {unit: V, title: volt}", "- &again [*again]", "nested too deeply"),
    ("R04", "scale: 0.01", "scale: .nan", "`scale` is nan"),
    ("R05", "  source: [paper]", "  source: [hearsay]", "source `hearsay`"),
    ("R05", "origin: real, source: paper", "origin: real, source: papers", "source `papers`"),
    ("R06", "confidence: SINGLE\n  samples", "confidence: SURE\n  samples", "`confidence: SURE`"),
    ("R07", "- vreg: 0x2001", "- vreg: 0x20010", "0x20010 does not exist"),
    ("R07", "product: 0x1234", "product: 0x12345", "more than 16 bits"),
    ("R07", "- pgn: 127508", "- pgn: 59937", "carries a destination"),
    ("R07", "- pgn: 127508", "- pgn: 300000", "more than 18 bits"),
    ("R08", "name: VE_REG_LINK_VSET", "name: LINK_VSET", "not a register name"),
    ("R08", "name: battery_status", "name: Battery Status", "not snake_case"),
    ("R08", "name: first", "name: First", "not snake_case"),
    ("R08", "enumeration: mode", "enumeration: the mode", "not snake_case"),
    ("R08", "family: small-box", "family: Small_Box", "not a family name"),
    ("R09", "type: s12", "type: x12", "type `x12` is not declared"),
    ("R09", "base: u1,", "base: v1,", "type `v1` is not declared"),
    ("R09", "title: text, kind: string}", "title: text, kind: novel}", "`kind: novel`"),
    ("R09", "title: text, kind: string}", "title: text}", "exactly one of `kind` and `base`"),
    ("R09", "- {type: text, title: text, kind: string}", "- {type: text, title: text, base: text}", "is not declared"),
    ("R10", "unit: V}", "unit: Volt}", "unit `Volt`"),
    ("R11", "enum: mode}\n    - {reserved", "enum: mood}\n    - {reserved", "did you mean `mode`?"),
    ("R12", "family: big-box, source", "family: big-bax, source", "did you mean `big-box`?"),
    ("R12", "  access: W", "  access: X", "`access: X`"),
    ("R12", "title: Big box", "title: Big box, kind: bmss", "did you mean `bms`?"),
    ("R12", "title: Big box", "title: Big box, kind: bms, quirks: [quik]", "did you mean `quick`?"),
    ("R34", "title: Big box", "title: Big box, kind: charger, quirks: [quick]", "a family that is no BMS"),
    ("R34", "title: Big box", "title: Big box, kind: charger, max_batteries: {12: 3}", "`max_batteries` of a family"),
    ("R04", "title: Big box", "title: Big box, kind: bms, max_batteries: {12: 0}", "from whole number to a count"),
    ("R04", "title: Big box", "title: Big box, kind: bms, max_batteries: 3", "from whole number to a count"),
    ("R35", "name: Box, family", "name: Box, reported_as: Box, family", "`reported_as` is the product's name"),
    ("R12", "  transport: single", "  transport: slow", "`transport: slow`"),
    ("R12", "origin: constructed}\n\n- vreg: 0x2002", "origin: dream}\n\n- vreg: 0x2002", "`origin: dream`"),
    ("R13", "1CEFFF29#66990120180B0000", "CEFFF29#66990120180B0000", "eight hex digits"),
    ("R13", "1CEFFF29#66990120180B0000", "1CEFFF29#66990120180B00GG", "other than hex"),
    ("R13", "1CEFFF29#66990120180B0000", "9CEFFF29#66990120180B0000", "more than 29 bits"),
    ("R13", "1CEFFF29#66990120180B0000", "1CEFFF29#66990120180B000000", "9 data bytes"),
    ("R13", "1DEFFF29#41636B6572FFFFFF", "1DEFFF30#41636B6572FFFFFF", "different ids"),
    ("R14", VSET, "{type: u16, scale: 0.01, unit: V, missing: '0xFFFF'}", "set by hand"),
    ("R04", "kind: unsigned, missing: top}", "kind: unsigned, missing: 65535}", "`missing` is 65535"),
    ("R14", "kind: signed, missing: top}", "kind: signed, missing: bottom}", "is not a missing code"),
    ("R15", "- {unit: V, title: volt}", "- {unit: V, title: volt}\n- {unit: V, title: again}", "is also declared at"),
    ("R16", "- vreg: 0x2003\n  name: VE_REG_LABEL", "- vreg: 0x2001\n  name: VE_REG_LINK_VSET", "is also declared at"),
    ("R17", "name: VE_REG_LABEL", "name: VE_REG_TWO_THINGS", "is also the name of"),
    ("R18", "name: second", "name: first", "is declared twice"),
    ("R19", SECOND, "{name: second, type: s12, at: 4}", "inside the field before it"),
    ("R19", FIRST, "{name: first, type: text}", "runs to the end and is not the last"),
    ("R20", "type: flag, repeat: 2", "type: u32, repeat: 2", "need 9 bytes"),
    ("R20", VSET, "{type: u72}", "72 bits"),
    ("R21", "values: {0: idle, 1: busy}", "values: {0: idle, 1: busy, 2: gone}", "does not fit into `state_1`"),
    ("R22", FIRST, "{name: first, type: u8, enum: mode, unit: V}", "not a plain number"),
    ("R23", "value: {type: text}", "value: {type: text, unit: V}", "cannot have these keys"),
    ("R23", "scale: 0.01", "scale: 0", "cannot have these keys"),
    ("R24", f"  samples:\n    - {VSET_SAMPLE}", "  samples: []", "has no sample"),
    ("R25", "1CEFFF29#66990120180B0000", "1CEFFF29#66990220180B0000", "begins with 66 99 02 20"),
    ("R25", "1CEFFF29#66990120180B0000", "1CEEFF29#66990120180B0000", "carries PGN 60928"),
    ("R25", "19F21429#0001", "19F21229#0001", "carries PGN 127506"),
    ("R26", "1DEFFF29#41636B6572FFFFFF", "1DEFFF29#42636B6572FFFFFF", "begins with 42, expected 41"),
    ("R26", "        - 1DEFFF29#41636B6572FFFFFF\n", "", "need 2 frames, but there are 1"),
    ("R26", "1DEFFF29#41636B6572FFFFFF", "1DEFFF29#4163", "the frames hold 7 bytes"),
    ("R26", "1DEFFF29#400A669903205765", "1DEFFF29#410A669903205765", "counter 0"),
    ("R26", "frame: 19F21429#0001,", "frames: [19F21429#0001, 19F21429#0001],", "2 frames for a single-frame"),
    ("R26", "  interval_ms: 1500", "  min_length: 3", "min_length is 3"),
    ("R27", "says: {link_vset: 28.40}", "says: {vset: 28.40}", "which is not a field"),
    ("R27", "says: {link_vset: 28.40}", "says: {}", "says nothing"),
    ("R28", "says: {link_vset: 28.40}", "says: {link_vset: 28.405}", "cannot be written"),
    ("R28", "says: {link_vset: 28.40}", "says: {link_vset: 655.35}", "cannot be written"),
    ("R28", "says: {link_vset: 28.40}", "says: {link_vset: high}", "cannot be written"),
    ("R28", "says: {label: Wecker}", "says: {label: 5}", "cannot be written"),
    ("R29", "origin: real, source: paper", "origin: real", "has no source"),
    ("R30", "1CEF29E1#6699022001F0FF00", "1CEFFFE1#6699022001F0FF00", "make it addressed to one node"),
    ("R30", "1CEFFF29#66990120180B0000", "1CEF2029#66990120180B0000", "make it a broadcast"),
    ("R31", "title: Charge voltage", "title: Charge voltage.", "no full stop"),
    ("R31", "title: Charge voltage", 'title: "Charge\\nvoltage"', "one line"),
    ("R32", "interval_ms: 1500", "length: 9", "`length: 9` is more than"),
    ("R32", "interval_ms: 1500", "length: 1", "less than its fields"),
    ("R32", "interval_ms: 1500", "min_length: 9", "`min_length: 9` is more than"),
    ("R33", "says: {link_vset: 28.40}", "says: {link_vset: 28.41}", "its frame says 28.4"),
    ("R33", "says: {instance: 0, state_1: 1}", "says: {instance: null, state_1: 1}", "its frame says 0"),
    ("R33", "says: {label: Wecker}", "says: {label: Becker}", "its frame says Wecker"),
    ("R02", "feed: 0x2002.second,", "feeds: 0x2002.second,", "a path has no key `feeds`"),
    ("R04", "feed: 0x2002.second,", "feed: [],", "write a register, `PGN.field`, or a list of them"),
    ("R04", "value: 7", "value: 7.5", "write text or a whole number"),
    ("R36", "path: /State, type: u, text", "path: State, type: u, text", "`path: State` is no path"),
    ("R36", "path: /State, type: u, text", "path: /State, type: x, text", "`type: x` is no D-Bus type"),
    ("R36", "type: d?, unit: V", "type: d?, unit: Volt", "`unit: Volt` has no text"),
    ("R36", "type: u, value: 7", "type: u, value: 7, fact: state", "/State has its value from several places"),
    ("R37", "feed: 0x2002.second", "feed: 0x2009.second", "0x2009 is not in the database"),
    ("R37", "feed: 0x2002.second", "feed: 0x2002.third", "0x2002 has no field `third`; one of first, second"),
    ("R37", "feed: 0x2002.second", "feed: 0x2002", "0x2002 has 2 fields; name one of first, second"),
    ("R37", "feed: 0x2002.second", "feed: second", "`feed: second` is no feed"),
    ("R38", "with: [who]", "with: [whe]", "there is no path group `whe`; did you mean `who`?"),
    ("R38", "with: [who]", "with: [everything]", "declare it with `path_group:`"),
    ("R38", "families: [big-box]", "families: [huge-box]", "family `huge-box` is not declared"),
    ("R39", "/State>{n}", "/Mood>{n}", "`when: /Mood>0` is no path of box and a number"),
    ("R39", "/State>{n}", "/State", "write it like /NrOfTrackers>1"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "old", "new", "words"), BREACHES)
def test_a_breach_is_named_by_rule_line_and_cure(tmp_path: Path, rule: str, old: str, new: str, words: str) -> None:
    assert old in SMALL
    _, problems = judged(tmp_path, SMALL.replace(old, new, 1))
    found = [problem for problem in problems if problem.key == rule and words in str(problem)]
    assert found, [str(problem) for problem in problems]
    file, line, _ = str(found[0]).split(":", 2)
    assert file == "can_db/small.yaml"
    assert int(line) > 0
    assert found[0].cure


def test_every_rule_is_tripped_and_every_tripped_rule_has_a_sentence() -> None:
    assert {rule for rule, *_ in BREACHES} == set(RULES)


def test_the_small_database_keeps_every_rule(tmp_path: Path) -> None:
    model, problems = judged(tmp_path)
    assert problems == []
    assert model is not None


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    """The unit stands in the value's mapping on line 21 of the small database."""
    line = SMALL.splitlines().index("  value: " + VSET) + 1
    _, problems = judged(tmp_path, SMALL.replace("unit: V}", "unit: Volt}"))
    assert [str(problem) for problem in problems] == [
        f"can_db/small.yaml:{line}:R10: unit `Volt` is not declared; declare it in types.yaml"
    ]


def test_an_empty_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    with pytest.raises(CandbError, match="no YAML file"):
        load(folder)
    (write(tmp_path) / "later.yaml").write_text("# nothing yet\n", encoding="utf-8")
    assert load(tmp_path / "can_db").products


def test_a_file_that_is_no_list_and_one_that_is_no_text(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "a.yaml").write_text("vreg: 1\n", encoding="utf-8")
    (folder / "b.yaml").write_bytes(b"- \xff\xfe\n")
    with pytest.raises(CandbError) as caught:
        load(folder)
    assert [(problem.where, problem.key) for problem in caught.value.problems] == [
        ("can_db/a.yaml:1", "R01"),
        ("can_db/b.yaml:1", "R01"),
    ]


def test_breaches_come_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    text = SMALL.replace("title: Battery", "title: Battery.").replace("title: Label", "title: Label.")
    _, problems = judged(tmp_path, text)
    lines = [problem.line for problem in problems]
    assert lines == sorted(lines)
    assert len(lines) == 2


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem.at("can_db/x.yaml:7", "R10", "unit `Volt` is not declared", "did you mean `V`?")
    assert str(problem) == "can_db/x.yaml:7:R10: unit `Volt` is not declared; did you mean `V`?"
    assert Problem.at("can_db", "R01", "", "") == Problem("can_db", 0, "R01", "", "")


def test_yaml_tags_are_not_obeyed(tmp_path: Path) -> None:
    _, problems = judged(tmp_path, SMALL + "- !!python/object/apply:os.getcwd []\n")
    assert [problem.key for problem in problems] == ["R01"]
