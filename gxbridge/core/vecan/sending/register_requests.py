"""What is worth asking the bus for: who is at an address, what product it is, and registers not heard yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from gxbridge.core.model.battery import Battery, Provisional
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.name import VICTRON
from gxbridge.core.vecan.devices import DeviceView
from gxbridge.core.vecan.error_counters import COUNTERS, COUNTERS_MASK
from gxbridge.core.vecan.identity import PRODUCT_INFORMATION, PRODUCT_REGISTER
from gxbridge.core.vecan.network import ADDRESS_CLAIM
from gxbridge.core.vecan.sending.transmit import TransmitOrder

TRIES = 3
"""Questions about one thing; velib asks a silent peer three times, too."""

SILENT_AGAIN_S = 1.0
"""Between two questions to a silent device (velib J1939_nmt.c)."""

AGAIN_S = 10.0
"""Between two questions for the same identity or register."""

NAMELESS_AGAIN_S = 600.0
"""A device that did not say who it is is asked anew in every such spell; a battery after each return from silence."""

COUNTERS_AGAIN_S = 300.0
"""Between two questions for the CAN error counters of a device that tells them: one frame, and six answers."""

MOST_REMEMBERED = 4096
"""Questions remembered; when there are more, all are forgotten and may be asked again."""


MOST_AT_ONCE = 8
"""Questions to the devices of a port in one round: what is sent in a second, and no more."""


@record
class DeviceQuestion:
    """What a device of a port that is served is asked, in this order. `spell`: asked anew when it is another one."""

    bus: str
    address: int
    pgns: tuple[int, ...] = ()
    registers: tuple[int, ...] = ()
    spell: float = 0.0


class RegisterRequests:
    """Remembers what was asked, so that a question is put a few times in each life of a device and not for ever."""

    def __init__(self) -> None:
        self._asked: dict[tuple[object, ...], tuple[int, float]] = {}

    def orders(
        self,
        bus: str,
        batteries: Iterable[Battery],
        provisional: Iterable[Provisional],
        devices: Iterable[DeviceView],
        now: float,
    ) -> list[TransmitOrder]:
        """The requests to order now for one bus."""
        wanted: list[tuple[TransmitOrder, float, float]] = []
        for device in devices:
            if device.bus == bus and device.address is not None and device.state == "silent":
                wanted.append((TransmitOrder(device.address, pgn=ADDRESS_CLAIM), device.last_heard, SILENT_AGAIN_S))
        for item in provisional:
            if item.bus == bus and item.address is not None:
                spell = now // NAMELESS_AGAIN_S
                wanted.append((TransmitOrder(item.address, pgn=ADDRESS_CLAIM), spell, AGAIN_S))
                wanted.append((TransmitOrder(item.address, register=PRODUCT_REGISTER), spell, AGAIN_S))
                wanted.append((TransmitOrder(item.address, pgn=PRODUCT_INFORMATION), spell, AGAIN_S))
        for battery in batteries:
            if battery.bus == bus and battery.address is not None and battery.state == "live":
                for register in battery.unseen_registers:
                    wanted.append((TransmitOrder(battery.address, register=register), battery.since, AGAIN_S))
        due = [order for order, spell, again_s in wanted if self._due((bus, order, spell), again_s, now)]
        # One in each look: a full bus has many devices, and what decides about limits must not wait behind them.
        counters = (order for device in devices if device.bus == bus for order in self._counters(device, now))
        return [*due, *islice(counters, 1)]

    def _counters(self, device: DeviceView, now: float) -> Iterator[TransmitOrder]:
        """The question for its CAN error counters: for ever where it answers, else a few times."""
        if device.address is None or device.state != "live" or device.manufacturer != VICTRON:
            return
        order = TransmitOrder(device.address, register=COUNTERS, mask=COUNTERS_MASK)
        tries = float("inf") if device.tells_counters else TRIES
        if self._due((f"{device.bus} {device.key}", order, 0.0), COUNTERS_AGAIN_S, now, tries):
            yield order

    def answers_wanted(self, bus: str, questions: Iterable[DeviceQuestion], now: float) -> list[TransmitOrder]:
        """The questions to order now for the devices of one bus: a few at a time."""
        found: list[TransmitOrder] = []
        for question in questions:
            about = bus, question.address, question.spell
            for pgn in question.pgns if question.bus == bus else ():
                if len(found) < MOST_AT_ONCE and self._due((*about, "pgn", pgn), AGAIN_S, now):
                    found.append(TransmitOrder(question.address, pgn=pgn))
            for register in question.registers if question.bus == bus else ():
                if len(found) < MOST_AT_ONCE and self._due((*about, "register", register), AGAIN_S, now):
                    found.append(TransmitOrder(question.address, register=register))
        return found

    def __len__(self) -> int:
        """Questions remembered."""
        return len(self._asked)

    def _due(self, question: tuple[object, ...], again_s: float, now: float, tries: float = TRIES) -> bool:
        asked, at = self._asked.get(question, (0, float("-inf")))
        if asked >= tries or now - at < again_s:
            return False
        if len(self._asked) >= MOST_REMEMBERED:
            self._asked.clear()
        self._asked[question] = (asked + 1, now)
        return True
