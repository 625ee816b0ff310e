"""What the devices of a scenario hold and what their services show, against what they should."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import same_value
from tests.port.actors import NAMED, Value, instance_of, shown
from tests.port.node import CHARGE_LIMIT
from tests.port.reach import VECAN, Scenario, Where, service_of, words
from tests.port.stage import Stage

PATIENCE_MS = 2000
"""Within this a word of D-Bus is at its device: a second until it is judged, then a frame each 100 ms."""
LIMITS = ("/Link/ChargeCurrent", "/Link/ChargeVoltage")
ROUND_MS = 3000
KEPT_MS = 50_000
"""So long after it was written a word must be held; after 60 s it may be forgotten."""


class Word(NamedTuple):
    """A path of LINK: its register, step, and whether what lies between two steps is cut off. `alone`: it is told to
    the device itself, not to everybody."""

    register: int
    step: float
    cut: bool
    alone: bool

    def number(self, value: float) -> int:
        steps = value / self.step
        return math.floor(steps + 1e-6) if self.cut else round(steps)


PORT_WORDS = {
    "/Link/NetworkMode": Word(0x200E, 1, True, False),
    "/Link/ChargeVoltage": Word(0x2001, 0.01, True, False),
    "/Link/VoltageSense": Word(0x2002, 0.01, False, False),
    "/Link/TemperatureSense": Word(0x2003, 0.01, False, False),
    "/Link/BatteryCurrent": Word(0x200A, 0.001, False, False),
    "/Link/ExtraBatteryCurrent": Word(0x201C, 0.001, False, False),
}
DEVICE_WORDS = {
    "/Link/NetworkMode": Word(0x200E, 1, True, True),
    "/Link/ChargeCurrent": Word(0x2015, 0.1, True, True),
    "/Link/DischargeCurrent": Word(0x2017, 0.1, True, True),
}
"""Registers and steps by ve_regs.h of gui-v2@3b94597, which path is which by docs/link.md. A limit is never told higher
than it is; what is measured is rounded."""


class Due(NamedTuple):
    """A word that must be at its devices by then."""

    at: int
    service: str
    path: str
    value: float
    since_ms: int


class Audience:
    """Plays a scenario as far as it reaches, and notes every difference.

    What devices should hold is what the vendor's program was seen to write; in profile `strict`, which is no copy of
    it, what was decided here, or less: the last gate looks again at what bounds a word, and counts what charges on
    D-Bus with what it makes as long as it does not follow, which in a scenario it never does.
    """

    def __init__(self, scenario: Scenario, steps: int, options: Options) -> None:
        self.stage = Stage(scenario, options)
        self.compared = 0
        """Words that reached their devices."""
        self.shown = 0
        """Values of services that were what frames said."""
        self.latest_ms = 0
        """How late the latest word was."""
        self.superseded = 0
        """Words that were not there yet when another value was decided."""
        self.lowered = 0
        """Words of which the last gate left less."""
        self.differences: list[tuple[object, ...]] = []
        self._strict = options.profile == "strict"
        self._due: list[Due] = []
        self._written: dict[Where, int] = {}
        for at, step in enumerate(scenario["steps"][:steps]):
            self.stage.change(step)
            self._wait(step["advance_ms"])
            there = {VECAN, *self.stage.nodes}
            wanted = self._decisions(there) if self._strict else words(scenario, at, there)
            writes = scenario["expected"][at]["writes"]
            for (service, path), value in wanted.items():
                if writes.get(service, {}).get(path):
                    self._written[service, path] = self.stage.now_ms
                decided, at_ms = self._decided(service, path)
                kept = at_ms > self.stage.now_ms - ROUND_MS if self._strict else self._kept(service, path)
                if not same_value(decided, value):
                    self.differences.append((at, service, path, value, f"decided {decided}"))
                elif isinstance(value, int | float) and kept:
                    self._due.append(Due(at, service, path, value, self.stage.now_ms))
            self._look()
            self._nothing_else(scenario, at, wanted)
        self._wait(PATIENCE_MS + 100)

    def _wait(self, duration_ms: int) -> None:
        for _ in self.stage.run(duration_ms, self._services):
            self._look()

    def _look(self) -> None:
        """Which words have arrived, and which should have."""
        waiting: list[Due] = []
        for due in self._due:
            late_ms = self.stage.now_ms - due.since_ms
            number, held = self._word(due).number(due.value), self._held(due)
            if all(one == number for one in held.values()):
                self.compared += len(held)
                self.latest_ms = max(self.latest_ms, late_ms)
            elif not same_value(self._decided(due.service, due.path)[0], due.value):
                self.superseded += 1
            elif late_ms <= PATIENCE_MS:
                waiting.append(due)
            elif self._strict and due.path in LIMITS and all(one is not None and one < number for one in held.values()):
                self.lowered += 1
            else:
                self.differences.append((due.at, due.service, due.path, due.value, held))
        self._due = waiting

    def _decisions(self, there: set[str]) -> dict[Where, Value]:
        """What was decided last for the port and its devices, by the scenario's names."""
        names = {self.stage.names[service]: service for service in there}
        written = self.stage.written.items()
        return {(names[name], path): value for (name, path), (value, _) in written if name in names}

    def _decided(self, service: str, path: str) -> tuple[Value, int]:
        return self.stage.written.get((self.stage.names[service], path), (None, 0))

    def _kept(self, service: str, path: str) -> bool:
        """Whether the vendor's program has written a word so lately that it must be held."""
        return self._written[service, path] > self.stage.now_ms - KEPT_MS

    def _word(self, due: Due) -> Word:
        return (PORT_WORDS if due.service == VECAN else DEVICE_WORDS)[due.path]

    def _held(self, due: Due) -> dict[str, int | None]:
        """What those that are told this hold: the device, or every charger of the port."""
        word, nodes = self._word(due), self.stage.nodes
        names = [name for name, node in nodes.items() if node.device.link] if due.service == VECAN else [due.service]
        return {
            name: self.stage.taken.get((name, word.register, word.alone))
            for name in names
            if instance_of(nodes[name].items) == 0  # of other networks nobody is told anything
        }

    def _nothing_else(self, scenario: Scenario, at: int, wanted: Mapping[Where, Value]) -> None:
        """No device was told what nobody decided to tell it, though the service has the path."""
        for service, register, alone in self.stage.taken:
            table, name = (DEVICE_WORDS, service) if alone else (PORT_WORDS, VECAN)
            path = next(path for path, word in table.items() if word.register == register)
            if (name, path) not in wanted and path in service_of(scenario, name):
                self.differences.append((at, service, path, "told although nobody says it"))

    def _services(self) -> None:
        """What the services of the devices show is what was said, and of the current limit what the device holds."""
        for service, node in self.stage.nodes.items():
            view = self.stage.views.get(self.stage.names[service])
            if view is None:
                self.differences.append((service, "has no service"))
                continue
            wanted = {
                path: value
                for path, value in shown(service, node.items).items()
                if not path.startswith("/Link/") and value is not NAMED
            }
            if CHARGE_LIMIT in node.device.link:
                held = int.from_bytes(node.registers[CHARGE_LIMIT], "little")
                wanted["/Link/ChargeCurrent"] = None if held == 0xFFFF else held / 10
            for path, value in wanted.items():
                if same_value(view.items.get(path, "absent"), value):
                    self.shown += 1
                else:
                    self.differences.append((service, path, value, view.items.get(path, "absent")))
