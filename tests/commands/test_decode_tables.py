"""CSV that people plot: chosen columns, one row a second, dates, degrees Celsius, several logs."""

from __future__ import annotations

import csv
import io
import sys
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge import cli
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.decodelog import widelines
from gxbridge.decodelog.csvlines import COLUMNS, CsvLines
from gxbridge.decodelog.times import dates, plain, time_zone
from gxbridge.decodelog.widelines import WideColumns, WideLines

DB = database()

# Battery status of instances 0 and 1 at 26.39 V and 26.40 V, 25 degrees Celsius; register 0x2102 running.
LOG = """\
(1700000000.250000) can0 19F21429#004F0AFDFF777411
(1700000000.500000) can0 19F21429#01500AFDFFFFFF11
(1700000000.750000) can0 1CEFFF29#6699022109000000
(1700000002.000000) can1 19F21430#004F0AFDFF777411
(1700000013.000000) can0 19F21429#01500AFDFFFFFF11
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "boat.log"
    path.write_text(LOG)
    return path


def decode(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[list[str]], str]:
    """Exit code, cells of standard output, standard error."""
    code = cli.main(["decode", *map(str, arguments)])
    out, error = capsys.readouterr()
    return code, list(csv.reader(io.StringIO(out))), error


def test_temperatures_are_in_degrees_celsius(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    _, rows, _ = decode(capsys, log, "--format", "csv")
    found = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    temperatures = [(row["value"], row["unit"]) for row in found if row["field"] == "temperature"]
    assert temperatures[:2] == [("25.0", "\N{DEGREE SIGN}C"), ("", "\N{DEGREE SIGN}C")]


def test_columns_are_chosen_in_the_order_that_is_asked_for(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    code, rows, _ = decode(capsys, log, "--format", "csv", "--columns", "value,unit,t,field", "--source", "0x30")
    assert code == 0
    assert rows[:3] == [
        ["value", "unit", "t", "field"],
        ["0", "", "1700000002.0", "instance"],
        ["26.39", "V", "1700000002.0", "voltage"],
    ]


@given(
    st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True),
    st.sampled_from(["19F21429#004F0AFDFF777411", "1CEFFF29#6699022109000000", "1CEF4020#669901000201FFFF"]),
    st.text(max_size=5),
)
def test_chosen_columns_are_cells_of_the_whole_row(columns: list[str], frame: str, bus: str) -> None:
    can_id, _, data = frame.partition("#")
    message = Decoder(DB, keep_unknown=True).feed(int(can_id, 16), bytes.fromhex(data), 0.0)
    assert message is not None
    lines = CsvLines(DB), CsvLines(DB, columns)
    for _ in range(2):  # the second time what is kept ready comes out
        whole, chosen = (list(csv.reader(io.StringIO(line.line(0.5, bus, message)))) for line in lines)
        assert [[dict(zip(COLUMNS, row, strict=True))[name] for name in columns] for row in whole] == [
            row or [""] for row in chosen
        ]


def test_wide_is_a_row_for_each_second_and_a_column_for_each_quantity(
    capsys: pytest.CaptureFixture[str], log: Path
) -> None:
    code, rows, error = decode(capsys, log, "--wide", "--columns", "*.voltage,41:bms_state.*,*[[]0].temperature")
    assert code == 0
    assert rows == [
        [
            "t",
            "41:battery_status[0].voltage [V]",
            "41:battery_status[0].temperature [\N{DEGREE SIGN}C]",
            "41:battery_status[1].voltage [V]",
            "41:bms_state.bms_state",
            "can1/48:battery_status[0].voltage [V]",
            "can1/48:battery_status[0].temperature [\N{DEGREE SIGN}C]",
        ],
        ["1700000000.0", "26.39", "25.0", "26.4", "running", "", ""],
        ["1700000002.0", "26.39", "25.0", "26.4", "running", "26.39", "25.0"],
        ["1700000013.0", "", "", "26.4", "", "", ""],
    ]
    assert "5 frames, 5 messages decoded" in error, "the first pass is not counted"


def test_wide_has_every_quantity_when_none_is_chosen(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    _, rows, _ = decode(capsys, log, "--wide")
    assert [head.partition(" ")[0] for head in rows[0][1:5]] == [
        "41:battery_status[0].voltage",
        "41:battery_status[0].current",
        "41:battery_status[0].temperature",
        "41:battery_status[0].sid",
    ]
    assert len({len(row) for row in rows}) == 1


def test_what_a_device_no_longer_knows_is_empty_at_once() -> None:
    decoder = Decoder(DB)
    known, unknown = (
        decoder.feed(0x19F21429, bytes.fromhex(data), 0.0) for data in ("004F0AFDFF777411", "00FF7FFDFF777411")
    )
    assert known is not None
    assert unknown is not None
    columns = WideColumns(DB, ["*.voltage"])
    columns.note("can0", known)
    lines = WideLines(columns)
    assert lines.line(1.0, "can0", known) == ""
    assert lines.line(2.0, "can0", unknown) == "1.0,26.39\n"
    assert lines.end() == "2.0,\n"
    assert WideLines(columns).end() == "", "a log without messages"


def test_columns_are_bounded(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: Path) -> None:
    monkeypatch.setattr(widelines, "MOST_COLUMNS", 2)
    code, rows, error = decode(capsys, log, "--wide")
    assert (code, len(rows[0])) == (0, 3)
    assert "columns left out; choose with --columns" in error


def test_dates_in_a_time_zone(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    _, rows, _ = decode(capsys, log, "--format", "csv", "--tz", "+02:00", "--columns", "t")
    assert rows[1] == ["2023-11-15T00:13:20.250000+02:00"]
    _, rows, _ = decode(capsys, log, "--wide", "--tz", "UTC", "--columns", "*voltage")
    assert rows[1][0] == "2023-11-14T22:13:20.000000+00:00"
    cli.main(["decode", str(log), "--tz", "Europe/Berlin"])
    assert capsys.readouterr().out.startswith("2023-11-14T23:13:20.250000+01:00 can0  41 > all 127508")


def test_a_log_without_dates_keeps_its_seconds() -> None:
    write = dates(UTC)
    assert (write(5.5), write(1e10), write(1e300)) == ("5.5", "2286-11-20T17:46:40.000000+00:00", "1e+300")
    assert write(1700000000.9999999) == "2023-11-14T22:13:21.000000+00:00"
    assert plain(0.1) == "0.1"


@pytest.mark.parametrize(
    ("name", "zone"), [("utc", UTC), ("local", None), ("-0330", timezone(timedelta(hours=-3, minutes=-30)))]
)
def test_a_time_zone_by_name_or_offset(name: str, zone: timezone | None) -> None:
    assert time_zone(name) == zone


@pytest.mark.parametrize("name", ["Atlantis", "+25:00", "../../etc/passwd", "/etc/passwd", ""])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no such time zone"):
        time_zone(name)


def test_without_names_of_time_zones_an_offset_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    with pytest.raises(ValueError, match="write an offset"):
        time_zone("Europe/Berlin")
    assert time_zone("+01:00") is not None


def test_several_logs_are_one_output(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    other = log.with_name("more.log")
    other.write_text("(1700000020.000000) can0 19F21429#01500AFDFFFFFF11\noops\n")
    code, rows, error = decode(capsys, log, other, "--format", "csv", "--columns", "t,field")
    assert code == 1
    assert [row[0] for row in rows].count("t") == 1
    assert rows[-1] == ["1700000020.0", "sid"]
    assert f"{other}:2: " in error
    assert "6 frames, 6 messages decoded, 0 fast packets incomplete; 1 line not parsed" in error
    _, rows, _ = decode(capsys, log, other, "--wide", "--columns", "*[[]1].voltage")
    assert [row[0] for row in rows[1:]] == ["1700000000.0", "1700000002.0", "1700000013.0", "1700000020.0"]
    cli.main(["decode", str(log), str(other), "--stats"])
    assert capsys.readouterr().out.startswith("can0: 5 frames in 19.750 s")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--wide", "--format", "json"], "--wide makes CSV or Parquet, not json"),
        (["--format", "json", "--tz", "UTC"], "--tz is for text and CSV"),
        (["--stats", "--tz", "UTC"], "--tz is for text and CSV"),
        (["--columns", "t"], "--columns is for CSV"),
        (["--format", "csv", "--columns", "t,volts"], "no such column: volts; there are t, bus"),
        (["--wide", "--columns", "*.volts"], "nothing in the log has one of these columns"),
        (["--format", "csv", "--tz", "Atlantis"], "no such time zone"),
    ],
)
def test_what_does_not_go_together_is_refused(
    capsys: pytest.CaptureFixture[str], log: Path, arguments: list[str], why: str
) -> None:
    code, rows, error = decode(capsys, log, *arguments)
    assert (code, rows) == (2, [])
    assert why in error


def test_a_table_cannot_be_made_of_standard_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, rows, error = decode(capsys, "-", "--wide")
    assert (code, rows) == (2, [])
    assert "which standard input cannot" in error


def test_what_is_asked_of_another_device_is_no_quantity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    command = "2024-01-01T00:00:00Z,3,126208,227,41,8,01,00,ee,00,f8,01,03,02\n"
    log.write_text("# format=FAST\n" + command + "2024-01-01T00:00:00Z,6,127508,41,255,8,00,4f,0a,fd,ff,ff,ff,ff\n")
    assert cli.main(["decode", "--wide", str(log)]) == 0
    assert "group_function" not in capsys.readouterr().out
