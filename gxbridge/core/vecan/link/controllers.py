"""Who else steers the chargers of a bus, and which device there may lock to one sender."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gxbridge.core.nmea2000.database import REGULATORS, database
from gxbridge.core.nmea2000.name import CLASS_ELECTRICAL, FUNCTION_BATTERY, VICTRON
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.node import Node

STEERING: Final = frozenset(
    {0x2000, 0x2001, 0x2007, 0x2008, 0x2009, 0x200B, 0x200C, 0x200E, *range(0x2013, 0x201A), 0x201B}
)
"""The registers by which chargers are told what to do, and what their master says to all (ve_regs.h): voltage, mode,
currents, also as per cent or by the older 0x2016, algorithm, state, times, equalisation."""

HOLD_S: Final = 60.0
"""So long a charger keeps what it was told (ve_regs.h, 0x200E): so long after its last frame another one counts."""

GX_S: Final = 150.0
"""So long a GX that is silent counts as there: it repeats its claim about once a minute (velib)."""

DC_GENERATOR: Final = 141
"""In class 35 (velib n2k.h)."""

REGULATOR_MAKERS: Final = frozenset({1320, 1403})
"""Triskel Marine (Integrel) and Arco Marine, by the list of NMEA 2000 manufacturers (canboat)."""


class OtherControllers:
    """Who steers on a bus beside us: a GX, whoever writes to devices, or broadcasts without being a power device.

    A charger broadcasts its own mode and limits, and a BMS its limits: these are no orders. Whose NAME was not heard
    may be anybody until it is. Bounded: addresses, registers, orders or not.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._heard: dict[tuple[int, int, bool], float] = {}
        self._own: int | None = None

    def hear(self, source: int, register: int, now: float, *, own: int | None, addressed: bool) -> None:
        """A register was sent by somebody else: written to one device, or broadcast. `own`: our address; whoever else
        sends from it steers as we do."""
        order = addressed or source == own
        if order or (register in STEERING and not self._is_power_device(source)):
            self._heard[source, register, order] = now
            self._own = own

    def other(self, now: float) -> tuple[str, str] | None:
        """Who may steer, and by what that is known: its NAME, or a register that it sent."""
        for node in self._network.devices:
            if node.name is not None and node.name.is_gx and now - node.last_heard < GX_S:
                return title(node), "NAME"
        self._heard = {key: at for key, at in self._heard.items() if now - at < HOLD_S}
        for source, register, order in self._heard:
            if source == self._own:
                return f"Another device with our address {source}", f"0x{register:04X}"
            if order or not self._is_power_device(source):
                sender = self._network.at(source)
                who = f"The device at address {source}" if sender is None else title(sender)
                return who, f"0x{register:04X}"
        return None

    def _is_power_device(self, source: int) -> bool:
        node = self._network.at(source)
        return node is not None and node.name is not None and node.name.device_class == CLASS_ELECTRICAL


def regulator(nodes: Iterable[Node]) -> Node | None:
    """An alternator regulator among them: by product, by NAME. One of them is known to lock to one sender."""
    products = database().products
    for node in nodes:
        name, product = node.name, products.get(node.product_id or 0)
        if product is not None and product.family == REGULATORS:
            return node
        if name is not None and (
            name.manufacturer in REGULATOR_MAKERS
            or (name.device_class, name.function) == (CLASS_ELECTRICAL, DC_GENERATOR)
        ):
            return node
    return None


def is_charger(node: Node) -> bool:
    """Whether it may be told voltage and mode: a power device of Victron's of N2K device instance 0, but no battery."""
    name = node.name
    return (
        name is not None
        and (name.manufacturer, name.device_class, name.device_instance) == (VICTRON, CLASS_ELECTRICAL, 0)
        and name.function != FUNCTION_BATTERY
    )


def title(node: Node) -> str:
    """What people may know it by."""
    name = node.name
    who = "GX device" if name is not None and name.is_gx else node.identity.model or "device"
    at = "" if node.address is None else f" at address {node.address}"
    return f"{who}{at}" if name is None else f"{who} {name.unique_number}{at}"
