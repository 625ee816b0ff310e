"""The report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from gxbridge.core.model.items import printable
from gxbridge.core.model.wording import counted
from gxbridge.fleet.report.questions import FleetAnswer

SHOWN: Final = 20
"""Rows of a table in text; JSON has all."""
WIDEST: Final = 44
UNITS: Final = {
    "_mv": "mV",
    "_mv_a_month": "mV/month",
    "_s": "s",
    "_a": "A",
    "_percent": "%",
}
"""What the end of a column's name says."""
TITLES: Final = {
    "errors_67": "#67",
    "hours": "recorded [h]",
    "site": "boat",
    "sites": "boats",
    "last_seen": "last record",
}


def heading(column: str) -> str:
    """A column as people read it."""
    for end, unit in UNITS.items():
        if column.endswith(end) and column != end.strip("_"):
            return f"{column.removesuffix(end).replace('_', ' ')} [{unit}]"
    return TITLES.get(column, column.replace("_", " "))


def cell_text(cell: Any) -> str:
    """A cell as people read it; nothing for what is not known."""
    if cell is None:
        return ""
    if isinstance(cell, list):
        return ", ".join(map(cell_text, cell))
    return printable(f"{cell:g}" if isinstance(cell, float) and abs(cell) < 1e6 else str(cell))


def as_json(answers: Iterable[FleetAnswer]) -> str:
    """Everything, sorted: the same data set gives the same text."""
    whole = {
        answer.name: {
            "title": answer.title,
            "rows": [dict(zip(answer.columns, row, strict=True)) for row in answer.rows],
        }
        for answer in answers
    }
    return json.dumps({"gxbridge_fleet_report": 1, **whole}, sort_keys=True, indent=1, ensure_ascii=False)


def as_text(answers: Iterable[FleetAnswer]) -> Iterator[str]:
    """Lines; tables without rows are left out."""
    for answer in answers:
        if answer.name == "overview":
            yield from overview_lines(answer)
            continue
        if not answer.rows:
            continue
        yield ""
        yield f"{answer.title}"
        yield from table_lines(answer)
        more = len(answer.rows) - SHOWN
        if more > 0:
            yield f"  ... and {counted(more, 'more row')} (--json and --html have them)"


def overview_lines(answer: FleetAnswer) -> Iterator[str]:
    """The overview in sentences."""
    one = dict(zip(answer.columns, answer.rows[0], strict=True))
    boxes = f"{one['black_boxes']} black {'box' if one['black_boxes'] == 1 else 'boxes'}"
    batteries = f"{one['batteries']} {'battery' if one['batteries'] == 1 else 'batteries'}"
    yield (
        f"{counted(one['boats'], 'boat')}, {counted(one['logs'], 'log')}, {boxes} and "
        f"{counted(one['histories'], 'file')} of history: {one['hours']:g} hours, "
        f"{counted(one['frames'], 'frame')}, {batteries}"
        + (f", {days_text(one['first_day'], one['last_day'])}" if one["first_day"] else "")
    )
    rest = [
        f"{counted(one['damaged'], 'damaged file')}" if one["damaged"] else "",
        f"{counted(one['copies'], 'file')} with the same content as another, counted once" if one["copies"] else "",
        f"{counted(one['foreign_files'], 'file')} that are none of these" if one["foreign_files"] else "",
        f"{counted(one['undated'], 'record')} without a date" if one["undated"] else "",
    ]
    if any(rest):
        yield "; ".join(part for part in rest if part)


def days_text(first: str, last: str) -> str:
    """From when to when."""
    return f"on {first}" if first == last else f"from {first} to {last}"


def table_lines(answer: FleetAnswer) -> Iterator[str]:
    """The first rows, aligned; columns without anything are left out."""
    used = [n for n in range(len(answer.columns)) if any(row[n] is not None for row in answer.rows)]
    rows = [[cell_text(row[n])[:WIDEST] for n in used] for row in answer.rows[:SHOWN]]
    heads = [heading(answer.columns[n]) for n in used]
    numeric = [all(isinstance(row[n], int | float | None) for row in answer.rows) for n in used]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for cells in (heads, *rows):
        yield "  " + _aligned(cells, widths, numeric)


def _aligned(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return "  ".join(padded).rstrip()
