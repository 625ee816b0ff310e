"""A chart in the terminal, by plotext."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Final

from gxbridge.plotting.chart import Chart, ChartStrip

MISSING: Final = "a chart in the terminal needs the Python package plotext (pip install 'plotext>=6,<7')"
HEIGHT: Final = 14
LETTERS: Final = {"yes": "+", "no": "-", "unknown": "?"}
COLOURS: Final = re.compile(r"\x1b\[[\d;]*m")
MARKERS: Final = {"cvl_v": "-", "ccl_a": "-", "dcl_a": "=", "without": "-"}
DOTS: Final = "\N{BRAILLE PATTERN DOTS-25}"
MARGIN: Final = 20
"""Letters before a strip: its title."""


class NoChart(Exception):
    """Why there is no chart, for people."""


def lines(chart: Chart, width: int, write_time: Callable[[float], str], *, colour: bool) -> Iterator[str]:
    """The lines of a chart, at most so wide. Raises NoChart."""
    try:
        import plotext
    except ImportError as error:
        raise NoChart(MISSING) from error
    if not chart.times:
        return
    first, last = chart.times[0], chart.times[-1]
    figure = plotext.figure
    for panel in chart.panels:
        figure.clear()
        figure.plot_size(width, HEIGHT)
        # A legend of the library's would lie upon the lines.
        legend = ", ".join(f"{MARKERS.get(line.name, DOTS)} {line.label}" for line in panel.lines)
        figure.title(f"{panel.title} ({panel.unit}):  {legend}")
        for line in panel.lines:
            points = [(t, v) for t, v in zip(chart.times, line.values, strict=True) if not math.isnan(v)]
            if points:
                signal = figure.signal(*map(list, zip(*points, strict=True)), marker=MARKERS.get(line.name, "braille"))
                signal.lines(True)
                figure.draw(signal)
        figure.ruler("x").ticks([first, last], [write_time(first), write_time(last)])
        text = str(figure.build().string())
        yield from (text if colour else COLOURS.sub("", text)).splitlines()
    for strip in chart.strips:
        yield f"{strip.title:<{MARGIN}}{_letters(strip, first, last + chart.step_s, width - MARGIN)}"
    if chart.strips:
        yield f"{'':<{MARGIN}}+ yes   - no   ? unknown"
    for mark in chart.marks:
        yield f"{write_time(mark.t)}  {mark.severity.upper()}: {mark.text}"


def _letters(strip: ChartStrip, first: float, last: float, width: int) -> str:
    """A letter for each part of the time; a refusal shows however short it was."""
    row = [" "] * width
    for wanted in ("yes", "unknown", "no"):
        for since, until, value in strip.spans:
            if value == wanted:
                begin = int((since - first) / (last - first) * width)
                end = max(begin + 1, math.ceil((until - first) / (last - first) * width))
                for at in range(max(0, begin), min(width, end)):
                    row[at] = LETTERS[value]
    return "".join(row).rstrip()
