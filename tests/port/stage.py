"""A scenario with its VE.Can devices on a bus and everybody else on D-Bus, around the real core on simulated time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle, ServiceView
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.scenario import later_choice
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.port.port_writes import judge_port_write
from gxbridge.core.setup import Setup
from tests.core.test_link import REMEMBERED
from tests.port.actors import Actor, Items, Value, elsewhere, instance_of, kind_of, on_vecan, unique_of
from tests.port.node import LINK, exchange
from tests.port.reach import SETTINGS, VECAN, Scenario, Where

START_MS, WARM_MS = 1_000_000, 3000
"""The devices are on the bus before the scenario begins, as they are when a controller starts."""


class Stage:
    """The core in control with a port of its own, the devices on it, and everybody else on D-Bus."""

    def __init__(self, scenario: Scenario, options: Options) -> None:
        self.now_ms = START_MS - WARM_MS
        self.nodes: dict[str, Actor] = {}
        self.names: dict[str, str] = {VECAN: VECAN}
        """Service of the scenario -> as it is called here."""
        self.others = {SETTINGS}
        self.views: Mapping[str, ServiceView] = {}
        self.taken: dict[tuple[str, int, bool], int] = {}
        """By device, register and whether it was told alone: the number that it took last."""
        self.refused: set[Where] = set()
        self.written: dict[Where, tuple[Value, int]] = {}
        """By service and path as they are called here: what was decided last, and when (ms)."""
        self._heard: dict[str, int] = {}
        self.bridge = Bridge(
            Setup(
                mode="control", transmit="link", serve=("can0",), buses=("can0",), options=options,
                remembered=REMEMBERED, platform=scenario.get("platform") or "C003",
            )
        )  # fmt: skip
        self.bridge.hold_name(True)
        devices = scenario["devices"]
        for service, items in devices.items():
            if on_vecan(service, items):
                self.join(service, items)
        while self.now_ms < START_MS:
            self._exchange()
            self.now_ms += 100
        self.bridge.service_added(SETTINGS, scenario["settings"], self.now)
        for service, items in devices.items():
            if service not in self.nodes and service != VECAN:
                self.appear(service, items)
        self._in_order(devices)
        self.take(self.bridge.tick(self.now))

    @property
    def now(self) -> float:
        return self.now_ms / 1000

    def join(self, service: str, items: Items) -> None:
        """A device comes to the bus. Its instance is in the settings from former days."""
        kind, unique, instance = kind_of(service), unique_of(service), items.get("/DeviceInstance")
        node = self.nodes[service] = Actor(service, items, 0x20 + len(self.nodes), self.now)
        assert isinstance(instance, int)
        battery = kind == "battery"
        key = f"uc{unique}" if battery else f"{kind}_{Name(node.name).identity}"
        self.bridge.set_identity(key, instance, "")
        end = f"gxbridge_can0_uc{unique}" if battery else f"socketcan_can0_vi{instance}_uc{unique}"
        self.names[service] = f"com.victronenergy.{kind}.{end}"

    def appear(self, service: str, items: Items) -> bool:
        """A service of another program."""
        self.names[service] = elsewhere(service)
        self.others.add(service)
        return self.bridge.service_added(self.names[service], items, self.now)

    def _in_order(self, devices: Mapping[str, Items]) -> None:
        """Services appear on D-Bus in any order, and shares depend on it a little: here it is the scenario's."""
        port, services = self.bridge._port, self.bridge._services
        assert port is not None
        port.look(self.bridge.setup, self.bridge.registry, services, self.bridge._own_batteries.identities, self.now)
        there = dict(services.items)
        services.items.clear()
        for name in (self.names.get(service, "") for service in devices):
            if name in there:
                services.items[name] = there.pop(name)
        services.items |= there

    def run(self, duration_ms: int, looked: Callable[[], None]) -> Iterator[None]:
        """Let time go by in tenths of a second; `looked` is called after the look of each second."""
        end = self.now_ms + duration_ms
        while self.now_ms < end:
            self.now_ms = min(self.now_ms // 100 * 100 + 100, end)
            if self.now_ms % 1000 == 0:
                self.take(self.bridge.tick(self.now))
                looked()
            self.speak()
            yield

    def speak(self) -> None:
        """Everybody on the bus says what is due, and hears it."""
        if self._exchange():
            self.take(self.bridge.react(self.now))

    def _exchange(self) -> bool:
        ours = [(can_id, data) for _, can_id, data in self.bridge.transmitter.outgoing(self.now)]
        said = exchange(self.nodes.values(), ours, self.now)[len(ours) :]
        addresses = {node.address for node in self.nodes.values()}
        for service, node in self.nodes.items():
            for register, data, source, to, became in node.heard[self._heard.get(service, 0) :]:
                if source not in addresses:
                    expected = {"other instance" if instance_of(node.items) else "taken", "unknown sender"}
                    assert became in expected, (service, register, became)  # who is new asks who we are
                if became == "taken":
                    size, signed = len(data_of(register)), LINK[register][1].islower()
                    number = int.from_bytes(data[:size], "little", signed=signed)
                    self.taken[service, register, to != 0xFF] = number
            self._heard[service] = len(node.heard)
        return self.bridge.hear("can0", [(self.now, can_id, data) for can_id, data in said])

    def take(self, cycle: Cycle) -> None:
        """What was decided arrives: at services of others, and at ours as any client's write does."""
        self.views = {view.name: view for view in cycle.batteries}
        for service, path, value in cycle.writes:
            self.written[service, path] = value, self.now_ms
            view = self.views.get(service)
            if view is None:
                self.bridge.service_changed(service, {path: value}, self.now)
                continue

            def link(path: str, value: Value, service: str = service) -> tuple[int, str]:
                return self.bridge.orders.write_port_link(service, path, value, self.now)

            if judge_port_write(view.kind, path, value, link, transmit_writes=False, mode_switch=False).code:
                self.refused.add((service, path))
                self.bridge.not_delivered([(service, path)])

    def change(self, step: Mapping[str, Any]) -> None:
        """What happens at the beginning of a step."""
        urgent = False
        for service in step.get("remove", ()):
            self.others.discard(service)
            urgent |= self.bridge.service_removed(self.names.get(service, service), self.now)
        for service, items in step.get("add", {}).items():
            if on_vecan(service, items):
                self.join(service, items)
            else:
                urgent |= self.appear(service, items)
        for service, items in later_choice(step.get("set", {})):
            if service in self.nodes:
                self.nodes[service].play(items, self.now)
            elif service in self.others:
                urgent |= self.bridge.service_changed(self.names.get(service, service), items, self.now)
        if urgent:
            self.take(self.bridge.react(self.now))
        self.speak()


def data_of(register: int) -> bytes:
    """As many bytes as the register has."""
    return bytes({"<B": 1, "<H": 2, "<h": 2, "<i": 4}[LINK[register]])
