"""What a network mode waits for: the charge voltage and the charge currents of everybody whom it lets charge.

A charger that has lost its BMS (error 67) begins to charge with the next network mode, and by its own settings where it
holds nothing else. So a mode is the last word that leaves for a device, and does not outlive the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gxbridge.core.vecan.link.controllers import is_charger, title
from gxbridge.core.vecan.link.link_line import ROUND_S, Awaited, LinkLine
from gxbridge.core.vecan.link.registers import CHARGE_CURRENT, CHARGE_VOLTAGE, DEVICE_ROWS
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.node import Node

DEVICE_STATE: Final = 0x0201
OFF: Final = 0

CURRENT_PATH: Final = next(row.path for row in DEVICE_ROWS.values() if row.register == CHARGE_CURRENT)

NEWCOMER_S: Final = 20.0
"""So long a mode waits for the first current of a device. A controller that has seen it writes one every 3 s, the
others keep their mode for a minute, and there are controllers that write no currents."""

THERE_S: Final = 60.0
"""Who is silent for longer is not there; who is there says something every few seconds."""

BACK_S: Final = 3.0
"""So long after a bus was silent they may not have been heard again: they speak every 1.5 s."""


class ModeWaits:
    """Of one bus. Moments are monotonic seconds. Bounded: one byte, and as many devices as had words."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._began: dict[int | None, float] = {}
        """Address -> since when its device is heard."""
        self._off: set[int] = set()
        """Addresses whose devices said that they are off: the vendor's controller writes them a mode and no current."""
        self._steered: set[str] = set()
        """Who was written a current."""
        self._silent_at = self._back_at = float("-inf")
        """When the bus fell silent last, and when somebody was heard again."""

    def back(self, silent_at: float, now: float) -> None:
        """Somebody is heard again on a bus that was silent since `silent_at`."""
        self._silent_at, self._back_at = silent_at, now

    def begins(self, address: int, now: float) -> None:
        """The device there is heard for the first time, or may have been started anew."""
        self._began[address] = now
        self._off.discard(address)

    def state(self, address: int, state: int) -> None:
        """The device there said its state."""
        (self._off.add if state == OFF else self._off.discard)(address)

    def steers(self, device: str) -> None:
        """A current was written for a device."""
        self._steered.add(device)

    def leaves(self, device: str | None) -> None:
        """Another program steers a device (None: all) by now, or by another way."""
        self._steered = set() if device is None else self._steered - {device}

    def awaited(
        self,
        mode: LinkLine,
        lines: Mapping[tuple[str, int], LinkLine],
        shown: Mapping[tuple[str, int], int | None],
        *,
        with_voltage: bool,
        now: float,
    ) -> Awaited | None:
        """The word for which a mode waits; None when it may leave. `lines`, and `shown` of what devices said: by device
        (its NAME without instances; "": everybody) and register; `with_voltage`: a voltage that stands is sent here."""
        voltage = lines.get(("", CHARGE_VOLTAGE)) if with_voltage else None
        if voltage is not None and not voltage.held and not voltage.came_through(now):
            return voltage.row.path, voltage.service
        for node in self._told(mode, now):
            device, early = node.key, now < self._patience(node, mode)
            current = lines.get((device, CHARGE_CURRENT))
            if node.address in self._off and (current is None or now - current.at >= ROUND_S):
                continue
            if current is not None:
                if not current.came_through(now):
                    return current.row.path, current.service
            elif device in self._steered or (
                early and (mode.name is not None or is_charger(node) or (device, CHARGE_CURRENT) in shown)
            ):
                return CURRENT_PATH, title(node)
        return None

    def _told(self, mode: LinkLine, now: float) -> Iterator[Node]:
        """Who would take the mode now. Where two speak from one address neither can be told a current."""
        seen_at = self._silent_at if now - self._back_at < BACK_S else now
        for node in self._network.devices:
            name, address = node.name, node.address
            if name is None or name.device_instance or address is None:
                continue
            if mode.name is not None:
                there = mode.name.identity == name.identity
            else:
                there = seen_at - node.last_heard < THERE_S and not self._network.contested(address, now)
            if there:
                yield node

    def _patience(self, node: Node, mode: LinkLine) -> float:
        """Until when a mode waits for the first current of a device."""
        return max(self._began.get(node.address, mode.since), mode.since) + NEWCOMER_S
