"""Play a scenario of the vendor's behaviour on simulated time, and say where we differ.

The format is described in `docs/dvcc-replay.md`: services with items, settings, and steps that change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record

CALCULATED: Final = (p.BATTERY_VOLTAGE, p.VEBUS_SERVICE)
DEFAULT_PLATFORM: Final = "C003"
TOLERANCE: Final = 1e-6


class ScenarioError(ValueError):
    """A scenario that cannot be played; the text says which and why."""


@dataclass(slots=True)
class ScenarioPlayer:
    """A simulated bus with a simulated clock (ms); `play_scenario` one scenario per player."""

    options: Options
    platform: str = DEFAULT_PLATFORM
    settings: dict[str, Value] = field(default_factory=dict)
    services: dict[str, dict[str, Value]] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    system: dict[str, Value] = field(default_factory=dict)
    written: dict[str, set[str]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    now_ms: int = 0
    changed: bool = True
    latest: Mapping[str, Value] = field(default_factory=dict)

    def decide(self, arrivals: tuple[tuple[str, str], ...] = ()) -> None:
        """One decision; its writes land at once."""
        snapshot = Snapshot(self.services, self.settings, self.platform, {}, self.options)
        decision, self.memory = decide(snapshot, self.memory, self.now_ms / 1000, arrivals)
        for write in decision.writes:
            self.land(write)
        self.latest = decision.published

    def land(self, write: Write) -> None:
        """A write arrives at its device."""
        items = self.services[write.service]
        if not same_value(items.get(write.path), write.value):
            self.changed = True
        items[write.path] = write.value
        self.written.setdefault(write.service, set()).add(write.path)
        counts = self.counts.setdefault(write.service, {})
        counts[write.path] = counts.get(write.path, 0) + 1

    def publish(self) -> None:
        """What is calculated is published when any item changed since the last time; the control flags at once."""
        gated = () if self.changed else CALCULATED
        self.system.update({path: value for path, value in self.latest.items() if path not in gated})
        self.changed = False

    def publish_at_once(self) -> None:
        """The control flags and the BMS in control do not wait for a whole second."""
        self.system.update({path: value for path, value in self.latest.items() if path not in CALCULATED})

    def change(self, step: Mapping[str, Any]) -> None:
        """What happens to the services at the start of a step: remove, add, set."""
        for service in step.get("remove", ()):
            left = self.services.pop(service, {})
            self.changed = True
            self.decide(tuple((service, path) for path in left))
        for service, items in step.get("add", {}).items():
            self.services[service] = dict(items)
            self.changed = True
            self.decide(tuple((service, path) for path in items))
        for service, items in later_choice(step.get("set", {})):
            target = self.target(service)
            if target is None:
                continue
            for path, value in items.items():
                self.changed = self.changed or not same_value(target.get(path), value) or path == p.PV_DISABLE
                target[path] = value
            self.decide(tuple((service, path) for path in items))

    def target(self, service: str) -> dict[str, Value] | None:
        """Where a `set` goes; None when there is no such service."""
        if service == p.SETTINGS:
            return self.settings
        return self.services.setdefault(service, {}) if service == p.SYSTEM else self.services.get(service)

    def run(self, duration_ms: int) -> None:
        """Let the clock run: whole seconds act, and a control loop that began in between keeps its own seconds."""
        end = self.now_ms + duration_ms
        self.publish_at_once()
        while (moment := self.next_moment()) <= end:
            self.now_ms = moment
            self.decide()
            if moment % 1000 == 0:
                self.publish()
            else:
                self.publish_at_once()
        self.now_ms = end

    def next_moment(self) -> int:
        """The next whole second, or the next second of the control loop if that is earlier (ms)."""
        second = (self.now_ms // 1000 + 1) * 1000
        control = self.memory.control
        own = second if control is None else round(control.due_at * 1000)
        return own if self.now_ms < own < second else second

    def look(self) -> dict[str, Any]:
        """What a scenario's `expected` holds, and forget the counts."""
        devices = {
            service: {path: self.services[service][path] for path in sorted(paths & self.services[service].keys())}
            for service, paths in sorted(self.written.items())
            if service in self.services
        }
        seen = {
            "t_ms": self.now_ms,
            "system": dict(sorted(self.system.items())),
            "devices": devices,
            "writes": {service: dict(sorted(counts.items())) for service, counts in sorted(self.counts.items())},
        }
        self.counts = {}
        return seen


