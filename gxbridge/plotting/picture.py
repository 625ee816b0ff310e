"""A chart as an SVG or PNG file, by matplotlib."""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from gxbridge.plotting.chart import Chart, ChartPanel

MISSING: Final = (
    "a picture needs the Python package matplotlib (pip install 'matplotlib>=3.8'); without a file name the chart is "
    "drawn in the terminal"
)
ENDINGS: Final = (".svg", ".png")
EPOCH_S: Final = 1e8
"""Earlier than this are the seconds of a log without dates."""
MOST_TEXTS: Final = 12
LONGEST_TEXT: Final = 140
INK: Final = {
    "voltage_v": "#1f5fbf", "current_a": "#1f5fbf", "soc_percent": "#2f855a", "without": "#8a94a6", "ruled": "#c05621",
}  # fmt: skip
LIMIT_INK: Final = {"cvl_v": "#c05621", "ccl_a": "#c05621", "dcl_a": "#805ad5"}
PERMISSION_INK: Final = {"yes": "#68b58c", "no": "#c53030", "unknown": "#b8bec7"}
SEVERITY_INK: Final = {"alarm": "#c53030", "warning": "#d69e2e", "info": "#718096"}


class NoPicture(Exception):
    """Why there is no picture, for people."""


def draw(chart: Chart, path: Path, title: str, zone: tzinfo | None = UTC) -> None:
    """Write the picture. Raises NoPicture, and OSError for the file."""
    if path.suffix.lower() not in ENDINGS:
        raise NoPicture(f"{path}: the name of a picture ends in .svg or .png")
    try:
        import matplotlib

        matplotlib.use("agg")
        from matplotlib import pyplot
    except ImportError as error:
        raise NoPicture(MISSING) from error
    dated = bool(chart.times) and chart.times[0] >= EPOCH_S
    times: list[Any] = [datetime.fromtimestamp(t, zone) for t in chart.times] if dated else chart.times

    def at(t: float) -> Any:
        return datetime.fromtimestamp(t, zone) if dated else t

    rows = len(chart.panels) + bool(chart.strips)
    with matplotlib.rc_context({"svg.hashsalt": "gxbridge", "font.size": 9, "axes.spines.top": False,
                                "axes.spines.right": False}):  # fmt: skip
        heights = [3.0] * len(chart.panels) + [0.4 + 0.35 * len(chart.strips)] * bool(chart.strips)
        texts_high = 0.18 * (min(len(chart.marks), MOST_TEXTS) + 1) * bool(chart.marks)
        high = 0.8 + 0.75 * sum(heights) + texts_high
        figure, axes = pyplot.subplots(rows, 1, sharex=True, squeeze=False, figsize=(10, high), height_ratios=heights)
        for axis, panel in zip(axes[:, 0], chart.panels, strict=False):
            _panel(axis, panel, times)
            for mark in chart.marks:
                axis.axvline(at(mark.t), color=_ink(mark.severity), linewidth=0.9, linestyle=":")
        if chart.strips:
            _strips(axes[-1, 0], chart, at)
        _mark_numbers(axes[0, 0], chart, at)
        if not dated:
            axes[-1, 0].set_xlabel("s")
        _mark_texts(figure, chart, bottom := texts_high / high)
        figure.suptitle(title, x=0.02, ha="left", fontweight="bold", parse_math=False)
        figure.tight_layout(rect=(0, bottom, 1, 1))
        figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        pyplot.close(figure)


def _panel(axis: Any, panel: ChartPanel, times: list[Any]) -> None:
    known = [v for line in panel.lines if not line.limit for v in (*line.least, *line.most) if not math.isnan(v)]
    for line in panel.lines:
        if line.limit:
            axis.step(times, line.values, where="post", color=LIMIT_INK[line.name], linewidth=1.3, label=line.label)
            above = line.name != "dcl_a"
            known += [value for value in line.values if not math.isnan(value)]
            axis.fill_between(
                times, line.values, [1e9 if above else -1e9] * len(times), step="post", linewidth=0,
                color=LIMIT_INK[line.name], alpha=0.10,
            )  # fmt: skip
            continue
        axis.fill_between(times, line.least, line.most, color=INK[line.name], alpha=0.18, linewidth=0)
        axis.plot(times, line.values, color=INK[line.name], linewidth=1.3, label=line.label)
    if known:
        air = max(0.06 * (max(known) - min(known)), 0.01 * abs(max(known)), 0.05)
        axis.set_ylim(min(known) - air, max(known) + air)
    axis.set_ylabel(f"{panel.title} ({panel.unit})")
    axis.grid(alpha=0.25)
    if len(panel.lines) > 1:
        axis.legend(loc="lower right", frameon=False, ncols=3, fontsize=8, bbox_to_anchor=(1, 0.98))


def _strips(axis: Any, chart: Chart, at: Any) -> None:
    for row, strip in enumerate(chart.strips):
        for since, until, value in strip.spans:
            axis.fill_betweenx(
                [row + 0.15, row + 0.85],
                at(since),
                at(until),
                color=PERMISSION_INK.get(value, PERMISSION_INK["unknown"]),
            )
    axis.set_yticks([row + 0.5 for row in range(len(chart.strips))], [strip.title for strip in chart.strips])
    axis.set_ylim(len(chart.strips), 0)
    handles = [_patch(PERMISSION_INK[value], value) for value in ("yes", "no", "unknown")]
    axis.legend(handles=handles, loc="lower right", frameon=False, ncols=3, fontsize=8, bbox_to_anchor=(1, 0.98))


def _patch(colour: str, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=colour, label=label)


def _mark_numbers(axis: Any, chart: Chart, at: Any) -> None:
    for number, mark in enumerate(chart.marks[:MOST_TEXTS], 1):
        axis.annotate(
            str(number), (at(mark.t), 1.0), xytext=(0, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", fontsize=8, color=_ink(mark.severity),
        )  # fmt: skip


def _mark_texts(figure: Any, chart: Chart, bottom: float) -> None:
    """What the numbers above the first panel stand for."""
    texts = chart.marks[:MOST_TEXTS]
    for number, mark in enumerate(texts, 1):
        text = f"{number}  {mark.severity.upper()}: {mark.text}"
        cut = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
        figure.text(0.02, bottom * (1 - number / (len(texts) + 1)), cut, fontsize=8, color=_ink(mark.severity),
                    va="center", parse_math=False)  # fmt: skip


def _ink(severity: str) -> str:
    return SEVERITY_INK.get(severity, SEVERITY_INK["info"])
