"""`gxbridge blackbox` on files, and files on disks that are full, closed or crowded."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from gxbridge import cli
from gxbridge.core.blackbox.recorder import Frozen
from gxbridge.edge import box_files
from gxbridge.edge.box_files import BoxFolder, packed, read
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import SOLAR, solar

MOST = 4_000_000


def frozen_boat(seconds: int = 70) -> Frozen:
    boat = BoxedBoat()
    boat.tick(3)
    boat.add(SOLAR, solar())
    boat.tick(seconds)
    boat.tick(30, speaking=False)
    frozen = boat.boxed.frozen(boat.now)
    assert frozen is not None
    return frozen


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return BoxFolder(tmp_path_factory.mktemp("box"), MOST, 8).write(frozen_boat(), "0.1", "digest").read_bytes()


@pytest.fixture
def box(tmp_path: Path, written: bytes) -> Path:
    path = tmp_path / "box.jsonl.gz"
    path.write_bytes(written)
    return path


def test_a_box_shows_its_timeline_and_a_verdict(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["blackbox", "show", str(box)]) == 0
    words = capsys.readouterr().out
    assert "kept because of: bms-lost" in words
    assert "Verdict: The BMS fell silent." in words
    assert "battery uc167120 is silent, last heard 10 s ago" in words


def test_the_same_as_json(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["blackbox", "show", "--json", str(box)]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["verdict"]["name"] == "bms-silent"
    assert whole["verdict"]["evidence"]
    assert whole["timeline"]


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_a_replay_in_another_process_decides_the_same_bit_for_bit(box: Path, seed: str) -> None:
    """Also where Python orders its sets otherwise."""
    command = [sys.executable, "-m", "gxbridge", "blackbox", "replay", str(box)]
    done = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "all decided the same, bit for bit" in done.stdout


def test_a_decision_that_differs_is_shown_and_is_code_1(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = gzip.decompress(box.read_bytes()).split(b"\n")
    looked = next(number for number, row in enumerate(rows) if row.startswith(b'["=",') and b'"w":' in row)
    event = json.loads(rows[looked])
    event[1] = "0" * 16
    event[2]["w"][0][2] = 12345.0
    rows[looked] = json.dumps(event).encode()
    box.write_bytes(gzip.compress(b"\n".join(rows)))
    assert cli.main(["blackbox", "replay", str(box)]) == 1
    words = capsys.readouterr().out
    assert "recorded: /Link/NetworkMode = 12345.0" in words
    assert "1 decided differently" in words
    assert cli.main(["blackbox", "replay", "--json", str(box)]) == 1
    assert json.loads(capsys.readouterr().out)["differing"] == 1


DAMAGE = {
    "no box": b"hello\n",
    "not compressed": b"",
    "another form": b'{"gxbox": 99}\n',
    "empty head": b'{"gxbox": 1}\n',
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_file_that_is_no_box_is_one_line_and_code_2(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(DAMAGE[what]) if DAMAGE[what] else b"plain")
    for action in ("show", "replay"):
        assert cli.main(["blackbox", action, str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_not_there_or_cut_is_one_line_and_code_2(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["blackbox", "show", str(box.parent / "nothing")]) == 2
    box.write_bytes(box.read_bytes()[:-200])
    assert cli.main(["blackbox", "show", str(box)]) == 2
    errors = capsys.readouterr().err
    assert "No such file" in errors
    assert "was truncated" in errors


@pytest.mark.parametrize("number", range(40))
def test_a_damaged_line_is_an_error_with_its_place_never_a_traceback(box: Path, number: int) -> None:
    rows = gzip.decompress(box.read_bytes()).split(b"\n")
    place = number * (len(rows) - 2) // 39
    row = bytearray(rows[place])
    row[len(row) * (number % 7) // 7] ^= 0x15
    rows[place] = bytes(row)
    box.write_bytes(gzip.compress(b"\n".join(rows)))
    assert cli.main(["blackbox", "replay", str(box)]) in (0, 1, 2)
    assert cli.main(["blackbox", "show", str(box)]) in (0, 2)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = frozen_boat(10)
    (tmp_path / "gxbox-000001-command.jsonl.part").write_bytes(b"left over")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        BoxFolder(tmp_path, MOST, 8).write(frozen, "0.1", "d")
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_are_kept_and_numbers_go_on(tmp_path: Path) -> None:
    frozen = frozen_boat(5)
    folder = BoxFolder(tmp_path / "a" / "b", MOST, 3)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "mine.txt").write_text("not a box")
    paths = [folder.write(frozen, "0.1", "d") for _ in range(5)]
    there = sorted(item.name for item in (tmp_path / "a" / "b").iterdir())
    assert there == [*(path.name for path in paths[2:]), "mine.txt"]
    assert paths[-1].name == "gxbox-000005-bms-lost.jsonl.gz"
    assert paths[-1].stat().st_mode & 0o777 == 0o600


def test_a_file_is_never_larger_than_allowed_the_newest_minutes_stay() -> None:
    frozen = frozen_boat(300)
    whole = packed(frozen, "0.1", "d", MOST)
    smaller = packed(frozen, "0.1", "d", len(whole) * 2 // 3)
    assert len(smaller) <= len(whole) * 2 // 3
    with pytest.raises(OSError, match="max_bytes"):
        packed(frozen, "0.1", "d", 100)


def test_a_bomb_is_not_unpacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress((b'["t",1.0,0.0]' + b" " * 50 + b"\n") * 4_000_000, 1))
    tracemalloc.start()
    assert cli.main(["blackbox", "show", str(path)]) == 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert capsys.readouterr().err == (
        f"gxbridge blackbox: {path}: the file unpacks to more than the 64 MB that a box can hold\n"
    )
    assert peak < 8_000_000


def test_no_box_is_written_that_could_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = frozen_boat(300)
    whole = len(gzip.decompress(packed(frozen, "0.1", "d", MOST)))
    monkeypatch.setattr(box_files, "MOST_READ", whole * 2 // 3)
    assert read(BoxFolder(tmp_path, MOST, 8).write(frozen, "0.1", "d")).head.cause == "bms-lost"


@pytest.mark.parametrize("planted", [999_999_999, 999_999_998, 900_000_000, 0])
@pytest.mark.parametrize("kept_before", [0, 2])
def test_a_planted_number_has_no_later_box_overwritten(tmp_path: Path, planted: int, kept_before: int) -> None:
    frozen = frozen_boat(5)
    folder = BoxFolder(tmp_path, MOST, 3)
    for _ in range(kept_before):
        folder.write(frozen, "0.1", "d")
    (tmp_path / f"gxbox-{planted:06}-bms-lost.jsonl.gz").write_bytes(b"planted")
    paths = [folder.write(frozen, "0.1", "d") for _ in range(5)]
    assert len(set(paths)) == 5
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths[-3:]}


def test_a_folder_named_like_a_box_is_in_nobody_s_way(tmp_path: Path) -> None:
    (tmp_path / "gxbox-000001-bms-lost.jsonl.gz").mkdir()
    folder = BoxFolder(tmp_path, MOST, 1)
    paths = [folder.write(frozen_boat(5), "0.1", "d") for _ in range(2)]
    assert [path.exists() for path in paths] == [False, True]


FORGED = "x\n\nVerdict: all fine.\x1b[8m\u202e"


def forge(value: object) -> object:
    """Every text of a box with a line of somebody's own in it."""
    if isinstance(value, str):
        return value + FORGED
    if isinstance(value, list):
        return [value[0], *map(forge, value[1:])] if value and isinstance(value[0], str) else [*map(forge, value)]
    if isinstance(value, dict):
        return {name if name in KEYS or len(name) == 1 else name + FORGED: forge(item) for name, item in value.items()}
    return value


