"""What the documentation shows works as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gxbridge.candb.load import load
from gxbridge.candb.rules import RULES

ROOT = Path(__file__).parent.parent.parent
HOW_TO = (ROOT / "docs" / "adding-a-message.md").read_text(encoding="utf-8")
TOUR = (ROOT / "can_db" / "README.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    return [match.strip("\n") + "\n" for match in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


@pytest.fixture
def can_db(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "can_db", tmp_path / "can_db"))


def test_the_message_of_the_guide_can_be_added(can_db: Path) -> None:
    register, beside, _ = examples(HOW_TO)
    (can_db / "vreg" / "mine.yaml").write_text(f"{register}\n{beside}", encoding="utf-8")
    pump = next(entry for entry in load(can_db).entries if entry.register == 0x7A10)
    assert [field.name for field in pump.fields] == ["current", "state"]
    assert pump.samples[0].origin == "real"


def test_the_entry_of_the_tour_is_that_of_the_database(can_db: Path) -> None:
    (entry,) = [entry for entry in load(can_db).entries if entry.register == 0x2001]
    example = examples(TOUR)[0]
    for line in example.splitlines()[1:]:
        shown = line.partition(" #")[0].strip()
        file = can_db.parent / entry.where.rpartition(":")[0]
        assert shown in file.read_text(encoding="utf-8"), shown


def test_rules_in_the_guide_exist() -> None:
    assert set(re.findall(r"\bR\d\d\b", HOW_TO)) <= set(RULES)


def test_every_file_opens_with_a_line_that_says_what_it_holds() -> None:
    for path in sorted((ROOT / "can_db").rglob("*.yaml")):
        assert path.read_text(encoding="utf-8").startswith("# "), path
