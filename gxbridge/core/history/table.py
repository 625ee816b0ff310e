"""A block as plain lists, for JSON and CSV."""

from __future__ import annotations

from typing import Any

from gxbridge.core.history.block import HistoryBlock
from gxbridge.core.history.series import series_title


def rounded(value: float) -> float | None:
    """A number as it was measured, not as 32 bits keep it: six digits. None where it is not known."""
    return None if value != value else float(f"{value:.6g}")


def table_of(block: HistoryBlock) -> dict[str, Any]:
    """`times` and, for each series, its `least`, `mean` and `most`; null where it is not known."""
    series = {}
    for name, column in block.columns.items():
        title, unit = series_title(name, block.labels)
        least, mean, most = ([rounded(value) for value in part] for part in column)
        series[name] = {"title": title, "unit": unit, "least": least, "mean": mean, "most": most}
    return {
        "step_s": block.step_s,
        "times": [round(moment) for moment in block.times],
        "series": series,
        "changes": [
            {"time": round(change.t, 1), "name": change.name, "value": change.value, "text": change.text}
            for change in block.changes
        ],
    }
