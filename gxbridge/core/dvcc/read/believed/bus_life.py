"""Is a BMS of another program on D-Bus still alive? A driver that hangs shows its last values for ever.

Suspicion: no signal for a minute, while whatever charges or loads its bank changed. Then its items are read anew, out
of the cycle; where nothing changed either, or nothing is answered, it is not live until it speaks again.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import CHARGERS, kind_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple

QUIET_S: Final = 60.0
MOVED_A: Final = 5.0
MOVED_PART: Final = 0.01
SAME_BUS: Final = 0.8, 1.25
"""What measures a voltage within these parts of the battery's is on its DC bus."""
FLOWS: Final = CHARGERS | {p.VEBUS, p.CHARGER, p.DCSYSTEM}
"""The classes of whatever charges or loads."""


class Flow(NamedTuple):
    """What a charger, a Multi or a load shows: current (A) and voltage (V)."""

    current_a: float
    voltage_v: float | None


class Life(NamedTuple):
    """`since`: its last signal, or when it was last found alive; `flows`: those of its bus at that time."""

    since: float
    flows: Mapping[str, Flow]
    moved: bool = False
    asked: bool = False
    dead_since: float | None = None


class BusLife(NamedTuple):
    """The BMSes of others by service."""

    lives: Mapping[str, Life] = MappingProxyType({})

    @property
    def dead(self) -> Container[str]:
        """The services that are not live."""
        return {name for name, life in self.lives.items() if life.dead_since is not None}

    def awaits(self, name: str) -> bool:
        """Was this service to be read anew, and was it not yet?"""
        life = self.lives.get(name)
        return life is not None and life.asked and life.dead_since is None

    def unchanged(self, name: str, now: float) -> BusLife:
        """It was read anew, and shows what it showed."""
        return BusLife({**self.lives, name: self.lives[name]._replace(dead_since=now)})

    def findings(self, now: float) -> Iterator[Finding]:
        """Who is not live."""
        for name, life in self.lives.items():
            if life.dead_since is not None:
                yield finding("bms-hangs", name, now, life.dead_since, service=name)


def watch_life(
    before: BusLife, services: Mapping[str, Items], heard: Mapping[str, float], now: float
) -> tuple[BusLife, tuple[str, ...]]:
    """What is known after this look, and the services that are to be read anew. `heard`: when each signalled last."""
    lives: dict[str, Life] = {}
    ask: list[str] = []
    for name, items in services.items():
        if kind_of(name) != p.BATTERY or (p.CVL not in items and items.get(p.ALLOW_CHARGE) is None):
            continue
        known, signal = before.lives.get(name), heard.get(name, now)
        flows = flows_of(services, number(items, p.VOLTAGE))
        if known is None or signal > known.since:
            lives[name] = Life(signal, flows)
            continue
        moved = known.moved or has_moved(known.flows, flows)
        suspect = moved and now - known.since >= QUIET_S
        if suspect and not known.asked:
            ask.append(name)
        lives[name] = known._replace(moved=moved, asked=known.asked or suspect)
    return BusLife(lives), tuple(ask)


def flows_of(services: Mapping[str, Items], battery_v: float | None) -> dict[str, Flow]:
    """What flows on the battery's DC bus."""
    found = {}
    for name, items in services.items():
        if kind_of(name) in FLOWS and items.get(p.N2K_INSTANCE) in (0, None):
            volts = number(items, p.VOLTAGE)
            if volts is None or battery_v is None or SAME_BUS[0] * battery_v <= volts <= SAME_BUS[1] * battery_v:
                found[name] = Flow(number(items, p.CURRENT) or 0.0, volts)
    return found


def has_moved(before: Mapping[str, Flow], now: Mapping[str, Flow]) -> bool:
    """Did any of them change so much that the battery must show it?"""
    for name, (current_a, volts) in now.items():
        then_a, then_v = before.get(name, Flow(0.0, None))
        if abs(current_a - then_a) > MOVED_A:
            return True
        if volts is not None and then_v is not None and abs(volts - then_v) > MOVED_PART * then_v:
            return True
    return False
