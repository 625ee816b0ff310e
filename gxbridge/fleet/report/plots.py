"""The plots of the page, each as SVG text that stands in the page itself."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gxbridge.fleet.report.questions import FleetAnswer

COLOURS: Final = {
    "bms-silent": "#d1495b",
    "bus-errors": "#edae49",
    "gx-stopped-writing": "#66499b",
    "charger-link-stalled": "#2e7ca8",
    "unknown": "#8a9097",
    "obeyed": "#3d9a74",
    "disobeyed": "#d1495b",
}
"""Of the verdicts; told apart with any kind of sight, also by their order."""
SERIES: Final = ("#2e7ca8", "#edae49", "#d1495b", "#66499b", "#3d9a74", "#8a9097")
INK: Final = "#6b7280"
"""Reads on white and on black."""
MOST_BARS: Final = 12
LETTERS: Final = 46

PlotRows = Sequence[Mapping[str, Any]]


def plots_of(answers: Sequence[FleetAnswer]) -> dict[str, str]:
    """SVG by the name of the answer it belongs to; only where there is something to see."""
    rows = {answer.name: [dict(zip(answer.columns, row, strict=True)) for row in answer.rows] for answer in answers}
    made = {name: draw(rows[name]) for name, draw in PLOTS.items() if rows.get(name)}
    return {name: svg for name, svg in made.items() if svg}


def _figure(bars: int, draw: Callable[[Any], None]) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings = {
        "svg.hashsalt": "gxbridge",  # the same data give the same page
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(7.4, 1.1 + 0.32 * bars), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        file = io.StringIO()
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _stacked(labels: Sequence[str], parts: Mapping[str, Sequence[float]], axis: str) -> str:
    def draw(axes: Any) -> None:
        left = [0.0] * len(labels)
        for number, (name, values) in enumerate(parts.items()):
            colour = COLOURS.get(name, SERIES[number % len(SERIES)])
            axes.barh(range(len(labels)), values, left=left, color=colour, label=name, height=0.7)
            left = [begin + value for begin, value in zip(left, values, strict=True)]
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.set_xlabel(axis)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))

    return _figure(len(labels), draw)


def _by(rows: PlotRows, heads: Sequence[str], part: str, value: str, axis: str) -> str:
    """Bars by `heads`, in parts."""
    sums: dict[str, dict[str, float]] = {}
    for row in rows:
        label = " ".join(str(row[head]) for head in heads if row[head] is not None) or "not known"
        bar = sums.setdefault(label[:LETTERS], {})
        bar[str(row[part])] = bar.get(str(row[part]), 0.0) + (row[value] or 0)
    labels = sorted(sums, key=lambda label: (-sum(sums[label].values()), label))[:MOST_BARS]
    names = sorted({name for label in labels for name in sums[label]}, key=lambda name: (name == "unknown", name))
    parts = {name: [sums[label].get(name, 0.0) for label in labels] for name in names}
    return _stacked(labels, parts, axis) if labels else ""


def _verdicts(rows: PlotRows) -> str:
    return _by(rows, ("bms_product", "bms_firmware"), "verdict", "incidents", "incidents")


def _errors_67(rows: PlotRows) -> str:
    return _by(rows, ("charger_product", "charger_firmware"), "cause", "incidents", "incidents with error #67")


def _obedience(rows: PlotRows) -> str:
    split = [
        {**row, "how": how, "n": row["disobeyed"] if how == "disobeyed" else row["times"] - row["disobeyed"]}
        for row in rows
        for how in ("obeyed", "disobeyed")
    ]
    return _by(split, ("product", "firmware"), "how", "n", "times it was told less than it made")


def _lags(rows: PlotRows) -> str:
    return _by(rows, ("lag",), "kind", "times", "times")


def _reasons(rows: PlotRows) -> str:
    return _by([{**row, "all": "times"} for row in rows], ("reason",), "all", "times", "times it became the reason")


def _cells(rows: PlotRows) -> str:
    values = [row["last_mv"] for row in rows if row["last_mv"] is not None]

    def draw(axes: Any) -> None:
        top = max(100, *values)
        axes.hist(values, bins=[top * n / 25 for n in range(26)], color=SERIES[0])
        axes.set_xlabel("imbalance of the last day [mV]")
        axes.set_ylabel("batteries")
        axes.yaxis.get_major_locator().set_params(integer=True)

    return _figure(5, draw) if values else ""


def _cell_days(rows: PlotRows) -> str:
    if len(rows) < 2:
        return ""

    def draw(axes: Any) -> None:
        days = range(len(rows))
        for name, words, colour in (
            ("worst_mv", "worst", SERIES[2]),
            ("p90_mv", "9 of 10 below", SERIES[1]),
            ("median_mv", "median", SERIES[0]),
        ):
            axes.plot(days, [row[name] for row in rows], color=colour, label=words, marker="o", markersize=3)
        step = max(1, len(rows) // 8)
        axes.set_xticks(days[::step], [row["day"] for row in rows][::step])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("imbalance [mV]")
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))

    return _figure(5, draw)


PLOTS: Final[Mapping[str, Callable[[PlotRows], str]]] = {
    "verdicts": _verdicts,
    "errors_67": _errors_67,
    "obedience": _obedience,
    "lags": _lags,
    "reasons": _reasons,
    "cells": _cells,
    "cell_days": _cell_days,
}
