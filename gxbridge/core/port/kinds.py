"""What a device of the bus is on D-Bus: which class of service, and how many of them it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gxbridge.core.model.battery import SILENT_S
from gxbridge.core.nmea2000.database import REGULATORS, ProductInfo, database
from gxbridge.core.nmea2000.name import CLASS_DISPLAY, VICTRON
from gxbridge.core.port.tables import TANK, TEMPERATURE, kind_of_family
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.readings import VREG, ReadingKey

TANK_PGN = 127505
TEMPERATURE_PGNS = (130316, 130312)
"""The finer one first."""

TANK_SENDERS = frozenset({(80, 190), (80, 170), (80, 150), (75, 150), (25, 132)})
"""Class and function of a NAME whose fluid levels the vendor's driver takes (victronenergy/venus#1278 and #1355; 80/150
is inferred)."""


class PortDevice(NamedTuple):
    """One service of a node. `suffix`: what its name has behind the unique number where a node has several; `keys`: the
    messages that it is made of, None: all."""

    kind: str
    suffix: str = ""
    keys: tuple[ReadingKey, ...] | None = None


def product_of(node: Node) -> ProductInfo | None:
    """The product whose table holds for a node, None while that is not certain.

    Register 0x0100 counts. The code of PGN 126996 counts for a Victron device that sends registers (what a GX makes of
    its own services sends none), and for the alternator regulators of other makers.
    """
    identity, name, products = node.identity, node.name, database().products
    if identity.product_id is not None:
        return products.get(identity.product_id)
    product = products.get(identity.product_code or 0)
    if product is None or name is None:
        return None
    if name.manufacturer != VICTRON:
        return product if product.family == REGULATORS else None
    return product if any(pgn == VREG for (pgn, _), _ in node.readings.items()) else None


def devices_of(node: Node, now: float, *, temperatures: bool) -> Iterator[PortDevice]:
    """The services of a live node with a NAME; `temperatures`: its temperature senders are wanted."""
    name = node.name
    if name is None or (name.manufacturer == VICTRON and name.device_class == CLASS_DISPLAY):
        return  # a GX device, or not known yet
    product = product_of(node)
    if product is not None:
        kind = kind_of_family(product.family)
        if kind is not None:
            yield PortDevice(kind)
        return
    if name.manufacturer == VICTRON:
        return  # not known yet, or made by a GX
    if (name.device_class, name.function) in TANK_SENDERS:
        yield from _senders(node, TANK, (TANK_PGN,), now)
    if temperatures:
        yield from _senders(node, TEMPERATURE, TEMPERATURE_PGNS, now)


def _senders(node: Node, kind: str, pgns: tuple[int, ...], now: float) -> Iterator[PortDevice]:
    """One for each instance and type; the type is in the name only where the instance has several."""
    parts: dict[int, list[ReadingKey]] = {}
    for pgn in pgns:
        for part in node.readings.instances(pgn):
            reading = node.readings.get((pgn, part))
            if reading is not None and now < reading.at + SILENT_S:
                parts.setdefault(part, []).append((pgn, part))
    shared = [part & 0xFF for part in parts]
    for part, keys in sorted(parts.items()):
        instance = part & 0xFF
        several = f"_t{part >> 8}" if shared.count(instance) > 1 else ""
        yield PortDevice(kind, f"_di{instance}{several}", tuple(keys))
