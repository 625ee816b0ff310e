"""The service of a port itself: everybody who is on it, and what its chargers are told together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gxbridge.core.dvcc.read.paths import PREFIX, VECAN
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.port.tables import VECAN_DEVICE, service_table
from gxbridge.core.publish.battery_paths import fitted
from gxbridge.core.vecan.node import Node

DEVICES = "/Devices/"
"""Where everybody is listed."""
LOW_HALF = 0xFFFFFFFF
"""Of a NAME: unique number and manufacturer. The vendor calls a device by it, in twelve digits of which the first four
are 0 in the only recording."""


def vecan_name(port: str) -> str:
    """`com.victronenergy.vecan.can0`."""
    return f"{PREFIX}{VECAN}.{port}"


def vecan_items(
    port: str, nodes: Iterable[Node], own_number: int, now: float, shown: Callable[[str], Value]
) -> tuple[dict[str, ItemSpec], dict[str, Value]]:
    """Types and values of all its paths. `own_number`: the unique number of our own NAME; `shown`: what stands at a
    path of `/Link/*`."""
    known = [node for node in nodes if node.name is not None]
    same = any(_is_ours(node, own_number) and node.state(now) == "live" for node in known)
    facts: dict[str, Value] = {"port": port, "same_number": int(same)}
    specs, items = _rows(VECAN, "", facts)
    for row in service_table(VECAN).rows:
        if row.write == "link":
            items[row.path] = fitted(row.spec, shown(row.path))
    for node in known:
        base, device = _listed(node, now)
        more = _rows(VECAN_DEVICE, base, device)
        specs |= more[0]
        items |= more[1]
    return specs, items


def listed_at(name: Name) -> str:
    """Where a device stands in the list."""
    return f"{DEVICES}0000{name.raw & LOW_HALF:08X}"


def _rows(kind: str, base: str, facts: Mapping[str, Value]) -> tuple[dict[str, ItemSpec], dict[str, Value]]:
    rows = service_table(kind).rows
    return (
        {base + row.path: row.spec for row in rows},
        {base + row.path: fitted(row.spec, facts[row.fact] if row.fact else row.value) for row in rows},
    )


def _listed(node: Node, now: float) -> tuple[str, dict[str, Value]]:
    """Where a device stands in the list, and what stands there. One that is silent stays, without an instance."""
    name, identity, live = node.name, node.identity, node.state(now) == "live"
    assert name is not None  # noqa: S101 - only these are listed
    return listed_at(name), {
        "connected": int(live),
        "custom_name": identity.description or "",
        "device_instance": name.device_instance if live else None,
        "software": identity.software_version or identity.firmware_text or "",
        "manufacturer": name.manufacturer,
        "model": identity.model or "",
        "unique_number": name.unique_number,
        "address": node.address,
        "serial_code": identity.serial_code or "",
    }


def _is_ours(node: Node, own_number: int) -> bool:
    name = node.name
    return name is not None and name.manufacturer == VICTRON and name.unique_number == own_number
