"""What is drawn, whoever draws it: panels of lines over time, strips of states, marks of findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gxbridge.core.history.block import HistoryBlock, StateChange

MOST_MARKS: Final = 40
"""Findings in one picture: more cannot be read."""


class ChartLine(NamedTuple):
    """A series; what is not known is NaN. `limit`: it is one, and what lies beyond it is drawn as a band."""

    name: str
    label: str
    values: list[float]
    least: list[float]
    most: list[float]
    limit: bool = False


class ChartPanel(NamedTuple):
    """Lines of one unit."""

    title: str
    unit: str
    lines: list[ChartLine]


class ChartStrip(NamedTuple):
    """A permission over time: (from, until, `yes`, `no` or `unknown`)."""

    title: str
    spans: list[tuple[float, float, str]]


class ChartMark(NamedTuple):
    """A finding that began."""

    t: float
    severity: str
    text: str


class Chart(NamedTuple):
    """Moments in epoch seconds, or in seconds of a log without dates."""

    times: list[float]
    step_s: float
    panels: list[ChartPanel]
    strips: list[ChartStrip]
    marks: list[ChartMark]


PANELS: Final = (
    ("Voltage", "V", (("voltage_v", "Battery", 1, False), ("cvl_v", "CVL", 1, True))),
    ("Current", "A", (("current_a", "Battery", 1, False), ("ccl_a", "CCL", 1, True), ("dcl_a", "DCL", -1, True))),
    ("State of charge", "%", (("soc_percent", "State of charge", 1, False),)),
)
"""Title, unit, and for each line: series, label, sign, whether it is a limit."""
PERMISSIONS: Final = {"charge": "Charging allowed", "discharge": "Discharging allowed"}


def chart_of(block: HistoryBlock) -> Chart:
    """The chart of a block: what is known of battery, limits, permissions and findings."""
    panels = []
    for title, unit, rows in PANELS:
        lines = [_line(block, *row) for row in rows if _known(block, row[0])]
        if lines:
            panels.append(ChartPanel(title, unit, lines))
    end = block.times[-1] + block.step_s if block.times else 0.0
    strips = [ChartStrip(title, list(_spans(block.changes, name, end))) for name, title in PERMISSIONS.items()]
    return Chart(
        list(block.times), block.step_s, panels, [strip for strip in strips if strip.spans], _marks(block.changes)
    )


def _known(block: HistoryBlock, name: str) -> bool:
    """Whether there is anything to draw of a series."""
    return name in block.columns and any(value == value for value in block.columns[name].mean)


def _line(block: HistoryBlock, name: str, label: str, sign: int, limit: bool) -> ChartLine:
    column = block.columns[name]
    least, mean, most = ([sign * value for value in part] for part in column)
    return ChartLine(name, label, mean, *((least, most) if sign > 0 else (most, least)), limit)


def _spans(changes: Iterable[StateChange], name: str, end: float) -> Iterator[tuple[float, float, str]]:
    since: float | None = None
    value = ""
    for change in changes:
        if change.name != name or change.value == value:
            continue
        if since is not None and value:
            yield since, change.t, value
        since, value = change.t, change.value
    if since is not None and value and end > since:
        yield since, end, value


def _marks(changes: Iterable[StateChange]) -> list[ChartMark]:
    """Each finding once when it begins; the history says again what still holds."""
    standing: set[str] = set()
    marks = []
    for change in changes:
        if not change.name.startswith("finding "):
            continue
        if change.value and change.name not in standing:
            marks.append(ChartMark(change.t, change.value, change.text or change.name.removeprefix("finding ")))
            standing.add(change.name)
        elif not change.value:
            standing.discard(change.name)
    worst = sorted(marks, key=lambda mark: ("alarm", "warning", "info").index(mark.severity)
                   if mark.severity in ("alarm", "warning") else 2)[:MOST_MARKS]  # fmt: skip
    return sorted(worst)
