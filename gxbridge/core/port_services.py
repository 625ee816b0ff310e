"""The services of the ports that are served wholly: which there are, under which identity, with which items."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from gxbridge.core.bus_services import BusServices
from gxbridge.core.cycle import ServiceView
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.gate.allowed import LINKED, class_of
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.port.device import PortDeviceItems
from gxbridge.core.port.facts import facts_of
from gxbridge.core.port.kinds import PortDevice, devices_of
from gxbridge.core.port.ownership import served_by, taken_by
from gxbridge.core.port.questions import RELAY_MODE, questions
from gxbridge.core.port.tables import messages_of
from gxbridge.core.port.vecan_service import DEVICES, listed_at, vecan_items, vecan_name
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.link.link_out import LinkTarget
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.readings import VREG
from gxbridge.core.vecan.sending.register_requests import DeviceQuestion
from gxbridge.core.vecan.sending.transmit import RELAY

KeptIdentities: TypeAlias = Mapping[str, tuple[int, str]]
"""Key of a device -> VRM instance and custom name, as the GX's settings have them."""

ShownLink: TypeAlias = Callable[[LinkTarget, str, float], Value]
"""What LINK has at a path of a target."""

RELAY_REMOTE = 2
"""In register 0x034F: somebody outside switches the relay (ve_regs.h of gui-v2@3b94597)."""


