"""`gxbridge fleet report`: what the stories of the boats become in words, in JSON and on the page."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from gxbridge import cli
from gxbridge.fleet.columns.parts import FolderTarget
from gxbridge.fleet.columns.rows import RowTable
from gxbridge.fleet.columns.tables import TABLES
from gxbridge.fleet.ledger import entry_path, open_data_set, write_json
from gxbridge.fleet.report.plots import PLOTS
from gxbridge.fleet.report.questions import QUESTIONS, SQL, answers_of
from gxbridge.fleet.report.text import cell_text, heading

Capture = pytest.CaptureFixture[str]
Rows = list[dict[str, Any]]
T = 1_764_500_000.0


def report(data: Path, capsys: Capture, *options: object) -> str:
    capsys.readouterr()
    assert cli.main(["fleet", "report", str(data), *map(str, options)]) == 0
    return capsys.readouterr().out


def asked(data: Path) -> dict[str, Rows]:
    return {
        answer.name: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        for answer in answers_of(str(data))
    }


def made(folder: Path, **tables: list[tuple[str, float, dict[str, Any]]]) -> Path:
    """A data set of rows (site, time, cells), without any file behind it."""
    target = FolderTarget(str(folder))
    open_data_set(target, "clear", "")
    sites = {site for rows in tables.values() for site, _, _ in rows}
    for site in sites:
        entry = {"file": site, "site": site, "status": "ingested", "content": site, "format": "candump"}
        write_json(target, entry_path(site), entry | {"begins": T, "seconds": 60.0, "frames": 9})
        for table, rows in tables.items():
            file = RowTable(TABLES[table], target, site, site)
            for at, cells in ((at, cells) for one, at, cells in rows if one == site):
                file.add(at, **cells)
            file.commit()
    return folder


def test_every_question_has_a_title_and_an_answer_also_where_there_is_nothing(tmp_path: Path) -> None:
    open_data_set(FolderTarget(str(tmp_path)), "clear", "")
    found = answers_of(str(tmp_path))
    assert [answer.name for answer in found] == list(QUESTIONS)
    assert {path.stem for path in SQL.glob("*.sql")} == {*QUESTIONS, "views"}
    assert all(answer.title for answer in found)
    assert [answer.name for answer in found if answer.rows] == ["overview"]
    assert set(PLOTS) <= set(QUESTIONS)


def test_the_boats_in_trouble_come_first(data: Path, boats: Path, secret: Path, capsys: Capture) -> None:
    text = report(data, capsys, "--names", boats, "--secret", secret)
    first = [line.split()[0] for line in text.splitlines() if line.startswith("  boat-")][:3]
    assert set(first) == {"boat-0001", "boat-0005", "boat-0006"}
    assert "8 boats, 8 logs, " in text
    assert "on 2025-11-30" in text


def test_without_names_there_are_ids(data: Path, capsys: Capture) -> None:
    assert "boat-" not in report(data, capsys)


def test_a_cause_of_error_67_is_told_by_charger_and_firmware(data: Path) -> None:
    found = asked(data)["errors_67"]
    assert ("SmartSolar Charger MPPT 100/50", "v1.61", "gx-stopped-writing") in {
        (row["charger_product"], row["charger_firmware"], row["cause"]) for row in found
    }


def test_the_charger_that_disobeys_is_told_by_its_product(data: Path) -> None:
    found = {row["product"]: row for row in asked(data)["obedience"]}
    stubborn, well = found["SmartSolar Charger MPPT 100/50"], found["Orion XS 24/50"]
    assert stubborn["disobeyed"] > 0
    assert stubborn["most_above_a"] >= 25
    assert well["disobeyed"] == 0
    assert well["p95_lag_s"] <= 1


def test_an_incident_is_one_however_many_boxes_tell_of_it(tmp_path: Path) -> None:
    box = {"cause": "bms-lost", "verdict": "bms-silent", "errors_67": 1}
    times = (0.0, 200.0, 700.0, 1400.0)
    data = made(tmp_path, boxes=[("a", T + at, box) for at in times] + [("b", T, box | {"cause": "command"})])
    found = asked(data)
    (row,) = found["verdicts"]
    assert (row["boxes"], row["incidents"], row["boats"]) == (4, 2, 1)
    assert [(row["site"], row["incidents"], row["errors_67"]) for row in found["sites"]] == [("a", 2, 2), ("b", 0, 0)]


def test_what_two_records_tell_of_the_same_moment_happened_once(tmp_path: Path) -> None:
    excess = {"device": "x", "kind": "solarcharger", "told_a": 0.0, "worst_a": 9.0, "lasted_s": 30.0}
    silent = {"id": "bms-silent", "severity": "alarm", "device": "y", "begins": True}
    data = made(
        tmp_path,
        obedience=[("a", T, excess), ("a", T + 0.5, excess), ("a", T + 60, excess)],
        findings=[("a", T, silent), ("a", T + 3, silent), ("a", T + 500, silent)],
    )
    found = asked(data)
    assert [(row["times"], row["disobeyed"]) for row in found["obedience"]] == [(2, 2)]
    assert [(row["id"], row["times"]) for row in found["findings"]] == [("bms-silent", 2)]


def test_the_trend_of_a_battery_is_a_line_through_its_days(tmp_path: Path) -> None:
    def cells(millivolts: float) -> dict[str, Any]:
        return {"device": "x", "min_cell_voltage_v": 3.3, "max_cell_voltage_v": 3.3 + millivolts / 1000}

    days = [("a", T + 86_400 * day + hour, cells(20 + 2 * day)) for day in range(10) for hour in range(3)]
    one_off = [("a", T + 86_400 * 2 + 9, cells(900))]
    (row,) = asked(made(tmp_path, batteries=days + one_off))["cells"]
    assert (row["days"], row["first_mv"], row["last_mv"]) == (10, 20, 38)
    assert row["drift_mv_a_month"] == 60.0


def test_errors_of_a_bus_that_several_boxes_tell_of_count_once(tmp_path: Path) -> None:
    box = {"cause": "bms-lost", "verdict": "bus-errors"}
    bus = {"bus": "can0", "errors": 40, "lost": 3, "down": 1, "frames": 9, "seconds": 60.0}
    data = made(tmp_path, boxes=[("a", T, box), ("a", T + 60, box)], buses=[("a", T, bus), ("a", T, bus)])
    (row,) = asked(data)["buses"]
    assert (row["errors"], row["lost"], row["down"], row["files"]) == (40, 3, 1, 2)


def test_the_same_data_set_makes_the_same_bytes(data: Path, capsys: Capture, tmp_path: Path) -> None:
    assert report(data, capsys, "--json") == report(data, capsys, "--json")
    for name in ("one.html", "two.html"):
        report(data, capsys, "--html", tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_the_json_has_every_question_and_is_sorted(data: Path, capsys: Capture) -> None:
    text = report(data, capsys, "--json")
    whole = json.loads(text)
    assert set(whole) == {"gxbridge_fleet_report", *QUESTIONS}
    assert text.rstrip() == json.dumps(whole, sort_keys=True, indent=1, ensure_ascii=False)


def test_the_page_needs_nothing_but_itself(data: Path, tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / "page.html"
    report(data, capsys, "--html", page)
    text = page.read_text()
    assert text.count("<svg") >= 5
    assert "<script" not in text
    assert re.findall(r"""(?:src|href)\s*=\s*["'](?!#)[^"']*""", text.replace('xlink:href="#', 'href="#')) == []
    assert "@import" not in text
    assert "url(http" not in text
    for title in ("Boats that want a look", "Causes of error #67", "Cell imbalance", "Unknown messages"):
        assert f"<h2>{title}" in text


def test_a_name_is_shown_as_text_and_nothing_else(tmp_path: Path, capsys: Capture) -> None:
    data = made(tmp_path / "data", findings=[("<img src=x onerror=alert(1)>", T, {"id": "<b>", "begins": True})])
    page = tmp_path / "page.html"
    report(data, capsys, "--html", page)
    assert "<img" not in page.read_text()
    assert "&lt;img src=x" in page.read_text()


def test_a_folder_with_stars_and_brackets_is_a_folder(data: Path, tmp_path: Path, capsys: Capture) -> None:
    odd = tmp_path / "it's [x] * ?"
    odd.symlink_to(data)
    assert report(odd, capsys, "--json") == report(data, capsys, "--json")


@pytest.mark.parametrize("package", ["duckdb", "matplotlib"])
def test_without_its_packages_it_says_how_to_install_them(
    package: str, data: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert cli.main(["fleet", "report", str(data), "--html", str(tmp_path / "page.html")]) == 2
    assert f"needs {package}: pip install '{package}>=" in capsys.readouterr().err


def test_what_is_no_data_set_is_refused(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["fleet", "report", str(tmp_path)]) == 2
    assert "is not a data set: make one with gxbridge fleet ingest" in capsys.readouterr().err


def test_a_damaged_data_set_is_told(tmp_path: Path, capsys: Capture) -> None:
    made(tmp_path, findings=[("a", T, {"id": "x", "begins": True})])
    next(tmp_path.glob("findings/**/*.parquet")).write_bytes(b"PAR1 no more")
    assert cli.main(["fleet", "report", str(tmp_path)]) == 2
    assert "the data set cannot be read" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_told(data: Path, capsys: Capture) -> None:
    assert cli.main(["fleet", "report", str(data), "--html", "/proc/page.html"]) == 2
    assert "/proc/page.html" in capsys.readouterr().err


def test_units_stand_in_the_heads() -> None:
    assert heading("median_lag_s") == "median lag [s]"
    assert heading("drift_mv_a_month") == "drift [mV/month]"
    assert heading("errors_67") == "#67"
    assert cell_text(None) == ""
    assert cell_text(["a", "b"]) == "a, b"
    assert cell_text("a\nb") == "a\N{REPLACEMENT CHARACTER}b"
