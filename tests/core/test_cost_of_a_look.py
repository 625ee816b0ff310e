"""What a frame, a look and a decision may cost, in instructions of Python: they do not depend on how busy it is.

Ceilings are a sixth above what was counted when they were set (Python 3.11 to 3.13 differ by less). A gain lowers them;
who needs more raises them with a reason. `benchmarks/growth.py` and `benchmarks/dvcc.py` measure the same as time.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.dvcc import BMS, SETTINGS, installation
from benchmarks.growth import Boat
from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.setup import Setup
from tests.core.boat import claim, status
from tests.instructions import instructions

HEARTBEAT = 0x1DF01129


def test_a_frame() -> None:
    """Decoded and filed with its device, of a boat where measurements move and settings do not."""
    boat = Boat(1, 0)
    boat.frames += [status(26.0 + n / 100, 5.0 + n / 10) for n in range(40)]
    for _ in range(3):
        boat.hear()
    assert instructions(boat.hear) / len(boat.frames) < 450


def test_a_heartbeat() -> None:
    """It counts on, and says nothing new of who sends it."""
    bridge = Bridge(Setup(buses=("can0",)))
    bridge.hear("can0", [(0.0, *claim())])
    beats = [(n / 100, HEARTBEAT, bytes((0x60, 0xEA, n, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF))) for n in range(100)]
    bridge.hear("can0", beats[:50])
    assert instructions(lambda: bridge.hear("can0", beats[50:])) / 50 < 535


def look(bmses: int, chargers: int) -> float:
    """One look, on the average of a round."""
    boat = Boat(bmses, chargers)
    for _ in range(10):
        boat.hear()
        boat.look()
    total = 0
    for _ in range(3):
        boat.hear()
        total += instructions(boat.look)
        boat.carry_out()
    return total / 3


@pytest.mark.parametrize(("bmses", "chargers", "most"), [(1, 1, 35_700), (5, 1, 96_000), (1, 16, 71_900)])
def test_a_look(bmses: int, chargers: int, most: int) -> None:
    assert look(bmses, chargers) < most


def decisions(options: Options) -> tuple[int, int]:
    """A full round with 16 chargers, and another second."""
    services, memory = installation(16), Memory()
    full = other = 0
    for second in range(9):
        services[BMS][p.CCL] = 80.0 + second / 10
        for index, (name, items) in enumerate(services.items()):
            if ".solarcharger." in name:
                items[p.CURRENT] = 3.0 + (index + second) % 7
        snapshot = Snapshot(services, SETTINGS, "C003", {BMS: float(second)}, options)
        found: list[Any] = []
        count = instructions(lambda: found.append(decide(snapshot, memory, float(second))))  # noqa: B023 - called at once
        decision, memory = found[0]
        full, other = (count, other) if decision.round_done else (full, count)
        for write in decision.writes:
            services[write.service][write.path] = write.value
    return full, other


def test_a_decision() -> None:
    full, other = decisions(Options.strict())
    assert full < 30_000
    assert other < 10_200


def test_what_arrives_and_does_not_act_costs_next_to_nothing() -> None:
    """On a boat that is busy hundreds of items arrive in a second, nearly all of them measurements."""
    services = installation(16)
    _, memory = decide(Snapshot(services, SETTINGS, "C003", {BMS: 0.0}, Options.strict()), Memory(), 0.0)
    snapshot = Snapshot(services, SETTINGS, "C003", {BMS: 1.0}, Options.strict())
    arrivals = [(name, p.CURRENT) for name in services for _ in range(10)]

    def cost(arrived: list[tuple[str, str]]) -> int:
        return instructions(lambda: decide(snapshot, memory, 1.0, arrived, whole_second=True))

    assert cost(arrivals) - cost([]) < 18 * len(arrivals)
