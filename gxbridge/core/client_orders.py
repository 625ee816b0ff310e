"""What D-Bus clients want written to devices on CAN: settings, names, and orders for the chargers of a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gxbridge.core.gate.allowed import PORT_REGISTERS, may_send
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Value
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.sending.transmit import LINK_LEVELS
from gxbridge.core.vecan.sending.transmitter import Transmitter

if TYPE_CHECKING:
    from gxbridge.core.link_control import LinkControl
    from gxbridge.core.port_services import PortServices
    from gxbridge.core.vecan.link.link_out import LinkAnswer, LinkTarget

NOT_THERE = "that device is not there"
OUTSIDE = "that is outside what may ever be sent"
NO_WAY = "it is more than the configuration lets us send, or too much waits"


class ClientOrders:
    """Finds the device that a write is about, and orders what may be sent. Time is monotonic seconds."""

    def __init__(
        self,
        setup: Setup,
        registry: BatteryRegistry,
        transmitter: Transmitter,
        link: LinkControl | None,
        port: PortServices | None,
    ) -> None:
        self._setup, self._registry, self._transmitter = setup, registry, transmitter
        self._link, self._port = link, port

    def write_register(self, battery: Battery, register: int, data: bytes, now: float) -> str:
        """Have a register of a battery written; else why not."""
        node = None if battery.address is None else self._registry.network(battery.bus).at(battery.address)
        if node is None or node.name is None:
            return NOT_THERE
        if not may_send(register, data):
            return OUTSIDE
        return "" if self._transmitter.write(battery.bus, node.name, register, data, now) else NO_WAY

    def write_link(self, target: LinkTarget, path: str, value: Value, now: float) -> LinkAnswer:
        """A client wrote to `/Link/*` of a port or a device of ours; what is taken is sent after the next look."""
        if self._link is None:
            from gxbridge.core.vecan.link.link_out import NOT_TAKEN, TAKEN, LinkAnswer

            if value is None:  # it ends a word, and none stands
                return LinkAnswer(TAKEN, f"{path} is not sent")
            need = "transmit: link" if self._setup.transmit not in LINK_LEVELS else "dvcc.mode: control"
            return LinkAnswer(NOT_TAKEN, f"{path} is not sent: the configuration lacks {need}")
        return self._link.out.write(target, path, value, now)

    def write_port_link(self, service: str, path: str, value: Value, now: float) -> LinkAnswer:
        """The same by the service of a port, or of a device of it."""
        target = None if self._port is None else self._port.target_of(service)
        if target is None:
            from gxbridge.core.vecan.link.link_out import NOT_TAKEN, LinkAnswer

            return LinkAnswer(NOT_TAKEN, f"{path} is not sent: {service} is not there")
        return self.write_link(target, path, value, now)

    def set_register(self, service: str, path: str, register: int, data: bytes, now: float) -> str:
        """Have a setting of a device of a port written; else why not."""
        node = None if self._port is None else self._port.node_of(service, path)
        if self._port is None or node is None or node.name is None:
            return NOT_THERE
        if not may_send(register, data, PORT_REGISTERS):
            return OUTSIDE
        if reason := self._port.bars(node, register):
            return reason
        return "" if self._transmitter.write(node.bus, node.name, register, data, now) else NO_WAY

    def set_instance(self, service: str, path: str, instance: int, now: float) -> str:
        """Have a device of a port take another device instance; else why not."""
        node = None if self._port is None else self._port.node_of(service, path)
        if self._port is None or node is None or node.name is None:
            return NOT_THERE
        if instance and self._port.steered(node):
            return "DVCC steers only devices whose instance is 0, and this is one that it steers"
        return "" if self._transmitter.set_instance(node.bus, node.name, instance, now) else NO_WAY
