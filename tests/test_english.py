"""Texts for people keep clear of phrases that no native speaker writes. Names in code are another matter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TAKEN_OVER = {"gxbridge/_candb.py"}
"""Made from can_db/, which has tests of its own."""
MADE = {"modules.md", "performance.md"}
"""Made from docstrings, for people who read code, and from what benchmarks print."""

NEVER = (
    r"\bhere (?:is|are) no\b",
    r"(?<!there )\bis no (?:number|text|list|table|mapping|file|folder|box|key|name|state|capture|permission)\b",
    r"\bis a text\b",
    r"\bstands? (?:here|there|once|twice)\b",
    r"\bmend\b",
    r"\bwho let whom\b",
    r"\ball that is\b",
    r"\bfor what(?: and|,|$)",
    r"\bswitch(?:ed)? (\w+) \1\b",
    r"\blooks like no\b",
    r"\bnobody (?:here )?knows\b",
    r"\bthe Python here\b",
    r"\b1 (?:services|batteries|chargers|BMSes|lines|frames|cycles|problems|warnings|notes)\b",
    r"\b\d+ (?:looks|kelvin)\b",
    r"\b\d+ degrees\b(?!`)",
    r"\bdoes not (?:let|allow) to\b",
    r"\bany more\.,",
    r"\b10,?000 A\b.*\bCCL\b",
    r"\blast word\b",
    r"\bsaid twice\b",
    r"\bto who\b",
    r"\b(a|an|the|is|are|to|of|in|on|charge|limit|battery|which|that it) \1\b",
)
"""Regular expressions, matched without regard to case."""


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every literal of a module that has more than one word, but for docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent or id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = node.value
        else:
            continue
        if " " in said:
            yield node.lineno, said


def pages() -> list[Path]:
    """What people read beside the program."""
    scripts = [
        path
        for path in (ROOT / "service").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".mo", ".png") and "translations" not in path.parts
    ]
    written = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in MADE]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *written, *scripts]


def test_the_phrases_are_found_where_they_stand() -> None:
    for phrase in (
        "here is no CAN port",
        "'x' is no number",
        "it stands twice",
        "1 services found",
        "a look at the the bus",
    ):
        assert any(re.search(pattern, phrase, re.IGNORECASE) for pattern in NEVER), phrase


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    """Where and what: every text of the program and every line of a page."""
    found = []
    for path in sorted((ROOT / "gxbridge").rglob("*.py")):
        if str(path.relative_to(ROOT)) not in TAKEN_OVER:
            found += [(f"{path}:{line}", said) for line, said in texts(path)]
    for path in pages():
        found += [(f"{path}:{n}", line) for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)]
    return found


@pytest.mark.parametrize("pattern", NEVER)
def test_no_text_of_the_program_and_no_page_has_it(pattern: str, said: list[tuple[str, str]]) -> None:
    wrong = re.compile(pattern, re.IGNORECASE)
    found = [f"{where}: {what[:160]}" for where, what in said if wrong.search(what)]
    assert not found, "\n".join(found)