def later_choice(changes: Mapping[str, Mapping[str, Value]]) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """The items that a step sets; the choice of a BMS was observed to act after all that is set with it."""
    last: dict[str, Value] = {}
    for service, items in changes.items():
        if service == p.SETTINGS:
            last = {path: value for path, value in items.items() if path == p.SET_BMS_INSTANCE}
        yield service, {path: value for path, value in items.items() if path not in last}
    if last:
        yield p.SETTINGS, last


def check_scenario(scenario: Mapping[str, Any]) -> None:
    """Raise ScenarioError where a scenario has not the shape of one."""
    name = scenario.get("name")

    def need(good: bool, what: str) -> None:
        if not good:
            raise ScenarioError(f"scenario {name}: {what}")

    def tables(value: Any) -> bool:
        return isinstance(value, Mapping) and all(isinstance(row, Mapping) for row in value.values())

    need(tables(scenario.get("devices")), '"devices" must be {service: {path: value}}')
    need(isinstance(scenario.get("settings", {}), Mapping), '"settings" must be {path: value}')
    steps = scenario.get("steps")
    need(isinstance(steps, list), '"steps" must be a list')
    for index, step in enumerate(steps or ()):
        need(isinstance(step, Mapping), f"step {index} must be an object")
        advance = step.get("advance_ms")
        need(isinstance(advance, int) and advance >= 0, f'step {index}: "advance_ms" must be milliseconds')
        need(
            tables(step.get("add", {})) and tables(step.get("set", {})),
            f'step {index}: "add" or "set" is not a mapping',
        )
        need(isinstance(step.get("remove", []), list), f'step {index}: "remove" must be a list')
    expected = scenario.get("expected")
    need(expected is None or len(expected) == len(steps or ()), '"expected" must have one entry for each step')


def play_scenario(scenario: Mapping[str, Any], options: Options) -> list[dict[str, Any]]:
    """Play one scenario; one entry per step, in the form of its `expected`. Raises ScenarioError."""
    check_scenario(scenario)
    player = ScenarioPlayer(
        options,
        scenario.get("platform") or DEFAULT_PLATFORM,
        dict(scenario.get("settings", {})),
        {service: dict(items) for service, items in scenario["devices"].items()},
    )
    player.decide()
    player.publish()
    answers = []
    for step in scenario["steps"]:
        player.change(step)
        player.run(step["advance_ms"])
        answers.append(player.look())
    return answers


def same_value(one: Value, other: Value) -> bool:
    """Are two values the same, numbers within the tolerance?"""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= TOLERANCE
    return one == other


@record
class Difference:
    """One place where we answered otherwise: `where` names section, service and path."""

    step: int
    where: str
    expected: Any
    actual: Any


MISSING: Final = "(nothing)"


def step_differences(
    expected: Sequence[Mapping[str, Any]], actual: Sequence[Mapping[str, Any]]
) -> Iterator[Difference]:
    """Every difference between what was expected and what was answered."""
    for index, (want, got) in enumerate(zip(expected, actual, strict=True)):
        for where, one, other in compare_steps(want, got, ""):
            yield Difference(index, where, one, other)


def compare_steps(want: Any, got: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Compare two answers, dictionaries by key."""
    if isinstance(want, Mapping) and isinstance(got, Mapping):
        for key in sorted({*want, *got}):
            yield from compare_steps(want.get(key, MISSING), got.get(key, MISSING), f"{where} {key}".strip())
    elif not same_value(want, got):
        yield where, want, got
