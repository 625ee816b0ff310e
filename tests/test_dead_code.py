"""Nobody keeps what nobody uses: vulture looks, and `vulture.txt` says what stays and why."""

from __future__ import annotations

from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parent.parent
CONFIDENCE = 60
"""Percent; below it vulture guesses."""


def kept() -> set[str]:
    lines = (ROOT / "tests" / "vulture.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def unused(*sources: Path) -> dict[str, str]:
    """Name -> where it stands."""
    vulture = Vulture()
    vulture.scavenge([str(source) for source in sources], exclude=["_candb.py"])
    found = vulture.get_unused_code(min_confidence=CONFIDENCE)
    return {item.name: f"{item.filename}:{item.first_lineno}: unused {item.typ} {item.name}" for item in found}


def test_what_nobody_uses_is_deleted() -> None:
    found = unused(ROOT / "gxbridge")
    assert [text for name, text in found.items() if name not in kept()] == []
    assert kept() - found.keys() == set(), "used or deleted by now: take it out of tests/vulture.txt"


def test_an_unused_function_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "attic.py").write_text("def forgotten() -> None: ...\n")
    assert unused(tmp_path).keys() == {"forgotten"}
