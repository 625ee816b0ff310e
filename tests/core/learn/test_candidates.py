"""What is found as entries of the database: complete, checked by its rules, and refused by every build."""

from __future__ import annotations

import random
import shutil
import struct
from pathlib import Path

import pytest

from gxbridge.candb.build import build
from gxbridge.candb.load import CandbError, inspect
from gxbridge.candb.model import DatabaseEntry, DatabaseModel
from gxbridge.core.learn.candidates import candidates
from gxbridge.core.learn.known_bits import known_bits_of
from gxbridge.core.learn.recording import LearnRecording, RegisterKey
from gxbridge.core.learn.verdicts import learn
from gxbridge.core.nmea2000.database import database
from tests.core.learn.test_adversaries import SOURCE, claimed, say

ROOT = Path(__file__).parents[3]
BATTERY = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"


def small_boat() -> LearnRecording:
    """Two cells in kelvin, a charge taken out, a flag, and a long register, of a Lynx."""
    rng = random.Random(5)
    recording = claimed()
    product = b"\x66\x99\x00\x01\x00\xe5\xa3\x00"
    recording.hear(0.0, "can0", 0x1CEFFF00 | SOURCE, product)
    low, high, drawn, on, t = 29_400, 29_600, 0, True, 1.0
    while t < 600:
        low, high = low + rng.choice((-7, -3, 4, 9)), high + rng.choice((-9, -5, 3, 8))
        drawn, on = drawn + rng.choice((3, 8, 15)), rng.random() < 0.5
        bodies = {
            0x7000: struct.pack("<HH", low, high),
            0x7001: struct.pack("<I", drawn),
            0x7002: bytes((2 - on,)),
            0x7003: struct.pack("<IiH", 7, -3 * drawn, 9),
        }
        for register, body in bodies.items():
            whole = b"\x66\x99" + struct.pack("<H", register) + body
            can_id = (0x1CEFFF00 if len(whole) <= 8 else 0x1DEFFF00 | 1 << 32) | SOURCE
            recording.hear(t, "can0", can_id, whole)
        for path, value in (
            ("/System/MinCellTemperature", round(low / 100 - 273.15, 2)),
            ("/System/MaxCellTemperature", round(high / 100 - 273.15, 2)),
            ("/ConsumedAmphours", -drawn / 10),
            ("/Io/AllowToCharge", int(on)),
            ("/History/NetAh", -drawn * 3.0),
        ):
            recording.show(t + 0.2, BATTERY, path, value)
        t += rng.uniform(5, 11)
    return recording


def written(recording: LearnRecording, family: str | None = "lynx-smart-bms") -> str:
    known = known_bits_of(database())
    lines = candidates(recording, learn(recording, known), lambda _key: family, "boat.log", "2026-11-30")
    return "".join(f"{line}\n" for line in lines)