KEYS = {
    "gxbox",
    "version",
    "database",
    "cause",
    "subject",
    "text",
    "at",
    "frozen_at",
    "epoch_offset",
    "setup",
    "fields",
}
"""Of the first line."""


@pytest.mark.parametrize("as_ascii", [True, False])
def test_a_crafted_box_forges_no_line(box: Path, as_ascii: bool, capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = gzip.decompress(box.read_bytes()).splitlines()
    made = [forge(json.loads(head)), *(forge(json.loads(row)) for row in rows if not row.startswith(b'["block"'))]
    box.write_bytes(gzip.compress("\n".join(json.dumps(row, ensure_ascii=as_ascii) for row in made).encode()))
    assert cli.main(["blackbox", "show", str(box)]) == 0
    words = capsys.readouterr().out
    assert "kept because of: bms-lostx" in words
    assert [line for line in words.splitlines() if line.startswith("Verdict")] == ["Verdict: The BMS fell silent."]
    assert all(letter.isprintable() for letter in words.replace("\n", ""))
    assert cli.main(["blackbox", "replay", str(box)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_s_name_forges_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "box\nVerdict: all fine.gz"
    assert cli.main(["blackbox", "show", str(path)]) == 2
    path.write_bytes(b"x")
    assert cli.main(["blackbox", "show", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_a_folder_that_hands_its_group_on_lets_the_group_read(tmp_path: Path) -> None:
    own = BoxFolder(tmp_path / "own", MOST, 8).write(frozen_boat(), "0.1", "digest")
    assert oct(own.stat().st_mode)[-3:] == "600"
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2750)
    kept = BoxFolder(shared, MOST, 8).write(frozen_boat(), "0.1", "digest")
    assert oct(kept.stat().st_mode)[-3:] == "640"
