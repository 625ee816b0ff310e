"""What the service says on its buses, if anything: one transmitter for each bus, and the questions worth asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gxbridge.core.model.battery import Battery, Provisional
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.devices import DeviceView
from gxbridge.core.vecan.sending.alert_output import AlertLevel, AlertOutput
from gxbridge.core.vecan.sending.claim import own_name
from gxbridge.core.vecan.sending.plotter_output import PlotterOutput
from gxbridge.core.vecan.sending.register_requests import DeviceQuestion, RegisterRequests
from gxbridge.core.vecan.sending.transmit import BusTransmitter, LinkSource, TransmitLevel, TransmitOrder

Outgoing = tuple[str, int, bytes]
"""(bus, 29-bit id, data)."""


class Transmitter:
    """Silent with level `off`: nothing is held, nothing is ever returned. `link`: what the chargers of a bus are told,
    by the name of the bus."""

    def __init__(
        self,
        level: TransmitLevel,
        unique_number: int,
        *,
        mode_switch: bool = False,
        link: Callable[[str], LinkSource] | None = None,
        version: str = "",
        plotter_bus: str = "",
        plotter_instance: int = 0,
        plotter_alerts: AlertLevel = "off",
    ) -> None:
        self.level = level
        self._link = link
        self._name = own_name(unique_number)
        self._mode_switch = mode_switch
        self._version = version
        self._plotter_bus, self._plotter_instance, self._alerts = plotter_bus, plotter_instance, plotter_alerts
        self._inquiry = RegisterRequests()
        self._transmitters: dict[str, BusTransmitter] = {}

    def hear(self, bus: str, message: Message, now: float) -> None:
        """Claims and requests for ours concern us; a bus is spoken on only after something was heard on it."""
        if self.level == "off":
            return
        transmitter = self._transmitters.get(bus)
        if transmitter is None:
            transmitter = BusTransmitter(
                *(self.level, self._name, now),
                mode_switch=self._mode_switch,
                link=None if self._link is None else self._link(bus),
                version=self._version,
                plotter=PlotterOutput(self._plotter_instance, now) if bus == self._plotter_bus else None,
                alerts=self._alerts_on(bus, now),
            )
            self._transmitters[bus] = transmitter
        transmitter.hear(message, now)

    def ask(
        self,
        batteries: tuple[Battery, ...],
        provisional: Iterable[Provisional],
        devices: Iterable[DeviceView],
        now: float,
        questions: Iterable[DeviceQuestion] = (),
    ) -> None:
        """Order what is worth asking for now. `questions`: to the devices of ports that are served wholly."""
        waiting, known, asked = tuple(provisional), tuple(devices), tuple(questions)
        for bus, transmitter in self._transmitters.items():
            for order in self._inquiry.orders(bus, batteries, waiting, known, now):
                transmitter.order(order, now)
            for order in self._inquiry.answers_wanted(bus, asked, now):
                transmitter.order(order, now)

    @property
    def plotter(self) -> PlotterOutput | None:
        """What tells the battery to chart plotters, once its bus was heard."""
        transmitter = self._transmitters.get(self._plotter_bus)
        return None if transmitter is None else transmitter.plotter

    @property
    def alerts(self) -> AlertOutput | None:
        """What tells alerts to chart plotters, where configured and once their bus was heard."""
        transmitter = self._transmitters.get(self._plotter_bus)
        return None if transmitter is None else transmitter.alerts

    def write(self, bus: str, to: Name, register: int, data: bytes, now: float) -> bool:
        """Order a write to a device; False when it may not be or cannot be sent."""
        transmitter = self._transmitters.get(bus)
        return transmitter is not None and transmitter.order(TransmitOrder(to, register=register, data=data), now)

    def set_instance(self, bus: str, to: Name, instance: int, now: float) -> bool:
        """Order another device instance; False when it may not be or cannot be sent."""
        transmitter = self._transmitters.get(bus)
        return transmitter is not None and transmitter.order(TransmitOrder(to, instance=instance), now)

    def outgoing(self, now: float) -> list[Outgoing]:
        """Frames to send now, in order."""
        return [
            (bus, can_id, data)
            for bus, transmitter in self._transmitters.items()
            for can_id, data in transmitter.frames(now)
        ]

    def next_deadline(self) -> float | None:
        """When `outgoing` has something to say by itself."""
        deadlines = [transmitter.next_deadline() for transmitter in self._transmitters.values()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def state(self, bus: str) -> str:
        """off, listening, claiming, claimed or silent."""
        transmitter = self._transmitters.get(bus)
        return "off" if transmitter is None else transmitter.state

    def _alerts_on(self, bus: str, now: float) -> AlertOutput | None:
        if bus != self._plotter_bus or self._alerts == "off":
            return None
        return AlertOutput(self._name, self._plotter_instance, self._alerts, now)
