"""What the documentation shows works as it stands."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from gxbridge.candb.load import CandbError, load
from gxbridge.candb.rules import RULES
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Decoder
from tests.core.handmade import module_of

ROOT = Path(__file__).parent.parent.parent
HOW_TO = (ROOT / "docs" / "adding-a-message.md").read_text(encoding="utf-8")
TOUR = (ROOT / "can_db" / "README.md").read_text(encoding="utf-8")


def examples(text: str) -> list[str]:
    return [match.strip("\n") + "\n" for match in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


@pytest.fixture
def can_db(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "can_db", tmp_path / "can_db"))


def append(file: Path, item: str) -> None:
    """Write an item of the guide at the end of a file, unless somebody has followed the guide in this checkout."""
    text = file.read_text(encoding="utf-8")
    if item.splitlines()[0] not in text:
        file.write_text(f"{text}\n{item}", encoding="utf-8")


def follow_the_guide(can_db: Path) -> None:
    """Its three items, as they stand on the page, in the files that it names."""
    register, beside, _ = examples(HOW_TO)
    enumeration, source = beside.split("\n\n")
    append(can_db / "vreg" / "bms.yaml", register)
    append(can_db / "enumerations" / "bms.yaml", f"{enumeration}\n")
    append(can_db / "sources.yaml", source)


def decoded(db: Database | None, frames: list[str]) -> dict[str, object]:
    """What frames in candump's notation say, by the real decoder."""
    decoder = Decoder(db)
    for frame in frames:
        can_id, _, data = frame.partition("#")
        message = decoder.feed(int(can_id, 16), bytes.fromhex(data), 0.0)
    assert message is not None
    return {field.name: value for field, value in zip(message[0].fields, message[3], strict=True)}


def test_the_message_of_the_guide_can_be_added_and_decodes_to_what_the_guide_says(can_db: Path) -> None:
    follow_the_guide(can_db)
    model = load(can_db)
    pump = next(entry for entry in model.entries if entry.register == 0x7A10)
    assert pump.samples[0].origin == "real"
    (item,) = yaml.safe_load(examples(HOW_TO)[0])
    (sample,) = item["samples"]
    assert decoded(Database(module_of(model)), [sample["frame"]]) == sample["says"]


def test_the_fast_packet_of_the_guide_decodes_to_what_the_guide_says() -> None:
    (sample,) = yaml.safe_load(examples(HOW_TO)[2])
    assert decoded(None, sample["frames"]) == sample["says"]


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [("scale: 0.1, unit: A}", "scale: 0.1, unit: Amp}", "R10"), ("{current: 3.5,", "{current: 3.6,", "R33")],
)
def test_the_check_answers_a_mistake_with_the_words_of_the_guide(
    can_db: Path, right: str, wrong: str, rule: str
) -> None:
    follow_the_guide(can_db)
    file = can_db / "vreg" / "bms.yaml"
    before, pump, after = file.read_text(encoding="utf-8").partition(examples(HOW_TO)[0])
    assert right in pump
    file.write_text(f"{before}{pump.replace(right, wrong)}{after}", encoding="utf-8")
    with pytest.raises(CandbError) as breach:
        load(can_db)
    (problem,) = breach.value.problems
    assert f":{rule}: {problem.what}; {problem.cure}\n" in HOW_TO


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
