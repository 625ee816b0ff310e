"""Days of a boat's history in a data set."""

from __future__ import annotations

import sys
from array import array
from pathlib import Path
from typing import Any

import pytest

from gxbridge import cli
from gxbridge.core.history.block import UNKNOWN, HistoryBlock, SeriesColumn, StateChange
from gxbridge.core.history.codec import encode
from gxbridge.edge.history.database import HistoryDatabase
from gxbridge.fleet.report.questions import answers_of
from tests.fleet.columns import rows, texts

T = 1_764_460_800.0
"""2025-11-30 00:00 UTC."""


def column(*values: float) -> SeriesColumn:
    return SeriesColumn(
        array("f", [v - 0.01 for v in values]), array("f", values), array("f", [v + 0.01 for v in values])
    )


def day(number: int, spread: float = 0.05) -> HistoryBlock:
    return HistoryBlock(
        60.0,
        tuple(T + number * 86_400 + 60 * n for n in range(3)),
        {
            "min_cell_voltage_v": column(3.30, 3.30, UNKNOWN),
            "max_cell_voltage_v": column(3.30 + spread, 3.30 + spread, 3.4),
            "told_a solarcharger.ttyO2": column(0.0, 0.0, 30.0),
            "made_a solarcharger.ttyO2": column(25.0, 1.0, 30.0),
        },
        {"told_a solarcharger.ttyO2": "Aunt Emma's panels"},
        (
            StateChange(T + number * 86_400 + 30, "ccl", "charge-refused", "Aunt Emma's BMS refuses charging."),
            StateChange(T + number * 86_400 + 40, "finding bms-silent uc167120", "alarm", "Aunt Emma"),
            StateChange(T + number * 86_400 + 50, "bms", "Aunt Emma", ""),
        ),
    )


@pytest.fixture(params=["files", "sqlite"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    boat = tmp_path / "fleet" / "Seute Deern" / "history"
    boat.mkdir(parents=True)
    for number in range(4):
        given = day(number, 0.05 + 0.01 * number)
        if request.param == "sqlite":
            HistoryDatabase(boat / "history.sqlite").append(given)
        else:
            (boat / f"2025-12-0{number}.gxh").write_bytes(encode(given) + b"half a block")
    folder = tmp_path / "data"
    assert cli.main(["fleet", "ingest", str(tmp_path / "fleet"), "-o", str(folder), "--workers", "1"]) == 0
    return folder


def asked(data: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        answer.name: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        for answer in answers_of(str(data))
    }


def test_every_number_of_every_minute_is_a_row_with_its_unit(data: Path) -> None:
    found = rows(data, "history")
    assert len(found) == 4 * 11
    first = next(row for row in found if row["series"] == "max_cell_voltage_v")
    assert (first["unit"], first["step_s"]) == ("V", 60.0)
    assert (first["least"], first["mean"], first["most"]) == (3.34, 3.35, 3.36)
    told = next(row for row in found if row["series"] == "told_a")
    assert (told["kind"], told["unit"]) == ("solarcharger", "A")


def test_changes_are_kept_without_sentences_and_names(data: Path) -> None:
    found = [(row["name"], row["id"], row["value"]) for row in rows(data, "changes")][:3]
    assert found == [("ccl", None, "charge-refused"), ("finding", "bms-silent", "alarm"), ("bms", None, "other")]
    assert [
        text for text in texts(data) if "Emma" in text or "ttyO2" in text or "167120" in text or "Deern" in text
    ] == []


def test_the_report_has_their_cells_and_who_makes_more_than_told(data: Path) -> None:
    found = asked(data)
    assert found["overview"][0]["histories"] in (4, 1), "files of history"
    assert found["overview"][0]["logs"] == 0
    (cells,) = found["cells"]
    assert (cells["days"], cells["first_mv"], cells["last_mv"], cells["drift_mv_a_month"]) == (4, 50, 80, 300.0)
    (charger,) = found["minutes"]
    assert (charger["minutes"], charger["minutes_above"], charger["most_above_a"]) == (12, 4, 25.0)


def test_a_history_without_a_whole_block_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "2025-11-30.gxh").write_bytes(encode(day(0))[:40])
    assert cli.main(["fleet", "ingest", str(tmp_path / "fleet"), "-o", str(tmp_path / "data"), "--workers", "1"]) == 1
    assert "no block of this history is whole" in capsys.readouterr().err


def test_a_database_that_is_no_history_or_cannot_be_read_here_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "fleet").mkdir()
    path = tmp_path / "fleet" / "history.sqlite"
    path.write_bytes(b"SQLite format 3\0" + bytes(5000))
    arguments = ["fleet", "ingest", str(tmp_path / "fleet"), "-o", str(tmp_path / "data"), "--workers", "1"]
    assert cli.main(arguments) == 1
    assert "no block of this history is whole" in capsys.readouterr().err
    path.unlink()
    HistoryDatabase(path).append(day(0))
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert cli.main(arguments) == 1
    assert "this Python has no sqlite3" in capsys.readouterr().err
