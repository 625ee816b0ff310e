"""The report as one page: nothing is loaded from anywhere, no script is in it, dark and light as the reader has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from gxbridge.core.model.wording import counted
from gxbridge.fleet.columns.arrow import need
from gxbridge.fleet.report.plots import plots_of
from gxbridge.fleet.report.questions import FleetAnswer
from gxbridge.fleet.report.text import cell_text, heading, overview_lines

SHOWN: Final = 300
"""Rows of a table; JSON has all."""
WORTH_A_LOOK: Final = frozenset(
    {"disobeyed", "damaged_files", "bus_errors", "alarms", "incidents", "errors_67", "down", "minutes_above"}
)
"""Columns whose numbers are marked when they are not 0."""


def as_page(answers: Sequence[FleetAnswer], version: str) -> str:
    """HTML. Raises FleetError when matplotlib is missing."""
    need("The page", "matplotlib")
    plots = plots_of(answers)
    overview, rest = answers[0], [answer for answer in answers[1:] if answer.rows]
    text = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
    return text.substitute(
        overview="".join(f"<p>{escape(line)}.</p>" for line in overview_lines(overview)),
        contents="".join(f'<li><a href="#{answer.name}">{escape(answer.title)}</a></li>' for answer in rest),
        sections="\n".join(_section(answer, plots.get(answer.name, "")) for answer in rest),
        version=escape(version),
    )


def _section(answer: FleetAnswer, plot: str) -> str:
    parts = [f'<section id="{answer.name}"><h2>{escape(answer.title)}</h2>']
    if answer.about:
        parts.append(f"<p>{escape(answer.about)}</p>")
    if plot:
        parts.append(f'<figure role="img" aria-label="{escape(answer.title)}">{plot}</figure>')
    parts += _table(answer)
    more = len(answer.rows) - SHOWN
    if more > 0:
        parts.append(f"<p>... and {counted(more, 'more row')}; <code>--json</code> has all.</p>")
    return "\n".join([*parts, "</section>"])


def _table(answer: FleetAnswer) -> Iterator[str]:
    used = [n for n in range(len(answer.columns)) if any(row[n] is not None for row in answer.rows)]
    numeric = {n for n in used if all(isinstance(row[n], int | float | None) for row in answer.rows)}
    yield '<div class="wide" tabindex="0"><table><thead><tr>'
    for n in used:
        yield f'<th scope="col"{_class(n in numeric, False)}>{escape(heading(answer.columns[n]))}</th>'
    yield "</tr></thead><tbody>"
    for row in answer.rows[:SHOWN]:
        cells = (f"<td{_class(n in numeric, _marked(answer.columns[n], row[n]))}>{_cell(row[n])}</td>" for n in used)
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _cell(cell: Any) -> str:
    return escape(cell_text(cell))


def _marked(column: str, cell: Any) -> bool:
    return column in WORTH_A_LOOK and bool(cell)


def _class(number: bool, marked: bool) -> str:
    names = " ".join(name for name, holds in (("n", number), ("look", marked)) if holds)
    return f' class="{names}"' if names else ""
