"""How each CAN bus is: looked at every few seconds, and at once when it opens, fails or is first heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gxbridge.core.publish.own_items import SLOW_S, CanView
from gxbridge.core.vecan.bus_load import Carried, load_percent
from gxbridge.edge.can.can_link import carried
from gxbridge.edge.can.can_stats import CanStats

FULL_FRAME = 8
"""Data bytes of nearly every frame on VE.Can."""


class CanWatch:
    """Keeps the newest reading of each bus; counters are compared with the reading before."""

    def __init__(self, buses: Iterable[CanStats]) -> None:
        self._buses = tuple(buses)
        self._views: dict[str, CanView] = {}
        self._carried: dict[str, Carried | None] = {}
        self._log_s: dict[str, float] = {}
        self._at = -float(SLOW_S)

    def look(self, at: float) -> Mapping[str, CanView]:
        """Name of each bus -> how it is; `at` is monotonic seconds."""
        if at - self._at >= SLOW_S or any(self._turned(stats) for stats in self._buses):
            for stats in self._buses:
                self._views[stats.name] = self._view(stats, at - self._at)
            self._at = at
        return self._views

    def _turned(self, stats: CanStats) -> bool:
        view = self._views.get(stats.name)
        return view is not None and (stats.state, stats.frames > 0) != (view.state, view.frames > 0)

    def _view(self, stats: CanStats, passed_s: float) -> CanView:
        before, now = self._carried.get(stats.name), carried_by(stats)
        self._carried[stats.name] = now
        if stats.log_s is not None:  # a log may be played faster or slower than the bus was
            passed_s = stats.log_s - self._log_s.get(stats.name, 0.0)
            self._log_s[stats.name] = stats.log_s
        load = None if before is None or now is None else load_percent(before, now, passed_s)
        return CanView(
            stats.state, stats.reason, stats.frames, stats.lost, stats.error_count, load, stats.last_frame_at
        )


def carried_by(stats: CanStats) -> Carried | None:
    """What a bus carried: by the counters of its interface, since the kernel hands on only what gxbridge decodes; of
    other buses everything is heard."""
    return carried(stats.interface) if stats.interface else Carried(stats.frames, stats.frames * FULL_FRAME)
