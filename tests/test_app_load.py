"""The load of a bus on `/Can/<bus>/Load`: of all that it carries, also what the kernel keeps from gxbridge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gxbridge import app
from gxbridge.app import App
from gxbridge.core.canload import Carried
from gxbridge.core.setup import Setup
from gxbridge.edge.canstats import CanStats


class Source:
    """A bus that counts and does nothing."""

    def __init__(self, interface: str) -> None:
        self.stats = CanStats("can0", interface, "open")

    def send(self, can_id: int, data: bytes) -> bool:
        return False

    async def start(self) -> None: ...

    async def close(self) -> None: ...


def loads(source: Source, *seconds: float) -> Iterator[float | None]:
    """What is shown after looks at these moments; 90 frames are heard between two."""
    service = App(Setup(buses=("can0",)), "unix:path=/nowhere", lambda hearer: [source])
    for at in seconds:
        service._refresh_can(at)
        source.stats.frames += 90
        yield service._can["can0"].load


def test_an_interface_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([Carried(0, 0), Carried(9000, 72000), None, Carried(18000, 144000)])
    monkeypatch.setattr(app, "carried", lambda name: next(seen))
    first, second, third, fourth = loads(Source("can0"), 0.0, 10.0, 20.0, 30.0)
    assert (first, third, fourth) == (None, None, None), "a difference needs two looks"
    assert second == pytest.approx(49.8, abs=0.1)


def test_elsewhere_everything_is_heard() -> None:
    assert list(loads(Source(""), 0.0, 1.0)) == [None, pytest.approx(5.0, abs=0.1)]
