"""What was heard on all buses, device by device: the newest message of each kind, and when it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gxbridge.core.model.wording import counted
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import BROADCAST, TimedFrame
from gxbridge.core.vecan.battery_registry import BatteryRegistry
from gxbridge.core.vecan.devices import DeviceView, device_of
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.readings import Reading
from gxbridge.decodelog.filters import Wanted

SHARED_EVERY_S: Final = 1.0
"""How often what is kept of each device is held to its share of the memory."""


class DeviceReadings(NamedTuple):
    """A device and the wanted of its messages, PGNs first, each kind and register in its place."""

    view: DeviceView
    readings: tuple[Reading, ...]


class WatchedDevices:
    """Bounded by the core: 252 devices on a bus, and what is kept of all of them together."""

    def __init__(self, db: Database, wanted: Wanted) -> None:
        self._db = db
        self._wanted = wanted
        self._registry = BatteryRegistry(products=db.products)
        self._decoders: dict[str, Decoder] = {}
        self._shared_at = float("-inf")

    def hear(self, bus: str, frames: list[TimedFrame]) -> None:
        """Take what came on a bus."""
        decoder = self._decoders.get(bus)
        if decoder is None:
            decoder = self._decoders[bus] = Decoder(self._db, keep_unknown=True)
        registry, feed = self._registry, decoder.feed
        for now, can_id, data in frames:
            message = feed(can_id, data, now)
            if message is None:
                registry.alive(bus, can_id & 0xFF, now)
                continue
            registry.hear(bus, message, now)
            layout, source, destination, _, _ = message
            if layout.kind == "unknown" and destination == BROADCAST:
                node = registry.network(bus).at(source)
                if node is not None:
                    node.take(message, now)
        if frames and (now := frames[-1][0]) - self._shared_at >= SHARED_EVERY_S:
            self._shared_at = now
            registry.batteries(now)  # which shares the memory among the devices

    def devices(self, now: float) -> tuple[DeviceReadings, ...]:
        """Every wanted device of every bus, batteries first, then by bus and address."""
        found = []
        for bus in self._decoders:
            for node in self._registry.network(bus).devices:
                node.settle(now)
                view = device_of(node, self._db.products, now)
                if self._wants_device(view):
                    readings = tuple(self._readings(node))
                    if readings or not (self._wanted.pgns or self._wanted.vregs):
                        found.append(DeviceReadings(view, readings))
        return tuple(sorted(found, key=lambda device: _place(device.view)))

    def not_decoded(self) -> str:
        """What was heard and could not be understood, in words; "" when that is nothing."""
        unknown = sum(decoder.unknown + decoder.foreign for decoder in self._decoders.values())
        broken = sum(decoder.incomplete + decoder.too_short for decoder in self._decoders.values())
        words = [counted(unknown, "unknown message")] if unknown else []
        return ", ".join(words + ([counted(broken, "incomplete message")] if broken else []))

    def refused(self) -> int:
        """Messages of devices for which there was no room."""
        return sum(self._registry.network(bus).refused for bus in self._decoders)

    def _wants_device(self, view: DeviceView) -> bool:
        wanted = self._wanted
        if wanted.sources and view.address not in wanted.sources:
            return False
        if not wanted.devices:
            return True
        names = {str(view.unique_number), (view.serial or "").lower(), (view.description or "").lower()}
        product = "" if view.product_id is None else f"0x{view.product_id:04x}"
        return not wanted.devices.isdisjoint(names | {product})

    def _readings(self, node: Node) -> Iterator[Reading]:
        wanted = self._wanted
        for _, reading in sorted(node.readings.items(), key=lambda item: (item[1].layout.register or -1, item[0])):
            layout = reading.layout
            if wanted.pgns and layout.pgn not in wanted.pgns:
                continue
            if not wanted.vregs or layout.register in wanted.vregs:
                yield reading


def _place(view: DeviceView) -> tuple[bool, str, int, str]:
    return view.kind != "battery", view.bus, BROADCAST if view.address is None else view.address, view.key
