"""What is worth asking the bus for: who is at an address, what product it is, and registers not heard yet."""

from __future__ import annotations

from collections.abc import Iterable

from gxbridge.core.battery import LOST_S, Battery, Provisional
from gxbridge.core.devices import Device
from gxbridge.core.identity import PRODUCT_INFORMATION, PRODUCT_REGISTER
from gxbridge.core.network import ADDRESS_CLAIM
from gxbridge.core.transmit import Order

TRIES = 3
"""Questions about one thing; velib asks a silent peer three times, too."""

SILENT_AGAIN_S = 1.0
"""Between two questions to a silent device (velib J1939_nmt.c)."""

AGAIN_S = 10.0
"""Between two questions for the same identity or register."""

MOST_REMEMBERED = 4096
"""Questions remembered; when there are more, all are forgotten and may be asked again."""


class Inquiry:
    """Remembers what was asked, so that every question is put a few times and not for ever."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, Order], tuple[int, float]] = {}

    def orders(
        self,
        bus: str,
        batteries: Iterable[Battery],
        provisional: Iterable[Provisional],
        devices: Iterable[Device],
        now: float,
    ) -> list[Order]:
        """The requests to order now for one bus."""
        wanted: list[tuple[Order, float]] = []
        for device in devices:
            if device.bus == bus and device.address is not None and device.state == "silent":
                wanted.append((Order(device.address, pgn=ADDRESS_CLAIM), SILENT_AGAIN_S))
        for item in provisional:
            if item.bus == bus and item.address is not None:
                wanted.append((Order(item.address, pgn=ADDRESS_CLAIM), AGAIN_S))
                wanted.append((Order(item.address, register=PRODUCT_REGISTER), AGAIN_S))
                wanted.append((Order(item.address, pgn=PRODUCT_INFORMATION), AGAIN_S))
        for battery in batteries:
            if battery.bus == bus and battery.address is not None and battery.state == "live":
                wanted += [
                    (Order(battery.address, register=register), AGAIN_S) for register in battery.unseen_registers
                ]
        return [order for order, again_s in wanted if self._due(bus, order, again_s, now)]

    def __len__(self) -> int:
        """Questions remembered."""
        return len(self._asked)

    def _due(self, bus: str, order: Order, again_s: float, now: float) -> bool:
        tries, at = self._asked.get((bus, order), (0, float("-inf")))
        if now - at >= LOST_S + AGAIN_S:
            tries = 0
        if tries >= TRIES or now - at < again_s:
            return False
        if len(self._asked) >= MOST_REMEMBERED:
            self._asked.clear()
        self._asked[bus, order] = (tries + 1, now)
        return True
