"""What the devices of a port are asked: of all of them first who they are, then what the decision reads, then the rest,
then history. A few questions leave in a second, so the order is what makes a device appear soon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.nmea2000.name import VICTRON
from gxbridge.core.port.kinds import product_of
from gxbridge.core.port.tables import SENDERS, bounds_of, quantities_of, registers_of
from gxbridge.core.vecan.identity import PRODUCT_INFORMATION, PRODUCT_REGISTER
from gxbridge.core.vecan.network import ADDRESS_CLAIM
from gxbridge.core.vecan.node import Node
from gxbridge.core.vecan.readings import VREG
from gxbridge.core.vecan.sending.register_requests import DeviceQuestion

HISTORY: Final = frozenset({0x104F, 0x1050, 0x1051, 0x10A0, 0x10A1})
"""Registers that are sent when somebody asks, and change all day."""
HISTORY_AGAIN_S: Final = 600.0

WHO: Final = (0x0102, 0x010A, 0x010C)
"""Registers that say who a device is: firmware, serial, name."""

RELAY_MODE: Final = 0x034F
"""Who switches a relay: no path shows it."""

DECIDES: Final = frozenset(
    {p.STATE, p.MODE, p.ERROR_CODE, p.VOLTAGE, p.CURRENT, p.SOC, p.YIELD_POWER, p.ACTIVE_INPUT}
    | {p.CHARGE_LIMIT_SETTING, p.BMS_PRESENT, p.NETWORK_MODE, p.CHARGE_VOLTAGE, p.CHARGE_CURRENT, p.DISCHARGE_CURRENT}
)
"""What DVCC reads of a device that a port can have."""


def questions(nodes: Iterable[Node], kinds: Mapping[Node, str], now: float) -> Iterator[DeviceQuestion]:
    """What is worth asking live devices, the most urgent first. `kinds`: the class of service of those that are
    served."""
    there = [
        (node, node.address, _ranks(kinds.get(node, "")))
        for node in nodes
        if node.address is not None and node.state(now) == "live"
    ]
    for node, address, _ in there:
        name, identity = node.name, node.identity
        coded = identity.product_id is not None or identity.product_code is not None
        # The code alone does not tell a device of Victron's from what a GX makes of its own services.
        unproven = name is not None and name.manufacturer == VICTRON and product_of(node) is None
        pgns = (() if name is not None else (ADDRESS_CLAIM,)) + (() if coded else (PRODUCT_INFORMATION,))
        known = identity.product_id is not None or (coded and not unproven)
        yield DeviceQuestion(node.bus, address, pgns, () if known else (PRODUCT_REGISTER,), node.live_since)
    for rank in range(RANKS):
        for node, address, ranks in there:
            unseen = tuple(one for one in ranks[rank] if not node.readings.of((VREG, one)))
            yield DeviceQuestion(node.bus, address, (), unseen, node.live_since)
    for node, address, ranks in there:
        yield DeviceQuestion(node.bus, address, (), ranks[RANKS], now // HISTORY_AGAIN_S)


RANKS: Final = 3
"""Of registers that are asked for until they were heard; behind them those of the history."""


@lru_cache(maxsize=32)
def _ranks(kind: str) -> tuple[tuple[int, ...], ...]:
    """The registers that a device of this kind is asked for, the most urgent first."""
    if not kind or kind in SENDERS:
        return ((),) * (RANKS + 1)
    found = registers_of(kind)
    decides = {
        source.register
        for quantity in quantities_of(kind).quantities
        for source in quantity.sources
        if quantity.name in DECIDES
    }
    history = tuple(one for one in found if one in HISTORY)
    first = tuple(one for one in found if one in decides)
    rest = (one for one in found if one not in decides and one not in HISTORY)
    bounds = (one for registers in bounds_of(kind).values() for one in registers)
    return WHO, first, (RELAY_MODE, *rest, *bounds), history
