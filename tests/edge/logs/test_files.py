"""Logs as python-can records them, and everything about files that is not their text: compression, pipes, damage."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from pathlib import Path

import can
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gxbridge.edge.logs.formats import FORMATS
from gxbridge.edge.logs.lines import LogRow
from gxbridge.edge.logs.reader import LogError, LogReader, open_log

FRAMES = [
    (1700000000.0 + i / 100, 0x1CEFFF00 + i, bytes([0x66, 0x99, i, 1, 2, 3, 4, 5])[: 8 - i % 3]) for i in range(40)
]
SUFFIXES = {"asc": "asc", "blf": "blf", "trc": "trc", "csv": "csv", "db": "sqlite", "log": "candump"}


def record(path: Path) -> Path:
    """A log of FRAMES in the format of the path's suffix, with a standard, a remote and an error frame among them."""
    messages = [
        can.Message(timestamp=t, arbitration_id=i, data=d, is_extended_id=True, channel="can0") for t, i, d in FRAMES
    ]
    others = [
        can.Message(timestamp=FRAMES[4][0], arbitration_id=0x123, data=b"12", is_extended_id=False, channel="can0"),
        can.Message(timestamp=FRAMES[4][0], arbitration_id=0x18EAFF24, is_remote_frame=True, channel="can0"),
    ]
    with can.Logger(str(path)) as writer:
        for message in messages[:5] + others + messages[5:]:
            writer.on_message_received(message)
    return path


def read(path: Path, format: str | None = None) -> tuple[list[LogRow], LogReader, list[tuple[int, str]]]:
    complaints: list[tuple[int, str]] = []
    with open_log(str(path), format, lambda line, what: complaints.append((line, what))) as reader:
        return list(reader), reader, complaints


@pytest.fixture(scope="module", params=SUFFIXES)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("logs") / f"boat.{request.param}")


def test_what_python_can_records_is_recognised_and_read_frame_by_frame(recorded: Path) -> None:
    rows, reader, complaints = read(recorded)
    assert reader.format.name == SUFFIXES[recorded.suffix[1:]]
    assert [(can_id, data) for _, _, can_id, data in rows] == [(can_id, data) for _, can_id, data in FRAMES]
    assert [t for t, *_ in rows] == pytest.approx([t for t, *_ in FRAMES], abs=2e-3)
    written = 1 if reader.format.name == "trc" else 2  # python-can's TRC writer leaves remote frames out
    assert (complaints, reader.skipped) == ([], written)
    assert len({bus for _, bus, _, _ in rows}) == 1


def test_the_suffix_does_not_matter(recorded: Path, tmp_path: Path) -> None:
    unnamed = tmp_path / "recording"
    unnamed.write_bytes(recorded.read_bytes())
    assert read(unnamed)[0] == read(recorded)[0]


def test_a_compressed_log_gives_the_same(recorded: Path, tmp_path: Path) -> None:
    packed = tmp_path / "boat.gz"
    packed.write_bytes(gzip.compress(recorded.read_bytes()))
    rows, reader, _ = read(packed)
    assert rows == read(recorded)[0]
    assert reader.compressed


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_every_format_can_be_piped_in(recorded: Path, pack: type[bytes]) -> None:
    code = "from gxbridge.edge.logs.reader import open_log; print(sum(len(row[3]) for row in open_log('-')))"
    result = subprocess.run([sys.executable, "-c", code], input=pack(recorded.read_bytes()), capture_output=True)
    assert int(result.stdout) == sum(len(data) for _, _, data in FRAMES), result.stderr


BROKEN = {
    "asc": "0.050000 1 1CEFFF24x Rx d 8 66 99 zz 03 04 05 06 07",
    "trc": "     41        50.000 DT 1 1CEFFF24 Rx -  8    66 99 zz 03 04 05 06 07",
    "csv": "1700000000.05,1CEFFF24,1,0,0",
}


@pytest.mark.parametrize("suffix", BROKEN)
def test_a_broken_line_in_the_middle_costs_only_itself(tmp_path: Path, suffix: str) -> None:
    path = record(tmp_path / f"boat.{suffix}")
    lines = path.read_text().splitlines()
    place = len(lines) - 20
    path.write_text("\n".join([*lines[:place], BROKEN[suffix], *lines[place:], BROKEN[suffix]]) + "\n")
    rows, reader, complaints = read(path)
    assert [(can_id, data) for _, _, can_id, data in rows] == [(can_id, data) for _, can_id, data in FRAMES]
    assert [number for number, _ in complaints] == [place + 1, len(lines) + 2]
    assert reader.bad_lines == 2


