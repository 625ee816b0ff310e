"""Every finding comes from the table, every row of the table is found, and text and advice join to good sentences."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gxbridge.core.model.finding import finding, stopped
from gxbridge.core.model.findings_table import FINDINGS, TABLE, FindingRow

PACKAGE = Path(__file__).parents[3] / "gxbridge"
MAKERS = {PACKAGE / "core/model/finding.py", PACKAGE / "core/blackbox/play.py"}
"""`finding` itself, and the player that reads recorded ones."""
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ("findings_table.py", "_candb.py")]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
NODES = [node for tree in TREES.values() for node in ast.walk(tree)]


def pattern(text: ast.JoinedStr) -> str:
    """What an f-string can be, as a regular expression; nothing where nearly all of it is filled in."""
    parts = [part.value if isinstance(part, ast.Constant) else None for part in text.values]
    if sum(len(str(part)) for part in parts if part is not None) < len("-slow"):
        return "$^"
    return "".join("[a-z-]+" if part is None else re.escape(str(part)) for part in parts)


CONSTANTS = {node.value for node in NODES if isinstance(node, ast.Constant) and isinstance(node.value, str)}
PATTERNS = [re.compile(pattern(node)) for node in NODES if isinstance(node, ast.JoinedStr)]
rows = pytest.mark.parametrize("row", TABLE, ids=[row.id for row in TABLE])


def called(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def test_an_id_stands_once_in_the_table() -> None:
    assert len(FINDINGS) == len(TABLE)


def test_findings_are_made_from_the_table_only() -> None:
    assert {path for path, tree in TREES.items() if any(called(node, "Finding") for node in ast.walk(tree))} == MAKERS


def test_every_id_in_the_code_is_in_the_table() -> None:
    named = [node.args[0] for node in NODES if isinstance(node, ast.Call) and called(node, "finding")]
    assert len(named) > 40
    choices = [part for first in named for part in ast.walk(first) if isinstance(part, ast.Constant)]
    ids = {part.value for part in choices if isinstance(part.value, str)}
    fragments = {
        part.value
        for first in named
        if isinstance(first, ast.JoinedStr)
        for part in first.values
        if isinstance(part, ast.Constant)
    }
    assert ids - fragments <= FINDINGS.keys()


@rows
def test_every_row_of_the_table_is_found_somewhere(row: FindingRow) -> None:
    assert row.id in CONSTANTS or any(one.fullmatch(row.id) for one in PATTERNS)


@rows
def test_text_and_advice_join_well(row: FindingRow) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", row.id)
    for text in (row.text, row.advice):
        assert re.match(r"[A-Z{`]", text), "a sentence begins with a capital letter or with what is filled in"
        assert not re.search(r"[.,;:!?\s]$", text), "the printer sets the final stop"
        assert not re.search(r"\s\s|\.\.|\n|[.;,]\s*[.;,]", text)


def test_a_finding_keeps_what_it_was_filled_in_with() -> None:
    found = finding("bms-lost", "com.example", 10.0, device="Lynx", what="x")
    assert found.text.startswith("Lynx is lost: ")
    assert (found.severity, found.first, found.last, found.count) == ("alarm", 10.0, 10.0, 1)
    assert found.arguments == {"device": "Lynx", "what": "x"}
    assert finding("bms-lost", "", 10.0, 4.0, device="Lynx", what="x").first == 4.0


def test_a_finding_that_is_not_in_the_table_is_a_fault() -> None:
    with pytest.raises(KeyError):
        finding("bms-tired", "", 0.0)


def test_a_text_has_one_final_stop() -> None:
    assert [stopped(text) for text in ("It is.", "It is", "Is it?", "")] == ["It is.", "It is.", "Is it?", ""]
