"""How a bus is shown: its load is of all that it carries, also what the kernel keeps from gxbridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gxbridge.core.publish.own_items import SLOW_S
from gxbridge.core.vecan.bus_load import Carried
from gxbridge.edge.can.can_stats import CanStats
from gxbridge.runtime import can_watch
from gxbridge.runtime.can_watch import CanWatch


def loads(stats: CanStats, *seconds: float) -> Iterator[float | None]:
    """What is shown by looks at these moments; 900 frames are heard between two."""
    watch = CanWatch([stats])
    for at in seconds:
        yield watch.look(at)["can0"].load
        stats.frames += 900


def test_an_interface_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([Carried(0, 0), Carried(9000, 72000), None, Carried(18000, 144000)])
    monkeypatch.setattr(can_watch, "carried", lambda name: next(seen))
    first, second, third, fourth = loads(CanStats("can0", "can0", "open", frames=1), 0.0, 10.0, 20.0, 30.0)
    assert (first, third, fourth) == (None, None, None), "a difference needs two looks"
    assert second == pytest.approx(49.8, abs=0.1)


def test_elsewhere_everything_is_heard() -> None:
    assert list(loads(CanStats("can0", "", "open", frames=1), 0.0, 10.0)) == [None, pytest.approx(5.0, abs=0.1)]


def test_counters_are_looked_at_every_few_seconds_and_what_turned_at_once() -> None:
    stats = CanStats("can0", "", "open")
    watch = CanWatch([stats])
    watch.look(0.0)
    stats.errors["no-ack"] = 7
    assert watch.look(SLOW_S - 1.0)["can0"].errors == 0
    assert watch.look(SLOW_S)["can0"].errors == 7
    stats.frames = 1
    assert watch.look(SLOW_S + 1.0)["can0"].frames == 1, "the first frame"
    stats.frames = 2
    assert watch.look(SLOW_S + 2.0)["can0"].frames == 1
    stats.state = "down"
    assert watch.look(SLOW_S + 3.0)["can0"].state == "down"
