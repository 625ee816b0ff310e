"""What a person should know about buses, devices and batteries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.nmea2000.database import BMS_COPY, ProductInfo, database
from gxbridge.core.vecan.duplicates import Duplicate
from gxbridge.core.vecan.error_counters import BUS_OFF, ERROR_PASSIVE, ON_THE_WIRE, SEND_ERRORS
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.node import Node

CONFLICT_SHOWN_S = 600.0
"""An address conflict solves itself; it is shown this long after it was last seen."""

CONTRADICTION_S = 5.0
"""Two registers are sent one after the other: only a disagreement that lasts is one."""


def most_batteries(battery: Battery) -> int | None:
    """How many batteries the BMS can have; None where nobody says."""
    most, nominal = database().products[battery.product_id].max_batteries, battery.get("nominal_voltage_v")
    return most[nominal] if isinstance(nominal, int) and nominal in most else max(most.values(), default=None)


def network_findings(network: Network, products: Mapping[int, ProductInfo], now: float) -> Iterable[Finding]:
    """Address conflicts, copies made by a GX, and devices or messages for which there was no room."""
    bus = network.bus
    for conflict in network.conflicts.values():
        subject, address = f"{bus}/{conflict.address}", conflict.address
        winner, loser = f"{conflict.winner.raw:016X}", f"{conflict.loser.raw:016X}"
        if network.contested(address, now):
            yield finding(
                "address-contested",
                subject,
                conflict.last,
                conflict.since,
                bus=bus,
                address=address,
                winner=winner,
                loser=loser,
            )
        if now - conflict.last < CONFLICT_SHOWN_S:
            found = finding(
                "address-conflict",
                subject,
                conflict.last,
                conflict.first,
                bus=bus,
                address=address,
                winner=winner,
                loser=loser,
            )
            yield replace(found, count=conflict.count)
    for node in network.devices:
        product, address_text = None if node.product_id is None else products.get(node.product_id), str(node.address)
        if product is not None and product.kind == BMS_COPY:
            yield finding("battery-copy", node.key, now, product=product.name, address=address_text, bus=bus)
        errors = node.error_counters.lately(ON_THE_WIRE, now)
        if errors and not network.contested(-1 if node.address is None else node.address, now):
            yield finding(
                "can-errors",
                node.key,
                now,
                product=product.name if product is not None else node.identity.model or "a device",
                address=address_text,
                bus=bus,
                bus_off=errors.get(BUS_OFF, 0),
                passive=errors.get(ERROR_PASSIVE, 0),
                sending=errors.get(SEND_ERRORS, 0),
            )
        if node.readings.dropped:
            yield finding(
                "too-many-messages", node.key, now, address=address_text, bus=bus, dropped=node.readings.dropped
            )
    if network.refused:
        yield finding("too-many-devices", bus, now, bus=bus, refused=network.refused)


def duplicate_findings(duplicates: Iterable[Duplicate], now: float) -> Iterable[Finding]:
    """Batteries heard twice."""
    for duplicate in duplicates:
        yield finding(
            "battery-heard-twice",
            duplicate.other.key,
            now,
            address=str(duplicate.other.address),
            bus=duplicate.other.bus,
            kept_address=str(duplicate.kept.address),
            kept_bus=duplicate.kept.bus,
            mark=duplicate.by,
        )


def product_changed(node: Node, products: Mapping[int, ProductInfo], before: int, after: int, now: float) -> Finding:
    """A device says it is another product than is remembered of its NAME; its own word counts."""
    was, is_now = (
        f"a {products[product].name}" if product in products else f"product 0x{product:04X}"
        for product in (before, after)
    )
    return finding("product-changed", node.key, now, address=str(node.address), bus=node.bus, is_now=is_now, was=was)


def battery_findings(battery: Battery, node: Node, now: float) -> Iterable[Finding]:
    """Contradictory permissions, impossible numbers of batteries, and alarms that nobody knows."""
    disagreements = {} if node.belief is None else node.belief.contradictions()
    for name, (text, since) in disagreements.items():
        if now - since >= CONTRADICTION_S:
            yield finding(
                "permission-contradiction",
                f"{battery.key}/{name}",
                now,
                since,
                product=battery.product_name,
                permission=name,
                contradiction=text,
            )
    bits = battery.get("unknown_alarm_bits")
    if isinstance(bits, int) and bits:
        yield finding("bms-alarm-unknown", battery.key, now, device=battery.product_name, bits=f"0x{bits:08X}")
    count, most = battery.get("battery_count"), most_batteries(battery)
    if isinstance(count, int) and most is not None and count > most:
        yield finding("too-many-batteries", battery.key, now, product=battery.product_name, batteries=count, most=most)
