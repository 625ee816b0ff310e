"""What a log or a black box shows, as a block: the rows of a bridge's report become series and changes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from gxbridge.core.bridge_report import ReportRow
from gxbridge.core.history.block import HistoryBlock, SeriesColumn, StateChange, unknowns
from gxbridge.core.model.items import Value

MOST_SPANS: Final = 2000
"""Of a plot: more than a screen or a page has dots."""
MEASURED: Final = frozenset(
    {"voltage_v", "current_a", "soc_percent", "temperature_c", "min_cell_voltage_v", "max_cell_voltage_v"}
)
LIMITS: Final = {"CVL": "cvl_v", "CCL": "ccl_a", "DCL": "dcl_a"}
PERMISSIONS: Final = {"allow_to_charge": "charge", "allow_to_discharge": "discharge"}
WORDS: Final[dict[Value, str]] = {1: "yes", 0: "no", "yes": "yes", "no": "no"}


def block_of_rows(rows: Iterable[ReportRow]) -> HistoryBlock:
    """One block of all rows; of several batteries the one that is heard first. A value and a limit hold until the next
    that is said."""
    battery: str | None = None
    points: dict[str, list[tuple[float, float]]] = {}
    changes: list[StateChange] = []
    first, last = math.inf, -math.inf
    for row in rows:
        first, last = min(first, row.t), max(last, row.t)
        if row.kind == "value" and row.name in MEASURED:
            battery = row.subject if battery is None else battery
            if row.subject == battery:
                points.setdefault(row.name, []).append((row.t, _number(row.value)))
        elif row.kind == "limit" and not row.subject and row.name in LIMITS:
            points.setdefault(LIMITS[row.name], []).append((row.t, _number(row.value)))
            changes.append(StateChange(row.t, row.name.lower(), row.reason, row.text))
        elif row.kind == "state" and row.name in PERMISSIONS and row.subject == (battery or row.subject):
            changes.append(StateChange(row.t, PERMISSIONS[row.name], WORDS.get(row.value, "unknown")))
        elif row.kind == "finding":
            over = row.value is None
            name = f"finding {row.name} {row.subject}".rstrip()
            changes.append(StateChange(row.t, name, "" if over else row.reason, row.text))
    if first > last:
        return HistoryBlock(1.0, (), {})
    step_s = max(1.0, (last - first) / MOST_SPANS)
    count = int((last - first) / step_s) + 1
    columns = {name: _held(moments, first, step_s, count) for name, moments in points.items()}
    return HistoryBlock(step_s, tuple(first + n * step_s for n in range(count)), columns, {}, tuple(changes))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _held(moments: list[tuple[float, float]], first: float, step_s: float, count: int) -> SeriesColumn:
    """Least, mean and most of each span; where nothing new was said, what was said before."""
    least, mean, most = unknowns(count), unknowns(count), unknowns(count)
    place, held = 0, math.nan
    for span in range(count):
        until = first + (span + 1) * step_s
        seen = []
        while place < len(moments) and moments[place][0] < until:
            seen.append(moments[place][1])
            place += 1
        known = [value for value in seen if not math.isnan(value)]
        held = seen[-1] if seen else held
        least[span], most[span] = (min(known), max(known)) if known else (held, held)
        mean[span] = sum(known) / len(known) if known else held
    return SeriesColumn(least, mean, most)
