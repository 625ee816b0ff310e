"""A boat of a public trouble report on simulated time: stand-in services, the whole bridge beside them, steps.

A case is one of `boats/*.json`: `config` (gxbridge.yaml), `devices` (service -> path -> value), optional `replay` (a
CAN log beside it), `steps` (wait, set, add, remove). Stand-ins show what they are told, and speak once a second.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gxbridge.config import load
from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.model.items import Value
from gxbridge.core.publish.explanation import as_json, as_text
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from gxbridge.doctor.control import check_control
from gxbridge.doctor.examine import examine
from gxbridge.doctor.facts import Bus, Facts
from gxbridge.doctor.gather import configured_of
from gxbridge.doctor.row import Row, exit_code
from gxbridge.edge.logs.reader import open_log
from gxbridge.runtime.assembly import setup_of
from tests.doctor.facts_of import program

BOATS = Path(__file__).parent / "boats"
EPOCH = 1_700_000_000.0
INSTANCE = 220
"""The first device instance that the GX's settings give."""

Items = dict[str, Value]
Frame = tuple[float, str, int, bytes]


def case(name: str) -> dict[str, Any]:
    """A case by the beginning of its name."""
    (path,) = BOATS.glob(f"{name}-*.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


class SeaTrial:
    """The boat, at `now` monotonic seconds; `play` runs the case, after which everything that is said can be read."""

    def __init__(self, case: Mapping[str, Any], *, start: float = 1000.0) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gxbridge.yaml"
            path.write_text(case["config"], encoding="utf-8")
            self.config = load(str(path))
        self.bridge = Bridge(setup_of(self.config))
        self.bridge.hold_name(True)
        self.now = start
        self.services: dict[str, Items] = {}
        self.began: list[str] = []
        self.told: dict[tuple[str, str], list[tuple[float, Value]]] = {}
        self.frames = iter(list(_frames(case.get("replay"), start)))
        self._next = next(self.frames, None)
        self.cycle: Cycle
        for name, items in case["devices"].items():
            self.add(name, items)
        self._steps = case["steps"]

    def add(self, name: str, items: Mapping[str, Value]) -> None:
        self.services[name] = dict(items)
        self.bridge.service_added(name, dict(items), self.now)

    def remove(self, name: str) -> None:
        del self.services[name]
        self.bridge.service_removed(name, self.now)

    def change(self, name: str, items: Mapping[str, Value]) -> None:
        self.services[name] |= items
        if self.bridge.service_changed(name, items, self.now):
            self._carry_out(self.bridge.react(self.now, EPOCH))

    def _carry_out(self, cycle: Cycle) -> None:
        self.cycle = cycle
        self.began += [finding.id for finding in cycle.began]
        for service, path, value in cycle.writes:
            if path in self.services.get(service, {}):
                self.services[service][path] = value
                self.bridge.service_changed(service, {path: value}, self.now)
                self.told.setdefault((service, path), []).append((self.now, value))
        for n, view in enumerate(cycle.batteries):
            self.bridge.set_identity(view.battery.key, INSTANCE + n, "")
        for name in cycle.read_anew:
            self.bridge.service_added(name, dict(self.services[name]), self.now)

    def sail(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.now += 1.0
            batches: dict[str, list[tuple[float, int, bytes]]] = {}
            while self._next is not None and self._next[0] <= self.now:
                at, bus, can_id, data = self._next
                batches.setdefault(bus, []).append((at, can_id, data))
                self._next = next(self.frames, None)
            for bus, batch in batches.items():
                self.bridge.hear(bus, batch)
            for name, items in self.services.items():
                if p.VOLTAGE in items:
                    self.bridge.service_changed(name, {p.VOLTAGE: items[p.VOLTAGE]}, self.now)
            self._carry_out(self.bridge.tick(self.now, EPOCH))

    def play(self) -> SeaTrial:
        for step in self._steps:
            for name in step.get("remove", ()):
                self.remove(name)
            for name, items in step.get("add", {}).items():
                self.add(name, items)
            for name, items in step.get("set", {}).items():
                self.change(name, items)
            self.sail(step.get("wait", 1))
        return self

    # --- what is said ---

    @property
    def findings(self) -> dict[str, str]:
        """Id -> text of what holds now."""
        return {finding.id: finding.text for finding in self.cycle.situation.findings}

    @property
    def advice(self) -> dict[str, str]:
        return {finding.id: finding.advice for finding in self.cycle.situation.findings}

    def sentence(self, name: str) -> str:
        """The sentence of CVL, CCL, DCL, or of a charger or Multi by its service."""
        return next(limit.sentence for limit in self.cycle.decision.limits if name in (limit.name, limit.subject))

    @property
    def explained(self) -> str:
        """What `gxbridge explain` prints."""
        return as_text(self.cycle.explanation(), round(self.now + EPOCH))

    def last_told(self, service: str, path: str) -> Value:
        return self.told[service, path][-1][1] if (service, path) in self.told else None

    def doctor(self) -> tuple[Row, ...]:
        """What `gxbridge doctor` looks at here, without ports."""
        return examine(self.facts())

    def control(self) -> tuple[Row, ...]:
        """What `gxbridge doctor --control` says here."""
        return tuple(check_control(self.facts(), self.cycle.explanation()))

    def facts(self) -> Facts:
        own = {**self.cycle.own, EXPLAIN_JSON: as_json(self.cycle.explanation())}
        ours = {view.name: dict(view.items) for view in self.cycle.batteries}
        services = {**self.services, **ours, OWN_NAME: own}
        version = str(own["/Mgmt/ProcessVersion"])
        return Facts(program(version=version), Bus("test"), configured_of(self.config), (), services)

    @property
    def exit_code(self) -> int:
        return exit_code(self.doctor())

    def row(self, id: str) -> Row:
        return next(row for row in self.doctor() if row.id == id)


def changed(name: str, **more: object) -> SeaTrial:
    """A sibling of a report: `monitor` beside the GX's own controller; `moved` renames a service; `items` change."""
    given = case(name)
    devices = given["devices"]
    if more.get("monitor"):
        given["config"] = given["config"].replace("mode: control", "mode: monitor")
        devices[p.SYSTEM] = {p.CONTROL_DVCC: 1}
    for was, is_now in dict(more.get("moved", {})).items():  # type: ignore[call-overload]
        devices[is_now] = devices.pop(was)
    for service, items in dict(more.get("items", {})).items():  # type: ignore[call-overload]
        devices[service] = devices.get(service, {}) | items
    return SeaTrial(given).play()


def _frames(log: str | None, start: float) -> Iterator[Frame]:
    if log is None:
        return
    with open_log(str(BOATS / f"{log}.gz")) as reader:
        first: float | None = None
        for t, bus, can_id, data in reader:
            first = t if first is None else first
            yield start + t - first, bus, can_id, data