@pytest.mark.parametrize("suffix", ["asc", "trc"])
def test_a_line_cut_short_is_broken_not_a_shorter_frame(tmp_path: Path, suffix: str) -> None:
    path = record(tmp_path / f"boat.{suffix}")
    text = path.read_text().rstrip()
    if suffix == "asc":
        text = text.rpartition("End TriggerBlock")[0].rstrip()
    path.write_text(text[:-3])
    rows, _, complaints = read(path)
    assert len(rows) == len(FRAMES) - 1
    assert len(complaints) == 1


def test_a_binary_log_cut_short_gives_what_is_whole_and_says_where_it_ends(tmp_path: Path) -> None:
    path = record(tmp_path / "boat.blf")
    path.write_bytes(path.read_bytes()[:-200])
    rows, _, complaints = read(path)
    assert len(rows) < len(FRAMES)
    assert "cannot be read any further" in complaints[0][1]


def test_a_database_without_the_table_says_so(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE something (x)")
    connection.close()
    rows, _, complaints = read(path)
    assert rows == []
    assert "no such table" in complaints[0][1]


def test_compressed_data_that_ends_too_early_is_read_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "boat.log.gz"
    text = "".join(f"({i}.0) can0 18EAFF24#{i:08X}\n" for i in range(20_000)).encode()
    packed = gzip.compress(text)
    path.write_bytes(packed[: len(packed) // 2])
    rows, _, complaints = read(path)
    assert 1000 < len(rows) < 20_000
    assert "cannot be read any further" in complaints[-1][1]


def test_a_file_that_only_claims_to_be_compressed_is_an_error_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "boat.gz"
    path.write_bytes(b"\x1f\x8bnot at all")
    with pytest.raises(LogError, match="cannot be read"):
        open_log(str(path))


def test_errors_of_the_file_are_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file or directory"):
        open_log(str(tmp_path / "nothing"))
    with pytest.raises(LogError, match="Is a directory"):
        open_log(str(tmp_path))
    with pytest.raises(LogError, match="no such log format; there are blf, sqlite, mf4, pcap"):
        open_log(str(tmp_path / "nothing"), "xls")
    (tmp_path / "prose").write_text("It was a dark and stormy night.\n")
    with pytest.raises(LogError, match="does not look like any log format known"):
        open_log(str(tmp_path / "prose"))


def test_an_empty_log_is_a_log_without_frames(tmp_path: Path) -> None:
    for content in (b"", b"\n\n", gzip.compress(b"")):
        (tmp_path / "empty").write_bytes(content)
        assert read(tmp_path / "empty")[0] == []


def test_a_forced_format_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("(1.0) can0 18EAFF24#14F001\n")
    rows, reader, _ = read(tmp_path / "a", "yacht-devices")
    assert (rows, reader.bad_lines) == ([], 1)


def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    reader = "from gxbridge.edge.logs.reader import open_log"
    code = f"import sys\n{reader}\nfor row in open_log('-'): print(row[2], flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for piece in (b"# engine off\n", b"(1.0) can0 18EA", b"FF24#14F001\n"):
            process.stdin.write(piece)
            process.stdin.flush()
        assert int(process.stdout.readline()) == 0x18EAFF24
        process.stdin.write(b"(1.0) can0 18EAFF25#14F001\n")
        process.stdin.flush()
        assert int(process.stdout.readline()) == 0x18EAFF25
        process.stdin.close()


def test_position_and_size_tell_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "boat.log"
    path.write_text("(1.0) can0 18EAFF24#14F001\n" * 20_000)
    with open_log(str(path)) as reader:
        assert reader.size == path.stat().st_size
        rows = iter(reader)
        next(rows)
        assert 0 < reader.position < reader.size
        assert sum(1 for _ in rows) == 19_999
        assert reader.position == reader.size


def test_every_format_has_a_title_and_a_name_to_force_it_with() -> None:
    assert all(name == item.name and item.title for name, item in FORMATS.items())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_log_of_any_kind_is_read_as_far_as_it_goes(recorded: Path, data: st.DataObject) -> None:
    raw = bytearray(recorded.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(raw) - 1))
        rubbish = data.draw(st.binary(max_size=6))
        raw[place : place + data.draw(st.integers(0, 6))] = rubbish
    damaged = recorded.with_name("damaged")
    damaged.write_bytes(raw)
    complaints: list[int] = []
    kind = SUFFIXES[recorded.suffix[1:]]
    try:
        with open_log(str(damaged), kind, lambda line, what: complaints.append(line)) as reader:
            for t, _, can_id, payload in reader:
                assert 0.0 <= t < 1e11
                assert 0 <= can_id <= 0x1FFFFFFF
                assert len(payload) <= 8
    except LogError:
        return
    assert reader.bad_lines == len(complaints)
