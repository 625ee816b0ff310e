"""`gxbridge decode --format parquet`: what is in the columns is what JSON and CSV say of the same log."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gxbridge import cli
from gxbridge.decodelog.words import celsius
from gxbridge.fleet.columns import messages, parts
from gxbridge.fleet.columns.arrow import FleetError, need
from tests.commands.test_decode import LOG

STATUS = "(1700000000.500000) can0 19F21429#000A28F6FF607301\n"
"""127508: 102.50 V, -1.0 A, 295.36 K."""
DAYS = STATUS + "(1700092800.250000) can0 19F21429#000B28F6FF607302\n(5.000000) can0 19F21429#000C28F6FF607303\n"


def decode(*arguments: object) -> int:
    return cli.main(["decode", *map(str, arguments)])


def rows(folder: Path, table: str = "messages") -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob(f"{table}/**/*.parquet")) for row in pq.ParquetFile(path).read().to_pylist()
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "boat.log"
    path.write_text(LOG + STATUS)
    return path


def test_every_value_of_json_is_a_row(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert decode(log, "--format", "json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    wanted: Counter[tuple[Any, ...]] = Counter()
    for line in lines:
        for field, value in line["values"].items():
            text = value["text"] if isinstance(value, dict) else value if isinstance(value, str) else None
            number = value["value"] if isinstance(value, dict) else None if isinstance(value, str) else value
            if field == "temperature":
                number = celsius(number)
            key = line["t"], line["bus"], line["source"], line["destination"], line["pgn"], line["vreg"], line["name"]
            wanted[*key, field, number, text] += 1
    assert decode(log, "--format", "parquet", "-o", tmp_path / "out") == 0
    found: Counter[tuple[Any, ...]] = Counter()
    for row in rows(tmp_path / "out"):
        key = tuple(
            row[name] for name in ("bus", "source", "destination", "pgn", "vreg", "name", "field", "value", "text")
        )
        found[row["t"].timestamp(), *key] += 1
    assert found == wanted
    assert sum(found.values()) > 20


def test_units_stand_beside_the_values_and_in_the_metadata(tmp_path: Path, log: Path) -> None:
    decode(log, "--format", "parquet", "-o", tmp_path / "out")
    units = {row["field"]: row["unit"] for row in rows(tmp_path / "out") if row["name"] == "battery_status"}
    assert units == {"instance": "", "voltage": "V", "current": "A", "temperature": "°C", "sid": ""}
    decode(log, "--format", "parquet", "--wide", "-o", tmp_path / "out")
    schema = pq.read_schema(next((tmp_path / "out").glob("wide/**/*.parquet")))
    assert schema.field("41:battery_status[0].voltage").metadata == {b"unit": b"V"}


def test_a_row_a_second_to_plot(tmp_path: Path, log: Path) -> None:
    log.write_text(STATUS + STATUS.replace("0000.5", "0003.5").replace("0A28", "FF7F"))
    decode(log, "--format", "parquet", "--wide", "-o", tmp_path / "out", "--columns", "*.voltage,*.temperature")
    found = rows(tmp_path / "out", "wide")
    assert [(row["t"].timestamp(), row["41:battery_status[0].voltage"]) for row in found] == [
        (1_700_000_000.0, 102.5),
        (1_700_000_003.0, None),
    ]
    assert found[0]["41:battery_status[0].temperature"] == 22.21
    assert len(found[0]) == 3


def test_files_stand_by_site_and_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "boat.log"
    log.write_text(DAYS)
    decode(log, "--format", "parquet", "-o", tmp_path / "out", "--site", "Seute Deern/2")
    places = [path.relative_to(tmp_path / "out").parts[:3] for path in (tmp_path / "out").glob("**/*.parquet")]
    site = "site=Seute%20Deern%2F2"
    assert sorted(places) == [("messages", site, f"day={day}") for day in ("2023-11-14", "2023-11-16", "undated")]
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(map(str, (tmp_path / "out").glob("**/*.parquet")))


def test_the_same_log_again_replaces_its_files(tmp_path: Path, log: Path) -> None:
    decode(log, "--format", "parquet", "-o", tmp_path / "out")
    before = rows(tmp_path / "out")
    decode(log, "--format", "parquet", "-o", tmp_path / "out")
    assert rows(tmp_path / "out") == before


def test_batches_change_nothing(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decode(log, "--format", "parquet", "-o", tmp_path / "one")
    monkeypatch.setattr(messages, "BATCH", 2)
    decode(log, "--format", "parquet", "-o", tmp_path / "many")

    def key(row: dict[str, Any]) -> str:
        return json.dumps(row, default=str)

    assert sorted(rows(tmp_path / "many"), key=key) == sorted(rows(tmp_path / "one"), key=key)


def test_a_number_too_long_for_a_double_is_text() -> None:
    long = (1 << 53) + 1
    assert messages._long_numbers([long, 5, None]) == ([None, 5, None], [str(long), None, None])


def test_a_clock_that_jumps_ends_it_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MOST_PARTS", 2)
    log = tmp_path / "boat.log"
    log.write_text(DAYS)
    assert decode(log, "--format", "parquet", "-o", tmp_path / "out") == 2
    assert "clock jumps" in capsys.readouterr().err
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_few_files_are_open_at_a_time(tmp_path: Path) -> None:
    log = tmp_path / "boat.log"
    log.write_text("".join(STATUS.replace("(1700000000", f"({1_700_000_000 + 86_400 * day}") for day in range(9)))
    assert decode(log, "--format", "parquet", "-o", tmp_path / "out") == 0
    assert len(rows(tmp_path / "out")) == 9 * 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "parquet"], "-o DIR"),
        (["--format", "csv", "-o", "x"], "are for --format parquet"),
        (["--format", "parquet", "-o", "x", "--stats"], "not as parquet"),
        (["--format", "parquet", "-o", "x", "--tz", "UTC"], "in Parquet times are UTC"),
        (["--format", "parquet", "-o", "x", "--columns", "t"], "--columns is for CSV and for --wide"),
        (["--format", "parquet", "-o", "/proc/x"], "cannot write below /proc/x: "),
    ],
)
def test_what_does_not_go_together_is_said(
    options: list[str], words: str, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decode(log, *options) == 2
    assert words in capsys.readouterr().err


def test_without_the_packages_it_says_how_to_install_them(
    tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert decode(log, "--format", "parquet", "-o", tmp_path / "out") == 2
    assert "Parquet needs pyarrow: pip install 'pyarrow>=18'" in capsys.readouterr().err


def test_the_other_forms_need_none_of_them(log: Path) -> None:
    code = "import sys; from gxbridge import cli; cli.main(sys.argv[1:]); sys.exit('pyarrow' in sys.modules)"
    command = [sys.executable, "-c", code, "decode", str(log), "--format", "json"]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_a_full_disk_ends_it_and_leaves_nothing(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts.FolderTarget, "finish", full)
    assert decode(log, "--format", "parquet", "-o", tmp_path / "out") == 2
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_an_error_while_it_is_written_leaves_nothing(tmp_path: Path) -> None:
    target = parts.FolderTarget(str(tmp_path))
    local = target.begin("a/b.parquet")
    Path(local).write_bytes(b"x")
    target.finish(local, "a/b.parquet")
    assert (tmp_path / "a" / "b.parquet").read_bytes() == b"x"
    target.remove("a/b.parquet")
    target.remove("a/b.parquet")
    assert list((tmp_path / "a").iterdir()) == []


def test_a_package_that_is_missing_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(FleetError, match="numpy and duckdb"):
        need("A report", "numpy", "duckdb")