class PortServices:
    """Time is monotonic seconds. With no port that is served wholly none of it is asked."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        """Services that the decision sees as if they were somebody else's."""
        self.views: tuple[ServiceView, ...] = ()
        self.findings: tuple[Finding, ...] = ()
        self._devices: dict[str, PortDeviceItems] = {}
        self._nodes: dict[str, Node] = {}
        """Service -> the node behind it."""
        self._targets: dict[str, LinkTarget] = {}
        self._listed: dict[str, tuple[Node, ...]] = {}
        """Bus -> who is in the list of its port."""

    def look(
        self,
        setup: Setup,
        registry: BatteryRegistry,
        bus: BusServices,
        identities: KeptIdentities,
        now: float,
        shown: ShownLink | None = None,
    ) -> None:
        """Bring every port up to date, and let the decision see what is served. `shown`: what LINK has at a path."""
        views: list[ServiceView] = []
        findings: list[Finding] = []
        nodes: dict[str, Node] = {}
        targets: dict[str, LinkTarget] = {}
        devices: dict[str, PortDeviceItems] = {}
        listed: dict[str, tuple[Node, ...]] = {}
        served: dict[str, Finding] = {}
        others = self._others(bus)
        for bus_name in setup.serve:
            taken = self._taken(bus_name, setup, bus, now)
            if taken is not None:
                findings.append(taken)
                continue
            port = setup.ports.get(bus_name, bus_name)
            there = registry.network(bus_name).devices
            target = LinkTarget(bus_name, None, vecan_name(port))

            def stands(path: str, target: LinkTarget = target) -> Value:
                return None if shown is None else shown(target, path, now)

            listed[bus_name] = there
            specs, items = vecan_items(port, there, setup.own_number, now, stands)
            targets[target.service] = target
            views.append(ServiceView(target.service, f"{p.VECAN}_{port}", None, 0, specs, items, kind=p.VECAN))
            for node in there:
                if node.state(now) != "live":
                    continue
                for device in devices_of(node, now, temperatures=bus_name in setup.temperatures):
                    assert node.name is not None  # noqa: S101 - else it has no devices
                    other = served_by(device.kind, node.name.unique_number, others, self.names)
                    if other is not None:
                        served[other] = finding("port-device-taken", other, now, port=port, service=other)
                        continue
                    if _key(device, node.name) in devices:  # two ports on one cable: it is served from the first
                        continue
                    view = self._view(node, node.name, device, port, identities, devices, now)
                    views.append(view)
                    if view.key in identities or view.name not in nodes:  # two may have one unique number:
                        nodes[view.name] = node  # the one that has its instance is meant
                        targets[view.name] = LinkTarget(bus_name, node.name, view.name)
        self._devices, self._nodes, self._targets, self._listed = devices, nodes, targets, listed
        self.views, self.findings = tuple(views), (*findings, *served.values())
        self._show(bus, identities, now)

    def _others(self, bus: BusServices) -> Mapping[str, Items]:
        """The services that are not ours."""
        return {name: items for name, items in bus.items.items() if name not in self.names}

    def _taken(self, bus_name: str, setup: Setup, bus: BusServices, now: float) -> Finding | None:
        """Who else has a port, if anybody."""
        names = {*bus.items, *bus.names.unread} - self.names
        services = {p.SETTINGS: bus.settings_before, **self._others(bus)}
        return taken_by(bus_name, setup.ports.get(bus_name, bus_name), services, names, now)

    def withdraw(self, setup: Setup, bus: BusServices, now: float) -> tuple[LinkTarget, ...]:
        """Take no more words for what another program serves by now, without waiting for the next look; whom that
        is."""
        others = self._others(bus)
        taken = {bus_name for bus_name in setup.serve if self._taken(bus_name, setup, bus, now) is not None}
        gone = tuple(
            target
            for service, target in self._targets.items()
            if target.bus in taken
            or (target.name and served_by(class_of(service), target.name.unique_number, others, self.names))
        )
        for target in gone:
            del self._targets[target.service]
            self._nodes.pop(target.service, None)
        return gone

    def _view(
        self,
        node: Node,
        name: Name,
        device: PortDevice,
        port: str,
        identities: KeptIdentities,
        devices: dict[str, PortDeviceItems],
        now: float,
    ) -> ServiceView:
        key = _key(device, name)
        instance, custom_name = identities.get(key, (0, ""))
        service = f"{p.PREFIX}{device.kind}.socketcan_{port}_vi{instance}_uc{name.unique_number}{device.suffix}"
        shown = self._devices.get(key)
        if shown is None or shown.device != device:
            shown = PortDeviceItems(device)
        devices[key] = shown
        node.wanted = messages_of(device.kind)
        shown.look(node, facts_of(node, name, port, service, instance, custom_name), now)
        return ServiceView(service, key, None, instance, shown.specs, shown.items, kind=device.kind)

    def _show(self, bus: BusServices, identities: KeptIdentities, now: float) -> None:
        """The decision is told of them as of the vendor's: what came, changed and left."""
        served = {view.name: view.items for view in self.views if view.kind == p.VECAN or view.key in identities}
        for name in self.names - served.keys():
            bus.removed(name, now)
        for name, items in served.items():
            before = bus.items.get(name)
            if before is None or before.keys() != items.keys():
                bus.added(name, items, now)
                continue
            bus.heard[name] = now
            changes = {path: value for path, value in items.items() if before[path] != value}
            if changes:
                bus.changed(name, changes, now)
        self.names = frozenset(served)

    def target_of(self, service: str) -> LinkTarget | None:
        """Whom a write to `/Link/*` of a service is for; None: it is none of ours."""
        return self._targets.get(service)

    def node_of(self, service: str, path: str) -> Node | None:
        """The device that a path of a service is about."""
        if path.startswith(DEVICES) and service in self._targets:
            there = self._listed.get(self._targets[service].bus, ())
            return next((one for one in there if one.name and path.startswith(f"{listed_at(one.name)}/")), None)
        return self._nodes.get(service)

    def bars(self, node: Node, register: int) -> str:
        """Why a register of a device is not to be written now; "" when it may be."""
        mode = node.readings.get((VREG, RELAY_MODE))
        if register == RELAY and (mode is None or mode.values[0] != RELAY_REMOTE):
            return "its relay is not, or not known to be, set to be switched from outside (register 0x034F)"
        return ""

    def steered(self, node: Node) -> bool:
        """Whether DVCC tells it anything: then its device instance must stay 0."""
        return any(class_of(service) in LINKED for service, known in self._nodes.items() if known is node)

    def questions(self, setup: Setup, registry: BatteryRegistry, now: float) -> Iterator[DeviceQuestion]:
        """What is worth asking the devices of the ports that are served."""
        kinds = {self._nodes[view.name]: view.kind for view in self.views if view.name in self._nodes}
        closed = {found.subject for found in self.findings}
        ours = (bus_name for bus_name in setup.serve if bus_name not in closed)
        nodes = [node for bus_name in ours for node in registry.network(bus_name).devices]
        return questions(nodes, kinds, now)


def _key(device: PortDevice, name: Name) -> str:
    """What a device is called in the settings."""
    return f"{device.kind}_{name.identity}{device.suffix}"
