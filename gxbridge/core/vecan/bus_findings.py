"""What a person should know about buses, devices and batteries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gxbridge.core.model.battery import NG_FAMILY, VIRTUAL_FAMILIES, Battery
from gxbridge.core.model.finding import Finding, Severity
from gxbridge.core.nmea2000.database import ProductInfo
from gxbridge.core.vecan.duplicates import Duplicate
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.node import Node

CONFLICT_SHOWN_S = 600.0
"""An address conflict solves itself; it is shown this long after it was last seen."""

CONTRADICTION_S = 5.0
"""Two registers are sent one after the other: only a disagreement that lasts is one."""

MOST_BATTERIES = 20
MOST_BATTERIES_NG = 50
MOST_BATTERIES_NG_48V = 25
"""Smart family 20; NG 50 at 12 and 24 V, 25 at 48 V (vendor manuals of the Lithium Smart and NG batteries)."""


def most_batteries(battery: Battery) -> int:
    """How many batteries the BMS can have."""
    if battery.family != NG_FAMILY:
        return MOST_BATTERIES
    nominal = battery.get("nominal_voltage_v")
    return MOST_BATTERIES_NG_48V if isinstance(nominal, int) and nominal > 24 else MOST_BATTERIES_NG


def network_findings(network: Network, products: Mapping[int, ProductInfo], now: float) -> Iterable[Finding]:
    """Address conflicts, copies made by a GX, and devices or messages for which there was no room."""
    for conflict in network.conflicts.values():
        if network.contested(conflict.address, now):
            yield Finding(
                "address-contested",
                "alarm",
                f"{network.bus}/{conflict.address}",
                f"two devices speak at address {conflict.address} on {network.bus}: {conflict.winner.raw:016X} and "
                f"{conflict.loser.raw:016X}, which does not move; nothing that comes from there is believed",
                "unplug one of them, or give it another address by hand",
                conflict.since,
                conflict.last,
            )
        if now - conflict.last < CONFLICT_SHOWN_S:
            yield Finding(
                "address-conflict",
                "warning",
                f"{network.bus}/{conflict.address}",
                f"two devices claim address {conflict.address} on {network.bus}: {conflict.winner.raw:016X} keeps it, "
                f"{conflict.loser.raw:016X} must take another",
                "none if it happens once; if it returns, one device cannot change its address: give it another by hand",
                conflict.first,
                conflict.last,
                conflict.count,
            )
    for node in network.devices:
        product = None if node.product_id is None else products.get(node.product_id)
        if product is not None and product.family in VIRTUAL_FAMILIES:
            yield _now(
                "battery-copy",
                "info",
                node,
                f"{product.name} at address {node.address} on {network.bus} is a copy made by a GX, not used",
                "none needed",
                now,
            )
        if node.readings.dropped:
            yield _now(
                "too-many-messages",
                "warning",
                node,
                f"the device at address {node.address} on {network.bus} sends more kinds of messages than any known "
                f"device; {node.readings.dropped} were not kept",
                "record the bus and report it; the device may be faulty",
                now,
            )
    if network.refused:
        yield Finding(
            "too-many-devices",
            "warning",
            network.bus,
            f"more devices on {network.bus} than there are addresses; {network.refused} messages were not used",
            "look for a device that keeps changing its address or NAME",
            now,
            now,
        )


def twin_findings(duplicates: Iterable[Duplicate], now: float) -> Iterable[Finding]:
    """Batteries heard twice."""
    for duplicate in duplicates:
        yield _now(
            "battery-heard-twice",
            "info",
            duplicate.other,
            f"the battery at address {duplicate.other.address} on {duplicate.other.bus} is the one at address "
            f"{duplicate.kept.address} on {duplicate.kept.bus} (same {duplicate.by}); it is published once",
            "none needed; connect the battery to one bus only if you want to tidy up",
            now,
        )


def product_changed(node: Node, products: Mapping[int, ProductInfo], before: int, after: int, now: float) -> Finding:
    """A device says it is another product than is remembered of its NAME; its own word counts."""
    was, is_now = (
        f"a {products[product].name}" if product in products else f"product 0x{product:04X}"
        for product in (before, after)
    )
    return _now(
        "product-changed",
        "warning",
        node,
        f"the device at address {node.address} on {node.bus} is {is_now}; it was {was} when gxbridge ran last",
        "none needed if its firmware was changed; else check what was installed",
        now,
    )


def battery_findings(battery: Battery, node: Node, now: float) -> Iterable[Finding]:
    """Contradictory permissions and impossible numbers of batteries."""
    disagreements = {} if node.belief is None else node.belief.contradictions()
    for name, (text, since) in disagreements.items():
        if now - since >= CONTRADICTION_S:
            yield Finding(
                "permission-contradiction",
                "warning",
                f"{battery.key}/{name}",
                f"{battery.product_name} contradicts itself about {name}: {text}; the stricter one counts",
                "look at the BMS in VictronConnect; update its firmware if it persists",
                since,
                now,
            )
    count, most = battery.get("battery_count"), most_batteries(battery)
    if isinstance(count, int) and count > most:
        yield Finding(
            "too-many-batteries",
            "warning",
            battery.key,
            f"{battery.product_name} reports {count} batteries; it supports {most}",
            "check the batteries in VictronConnect",
            now,
            now,
        )


def _now(id: str, severity: Severity, node: Node, text: str, advice: str, now: float) -> Finding:
    return Finding(id, severity, node.key, text, advice, now, now)
