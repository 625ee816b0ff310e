"""Charts of blocks and logs, as a picture and in a terminal; and what is said without the packages."""

from __future__ import annotations

import builtins
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.bridge_report import ReportRow
from gxbridge.core.history.block import HistoryBlock, StateChange
from gxbridge.plotting import picture, terminal
from gxbridge.plotting.chart import MOST_MARKS, Chart, chart_of
from gxbridge.plotting.log_block import MOST_SPANS, block_of_rows
from tests.core.history.blocks import block, plain

EPOCH = 1_700_000_000.0
TIMES = [EPOCH + 60 * n for n in range(30)]
CHANGES = tuple(
    StateChange(EPOCH + at, *rest)
    for at, *rest in (
        (0, "charge", "yes"), (300, "charge", "no"), (900, "charge", "no"), (1200, "charge", "unknown"),
        (300, "finding bms-alarm x", "alarm", "$too hot$ <b>_"), (900, "finding bms-alarm x", "alarm", "again"),
        (950, "finding bms-alarm x", ""),
    )
)  # fmt: skip
DAY = block(
    TIMES,
    {"voltage_v": [26.0] * 29 + [math.nan], "cvl_v": [28.4] * 30, "current_a": range(30), "ccl_a": [50.0] * 30,
     "dcl_a": [200.0] * 30, "soc_percent": range(30)},
    *CHANGES,
)  # fmt: skip


def shown(chart: Chart, width: int = 80) -> list[str]:
    return list(terminal.lines(chart, width, lambda t: f"{t - EPOCH:.0f} s", colour=False))


def test_a_chart_has_panels_permissions_and_each_finding_once() -> None:
    chart = chart_of(DAY)
    assert [(panel.title, [line.label for line in panel.lines]) for panel in chart.panels] == [
        ("Voltage", ["Battery", "CVL"]), ("Current", ["Battery", "CCL", "DCL"]),
        ("State of charge", ["State of charge"]),
    ]  # fmt: skip
    assert chart.panels[1].lines[2].values[0] == -200.0, "what is taken out is below zero, and so is its limit"
    (strip,) = chart.strips
    assert [(since - EPOCH, until - EPOCH, value) for since, until, value in strip.spans] == [
        (0, 300, "yes"), (300, 1200, "no"), (1200, 1800, "unknown"),
    ]  # fmt: skip
    assert [(mark.t - EPOCH, mark.text) for mark in chart.marks] == [(300, "$too hot$ <b>_")]


def test_of_many_findings_the_worst_are_drawn() -> None:
    changes = [StateChange(float(n), f"finding f{n}", "alarm" if n == 99 else "info", str(n)) for n in range(100)]
    marks = chart_of(HistoryBlock(1.0, (0.0,), {}, {}, tuple(changes))).marks
    assert (len(marks), marks[-1].text) == (MOST_MARKS, "99")


def test_in_a_terminal_each_line_fits_and_a_short_refusal_is_seen() -> None:
    lines = shown(chart_of(DAY))
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if line.startswith("Charging allowed")]
    assert row[20:] == "+" * 10 + "-" * 30 + "?" * 20
    assert lines[-1] == "300 s  ALARM: $too hot$ <b>_"
    refusal = [StateChange(EPOCH + at, "charge", value) for at, value in ((0, "yes"), (50, "no"), (51, "yes"))]
    short = chart_of(block(TIMES, {"soc_percent": range(30)}, *refusal))
    assert any(line.startswith("Charging allowed") and "-" in line for line in shown(short))
    assert shown(chart_of(block([], {}))) == []


def test_colour_is_only_for_who_wants_it() -> None:
    assert "\x1b" not in "".join(shown(chart_of(DAY)))
    assert "\x1b" in "".join(terminal.lines(chart_of(DAY), 80, str, colour=True))


@pytest.mark.parametrize("name", ["p.svg", "p.png", "P.PNG"])
def test_a_picture_has_the_texts_as_they_are_and_is_the_same_each_time(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    picture.draw(chart_of(DAY), path, "a_$b$")
    first = path.read_bytes()
    picture.draw(chart_of(DAY), path, "a_$b$")
    assert path.read_bytes() == first
    assert first.startswith(b"<?xml" if name.endswith("svg") else b"\x89PNG")
    bare = block([0.0, 1.0], {"soc_percent": [1.0, math.nan]})
    picture.draw(chart_of(bare), path, "seconds of a log without dates")
    assert path.read_bytes() != first
    assert chart_of(block([0.0], {"voltage_v": [math.nan]})).panels == []


def test_a_picture_of_another_kind_or_without_the_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(picture.NoPicture, match=r"\.svg or \.png"):
        picture.draw(chart_of(DAY), tmp_path / "p.pdf", "")
    real = builtins.__import__

    def hidden(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] in ("matplotlib", "plotext"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith(("matplotlib", "plotext"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", hidden)
    with pytest.raises(picture.NoPicture, match="pip install 'matplotlib"):
        picture.draw(chart_of(DAY), tmp_path / "p.png", "")
    with pytest.raises(terminal.NoChart, match="pip install 'plotext"):
        shown(chart_of(DAY))


# --- of a log --------------------------------------------------------------------------------------------------------


def row(t: float, kind: str, subject: str, name: str, value: Any, reason: str = "", text: str = "") -> ReportRow:
    return ReportRow(t, kind, subject, name, value, "", reason, text)


def test_rows_become_series_that_hold_and_changes() -> None:
    rows = [
        row(0.0, "value", "one", "voltage_v", 26.0), row(0.0, "value", "two", "voltage_v", 99.0),
        row(0.2, "limit", "", "CCL", 50.0, "bms-ccl", "CCL 50 A"),
        row(1.5, "limit", "", "CCL", None, "bms-lost", "none"),
        row(0.1, "limit", "x", "charger", 5.0), row(2.0, "state", "one", "allow_to_charge", 0),
        row(2.0, "state", "two", "allow_to_charge", 1), row(2.1, "state", "one", "allow_to_charge", None),
        row(3.0, "finding", "s", "bms-alarm", 1, "alarm", "hot"), row(3.4, "finding", "s", "bms-alarm", None, "alarm"),
        row(3.2, "value", "one", "voltage_v", 27.0), row(3.3, "value", "one", "voltage_v", 25.0),
        row(3.3, "value", "one", "soc_percent", "?"),
    ]  # fmt: skip
    made = block_of_rows(rows)
    step_s, times, series = plain(made)
    assert (step_s, times) == (1.0, [0.0, 1.0, 2.0, 3.0])
    assert series["voltage_v"] == [(26.0,) * 3, (26.0,) * 3, (26.0,) * 3, (25.0, 26.0, 27.0)]
    assert series["ccl_a"] == [(50.0,) * 3, (None,) * 3, (None,) * 3, (None,) * 3]
    assert [(change.name, change.value) for change in made.changes] == [
        ("ccl", "bms-ccl"), ("ccl", "bms-lost"), ("charge", "no"), ("charge", "unknown"),
        ("finding bms-alarm s", "alarm"), ("finding bms-alarm s", ""),
    ]  # fmt: skip
    assert block_of_rows([]).times == ()


def test_a_log_of_a_year_has_no_more_points_than_can_be_seen() -> None:
    rows = [row(t * 86_400.0, "value", "one", "voltage_v", 26.0) for t in range(365)]
    assert len(block_of_rows(rows).times) <= MOST_SPANS + 1