@pytest.fixture(scope="module")
def text() -> str:
    return written(small_boat())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, text: str) -> Path:
    """The database with the candidates in it."""
    folder = tmp_path_factory.mktemp("learned") / "can_db"
    shutil.copytree(ROOT / "can_db", folder)
    (folder / "vreg" / "learned.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> DatabaseModel:
    found, problems = inspect(folder, candidates=True)
    assert not problems, "\n".join(map(str, problems))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def entries(model: DatabaseModel) -> dict[int, DatabaseEntry]:
    return {entry.register: entry for entry in model.entries if entry.confidence == "CANDIDATE" and entry.register}


def test_candidates_keep_every_rule_of_the_database(entries: dict[int, DatabaseEntry]) -> None:
    """Also the one that a sample decodes to what it says."""
    assert sorted(entries) == [0x7000, 0x7001, 0x7002, 0x7003]
    assert all(entry.samples and entry.families == ("lynx-smart-bms",) for entry in entries.values())


def test_numbers_have_their_place_their_scale_and_their_unit(entries: dict[int, DatabaseEntry]) -> None:
    found = entries
    cells = [
        (field.name, field.kind, field.offset, field.length, str(field.scale), field.unit)
        for field in found[0x7000].fields
    ]
    assert cells == [
        ("system_min_cell_temperature", "unsigned", 0, 16, "0.01", "K"),
        ("system_max_cell_temperature", "unsigned", 16, 16, "0.01", "K"),
    ]
    (drawn,) = found[0x7001].fields
    assert (drawn.length, str(drawn.scale), drawn.unit) == (32, "0.1", "Ah")
    assert "shown as -raw x 0.1" in found[0x7001].note
    (net,) = found[0x7003].fields
    assert (net.kind, net.offset, net.length, found[0x7003].transport) == ("signed", 32, 32, "fast")


def test_codes_have_an_enumeration_of_what_was_shown(model: DatabaseModel, entries: dict[int, DatabaseEntry]) -> None:
    (flag,) = entries[0x7002].fields
    assert flag.enum is not None
    assert model.enumerations[flag.enum].values == {1: "shown as 1", 2: "shown as 0"}


def test_a_time_is_in_seconds_and_a_code_of_its_own_numbers_has_no_enumeration() -> None:
    """And what is "not available" at the end is said so by the sample."""
    rng, recording, t, to_go, state = random.Random(7), claimed(), 1.0, 40_000, 0
    while t < 600:
        to_go, state = to_go + rng.choice((-180, -420, 240, 600)), rng.choice([n for n in range(3) if n != state])
        last = t > 590
        say(recording, t, 0x7005, 0xFFFF if last else to_go // 60)
        say(recording, t, 0x7006, state, "B")
        recording.show(t + 0.2, BATTERY, "/TimeToGo", None if last else to_go // 60 * 60)
        recording.show(t + 0.2, BATTERY, "/State", state)
        t += rng.uniform(5, 11)
    lines = written(recording, family=None)
    assert 'scale: 60, unit: "s"' in lines
    assert "time_to_go: null" in lines
    assert "type: raw8}" in lines
    assert "enumeration" not in lines
    assert "families" not in lines


def test_of_two_devices_with_one_register_the_one_that_says_most_is_written() -> None:
    """A second Lynx says the same for half the time; what says nothing is not written at all."""
    rng, recording, t, value = random.Random(9), claimed(), 1.0, 2_600
    recording.hear(
        0.0, "can0", 0x18EEFF2A, struct.pack("<Q", 77 | 358 << 21 | 170 << 40 | 35 << 49 | 4 << 60 | 1 << 63)
    )
    other = BATTERY.replace("uc167120", "uc77")
    while t < 600:
        value += rng.choice((-9, -4, 3, 11))
        say(recording, t, 0x7007, value)
        say(recording, t, 0x7008, 3)
        recording.show(t + 0.2, BATTERY, "/Dc/0/Voltage", value / 100)
        if t > 300:
            recording.hear(t, "can0", 0x1CEFFF2A, b"\x66\x99" + struct.pack("<HH", 0x7007, value - 50))
            recording.show(t + 0.2, other, "/Dc/0/Voltage", (value - 50) / 100)
        t += rng.uniform(5, 11)
    findings = learn(recording, lambda _key: 0)
    assert [one.verdict for one in findings if one.key.register == 0x7007] == ["certain", "certain"]
    lines = written(recording)
    assert lines.count("name: dc_0_voltage") == 1
    assert "0x7008" not in lines


def test_no_build_takes_a_candidate(folder: Path) -> None:
    """Neither by accident nor on purpose: a build has no such option."""
    (folder.parent / "gxbridge").mkdir()
    with pytest.raises(CandbError, match=r"R06.*only a candidate of `gxbridge learn`; confirm it by other means"):
        build(folder.parent)
    assert not (folder.parent / "gxbridge" / "_candb.py").exists()


def test_the_database_of_this_package_has_no_candidate() -> None:
    db = database()
    layouts = [layout for register in db.registers for layout in db.variants(register)]
    assert "CANDIDATE" not in {layout.confidence for layout in [*layouts, *db.pgns.values()]}


def test_known_bits_are_left_alone_and_unnamed_ones_are_not() -> None:
    known = known_bits_of(database())
    assert known(RegisterKey("can0", 41, 0x0385, 4)) == 0xFFFFFFFF
    assert known(RegisterKey("can0", 41, 0x2107, 4)) == 0b11 << 16 | 0x3FFF
    assert known(RegisterKey("can0", 41, 0x7000, 4)) == 0
    assert known(RegisterKey("can0", 42, 0x0385, 4)) == 0xFFFFFFFF
    assert known_bits_of(database(), {0x0385})(RegisterKey("can0", 41, 0x0385, 4)) == 0
    assert known_bits_of(database(), None)(RegisterKey("can0", 41, 0x2107, 4)) == 0
